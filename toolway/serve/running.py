"""Word of a running server, left in its data folder for commands that work beside it.

The server holds a lock as long as it runs; the system lets go of it when the process ends, however it ends. Word without a holder is
old, whatever process has the number in it by now: a key is never sent where it says.
"""

import contextlib
import json
import os
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from toolway.errors import BadSetting
from toolway.serve.gate import is_loopback
from toolway.settings import Settings
from toolway.store.locks import Hold

_WORD, _LOCK = "running.json", "running.lock"


@contextlib.contextmanager
def leave_word(settings: Settings, origin: str, toolkits: Sequence[str] = ()) -> Generator[Mapping[str, Any] | None]:
    """Leave word for as long as this lasts: where the server is reached, and which toolkits it serves.

    Where another server runs on the folder already, its word stays and is given instead.
    """
    data = settings.data
    hold = Hold.attempt(data / _LOCK, make=True)
    if hold is None:
        yield running(data) or {"origin": "Another server", "pid": "unknown"}
        return
    path = data / _WORD
    fresh = path.with_suffix(f".{os.getpid()}")
    word: dict[str, object] = {"pid": os.getpid(), "origin": origin, "sandbox": settings.text("sandbox")}
    word |= {"database": _database(settings), "toolkits": list(toolkits)}
    fresh.write_text(json.dumps(word) + "\n", "utf-8")
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


def address(settings: Settings, port: int | str) -> str:
    """Where a server on this port is reached from its own machine."""
    scheme = "https" if settings.text("tls_cert") else "http"
    host = settings.text("host")
    shown = host if is_loopback(host) else "127.0.0.1"
    return f"{scheme}://{f'[{shown}]' if ':' in shown else shown}:{port}"


def origin_of(settings: Settings) -> str:
    """Where people reach the server that runs on the data folder, or else the one that these settings would start."""
    told = running(settings.data)
    return told["origin"] if told else settings.text("public_url").rstrip("/") or address(settings, settings.text("port"))


def beside(settings: Settings) -> Settings:
    """The settings for work beside a running server: where that plays a sandbox, calls go there too.

    Raises `BadSetting` where it keeps its data in another database: what is done there it would never see.
    """
    told = running(settings.data)
    if told is None:
        return settings
    its, ours = told.get("database", ""), _database(settings)
    if its and its != ours:
        raise BadSetting(
            f"The server that runs on {settings.data} keeps its data in {its}; this command would use {ours}.",
            fix="Give the command the same TOOLWAY_DATABASE, or put it into toolway.toml.",
        )
    return settings.but(sandbox=told["sandbox"]) if told["sandbox"] else settings


def differing(data: Path, toolkits: Sequence[str]) -> str:
    """What to say where a running server serves other toolkits than these, which this command knows; "" where it does not."""
    told = running(data) or {}
    served = [str(slug) for slug in told.get("toolkits") or toolkits]
    if set(served) == set(toolkits):
        return ""
    return f"The server that runs serves {', '.join(served)}: it was started with another TOOLWAY_TOOLKITS, or before a toolkit was there."


def _database(settings: Settings) -> str:
    """The database's address, without its password."""
    return settings.shown("database") or settings.database
