"""`toolway search`: which tools serve a request."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

import json
import time
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

import rich_click as click

if TYPE_CHECKING:
    from toolway.catalog.index import Catalogue
    from toolway.catalog.search import Found


@click.command()
@click.argument("query", nargs=-1)
@click.option("--toolkits", metavar="A,B", help="Only these toolkits.")
@click.option("--connected", metavar="A,B", default="", help="Prefer these toolkits, as for a user who has connected them.")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many tools at most.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--batch", type=click.File("rb"), metavar="FILE.jsonl", help='Read {"query": ...} lines, print {"query", "ranked"} lines.')
@click.option("--timings", is_flag=True, help="Tell how many milliseconds each search took.")
def search(
    query: tuple[str, ...], toolkits: str | None, connected: str, limit: int, as_json: bool, batch: IO[bytes] | None, timings: bool
) -> None:
    """Find the tools for what is asked, such as "log two hours on the Acme site"."""
    from toolway.cli.toolkit import open_catalogue

    if bool(query) == (batch is not None):
        raise click.UsageError('Give a request in words, such as: toolway search "start a timer" (or --batch FILE.jsonl).')
    chosen = _named(toolkits) if toolkits is not None else None
    preferred = _named(connected)
    catalogue = open_catalogue()
    _hear(catalogue)
    if batch is not None:
        for asked in _queries(batch):
            found, spent = _found(catalogue, asked, chosen, preferred, limit)
            told = {"query": asked, "ranked": [hit.slug for hit in found.hits if found.fits]}
            click.echo(json.dumps(told | ({"ms": spent} if timings else {}), ensure_ascii=False))
        return
    asked = " ".join(query)
    found, spent = _found(catalogue, asked, chosen, preferred, limit)
    hits = [hit._asdict() | {"title": catalogue.card(hit.slug).title} for hit in found.hits if found.fits]
    if as_json:
        told = {"query": asked, "hits": hits, "fits": found.fits, "nearest": found.nearest}
        click.echo(json.dumps(told | ({"ms": spent} if timings else {}), ensure_ascii=False))
        return
    for hit in hits:
        click.echo(f"{hit['slug']:<43} {hit['title']}")
    if not hits:
        lack = f" What {found.lack.toolkit} leaves out is most like it: {found.lack.text}." if found.lack else ""
        bare = " Say with what it is to be done." if found.bare else ""
        click.echo(f"Nothing fits{f'; {found.nearest} might' if found.nearest else ''}.{bare or lack}", err=True)
    if timings:
        click.echo(f"{spent} ms", err=True)


def _hear(catalogue: "Catalogue") -> None:
    """Give the vote by meaning its say, where it is on."""
    from toolway import settings

    read = settings.read()
    if read.flag("dense"):
        from toolway.catalog.dense import Dense

        catalogue.vote = Dense(catalogue, read.data / "vectors.db" if read.data.is_dir() else None).nearest


def _named(listed: str) -> list[str]:
    return [part.strip() for part in listed.split(",") if part.strip()]


def _found(catalogue: "Catalogue", query: str, toolkits: list[str] | None, connected: list[str], limit: int) -> "tuple[Found, float]":
    from toolway.catalog.search import search as find

    start = time.perf_counter()
    found = find(catalogue, query, toolkits, limit, connected=connected)
    return found, round((time.perf_counter() - start) * 1000, 3)


def _queries(lines: IO[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            asked = str(json.loads(line)["query"])
            asked.encode()  # half a character could not be printed again
        except (ValueError, KeyError, TypeError, RecursionError):
            raise click.ClickException(f'{getattr(lines, "name", "-")}:{number}: {{"query": "..."}} is expected') from None
        yield asked
