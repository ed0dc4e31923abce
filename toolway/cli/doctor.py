"""`toolway doctor`: what is wrong with this installation and its connections, and what mends it."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

import asyncio
import json
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import msgspec
import rich_click as click

from toolway.errors import NotFound, ToolwayError
from toolway.router import policy
from toolway.router.doctor import Connection, Pace
from toolway.serve import health
from toolway.serve.health import Finding
from toolway.serve.local import Local
from toolway.serve.running import beside
from toolway.settings import read

if TYPE_CHECKING:
    from rich.console import Console

_MARKS = {"good": "[green]good[/]", "wrong": "[bold red]wrong[/]", "note": "[yellow]note[/]"}


@click.command()
@click.option("--user", default="", help="Only this user's connections.")
@click.option("--toolkit", default="", help="Only connections of this toolkit.")
@click.option("--session", default="", metavar="trs_...", help="The connections of this session: which account a call would use, and why.")
@click.option("--project", default="", help="Only this project.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--data", help="Data folder.  [default: ~/.toolway]")
def doctor(user: str, toolkit: str, session: str, project: str, as_json: bool, data: str | None) -> None:
    """What is wrong with this installation and its connections, and what mends it. Each connected key is tried with a call or two.

    Leaves with 1 when something is wrong.
    """
    findings, connections = asyncio.run(_look(data, user, toolkit, session, project))
    wrong = sum(one.state == "wrong" for one in findings) + sum(one.wrong for one in connections)
    if as_json:
        told = {"wrong": wrong, "findings": msgspec.to_builtins(findings), "connections": [one.to_json() for one in connections]}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        _show(findings, connections, wrong)
    sys.exit(1 if wrong else 0)


async def _look(data: str | None, user: str, toolkit: str, session: str, project: str) -> tuple[list[Finding], list[Connection]]:
    try:
        settings = beside(read({"data": data}))
    except ToolwayError as problem:
        return [health.troubled(problem)], []
    findings = health.before_opening(settings)
    # What is not there is not made: a key file that is gone may come back from a backup.
    if not settings.data.is_dir() or any(one.state == "wrong" and one.name in ("settings", "vault") for one in findings):
        return findings, []
    try:
        async with await Local.open(settings) as local:
            findings += await health.opened(local)
            return findings, await _connections(local, user, toolkit, session, project)
    except NotFound:  # what was asked for
        raise
    except ToolwayError as problem:
        return [*findings, health.troubled(problem)], []


async def _connections(local: Local, user: str, toolkit: str, session: str, project: str) -> list[Connection]:
    projects = [one for one in await local.store.projects.all() if project in ("", one.name)]
    if project and not projects:
        raise NotFound(f"There is no project {project[:80]!r}.", fix="toolway status names them.")
    if not session:
        return [fact for one in projects for fact in await local.doctor.facts(one.id, user, toolkit)]
    for one in projects:
        if (found := await local.store.sessions.get(one.id, session)) is not None:
            return await local.doctor.of_session(found, [toolkit] if toolkit else ())
    raise NotFound(f"There is no session {session[:80]!r}.", fix="Its id stands in the address of its MCP endpoint: trs_...")


def _show(findings: list[Finding], connections: list[Connection], wrong: int) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    console = Console(highlight=False)
    table = Table(Column(no_wrap=True), Column(no_wrap=True), Column(overflow="fold"), box=None, show_header=False, padding=(0, 2, 0, 0))
    for one in findings:
        mend = f"\n[dim]→[/] {escape(one.mend)}" if one.mend else ""
        table.add_row(_MARKS[one.state], one.name, escape(one.said) + mend)
    console.print(table)
    for one in connections:
        _show_connection(console, one)
    if not connections and not wrong:
        console.print("\nNo account is connected.")
    console.print(f"\n[bold red]{wrong} wrong.[/]" if wrong else "\nNothing is wrong.")


def _show_connection(console: "Console", one: Connection) -> None:
    from rich.markup import escape
    from rich.table import Column, Table

    played = " (sandbox)" if one.sandbox else ""
    head = f"{one.toolkit}{played}: {one.label or 'not connected'} for {one.user_id}"
    console.print(f"\n[bold]{escape(head)}[/]")
    table = Table(Column(no_wrap=True), Column(overflow="fold"), box=None, show_header=False, padding=(0, 2, 0, 2))
    for name, text in _lines(one):
        shown = escape(text)
        table.add_row(name, f"[bold red]{shown}[/]" if name == "trouble" and one.wrong else shown)
    console.print(table)


def _lines(one: Connection) -> Iterable[tuple[str, str]]:
    if one.account_id:
        yield "id", one.account_id
    status = one.status + (f" ({one.reason})" if one.reason else "")
    works = {True: ", the key works", False: ", the key does not work", None: ""}[one.works]
    yield "status", status + works
    for name, value in one.sees.items():
        yield name, ", ".join(map(str, cast("list[Any]", value))) if isinstance(value, list) else str(value)
    if one.account_id:
        yield "may", policy.may(one.effects)
    if one.alias:
        yield "alias", one.alias
    for name, value in one.settings.items():
        yield name, value
    if one.why:
        yield "a call", one.why
    if one.refreshed_at:
        yield "refreshed", _when(one.refreshed_at)
    if one.expires_at:
        yield "expires", _when(one.expires_at)
    for pace in one.pace:
        yield "pace", _pace(pace, "plan" in one.settings)
    if one.trouble:
        yield "trouble", one.trouble
    if one.mend:
        yield "to do", one.mend


def _pace(pace: Pace, known: bool) -> str:
    plan = f" {'on' if known else 'if it is on'} the {pace.when}" if pace.when else ""
    used = "" if pace.used is None else f"; {pace.used} in the last {pace.per} by the call log, without look-ups and this look"
    calls = f"{pace.allows} call{'' if pace.allows == 1 else 's'} a{'n' if pace.per == 'hour' else ''} {pace.per}"
    return calls + plan + used


def _when(at: int) -> str:
    return datetime.fromtimestamp(at / 1000).astimezone().strftime("%Y-%m-%d %H:%M")
