"""What the server tells while it runs: lines in the log, numbers at `/metrics`, and traces where the operator wants them.

Never a secret, a body or an argument; and in a number's labels never a user, a session, an account or a project.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from toolway.watch.log import Line, adopt, begin, fault, log, request_id, start
from toolway.watch.meters import Meters
from toolway.watch.spans import Span, Spans

__all__ = ["Line", "Meters", "Span", "Spans", "Watch", "adopt", "begin", "fault", "log", "request_id", "start"]


_UNSEEN = nullcontext[Callable[[str, bool], None]](lambda name, is_error: None)


class Watch:
    """The numbers and the traces of a process; without `spans` there are no traces."""

    def __init__(self, meters: Meters | None = None, spans: Spans | None = None) -> None:
        self.meters = meters or Meters()
        self.spans = spans

    def message(self, meta: Any, call_id: str | int | None, version: str) -> AbstractContextManager[Callable[[str, bool], None]]:
        """Watch an MCP tools/call with this `_meta`. Once it is answered, tell what was given: the tool's name and whether it failed."""
        return _UNSEEN if self.spans is None else self.spans.message(meta, call_id, version)
