"""What a request may say of a session, as shapes for the OpenAPI document. `router.config` reads and judges it."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec import UNSET, Struct, UnsetType, defstruct

from toolway.router.config import BLOCKS, KEYS

_TEXTS = list[str]
_KINDS: dict[str, Any] = {
    "toolkits.enable": _TEXTS,
    "toolkits.disable": _TEXTS,
    "manage_connections.callback_url": str,
    "workbench.auto_offload_threshold": int,
    "workbench.sandbox_size": str,
    "multi_account.max_accounts_per_toolkit": int,
    "preload.tools": _TEXTS | str,
    "tools": dict[str, Any],
    "tags": _TEXTS | dict[str, _TEXTS],
    "auth_configs": dict[str, str],
    "connected_accounts": dict[str, str | _TEXTS],
    "experimental": dict[str, Any],
    "hooks": dict[str, Any],
}


def session_body() -> type[Struct]:
    """The body that makes a session."""
    return _shape("SessionBody", {"user_id": str} | _keys())


def session_change() -> type[Struct]:
    """The body that changes one; null takes a block back to what it is when nothing is said."""
    return _shape("SessionChange", {name: kind | None for name, kind in _keys().items()})


@cache
def _keys() -> dict[str, Any]:
    blocks = {
        name: _shape(f"Session{name.title().replace('_', '')}", {key: _KINDS.get(f"{name}.{key}", bool) for key in keys})
        for name, keys in BLOCKS.items()
    }
    return {name: blocks.get(name) or _KINDS.get(name, bool) for name in KEYS if name != "user_id"}


def _shape(name: str, keys: Mapping[str, Any]) -> type[Struct]:
    """A shape of these keys; of all, only the user has to be named."""
    return defstruct(
        name, [(key, kind) if key == "user_id" else (key, kind | UnsetType, UNSET) for key, kind in keys.items()], kw_only=True
    )
