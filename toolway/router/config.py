"""What a request says about a session, made into the session's configuration, or a sentence for what is wrong with it. Pure.

The shapes are the contract's (section 3.1): requests say `enable`, answers say `enabled`. Unknown keys are refused with the key that
was probably meant, because a mistyped `toolkits` would otherwise open everything. For the same reason a request for protection that
is not built yet (approval, hooks, permissions) is refused rather than passed over.
"""

import difflib
from collections.abc import Callable, Mapping, Sequence, Sized
from typing import Any, cast

from toolway.catalog.index import Catalogue
from toolway.catalog.model import Card, Json, ToolkitCard
from toolway.errors import BadRequest
from toolway.router.comeback import require_page

TAGS = ("readOnlyHint", "createHint", "updateHint", "destructiveHint", "idempotentHint", "openWorldHint")
BLOCKS: dict[str, tuple[str, ...]] = {
    "toolkits": ("enable", "disable", "require_approval"),
    "manage_connections": ("enable", "callback_url", "enable_wait_for_connections", "enable_connection_removal"),
    "workbench": ("enable", "enable_tool_execution", "enable_proxy_execution", "auto_offload_threshold", "sandbox_size"),
    "multi_account": ("enable", "max_accounts_per_toolkit", "require_explicit_selection"),
    "preload": ("tools",),
    "search": ("enable",),
    "execute": ("enable_multi_execute",),
    "proxy_execute": ("enable",),
}
KEYS = ("user_id", *BLOCKS, "tools", "tags", "auth_configs", "connected_accounts", "instant", "experimental", "hooks")
_MEANT = {"enabled": "enable", "disabled": "disable", "toolkit": "toolkits", "userId": "user_id", "user": "user_id"}
MOST_ACCOUNTS = 5
"""How many accounts a user has for a toolkit where a session takes several and does not say how many."""
_FEWEST_ACCOUNTS, _LIMIT_ACCOUNTS = 2, 10
_SIZES = ("standard", "medium", "large", "xlarge")
_LONGEST = 1000
_MOST = 200
_MOST_FAULTS = 12


def configure(body: Any, catalogue: Catalogue) -> Json:
    """A request's body as the session's configuration, in the shape that answers give.

    Raises `BadRequest` with what is wrong, `UnknownToolkit` and `UnknownTool` with the nearest ones.
    """
    if not isinstance(body, dict):
        raise BadRequest("The body is no JSON object.", fix='Send {"user_id": "...", "toolkits": {"enable": ["clockify"]}}.')
    given = cast("Json", body)
    _refuse_unknown(given)
    _refuse_unbuilt(given)
    blocks = {name: _block(given, name) for name in BLOCKS}
    manage, bench, multi = blocks["manage_connections"], blocks["workbench"], blocks["multi_account"]
    multiple = _flag(multi, "multi_account.enable", False)
    return {
        "user_id": given["user_id"],
        "toolkits": _toolkits(blocks["toolkits"], catalogue),
        "auth_configs": {kit: _text(name, f"auth_configs.{kit}") for kit, name in _by_toolkit(given, "auth_configs", catalogue)},
        "connected_accounts": {
            kit: _texts([ids] if isinstance(ids, str) else ids, f"connected_accounts.{kit}")
            for kit, ids in _by_toolkit(given, "connected_accounts", catalogue)
        },
        "manage_connections": {
            "enabled": _flag(manage, "manage_connections.enable", True),
            "enable_wait_for_connections": _flag(manage, "manage_connections.enable_wait_for_connections", False),
            "enable_connection_removal": _flag(manage, "manage_connections.enable_connection_removal", True),
        }
        | _callback(manage.get("callback_url")),
        "tools": {kit: _tools(rule, kit, catalogue) for kit, rule in _by_toolkit(given, "tools", catalogue)},
        "tags": _tags(given.get("tags"), "tags"),
        "workbench": {
            "enable": _flag(bench, "workbench.enable", True),
            "proxy_execution_enabled": _flag(bench, "workbench.enable_proxy_execution", True),
            "tool_execution_enabled": _flag(bench, "workbench.enable_tool_execution", True),
            "auto_offload_threshold": _threshold(bench.get("auto_offload_threshold")),
            "sandbox_size": _one_of(bench.get("sandbox_size") or _SIZES[0], "workbench.sandbox_size", _SIZES),
        },
        "multi_account": {
            "enable": multiple,
            "require_explicit_selection": _flag(multi, "multi_account.require_explicit_selection", multiple),
        }
        | _most_accounts(multi, multiple),
        "preload": {"tools": _preload(blocks["preload"].get("tools"), catalogue)},
        "search": {"enable": _flag(blocks["search"], "search.enable", True)},
        "execute": {"enable_multi_execute": _flag(blocks["execute"], "execute.enable_multi_execute", True)},
        "instant": False,
    }


