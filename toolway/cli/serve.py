"""`toolway serve`: the router."""

# pyright: reportUnknownMemberType=false
# (rich_click's decorators are typed for an older click)

import asyncio
import contextlib
import gc
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import rich_click as click

from toolway.accounts import ring
from toolway.cli import counted, tell_left_out
from toolway.cli.oversee import oversee
from toolway.errors import BadSetting
from toolway.serve.app import App
from toolway.serve.gate import is_loopback
from toolway.serve.local import Local
from toolway.serve.running import address, leave_word, running
from toolway.settings import Settings, read
from toolway.watch import Spans, Watch, adopt, start


@click.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on; 0 picks a free one.  [default: 9900]")
@click.option("--data", help="Folder of database, vault key and index.  [default: ~/.toolway]")
@click.option("--database", help="Database: a file, or postgresql://user@host/name.  [default: a SQLite file in the data folder]")
@click.option("--public-url", help="The https address under which clients reach this server.")
@click.option("--tls-cert", help="Certificate file, to speak https.")
@click.option("--tls-key", help="Private key of the certificate.")
@click.option("--workers", type=int, help="Processes that share the address.  [default: 1]")
@click.option("--host-override", multiple=True, metavar="NAME=URL", help="Send a toolkit's host elsewhere, e.g. clockify.api=http://...")
@click.option("--sandbox", is_flag=True, help="Play Clockify and DeskTime beside it; no account is needed.")
@click.option("--sandbox-fault", default="", metavar="NAME:SHARE,...", help="What goes wrong there: 429:0.1,slow:2s,cut:0.01.")
@click.option("--sandbox-seed", default=0, help="The same seed lets the same requests go wrong.  [default: 0]")
def serve(sandbox: bool, sandbox_fault: str, sandbox_seed: int, host_override: tuple[str, ...], **flags: Any) -> None:
    """Start the router. The first start makes the data folder, the vault key and an API key."""
    start()
    adopt()
    settings = read(flags | ({"hosts": ",".join(host_override)} if host_override else {}))
    if settings.text("vault_key_command"):  # once, for all workers
        key = ring.setting(settings.text("vault_key"), settings.text("vault_key_command"))
        settings = settings.but(vault_key=key, vault_key_command="")
    start(level=settings.text("log"))
    with contextlib.ExitStack() as stack:
        more = _faults(sandbox, sandbox_fault, sandbox_seed)
        played = stack.enter_context(_sandbox(settings.data, more)) if sandbox else ""
        if played:
            settings = settings.but(sandbox=played)
        with asyncio.Runner(loop_factory=fast_loop()) as runner:
            runner.run(_serve(settings))


def fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The fast loop where it is there; uvicorn picks it only for loops that it makes itself."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(settings: Settings) -> None:
    alone = settings.workers == 1
    watch = Watch(spans=spans(settings))
    with contextlib.ExitStack() as stack:
        async with await Local.open(settings, watch) as local:
            app = App(local)
            _check(settings.tls)
            _protocol()
            listener = _listen(settings)
            fresh = await local.first_key()
            own = address(settings, listener.getsockname()[1])
            origin = settings.text("public_url").rstrip("/") or own
            other = stack.enter_context(leave_word(settings, origin, [kit.slug for kit in local.catalogue.toolkits()]))
            _tell(settings, local, own, origin, other, fresh.open() if fresh else "")
            if alone:
                async with local.idle:
                    await run(settings, app, listener)
                return
        await oversee(settings, listener)


def spans(settings: Settings) -> Spans | None:
    """Where traces go, if anywhere. Raises `BadSetting` when what sends them is not installed."""
    return Spans.to(settings.traces) if settings.traces else None


def _check(tls: tuple[str, str] | None) -> None:
    """Raises `BadSetting` for a certificate or key that is none, before a server or many workers stumble over it."""
    if tls:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*tls, password="")
        except (OSError, ValueError) as error:
            raise BadSetting(
                f"tls_cert and tls_key cannot be used: {getattr(error, 'reason', None) or error}.",
                fix="Give a certificate and its own key, in PEM and without a password.",
            ) from None


