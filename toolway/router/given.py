"""What people give to connect an account, checked."""

import re
from collections.abc import Mapping, Sequence

from toolway.accounts import oauth
from toolway.accounts.vault import Secret
from toolway.catalog.model import Toolkit
from toolway.errors import BadArgument, BadRequest
from toolway.store.records import EFFECTS

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LONGEST_LINE = 200
_LONGEST_USER = 1000


def line(text: str, what: str, most: int = _LONGEST_LINE) -> str:
    """A name that people gave, without blanks around it. Raises `BadRequest` for one that is no line, or is longer than this."""
    text = text.strip()
    if len(text) > most or not text.isprintable():
        raise BadRequest(f"{what} is a line of at most {most} characters.", fix="Leave out line ends and what nobody sees.")
    return text


def user(text: str) -> str:
    """A user's id, as sessions take it. Raises `BadRequest`."""
    if not line(text, "user_id", _LONGEST_USER):
        raise BadRequest("user_id is empty; the id of the user whose account it is is expected.")
    return text


def allowed(effects: Sequence[str]) -> tuple[str, ...]:
    """What a person allows agents, in the usual order. Raises `BadArgument` for what is no effect."""
    if strange := set(effects) - set(EFFECTS):
        raise BadArgument(f"{sorted(strange)[0][:40]!r} is nothing to allow; the effects are {', '.join(EFFECTS)}.")
    return tuple(effect for effect in EFFECTS if effect in effects)


def brought(given: Mapping[str, str]) -> oauth.Tokens:
    """Tokens that a provider gave somebody else, who hands them on."""
    access, fresh, seconds = (given.get(name, "").strip() for name in ("access_token", "refresh_token", "expires_in"))
    if not access:
        raise BadArgument("access_token is missing.", fix="Connect with a link, or give the token.")
    if not all(oauth.is_token(token) for token in (access, fresh or access)):
        raise BadArgument("A token holds characters that none has.", fix="Copy it again, whole and on its own.")
    lives = int(seconds) if seconds.isdecimal() and len(seconds) < 10 else None
    return oauth.Tokens(Secret(access), Secret(fresh) if fresh else None, lives, oauth.scope_of(given.get("scope", "")))


def settings_of(kit: Toolkit, given: Mapping[str, str]) -> dict[str, str]:
    """What the toolkit asks for besides, checked. Raises `BadArgument` with the field."""
    made: dict[str, str] = {}
    for field in kit.account:
        value = (given.get(field.name) or str(field.default or "")).strip() if field.default else (given.get(field.name) or "").strip()
        if not value:
            if field.required:
                raise BadArgument(f"{field.name} is missing.", fix=field.about or None, field=field.name)
            continue
        if field.kind.word == "choice" and value not in field.kind.choices:
            raise BadArgument(f"{field.name} is {value[:60]!r}; one of {', '.join(field.kind.choices)} is expected.", field=field.name)
        if field.kind.word == "label" and not _LABEL.fullmatch(value):
            raise BadArgument(f"{field.name} is {value[:60]!r}; letters, digits and dashes are expected, without dots.", field=field.name)
        made[field.name] = value[:200]
    unknown = [name for name in given if name not in {f.name for f in kit.account}]
    if unknown:
        raise BadArgument(f"{kit.title} has no setting {unknown[0][:60]!r}.")
    return made
