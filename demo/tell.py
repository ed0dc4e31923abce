"""What the demo says: a line a step, a small table an answer. Good at 80 columns and more, with colours and without."""

import json

from rich.console import Console
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from demo.play import Json, Table

_MOST_WIDTH = 100
_LABEL, _MS = 14, 8
_INDENT = 3
_LEFT = _INDENT + _LABEL + 2


class Teller:
    """Tells the demo on a console."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._console.width = min(self._console.width, _MOST_WIDTH)
        self._number = 0

    def say(self, *lines: str, style: str = "") -> None:
        """Plain lines."""
        for line in lines:
            self._console.print(Text(line, style=style))

    def request(self, words: str) -> None:
        """The next request."""
        self._number += 1
        self._console.print()
        self._console.print(Text.assemble((f"{self._number}  ", "cyan"), (words, "bold")))

    def step(self, phase: str, said: Text | str, ms: float | None = None) -> None:
        """A step that was done: of which phase, what, and how long it took."""
        grid = Grid.grid(padding=(0, 2, 0, 0), expand=True)
        grid.add_column(width=_LABEL, style="cyan")
        grid.add_column(ratio=1, overflow="fold")
        grid.add_column(width=_MS, justify="right", style="dim", no_wrap=True)
        grid.add_row(phase, said if isinstance(said, Text) else Text(said), "" if ms is None else f"{ms:.0f} ms")
        self._console.print(Padding(grid, (0, 0, 0, _INDENT)))

    def aside(self, said: str) -> None:
        """Something about a step."""
        self._console.print(Padding(Text(said, style="dim"), (0, 0, 0, _LEFT)))

    def found(self, tool: str, slugs: list[str], ms: float) -> None:
        """What a search found, and what was taken of it."""
        rank = slugs.index(tool) + 1
        self.step("Discovery", Text.assemble((tool, "bold"), (f"  {_ordinal(rank)} of {len(slugs)}", "dim" if rank == 1 else "yellow")), ms)
        self.aside(_shortened([slug for slug in slugs if slug != tool], self._console.width - _LEFT))

    def called(self, arguments: Json, ms: float) -> None:
        """A call that succeeded."""
        self.step("Execution", json.dumps(arguments, ensure_ascii=False), ms)

    def table(self, table: Table) -> None:
        """An answer."""
        grid = Grid(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
        for head in table.heads:
            grid.add_column(head, justify="right" if head in ("tracked", "productive", "time") else "left", overflow="fold")
        for row in table.rows[: table.most]:
            grid.add_row(*(Text(cell) for cell in row))
        self._console.print(Padding(grid, (0, 0, 0, _LEFT)))
        if len(table.rows) > table.most:
            self.aside(f"and {len(table.rows) - table.most} more")

    def failed(self, sentence: str) -> None:
        """Why the demo ends here."""
        self._console.print()
        self._console.print(Text.assemble(("The demo failed. ", "bold red"), sentence))


def _ordinal(number: int) -> str:
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number, 'th') }"


def _shortened(slugs: list[str], width: int) -> str:
    """As many slugs as a line takes, and how many more there are."""
    for shown in range(len(slugs), 0, -1):
        left = len(slugs) - shown
        said = "also " + ", ".join(slugs[:shown]) + (f" and {left} more" if left else "")
        if len(said) <= width:
            return said
    return f"also {len(slugs)} more" if slugs else "nothing else"
