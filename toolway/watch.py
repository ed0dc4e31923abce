"""What the server tells while it runs: one JSON line an event on stderr. Never a secret, a body or an argument.

The library is imported with the first line that is told: it brings rich along, which is a third of the time that a start takes.
"""

import sys
from functools import cache
from typing import Any, TextIO

_stream: list[TextIO] = []


def start(stream: TextIO = sys.stderr) -> None:
    """Set up the log for this process."""
    _stream[:] = [stream]
    _library.cache_clear()


@cache
def _library() -> Any:
    import logging

    import structlog

    if _stream:
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            logger_factory=structlog.WriteLoggerFactory(_stream[0]),
            cache_logger_on_first_use=True,
        )
    return structlog


def log() -> Any:
    """The log: `log().info("event", name=value)`."""
    return _library().get_logger()


def fault(where: str, error: BaseException) -> None:
    """An error of our own: its type and place, not its message, which may hold what a user sent."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    line = f"{last.tb_frame.f_code.co_filename.rpartition('/toolway/')[2]}:{last.tb_lineno}" if last else ""
    log().error("fault", where=where, error=type(error).__name__, line=line)
