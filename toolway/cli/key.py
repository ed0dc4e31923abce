"""`toolway key`: the API keys of projects."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

import asyncio
import re
from datetime import UTC, datetime

import rich_click as click

from toolway.accounts.keys import SCOPES
from toolway.errors import BadArgument, NotFound
from toolway.serve.local import DEFAULT_PROJECT, Local
from toolway.serve.running import beside
from toolway.settings import read
from toolway.store.records import ApiKey, now_ms

_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}


@click.group()
def key() -> None:
    """Make, list and revoke API keys."""


@key.command("new")
@click.option("--project", default=DEFAULT_PROJECT, show_default=True, help="Project that the key belongs to; made when missing.")
@click.option("--scope", default=",".join(SCOPES), show_default=True, help="What it may do, comma-separated.")
@click.option("--expires", help="When it ends: 12h, 90d, 4w. Left out: never.")
@click.option("--data", help="Data folder.  [default: ~/.toolway]")
def new(project: str, scope: str, expires: str | None, data: str | None) -> None:
    """Make a key and show it, this once."""
    scopes = tuple(part.strip() for part in scope.split(",") if part.strip())

    async def make() -> str:
        async with await Local.open(beside(read({"data": data}))) as local:
            owner = await local.project(project)
            made, secret = await local.keys.create(owner.id, scopes, _until(expires))
            click.echo(f"{made.id} for project {project}, may {', '.join(made.scopes)}", err=True)
            return secret.open()

    click.echo(asyncio.run(make()))


@key.command("list")
@click.option("--project", help="Only the keys of this project.")
@click.option("--data", help="Data folder.  [default: ~/.toolway]")
def list_(project: str | None, data: str | None) -> None:
    """List keys; a key itself is never shown again."""

    async def look() -> list[tuple[str, ApiKey]]:
        async with await Local.open(beside(read({"data": data}))) as local:
            names = {p.id: p.name for p in await local.store.projects.all()}
            return [(names[k.project_id], k) for k in await local.store.keys.list(None) if project in (None, names[k.project_id])]

    from rich.console import Console
    from rich.table import Column, Table

    table = Table(
        Column("id", no_wrap=True, min_width=26), "project", "key ends with", "scopes", "made on", "state", box=None, padding=(0, 1, 0, 0)
    )
    for name, one in asyncio.run(look()):
        table.add_row(one.id, name, one.hint, ", ".join(one.scopes), _day(one.created_at), _state(one))
    Console().print(table)


@key.command("revoke")
@click.argument("key_id")
@click.option("--data", help="Data folder.  [default: ~/.toolway]")
def revoke(key_id: str, data: str | None) -> None:
    """Revoke a key by its id; running servers refuse it at once."""

    async def end() -> bool:
        async with await Local.open(beside(read({"data": data}))) as local:
            return await local.store.keys.revoke(key_id, now_ms())

    if not asyncio.run(end()):
        raise NotFound(f"There is no key {key_id!r} that could be revoked.", fix="toolway key list shows the ids.")
    click.echo(f"Revoked {key_id}")


def _until(text: str | None) -> int | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,5})([mhdw])", text)
    if match is None:
        raise BadArgument(f"--expires is {text!r}; a number and a unit are expected: 30m, 12h, 90d, 4w.")
    return now_ms() + int(match[1]) * _UNITS[match[2]] * 1000


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d")


def _state(one: ApiKey) -> str:
    if one.revoked_at:
        return f"revoked {_day(one.revoked_at)}"
    if one.expires_at:
        return f"{'expired' if one.expires_at <= now_ms() else 'until'} {_day(one.expires_at)}"
    return "good"
