"""What is kept, as frozen values. Times are whole milliseconds since 1970; None means "never" or "not yet"."""

import itertools
import secrets
import string
import time
from typing import Any, Protocol, TypeVar

import msgspec

from toolway.errors import Unavailable

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PROCESS = secrets.token_hex(3)[:5]
_COUNT = itertools.count()
_ID_LENGTH = 22  # 62^22 is a little more than 2^130


class Project(msgspec.Struct, frozen=True):
    """Who runs agents and holds API keys. `id` starts with `pr_`; `name` is unique."""

    id: str
    name: str
    created_at: int


class ApiKey(msgspec.Struct, frozen=True):
    """A key of a project, known only by its keyed hash `digest`; `hint` lets people tell keys apart. `id` starts with `key_`."""

    id: str
    project_id: str
    digest: str
    hint: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None


EFFECTS = ("read", "create", "update", "destroy")
"""What agents may be allowed to do with an account; the words of the tools."""


class AuthConfig(msgspec.Struct, frozen=True):
    """How a project lets its users connect to a toolkit. `id` starts with `ac_`.

    `managed` ones were made by the router, the others were brought by the operator. `settings` hold no secret (`client_id`, `scopes`,
    `authorize_url` ..., scopes parted by blanks); `sealed` are the secrets (`client_secret`) as the vault made them, "" when there are
    none. `tools` are the slugs that may be executed with its accounts; none: all.
    """

    id: str
    project_id: str
    toolkit: str
    mode: str
    name: str
    enabled: bool
    created_at: int
    updated_at: int
    managed: bool = True
    settings: dict[str, str] = {}
    sealed: str = ""
    tools: tuple[str, ...] = ()


class Account(msgspec.Struct, frozen=True):
    """A connected account of a user. `id` starts with `ca_`.

    `status` is one of `states.STATES`. `sealed` is the credential as the vault made it, "" when there is none; `mode` how it signs (the
    contract's words: API_KEY, OAUTH2 ...). `effects` are what the person allowed agents. `expires_at` is when the access token does, and
    `refreshed_at` when it was made; `lease` is who renews it just now, until `leased_until`.
    """

    id: str
    project_id: str
    user_id: str
    toolkit: str
    auth_config_id: str
    status: str
    status_reason: str
    label: str
    alias: str
    settings: dict[str, str]
    sealed: str
    created_at: int
    updated_at: int
    mode: str = ""
    effects: tuple[str, ...] = EFFECTS
    expires_at: int | None = None
    refreshed_at: int | None = None
    lease: str = ""
    leased_until: int = 0


class Link(msgspec.Struct, frozen=True):
    """A connect link, known only by the hash of its token. Good once."""

    digest: str
    account_id: str
    project_id: str
    callback_url: str
    created_at: int
    expires_at: int
    used_at: int | None = None


class Authorization(msgspec.Struct, frozen=True):
    """A person's way to an OAuth2 provider and back, known only by the hash of its `state`. Good once, in the browser that began it.

    `sealed` holds what only this server may know of it (the PKCE verifier), and is gone once it is used.
    """

    digest: str
    project_id: str
    account_id: str
    link_digest: str
    browser_digest: str
    sealed: str
    created_at: int
    expires_at: int
    used_at: int | None = None


class Session(msgspec.Struct, frozen=True):
    """An agent's session for one user. `config` is JSON; `version` grows by one with every change. `id` starts with `trs_`."""

    id: str
    project_id: str
    user_id: str
    config: dict[str, Any]
    version: int
    created_at: int
    updated_at: int


class Entry(msgspec.Struct, frozen=True):
    """One call in the log. `state` is sent, done, failed, refused or unknown; `ms` is how long it took. `id` starts with `log_`.

    `request_id` is the id of the request that asked for it, as the log's lines and the answer's header have it.
    """

    id: str
    project_id: str
    session_id: str
    user_id: str
    toolkit: str
    tool: str
    account_id: str
    effect: str
    state: str
    error: str
    status: int
    ms: int
    at: int
    request_id: str = ""


class Row(Protocol):
    """A row of the database: values by the names of their columns."""

    def __getitem__(self, name: str, /) -> Any: ...


R = TypeVar("R", bound=msgspec.Struct)

_words = msgspec.json.Decoder(tuple[str, ...])
_settings = msgspec.json.Decoder(dict[str, str])
_config = msgspec.json.Decoder(dict[str, Any])
_READ: dict[str, Any] = {
    **dict.fromkeys(("scopes", "tools", "effects"), _words.decode),
    "settings": _settings.decode,
    "config": _config.decode,
    **dict.fromkeys(("enabled", "managed"), bool),
}


def from_row(kind: type[R], row: Row) -> R:
    """The record that a row of the database holds. Raises `Unavailable` for one that is damaged: nobody is let in, and nothing guessed."""
    try:
        values = {name: _READ[name](row[name]) if name in _READ else row[name] for name in kind.__struct_fields__}
        return msgspec.convert(values, kind)
    except msgspec.MsgspecError:
        raise Unavailable(
            f"A row of the database that holds one {kind.__name__} is damaged.", fix="The operator has to mend it, or to restore a backup."
        ) from None


def to_row(record: msgspec.Struct) -> dict[str, Any]:
    """The record as values that every database takes: text, whole numbers and None; lists and tables as JSON."""
    row = {name: getattr(record, name) for name in record.__struct_fields__}
    for name in _READ.keys() & row.keys():
        row[name] = int(row[name]) if _READ[name] is bool else msgspec.json.encode(row[name]).decode()
    return row


def random_text(length: int) -> str:
    """So many random letters and digits, fit for a secret (about 5.95 bits each)."""
    number = secrets.randbelow(62**length)  # one draw; secrets.choice would be one a letter
    letters: list[str] = []
    for _ in range(length):
        number, place = divmod(number, 62)
        letters.append(BASE62[place])
    return "".join(letters)


def new_id(prefix: str) -> str:
    """A fresh id: the prefix and 22 random letters and digits (130 bits)."""
    return prefix + random_text(_ID_LENGTH)


def next_id(prefix: str) -> str:
    """A fresh id that sorts by time, for rows that are many: a database appends them, where random ones would be spread. Not secret."""
    return f"{prefix}{now_ms():011x}{_PROCESS}{next(_COUNT) % 1_000_000:06d}"


def now_ms() -> int:
    """The time now, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
