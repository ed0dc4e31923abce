"""The vault's keys change under what is kept: all of it is sealed anew, whoever is cut off finishes later, and nothing is lost."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from tests.databases import outside
from toolway.accounts import rotation
from toolway.accounts.keys import Keys, open_keys
from toolway.accounts.ring import KEY_FILE, KeyFile, Ring, fresh_key
from toolway.accounts.rotation import Rotated, rotate
from toolway.accounts.vault import Vault
from toolway.errors import Conflict, Unavailable
from toolway.store.records import Account, AuthConfig, Authorization, Link, Project, now_ms
from toolway.store.sealed import key_of
from toolway.store.shelves import Store

AT = now_ms()
LATER = AT + 600_000


class Kept(NamedTuple):
    """A database with something sealed on each shelf, and a process that opened it."""

    data: Path
    url: str
    store: Store
    vault: Vault
    keys: Keys

    def account(self, id: str, sealed: str = "") -> Account:
        sealed = sealed or self.vault.seal(f"secret of {id}".encode(), f"connected_account/{id}")
        return Account(id, "pr_1", "alice", "clockify", "ac_1", "ACTIVE", "", "me", "", {}, sealed, AT, AT, "API_KEY")

    async def opens(self, ids: list[str]) -> None:
        """All of it opens for a process that starts now, and with the one key that is left."""
        vault = Vault.open(self.data, None)
        assert len(vault.ring) == 1
        under = await rotation.under_each(self.store)
        assert {key: dict(kinds) for key, kinds in under.items()} == {
            vault.ring[0]: {"accounts": len(ids), "auth configs": 1, "authorizations": 1, "pepper": 1}
        }
        for id in ids:
            account = await self.store.accounts.get("pr_1", id)
            assert account is not None
            assert vault.unseal(account.sealed, f"connected_account/{id}") == f"secret of {id}".encode()
        config = await self.store.auth_configs.get("pr_1", "ac_1")
        assert config is not None and vault.unseal(config.sealed, "auth_config/ac_1") == b"client secret"
        [(sealed,)] = await outside(self.url, "SELECT sealed FROM authorizations")
        assert vault.unseal(sealed, "authorization/d1") == b"verifier"
        assert (await open_keys(self.store, vault)).derive("x") == self.keys.derive("x")


@asynccontextmanager
async def keeping(data: Path, url: str, ids: list[str]) -> AsyncGenerator[Kept]:
    async with await Store.open(url) as store:
        vault = Vault.open(data, None)
        kept = Kept(data, url, store, vault, await open_keys(store, vault))
        await store.projects.add(Project("pr_1", "p", AT))
        secret = vault.seal(b"client secret", "auth_config/ac_1")
        await store.auth_configs.add(AuthConfig("ac_1", "pr_1", "clockify", "OAUTH2", "n", True, AT, AT, False, {}, secret))
        for id in ids:
            await store.accounts.add(kept.account(id))
        waits = msgspec.structs.replace(kept.account("ca_waits"), status="INITIATED", sealed="")
        await store.links.begin(waits, Link("l1", "ca_waits", "pr_1", "", AT, LATER), AT)
        verifier = vault.seal(b"verifier", "authorization/d1")
        await store.authorizations.begin(Authorization("d1", "pr_1", "ca_waits", "l1", "b", verifier, AT, LATER))
        yield kept


async def test_everything_is_sealed_anew_and_the_old_key_is_gone(tmp_path: Path, url: str) -> None:
    ids = [f"ca_{number:03}" for number in range(230)]
    async with keeping(tmp_path, url, ids) as kept:
        old = kept.vault.ring[0]
        other = Vault.open(tmp_path, None)  # a server that runs meanwhile
        told: list[str] = []
        done = await rotate(kept.store, Vault.open(tmp_path, None), told.append, 0.05)
        assert (done.renewed, done.idle, done.stuck) == (233, (old,), ())
        assert old not in (tmp_path / KEY_FILE).read_text() and (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
        await kept.opens(ids)
        account = await kept.store.accounts.get("pr_1", ids[0])
        assert account is not None and account.updated_at == AT
        assert other.unseal(account.sealed, f"connected_account/{ids[0]}") and key_of(account.sealed) == done.key
        assert other.seal(b"x", "row").startswith(f"v1.{done.key}.")
        await rotate(kept.store, Vault.open(tmp_path, None), told.append, 0.05)
        await kept.opens(ids)


def quietly(_: str) -> None: ...


CUT_OFF = """
import asyncio, os, signal, sys
from pathlib import Path
from toolway.accounts.rotation import rotate
from toolway.accounts.vault import Vault
from toolway.store.shelves import Store

async def main(data, url, steps):
    told = []
    def tell(text):
        told.append(text)
        if len(told) == steps:
            os.kill(os.getpid(), signal.SIGKILL)
    async with await Store.open(url) as store:
        await rotate(store, Vault.open(Path(data), None), tell, 0.05)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


