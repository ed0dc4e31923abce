"""`toolway toolkit try`: call one tool, or only show the request that would leave."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

import asyncio
import json
from typing import TYPE_CHECKING, Any

import rich_click as click

from toolway.cli import tell_left_out
from toolway.errors import BadArgument, NotConnected, ToolwayError

if TYPE_CHECKING:
    from toolway.serve.local import Local


@click.command("try")
@click.argument("slug")
@click.argument("arguments", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--json", "document", help="All arguments as one JSON object.")
@click.option("--user", help="The user whose connected account is used.")
@click.option("--dry", is_flag=True, help="Show the request that would leave; open no connection.")
@click.option("--full", is_flag=True, help="Show every field of the reply, not the tool's view.")
@click.option("--project", default="default", show_default=True, help="Project of the user.")
@click.option("--data", help="Data folder.  [default: ~/.toolway]")
def try_(
    slug: str, arguments: tuple[str, ...], document: str | None, user: str | None, dry: bool, full: bool, project: str, data: str | None
) -> None:
    """Call a tool as an agent would: toolway toolkit try CLOCKIFY_GET_TAGS --user alice workspaceId=Marketing

    What the account was not connected to do is refused, and the call is in toolway status.
    """
    given = _given(arguments, document)
    if dry:
        _dry(slug, given, data)
    elif not user:
        raise BadArgument("--user is missing.", fix="Name the user whose account is to be used, or add --dry to send nothing.")
    else:
        asyncio.run(_try(slug, given, user, full, project, data))


def _given(arguments: tuple[str, ...], document: str | None) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if document is not None:
        try:
            read = json.loads(document)
        except (ValueError, RecursionError) as error:
            raise BadArgument(f"--json is no JSON: {error}.") from None
        if not isinstance(read, dict):
            raise BadArgument("--json is no object.", fix='Write for example --json \'{"name": "Acme"}\'.')
        given |= read
    for one in arguments:
        name, equals, value = one.partition("=")
        if not equals:
            raise BadArgument(f"{one!r} has no value.", fix="Write NAME=VALUE.")
        given[name] = _value(value)
    return given


def _value(text: str) -> Any:
    """Lists and objects are read as JSON; every other word stays a text, which the tool's types make of it what they take."""
    if text[:1] in ("[", "{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def _dry(slug: str, given: dict[str, Any], data: str | None) -> None:
    from toolway.calls import arguments, clock, request
    from toolway.serve.local import open_catalogue
    from toolway.serve.running import beside
    from toolway.settings import read

    settings = beside(read({"data": data}))
    catalogue = open_catalogue(settings)
    tell_left_out(catalogue)
    tool = catalogue.tool(slug)
    kit = catalogue.toolkit(tool.toolkit)
    invented: list[str] = []
    taken = arguments.check(tool, kit, given)
    for param in tool.params:
        noun = kit.nouns_of(tool).get(param.field.kind.noun)
        if param.field.required and param.given not in taken and noun is not None and noun.default:
            taken[param.given] = f"default-{noun.name}"
            invented.append(noun.name)
    taken, zone = asyncio.run(clock.read(tool, kit, taken, _utc))
    ready = request.build(tool, request.host_url(kit, tool.host, {}, settings.overrides), taken)
    click.echo(f"{ready.method} {ready.url}")
    for name, value in ready.headers.items():
        click.echo(f"{name}: {value}")
    auth = next(iter(kit.auth), None)
    if auth is not None and auth.mode != "NO_AUTH":
        where = f"{auth.query} in the query" if auth.query else auth.header or "Authorization"
        click.echo(f"(and the account's key: {where})")
    for name in invented:
        click.echo(f"(default-{name} stands for the id of the account's own {name}, which a call looks up)")
    if zone:
        click.echo(f"(moments are meant by the clock of {zone}; without a connection UTC stands for the user's own)")
    if ready.body:
        click.echo()
        click.echo(json.dumps(json.loads(ready.body), indent=2, ensure_ascii=False) if tool.send == "json" else ready.body.decode())


async def _utc(source: tuple[str, str]) -> str:
    """Stands for the zone of the user, who is not known without a connection."""
    return "UTC"


async def _try(slug: str, given: dict[str, Any], user: str, full: bool, project: str, data: str | None) -> None:
    from toolway.router.direct import Direct
    from toolway.router.execute import Executor
    from toolway.serve.local import Local
    from toolway.serve.running import beside
    from toolway.settings import read

    async with await Local.open(beside(read({"data": data}))) as local:
        tell_left_out(local.catalogue)
        toolkit = local.catalogue.tool(slug).toolkit
        owner = await local.project(project)
        if not await local.keeper.accounts(owner.id, user, toolkit):
            raise await _not_connected(local, owner.id, user, toolkit)
        session = await Direct(local.store, local.catalogue).session(owner.id, user)
        done = await Executor(local.store, local.catalogue, local.keeper, local.runner).execute(session, slug, given, full=full)
    if not done.successful:
        raise ToolwayError(done.error or "The call failed.")
    click.echo(json.dumps(done.data, indent=2, ensure_ascii=False))
    more = f", more with {json.dumps(done.next)}" if done.next else ""
    trimmed = ", trimmed (--full shows all)" if done.trimmed else ""
    waited = f", waited {done.waited:.1f} s for its turn" if done.waited >= 0.05 else ""
    changed = f", changed {json.dumps(done.changed, ensure_ascii=False)}" if done.changed else ""
    items = f", items {json.dumps(done.items, ensure_ascii=False)}" if done.items else ""
    total = f", {done.total} in all" if done.total is not None else ""
    clock = f", by the clock of {done.zone}" if done.zone else ""
    click.echo(f"{done.status} in {done.ms} ms as {done.account}{total}{waited}{changed}{items}{clock}{trimmed}{more}", err=True)
    if done.note:
        click.echo(done.note, err=True)


async def _not_connected(local: "Local", project_id: str, user: str, toolkit: str) -> NotConnected:
    """What to do where no account can be used: perhaps one is there that was connected in the sandbox, or beside it."""
    played = toolkit in local.settings.played
    if await local.store.accounts.active(project_id, user, toolkit):
        there = (
            "The one that is connected is real, and calls go to the sandbox now."
            if played
            else "One is connected in the sandbox, which is not running."
        )
    else:
        there = ""
    where = " in the sandbox" if played else " at the real service" if there else ""
    fix = f"Connect one{where}: toolway connect {toolkit} --user {user}"
    return NotConnected(toolkit, fix=f"{there} {fix}".strip())
