"""What is wrong with an installation, and the mend. Looks, and makes nothing that is not there."""

import contextlib
import json
import os
import shlex
import socket
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from toolway.accounts import rotation
from toolway.accounts.ring import KEY_FILE
from toolway.errors import BadSetting, ToolwayError
from toolway.net import Net, Request, address_of
from toolway.serve.gate import Gate, is_loopback, is_public_url
from toolway.serve.local import Local
from toolway.serve.running import differing, origin_of, running
from toolway.settings import SETTINGS, Settings
from toolway.store.migrate import known_migrations

_SKEW_MS = 60_000
_LONG_AGO = 1_767_225_600  # 2026 in seconds since 1970: there was no Toolway before
_ANSWER_SECONDS = 5.0


class Finding(Struct, frozen=True, omit_defaults=True):
    """One thing that was looked at: `name`, its `state` (a "note" is worth knowing and no fault), what is so, and the `mend`."""

    name: str
    state: Literal["good", "wrong", "note"]
    said: str
    mend: str = ""


def before_opening(settings: Settings) -> list[Finding]:
    """What can be seen without opening anything: settings, files, address, clock. Where it is "wrong", opening may fail, or do harm."""
    return [*_settings(settings), *_folder(settings), *_address(settings), *_clock()]


async def opened(local: Local) -> list[Finding]:
    """What an open installation tells of itself: database, vault, toolkits, the record of calls, and the running server."""
    found = [Finding("database", "good", f"{local.store.database.name} (tables of version {int(known_migrations()[-1][:4])})")]
    found += await _vault(local)
    found += [
        Finding("toolkits", "wrong", f"{folder}: {problem.message}", f"toolway toolkit lint {shlex.quote(folder)}")
        for folder, problem in local.catalogue.broken.items()
    ] or [Finding("toolkits", "good", ", ".join(f"{kit.slug} ({kit.tools} tools)" for kit in local.catalogue.toolkits()))]
    if other := differing(local.settings.data, [kit.slug for kit in local.catalogue.toolkits()]):
        found.append(Finding("toolkits", "note", other, "Start it anew with the setting that you mean"))
    return [*found, *await _record(local), *await _server(local.settings)]


def troubled(problem: ToolwayError) -> Finding:
    """The finding of an installation that could not be opened."""
    return Finding("opening", "wrong", problem.message, problem.fix or "")


def _settings(settings: Settings) -> Iterator[Finding]:
    bad = 0
    read = [
        partial(getattr, settings, name)
        for name in ("port", "workers", "refresh_days", "overrides", "proxy", "traces", "tls", "callback_urls")
    ]
    for look in (*read, lambda: Gate(settings.text("public_url"), settings.words("origins"))):
        try:
            look()
        except BadSetting as problem:
            bad += 1
            yield Finding("settings", "wrong", problem.message, problem.fix or "toolway settings shows where it came from")
    files = {settings.origin_of(s.name) for s in SETTINGS if s.secret or (s.name == "database" and "@" in settings.text("database"))}
    for file in sorted(files):
        if Path(file).is_file() and Path(file).stat().st_mode & 0o077:
            bad += 1
            yield Finding("settings", "wrong", f"Others can read {file}, and it holds a secret.", f"chmod 600 {shlex.quote(file)}")
    if not bad:
        yield Finding("settings", "good", "can be used")


def _folder(settings: Settings) -> Iterator[Finding]:
    data = settings.data
    if os.path.lexists(data) and not data.is_dir():
        yield Finding("data", "wrong", f"{data} is no folder.", "Name another with --data or TOOLWAY_DATA, or move it away")
        return
    if not data.is_dir():
        yield Finding("data", "note", f"There is no folder {data} yet.", "toolway serve makes it, and all that belongs into it")
        return
    mode = data.stat().st_mode & 0o777
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield Finding("data", "wrong", f"{data} cannot be written by this user.", "Run as the user of the server, or give it to this one")
    elif mode & 0o077:
        yield Finding("data", "wrong", f"Others can look into {data} (mode {mode:04o}).", f"chmod 700 {shlex.quote(str(data))}")
    else:
        yield Finding("data", "good", str(data))
    key = data / KEY_FILE
    in_setting = settings.text("vault_key") or settings.text("vault_key_command")
    if not in_setting and not key.exists() and (settings.text("database") or (data / "toolway.db").exists()):
        mend = "Put it back from a backup, or give the ring as TOOLWAY_VAULT_KEY; without it every account has to be connected again"
        yield Finding("vault", "wrong", f"The key file {key} is gone.", mend)


