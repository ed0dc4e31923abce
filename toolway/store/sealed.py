"""What is sealed, wherever it lies: found by the vault's key that it is sealed under, sealed anew, and kept from a key that is to go.

A sealed text begins with its version and the id of that key, `v1.KEY.`; more of it is not known here.
"""

from collections.abc import Sequence
from typing import NamedTuple

from toolway.errors import Unavailable
from toolway.store.database import Database
from toolway.store.engine import Desk
from toolway.store.records import now_ms

KINDS = {
    "accounts": ("sealed_accounts", "renew_account"),
    "auth configs": ("sealed_auth_configs", "renew_auth_config"),
    "authorizations": ("sealed_authorizations", "renew_authorization"),
    "pepper": ("sealed_meta", "renew_meta"),
}
"""The shelves that hold something sealed, and their queries: to look through it, to change it."""
_TURN = "the vault's keys"


class Found(NamedTuple):
    """A row that holds something sealed."""

    id: str
    sealed: str


class Sealed:
    """All that is sealed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def beyond(self, kind: str, key: str, after: str, most: int = 100) -> Sequence[Found]:
        """What is sealed under another key than this, by id, after an id; with the key "" all of it."""
        rows = await self._database.read.all(KINDS[kind][0], prefix=f"v1.{key}.", after=after, most=most)
        return [Found(row["id"], row["sealed"]) for row in rows]

    async def renew(self, kind: str, rows: Sequence[tuple[Found, str]]) -> int:
        """Put texts that were sealed anew in place of those that were read, where nobody changed them since, or is about to under a lease;
        tells how many there were. Every process forgets what it remembers of them.
        """
        query, more = KINDS[kind][1], {"at": now_ms()} if kind == "accounts" else {}
        async with self._database.write(bump=True) as desk:
            return sum([await desk.do(query, id=row.id, before=row.sealed, sealed=sealed, **more) for row, sealed in rows])

    async def retire(self, key: str) -> int:
        """Let nothing be kept under this key any more, unless something is; tells how much that is."""
        async with self._database.write(bump=False) as desk:
            await desk.value("take_turn", what=_TURN)
            left: int = await desk.value("count_sealed", prefix=f"v1.{key}.")
            if not left:
                await desk.do("put_meta_once", name=_retired(key), value="retired")
        return left


def key_of(sealed: str) -> str:
    """The id of the vault's key that a text is sealed under; "" for what is none."""
    version, _, rest = sealed.partition(".")
    return rest.partition(".")[0] if version == "v1" else ""


async def hold_key(desk: Desk, sealed: str) -> None:
    """In a transaction that keeps something sealed: let its key not be retired before the end. Raises Unavailable when it was."""
    if key := key_of(sealed):
        await desk.value("share_turn", what=_TURN)
        if await desk.value("meta", name=_retired(key)) is not None:
            raise Unavailable(
                "The key of the vault was changed at this moment, so nothing was kept.",
                fix="Try again; if it stays so, the operator has to restart this server with the new key.",
            )


def _retired(key: str) -> str:
    return f"vault key {key}"
