"""Sessions: what a user's agent may use, fixed when the session is made. A session holds configuration, never credentials.

The shapes are the contract's (section 3.1): requests say `enable`, answers say `enabled`. Unknown keys are refused with the key that
was probably meant, because a mistyped `toolkits` would otherwise open everything.
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, cast

from toolway.catalog.index import Catalogue
from toolway.catalog.model import Json
from toolway.errors import BadRequest, UnknownSession
from toolway.store.freshness import Cached
from toolway.store.records import Session, new_id, now_ms
from toolway.store.shelves import Store

TAGS = ("readOnlyHint", "createHint", "updateHint", "destructiveHint", "idempotentHint", "openWorldHint")
KEYS = (
    "user_id",
    "toolkits",
    "tools",
    "tags",
    "auth_configs",
    "connected_accounts",
    "manage_connections",
    "workbench",
    "multi_account",
    "preload",
    "search",
    "execute",
    "proxy_execute",
    "instant",
    "experimental",
    "hooks",
)
_INNER: dict[str, tuple[str, ...]] = {
    "toolkits": ("enable", "disable", "require_approval"),
    "manage_connections": ("enable", "callback_url", "enable_wait_for_connections", "enable_connection_removal"),
    "workbench": ("enable", "enable_tool_execution", "enable_proxy_execution", "auto_offload_threshold", "sandbox_size"),
    "multi_account": ("enable", "max_accounts_per_toolkit", "require_explicit_selection"),
    "preload": ("tools",),
    "search": ("enable",),
    "execute": ("enable_multi_execute",),
    "proxy_execute": ("enable",),
}
_NEAR = {"enabled": "enable", "disabled": "disable", "toolkit": "toolkits", "userId": "user_id", "user": "user_id"}


class Sessions:
    """Makes, keeps and finds sessions, from a cache that forgets when the database says so."""

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue
        self._cache: Cached[tuple[str, str], Session] = Cached(lambda place: store.sessions.get(*place))
        self.forget = self._cache.forget

    async def create(self, project_id: str, body: Any) -> Session:
        """Make a session from a request's body. Raises `BadRequest` naming every fault, `UnknownToolkit` with the nearest ones."""
        config = configure(body, self._catalogue)
        at = now_ms()
        session = Session(new_id("trs_"), project_id, config["user_id"], config, 1, at, at)
        await self._store.sessions.add(session)
        return session

    async def open(self, project_id: str, session_id: str) -> Session:
        """The session of this id. Raises `UnknownSession` for another project's just as for one that never was."""
        found = await self._cache.get((project_id, session_id))
        if found is None:
            raise UnknownSession(fix="Create one with POST /api/v3.1/tool_router/session.")
        return found


def configure(body: Any, catalogue: Catalogue) -> Json:
    """A request's body as the session's configuration, in the shape that answers give."""
    if not isinstance(body, dict):
        raise BadRequest("The body is no JSON object.", fix='Send {"user_id": "...", "toolkits": {"enable": ["clockify"]}}.')
    given = cast("Json", body)
    faults = _unknown(given, KEYS, "")
    for block, keys in _INNER.items():
        inner = given.get(block)
        if isinstance(inner, dict):
            faults += _unknown(cast("Json", inner), keys, f"{block}.")
        elif inner is not None:
            faults.append(f"{block} is {_kind(inner)}; an object is expected")
    user_id = given.get("user_id")
    if not isinstance(user_id, str) or not user_id.strip():
        faults.append(f"user_id is {_kind(user_id)}; the id of the user that the agent works for (text) is expected")
    if faults:
        raise BadRequest("Validation error while processing request: " + "; ".join(faults) + ".", details=faults)
    connections, bench, multi = _block(given, "manage_connections"), _block(given, "workbench"), _block(given, "multi_account")
    multiple = bool(multi.get("enable", False))
    config: Json = {
        "user_id": user_id,
        "toolkits": _toolkits(_block(given, "toolkits"), catalogue),
        "auth_configs": _texts(given, "auth_configs"),
        "connected_accounts": {kit: _listed(ids) for kit, ids in _block(given, "connected_accounts").items()},
        "manage_connections": {
            "enabled": connections.get("enable") is not False,
            "enable_wait_for_connections": bool(connections.get("enable_wait_for_connections", False)),
            "enable_connection_removal": connections.get("enable_connection_removal") is not False,
        }
        | ({"callback_url": connections["callback_url"]} if connections.get("callback_url") else {}),
        "tools": _tools(_block(given, "tools"), catalogue),
        "tags": _tags(given.get("tags")),
        "workbench": {
            "enable": bench.get("enable") is not False,
            "proxy_execution_enabled": bench.get("enable_proxy_execution") is not False,
            "tool_execution_enabled": bench.get("enable_tool_execution") is not False,
            "auto_offload_threshold": bench.get("auto_offload_threshold") or 20000,
            "sandbox_size": bench.get("sandbox_size") or "standard",
        },
        "multi_account": {
            "enable": multiple,
            "require_explicit_selection": bool(multi.get("require_explicit_selection", multiple)),
        },
        "preload": {"tools": _preload(_block(given, "preload").get("tools"), catalogue)},
        "search": {"enable": _block(given, "search").get("enable") is not False},
        "execute": {"enable_multi_execute": _block(given, "execute").get("enable_multi_execute") is not False},
        "instant": False,
    }
    return config