def _address(settings: Settings) -> Iterator[Finding]:
    host, origin = settings.text("host"), origin_of(settings)
    parts = urlsplit(origin)
    if not is_loopback(parts.hostname or "") and parts.scheme != "https":
        yield Finding(
            "address",
            "wrong",
            f"{origin} is plain http beyond this machine: keys travel in the clear, and the Composio SDK refuses it.",
            "Put a proxy with https before it and give --public-url, or --tls-cert and --tls-key",
        )
    elif not is_loopback(host) and not settings.text("public_url") and not settings.text("tls_cert"):
        said = f"{host} listens beyond this machine without https; clients there are refused, or their keys travel in the clear."
        yield Finding("address", "wrong", said, "Listen on 127.0.0.1, or give --public-url or a certificate")
    else:
        yield Finding("address", "good", origin)
    yield Finding("OpenAI's cloud", "note", *_from_outside(origin))
    if running(settings.data) is None and settings.text("port").isdecimal() and (port := int(settings.text("port"))):
        with (
            contextlib.suppress(OverflowError, socket.gaierror),
            socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe,
        ):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as problem:
                why = problem.strerror or "it cannot be listened on"
                yield Finding("port", "wrong", f"{host}:{port}: {why}.", "Choose another with --port, or end what holds it")


def _from_outside(origin: str) -> tuple[str, str]:
    """Whether a hosted MCP tool, which OpenAI's machines open, could reach a session's address."""
    if is_public_url(origin):
        return f"may reach {origin}, if that name leads here and the firewall lets it in.", ""
    parts = urlsplit(origin)
    host = parts.hostname or ""
    why = (
        "is this machine only"
        if is_loopback(host)
        else "is plain http"
        if parts.scheme != "https"
        else "is an address of a private network"
    )
    mend = "For hosted MCP tools give --public-url https://...; MCPServerStreamableHttp, which your own program opens, works as it is"
    return f"cannot reach {origin}: it {why}.", mend


def _clock() -> Iterator[Finding]:
    if time.time() < _LONG_AGO:
        yield Finding("clock", "wrong", f"It shows {time.strftime('%Y-%m-%d %H:%M')}.", "Set it; links and tokens expire by it")


async def _vault(local: Local) -> list[Finding]:
    primary, *others = ring = local.vault.ring
    under = await rotation.under_each(local.store)
    where = str(local.vault.file.path) if local.vault.file else "its setting"
    lost = {key: sum(kinds.values()) for key, kinds in under.items() if key not in ring}
    found = [
        Finding(
            "vault",
            "wrong",
            f"{rows} of what is kept is sealed under the key {key or '(none)'}, which {where} does not hold.",
            "Put that key back; else connect these accounts again",
        )
        for key, rows in sorted(lost.items())
    ]
    if others:
        found.append(Finding("vault", "note", f"It holds {', '.join(ring)}: a change of keys was not finished.", "toolway vault rotate"))
    return found or [Finding("vault", "good", f"{where} opens all that is kept (key {primary})")]


async def _record(local: Local) -> list[Finding]:
    unknown, newest = 0, 0
    for project in await local.store.projects.all():
        unknown += await local.store.log.count_unknown(project.id)
        newest = max([newest, *(entry.at for entry in await local.store.log.recent(project.id, 1))])
    found: list[Finding] = []
    if newest > time.time() * 1000 + _SKEW_MS:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(newest / 1000))
        found.append(Finding("clock", "wrong", f"It stands before the newest call, which was at {when}.", "Set it on all machines"))
    if unknown:
        said = f"Of {unknown} calls the outcome is unknown: they were sent, and no answer came."
        found.append(Finding("calls", "note", said, "toolway status names them; look at the service before you repeat one"))
    return found


async def _server(settings: Settings) -> list[Finding]:
    told = running(settings.data)
    if told is None:
        return [Finding("server", "note", "None runs on this data folder.", "toolway serve")]
    origin = str(told["origin"])
    parts = urlsplit(origin)
    if not is_loopback(parts.hostname or ""):
        return [Finding("server", "good", f"process {told['pid']} at {origin} (not asked from here)")]
    net = Net([address_of(origin)])
    try:
        answer = await net.send(Request("GET", f"{origin}/readyz", seconds=_ANSWER_SECONDS))
    except ToolwayError as problem:
        return [Finding("server", "wrong", f"Process {told['pid']} at {origin}: {problem.message}", "Look into its log")]
    finally:
        await net.close()
    if answer.status == 200:
        return [Finding("server", "good", f"process {told['pid']} at {origin}")]
    return [
        Finding("server", "wrong", f"{origin} is not ready: {_words(answer.body)}", "The database has to answer, and its disk to have room")
    ]


def _words(body: bytes) -> str:
    with contextlib.suppress(ValueError, KeyError, TypeError):
        told: Any = json.loads(body)
        return str(told["error"]["message"])[:200]
    return "it does not say why"
