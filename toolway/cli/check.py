"""`toolway toolkit check`: toolkits against the documents that their vendors publish."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

import sys
from pathlib import Path

import rich_click as click

from toolway.cli import counted
from toolway.errors import BadRequest, NotFound


@click.command()
@click.argument("toolkits", nargs=-1, metavar="[TOOLKIT | FOLDER]...")
@click.option("--against", "document", type=click.Path(path_type=Path), help="The vendor's OpenAPI 3 document, as JSON or YAML.")
@click.option("--record", is_flag=True, help="Write checked.lock when nothing differs.")
def check(toolkits: tuple[str, ...], document: Path | None, record: bool) -> None:
    """Hold a toolkit against its vendor's document: toolway toolkit check clockify --against openapi.json

    Without a document: tell which tools changed since they were checked. Left out: every toolkit.
    Leaves with 1 when something differs, with 2 when the document or a toolkit cannot be read.
    """
    if document is None and record:
        raise click.UsageError("--record keeps what was checked against a document; --against is missing.")
    if document is not None and len(toolkits) != 1:
        raise click.UsageError("--against wants one toolkit, whose document it is.")
    from toolway.cli.folders import chosen

    try:
        folders = chosen(toolkits)
        lines = _against(folders[0], document, record) if document else _unchanged(folders)
    except (BadRequest, NotFound) as error:
        click.echo(f"toolway: {error.sentence}", err=True)
        for detail in getattr(error, "details", ()):
            click.echo(f"  {detail}", err=True)
        sys.exit(2)
    sys.exit(1 if lines else 0)


def _against(folder: Path, document: Path, record: bool) -> list[str]:
    from toolway.catalog import checked, witness

    found = checked.against(folder, witness.load(document))
    for line in found.slips:
        click.echo(line)
    told = (f"{counted(found.tools, 'tool')} checked", counted(len(found.slips), "slip"), counted(found.accepted, "known deviation"))
    click.echo(", ".join(told), err=True)
    if found.moved:
        click.echo(f"In the document these changed since they were recorded: {', '.join(found.moved)}", err=True)
    if not found.slips and record:
        checked.record(folder, found)
    elif record:
        click.echo("Nothing was recorded.", err=True)
    elif not found.slips and not found.recorded:
        said = "says otherwise; --record writes it anew" if (folder / checked.LOCK).exists() else "is not there yet; --record writes it"
        click.echo(f"{folder.name}/{checked.LOCK} {said}.", err=True)
    return found.slips


def _unchanged(folders: list[Path]) -> list[str]:
    from toolway.catalog import checked

    tools, lines = 0, list[str]()
    for folder in folders:
        count, found = checked.unchanged(folder)
        tools += count
        lines += found
    for line in lines:
        click.echo(line)
    click.echo(f"{counted(tools, 'tool')} with an operation of a document, {len(lines)} changed or not checked", err=True)
    return lines