def _refuse_unknown(given: Json) -> None:
    """Raises `BadRequest` with every key that is not known, and a user that is none."""
    faults = unknown(given, KEYS, "")
    for block, keys in BLOCKS.items():
        inner = given.get(block)
        if isinstance(inner, dict):
            faults += unknown(cast("Json", inner), keys, f"{block}.")
    user: Any = given.get("user_id")
    if not isinstance(user, str) or not user.strip():
        faults.append(f"user_id is {kind_of(user)}; the id of the user that the agent works for (text) is expected")
    elif len(user) > _LONGEST or not user.isprintable():
        faults.append(f"user_id is too long or holds control characters; at most {_LONGEST} visible characters are expected")
    if faults:
        raise invalid(faults)


def _refuse_unbuilt(given: Json) -> None:
    """Protection that is asked for and could not be given must not be passed over in silence."""
    experimental: Any = given.get("experimental")
    if experimental is not None and not isinstance(experimental, dict):
        raise BadRequest(f"experimental is {kind_of(experimental)}; an object is expected.")
    asked = {
        "hooks": given.get("hooks"),
        "experimental.permissions": cast("Json", experimental or {}).get("permissions"),
        "instant": given.get("instant"),
        "toolkits.require_approval": _approval(given.get("toolkits")),
        "tags.require_approval": _approval(given.get("tags")),
    }
    asked |= {f"tools.{kit[:60]}.require_approval": _approval(rule) for kit, rule in _block(given, "tools").items()}
    for place, value in asked.items():
        if value:
            raise BadRequest(f"{place} is not built here yet.", fix="Leave it out, or switch the tools off with tools or tags.")


def _approval(rule: Any) -> Any:
    if not isinstance(rule, dict):
        return None
    inner = cast("Json", rule)
    return inner.get("require_approval") or _approval(inner.get("tags"))


def unknown(given: Mapping[str, Any], known: Sequence[str], where: str) -> list[str]:
    """A sentence for each key that is not known, with the one that was probably meant. `where` stands before the names."""
    faults: list[str] = []
    for key in given:
        if key in known:
            continue
        if len(faults) == _MOST_FAULTS:
            break
        near = _MEANT.get(key) if _MEANT.get(key) in known else next(iter(difflib.get_close_matches(key[:60], known, n=1)), None)
        mend = f"did you mean {where}{near}?" if near else f"known are {', '.join(known)}"
        faults.append(f"{where}{key[:60]} is not known here; {mend}")
    return faults


def invalid(faults: Sequence[str]) -> BadRequest:
    """The error of a request that has these faults, of which it tells the first twelve."""
    told = list(faults[:_MOST_FAULTS])
    return BadRequest("Validation error while processing request: " + "; ".join(told) + ".", details=told)


def kind_of(value: Any) -> str:
    """What a JSON value is, in words; never the value itself."""
    if value is None:
        return "missing or null"
    if isinstance(value, str):
        return "a text" if value.strip() else "an empty text"
    return {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}[type(value)]


def _block(given: Json, name: str) -> Json:
    block: Any = given.get(name)
    if block is not None and not isinstance(block, dict):
        raise BadRequest(f"{name} is {kind_of(block)}; an object is expected.")
    found = cast("Json", block or {})
    _few(found, name)
    return found


def _by_toolkit(given: Json, name: str, catalogue: Catalogue) -> list[tuple[str, Any]]:
    """A map from toolkits, whose slugs may be written in any case. A pin under a slug that is none would silently pin nothing."""
    return [(catalogue.toolkit_card(kit).slug, value) for kit, value in _block(given, name).items()]


def _flag(block: Json, place: str, default: bool) -> bool:
    value = block.get(place.rpartition(".")[2])
    if value is not None and not isinstance(value, bool):
        raise BadRequest(f"{place} is {kind_of(value)}; true or false is expected.")
    return default if value is None else value


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise BadRequest(f"{place} is {kind_of(value)}; a text is expected.")
    return value


