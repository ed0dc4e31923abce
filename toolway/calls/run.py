"""The way of one call, on one page: arguments, nouns, merge, request, signature, turn, sending, reply."""

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from msgspec import Struct

from toolway.accounts import schemes
from toolway.accounts.keeper import Credential
from toolway.calls import arguments, merge, patience, reply, request
from toolway.calls.nouns import Kept, Resolver
from toolway.calls.pace import Pace
from toolway.catalog.model import Json, Tool, Toolkit
from toolway.errors import BadArgument, Blocked, Busy, NoAnswer, Refused, TooLarge, ToolwayError
from toolway.net import Answer, Net, Request
from toolway.watch import Watch

Leaving = Callable[[], Awaitable[None]]
"""Called right before a request that changes something leaves."""


class Result(Struct, frozen=True):
    """What a call gave: the reply, the service's status, and the milliseconds that it took."""

    reply: reply.Reply
    status: int
    ms: int


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
            return (await self._call(kit, other, wanted, credential, full=True, exact=True))[0]

        taken = arguments.check(tool, kit, given)
        taken = await Resolver(tool, kit, credential.account_id, ask, self._kept).resolve(taken)
        taken = await merge.under(kit, tool, taken, ask)
        try:
            told, status = await self._call(kit, tool, taken, credential, leaving, full)
        finally:
            if tool.effect != "read":  # done or perhaps done: what was listed may be old
                self._kept.forget(credential.account_id)
        ms = round((time.perf_counter() - began) * 1000)
        return Result(told, status, ms)

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
        return (await self._call(kit, tool, {}, credential, full=True))[0].data

    async def _call(
        self,
        kit: Toolkit,
        tool: Tool,
        taken: Json,
        credential: Credential,
        leaving: Leaving | None = None,
        full: bool = False,
        exact: bool = False,
    ) -> tuple[reply.Reply, int]:
        """A request with its reply, and the service's status."""
        base = request.host_url(kit, tool.host, credential.settings, self._overrides)
        ready = schemes.sign(request.build(tool, base, taken), kit, credential)
        await self._pace.turn(kit, credential)
        if leaving is not None and tool.effect != "read":
            await leaving()
        try:
            answer = schemes.conceal(await patience.send(partial(self._way_out, kit.slug), ready, tool.effect), credential)
            return reply.read(tool, kit, answer, taken, full, exact), answer.status
        except ToolwayError as error:
            error.maybe_done = tool.effect != "read" and _maybe_done(error)
            raise

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


def _maybe_done(error: ToolwayError) -> bool:
    """Whether a request that left may have done its work although its answer says nothing of it."""
    if isinstance(error, Refused):
        return error.status >= 500 or 300 <= error.status < 400 or error.status == 408 or (error.status < 300 and error.means == "rubbish")
    return isinstance(error, NoAnswer | TooLarge | Busy)  # busy with reading answers: its turn had come
