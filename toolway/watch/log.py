"""The log: one JSON line an event on stderr, with the id of the request that caused it."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from toolway.errors import BadSetting

LEVELS = {"info": 20, "warning": 30, "error": 40, "off": 100}
_MOST_SAID = 200

_request_id: ContextVar[str] = ContextVar("request_id", default="")

_encode = msgspec.json.Encoder(enc_hook=str).encode


class Line:
    """Writes lines: `log().info("event", name=value)`. Quiet below its level."""

    def __init__(self) -> None:
        self._stream: TextIO | None = None
        self._least = LEVELS["warning"]  # of commands, which nobody reads a log of

    def set(self, stream: TextIO | None, level: str) -> None:
        """Write to this stream from here on, lines of this level and above."""
        self._stream = stream
        self._least = LEVELS[level]

    def info(self, event: str, **fields: Any) -> None:
        """Tell what happens all day."""
        if self._least <= 20:
            self._write(event, "info", fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Tell what somebody may have to look at."""
        if self._least <= 30:
            self._write(event, "warning", fields)

    def error(self, event: str, **fields: Any) -> None:
        """Tell what should not happen."""
        if self._least <= 40:
            self._write(event, "error", fields)

    def _write(self, event: str, level: str, fields: dict[str, Any]) -> None:
        line = {"timestamp": datetime.now(UTC).isoformat(), "level": level, "event": event, "request_id": request_id(), **fields}
        if not line["request_id"]:
            del line["request_id"]
        try:
            text = _encode(line).decode()
        except UnicodeEncodeError:  # half a character
            text = json.dumps(line, default=str)
        try:
            (self._stream or sys.stderr).write(text + "\n")
        except (OSError, ValueError):  # nobody reads it any more; the answer is worth more than the line
            return


_line = Line()


def start(stream: TextIO | None = None, level: str = "info") -> None:
    """Set up the log of this process: where to (None: stderr) and what. `auto` is warning in a terminal, where a person reads along, and
    info where a machine does. Raises `BadSetting` for a level that is none.
    """
    if level != "auto" and level not in LEVELS:
        raise BadSetting(f"log is {level[:40]!r}; auto, {', '.join(LEVELS)} are known.")
    if level == "auto":
        level = "warning" if (stream or sys.stderr).isatty() else "info"
    _line.set(stream, level)


def begin(number: str) -> None:
    """This task works for the request of that id from here on; it stands in each line that the request causes."""
    _request_id.set(number)


def request_id() -> str:
    """The id of the request that this task works for, "" for none."""
    return _request_id.get()


def log() -> Line:
    """The log: `log().info("event", name=value)`."""
    return _line


def fault(where: str, error: BaseException) -> None:
    """An error of our own: its type and place, not its message, which may hold what a user sent."""
    _line.error("fault", where=where, error=type(error).__name__, line=_place(error))


def _place(error: BaseException) -> str:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return f"{last.tb_frame.f_code.co_filename.rpartition('/toolway/')[2]}:{last.tb_lineno}" if last else ""


class _Libraries(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """What it was called with, which may be anything (an address with its password, a request), stays out; so does a traceback."""
        tell = _line.error if record.levelno >= logging.ERROR else _line.warning
        error = record.exc_info[1] if record.exc_info else None
        more = {"error": type(error).__name__, "line": _place(error)} if error else {}
        tell("library", name=record.name, said=str(record.msg).partition("\n")[0][:_MOST_SAID], **more)


def adopt() -> None:
    """From here on what libraries log in this process goes into the log too, without what it was about."""
    logging.basicConfig(level=logging.WARNING, handlers=[_Libraries()])
