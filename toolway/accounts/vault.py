"""Secrets at rest: AES-256-GCM in an envelope, under a ring of keys.

Every value has a random key of its own; that key is wrapped by the ring's primary key. Both layers are bound to the row that holds the
value, so a sealed text moved to another row does not open. The text is `v1.KEY.WRAPPED.SEALED`: version, id of the ring's key, wrapped
key and sealed value, both base64.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
import shlex
from pathlib import Path
from typing import NoReturn, Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from toolway.errors import BadSetting, ToolwayError

KEY_FILE = "vault.key"
_VERSION = "v1"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


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


class _Ring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    primary: str
    keys: dict[str, str]


class Vault:
    """Seals and unseals. `Vault.open` finds or makes its keys."""

    def __init__(self, primary: str, keys: dict[str, bytes], source: str) -> None:
        self._primary = primary
        self._keys = {id: AESGCM(key) for id, key in keys.items()}
        self._source = source

    @classmethod
    def open(cls, data: Path, key: str | None) -> Self:
        """The vault of an installation: keys from `key` (base64 of 32 bytes, or `id:base64,...` with the primary first) where given,
        else from `vault.key` in the folder `data`, made at the first start. Raises BadSetting.
        """
        if key and key.strip():
            ring = _given(key)
            return cls(next(iter(ring)), ring, "the setting vault_key")
        path = data / KEY_FILE
        try:
            text = _read(path)
            if text is None:
                _make(path)
                text = _read(path) or b""
        except OSError as problem:
            raise BadSetting(f"The vault's key file {path} cannot be used: {problem.strerror}.") from problem
        primary, keys = _parse(path, text)
        return cls(primary, keys, str(path))

    def seal(self, plain: bytes, row: str) -> str:
        """Seal a value for one row, named as `table/id`; only there it opens again."""
        bound = _bound(self._primary, row)
        key = secrets.token_bytes(_KEY_BYTES)
        wrapped = _encrypt(self._keys[self._primary], key, bound)
        return f"{_VERSION}.{self._primary}.{_text(wrapped)}.{_text(_encrypt(AESGCM(key), plain, bound))}"

    def unseal(self, sealed: str, row: str) -> bytes:
        """The value that was sealed for this row. Raises BadSetting when its key is missing, ToolwayError when it does not open."""
        parts = sealed.split(".")
        if len(parts) != 4 or parts[0] != _VERSION:
            raise ToolwayError(f"What is kept for {row} was not sealed by this vault.")
        _, id, wrapped, value = parts
        ring = self._keys.get(id)
        if ring is None:
            raise BadSetting(
                f"What is kept for {row} was sealed under the vault key {id!r}, which {self._source} does not hold.",
                fix="Put that key back, or connect the account again.",
            )
        bound = _bound(id, row)
        try:
            return _decrypt(AESGCM(_decrypt(ring, _bytes(wrapped), bound)), _bytes(value), bound)
        except (InvalidTag, ValueError):
            raise ToolwayError(f"What is kept for {row} does not open: it was changed, or belongs to another row.") from None

    def current(self, sealed: str) -> bool:
        """Whether the value is sealed under the primary key; when not, unseal it and seal it again before the old key goes."""
        return sealed.startswith(f"{_VERSION}.{self._primary}.")


def key_id(key: bytes) -> str:
    """The id of a key that was given none; made from the key, so that it is the same wherever the key comes from."""
    return "k" + hashlib.sha256(b"toolway vault key id\0" + key).hexdigest()[:8]


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


def _given(text: str) -> dict[str, bytes]:
    ring: dict[str, bytes] = {}
    for part in text.split(","):
        id, colon, encoded = part.strip().rpartition(":")
        key = _key(encoded, "A key in vault_key")
        if colon and not _KEY_ID.fullmatch(id):
            raise BadSetting("The id of a key in vault_key is not made of letters, digits, '-' and '_' (at most 32).")
        if (id := id or key_id(key)) in ring:
            raise BadSetting(f"vault_key holds two keys of the id {id!r}.")
        ring[id] = key
    return ring


def _key(encoded: str, what: str) -> bytes:
    try:
        key = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise BadSetting(f"{what} is not base64.", fix="Make one with: openssl rand -base64 32") from None
    if len(key) != _KEY_BYTES:
        raise BadSetting(f"{what} has {len(key)} bytes; 32 are expected.", fix="Make one with: openssl rand -base64 32")
    return key


def _read(path: Path) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode & 0o777
        if mode & 0o077:
            raise BadSetting(
                f"Others can read the vault's key file {path} (mode {mode:04o}).", fix=f"Run: chmod 600 {shlex.quote(str(path))}"
            )
        return file.read()


def _parse(path: Path, text: bytes) -> tuple[str, dict[str, bytes]]:
    try:
        ring = msgspec.json.decode(text, type=_Ring)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadSetting(
            f'The vault\'s key file {path} cannot be read; {{"primary": id, "keys": {{id: base64}}}} is expected.',
            fix="Put it back from a backup: what was sealed with it opens with nothing else.",
        ) from None
    keys = {id: _key(encoded, f"The key {id!r} in {path}") for id, encoded in ring.keys.items()}
    if ring.primary not in keys or not all(_KEY_ID.fullmatch(id) for id in keys):
        raise BadSetting(f"The vault's key file {path} has no key of its primary id, or an id of other than letters, digits, '-' and '_'.")
    return ring.primary, keys


def _make(path: Path) -> None:
    """Make the key file, whole or not at all; when another process made it meanwhile, its file stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = secrets.token_bytes(_KEY_BYTES)
    ring = _Ring(key_id(key), {key_id(key): base64.b64encode(key).decode()})
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(ring)) + b"\n")
            file.flush()
            os.fsync(descriptor)
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # what is sealed from now on opens with nothing else: the file's name has to outlive a power cut too
    finally:
        os.close(folder)
