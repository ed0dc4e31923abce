"""`python -m toolway.sandbox`: the vendors in a process of their own."""

import argparse
from pathlib import Path

from toolway.errors import BadSetting
from toolway.sandbox.mix import Mix
from toolway.sandbox.process import run


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m toolway.sandbox", description="Clockify and DeskTime, played with state.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=9901, help="port to listen on; 0 picks a free one")
    parser.add_argument("--data", type=Path, default=None, help="file that keeps the state over restarts")
    parser.add_argument("--fault", default="", help="what goes wrong: 429:0.1,500:0.05,slow:2s,cut:0.01,rubbish:0.01")
    parser.add_argument("--seed", type=int, default=0, help="the same seed lets the same requests go wrong")
    parser.add_argument("--with-parent", action="store_true", help="leave when standard input ends")
    given = parser.parse_args()
    try:
        mix = Mix.read(given.fault, given.seed) if given.fault else None
        run(given.host, given.port, given.data, given.with_parent, mix)
    except BadSetting as error:
        parser.exit(1, f"{parser.prog}: {error.sentence}\n")


if __name__ == "__main__":
    main()
