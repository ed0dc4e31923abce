"""The way of one call, on one page: arguments, nouns, request, signature, turn, sending, reply."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import UNSET, Struct

from toolway.accounts import schemes
from toolway.accounts.keeper import Credential
from toolway.calls import arguments, patience, reply, request
from toolway.calls.nouns import Lists, Resolver
from toolway.calls.pace import Pace
from toolway.catalog.model import Json, Tool, Toolkit
from toolway.errors import BadArgument, Refused
from toolway.net import Answer, Net

Leaving = Callable[[], Awaitable[None]]
"""Called right before a request that changes something leaves."""

_SECONDS = 20.0
_MOST = 10 * 1024 * 1024


class Result(Struct, frozen=True):
    """What a call gave: the reply, the service's status, and the milliseconds that it took."""

    reply: reply.Reply
    status: int
    ms: int
    waited: float = 0.0


class Runner:
    """Runs calls. `overrides` are the hosts that the operator sends elsewhere (`toolkit.host` to URL)."""

    def __init__(self, net: Net, overrides: Mapping[str, str] | None = None) -> None:
        self._net = net
        self._overrides = dict(overrides or {})
        self._pace = Pace()
        self._lists = Lists()

    async def run(
        self, kit: Toolkit, tool: Tool, given: Json, credential: Credential, leaving: Leaving | None = None, full: bool = False
    ) -> Result:
        """Run a call. Raises `BadArgument` before anything left, and `CallFailed` or `TooLarge` for what the service or the way did."""
        began = time.perf_counter()

        async def ask(other: Tool, wanted: Json) -> Any:
            return await self._ask(kit, other, wanted, credential)

        taken = arguments.check(tool, kit, given)
        taken = await Resolver(tool, kit, credential.account_id, ask, self._lists).resolve(taken)
        if tool.merge:
            taken = await _merged(kit, tool, taken, ask)
        _all_there(tool, taken)
        answer, waited = await self._send(kit, tool, taken, credential, leaving)
        if tool.effect != "read":
            self._lists.forget(credential.account_id)
        ms = round((time.perf_counter() - began) * 1000)
        return Result(reply.read(tool, kit, answer, taken, full), answer.status, ms, waited)

    async def prove(self, kit: Toolkit, credential: Credential) -> Json:
        """Make the toolkit's check call with a credential; returns the reply. Raises `Refused` when the service does not accept it."""
        if kit.check is None:
            return {}
        check = kit.check
        tool = Tool(f"{kit.slug.upper()}_CHECK", kit.slug, "check", "Check", "", check.method, check.host, check.path, "read")
        answer, _ = await self._send(kit, tool, {}, credential, None)
        return reply.read(tool, kit, answer, {}, full=True).data

    async def _ask(self, kit: Toolkit, tool: Tool, given: Json, credential: Credential) -> Any:
        answer, _ = await self._send(kit, tool, given, credential, None)
        return reply.read(tool, kit, answer, given, full=True).data

    async def _send(self, kit: Toolkit, tool: Tool, taken: Json, credential: Credential, leaving: Leaving | None) -> tuple[Answer, float]:
        base = request.host_url(kit, tool.host, credential.settings, self._overrides)
        ready = schemes.sign(request.build(tool, base, taken), kit, credential)
        waited = await self._pace.turn(kit, credential)
        if leaving is not None and tool.effect != "read":
            await leaving()
        return await patience.send(self._net, ready, tool.effect), waited


def _all_there(tool: Tool, taken: Json) -> None:
    missing = [p.given for p in tool.params if p.field.required and p.field.default is UNSET and taken.get(p.given) is None]
    if missing:
        raise BadArgument(f"{tool.slug}: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing.")


async def _merged(kit: Toolkit, tool: Tool, taken: Json, ask: Callable[[Tool, Json], Awaitable[Any]]) -> Json:
    """A PUT that replaces: what was not named is read first and kept."""
    assert tool.merge is not None
    source = kit.tools[tool.merge.source]
    wanted = {p.given: taken[p.given] for p in source.params if p.given in taken and p.place == "path"}
    current = await ask(source, wanted)
    if not isinstance(current, dict):
        raise Refused(f"{kit.title} did not give the present state, so nothing was changed.", status=200, means="rubbish")
    kept: Json = {}
    for param in tool.params:
        name = param.field.name
        if param.place != "body" or param.given in taken:
            continue
        value: Any = current  # pyright: ignore[reportUnknownVariableType]
        for part in tool.merge.renames.get(name, name).split("."):
            value = value.get(part) if isinstance(value, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if value is not None:
            kept[param.given] = value
    return taken | kept
