"""A browser as an HTTP client plays it: cookies, pages, and forms that are sent as they were shown."""

from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from tests.serve.conftest import Reply, Router
from toolway.store.records import Account

KEY = "sandbox-desktime-key"


class Browser:
    """Opens pages and sends the form that it was shown, with the cookie that it was given."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self.cookie = ""
        self.path = ""
        self.page = Reply(0, {}, b"")  # pyright: ignore[reportArgumentType]

    async def open(self, path: str) -> Reply:
        self.path = path
        headers = [("cookie", self.cookie)] if self.cookie else []
        return self._shown(await self._router.ask("GET", path, headers=headers))

    async def send(self, path: str, *, origin: str = "null", without: Sequence[str] = (), **typed: str) -> Reply:
        """Type into the fields of the shown form by their last names (key, region), tick what must be ticked, and send it."""
        form = fields(self.page.text)
        names = {name.rpartition(".")[2]: name for name in form} | {"key": next((n for n in form if n.startswith("secret.")), "key")}
        form |= {names.get(name, name): value for name, value in typed.items()}
        form = {name: value for name, value in form.items() if name not in without}
        return await self.post(path, urlencode(form).encode(), ("origin", origin))

    async def post(self, path: str, content: bytes, *more: tuple[str, str]) -> Reply:
        """Send a form as it is written here."""
        headers = [("content-type", "application/x-www-form-urlencoded"), *more]
        headers += [("cookie", self.cookie)] if self.cookie else []
        return self._shown(await self._router.ask("POST", path, content, headers))

    def _shown(self, reply: Reply) -> Reply:
        if "set-cookie" in reply.headers:
            self.cookie = reply.headers["set-cookie"].partition(";")[0]
        self.page = reply
        return reply


def fields(page: str) -> dict[str, str]:
    """The fields of the form of a page as a person sends it who ticks what must be ticked."""
    found: dict[str, str] = {}

    class Form(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            if tag in ("input", "select") and given.get("name"):
                ticked = given.get("type") != "checkbox" or "checked" in given or "required" in given
                found.update({given["name"] or "": given.get("value") or ""} if ticked else {})

    Form().feed(page)
    return found


async def begin(router: Router, toolkit: str = "desktime", user: str = "alice", again: bool = False, **more: Any) -> tuple[str, str]:
    """A link as an agent gets it: its path and the account that it is for."""
    path = await router.session(user, **more)
    made = (await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=[toolkit], reinitiate_all=again))["data"]["results"][toolkit]
    return str(made["redirect_url"]).removeprefix(router.origin), str(made["connected_account_id"])


async def account_of(router: Router, number: str) -> Account:
    found = await router.local.store.accounts.get((await router.local.project()).id, number)
    assert found
    return found