async def run(settings: Settings, app: App, listener: socket.socket) -> None:
    """Serve the application on the socket until told to stop."""
    import uvicorn

    certificate, key = settings.tls or (None, None)
    config = uvicorn.Config(
        app,
        http=_protocol(),
        proxy_headers=False,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=5,
        ws="none",
    )

    class Server(uvicorn.Server):
        """Ends when told to; uvicorn's own would then raise the signal again, and what is still to be closed and written would not be."""

        @contextlib.contextmanager
        def capture_signals(self) -> Generator[None]:
            before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)

    _collect_less()
    await Server(config).serve(sockets=[listener])


def _collect_less() -> None:
    """What is there now stays for good, and calls leave few cycles behind: to look through it all every 700 objects is for nothing."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def _protocol() -> Any:
    """Uvicorn's strict protocol, with limits of ours. Raises `BadSetting` where it cannot be had.

    uvicorn's other one has no such limits, and takes requests that two readers divide in two ways.
    """
    try:
        from toolway.cli.doorkeeper import Doorkeeper
    except ImportError:
        raise BadSetting("The package httptools cannot be loaded.", fix="Install Toolway again, with all that it depends on.") from None
    return Doorkeeper


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.text("host"), settings.port
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        told = running(settings.data)
        other = f"Toolway runs already: {told['origin']} (process {told['pid']}). End it, or choose" if told else "Choose"
        raise BadSetting(f"{host}:{port} cannot be listened on: {error.strerror}.", fix=f"{other} another with --port.") from None
    except (ValueError, TypeError):  # NUL, or a name that no resolver takes
        raise BadSetting(f"host is {host[:80]!r}, which is no address.", fix="Give an address of this machine.") from None
    return listener


def _tell(settings: Settings, local: Local, own: str, origin: str, other: Mapping[str, Any] | None, key: str) -> None:
    click.echo(f"Toolway listens on {own}" + (f" and is reached under {origin}" if origin != own else ""))
    if other:
        click.echo(f"Note: {other['origin']} (process {other['pid']}) serves this data folder too; commands ask that one.", err=True)
    real = [f"{kit.slug} ({counted(kit.tools, 'tool')})" for kit in local.catalogue.toolkits() if kit.slug not in settings.played]
    if real:
        click.echo(f"Calls go to the real services: {', '.join(real)}")
    if settings.played:
        click.echo(f"Sandbox: Clockify and DeskTime are played at {settings.text('sandbox')}")
        click.echo("  connect with the keys sandbox-clockify-key and sandbox-desktime-key")
    if settings.text("hosts"):
        click.echo(f"Sent elsewhere: {settings.text('hosts')}")
    if not is_loopback(settings.text("host")) and urlsplit(origin).scheme != "https":
        click.echo("Note: this listens beyond this machine without https; keys would travel in the clear.", err=True)
    tell_left_out(local.catalogue)
    if key:
        click.echo("\nFirst start. Put this into your program's .env; the key is shown this once:\n")
        click.echo(f"COMPOSIO_BASE_URL={origin}\nCOMPOSIO_API_KEY={key}\n")
    sys.stdout.flush()


def _faults(sandbox: bool, fault: str, seed: int) -> list[str]:
    """The sandbox's arguments for what is to go wrong in it. Raises `BadSetting` before it is started."""
    if not fault:
        return []
    if not sandbox:
        raise BadSetting("--sandbox-fault makes a sandbox go wrong, and there is none.", fix="Add --sandbox.")
    from toolway.sandbox.mix import Mix

    Mix.read(fault, seed)
    return ["--fault", fault, "--seed", str(seed)]


@contextlib.contextmanager
def _sandbox(data: Path, more: list[str]) -> Any:
    from toolway.serve.local import made

    made(data)
    command = [sys.executable, "-m", "toolway.sandbox", "--port", "0", "--data", str(data / "sandbox.json"), "--with-parent", *more]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TOOLWAY_")}  # no key of ours is its business
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean)
    try:
        assert child.stdout is not None
        line = child.stdout.readline()
        if not line.startswith("sandbox ready "):
            raise BadSetting("The sandbox did not start.", fix=f"Its state in {data / 'sandbox.json'} may be damaged: move it away.")
        yield line.split()[-1]
    finally:
        child.terminate()
        child.wait(5)
