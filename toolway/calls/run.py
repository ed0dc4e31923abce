"""The way of one call, on one page: arguments, nouns, merge, request, signature, turn, sending, reply."""

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple

from msgspec import Struct, structs

from toolway.accounts import schemes
from toolway.accounts.keeper import Credential
from toolway.calls import arguments, clock, each, merge, patience, reply, request, span
from toolway.calls.brevity import MOST_CHARACTERS, brief, room_beside, size
from toolway.calls.leafing import Leafing
from toolway.calls.nouns import Kept, Resolver
from toolway.calls.pace import Pace, counts
from toolway.catalog.model import Json, Tool, Toolkit
from toolway.errors import BadArgument, Blocked, Busy, Forbidden, NoAnswer, Refused, TooLarge, ToolwayError
from toolway.net import Answer, Net, Request
from toolway.watch import Watch

_IDLE = "Nothing was changed: no field to change was given."
_KEY_LIVES = (
    "The key itself was not refused when it was checked: wait a little and call again, without connecting anew. "
    "If it is this tool alone that is refused, the key may not do this."
)

Leaving = Callable[[], Awaitable[None]]
"""Called right before a request that changes something leaves."""

Renewed = Callable[[Credential], Awaitable[Credential | None]]
"""Gives the credential with a fresh access token, None where there is no way to one; raises what then became of the account."""

Read = Callable[[Answer], reply.Reply]
"""Reads an answer; raises `Refused`."""


class Result(Struct, frozen=True):
    """What a call gave: the reply, the service's status, and the milliseconds that it took.

    `waited` are the seconds that it waited for the account's turn, `changed` what of a thing that was read before it changed
    (`merge.Laid`), `zone` the time zone that was needed, if one was. What the reply does not confirm (`reply.items`) does not stand in
    `changed`.
    """

    reply: reply.Reply
    status: int
    ms: int
    waited: float = 0.0
    changed: Json = {}
    zone: str = ""


class _Answered(NamedTuple):
    reply: reply.Reply
    status: int
    waited: float


