"""What REST shows of what there is (the contract's sections 8 and 9). Every field that SDKs transform is always there."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from toolway.accounts import links, schemes
from toolway.accounts.keeper import PLAYED
from toolway.accounts.schemes import SecretField
from toolway.catalog.index import Catalogue
from toolway.catalog.model import Card, Json, ToolkitCard
from toolway.router.meta import MetaTool
from toolway.router.policy import HINTS
from toolway.store.records import Account, AuthConfig

_VERSION = re.compile(r"(\d{4})(\d\d)(\d\d)_\d\d")
_META_VERSION = "00000000_00"
_META_KIT: Json = {"slug": "composio", "name": "Meta tools", "logo": ""}
_OUTPUT: Json = {
    "type": "object",
    "properties": {
        "data": {"type": "object", "additionalProperties": True, "description": "What the service answered."},
        "error": {"type": ["string", "null"], "description": "What went wrong and what to do; null when nothing did."},
        "successful": {"type": "boolean", "description": "Whether it was done."},
    },
    "required": ["data", "successful"],
}
NAMES = {"api_key": "generic_api_key"}
"""Names of the contract for what is kept under another."""
SHUT = "DOES_NOT_OPEN: what is kept of its secrets does not open with the keys of the vault; toolway doctor says which is missing."
"""The reason that is told of an account whose secrets do not open, where nothing else is."""


def tool(catalogue: Catalogue, card: Card, retired: bool = False) -> Json:
    """A tool of a toolkit."""
    kit = catalogue.toolkit_card(card.toolkit)
    shown: Json = {"slug": kit.slug, "name": kit.title, "logo": ""}
    tags = [*HINTS[card.effect]]
    return _tool(card.slug, card.title, card.about, shown, msgspec.Raw(card.schema), tags, kit.version, not kit.modes, retired)


def meta_tool(one: MetaTool) -> Json:
    """A meta tool."""
    tags = [name for name, holds in one.hints.items() if holds]
    return _tool(one.name, one.title, one.about, _META_KIT, one.schema, tags, _META_VERSION, True, False)


def _tool(
    slug: str, name: str, about: str, kit: Json, schema: Json | msgspec.Raw, tags: list[str], version: str, no_auth: bool, retired: bool
) -> Json:
    return {
        "slug": slug,
        "name": name,
        "description": about,
        "human_description": about,
        "toolkit": kit,
        "input_parameters": schema,
        "output_parameters": _OUTPUT,
        "no_auth": no_auth,
        "version": version,
        "available_versions": [version],
        "scopes": [],
        "tags": tags,
        "is_deprecated": retired,
        "deprecated": {
            "displayName": name,
            "version": version,
            "available_versions": [version],
            "is_deprecated": retired,
            "toolkit": {"logo": kit["logo"]},
        },
    }


def toolkit(card: ToolkitCard) -> Json:
    """A toolkit as lists show it."""
    return {
        "slug": card.slug,
        "name": card.title,
        "type": "native",
        "auth_schemes": [*card.modes],
        "composio_managed_auth_schemes": managed(card),
        "is_local_toolkit": False,
        "no_auth": not card.modes,
        "deprecated": {"toolkitId": card.slug},
        "meta": _meta(card) | {"categories": [{"id": name, "name": category(name)} for name in card.categories]},
    }


def toolkit_whole(catalogue: Catalogue, card: ToolkitCard) -> Json:
    """A toolkit with what it takes to connect it."""
    kit = catalogue.toolkit(card.slug)
    settings = [_field(one.name, one.about, one.required, one.default or None) for one in kit.account]
    check = f"{kit.hosts[kit.check.host]}{kit.check.path}" if kit.check else None
    base = next(iter(kit.hosts.values()), None)
    details: list[Json] = []
    for auth in kit.auth:
        creation = [_asked(one) for one in schemes.asked_of_operator(auth)]
        typed = [_asked(one, auth.about) for one in schemes.asked(auth)]
        details.append(
            {
                "mode": auth.mode,
                "name": f"{kit.title} {auth.mode}",
                "required_scopes": [*auth.scopes],
                "fields": {
                    "auth_config_creation": _sorted(creation),
                    "connected_account_initiation": _sorted(typed + settings),
                },
                "auth_hint_url": auth.page or None,
            }
        )
    return {
        "slug": card.slug,
        "name": card.title,
        "type": "native",
        "enabled": True,
        "composio_managed_auth_schemes": managed(card),
        "composio_managed_auth": [{"mode": mode, "scopes": {"available": []}} for mode in managed(card)],
        "is_local_toolkit": False,
        "auth_config_details": details,
        "auth_guide_url": next((auth.page for auth in kit.auth if auth.page), None),
        "base_url": base,
        "get_current_user_endpoint": check,
        "get_current_user_endpoint_method": kit.check.method if kit.check else None,
        "meta": _meta(card)
        | {"app_url": kit.page or None, "categories": [{"slug": name, "name": category(name)} for name in card.categories]}
        | {"available_versions": [card.version]},
        "deprecated": {"toolkitId": card.slug, "getCurrentUserEndpoint": check, "rawProxyInfoByAuthSchemes": []},
    }


def account(one: Account, config: AuthConfig | None, masked: Mapping[str, str] | None) -> Json:
    """A connected account as it is now. `masked` are its secrets as they may be shown, None where they do not open."""
    one = links.as_of_now(one)
    reason = one.status_reason or (SHUT if masked is None else "")
    scheme = one.mode or (config.mode if config else "")
    shown = {name: value for name, value in one.settings.items() if name != PLAYED} | dict(masked or {})
    shown |= {NAMES[name]: value for name, value in shown.items() if name in NAMES}
    return {
        "id": one.id,
        "alias": one.alias or None,
        "user_id": one.user_id,
        "status": one.status,
        "status_reason": reason or None,
        "is_disabled": one.status == "INACTIVE",
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
        "toolkit": {"slug": one.toolkit},
        "auth_config": {
            "id": one.auth_config_id,
            "auth_scheme": config.mode if config else scheme,
            "is_composio_managed": bool(config and config.managed),
            "is_disabled": bool(config and not config.enabled),
            "deprecated": {"uuid": one.auth_config_id},
        },
        "authScheme": scheme,
        "state": {"authScheme": scheme, "val": {"status": one.status} | shown},
        "data": {"label": one.label} if one.label else {},
        "params": {},
        "allowed_effects": [*one.effects],
        "deprecated": {"labels": [one.label] if one.label else [], "uuid": one.id},
    }


def link(url: str, account_id: str, expires_at: int) -> Json:
    """A connect link, and the account that waits for it. `expires_at` is in milliseconds."""
    token = url.rpartition("/")[2]
    return {"link_token": token, "redirect_url": url, "connected_account_id": account_id, "expires_at": moment(expires_at)}


def auth_config(one: AuthConfig, masked: Mapping[str, str], connections: int, redirect_uri: str) -> Json:
    """An auth config. Of OAuth2 it shows the redirect URI exactly as it is sent, for the operator to register."""
    credentials: Json = {**one.settings, **masked}
    if "scopes" in credentials:
        credentials["scopes"] = credentials["scopes"].split()
    if one.mode == "OAUTH2":
        credentials["oauth_redirect_uri"] = redirect_uri
    return {
        "id": one.id,
        "uuid": one.id,
        "type": "default" if one.managed else "custom",
        "toolkit": {"slug": one.toolkit, "logo": ""},
        "name": one.name,
        "auth_scheme": one.mode,
        "is_composio_managed": one.managed,
        "credentials": credentials,
        "status": "ENABLED" if one.enabled else "DISABLED",
        "created_at": moment(one.created_at),
        "last_updated_at": moment(one.updated_at),
        "no_of_connections": connections,
        "expected_input_fields": [],
        "restrict_to_following_tools": [*one.tools],
        "tool_access_config": {"tools_for_connected_account_creation": [], "tools_available_for_execution": [*one.tools]},
        "shared_credentials": {},
        "is_enabled_for_tool_router": True,
    }


def managed(card: ToolkitCard) -> list[str]:
    """The schemes of a toolkit that work without anything from the operator."""
    return [mode for mode in card.modes if mode in schemes.TYPED]


def moment(ms: int) -> str:
    """A time in milliseconds as ISO 8601."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def category(name: str) -> str:
    """A category's name for people."""
    return name.replace("-", " ").capitalize()


def _meta(card: ToolkitCard) -> Json:
    match = _VERSION.match(card.version)
    at = f"{match[1]}-{match[2]}-{match[3]}T00:00:00.000Z" if match else "1970-01-01T00:00:00.000Z"
    return {
        "created_at": at,
        "updated_at": at,
        "description": card.about,
        "logo": "",
        "app_url": None,
        "triggers_count": 0,
        "tools_count": card.tools,
        "version": card.version,
    }


def _asked(one: SecretField, about: str = "") -> Json:
    return _field(NAMES.get(one.name, one.name), one.about or about, one.required, secret=one.hidden) | {"displayName": one.title}


def _field(name: str, about: str, required: bool, default: object = None, secret: bool = False) -> Json:
    return {
        "name": name,
        "displayName": name.replace("_", " ").capitalize(),
        "default": None if default is None else str(default),
        "type": "string",
        "description": about,
        "required": required,
        "is_secret": secret,
        "user_visible": True,
    }


def _sorted(shown: list[Json]) -> Json:
    return {"required": [one for one in shown if one["required"]], "optional": [one for one in shown if not one["required"]]}