async def test_whoever_is_killed_at_any_step_finishes_the_next_time(tmp_path: Path, url: str) -> None:
    ids = ["ca_1", "ca_2"]
    async with keeping(tmp_path, url, ids) as kept:
        steps = 0
        while steps := steps + 1:
            before = Vault.open(tmp_path, None).ring
            cut = await asyncio.create_subprocess_exec(sys.executable, "-c", CUT_OFF, str(tmp_path), url, str(steps))
            if await cut.wait() == 0:
                break
            assert cut.returncode == -signal.SIGKILL
            account = await kept.store.accounts.get("pr_1", "ca_1")
            assert account is not None and kept.vault.unseal(account.sealed, "connected_account/ca_1") == b"secret of ca_1"
            held = Vault.open(tmp_path, None).ring
            new = held[0]
            # Where the last step was the destruction, there is nothing to finish, and the next one is a change of its own.
            if len(held) > 1:
                assert (await rotate(kept.store, Vault.open(tmp_path, None), quietly, 0.05)).key == new
            await kept.opens(ids)
            assert Vault.open(tmp_path, None).ring == (new,) != before
        assert steps == 8  # it was killed after each of seven


async def test_nothing_is_kept_under_a_key_that_was_retired(tmp_path: Path, url: str) -> None:
    async with keeping(tmp_path, url, ["ca_1"]) as kept:
        late = [kept.account("ca_late"), kept.account("ca_1")]
        await rotate(kept.store, Vault.open(tmp_path, None), quietly, 0.05)
        with pytest.raises(Unavailable, match="at this moment"):
            await kept.store.accounts.add(late[0])
        with pytest.raises(Unavailable):
            await kept.store.accounts.move(late[1], "change", alias="work")
        await kept.store.accounts.add(kept.account("ca_late"))  # sealed again
        await kept.opens(["ca_1", "ca_late"])


async def test_who_renews_an_account_under_a_lease_is_not_disturbed(tmp_path: Path, url: str) -> None:
    """It knows the account by the text of its secrets, and brings what exists nowhere else: a rotated refresh token."""
    async with keeping(tmp_path, url, ["ca_1"]) as kept:
        account = await kept.store.accounts.get("pr_1", "ca_1")
        assert account is not None and await kept.store.accounts.lease(account, "me", now_ms() + 60_000)
        told: asyncio.Queue[str] = asyncio.Queue()
        rotating = asyncio.create_task(rotate(kept.store, Vault.open(tmp_path, None), told.put_nowait, 0.05))
        while "pepper" not in await told.get():
            pass
        assert await kept.store.sealed.retire(kept.vault.ring[0]) == 1
        fresh = kept.vault.seal(b"secret of ca_1", "connected_account/ca_1")
        assert await kept.store.accounts.renew(account, "renew", sealed=fresh) is not None
        await rotating
        await kept.opens(["ca_1"])


async def test_what_does_not_open_keeps_its_key_and_is_told(tmp_path: Path, url: str) -> None:
    async with keeping(tmp_path, url, ["ca_1", "ca_2"]) as kept:
        strange = Vault.of(fresh_key()).seal(b"x", "connected_account/ca_3")
        await kept.store.accounts.add(kept.account("ca_3", strange))
        await kept.store.accounts.add(kept.account("ca_4", kept.vault.seal(b"x", "connected_account/ca_5")))
        done = await rotate(kept.store, Vault.open(tmp_path, None), quietly, 0.05)
        assert len(done.stuck) == 2 and "ca_3" in done.stuck[0] + done.stuck[1] and "ca_4" in done.stuck[0] + done.stuck[1]
        assert done.idle == () and len(Vault.open(tmp_path, None).ring) == 2
        assert {key: kinds["accounts"] for key, kinds in (await rotation.under_each(kept.store)).items()} == {
            done.key: 2,
            "own": 1,
            kept.vault.ring[-1] if kept.vault.ring[0] == done.key else kept.vault.ring[0]: 1,
        }


async def test_of_two_at_once_one_is_told_to_wait(tmp_path: Path, url: str) -> None:
    async with keeping(tmp_path, url, ["ca_1"]) as kept:
        tries = [rotate(kept.store, Vault.open(tmp_path, None), quietly, 0.05) for _ in range(2)]
        one, other = await asyncio.gather(*tries, return_exceptions=True)
        assert isinstance(one, Rotated) and isinstance(other, Conflict)
        await kept.opens(["ca_1"])


def test_a_key_that_joined_seals_only_when_it_is_told_to(tmp_path: Path) -> None:
    vault, file = Vault.open(tmp_path, None), KeyFile(tmp_path / KEY_FILE)
    [old] = vault.ring
    joined = rotation.join(file)
    assert rotation.join(file) == joined  # not another one
    assert vault.seal(b"x", "row").startswith(f"v1.{old}.") and vault.ring == (old, joined)
    assert rotation.promote(file) == joined == rotation.promote(file)
    assert vault.seal(b"x", "row").startswith(f"v1.{joined}.") and vault.ring == (joined, old)
    assert set(json.loads((tmp_path / KEY_FILE).read_text())) == {"primary", "keys"}


def test_without_its_key_file_a_running_process_opens_and_does_not_seal(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path, None)
    sealed = vault.seal(b"x", "row")
    away = (tmp_path / KEY_FILE).rename(tmp_path / "away")
    with pytest.raises(Unavailable, match="No such file"):
        vault.seal(b"x", "row")
    assert vault.unseal(sealed, "row") == b"x"
    away.rename(tmp_path / KEY_FILE)
    assert vault.seal(b"x", "row")


def test_a_ring_shows_no_key() -> None:
    ring = Ring("a", {"a": b"hunter2" * 4})
    assert "hunter2" not in f"{ring} {ring!r} {[ring]} {ring.__rich_repr__()}"
