"""`python -m demo`: leaves with 0 when every request was answered, with 1 and a sentence when not, with 130 on Ctrl-C."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, cast

from demo import Failed
from demo.house import House, house
from demo.play import REQUESTS
from demo.tell import Teller

_BEGIN = """\
Seven requests from the guides, each through discovery, authentication and
execution, on a router and a sandbox of Clockify and DeskTime that are started
for it: no account, no key.
"""
_END = """\
No model took part: which call fits a request was written down beforehand, also
where the search had it further down. All else happened as it is shown.

To let your own agent do this, start a router in this folder,

   .venv/bin/toolway serve --sandbox

and put the two lines that it prints at its first start into the agent's .env:

   COMPOSIO_BASE_URL=http://127.0.0.1:9900
   COMPOSIO_API_KEY=...     (another key: .venv/bin/toolway key new)
"""


def main() -> int:
    """Play the demo."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _as_ctrl_c)
    teller, began = Teller(), time.perf_counter()
    try:
        teller.say(*_BEGIN.splitlines(), "")
        with house() as ready:
            asyncio.run(_play(ready, teller))
        seconds = time.perf_counter() - began
        teller.say("", f"All {len(REQUESTS)} answered in {seconds:.1f} s. DeskTime allows one call a second; Toolway keeps to it.")
        teller.say("Router and sandbox have ended.", "", *_END.splitlines())
    except BaseException as error:
        match _inside(error):
            case KeyboardInterrupt():
                teller.say("", "Stopped; everything that was started has ended.")
                return 130
            case SystemExit():  # nobody reads any more
                pass
            case Failed() as failed:
                teller.failed(str(failed))
            case other:
                teller.failed(f"{type(other).__name__}: {other}")
        return 1
    return 0


async def _play(ready: Callable[[], House], teller: Teller) -> None:
    from demo.agent import agent  # a second's worth of libraries, while the router starts

    started = ready()
    teller.step("Router", f"toolway serve --sandbox, {started.origin}", started.ms)
    async with agent(started, teller) as taking:
        for request in REQUESTS:
            teller.request(request.words)
            await taking.take(request)


def _inside(error: BaseException) -> BaseException:
    """What went wrong; task groups wrap it."""
    if isinstance(error, BaseExceptionGroup):
        return _inside(cast("Any", error).exceptions[0])
    return error


def _as_ctrl_c(number: int, frame: object) -> None:
    signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main())
