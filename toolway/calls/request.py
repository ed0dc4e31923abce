"""From checked arguments to a request that could leave: pure, and without the credential.

Values go into the path as one quoted segment each; a value that would climb or vanish is refused. Hosts come from the toolkit alone,
save for those that the operator sends elsewhere.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from toolway.catalog.model import Json, Tool, Toolkit
from toolway.errors import BadArgument, Blocked
from toolway.net import Request, headers_of

_PLACE = re.compile(r"\{([^{}]+)\}")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def host_url(kit: Toolkit, host: str, settings: Mapping[str, str], overrides: Mapping[str, str]) -> str:
    """Where a host of the toolkit is for this account: the operator's override, else the account's region, else the general one."""
    sent = overrides.get(f"{kit.slug}.{host}")
    if sent:
        return sent
    url = kit.regions.get(settings.get("region", ""), {}).get(host) or kit.hosts[host]

    def label(place: re.Match[str]) -> str:
        value = settings.get(place[1], "")
        if not _LABEL.fullmatch(value):
            raise Blocked(
                f"The account's {place[1]} is {value[:60]!r}; one part of a host name is expected.", fix="Connect the account again."
            )
        return value

    return _PLACE.sub(label, url)


def build(tool: Tool, base: str, arguments: Json) -> Request:
    """The request for these arguments on the host `base`. Raises `BadArgument` for a path value that is no single segment."""
    places: dict[str, Json] = {"path": {}, "query": {}, "body": {}, "header": {}}
    whole: Any = None
    for param in tool.params:
        field = param.field
        value = arguments.get(param.given, field.default)
        if value is msgspec.UNSET:
            continue
        if param.place == "whole":
            whole = value
        else:
            places[param.place][field.name] = value
    for place, constants in tool.fixed.items():
        _lay(places[place], constants)
    url = base + _path(tool, places["path"])
    query = list(_query(places["query"]))
    if query:
        url += "?" + urlencode(query, quote_via=quote, safe="")
    if urlsplit(url).netloc != urlsplit(base).netloc:
        raise Blocked(f"{tool.slug} would leave its host; nothing was sent.")
    headers = headers_of({name: str(value) for name, value in places["header"].items()}) | {"Accept": "application/json"}
    content = whole if whole is not None else places["body"]
    body = b""
    if tool.send == "form" and content:
        body = urlencode(list(_query(content))).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    elif tool.send == "json" and tool.method not in ("GET", "DELETE") and (content or _takes_body(tool)):
        body = msgspec.json.encode(content)
        headers["Content-Type"] = "application/json"
    return Request(tool.method, url, headers, body, once=tool.effect != "read")


def _takes_body(tool: Tool) -> bool:
    return any(p.place in ("body", "whole") for p in tool.params)


def _path(tool: Tool, values: Json) -> str:
    def segment(place: re.Match[str]) -> str:
        name = place[1]
        text = str(values.get(name, ""))
        if text in ("", ".", "..") or any(ord(c) < 32 or ord(c) == 127 for c in text):
            raise BadArgument(f"{tool.slug}: {name} is {text[:60]!r}; the id or name of one thing is expected.")
        try:
            return quote(text, safe="")
        except UnicodeEncodeError:
            raise BadArgument(f"{tool.slug}: {name} holds characters that cannot be sent.") from None

    return _PLACE.sub(segment, tool.path)


def _query(values: Json) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:  # pyright: ignore[reportUnknownVariableType]
            yield name, _word(one)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _lay(under: Json, over: Json) -> None:
    for name, value in over.items():
        inner = under.get(name)
        if isinstance(inner, dict) and isinstance(value, dict):
            _lay(inner, value)  # pyright: ignore[reportUnknownArgumentType]
        else:
            under[name] = value
