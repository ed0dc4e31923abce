"""The whole way of a call, to a real server on loopback."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, cast

import msgspec
import pytest

from tests.calls.shop import builtin, kit, param, tool
from tests.net.wire import Say, Server, plain, reaching, served
from toolway.accounts.keeper import Credential
from toolway.accounts.vault import Secret
from toolway.calls.leafing import Leafing
from toolway.calls.reply import Reply
from toolway.calls.run import Result, Runner
from toolway.catalog.grammar import read
from toolway.catalog.model import Auth, Clock, Field, Json, Kind, Pages, Param, Rate
from toolway.errors import BadArgument, Busy, NoAnswer, Refused

KEY = "canary-key-0123456789"
W = "0" * 24


def credential(toolkit: str = "clockify", **settings: str) -> Credential:
    return Credential("ca_1", "me", "API_KEY", {"api_key": Secret(KEY)}, settings)


def says(table: Mapping[str, Any]) -> Say:
    """Answers by the beginning of the request line, with a status where one stands before the content."""

    async def say(number: int, writer: asyncio.StreamWriter) -> None:
        line = server_of[0].heard[-1].split(b" HTTP/", 1)[0].decode()
        found: Any = next((content for start, content in table.items() if line.startswith(start)), None)
        assert found is not None, line
        status, content = cast("tuple[str, Any]", found) if isinstance(found, tuple) else ("200 OK", found)
        writer.write(plain(msgspec.json.encode(content), status))

    return say


server_of: list[Server] = []


async def run(
    slug: str, given: Any, table: dict[str, Any], leaving: list[int] | None = None, **settings: str
) -> tuple[Result, list[bytes]]:
    found, kit = builtin(slug)
    async with served(says(table)) as server, reaching(server.url) as net:
        server_of[:] = [server]

        async def left() -> None:
            if leaving is not None:
                leaving.append(len(server.heard))

        runner = Runner(net, {f"{kit.slug}.{host}": server.url for host in kit.hosts})
        result = await runner.run(kit, found, given, credential(kit.slug, **settings), left)
        return result, server.heard


async def test_a_call_from_names_to_a_trimmed_result() -> None:
    leaving: list[int] = []
    table = {
        "GET /v1/user": {"activeWorkspace": W},
        f"GET /v1/workspaces/{W}/projects": [{"id": "p1", "name": "Site"}],
        f"POST /v1/workspaces/{W}/time-entries": ("201 Created", {"id": "e1", "projectId": "p1", "isLocked": False}),
    }
    given = {"start": "2026-11-20T09:00:00Z", "projectId": "the site project"}
    result, heard = await run("CLOCKIFY_CREATE_TIME_ENTRY", given, table, leaving)
    assert result.status == 201 and result.reply.data == {"id": "e1", "projectId": "p1"} and result.reply.trimmed
    assert leaving == [2] and len(heard) == 3
    assert heard[2].endswith(b'{"start":"2026-11-20T09:00:00Z","projectId":"p1"}')
    assert all(f"X-Api-Key: {KEY}\r\n".encode() in request for request in heard)


async def test_a_put_that_replaces_keeps_what_was_not_named() -> None:
    path = f"/v1/workspaces/{W}/clients/c1"
    now = {"id": "c1", "name": "Acme", "email": None, "note": "old", "address": "Riga", "archived": False, "currencyCode": "EUR"}
    table = {f"GET {path}": now, f"PUT {path}": {"id": "c1"}, f"GET /v1/workspaces/{W}/clients": [now]}
    result, heard = await run("CLOCKIFY_UPDATE_CLIENT", {"workspaceId": W, "id": "acme", "name": "Acme Group", "note": None}, table)
    sent = msgspec.json.decode(heard[-1].partition(b"\r\n\r\n")[2])
    assert sent == {"name": "Acme Group", "note": None, "address": "Riga", "archived": False}
    assert result.changed == {"name": ["Acme", "Acme Group"], "note": ["old", None]}


async def test_a_change_that_names_nothing_to_change_says_so() -> None:
    client = {"id": W, "name": "Acme", "note": "old"}
    table = {f"GET /v1/workspaces/{W}/clients/{W}": client, f"PUT /v1/workspaces/{W}/clients/{W}": client}
    result, _ = await run("CLOCKIFY_UPDATE_CLIENT", {"workspaceId": W, "id": W}, table)
    assert result.changed == {} and result.reply.note == "Nothing was changed: no field to change was given."
    result, _ = await run("CLOCKIFY_UPDATE_CLIENT", {"workspaceId": W, "id": W, "name": "Acme"}, table)
    assert result.changed == {} and result.reply.note == ""


async def test_of_several_things_only_what_the_service_tells_of_is_changed() -> None:
    path = f"/v1/workspaces/{W}/user/{W}/time-entries"
    now = [{"id": one, "description": one, "timeInterval": {"start": "2026-11-20T09:00:00Z"}} for one in ("e1", "e2", "e3")]
    table = {f"GET {path}": now, f"PUT {path}": [now[2], now[0], {"id": "e9"}]}
    given = {"workspaceId": W, "userId": W, "entries": [{"id": one, "description": "x"} for one in ("e1", "e2", "e3")]}
    result, _ = await run("CLOCKIFY_UPDATE_TIME_ENTRIES", given, table)
    assert result.changed == {"e1": {"description": ["e1", "x"]}, "e3": {"description": ["e3", "x"]}}
    assert result.reply.items == {"confirmed": 2, "unconfirmed": ["e2"], "unasked": ["e9"]}


@pytest.mark.parametrize("confirmed", [0, 150, 300])
async def test_what_is_said_beside_the_data_of_a_large_change_is_short_too(confirmed: int) -> None:
    path = f"/v1/workspaces/{W}/user/{W}/time-entries"
    ids = [f"{n:024x}" for n in range(300)]
    now = [{"id": one, "description": one * 9, "timeInterval": {"start": "2026-11-20T09:00:00Z"}} for one in ids]
    table = {f"GET {path}": now, f"PUT {path}": now[:confirmed]}
    given = {"workspaceId": W, "userId": W, "entries": [{"id": one, "description": "x" * 300} for one in ids]}
    result, _ = await run("CLOCKIFY_UPDATE_TIME_ENTRIES", given, table)
    whole = {"data": result.reply.data, "changed": result.changed, "items": result.reply.items, "note": result.reply.note}
    assert len(msgspec.json.encode(whole)) < 7_800 and result.reply.items["confirmed"] == confirmed
    assert result.changed.keys() <= set(ids[:confirmed]) and bool(result.changed) == bool(confirmed)
    assert ("changed (of up to" in result.reply.note) == bool(confirmed)
    assert ("items.unconfirmed" in result.reply.note) == (confirmed < 300)


async def test_moments_that_were_read_back_are_not_turned() -> None:
    path = f"/v1/workspaces/{W}/time-entries/{W}"
    now: dict[str, Any] = {"id": W, "timeInterval": {"start": "2026-11-20T09:00:00+05:00", "end": "2026-11-20T10:00:00"}}
    table = {"GET /v1/user": {"settings": {"timeZone": "Asia/Tokyo"}}, f"GET {path}": now, f"PUT {path}": {"id": W}}
    given: dict[str, Any] = {"workspaceId": W, "id": W, "description": "x"}
    result, heard = await run("CLOCKIFY_UPDATE_TIME_ENTRY", given, table)
    assert (len(heard), result.zone) == (2, "")
    assert msgspec.json.decode(heard[-1].partition(b"\r\n\r\n")[2]) == {"description": "x"} | now["timeInterval"]
    result, heard = await run("CLOCKIFY_UPDATE_TIME_ENTRY", given | {"end": "2026-11-20T20:00:00"}, table)
    assert (len(heard), result.zone) == (3, "Asia/Tokyo")
    sent = msgspec.json.decode(heard[-1].partition(b"\r\n\r\n")[2])
    assert (sent["start"], sent["end"]) == ("2026-11-20T09:00:00+05:00", "2026-11-20T11:00:00Z")


async def test_the_next_page_is_asked_for_as_the_agent_said_it() -> None:
    """A clock's face that came back as the next page's argument would be read as an instant and be turned once more."""
    span = Kind("object", fields=(read("from", "wall(Z)"), read("page", "int = 1"), read("size", "int = 1")))
    pages = Pages("body.span.page", "body.span.size")
    found = tool("POST /report", Param("body", Field("span", span), "span"), effect="read", pages=pages)
    me = msgspec.structs.replace(tool("GET /me"), name="me")
    its = msgspec.structs.replace(kit(found, me), clock=Clock(("me", "zone")), auth=(Auth("API_KEY", header="X-Key"),))
    async with served(says({"GET /me": {"zone": "Europe/Riga"}, "POST": [{}]})) as server, reaching(server.url) as net:
        server_of[:] = [server]
        runner = Runner(net, {"acme.api": server.url})
        given: Any = {"span": {"from": "2026-11-20T22:00:00Z"}}
        for page in (1, 2):
            result = await runner.run(its, found, given, credential("acme"))
            sent = msgspec.json.decode(server.heard[-1].partition(b"\r\n\r\n")[2])["span"]
            assert (sent["from"], sent["page"]) == ("2026-11-21T00:00:00Z", page)
            given |= result.reply.next or {}
        assert result.reply.next is None and result.reply.note  # the same page as before


@pytest.mark.parametrize("held", [7, 20, 50])
async def test_a_list_that_heeds_no_page_comes_to_an_end(held: int) -> None:
    """Whatever page is asked for, all that there is comes back: less than a page, as much, or more."""
    found = tool(
        "GET /things", param("query", "page", "int = 1"), param("query", "size", "int = 20"), pages=Pages("query.page", "query.size")
    )
    its = msgspec.structs.replace(kit(found), auth=(Auth("API_KEY", header="X-Key"),))
    async with served(says({"GET": [{"id": n} for n in range(held)]})) as server, reaching(server.url) as net:
        server_of[:] = [server]
        runner = Runner(net, {"acme.api": server.url})
        given: Any = {}
        following: Any = {}
        pages: list[Result] = []
        while following is not None and len(pages) < 9:
            given |= following
            pages.append(await runner.run(its, found, given, credential("acme")))
            following = pages[-1].reply.next
        assert [bool(page.reply.note) for page in pages] == ([False, True] if held == 20 else [False])
        again = await runner.run(its, found, {"page": 1}, credential("acme"))
        assert again.reply.next == ({"page": 2} if held == 20 else None) and not again.reply.note  # read anew, no page of a round


@pytest.mark.parametrize(("heeded", "calls"), [(True, 4), (False, 3)])
async def test_a_list_that_counts_from_one_is_read_to_its_end_from_zero(heeded: bool, calls: int) -> None:
    """Page 0 is page 1 here, as where no page is heeded; what comes after tells them apart."""
    params = param("query", "page", "int = 0"), param("query", "size", "int = 2")
    found = tool("GET /things", *params, pages=Pages("query.page", "query.size", 0))
    its = msgspec.structs.replace(kit(found), auth=(Auth("API_KEY", header="X-Key"),))
    last: list[Any] = [{"id": 5}] if heeded else [{"id": 1}, {"id": 2}]
    second: list[Any] = [{"id": 3}, {"id": 4}] if heeded else last
    first: list[Any] = [{"id": 1}, {"id": 2}]
    table = {f"GET /things?page={number}&": rows for number, rows in enumerate((first, first, second, last))}
    async with served(says(table)) as server, reaching(server.url) as net:
        server_of[:] = [server]
        runner, given, replies = Runner(net, {"acme.api": server.url}), Json(), list[Reply]()
        for _ in range(calls):
            replies.append((await runner.run(its, found, given, credential("acme"))).reply)
            given |= replies[-1].next or {}
    seen = {row["id"] for reply in replies for row in reply.data["items"]}
    assert [reply.next is None for reply in replies] == [*[False] * (calls - 1), True]
    assert seen == ({1, 2, 3, 4, 5} if heeded else {1, 2})


async def test_pages_of_others_and_old_pages_say_nothing_of_a_list() -> None:
    now = [0.0]
    leafing = Leafing(lambda: now[0])
    found = tool(
        "GET /things", param("query", "page", "int = 1"), param("query", "size", "int = 2"), pages=Pages("query.page", "query.size")
    )
    page = Reply({"items": [1, 2]}, {"page": 9}, mark=7)

    def again(account: str, **given: Any) -> str:
        return leafing.turned(account, found, given, page).note

    assert not again("a") and not again("b", page=2) and not again("a", size=3, page=2)
    assert again("a", page=2) and again("a", page=3)
    now[0] = 601
    assert not again("a", page=2) and again("a", page=3)


async def test_nothing_is_changed_when_the_present_state_is_not_known() -> None:
    path = f"/v1/workspaces/{W}/clients/{W}"
    with pytest.raises(Refused, match="nothing was changed"):
        await run("CLOCKIFY_UPDATE_CLIENT", {"workspaceId": W, "id": W, "name": "x"}, {f"GET {path}": []})


async def test_a_changed_thing_is_looked_up_anew() -> None:
    found, kit = builtin("CLOCKIFY_GET_CLIENT_BY_ID")
    create, _ = builtin("CLOCKIFY_CREATE_CLIENT")
    clients = [{"id": "c1", "name": "Acme"}]
    table = {"POST": {}, f"GET /v1/workspaces/{W}/clients/": {"id": "c"}, f"GET /v1/workspaces/{W}/clients": clients}
    async with served(says(table)) as server, reaching(server.url) as net:
        server_of[:] = [server]
        runner = Runner(net, {"clockify.api": server.url})
        for _ in range(2):
            await runner.run(kit, found, {"workspaceId": W, "id": "acme"}, credential())
        clients.append({"id": "c2", "name": "Globex"})
        await runner.run(kit, create, {"workspaceId": W, "name": "Globex"}, credential())
        await runner.run(kit, found, {"workspaceId": W, "id": "globex"}, credential())
        lines = [request.split(b" ")[1].decode().removeprefix(f"/v1/workspaces/{W}/") for request in server.heard]
    assert lines == ["clients?page=1&page-size=50", "clients/c1", "clients/c1", "clients", "clients?page=1&page-size=50", "clients/c2"]


async def test_a_service_that_quotes_the_key_does_not_tell_it() -> None:
    with pytest.raises(Refused) as raised:
        await run("CLOCKIFY_GET_TAGS", {"workspaceId": W}, {"GET": ("401 No", {"message": f"bad key {KEY}"})})
    assert KEY not in raised.value.sentence and "bad key ***" in raised.value.message
    result, _ = await run("DESKTIME_PING_REQUEST", {}, {"GET /ping?apiKey": {"url": f"/ping?apiKey={KEY}"}})
    assert result.reply.data == {"url": "/ping?apiKey=***"}


async def test_a_bad_argument_leaves_nowhere() -> None:
    with pytest.raises(BadArgument):
        await run("CLOCKIFY_CREATE_TIME_ENTRY", {"workspaceId": W, "strat": 1}, {})


async def test_an_account_waits_its_turn_or_is_told_when() -> None:
    found, kit = builtin("CLOCKIFY_GET_TAGS")
    kit = msgspec.structs.replace(kit, rates=(Rate(2, "hour", "free plan"), Rate(1, "second", "slow")))
    async with served(says({"GET": []})) as server, reaching(server.url) as net:
        server_of[:] = [server]
        runner = Runner(net, {"clockify.api": server.url})
        slow, free = credential(plan="slow"), msgspec.structs.replace(credential(plan="free plan"), account_id="ca_2")
        began = time.monotonic()
        assert (await runner.run(kit, found, {"workspaceId": W}, slow)).waited < 0.001
        assert (await runner.run(kit, found, {"workspaceId": W}, slow)).waited > 0.5
        assert time.monotonic() - began > 0.5
        for _ in range(2):
            await runner.run(kit, found, {"workspaceId": W}, free)
        with pytest.raises(Busy, match="allows 2 calls an hour") as raised:
            await runner.run(kit, found, {"workspaceId": W}, free)
        assert "60 minutes" in raised.value.sentence and len(server.heard) == 4


async def test_a_create_whose_answer_was_lost_is_not_repeated_and_forgets_lists() -> None:
    async def closes(number: int, writer: asyncio.StreamWriter) -> None:
        writer.close()

    found, kit = builtin("CLOCKIFY_CREATE_CLIENT")
    async with served(closes) as server, reaching(server.url) as net:
        with pytest.raises(NoAnswer) as raised:
            await Runner(net, {"clockify.api": server.url}).run(kit, found, {"workspaceId": W, "name": "x"}, credential())
        assert raised.value.maybe_done and "look before you repeat" in raised.value.sentence
        assert len(server.heard) == 1


async def test_a_service_that_had_enough_is_left_alone() -> None:
    found, kit = builtin("CLOCKIFY_CREATE_CLIENT")
    other, _ = builtin("CLOCKIFY_GET_TAGS")
    async with served(says({"": ("429 Slow", {"message": "Too many requests"})})) as server, reaching(server.url) as net:
        server_of[:] = [server]
        runner = Runner(net, {"clockify.api": server.url})
        with pytest.raises(Refused, match="429") as raised:
            await runner.run(kit, found, {"workspaceId": W, "name": "x"}, credential())
        assert "Free again in 10 seconds" in raised.value.sentence and "seems to be on the free plan" in raised.value.sentence
        with pytest.raises(Busy, match="just refused") as busy:
            await runner.run(kit, other, {"workspaceId": W}, credential())
        assert "Free again in 10 seconds" in busy.value.sentence and len(server.heard) == 1


async def test_a_key_is_checked_before_it_is_called_dead() -> None:
    """One refusal may be the service's way to say that there were too many calls."""
    found, kit = builtin("CLOCKIFY_GET_TAGS")
    table: dict[str, Any] = {"GET /v1/workspaces": ("401 No", {}), "GET /v1/user": {"email": "a@x"}}
    async with served(says(table)) as server, reaching(server.url) as net:
        server_of[:] = [server]

        async def call(runner: Runner, account: str) -> Refused:
            mine = msgspec.structs.replace(credential(), account_id=account)
            with pytest.raises(Refused, match="401") as raised:
                await runner.run(kit, found, {"workspaceId": W}, mine)
            return raised.value

        runner = Runner(net, {"clockify.api": server.url})
        for _ in range(2):
            error = await call(runner, "ca_1")
            assert error.means == "refused" and "without connecting anew" in error.sentence
        assert [b"/v1/user" in request for request in server.heard] == [False, True, False]  # checked once a minute
        table["GET /v1/user"] = ("503 Busy", {})
        assert (await call(runner, "ca_2")).means == "refused"  # it could not be checked
        table["GET /v1/user"] = ("401 No", {})
        del server.heard[:]
        dead = await asyncio.gather(*(call(runner, "ca_3") for _ in range(5)))
        assert {error.means for error in dead} == {"key"} and "key is not accepted" in dead[0].sentence
        assert sum(b"/v1/user" in request for request in server.heard) == 1
        without = msgspec.structs.replace(kit, check=None)
        with pytest.raises(Refused) as raised:
            await runner.run(without, found, {"workspaceId": W}, credential())
        assert raised.value.means == "key"


