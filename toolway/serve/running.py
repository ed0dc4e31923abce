"""Word of a running server, left in its data folder for commands that work beside it.

The server holds a lock as long as it runs; the system lets go of it when the process ends, however it ends. Word without a holder is
old, whatever process has the number in it by now: a key is never sent where it says.
"""

import contextlib
import json
import os
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, cast

from toolway.store.locks import Hold

_WORD, _LOCK = "running.json", "running.lock"


@contextlib.contextmanager
def leave_word(data: Path, origin: str, sandbox: str) -> Generator[Mapping[str, Any] | None]:
    """Leave word for as long as this lasts. Where another server runs on the folder already, its word stays and is given instead."""
    hold = Hold.attempt(data / _LOCK, make=True)
    if hold is None:
        yield running(data) or {"origin": "Another server", "pid": "unknown"}
        return
    path = data / _WORD
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps({"pid": os.getpid(), "origin": origin, "sandbox": sandbox}) + "\n", "utf-8")
    fresh.replace(path)
    try:
        yield None
    finally:
        path.unlink(missing_ok=True)
        hold.release()


def running(data: Path) -> Mapping[str, Any] | None:
    """What a running server left word of, or None when none runs on this data folder."""
    try:
        hold = Hold.attempt(data / _LOCK)
        if hold is not None:
            hold.release()
            return None
        told = json.loads((data / _WORD).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    words = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
    return words if isinstance(words.get("origin"), str) and isinstance(words.get("sandbox"), str) and "pid" in words else None
