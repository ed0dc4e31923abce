"""Changing a session: what a request says is laid over the configuration that there is, and the whole is looked at as if it were new.

Pure. `toolkits`, `tags`, `preload` and the maps (`tools`, `auth_configs`, `connected_accounts`) are replaced; the other blocks are merged
key by key; null takes a block back to what it is when nothing is said. The user of a session is fixed when it is made.
"""

from typing import Any, cast

from toolway.catalog.index import Catalogue
from toolway.catalog.model import Json
from toolway.errors import BadRequest
from toolway.router import policy
from toolway.router.config import BLOCKS, KEYS, configure, invalid, kind_of, unknown
from toolway.store.records import Session

_REPLACED = ("toolkits", "preload")
_TAKEN = tuple(key for key in KEYS if key != "user_id")
# Answers have other names than requests.
_NAMES = {
    "enabled": "enable",
    "disabled": "disable",
    "proxy_execution_enabled": "enable_proxy_execution",
    "tool_execution_enabled": "enable_tool_execution",
}


def amend(session: Session, body: Any, catalogue: Catalogue) -> Json:
    """The session's configuration with a request's changes. Raises as `configure` does."""
    if not isinstance(body, dict):
        raise BadRequest(f"The body is {kind_of(body)}; a JSON object is expected.")
    changes = cast("Json", body)
    faults = unknown(changes, _TAKEN, "")
    multi: Any = changes.get("multi_account")
    if isinstance(multi, dict) and cast("Json", multi).get("enable") is False and len(cast("Json", multi)) > 1:
        faults.append("multi_account.enable is false, so nothing else of it has a meaning")
    if faults:
        raise invalid(faults)
    wanted = as_asked(session.config)
    if isinstance(multi, dict) and cast("Json", multi).get("enable") is False:
        wanted.pop("multi_account", None)
    for name, value in changes.items():
        if value is None:
            wanted.pop(name, None)
        elif name in BLOCKS and name not in _REPLACED and isinstance(value, dict):
            wanted[name] = wanted.get(name, {}) | cast("Json", value)
        else:
            wanted[name] = value
    config = configure(wanted, catalogue)
    _refuse_preload(session, config, changes, catalogue)
    return config


def as_asked(config: Json) -> Json:
    """A configuration in the words of a request: what `configure` makes into the same configuration."""
    asked = {name: _renamed(value) if name != "tools" else value for name, value in config.items() if name != "instant"}
    asked["tools"] = {
        kit: {key: _renamed(value) if key == "tags" else value for key, value in rule.items()} for kit, rule in config["tools"].items()
    }
    return asked


def _renamed(value: Any) -> Any:
    return {_NAMES.get(key, key): one for key, one in cast("Json", value).items()} if isinstance(value, dict) else value


def _refuse_preload(session: Session, config: Json, changes: Json, catalogue: Catalogue) -> None:
    """What a request preloads has to be in the session; what was preloaded before is hidden by a narrower policy, and no fault."""
    if not changes.get("preload") or config["preload"]["tools"] == "all":
        return
    narrowed = Session(session.id, session.project_id, session.user_id, config, 0, 0, 0)
    outside = [slug for slug in config["preload"]["tools"] if not policy.allowed(narrowed, catalogue.card(slug))]
    if outside:
        faults = [f"preload.tools: {slug} is not among the session's tools" for slug in outside]
        raise BadRequest("; ".join(faults) + ".", fix="Enable them first, or leave them out.", details=faults)