def _texts(value: Any, place: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(n, str) for n in cast("list[Any]", value)):
        raise BadRequest(f"{place} is {kind_of(value)}; a list of texts is expected.")
    once = list(dict.fromkeys(cast("list[str]", value)))
    _few(once, place)
    return once


def _few(things: Sized, place: str) -> None:
    if len(things) > _MOST:
        raise BadRequest(f"{place} holds {len(things)} entries; at most {_MOST} are taken.")


def _slugs(card: Callable[[str], Card | ToolkitCard], names: Any, place: str) -> list[str]:
    """What there is under these names, each once, however it is written."""
    return list(dict.fromkeys(card(name).slug for name in _texts(names, place)))


def _one_of(value: Any, place: str, known: Sequence[str]) -> str:
    if value not in known:
        shown = repr(value[:60]) if isinstance(value, str) else kind_of(value)
        raise BadRequest(f"{place} is {shown}; one of {', '.join(known)} is expected.")
    return value


def _threshold(value: Any) -> int:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise BadRequest("workbench.auto_offload_threshold is no number of characters.")
    return value or 20000


def _callback(url: Any) -> Json:
    """Where the person is sent after connecting: a page of the web, and nothing that a browser would run. Nothing when there is none."""
    if url is None or url == "":
        return {}
    text = _text(url, "manage_connections.callback_url")
    require_page(text, "manage_connections.callback_url")
    return {"callback_url": text}


def _most_accounts(multi: Json, multiple: bool) -> Json:
    """How many accounts of a toolkit the session lets its user have; nothing where it does not take several."""
    given: Any = multi.get("max_accounts_per_toolkit")
    if given is None:
        given = MOST_ACCOUNTS
    if isinstance(given, bool) or not isinstance(given, int) or not _FEWEST_ACCOUNTS <= given <= _LIMIT_ACCOUNTS:
        shown = str(given)[:40] if type(given) is int else kind_of(given)
        wanted = f"a whole number from {_FEWEST_ACCOUNTS} to {_LIMIT_ACCOUNTS} is expected"
        raise BadRequest(f"multi_account.max_accounts_per_toolkit is {shown}; {wanted}.")
    return {"max_accounts_per_toolkit": given} if multiple else {}


def _toolkits(block: Json, catalogue: Catalogue) -> Json:
    if block.get("enable") is not None and block.get("disable") is not None:
        raise BadRequest("toolkits holds both enable and disable.", fix="Give one of them.")
    for key in ("enable", "disable"):
        if block.get(key) is not None:
            return {f"{key}d": _slugs(catalogue.toolkit_card, block[key], f"toolkits.{key}")}
    return {}


def _tools(rule: Any, kit: str, catalogue: Catalogue) -> Json:
    if isinstance(rule, list):
        rule = {"enable": rule}  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(rule, dict):
        raise BadRequest(f"tools.{kit} is {kind_of(rule)}; an object such as {{'enable': [...]}} is expected.")
    content = cast("Json", rule)
    faults = unknown(content, ("enable", "disable", "tags", "require_approval"), f"tools.{kit}.")
    if faults:
        raise BadRequest("; ".join(faults) + ".", details=faults)
    made: Json = {}
    for key in ("enable", "disable"):
        if content.get(key) is not None:
            made[key] = _slugs(catalogue.card, content[key], f"tools.{kit}.{key}")
    if content.get("tags") is not None:
        made["tags"] = _tags(content["tags"], f"tools.{kit}.tags")
    return made


def _tags(given: Any, place: str) -> Json:
    block: Any = given or {}
    if isinstance(block, list):
        block = {"enable": block}  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(block, dict):
        raise BadRequest(f"{place} is {kind_of(given)}; a list of {', '.join(TAGS)} is expected.")
    content = cast("Json", block)
    faults = unknown(content, ("enable", "disable", "require_approval"), f"{place}.")
    if faults:
        raise BadRequest("; ".join(faults) + ".", details=faults)
    return {
        f"{key}d": [_one_of(tag, f"{place}.{key}", TAGS) for tag in _texts(content.get(key) or [], f"{place}.{key}")]
        for key in ("enable", "disable")
    }


def _preload(given: Any, catalogue: Catalogue) -> list[str] | str:
    if given == "all":
        return "all"
    return _slugs(catalogue.card, given or [], "preload.tools")
