"""API keys of projects. A key's text is told once and kept nowhere: what is kept, in the database and in memory, is a keyed hash."""

import hmac
import secrets
from collections.abc import Sequence

import msgspec

from toolway.accounts.vault import Secret, Vault
from toolway.errors import BadSetting, Conflict
from toolway.store.freshness import Cached
from toolway.store.records import ApiKey, new_id, now_ms, random_text
from toolway.store.shelves import Store

SCOPES = ("execute", "read", "admin")
"""What a key may be for: calling tools, looking things up, changing what is kept."""

_PEPPER = "pepper"
_PREFIX = "ak_"
_KEY_LENGTH = 32
_SHORTEST = 16
_LONGEST = 256


class Caller(msgspec.Struct, frozen=True):
    """Who a request comes from: a project, by which of its keys, and what that key is for."""

    project_id: str
    key_id: str
    scopes: tuple[str, ...]


class Keys:
    """Makes keys and tells whose they are. `pepper` is the key of the hash: at least 32 random bytes, the same for all processes."""

    def __init__(self, store: Store, pepper: bytes) -> None:
        self._store = store
        self._hash = hmac.new(pepper, digestmod="sha256")  # copied for each key: hmac.digest lets go of the interpreter every time
        self._known = Cached(store.keys.by_digest)
        self.tally = self._known.tally

    async def create(self, project_id: str, scopes: Sequence[str] = SCOPES, expires_at: int | None = None) -> tuple[ApiKey, Secret]:
        """A new key and its text, told this once. `expires_at` is in milliseconds since 1970."""
        text = _PREFIX + random_text(_KEY_LENGTH)
        key = self._key(project_id, text, scopes, expires_at)
        await self._store.keys.add(key)
        return key, Secret(text)

    async def preset(self, project_id: str, text: str) -> ApiKey:
        """A key whose text the operator chose; the same one each time. Raises BadSetting when it is weak, revoked or another project's."""
        if not _SHORTEST <= len(text) <= _LONGEST or not text.isascii() or not text.isprintable() or " " in text:
            raise BadSetting(f"The preset API key has to be {_SHORTEST} to {_LONGEST} visible ASCII characters.", fix="Choose another.")
        key = await self._store.keys.by_digest(self._digest(text))
        if key is None:
            key = self._key(project_id, text, SCOPES, None)
            try:
                await self._store.keys.add(key)
            except Conflict:  # another process was faster
                key = await self._store.keys.by_digest(key.digest) or key
        if key.revoked_at is not None:
            raise BadSetting(f"The preset API key was revoked (it is {key.id}).", fix="Choose another.")
        if key.project_id != project_id:
            raise BadSetting(f"The preset API key belongs to another project (it is {key.id}).", fix="Choose another.")
        return key

    async def identify(self, text: str) -> Caller | None:
        """Who holds this key; None for nobody, a revoked key and an expired one."""
        if len(text) > _LONGEST:
            return None
        key = await self._known.get(self._digest(text))
        if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now_ms()):
            return None
        return Caller(key.project_id, key.id, key.scopes)

    def derive(self, what: str) -> str:
        """A secret (64 hexadecimal digits) that belongs to what is named, the same in every process of this installation."""
        return self._digest(f"\0{what}")  # no key begins so: no header can hold it

    def forget(self) -> None:
        """Remember no key; for when keys were changed."""
        self._known.forget()

    def _digest(self, text: str) -> str:
        made = self._hash.copy()
        made.update(text.encode("utf-8", "surrogatepass"))
        return made.hexdigest()

    def _key(self, project_id: str, text: str, scopes: Sequence[str], expires_at: int | None) -> ApiKey:
        if not scopes or set(scopes) - set(SCOPES):
            raise BadSetting(f"A key's scopes are {', '.join(SCOPES)}; {', '.join(scopes) or 'none'} came.")
        hint = "…" + (text[-4:] if len(text) >= 2 * _SHORTEST else "")
        return ApiKey(new_id("key_"), project_id, self._digest(text), hint, tuple(scopes), now_ms(), expires_at)


def meta_row_of(name: str) -> str:
    """The name of the row of a value of the installation itself."""
    return f"meta/{name}"


async def open_keys(store: Store, vault: Vault) -> Keys:
    """The keys of an installation; their pepper is made at the first start and kept sealed. Raises BadSetting without its vault key."""
    row = meta_row_of(_PEPPER)
    sealed = await store.meta.get(_PEPPER) or await store.meta.put_once(_PEPPER, vault.seal(secrets.token_bytes(32), row))
    try:
        pepper = vault.unseal(sealed, row)
    except BadSetting as problem:
        raise BadSetting(
            f"This database was begun with another vault key. {problem.message}", fix="Put the old vault key back, or begin a new database."
        ) from None
    keys = Keys(store, pepper)
    store.freshness.on_change(keys.forget)
    return keys
