"""`toolway auth-config`: how users connect to a toolkit, with an OAuth2 client of the operator's own above all."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

import asyncio
import sys

import rich_click as click

from toolway.accounts import oauth, schemes
from toolway.cli import counted, tell_left_out
from toolway.errors import Conflict, NotFound
from toolway.serve.local import DEFAULT_PROJECT, Local
from toolway.serve.running import beside, origin_of
from toolway.settings import Settings, read
from toolway.store.records import AuthConfig

_DATA = click.option("--data", help="Data folder.  [default: ~/.toolway]")


@click.group()
def auth_config() -> None:
    """How users connect to a toolkit: make, list, show, switch off and delete auth configs."""


@auth_config.command("new")
@click.argument("toolkit")
@click.option("--client-id", default="", help="The client's id, as the service gave it.")
@click.option(
    "--scheme", default="", help="How users connect: oauth2, api_key ...  [default: oauth2 with a client id, else as the toolkit says]"
)
@click.option("--scopes", default="", help="Scopes, parted by blanks.  [default: the toolkit's]")
@click.option("--authorize-url", default="", help="Where people say yes, where the toolkit does not tell.")
@click.option("--token-url", default="", help="Where tokens are given.")
@click.option("--revoke-url", default="", help="Where tokens are taken back.")
@click.option("--issuer", default="", help="How the service names itself.")
@click.option("--token-endpoint-auth-method", default="", help=f"How the client proves itself: {', '.join(oauth.METHODS)}.")
@click.option("--name", default="", help="What the auth config is called.  [default: after toolkit and scheme]")
@click.option("--tool", "tools", multiple=True, metavar="SLUG", help="A tool that it allows, once for each.  [default: all]")
@click.option("--project", default=DEFAULT_PROJECT, show_default=True, help="Project whose users connect by it.")
@_DATA
def new(toolkit: str, scheme: str, name: str, tools: tuple[str, ...], project: str, data: str | None, **given: str) -> None:
    """Make an auth config for TOOLKIT.

    The secret of an OAuth2 client is read from standard input, or asked for; leave it empty for a client that has none.
    """
    settings = beside(read({"data": data}))
    wanted = {key: value for key, value in given.items() if value}
    if wanted:
        secret = click.prompt("Client secret", "", hide_input=True, show_default=False) if sys.stdin.isatty() else sys.stdin.readline()
        wanted |= {"client_secret": secret.strip()} if secret.strip() else {}

    async def make() -> None:
        async with await Local.open(settings) as local:
            tell_left_out(local.catalogue)
            kit = local.catalogue.toolkit(toolkit)
            usual = schemes.key_auth(kit)
            mode = scheme.upper() or (usual.mode if usual and not wanted else "OAUTH2")
            owner = await local.project(project)
            made = await local.custody.make_config(owner.id, kit.slug, mode, wanted, name, tools)
            await _tell(settings, local, made)

    asyncio.run(make())


@auth_config.command("list")
@click.option("--toolkit", default="", help="Only those of this toolkit.")
@click.option("--project", help="Only those of this project.")
@_DATA
def list_(toolkit: str, project: str | None, data: str | None) -> None:
    """List auth configs."""

    async def look() -> list[tuple[str, AuthConfig, int]]:
        async with await Local.open(beside(read({"data": data}))) as local:
            found: list[tuple[str, AuthConfig, int]] = []
            for owner in await local.store.projects.all():
                if project in (None, owner.name):
                    for one in await local.store.auth_configs.list(owner.id, toolkit.lower() or None):
                        found.append((owner.name, one, await local.store.auth_configs.connections(owner.id, one.id)))
            return found

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    id_ = Column("id", no_wrap=True, min_width=26)
    table = Table(id_, "project", "toolkit", "scheme", "name", "accounts", "state", box=None, padding=(0, 1, 0, 0))
    for owner, one, count in asyncio.run(look()):
        table.add_row(one.id, escape(owner), one.toolkit, one.mode, escape(one.name), str(count), _state(one.enabled))
    Console().print(table)


@auth_config.command("show")
@click.argument("auth_config_id")
@_DATA
def show(auth_config_id: str, data: str | None) -> None:
    """Show an auth config; of OAuth2 with the redirect URI to register."""
    settings = beside(read({"data": data}))

    async def tell() -> None:
        async with await Local.open(settings) as local:
            await _tell(settings, local, await _found(local, auth_config_id))

    asyncio.run(tell())


@auth_config.command("enable")
@click.argument("auth_config_id")
@_DATA
def enable(auth_config_id: str, data: str | None) -> None:
    """Switch an auth config on again."""
    asyncio.run(_switch(auth_config_id, data, True))


@auth_config.command("disable")
@click.argument("auth_config_id")
@_DATA
def disable(auth_config_id: str, data: str | None) -> None:
    """Switch an auth config off.

    Nobody connects by it then, and no call is made with its accounts.
    """
    asyncio.run(_switch(auth_config_id, data, False))


@auth_config.command("delete")
@click.argument("auth_config_id")
@click.option("--yes", is_flag=True, help="Also where accounts were connected by it; they go with it.")
@_DATA
def delete(auth_config_id: str, yes: bool, data: str | None) -> None:
    """Delete an auth config.

    With --yes the accounts that were connected by it go too; their tokens are taken back first.
    """

    async def end() -> int:
        async with await Local.open(beside(read({"data": data}))) as local:
            config = await _found(local, auth_config_id)
            count = await local.store.auth_configs.connections(config.project_id, config.id)
            if count and not yes:
                raise Conflict(
                    f"{counted(count, 'account')} would go with it.", fix="Add --yes, or switch it off: toolway auth-config disable"
                )
            return await local.custody.delete_config(config)

    click.echo(f"Deleted {auth_config_id} and {counted(asyncio.run(end()), 'account')}")


async def _found(local: Local, id: str) -> AuthConfig:
    for project in await local.store.projects.all():
        found = await local.store.auth_configs.get(project.id, id)
        if found is not None:
            return found
    raise NotFound(f"There is no auth config {id[:80]!r}.", fix="toolway auth-config list shows the ids.")


async def _switch(id: str, data: str | None, enabled: bool) -> None:
    async with await Local.open(beside(read({"data": data}))) as local:
        await local.custody.change_config(await _found(local, id), enabled=enabled)
    click.echo(f"{id} is {_state(enabled)}")


def _state(enabled: bool) -> str:
    return "on" if enabled else "switched off"


async def _tell(settings: Settings, local: Local, one: AuthConfig) -> None:
    lines = {
        "id": one.id,
        "toolkit": one.toolkit,
        "scheme": one.mode,
        "name": one.name,
        "state": _state(one.enabled),
        "tools": ", ".join(one.tools) or "all",
        "accounts": str(await local.store.auth_configs.connections(one.project_id, one.id)),
        **one.settings,
        **await local.custody.shown_config(one),
    }
    if one.mode == "OAUTH2":
        lines["redirect URI"] = origin_of(settings) + oauth.CALLBACK
    width = max(map(len, lines)) + 2
    for name, value in lines.items():
        click.echo(f"{name:{width}}{value}")
