"""Tools and toolkits as REST shows them (the contract's section 9). Every field that SDKs transform is always there."""

import re
from datetime import UTC, datetime

import msgspec

from toolway.catalog.index import Catalogue
from toolway.catalog.model import Card, Json, ToolkitCard
from toolway.router.meta import MetaTool
from toolway.router.policy import HINTS

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
MANAGED = ("API_KEY", "BEARER_TOKEN", "BASIC", "NO_AUTH")
"""The schemes for which a router needs nothing from its operator: the user brings the key."""


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
    settings = [_field(one.name, one.about, one.required, default=one.default or None) for one in kit.account]
    check = f"{kit.hosts[kit.check.host]}{kit.check.path}" if kit.check else None
    base = next(iter(kit.hosts.values()), None)
    details: list[Json] = []
    for auth in kit.auth:
        creation, initiation = CREATION.get(auth.mode, ()), INITIATION.get(auth.mode, ())
        typed = [_field(name, about or auth.about, required, secret=secret) for name, about, required, secret in initiation] + settings
        details.append(
            {
                "mode": auth.mode,
                "name": f"{kit.title} {auth.mode}",
                "required_scopes": [],
                "fields": {
                    "auth_config_creation": _sorted([_field(name, about, due, secret=secret) for name, about, due, secret in creation]),
                    "connected_account_initiation": _sorted(typed),
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


# What a scheme asks for, as (name, sentence, required, secret): of whoever makes an auth config, and of whoever connects an account.
CREATION: dict[str, tuple[tuple[str, str, bool, bool], ...]] = {
    "OAUTH2": (
        ("client_id", "Id of your own OAuth client at the service.", True, False),
        ("client_secret", "Its secret.", True, True),
        ("scopes", "What to ask the user for, comma-separated.", False, False),
    ),
}
INITIATION: dict[str, tuple[tuple[str, str, bool, bool], ...]] = {
    "API_KEY": (("generic_api_key", "", True, True),),
    "BEARER_TOKEN": (("token", "", True, True),),
    "BASIC": (("username", "", True, False), ("password", "", False, True)),
    "S2S_OAUTH2": (("client_id", "", True, False), ("client_secret", "", True, True)),
}


def managed(card: ToolkitCard) -> list[str]:
    """The schemes of a toolkit that work without anything from the operator."""
    return [mode for mode in card.modes if mode in MANAGED]


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


def _field(name: str, about: str, required: bool, *, default: object = None, secret: bool = False) -> Json:
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
