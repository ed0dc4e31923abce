"""The vault's keys are changed while servers run: a new key joins the ring, what is sealed is sealed anew under it, the old one goes.

Every step is whole or not done, and the ring and the rows alone tell which are done: whoever was cut off begins again and finishes.
Servers that run on the same key file find the new key in it as soon as they meet something sealed under it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager

from msgspec import Struct

from toolway.accounts.keeper import authorization_row_of, config_row_of, row_of
from toolway.accounts.keys import meta_row_of
from toolway.accounts.ring import KeyFile, Ring, fresh_key, key_id
from toolway.accounts.vault import Vault
from toolway.errors import Conflict, ToolwayError
from toolway.store.locks import Hold
from toolway.store.sealed import KINDS, Found, key_of
from toolway.store.shelves import Store

PAUSE_SECONDS = 0.5
Tell = Callable[[str], None]
_ROW = {"accounts": row_of, "auth configs": config_row_of, "authorizations": authorization_row_of, "pepper": meta_row_of}
_LOCK = "vault.lock"
_ROUNDS = 120


class Rotated(Struct, frozen=True):
    """What became of it: the key that seals now, how much was sealed anew, and which keys nothing needs any more.

    `stuck` says of each value that does not open why; the key that it is sealed under stays.
    """

    key: str
    renewed: int
    idle: tuple[str, ...]
    stuck: tuple[str, ...] = ()


async def under_each(store: Store) -> dict[str, Counter[str]]:
    """How many rows there are under each key, by key and shelf."""
    found: dict[str, Counter[str]] = {}
    for kind in KINDS:
        after = ""
        while rows := await store.sealed.beyond(kind, "", after, 1000):
            for row in rows:
                found.setdefault(key_of(row.sealed), Counter())[kind] += 1
            after = rows[-1].id
    return found


@contextmanager
def alone(file: KeyFile) -> Generator[None]:
    """Nobody else changes the ring of this file meanwhile. Raises Conflict when somebody does already."""
    hold = Hold.attempt(file.path.with_name(_LOCK), make=True)
    if hold is None:
        raise Conflict("The keys of this vault are being changed by another process.", fix="Wait until it is done: toolway vault status.")
    try:
        yield
    finally:
        hold.release()


def join(file: KeyFile) -> str:
    """Put a new key into the ring, to be used later; gives its id. One that was put there before and not used yet stays."""
    ring = file.read()
    if ring.next:
        return ring.next
    key = fresh_key()
    file.write(Ring(ring.primary, {**ring.keys, key_id(key): key}, key_id(key)))
    return key_id(key)


def promote(file: KeyFile) -> str:
    """Let the key that joined seal from now on; gives its id. Of a ring with one key another joins first."""
    ring = file.read()
    if not ring.next and len(ring.keys) > 1:  # it was cut off after this step
        return ring.primary
    new = join(file)
    ring = file.read()
    file.write(Ring(new, {new: ring.keys[new], **ring.keys}))
    return new


async def seal_anew(store: Store, vault: Vault, tell: Tell, pause: float = PAUSE_SECONDS) -> Rotated:
    """Seal everything under the primary key, and retire the others of the ring where nothing needs them any more.

    What was sealed under an old key right before the new one came is given `pause` seconds to arrive; after that it would be refused.
    """
    vault.reread()
    new, *others = vault.ring
    renewed = 0
    for _ in range(_ROUNDS):
        stuck: dict[str, list[str]] = {}
        for kind in KINDS:
            renewed += await _renew(store, vault, kind, new, stuck, tell)
        if others:
            await asyncio.sleep(pause)
        left = {key: await store.sealed.retire(key) for key in others}
        if all(left[key] <= len(stuck.get(key, ())) for key in others):
            told = tuple(one for key in stuck for one in stuck[key])
            return Rotated(new, renewed, tuple(key for key in others if not left[key]), told)
    raise Conflict(
        f"Something is sealed under {', '.join(others)} again and again: a server seals with the old key.",
        fix="Restart every server with the new ring, then do this again.",
    )


def destroy(file: KeyFile, keys: tuple[str, ...]) -> None:
    """Take keys out of the ring, which nothing needs any more."""
    ring = file.read()
    file.write(Ring(ring.primary, {id: key for id, key in ring.keys.items() if id not in keys}, ring.next))


async def rotate(store: Store, vault: Vault, tell: Tell, pause: float = PAUSE_SECONDS) -> Rotated:
    """All of it, on a key file. `tell` is told of each step that is done."""
    if vault.file is None:
        raise ToolwayError("The ring is not in a file, so it cannot be changed from here.")
    file = KeyFile(vault.file.path)  # of our own: the vault has to see each change
    with alone(file):
        new = promote(file)
        tell(f"{new} seals from now on")
        done = await seal_anew(store, vault, tell, pause)
        if done.idle:
            tell(f"nothing needs {', '.join(done.idle)} any more")
            destroy(file, done.idle)
            tell(f"{', '.join(done.idle)} is gone from {file.path}")
        return done


async def _renew(store: Store, vault: Vault, kind: str, new: str, stuck: dict[str, list[str]], tell: Tell) -> int:
    after, renewed = "", 0
    while rows := await store.sealed.beyond(kind, new, after):
        changes: list[tuple[Found, str]] = []
        for row in rows:
            try:
                changes.append((row, vault.renew(row.sealed, _ROW[kind](row.id))))
            except ToolwayError as problem:
                stuck.setdefault(key_of(row.sealed), []).append(problem.message)
        if changes:
            renewed += await store.sealed.renew(kind, changes)
            tell(f"{kind}: {renewed} sealed anew")
        after = rows[-1].id
    return renewed
