"""What every page has in common: its frame, its headers, and how a form or a query is read.

Templates are loaded when the first page is asked for.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from toolway.errors import BadRequest, Gone, NotFound, ToolwayError
from toolway.serve.wire import STATUS, Response

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parents[1]
_CSP = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'{}; frame-ancestors 'none'; base-uri 'none'"
_MOST_FIELDS = 40
_MOST_TOLD = 500
_HEADINGS: dict[type[ToolwayError], str] = {Gone: "This link is no longer good", NotFound: "There is no such link"}

_STATUS = STATUS | {"bad_setting": 409}
"""An auth config that lacks something is no fault of this server."""


def headers(leads_to: tuple[str, ...] = ()) -> tuple[tuple[bytes, bytes], ...]:
    """What every page says. Browsers hold a form's redirects to `form-action` too, so the places that they may lead to are named there."""
    return (
        (b"content-security-policy", _CSP.format("".join(f" {place}" for place in leads_to)).encode()),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-frame-options", b"DENY"),
        (b"cross-origin-opener-policy", b"same-origin"),
    )


def page(name: str, status: int, /, leads_to: tuple[str, ...] = (), **values: Any) -> Response:
    """A page made of a template."""
    text = _templates().get_template(name).render(values)
    return Response(status, text.encode("utf-8", "replace"), headers(leads_to), b"text/html; charset=utf-8")


def told(error: ToolwayError, status: int = 0, *, heading: str = "", onward: tuple[str, str] = ("", "")) -> Response:
    """A page that says what went wrong and what to do; `onward` is where to go from here, and what that is called."""
    heading = heading or _HEADINGS.get(type(error), "This did not work")
    return page("told.html", status or _STATUS.get(error.code, 500), error=error, heading=heading, onward=onward)


def away(place: str) -> Response:
    """Sends the browser to another place, by GET."""
    return Response(303, b"", (*headers(), (b"location", place.encode())), b"text/html; charset=utf-8")


def with_headers(response: Response, *more: tuple[bytes, bytes]) -> Response:
    """The response with further headers."""
    return Response(response.status, response.body, (*response.headers, *more), response.kind)


def pairs(text: bytes) -> dict[str, str]:
    """A filled form, or the query of an address. Raises `BadRequest` for what two readers could read differently."""
    try:
        found = parse_qsl(text.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise BadRequest("What the browser sent cannot be read.", fix="Open the link again.") from None
    made = dict(found)
    if len(made) != len(found):
        raise BadRequest("What the browser sent holds something twice.", fix="Open the link again.")
    return made


def words_of_others(text: str) -> str:
    """What somebody else wrote, fit to be quoted: nothing invisible, nothing endless. The template escapes it."""
    seen = "".join(letter if letter.isprintable() else " " for letter in text[: 2 * _MOST_TOLD])
    short = " ".join(seen.split())
    return short if len(short) <= _MOST_TOLD else short[: _MOST_TOLD - 1] + "…"


def style() -> Response:
    """GET /static/toolway.css"""
    return Response(200, _style(), ((b"cache-control", b"public, max-age=3600"),), b"text/css; charset=utf-8")


@cache
def _style() -> bytes:
    return (_HERE / "static" / "toolway.css").read_bytes()


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["words"] = words_of_others
    return made
