"""`toolway toolkit new`: a folder to begin a toolkit with."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

import sys
from pathlib import Path

import rich_click as click

from toolway.cli import counted
from toolway.errors import BadFile, BadRequest, Conflict


@click.command()
@click.argument("slug")
@click.option(
    "--spec", "document", type=click.Path(path_type=Path), metavar="FILE", help="The vendor's OpenAPI 3 document, as JSON or YAML."
)
@click.option("--tags", multiple=True, metavar="TAG", help="Only operations of this tag of the document; may be given again.")
def new(slug: str, document: Path | None, tags: tuple[str, ...]) -> None:
    """Draft a toolkit in a folder of this name: toolway toolkit new harvest --spec openapi.json --tags Tags

    Left out --spec: a folder with one example. Leaves with 2 when the document, a tag or the slug cannot be used.
    """
    if tags and document is None:
        raise click.UsageError("--tags chooses operations of a document; --spec is missing.")
    from toolway.catalog import draft, witness

    try:
        drafted = draft.draft(slug, witness.load(document), tags) if document else draft.blank(slug)
        _write(Path(slug), drafted.files)
    except (BadRequest, Conflict) as error:
        click.echo(f"toolway: {error.sentence}", err=True)
        sys.exit(2)
    for name in drafted.files:
        click.echo(f"{slug}/{name}")
    click.echo(f"{counted(drafted.tools, 'tool')} drafted." + "".join(f"\n  left out: {reason}" for reason in drafted.left), err=True)
    click.echo(f"Write what says TODO, then: toolway toolkit lint {slug}", err=True)
    if document:
        click.echo(f"Hold it against the document: toolway toolkit check {slug} --against {document}", err=True)


def _write(folder: Path, files: dict[str, str]) -> None:
    try:
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
    except FileExistsError:
        raise Conflict(f"{folder}/ is there already; nothing was written.", fix="Choose another slug, or move it away.") from None
    except OSError as error:
        raise BadFile(f"{folder}/ cannot be written: {error.strerror}.") from None
