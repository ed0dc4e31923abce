"""The vault's keys: a ring of one or more, of which the primary seals and all of them open. From a file, a setting or a command."""

import base64
import binascii
import hashlib
import os
import re
import secrets
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

from toolway.errors import BadSetting

KEY_FILE = "vault.key"
KEY_BYTES = 32
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_COMMAND_SECONDS = 30


class Ring(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """The keys by their ids, and the id of the one that seals. `next` is the id of one that is to seal and does not yet, or ""."""

    primary: str
    keys: Mapping[str, bytes]
    next: str = ""

    def __repr__(self) -> str:
        return f"Ring({self.primary!r} of {', '.join(self.keys)})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("", self.__repr__())]


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    primary: str
    keys: dict[str, str]
    next: str = ""


def key_id(key: bytes) -> str:
    """The id of a key that was given none; made from the key, so that it is the same wherever the key comes from."""
    return "k" + hashlib.sha256(b"toolway vault key id\0" + key).hexdigest()[:8]


def fresh_key() -> bytes:
    """A new key."""
    return secrets.token_bytes(KEY_BYTES)


def given(text: str, what: str = "vault_key") -> Ring:
    """The ring of a text: base64 of 32 bytes, or `id:base64,...` with the primary first. Raises BadSetting, which names `what` it is."""
    ring: dict[str, bytes] = {}
    for part in text.split(","):
        id, colon, encoded = part.strip().rpartition(":")
        key = _key(encoded, f"A key in {what}")
        if colon and not _KEY_ID.fullmatch(id):
            raise BadSetting(f"The id of a key in {what} is not made of letters, digits, '-' and '_' (at most 32).")
        if (id := id or key_id(key)) in ring:
            raise BadSetting(f"{what} holds two keys of the id {id!r}.")
        ring[id] = key
    return Ring(next(iter(ring)), ring)


def setting(key: str, command: str) -> str:
    """The text of the ring that the settings give, of themselves or through a command; "" when it is in the key file. Raises BadSetting."""
    if key.strip() and command.strip():
        raise BadSetting("vault_key and vault_key_command are both given.", fix="Keep one of them.")
    return _told_by(command) if command.strip() else key.strip()


def _told_by(command: str) -> str:
    """What a command prints. It runs without a shell; neither what it prints nor what it complains of is shown."""
    try:
        words = shlex.split(command)
        run = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_COMMAND_SECONDS, check=False)
    except (OSError, ValueError, IndexError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "it is empty, or a quotation mark is missing"
        raise BadSetting(f"vault_key_command cannot be run: {why}.", fix="Give a program and its arguments, as in a shell.") from None
    except subprocess.TimeoutExpired:
        raise BadSetting(f"vault_key_command gave no key within {_COMMAND_SECONDS} seconds.", fix="Run it by hand to see why.") from None
    if run.returncode:
        raise BadSetting(f"vault_key_command ended with {run.returncode}.", fix="Run it by hand to see why.")
    try:
        return run.stdout.decode("ascii").strip()
    except UnicodeDecodeError:
        raise BadSetting("vault_key_command printed something that is no key.", fix="It has to print what vault_key would hold.") from None


class KeyFile:
    """The ring in a file: JSON, readable by nobody else, only ever replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None

    def open(self) -> Ring:
        """The ring, made where there is none. Raises BadSetting."""
        try:
            if not self.path.exists():
                self._make()
            return self.read()
        except OSError as problem:
            raise BadSetting(f"The vault's key file {self.path} cannot be used: {problem.strerror}.") from problem

    def changed(self) -> bool:
        """Whether the file is another one than was read last. Raises OSError when it is gone."""
        return _mark(os.stat(self.path)) != self._seen

    def read(self) -> Ring:
        """The ring. Raises OSError when there is none, BadSetting for one that others can read, or that cannot be read."""
        with os.fdopen(os.open(self.path, os.O_RDONLY | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            if found.st_mode & 0o077:
                raise BadSetting(
                    f"Others can read the vault's key file {self.path} (mode {found.st_mode & 0o777:04o}).",
                    fix=f"Run: chmod 600 {shlex.quote(str(self.path))}",
                )
            text = file.read()
        ring = self._parse(text)
        self._seen = _mark(found)
        return ring

    def write(self, ring: Ring) -> None:
        """Put a ring in place of the one that is there, whole or not at all, also through a power cut."""
        draft = self._draft(ring)
        try:
            draft.replace(self.path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        self._keep_name()

    def _make(self) -> None:
        """Make the first ring; when another process made one meanwhile, its file stays."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = fresh_key()
        draft = self._draft(Ring(key_id(key), {key_id(key): key}))
        try:
            os.link(draft, self.path)
        except FileExistsError:
            return
        finally:
            draft.unlink()
        self._keep_name()

    def _draft(self, ring: Ring) -> Path:
        written = _Written(ring.primary, {id: base64.b64encode(key).decode() for id, key in ring.keys.items()}, ring.next)
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(written)) + b"\n")
                file.flush()
                os.fsync(descriptor)
        except BaseException:
            draft.unlink()
            raise
        return draft

    def _keep_name(self) -> None:
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # what is sealed from now on opens with nothing else: the file's name has to outlive a power cut too
        finally:
            os.close(folder)

    def _parse(self, text: bytes) -> Ring:
        try:
            ring = msgspec.json.decode(text, type=_Written)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise BadSetting(
                f'The vault\'s key file {self.path} cannot be read; {{"primary": id, "keys": {{id: base64}}}} is expected.',
                fix="Put it back from a backup: what was sealed with it opens with nothing else.",
            ) from None
        keys = {id: _key(encoded, f"The key {id!r} in {self.path}") for id, encoded in ring.keys.items()}
        if not {ring.primary, ring.next or ring.primary} <= keys.keys() or not all(_KEY_ID.fullmatch(id) for id in keys):
            raise BadSetting(
                f"The vault's key file {self.path} has no key of its primary id, or an id of other than letters, digits, '-' and '_'."
            )
        return Ring(ring.primary, keys, ring.next)


def _mark(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_mtime_ns, found.st_size


def _key(encoded: str, what: str) -> bytes:
    try:
        key = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise BadSetting(f"{what} is not base64.", fix="Make one with: openssl rand -base64 32") from None
    if len(key) != KEY_BYTES:
        raise BadSetting(f"{what} has {len(key)} bytes; {KEY_BYTES} are expected.", fix="Make one with: openssl rand -base64 32")
    return key
