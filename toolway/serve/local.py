"""Everything a process needs, put together once from the settings: for the server, and for commands that work on the same data."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

from toolway.accounts import ring
from toolway.accounts.idle import Idle
from toolway.accounts.keeper import Keeper
from toolway.accounts.keys import Keys, open_keys
from toolway.accounts.renewal import Renewal
from toolway.accounts.vault import Secret, Vault
from toolway.calls.run import Runner
from toolway.catalog.index import BUILTIN, Catalogue
from toolway.errors import BadSetting, Conflict, UnknownToolkit
from toolway.net import Net, named_addresses
from toolway.router.comeback import Comebacks
from toolway.router.connect import Connector
from toolway.router.custody import Custody
from toolway.router.doctor import Doctor
from toolway.router.standing import Standing
from toolway.settings import Settings
from toolway.store.records import Project, new_id, now_ms
from toolway.store.shelves import Store
from toolway.watch import Watch

DEFAULT_PROJECT = "default"


class Local:
    """The parts of an installation. `async with await Local.open(settings) as local:` closes them in the end."""

    def __init__(self, settings: Settings, store: Store, vault: Vault, keys: Keys, catalogue: Catalogue, net: Net, watch: Watch) -> None:
        self.settings = settings
        self.store = store
        self.vault = vault
        self.keys = keys
        self.catalogue = catalogue
        self.net = net
        self.watch = watch
        self.renewal = Renewal(store, vault, catalogue, net)
        self.keeper = Keeper(store, vault, settings.played, self.renewal.renew)
        self.idle = Idle(store, self.keeper, self.renewal, settings.refresh_days)
        self.runner = Runner(net, settings.overrides, watch, self.keeper.renewed)
        self.comebacks = Comebacks(store, settings.callback_urls)
        self.connector = Connector(store, catalogue, self.keeper, self.runner, keys.derive, vault, net, self.comebacks)
        self.custody = Custody(store, catalogue, vault, self.keeper, self.renewal, net)
        self.doctor = Doctor(store, catalogue, self.keeper, self.runner)
        self.standing = Standing(store, catalogue, self.keeper)

    @classmethod
    async def open(cls, settings: Settings, watch: Watch | None = None) -> Self:
        """Open the data folder; makes what is missing. Raises `BadSetting` with what to do."""
        catalogue = open_catalogue(settings)
        overrides = settings.overrides
        for name in overrides:
            _known_host(catalogue, name)
        net = Net(named_addresses(overrides.values(), settings.words("private_hosts")), settings.proxy)
        store = await Store.open(settings.database)
        try:
            vault = Vault.open(settings.data, ring.setting(settings.text("vault_key"), settings.text("vault_key_command")))
            return cls(settings, store, vault, await open_keys(store, vault), catalogue, net, watch or Watch())
        except BaseException:
            await store.close()
            raise

    async def project(self, name: str = DEFAULT_PROJECT) -> Project:
        """The project of a name, made when it is missing."""
        found = await self.store.projects.by_name(name)
        if found is None:
            found = Project(new_id("pr_"), name, now_ms())
            try:
                await self.store.projects.add(found)
            except Conflict:
                found = await self.store.projects.by_name(name) or found
        return found

    async def first_key(self) -> Secret | None:
        """The key to show at the first start: the preset one, else a fresh one when there is none yet."""
        project = await self.project()
        preset = self.settings.text("api_key")
        if preset:
            await self.keys.preset(project.id, preset)
            return None
        if await self.store.keys.list(project.id):
            return None
        return (await self.keys.create(project.id))[1]

    async def close(self) -> None:
        """Close connections, and write what the log and the traces still hold."""
        await self.renewal.close()
        await self.net.close()
        try:
            await self.store.close()
        finally:
            if self.watch.spans is not None:
                await asyncio.to_thread(self.watch.spans.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()


def open_catalogue(settings: Settings) -> Catalogue:
    """The catalogue of the operator's own toolkits and the built-in ones; of one slug the first is taken."""
    folder = made(settings.data)
    catalogue = Catalogue([*settings.toolkits, BUILTIN], folder / "catalogue.db")
    if settings.flag("dense"):
        from toolway.catalog.dense import Dense

        catalogue.vote = Dense(catalogue, folder / "vectors.db").nearest
    return catalogue


def made(folder: Path) -> Path:
    """The data folder, made when it is missing. Raises `BadSetting`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        why = "a file has its place" if isinstance(error, FileExistsError | NotADirectoryError) else error.strerror
        raise BadSetting(f"The data folder {folder} cannot be made: {why}.", fix="Name another one (--data or TOOLWAY_DATA).") from None
    return folder


def _known_host(catalogue: Catalogue, name: str) -> None:
    slug, _, host = name.partition(".")
    try:
        kit = catalogue.toolkit(slug)
    except UnknownToolkit as error:
        raise BadSetting(f"hosts names the toolkit {slug!r}, which there is not.", fix=error.fix) from None
    region, mark, of_region = host.partition(".")
    known = of_region in kit.regions.get(region, {}) if mark else host in kit.hosts
    if slug != kit.slug or not known:
        raise BadSetting(f"hosts names {name!r}; {slug} has the hosts {', '.join(f'{slug}.{h}' for h in kit.hosts)}.")
