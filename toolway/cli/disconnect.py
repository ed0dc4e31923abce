"""`toolway disconnect`: take a connected account away."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

import asyncio

import rich_click as click

from toolway.accounts.keeper import PLAYED
from toolway.errors import NotFound
from toolway.serve.local import Local
from toolway.serve.running import beside
from toolway.settings import read


@click.command()
@click.argument("account_id")
@click.option("--data", help="Data folder.  [default: ~/.toolway]")
def disconnect(account_id: str, data: str | None) -> None:
    """Take a connected account away by its id, with what is kept of its secrets; a token is taken back at its provider first."""
    click.echo(asyncio.run(_disconnect(account_id, data)))


async def _disconnect(account_id: str, data: str | None) -> str:
    async with await Local.open(beside(read({"data": data}))) as local:
        for project in await local.store.projects.all():
            account = await local.store.accounts.get(project.id, account_id)
            if account is None:
                continue
            told = await local.custody.delete(account)
            played = " (sandbox)" if PLAYED in account.settings else ""
            label = f" as {account.label}" if account.label else ""
            after = "\nIts provider took the token back." if told else "\nThe key stays good at the service: end it there." if label else ""
            return f"Disconnected {account.toolkit}{played}{label} for {account.user_id}: {account.id}{after}"
    raise NotFound(f"There is no connected account {account_id[:80]!r}.", fix="toolway status shows the ids.")