@pytest.mark.parametrize(
    ("slug", "status", "known"),
    [
        ("CLOCKIFY_CREATE_CLIENT", "502 Bad Gateway", False),
        ("CLOCKIFY_CREATE_CLIENT", "302 Elsewhere", False),
        ("CLOCKIFY_CREATE_CLIENT", "409 Conflict", True),
        ("CLOCKIFY_GET_CLIENTS", "501 Not", True),
    ],
)
async def test_only_a_write_without_a_clear_answer_is_in_doubt(slug: str, status: str, known: bool) -> None:
    with pytest.raises(Refused) as raised:
        await run(slug, {"workspaceId": W, "name": "x"}, {"": (status, {})})
    assert raised.value.maybe_done != known and ("look before you repeat" in raised.value.sentence) != known


async def test_a_connection_is_proved_by_the_check_call() -> None:
    _, kit = builtin("CLOCKIFY_GET_TAGS")
    async with served(says({"GET /v1/user": {"email": "a@x"}})) as server, reaching(server.url) as net:
        server_of[:] = [server]
        runner = Runner(net, {"clockify.api": server.url})
        assert await runner.prove(kit, credential()) == {"email": "a@x"}
        assert b"Content-Type" not in server.heard[0]
        with pytest.raises(BadArgument, match="subdomain is missing"):
            await runner.prove(kit, credential(region="EUC1_SUBDOMAIN"))
        await runner.prove(kit, credential(region="EUC1_SUBDOMAIN", subdomain="acme"))
        assert await runner.prove(msgspec.structs.replace(kit, check=None), credential()) == {}
