"""`toolway vault`: the keys that seal what is kept."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

import asyncio
import shlex
from collections import Counter

import rich_click as click

from toolway.accounts import rotation
from toolway.accounts.ring import KeyFile
from toolway.accounts.rotation import Rotated
from toolway.cli import counted
from toolway.errors import BadArgument
from toolway.serve.local import Local
from toolway.serve.running import beside
from toolway.settings import Settings, read

_KINDS = {"pepper": "the secret that API keys are hashed with"}
_ELSEWHERE = "the setting {name} ({origin}), which cannot be changed from here"


@click.group()
def vault() -> None:
    """The keys that seal what is kept."""


@vault.command("status")
@click.option("--data", help="Data folder.  [default: ~/.toolway]")
def status(data: str | None) -> None:
    """The keys of the ring, and how much is sealed under each."""
    asyncio.run(_status(beside(read({"data": data}))))


async def _status(settings: Settings) -> None:
    from rich.console import Console
    from rich.table import Table

    async with await Local.open(settings) as local:
        under = await rotation.under_each(local.store)
        ring = local.vault.ring
    console = Console()
    console.print(f"The ring is in {_where(settings, local.vault.file)}.", highlight=False, soft_wrap=True)
    table = Table("key", "is", "encrypted with it", box=None, padding=(0, 2, 0, 0))
    for key in (*ring, *sorted(under.keys() - set(ring))):
        what = "the one that seals" if key == ring[0] else "still opens" if key in ring else "MISSING: what is under it does not open"
        table.add_row(
            key,
            what,
            ", ".join(f"{_KINDS.get(name, name)} {number:,}" for name, number in sorted(under.get(key, Counter()).items())) or "nothing",
        )
    console.print(table)
    if len(ring) > 1:
        console.print("toolway vault rotate goes on with the change of keys.")


@vault.command("rotate")
@click.option("--join", is_flag=True, help="Only let a new key join the ring, to be copied to other machines first.")
@click.option("--to", "to", metavar="ID", help="The key that everything is to be sealed under, where the ring is in a setting.")
@click.option("--data", help="Data folder.  [default: ~/.toolway]")
def rotate(join: bool, to: str | None, data: str | None) -> None:
    """Seal everything under a new key, and destroy the old one. Servers may run meanwhile; if it is cut off, start it again."""
    settings = beside(read({"data": data}))
    asyncio.run(_rotate(settings, join, to))


async def _rotate(settings: Settings, join: bool, to: str | None) -> None:
    async with await Local.open(settings) as local:
        file = local.vault.file
        if file is None:
            if join:
                raise BadArgument("--join changes a key file, and here the ring is in a setting.", fix="Leave it out to see what to do.")
            await _elsewhere(settings, local, to)
            return
        if to is not None:
            raise BadArgument("--to is for a ring in a setting; here it is in a key file.", fix="Leave it out.")
        if join:
            with rotation.alone(file):
                key = rotation.join(file)
            click.echo(f"{key} joined the ring and seals nothing yet.")
            click.echo(f"Copy {shlex.quote(str(file.path))} to the other machines (mode 600), then: toolway vault rotate")
            return
        _tell_all(await rotation.rotate(local.store, local.vault, click.echo))
        click.echo("Copies of the file, in backups and on other machines, still hold the old key: replace them.")


async def _elsewhere(settings: Settings, local: Local, to: str | None) -> None:
    """What to change by hand, as far as it has come."""
    first, *others = ring = local.vault.ring
    where = _where(settings, None)
    if to is None:
        click.echo(f"The ring is in {where}. Step by step, with a server never without a key that it needs:")
        click.echo("  1. Make a key: openssl rand -base64 32")
        click.echo(f"  2. Put it behind the old one, under a name:  {first}:OLD,new:NEW  and restart every server, one after the other.")
        click.echo(f"  3. Put it first:  new:NEW,{first}:OLD  and restart them again.")
        click.echo("  4. With that setting: toolway vault rotate --to new")
        click.echo(f"  5. Take {first}:OLD out and restart them once more.")
        if others:
            click.echo(f"The ring holds {', '.join(ring)} now; {first} seals. If that is the new one, step 4 is next: --to {first}")
        return
    if to not in ring:
        raise BadArgument(f"The ring in {where} has no key {to[:40]!r}; it holds {', '.join(ring)}.", fix="toolway vault rotate tells how.")
    if to != first:
        raise BadArgument(
            f"{first} seals, not {to}.", fix=f"Put {to}:... first in {where.partition(',')[0]}, restart every server, and do this again."
        )
    done = await rotation.seal_anew(local.store, local.vault, click.echo)
    _tell_all(done)
    if done.idle:
        click.echo(f"Nothing needs {', '.join(done.idle)} any more: take it out of the setting and restart the servers.")


def _tell_all(done: Rotated) -> None:
    click.echo(f"Everything is sealed under {done.key}; {counted(done.renewed, 'value')} sealed anew.")
    for one in done.stuck:
        click.echo(f"But: {one}", err=True)
    if done.stuck:
        click.echo("What does not open has to be connected again; the key that it is sealed under stays.", err=True)


def _where(settings: Settings, file: KeyFile | None) -> str:
    if file is not None:
        return str(file.path)
    name = "vault_key_command" if settings.text("vault_key_command") else "vault_key"
    return _ELSEWHERE.format(name=f"TOOLWAY_{name.upper()}", origin=settings.origin_of(name))
