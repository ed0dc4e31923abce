"""What the server tells while it runs: one JSON line an event on stderr. Never a secret, a body or an argument."""

import logging
import sys
from typing import Any, TextIO

import structlog


def start(stream: TextIO = sys.stderr) -> None:
    """Set up the log for this process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )


def log() -> Any:
    """The log: `log().info("event", name=value)`."""
    return structlog.get_logger()


def fault(where: str, error: BaseException) -> None:
    """An error of our own: its type and place, not its message, which may hold what a user sent."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    line = f"{last.tb_frame.f_code.co_filename.rpartition('/toolway/')[2]}:{last.tb_lineno}" if last else ""
    log().error("fault", where=where, error=type(error).__name__, line=line)