class _Key:
    """The credential of a call, as fresh as it was last needed."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential


class Runner:
    """Runs calls. `overrides` are the hosts that the operator sends elsewhere (`toolkit.host` to URL)."""

    def __init__(
        self, net: Net, overrides: Mapping[str, str] | None = None, watch: Watch | None = None, renewed: Renewed | None = None
    ) -> None:
        self._net = net
        self._renewed = renewed
        self._watch = watch or Watch()
        self._overrides = dict(overrides or {})
        self._pace = Pace()
        self._leafing = Leafing()
        self._kept = Kept()
        self._checked = Kept()

    async def run(
        self, kit: Toolkit, tool: Tool, given: Json, credential: Credential, leaving: Leaving | None = None, full: bool = False
    ) -> Result:
        """Run a call.

        Raises `BadArgument` before anything left, `Forbidden` where it takes a read that the account does not allow, and `CallFailed` or
        `TooLarge` for what the service or the way did.
        """
        began, key = time.perf_counter(), _Key(credential)
        reads = tool.effect == "read" or "read" in credential.grant.effects
        waited = 0.0

        async def ask(other: Tool, wanted: Json) -> reply.Reply:
            nonlocal waited
            if not reads:
                raise Forbidden(
                    f"{tool.slug} would first read with {other.slug}, and {credential.label} was connected without reading.",
                    fix="Give ids in place of names and defaults, and of a change every field; "
                    "or the person who connected it allows reading, with a new link.",
                )
            answered = await self._call(
                kit, other, wanted, key, lambda answer: reply.read(other, kit, answer, wanted, most=None, exact=True)
            )
            waited += answered.waited
            return answered.reply

        taken = arguments.check(tool, kit, span.to_the_end(tool, given))
        resolver = Resolver(tool, kit, credential.account_id, ask, self._kept if reads else Kept())
        asked = await resolver.resolve(taken)
        taken, zone = await clock.read(tool, kit, asked, resolver.field)
        each.once(tool, taken)
        span.check(tool, asked, taken, credential.settings)  # before anything is read for it, and when it stands whole
        taken, changed = await merge.under(kit, tool, taken, ask)
        span.check(tool, asked, taken, credential.settings)
        most = None if full else room_beside(changed, MOST_CHARACTERS)
        try:
            # What the next page takes is said as the agent said it: a clock's face is not read twice.
            answered = await self._call(kit, tool, taken, key, lambda answer: reply.read(tool, kit, answer, asked, most), leaving)
        finally:
            if tool.effect != "read":  # done or perhaps done: what was listed may be old
                self._kept.forget(credential.account_id, tool.path)
        ms = round((time.perf_counter() - began) * 1000)
        told = self._leafing.turned(credential.account_id, tool, asked, answered.reply)
        if tool.merge and not any(param.given in given for param in tool.params if param.place in ("body", "whole")):
            told = structs.replace(told, note=f"{_IDLE} {told.note}".rstrip())
        doubtful = frozenset(told.items.get("unconfirmed", ()))
        changed = {name: values for name, values in changed.items() if name not in doubtful}
        if not full:
            told, changed = _kept_short(told, changed)
        return Result(told, answered.status, ms, waited + answered.waited, changed, zone)

    async def prove(self, kit: Toolkit, credential: Credential) -> Json:
        """Make the toolkit's check call with a credential; returns the reply.

        Raises `BadArgument` when the account's settings name no host, and `Refused` when the service does not accept the credential.
        """
        for host in kit.hosts:
            try:
                request.host_url(kit, host, credential.settings, {})
            except Blocked as error:
                raise BadArgument(error.message, fix=error.fix) from None
        if kit.check is None:
            return {}
        check = kit.check
        slug = f"{kit.slug.upper()}_CHECK"
        tool = Tool(slug, kit.slug, "check", "Check", "", check.method, check.host, check.path, "read", send="none")
        return (await self._once(kit, tool, {}, credential, lambda answer: reply.read(tool, kit, answer, {}, most=None))).reply.data

    async def _call(self, kit: Toolkit, tool: Tool, taken: Json, key: _Key, read: Read, leaving: Leaving | None = None) -> _Answered:
        """A request with its reply. A token that is not accepted is made anew once, whatever the tool does: nothing was done.

        One refusal makes no key dead: some services refuse a burst in the same words, so the key is checked before it is said to be, once
        a minute for an account.
        """
        try:
            try:
                return await self._once(kit, tool, taken, key.credential, read, leaving)
            except Refused as error:
                fresh = await self._renewed(key.credential) if error.means == "key" and self._renewed else None
                if fresh is None:
                    raise
            key.credential = fresh
            return await self._once(kit, tool, taken, fresh, read)
        except Refused as error:
            credential = key.credential
            if error.means != "key" or kit.check is None:
                raise
            if await self._checked.get(credential.account_id, "check", {}, partial(self._dead, kit, credential)):
                raise
            raise Refused(error.message, status=error.status, fix=_KEY_LIVES) from None

    async def _dead(self, kit: Toolkit, credential: Credential) -> bool:
        """Whether the check call finds that the key is not accepted; what hinders the check says nothing of the key."""
        try:
            await self.prove(kit, credential)
        except ToolwayError as error:
            return isinstance(error, Refused) and error.means == "key"
        return False

    async def _once(
        self, kit: Toolkit, tool: Tool, taken: Json, credential: Credential, read: Read, leaving: Leaving | None = None
    ) -> _Answered:
        base = request.host_url(kit, tool.host, credential.settings, self._overrides)
        ready = schemes.sign(request.build(tool, base, taken), kit, credential)
        waited = await self._pace.turn(kit, credential)
        left, asked = self._pace.now(), 0.0
        if leaving is not None and tool.effect != "read":
            await leaving()
        try:
            answer = schemes.conceal(await patience.send(partial(self._way_out, kit.slug), ready, tool.effect), credential)
            asked = patience.asked(answer)
            told = read(answer)
        except ToolwayError as error:
            error.maybe_done = tool.effect != "read" and _maybe_done(error)
            if isinstance(error, Refused):
                self._heed(kit, tool, credential, error, left, asked)
            raise
        self._pace.taken(kit, credential, left, counts(kit, tool))
        return _Answered(told, answer.status, waited)

    def _heed(self, kit: Toolkit, tool: Tool, credential: Credential, error: Refused, left: float, asked: float) -> None:
        """Remember a refusal that says something of the account's pace."""
        if error.means == "pace":
            told = self._pace.refused(kit, credential, asked)
            error.fix = f"{error.fix} {told}" if error.fix else told
        elif error.status < 500:
            self._pace.taken(kit, credential, left, counts(kit, tool))

    async def _way_out(self, toolkit: str, request: Request, left: float) -> Answer:
        """A request that leaves, with an eye on it."""
        began = time.perf_counter()
        try:
            if self._watch.spans is None:
                return await self._net.send(request, left)
            with self._watch.spans.upstream(request.method, request.url) as seen:
                try:
                    answer = await self._net.send(request, left)
                except ToolwayError as error:
                    seen.failed(error.code)
                    raise
                seen.told(http__response__status_code=answer.status)
                if answer.status >= 400:
                    seen.failed(str(answer.status))
                return answer
        finally:
            self._watch.meters.upstream(toolkit, time.perf_counter() - began)


def _kept_short(told: reply.Reply, changed: Json) -> tuple[reply.Reply, Json]:
    """What is said beside the data, in the room that is left: half of it all for what changed, the rest of it for what is confirmed."""
    changed, less = brief(changed, {"*": {}}, "changed", MOST_CHARACTERS // 2)
    items, fewer = told.items, ""
    if items:
        cut, fewer = brief({"items": items}, {}, "items", MOST_CHARACTERS - size(changed) - size(told.data))
        items = cut.get("items", {})
    if not less and not fewer:
        return told, changed
    return structs.replace(told, items=items, note=" ".join(part for part in (told.note, less, fewer) if part)), changed


def _maybe_done(error: ToolwayError) -> bool:
    """Whether a request that left may have done its work although its answer says nothing of it."""
    if isinstance(error, Refused):
        return error.status >= 500 or 300 <= error.status < 400 or error.status == 408 or (error.status < 300 and error.means == "rubbish")
    return isinstance(error, NoAnswer | TooLarge | Busy)  # busy with reading answers: its turn had come
