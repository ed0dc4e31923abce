"""`toolway status`: what is kept, and what was called last."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

import asyncio
from datetime import datetime

import rich_click as click

from toolway.accounts.keeper import PLAYED
from toolway.cli import tell_left_out
from toolway.router import policy
from toolway.serve.local import Local
from toolway.serve.running import beside, differing, running
from toolway.settings import read
from toolway.store.log import Log
from toolway.store.records import Entry, now_ms


@click.command()
@click.option("--last", default=10, show_default=True, help="How many calls to show, and how many older ones whose outcome is unknown.")
@click.option("--data", help="Data folder.  [default: ~/.toolway]")
def status(last: int, data: str | None) -> None:
    """What is kept, and what was called last."""
    asyncio.run(_show(last, data))


async def _show(last: int, data: str | None) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    console = Console()
    settings = beside(read({"data": data}))
    told = running(settings.data)
    server = f"{told['origin']} (process {told['pid']})" if told else "none is running on this data folder"
    console.print(f"server    {server}", highlight=False)
    console.print(f"data      {settings.data}", highlight=False)
    async with await Local.open(settings) as local:
        kits = local.catalogue.toolkits()
        console.print(f"toolkits  {', '.join(f'{k.slug} ({k.tools} tools)' for k in kits)}")
        if other := differing(settings.data, [kit.slug for kit in kits]):
            console.print(f"          {other}", highlight=False)
        tell_left_out(local.catalogue)
        for project in await local.store.projects.all():
            keys = [k for k in await local.store.keys.list(project.id) if k.revoked_at is None]
            accounts = await local.store.accounts.list(project.id, status="ACTIVE")
            calls, unknown = await local.store.log.count(project.id), await local.store.log.count_unknown(project.id)
            counted = f"calls {calls}" + (f", outcome unknown {unknown}" if unknown else "")
            console.print(f"\nproject {project.name}: keys {len(keys)}, connected accounts {len(accounts)}, {counted}")
            for account in accounts[:20]:
                played = " (sandbox)" if PLAYED in account.settings else ""
                console.print(escape(f"  {account.toolkit}{played}: {account.label} for {account.user_id}"), highlight=False)
                console.print(f"    {account.id}  may {policy.may(account.effects)}", highlight=False)
            table = Table("when", Column("tool", no_wrap=True), "user", "outcome", "ms", box=None, padding=(0, 1, 0, 0))
            for entry in await _calls(local.store.log, project.id, last):
                outcome = {"unknown": "outcome unknown", "sent": "sent, no answer yet"}.get(entry.state, entry.state)
                said = f"{outcome} ({entry.error})" if entry.error else outcome
                when = datetime.fromtimestamp(entry.at / 1000).astimezone().strftime("%m-%d %H:%M:%S")
                table.add_row(when, entry.tool, entry.user_id, said, str(entry.ms))
            if table.row_count:
                console.print(table)


async def _calls(log: Log, project_id: str, last: int) -> list[Entry]:
    """The last calls and, after them, as many older ones whose outcome is unknown: those are not to be forgotten when others follow."""
    shown = list(await log.recent(project_id, last))
    before = shown[-1].at + 1 if shown else now_ms()
    known = {entry.id for entry in shown}
    older = [entry for entry in await log.unknown(project_id, before, last + len(shown)) if entry.id not in known]
    return shown + older[:last]
