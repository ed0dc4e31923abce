"""`toolway status`: what is kept, and what was called last."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

import asyncio
from datetime import datetime

import rich_click as click

from toolway.serve.local import Local
from toolway.serve.running import running
from toolway.settings import read


@click.command()
@click.option("--last", default=10, show_default=True, help="How many calls to show.")
@click.option("--data", help="Data folder.  [default: ~/.toolway]")
def status(last: int, data: str | None) -> None:
    """What is kept, and what was called last."""
    asyncio.run(_show(last, data))


async def _show(last: int, data: str | None) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    console = Console()
    settings = read({"data": data})
    told = running(settings.data)
    server = f"{told['origin']} (process {told['pid']})" if told else "none is running on this data folder"
    console.print(f"server    {server}", highlight=False)
    console.print(f"data      {settings.data}", highlight=False)
    async with await Local.open(settings) as local:
        kits = local.catalogue.toolkits()
        console.print(f"toolkits  {', '.join(f'{k.slug} ({k.tools} tools)' for k in kits)}")
        for project in await local.store.projects.all():
            keys = [k for k in await local.store.keys.list(project.id) if k.revoked_at is None]
            accounts = await local.store.accounts.list(project.id, status="ACTIVE")
            calls = await local.store.log.count(project.id)
            console.print(f"\nproject {project.name}: keys {len(keys)}, connected accounts {len(accounts)}, calls {calls}")
            for account in accounts[:20]:
                played = " (sandbox)" if "sandbox" in account.settings else ""
                console.print(f"  {account.toolkit}{played}: {account.label} for {account.user_id}  {account.id}", highlight=False)
            table = Table("when", Column("tool", no_wrap=True), "user", "outcome", "ms", box=None, padding=(0, 1, 0, 0))
            for entry in await local.store.log.recent(project.id, last):
                outcome = {"unknown": "outcome unknown", "sent": "sent, no answer yet"}.get(entry.state, entry.state)
                said = f"{outcome} ({entry.error})" if entry.error else outcome
                when = datetime.fromtimestamp(entry.at / 1000).astimezone().strftime("%m-%d %H:%M:%S")
                table.add_row(when, entry.tool, entry.user_id, said, str(entry.ms))
            if table.row_count:
                console.print(table)
