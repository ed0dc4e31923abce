"""`toolway sandbox`: Clockify and DeskTime, played."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

from pathlib import Path

import rich_click as click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=9901, show_default=True, help="Port to listen on; 0 picks a free one.")
@click.option("--data", type=click.Path(path_type=Path, dir_okay=False), help="File that keeps the state; left out: memory.")
def sandbox(host: str, port: int, data: Path | None) -> None:
    """Play Clockify and DeskTime, with the keys sandbox-clockify-key and sandbox-desktime-key."""
    from toolway.sandbox.process import run

    click.echo("Once it is ready, point a router at its address:  TOOLWAY_SANDBOX=http://... toolway serve", err=True)
    run(host, port, data, False)
