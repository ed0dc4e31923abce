"""Which browser a page is shown in: one cookie, which holds a random id and marks of the users who were confirmed in it.

A mark can be made here only, for one browser, project and user. Who opens a link that was made for somebody else finds no mark of that
user in their browser, and is asked.
"""

import hmac
import re
import secrets
from typing import NamedTuple

from toolway.accounts.links import Derive
from toolway.serve.wire import Scope, header_values

_DAYS = 90
_MOST_MARKS = 20
_MARK = 24
_VALUE = re.compile(rf"([A-Za-z0-9_-]{{32}})((?:\.[0-9a-f]{{{_MARK}}}){{0,{_MOST_MARKS}}})")


class Browser(NamedTuple):
    """A browser: its id, "" when it has brought none, and the marks of users confirmed in it, latest first."""

    id: str
    marks: tuple[str, ...] = ()


class Browsers:
    """Knows browsers again. `derive` makes what only this installation can make."""

    def __init__(self, derive: Derive) -> None:
        self._derive = derive

    def of(self, scope: Scope, origin: str) -> Browser:
        """The browser that sends a request."""
        name = _name(origin)
        for line in header_values(scope, b"cookie"):
            for part in line.decode("latin-1").split(";"):
                found, _, value = part.strip().partition("=")
                match = _VALUE.fullmatch(value) if found == name else None
                if match:
                    return Browser(match[1], tuple(match[2].split(".")[1:]))
        return Browser("")

    def new(self) -> Browser:
        """A browser that was never here."""
        return Browser(secrets.token_urlsafe(24))

    def confirmed(self, browser: Browser, project_id: str, user_id: str) -> bool:
        """Whether somebody confirmed in this browser to be this user of this project."""
        mark = self._mark(browser, project_id, user_id)
        return any(hmac.compare_digest(mark, known) for known in browser.marks)

    def confirm(self, browser: Browser, project_id: str, user_id: str) -> Browser:
        """The browser with a mark of this user."""
        mark = self._mark(browser, project_id, user_id)
        others = tuple(known for known in browser.marks if known != mark)
        return browser._replace(marks=(mark, *others)[:_MOST_MARKS])

    def _mark(self, browser: Browser, project_id: str, user_id: str) -> str:
        return self._derive(f"browser {browser.id} {project_id} {user_id}")[:_MARK]


def cookie(browser: Browser, origin: str) -> tuple[bytes, bytes]:
    """The header that lets a browser keep what it is known by. A provider's redirect has to bring it back, so it is Lax."""
    value = ".".join((browser.id, *browser.marks))
    secure = "; Secure" if origin.startswith("https:") else ""
    return b"set-cookie", f"{_name(origin)}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={_DAYS * 86_400}{secure}".encode()


def _name(origin: str) -> str:
    return "__Host-toolway" if origin.startswith("https:") else "toolway"
