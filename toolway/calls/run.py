"""The way of one call, on one page: arguments, nouns, merge, request, signature, turn, sending, reply."""

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from msgspec import Struct

from toolway.accounts import schemes
from toolway.accounts.keeper import Credential
from toolway.calls import arguments, clock, merge, patience, reply, request
from toolway.calls.nouns import Kept, Resolver
from toolway.calls.pace import Pace
from toolway.catalog.model import Json, Tool, Toolkit
from toolway.errors import BadArgument, Blocked, ToolwayError
from toolway.net import Answer, Net, Request
from toolway.watch import Watch

Leaving = Callable[[], Awaitable[None]]
"""Called right before a request that changes something leaves."""


class Result(Struct, frozen=True):
    """What a call gave: the reply, the service's status, the milliseconds that it took, and the time zone that was needed, if one was."""

    reply: reply.Reply
    status: int
    ms: int
    zone: str = ""


class Runner:
    """Runs calls. `overrides` are the hosts that the operator sends elsewhere (`toolkit.host` to URL)."""

    def __init__(self, net: Net, overrides: Mapping[str, str] | None = None, watch: Watch | None = None) -> None:
        self._net = net
        self._watch = watch or Watch()
        self._overrides = dict(overrides or {})
        self._pace = Pace()
        self._kept = Kept()

    async def run(
        self, kit: Toolkit, tool: Tool, given: Json, credential: Credential, leaving: Leaving | None = None, full: bool = False
    ) -> Result:
        """Run a call. Raises `BadArgument` before anything left, and `CallFailed` or `TooLarge` for what the service or the way did."""
        began = time.perf_counter()

        async def ask(other: Tool, wanted: Json) -> reply.Reply:
            answer = await self._send(kit, other, wanted, credential)
            return reply.read(other, kit, answer, wanted, full=True, exact=True)

        taken = arguments.check(tool, kit, given)
        resolver = Resolver(tool, kit, credential.account_id, ask, self._kept)
        asked = await resolver.resolve(taken)
        taken, zone = await clock.read(tool, kit, asked, resolver.field)
        taken = await merge.under(kit, tool, taken, ask)
        try:
            answer = await self._send(kit, tool, taken, credential, leaving)
        finally:
            if tool.effect != "read":  # done or perhaps done: what was listed may be old
                self._kept.forget(credential.account_id)
        ms = round((time.perf_counter() - began) * 1000)
        # What the next page takes is said as the agent said it: a clock's face is not read twice.
        return Result(reply.read(tool, kit, answer, asked, full), answer.status, ms, zone)

    async def prove(self, kit: Toolkit, credential: Credential) -> Json:
        """Make the toolkit's check call with a credential; returns the reply.

        Raises `BadArgument` when the account's settings name no host, and `Refused` when the service does not accept the credential.
        """
        for host in kit.hosts:
            try:
                request.host_url(kit, host, credential.settings, {})
            except Blocked as error:
                raise BadArgument(error.message) from None
        if kit.check is None:
            return {}
        check = kit.check
        slug = f"{kit.slug.upper()}_CHECK"
        tool = Tool(slug, kit.slug, "check", "Check", "", check.method, check.host, check.path, "read", send="none")
        answer = await self._send(kit, tool, {}, credential)
        return reply.read(tool, kit, answer, {}, full=True).data

    async def _send(self, kit: Toolkit, tool: Tool, taken: Json, credential: Credential, leaving: Leaving | None = None) -> Answer:
        base = request.host_url(kit, tool.host, credential.settings, self._overrides)
        ready = schemes.sign(request.build(tool, base, taken), kit, credential)
        await self._pace.turn(kit, credential)
        if leaving is not None and tool.effect != "read":
            await leaving()
        return schemes.conceal(await patience.send(partial(self._way_out, kit.slug), ready, tool.effect), credential)

    async def _way_out(self, toolkit: str, request: Request, left: float) -> Answer:
        """A request that leaves, with an eye on it."""
        began = time.perf_counter()
        try:
            if self._watch.spans is None:
                return await self._net.send(request, left)
            with self._watch.spans.upstream(request.method, request.url) as span:
                try:
                    answer = await self._net.send(request, left)
                except ToolwayError as error:
                    span.failed(error.code)
                    raise
                span.told(http__response__status_code=answer.status)
                if answer.status >= 400:
                    span.failed(str(answer.status))
                return answer
        finally:
            self._watch.meters.upstream(toolkit, time.perf_counter() - began)