def _block(given: Json, name: str) -> Json:
    block = given.get(name)
    if block is not None and not isinstance(block, dict):
        raise BadRequest(f"{name} is {_kind(block)}; an object is expected.")
    return cast("Json", block or {})


def _unknown(given: Mapping[str, Any], known: Sequence[str], where: str) -> list[str]:
    faults: list[str] = []
    for key in given:
        if key in known:
            continue
        near = _NEAR.get(key) if _NEAR.get(key) in known else next(iter(difflib.get_close_matches(key[:60], known, n=1)), None)
        mend = f"did you mean {where}{near}?" if near else f"known are {', '.join(known)}"
        faults.append(f"{where}{key[:60]} is not known here; {mend}")
    return faults


def _kind(value: Any) -> str:
    if value is None:
        return "missing or null"
    return {str: "a text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}[type(value)]


def _slugs(names: Any, where: str) -> list[str]:
    if not isinstance(names, list) or not all(isinstance(n, str) for n in cast("list[Any]", names)):
        raise BadRequest(f"{where} is {_kind(names)}; a list of slugs is expected.")
    return cast("list[str]", names)


def _known_toolkits(names: Any, where: str, catalogue: Catalogue) -> list[str]:
    return list(dict.fromkeys(catalogue.toolkit_card(name).slug for name in _slugs(names, where)))


def _toolkits(block: Json, catalogue: Catalogue) -> Json:
    if "enable" in block and "disable" in block and block["enable"] is not None and block["disable"] is not None:
        raise BadRequest("toolkits holds both enable and disable.", fix="Give one of them.")
    chosen: Json = {}
    if block.get("disable") is not None:
        chosen["disabled"] = _known_toolkits(block["disable"], "toolkits.disable", catalogue)
    elif block.get("enable") is not None:
        chosen["enabled"] = _known_toolkits(block["enable"], "toolkits.enable", catalogue)
    return chosen


def _tools(block: Json, catalogue: Catalogue) -> Json:
    made: Json = {}
    for kit, rule in block.items():
        slug = catalogue.toolkit_card(kit).slug
        rule = {"enable": rule} if isinstance(rule, list) else rule  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(rule, dict):
            raise BadRequest(f"tools.{kit[:60]} is {_kind(rule)}; an object such as {{'enable': [...]}} is expected.")
        faults = _unknown(cast("Json", rule), ("enable", "disable", "tags", "require_approval"), f"tools.{slug}.")
        if faults:
            raise BadRequest("; ".join(faults) + ".", details=faults)
        made[slug] = {
            key: _tags(value) if key == "tags" else [catalogue.card(tool).slug for tool in _slugs(value, f"tools.{slug}.{key}")]
            for key, value in cast("Json", rule).items()
            if value is not None
        }
    return made


def _tags(given: Any) -> Json:
    block: Json = {"enable": given} if isinstance(given, list) else (given or {})
    if not isinstance(block, dict):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadRequest(f"tags is {_kind(given)}; a list of {', '.join(TAGS)} is expected.")
    made: Json = {}
    for name in ("enable", "disable"):
        tags = _slugs(block.get(name) or [], f"tags.{name}")
        wrong = [t for t in tags if t not in TAGS]
        if wrong:
            raise BadRequest(f"tags.{name} holds {wrong[0][:60]!r}; known are {', '.join(TAGS)}.")
        made[f"{name}d"] = tags
    return made


def _preload(given: Any, catalogue: Catalogue) -> Any:
    if given is None or given == "all":
        return given or []
    return [catalogue.card(slug).slug for slug in _slugs(given, "preload.tools")]


def _texts(given: Json, name: str) -> Json:
    block = _block(given, name)
    wrong = [key for key, value in block.items() if not isinstance(value, str)]
    if wrong:
        raise BadRequest(f"{name}.{wrong[0][:60]} is {_kind(block[wrong[0]])}; an id (text) is expected.")
    return block


def _listed(ids: Any) -> list[str]:
    return _slugs([ids] if isinstance(ids, str) else ids, "connected_accounts")
