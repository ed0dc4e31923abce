"""`toolway sandbox`: Clockify and DeskTime, played."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

from pathlib import Path

import rich_click as click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=9901, show_default=True, help="Port to listen on; 0 picks a free one.")
@click.option("--data", type=click.Path(path_type=Path, dir_okay=False), help="File that keeps the state; left out: memory.")
@click.option("--fault", default="", metavar="NAME:SHARE,...", help="What goes wrong: 429:0.1,500:0.05,slow:2s,cut:0.01,rubbish:0.01.")
@click.option("--seed", default=0, show_default=True, help="The same seed lets the same requests go wrong.")
def sandbox(host: str, port: int, data: Path | None, fault: str, seed: int) -> None:
    """Play Clockify and DeskTime, with the keys sandbox-clockify-key and sandbox-desktime-key."""
    from toolway.sandbox.mix import Mix
    from toolway.sandbox.process import run

    mix = Mix.read(fault, seed) if fault else None
    click.echo("Once it is ready, point a router at its address:  TOOLWAY_SANDBOX=http://... toolway serve", err=True)
    run(host, port, data, False, mix)
