"""From checked arguments to a request that could leave: pure, and without the credential.

Values go into the path as one quoted segment each; a value that would climb or vanish is refused. Hosts come from the toolkit alone,
save for those that the operator sends elsewhere.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import quote, unquote, urlencode

import msgspec
from msgspec import UNSET

from toolway.calls.arguments import LABEL
from toolway.catalog.model import Json, Tool, Toolkit
from toolway.errors import BadArgument, Blocked
from toolway.net import Request, headers_of

_PLACE = re.compile(r"\{([^{}]+)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CLIMBS = re.compile(r"(?:^|[/\\])\.{1,2}(?:[/\\;]|$)")  # quoted slashes too: some servers unquote a path before they resolve its dots


def host_url(kit: Toolkit, host: str, settings: Mapping[str, str], overrides: Mapping[str, str]) -> str:
    """Where a host of the toolkit is for this account: where the operator sends its region, or all of them; else as the toolkit has it."""
    region = settings.get("region", "")
    sent = overrides.get(f"{kit.slug}.{region}.{host}") or overrides.get(f"{kit.slug}.{host}")
    url = sent or kit.regions.get(region, {}).get(host) or kit.hosts[host]

    def label(place: re.Match[str]) -> str:
        value = settings.get(place[1], "")
        if not LABEL.fullmatch(value):
            came = f"is {value[:60]!r}; one part of a host name is expected" if value else f"is missing, which the region {region} needs"
            raise Blocked(f"The account's {place[1]} {came}.", fix=f"Connect the account again, with its {place[1]}.")
        return value

    return _PLACE.sub(label, url)


def build(tool: Tool, base: str, arguments: Json) -> Request:
    """The request for these arguments on the host `base`.

    Raises `BadArgument` for a path value that is no single segment, and for what cannot be written at all.
    """
    places: dict[str, Any] = {"path": {}, "query": {}, "body": {}, "header": {}}
    for param in tool.params:
        value = arguments.get(param.given, param.field.default)
        if value is UNSET:
            continue
        if param.place == "whole":
            places["body"] = value
        else:
            places[param.place][param.field.name] = value
    for place, constants in tool.fixed.items():
        places[place] = _laid(places[place], constants)
    try:
        return _request(tool, base, places)
    except (UnicodeEncodeError, RecursionError):
        raise BadArgument(f"{tool.slug}: an argument holds half a character or is nested too deeply.") from None


def _request(tool: Tool, base: str, places: Json) -> Request:
    path = _path(tool, places["path"])
    if not path.startswith("/"):
        raise Blocked(f"{tool.slug} would leave its host; nothing was sent.")
    url = base + path
    if query := list(_pairs(places["query"])):
        url += "?" + urlencode(query, quote_via=quote, safe="")
    headers = headers_of({name: _word(value) for name, value in places["header"].items()})
    headers["Accept"] = "application/json"
    body = b""
    match tool.send:
        case "json":
            body = msgspec.json.encode(places["body"])
            headers["Content-Type"] = "application/json"
        case "form":
            body = urlencode(list(_pairs(places["body"]))).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        case _:
            pass
    return Request(tool.method, url, headers, body, once=tool.effect != "read")


def _path(tool: Tool, values: Json) -> str:
    def segment(place: re.Match[str]) -> str:
        text = _word(values.get(place[1], ""))
        if not text.strip() or _CONTROL.search(text) or _CLIMBS.search(unquote(text)):
            raise BadArgument(f"{tool.slug}: {place[1]} is {text[:60]!r}; the id or name of one thing is expected.")
        return quote(text, safe="")

    return _PLACE.sub(segment, tool.path)


def _pairs(values: Json) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        for one in cast("list[Any]", value) if isinstance(value, list) else [value]:
            yield name, _word(one)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _laid(under: Json, over: Json) -> Json:
    """Both, what is over winning. Neither is touched: one may be a tool's own default."""
    laid = dict(under)
    for name, value in over.items():
        inner = laid.get(name)
        laid[name] = _laid(cast("Json", inner), cast("Json", value)) if isinstance(inner, dict) and isinstance(value, dict) else value
    return laid
