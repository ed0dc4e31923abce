"""What the sandbox's libraries complain of: one JSON line each on stderr, as the router writes its log, without what it was about."""

import logging
import sys
from datetime import UTC, datetime

import msgspec

_MOST_SAID = 200


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """One line; of an error its type and its place, so that no traceback stands in a log of JSON."""
        line: dict[str, object] = {
            "timestamp": datetime.now(UTC).isoformat(),
            "level": "error" if record.levelno >= logging.ERROR else "warning",
            "event": "sandbox",
            "name": record.name,
            "said": str(record.msg).partition("\n")[0][:_MOST_SAID],
        }
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            last = error.__traceback__
            while last is not None and last.tb_next is not None:
                last = last.tb_next
            line["error"] = type(error).__name__
            if last is not None:
                line["line"] = f"{last.tb_frame.f_code.co_filename.rpartition('/toolway/')[2]}:{last.tb_lineno}"
        sys.stderr.write(msgspec.json.encode(line).decode("utf-8", "replace") + "\n")
        sys.stderr.flush()


def begin() -> None:
    """From here on this process logs so."""
    logging.basicConfig(level=logging.WARNING, handlers=[_Lines()], force=True)
