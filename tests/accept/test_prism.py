"""No request of a Clockify tool is refused by a mock server that others made from the vendor's own document.

Prism checks method, path, host, key, parameters and body. It does not mind what the document does not name: a member or a query
parameter too many; `toolway toolkit check` does.
"""

from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest
from msgspec import structs

from toolway.accounts.keeper import Credential
from toolway.accounts.schemes import secret_field
from toolway.accounts.vault import Secret
from toolway.calls.pages import rows
from toolway.calls.run import Runner
from toolway.catalog.checked import deviations
from toolway.catalog.index import BUILTIN, Catalogue
from toolway.catalog.model import Json, Tool, Toolkit
from toolway.catalog.source import Problems
from toolway.errors import ToolwayError
from toolway.net import Net, address_of

from .conftest import Node
from .filling import all_in_turns, fewest
from .prism import Gate, Heard, prism
from .server import REPO

DOCUMENT = REPO.parent / "shared" / "clockify" / "openapi-2026-05-23.json"
pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="the vendor's document is its property and not part of this repository")

KIT = Catalogue([BUILTIN]).toolkit("clockify")
AUTH = KIT.auth[0]
ID = "64c777ddd3fcab07cfbb210c"
KNOWN = {at for one in deviations(BUILTIN / "clockify", Problems()) for at in one.at}


@pytest.fixture(scope="module")
def mock(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prism(node, DOCUMENT, tmp_path_factory.mktemp("prism")) as origin:
        yield origin


@pytest.fixture
async def service(mock: str) -> AsyncGenerator["Service"]:
    async with Gate(mock, KIT.hosts).open() as gate:
        net = Net({address_of(gate.origin)})
        try:
            yield Service(gate, net)
        finally:
            await net.close()


class Service:
    """Clockify as Prism plays it, and the pipeline that calls it."""

    def __init__(self, gate: Gate, net: Net) -> None:
        self._gate = gate
        self._runner = Runner(net, {f"{KIT.slug}.{host}": f"{gate.origin}/{host}" for host in KIT.hosts})

    async def call(self, tool: Tool, given: Json, kit: Toolkit = KIT) -> tuple[list[Heard], str, Json]:
        """What Prism heard meanwhile, what the agent would be told when it went wrong, and the reply."""
        credential = Credential("ca_prism", "prism", AUTH.mode, {secret_field(AUTH.mode): Secret("a-key-0123456789")}, {})
        self._gate.heard.clear()
        told, data = "", Json()
        try:
            data = (await self._runner.run(kit, tool, given, credential, full=True)).reply.data
        except ToolwayError as error:
            told = error.sentence
        return list(self._gate.heard), told, data

    async def with_present_state(self, tool: Tool, given: Json) -> list[Json]:
        """The arguments, where a present state is found in a list with the id of a row that Prism lists: each item for itself, since one
        thing is changed once in a call.
        """
        if tool.merge is None or not tool.merge.by:
            return [given]
        source, by = KIT.tools[tool.merge.source], tool.merge.by
        _, told, data = await self.call(source, fewest(source, KIT.nouns_of(source)))
        listed: list[Any] = rows(source, data) or []
        assert listed, f"{source.name}: nothing is listed. {told}"
        if tool.whole is None:
            return [given | {by: listed[0][by]}]
        return [given | {tool.whole.given: [item | {by: listed[0][by]}]} for item in given[tool.whole.given]]


async def check(service: Service, tool: Tool, given: Json) -> None:
    for whole in await service.with_present_state(tool, given):
        heard, told, _ = await service.call(tool, whole)
        assert heard and heard[-1].method == tool.method and fits(tool, heard[-1].path), f"{tool.name} was not sent: {told} {heard}"
        faults = [(one, place, said) for one in heard for place, said in one.faults if f"{tool.name} {known_as(tool, place)}" not in KNOWN]
        assert not faults, "\n".join(f"{one.method} {one.path}: {place}: {said}" for one, place, said in faults)


def known_as(tool: Tool, place: str) -> str:
    """A place in the request as a deviation names it."""
    return place.replace("body", f"whole.{tool.whole.field.name}", 1) if tool.whole and place.startswith("body") else place


def fits(tool: Tool, path: str) -> bool:
    ours, theirs = tool.path.split("/"), path.split("/")
    return len(ours) == len(theirs) and all(a.startswith("{") or a == b for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("name", KIT.tools)
async def test_the_fewest_arguments(service: Service, name: str) -> None:
    tool = KIT.tools[name]
    await check(service, tool, fewest(tool, KIT.nouns_of(tool)))


@pytest.mark.parametrize("name", KIT.tools)
async def test_all_arguments(service: Service, name: str) -> None:
    tool = KIT.tools[name]
    for given in all_in_turns(tool):
        await check(service, tool, given)


WRONG: dict[str, tuple[str, dict[str, Any], Json, str]] = {
    # a tool, what is broken about it, what it is given, and what Prism says
    "host": ("get_tags", {"host": "reports"}, {}, "no server matched"),
    "path": ("get_tags", {"path": "/v1/workspaces/{workspaceId}/labels"}, {}, "no path matched"),
    "method": ("get_tag", {"method": "PATCH"}, {"id": ID}, "no method matched"),
    "constant of another type": ("get_tags", {"fixed": {"query": {"page": "first"}}}, {}, "query parameter page must be integer"),
    "constant that is no choice": ("get_tags", {"fixed": {"query": {"sort-order": "UP"}}}, {}, "sort-order must be equal to one of"),
    "member of another type": ("update_tag", {"fixed": {"body": {"archived": "yes"}}}, {"id": ID}, "archived must be boolean"),
    "no body": ("stop_user_timer", {"send": "none"}, {"end": "2026-11-20T09:00:00Z"}, "body"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_tool_that_is_wrong_is_refused(service: Service, wrong: str) -> None:
    name, broken, given, say = WRONG[wrong]
    with pytest.raises(AssertionError) as refused:
        await check(service, structs.replace(KIT.tools[name], **broken), given)
    assert say in str(refused.value).lower()


@pytest.mark.parametrize("misnamed", ["query.time-entry-ids", "body.dateRangeStart"])
async def test_what_is_due_under_another_name_is_refused(service: Service, misnamed: str) -> None:
    place, _, name = misnamed.partition(".")
    tool = KIT.tools["delete_user_time_entries" if place == "query" else "generate_summary_report"]
    given = fewest(tool, KIT.nouns_of(tool))
    params = tuple(structs.replace(p, field=structs.replace(p.field, name="misnamed")) if p.given == name else p for p in tool.params)
    with pytest.raises(AssertionError, match="required"):
        await check(service, structs.replace(tool, params=params), given)


async def test_a_key_in_no_place_is_refused(service: Service) -> None:
    tool = KIT.tools["get_tags"]
    heard, _, _ = await service.call(tool, {"workspaceId": ID}, kit=structs.replace(KIT, auth=(structs.replace(AUTH, header="X-Key"),)))
    assert [said for one in heard for _, said in one.faults if "401" in said]
