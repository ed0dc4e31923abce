"""Secrets at rest: AES-256-GCM in an envelope, under a ring of keys.

Every value has a random key of its own; that key is wrapped by the ring's primary key. Both layers are bound to the row that holds the
value, so a sealed text moved to another row does not open. The text is `v1.KEY.WRAPPED.SEALED`: version, id of the ring's key, wrapped
key and sealed value, both base64.
"""

import binascii
import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from toolway.accounts.ring import KEY_FILE, KeyFile, Ring, fresh_key, given
from toolway.errors import BadSetting, ToolwayError, Unavailable

_VERSION = "v1"
_NONCE_BYTES = 12


class Secret:
    """A text that shows itself only when opened: printing, logging, formatting and pickling it do not."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def open(self) -> str:
        """The text itself."""
        return self._text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode("utf-8", "surrogatepass"), other._text.encode("utf-8", "surrogatepass"))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, format_spec: str) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret is not written anywhere.")


class Vault:
    """Seals and unseals. `Vault.open` finds or makes its keys.

    With a key file a change of it is seen: at once when something is to be sealed, and when something was sealed under a key that this
    process does not know. Keys that went since stay known here until the file changes again, for what was read before.
    """

    def __init__(self, ring: Ring, source: str, file: KeyFile | None = None) -> None:
        self.file = file
        self._source = source
        self._before: Mapping[str, bytes] = {}
        self._take(ring)

    @classmethod
    def open(cls, data: Path, key: str | None) -> Self:
        """The vault of an installation: keys from `key` (base64 of 32 bytes, or `id:base64,...` with the primary first) where given,
        else from `vault.key` in the folder `data`, made at the first start. Raises BadSetting.
        """
        if key and key.strip():
            return cls(given(key), "the setting vault_key")
        file = KeyFile(data / KEY_FILE)
        return cls(file.open(), str(file.path), file)

    @classmethod
    def of(cls, key: bytes) -> Self:
        """A vault of one key that no file holds and nobody changes."""
        return cls(Ring("own", {"own": key}), "this installation")

    @property
    def ring(self) -> tuple[str, ...]:
        """The ids of the keys, the primary first."""
        return (self._ring.primary, *(id for id in self._ring.keys if id != self._ring.primary))

    def reread(self) -> None:
        """Take the ring as its file has it now. Raises Unavailable when it cannot be had."""
        try:
            if self.file is not None and self.file.changed():
                self._take(self.file.read())
        except (OSError, BadSetting) as problem:
            why = problem.message if isinstance(problem, BadSetting) else f"The vault's key file cannot be read: {problem.strerror}."
            raise Unavailable(why, fix="The operator has to put it right; toolway doctor tells how.") from None

    def _take(self, ring: Ring) -> None:
        self._ring = ring
        self._keys = {id: AESGCM(key) for id, key in {**self._before, **ring.keys}.items()}
        self._before = ring.keys

    def seal(self, plain: bytes, row: str) -> str:
        """Seal a value for one row, named as `table/id`; only there it opens again. Raises Unavailable when the key file is gone."""
        self.reread()
        primary, key = self._ring.primary, fresh_key()
        bound = _bound(primary, row)
        wrapped = _encrypt(self._keys[primary], key, bound)
        return f"{_VERSION}.{primary}.{_text(wrapped)}.{_text(_encrypt(AESGCM(key), plain, bound))}"

    def unseal(self, sealed: str, row: str) -> bytes:
        """The value that was sealed for this row. Raises BadSetting when its key is missing, ToolwayError when it does not open."""
        parts = sealed.split(".")
        if len(parts) != 4 or parts[0] != _VERSION:
            raise ToolwayError(f"What is kept for {row} was not sealed by this vault.")
        _, id, wrapped, value = parts
        if id not in self._keys:
            self.reread()
        ring = self._keys.get(id)
        if ring is None:
            raise BadSetting(
                f"What is kept for {row} was sealed under the vault key {id!r}, which {self._source} does not hold.",
                fix="Put that key back (where there are several machines: copy the newest from the others), or connect the account again.",
            )
        bound = _bound(id, row)
        try:
            return _decrypt(AESGCM(_decrypt(ring, _bytes(wrapped), bound)), _bytes(value), bound)
        except (InvalidTag, ValueError):
            raise ToolwayError(f"What is kept for {row} does not open: it was changed, or belongs to another row.") from None

    def renew(self, sealed: str, row: str) -> str:
        """The same value, sealed under the primary key. Raises as `unseal` and `seal` do."""
        return self.seal(self.unseal(sealed, row), row)


def _bound(id: str, row: str) -> bytes:
    return f"toolway/{_VERSION}/{id}/{row}".encode("utf-8", "surrogatepass")


def _encrypt(key: AESGCM, plain: bytes, bound: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + key.encrypt(nonce, plain, bound)


def _decrypt(key: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    return key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)


def _text(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).decode("ascii")


def _bytes(text: str) -> bytes:
    raw = binascii.a2b_base64(text, strict_mode=True)
    if _text(raw) != text:
        raise ValueError("not the one way to write it")  # base64 has several for some bytes; we take one
    return raw
