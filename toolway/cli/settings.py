"""`toolway settings`: every setting, its value and where it came from."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

import rich_click as click

from toolway.settings import SETTINGS, read


@click.command()
@click.option("--data", help="Data folder.  [default: ~/.toolway]")
def settings(data: str | None) -> None:
    """Every setting, its value and where it came from."""
    from rich.console import Console
    from rich.table import Table

    found = read({"data": data})
    table = Table("environment", "value", "from", "what it does", box=None, padding=(0, 2, 0, 0))
    for one in SETTINGS:
        table.add_row(f"TOOLWAY_{one.name.upper()}", found.shown(one.name), found.origin_of(one.name), one.sentence)
    Console().print(table)
