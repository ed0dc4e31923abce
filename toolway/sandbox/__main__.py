"""`python -m toolway.sandbox`: the vendors in a process of their own."""

import argparse
from pathlib import Path

from toolway.sandbox.process import run


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m toolway.sandbox", description="Clockify and DeskTime, played with state.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=9901, help="port to listen on; 0 picks a free one")
    parser.add_argument("--data", type=Path, default=None, help="file that keeps the state over restarts")
    parser.add_argument("--with-parent", action="store_true", help="leave when standard input ends")
    given = parser.parse_args()
    run(given.host, given.port, given.data, given.with_parent)


if __name__ == "__main__":
    main()
