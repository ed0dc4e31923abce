"""The command line: a room a command group, opened when it is called."""

# pyright: reportUnknownMemberType=false, reportCallIssue=false
# (rich_click's decorators are typed for an older click)

import shlex
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import rich_click as click

from toolway import __version__

if TYPE_CHECKING:
    from toolway.catalog.index import Catalogue

_ROOMS = {
    "serve": "Start the router.",
    "connect": "Connect an account with a key, without a browser.",
    "disconnect": "Take a connected account away.",
    "auth-config": "How users connect to a toolkit: an OAuth2 client of your own.",
    "key": "Make, list and revoke API keys.",
    "doctor": "What is wrong with this installation and its connections, and what mends it.",
    "vault": "The keys that what is kept is encrypted with: which there are, and a new one in place of the old.",
    "status": "What is kept, and what was called last.",
    "search": "Find tools for a request in words.",
    "toolkit": "Look at toolkits, check them, try their tools.",
    "sandbox": "Play Clockify and DeskTime, for tests and demonstrations.",
    "settings": "Every setting, its value and where it came from.",
}


class _Rooms(click.RichGroup):
    """Imports a command's room when it is called, so that every command starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_ROOMS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _ROOMS:
            return None
        if len(sys.argv) < 2 or sys.argv[1] != cmd_name:
            return click.RichCommand(cmd_name, short_help=_ROOMS[cmd_name], help=_ROOMS[cmd_name])
        room = cmd_name.replace("-", "_")
        return getattr(import_module(f"toolway.cli.{room}"), room)


@click.group(cls=_Rooms, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="toolway")
def cli() -> None:
    """Toolway: a tool router that you run yourself."""


def counted(count: int, noun: str) -> str:
    """A number of things in words: 1 toolkit, 1,200 tools."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def tell_left_out(catalogue: "Catalogue") -> None:
    """Say on stderr which toolkits cannot be read: whoever looks for a tool of theirs would look for long."""
    for folder, error in catalogue.broken.items():
        click.echo(f"Left out: {error.message} See: toolway toolkit lint {shlex.quote(folder)}", err=True)


def main() -> None:
    """Entry point: errors of ours are a sentence, not a traceback."""
    from toolway.errors import ToolwayError

    try:
        cli()
    except ToolwayError as error:
        click.echo(f"toolway: {error.message}", err=True)
        if error.fix:
            click.echo(f"  {error.fix}", err=True)
        details: tuple[str, ...] = getattr(error, "details", ())
        for detail in details if len(details) > 1 else ():
            click.echo(f"  {detail}", err=True)
        sys.exit(1)
