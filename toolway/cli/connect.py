"""`toolway connect`: connect an account with a key, without a browser."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

import asyncio
import sys

import rich_click as click

from toolway.accounts import schemes
from toolway.cli import tell_left_out
from toolway.errors import BadArgument
from toolway.serve.local import DEFAULT_PROJECT, Local
from toolway.serve.running import beside
from toolway.settings import read


@click.command()
@click.argument("toolkit")
@click.option("--user", required=True, help="The user that agents work for, as the program names them (USER_ID).")
@click.option("--api-key", help="The key; left out: read from standard input, or asked for.")
@click.option("--scheme", default="", help="How, where the toolkit knows several ways: api_key, bearer_token, basic ...")
@click.option("--set", "fields", multiple=True, metavar="NAME=VALUE", help="What else is asked for, e.g. region=EUC1.")
@click.option("--project", default=DEFAULT_PROJECT, show_default=True, help="Project whose agents may use it.")
@click.option("--data", help="Data folder.  [default: ~/.toolway]")
def connect(toolkit: str, user: str, api_key: str | None, scheme: str, fields: tuple[str, ...], project: str, data: str | None) -> None:
    """Connect TOOLKIT for a user. The key is tried first, and stored encrypted only if the service takes it."""
    if api_key is None:
        api_key = click.prompt("API key", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    settings: dict[str, str] = {}
    for field in fields:
        name, equals, value = field.partition("=")
        if not equals:
            raise BadArgument(f"--set {field} has no value.", fix="Write --set NAME=VALUE.")
        settings[name] = value
    click.echo(asyncio.run(_connect(toolkit, user, (api_key or "").strip(), scheme.upper(), settings, project, data)))


async def _connect(toolkit: str, user: str, key: str, mode: str, fields: dict[str, str], project: str, data: str | None) -> str:
    settings = beside(read({"data": data}))
    async with await Local.open(settings) as local:
        tell_left_out(local.catalogue)
        owner = await local.project(project)
        kit = local.catalogue.toolkit(toolkit)
        auth = schemes.auth_of(kit, mode) if mode else schemes.key_auth(kit)
        asked = schemes.asked(auth) if auth else ()
        given = {one.name: fields.pop(one.name) for one in asked if one.name in fields}
        name = next((one.name for one in asked if one.hidden and one.name not in given), "access_token")
        account = await local.connector.direct(owner.id, user, toolkit, {name: key} | given, fields, mode=mode or None)
    played = " (sandbox)" if account.toolkit in settings.played else ""
    return f"Connected {account.toolkit}{played} as {account.label} for {user}: {account.id}"
