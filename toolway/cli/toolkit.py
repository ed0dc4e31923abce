"""`toolway toolkit`: the toolkits that there are, what their tools take, and whether their files are right."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from toolway.cli import counted, tell_left_out
from toolway.cli.check import check
from toolway.cli.folders import toolkit_folders
from toolway.cli.new import new
from toolway.cli.trial import try_

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from toolway.catalog.index import Catalogue
    from toolway.catalog.model import Field, Param, Tool, Toolkit

_EFFECTS = {"read": "green", "create": "blue", "update": "yellow", "destroy": "red"}


def open_catalogue() -> "Catalogue":
    """The catalogue, with its compiled file in the data folder if there is one already. Tells of toolkits that cannot be read."""
    from toolway import settings
    from toolway.catalog.index import Catalogue

    data = settings.read().data
    catalogue = Catalogue(toolkit_folders(), data / "catalogue.db" if data.is_dir() else None)
    tell_left_out(catalogue)
    return catalogue


@click.group()
def toolkit() -> None:
    """Toolkits: list and show them, check and weigh their files."""


@toolkit.command("list")
def list_() -> None:
    """List the toolkits."""
    catalogue = open_catalogue()
    table = _table("toolkit", "title", "tools", "proof", "about")
    for card in catalogue.toolkits():
        table.add_row(card.slug, _plain(card.title), str(card.tools), " ".join(card.modes).lower(), _plain(card.about))
    _console().print(table)


@toolkit.command()
@click.argument("slug")
@click.option("--markdown", is_flag=True, help="A toolkit as a page: a table of its tools.")
def show(slug: str, markdown: bool) -> None:
    """Show a toolkit with its tools, or a tool with what it takes."""
    catalogue = open_catalogue()
    if markdown:
        click.echo(_page(catalogue.toolkit(slug)), nl=False)
    elif "_" in slug and all(card.slug != slug.lower() for card in catalogue.toolkits()):
        _show_tool(catalogue.tool(slug))
    else:
        _show_toolkit(catalogue, slug)


@toolkit.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
def lint(folders: tuple[Path, ...]) -> None:
    """Check toolkit folders; left out: every toolkit. Warnings fail nothing."""
    from toolway.catalog.index import toolkit_folders as found
    from toolway.catalog.lint import is_warning
    from toolway.catalog.lint import lint as check

    looked_at = found(folders or toolkit_folders())
    lines = [line for folder in looked_at for line in check(folder)]
    for line in lines:
        click.echo(line)
    errors = sum(not is_warning(line) for line in lines)
    found_in = (counted(len(looked_at), "toolkit"), counted(errors, "error"), counted(len(lines) - errors, "warning"))
    click.echo(", ".join(found_in), err=True)
    sys.exit(1 if errors else 0)


@toolkit.command()
@click.argument("slugs", nargs=-1)
def weigh(slugs: tuple[str, ...]) -> None:
    """Tell how many characters an agent reads for each tool, heaviest first. Left out: of all toolkits."""
    from toolway.catalog.lint import HEAVIEST
    from toolway.catalog.schema import weight

    catalogue = open_catalogue()
    toolkits = [catalogue.toolkit(slug) for slug in slugs or [card.slug for card in catalogue.toolkits()]]
    weights = sorted((-weight(tool, kit), tool.slug) for kit in toolkits for tool in kit.tools.values())
    table = _table("characters", "tool")
    table.columns[0].justify = "right"
    for weighed, slug in weights:
        table.add_row(f"[red]{-weighed:,}[/]" if -weighed > HEAVIEST else f"{-weighed:,}", slug)
    _console().print(table)
    total = -sum(weighed for weighed, _ in weights)
    mean = total // max(len(weights), 1)
    click.echo(f"{counted(len(weights), 'tool')}, {total:,} characters, {mean:,} each; at most {HEAVIEST:,} are allowed", err=True)
    sys.exit(1 if any(-weighed > HEAVIEST for weighed, _ in weights) else 0)


def _show_toolkit(catalogue: "Catalogue", slug: str) -> None:
    kit = catalogue.toolkit(slug)
    console = _console()
    console.print(f"[bold]{_plain(kit.title)}[/]  {kit.slug}  {kit.version}", highlight=False)
    console.print(_plain(kit.about), *map(_plain, kit.notes), sep="\n", highlight=False)
    table = _table("tool", "effect", "about")
    for tool in kit.tools.values():
        about = _plain(f"{tool.about} (retired: {tool.retire})" if tool.retire else tool.about)
        table.add_row(tool.slug, f"[{_EFFECTS[tool.effect]}]{tool.effect}[/]", about)
    console.print(table)


def _page(kit: "Toolkit") -> str:
    """A toolkit as a page in Markdown."""
    from toolway.catalog.schema import weight

    rows = [
        (f"`{tool.slug}`", tool.title, tool.effect, f"`{tool.method} {tool.host} {tool.path}`", f"{weight(tool, kit):,}")
        for tool in sorted(kit.tools.values(), key=lambda tool: tool.slug)
        if not tool.retire
    ]
    lines = [
        f"# {kit.title}",
        "",
        f"{kit.about} Written by `toolway toolkit show {kit.slug} --markdown`; `make tables` renews it.",
        "",
        f"{counted(len(rows), 'tool')}. Where a host of a call is, `[hosts]` of the toolkit says; the size is how many characters an agent",
        "reads to know the tool.",
        "",
        "| tool | title | effect | calls | size |",
        "|---|---|---|---|---:|",
        *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def _show_tool(tool: "Tool") -> None:
    console = _console()
    console.print(f"[bold]{_plain(tool.title)}[/]  {tool.slug}  [{_EFFECTS[tool.effect]}]{tool.effect}[/]", highlight=False)
    console.print(_plain(tool.about), highlight=False)
    console.print(_plain(f"{tool.method} {tool.host} {tool.path}"), style="dim", highlight=False)
    table = _table("argument", "type", "place", "about")
    for param in tool.params:
        for row in _rows(param):
            table.add_row(*map(_plain, row))
    if table.rows:
        console.print(table)
    for name, value in (("always sent", tool.fixed), ("view", ", ".join(tool.view)), ("merge", tool.merge and tool.merge.source)):
        if value:
            console.print(_plain(f"{name}: {value}"), style="dim", highlight=False)
    for ask in tool.asks:
        console.print(_plain(f'"{ask}"'), style="italic", highlight=False)
    console.print(_plain(f"{tool.toolkit}/{tool.line}"), style="dim", highlight=False)


def _rows(param: "Param") -> list[tuple[str, str, str, str]]:
    place = param.place if param.given == param.field.name else f"{param.place} {param.field.name}"
    return [(name, kind, place, about) for name, kind, about in _members(param.given, param.field)]


def _members(name: str, field: "Field") -> list[tuple[str, str, str]]:
    """A field and what is within it, each with its type as the files write it."""
    from msgspec import UNSET, structs

    from toolway.catalog.grammar import write

    plain = not field.kind.fields or field.default is UNSET
    shown = write(structs.replace(field, about="") if plain else structs.replace(field, about="", default=UNSET))
    found = [(name, shown, field.about)]
    for member in field.kind.fields:
        found += _members(f"{name}.{member.name}", member)
    return found


def _table(first: str, *others: str) -> "Table":
    """A table without lines; what is looked for by its name stands in full."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for other in others:
        table.add_column(other, overflow="fold")
    return table


def _plain(text: str) -> str:
    """Text as it stands, not as markup."""
    from rich.markup import escape

    return escape(text)


def _console() -> "Console":
    from rich.console import Console

    return Console() if sys.stdout.isatty() or "COLUMNS" in os.environ else Console(width=160)


toolkit.add_command(check)
toolkit.add_command(new)
toolkit.add_command(try_)
