"""A person with a browser: opens the link that an agent shows, gives the key, and reads what the page says."""

from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx2

from demo import Failed


class _Page(HTMLParser):
    """A page as a person sees it: its heading, what it announces, and its form."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said = ""
        self.fields: dict[str, str] = {}
        self.secret = ""
        self._open = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "input" and given.get("name"):
            self.fields[given["name"]] = given.get("value", "")
            if given.get("type") == "password":
                self.secret = given["name"]
        elif given.get("role") in ("status", "alert"):
            self._open = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open:
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.said += data


async def connect(link: str, key: str) -> str:
    """Give a key on the page behind a link, as a person would; gives what the page says then."""
    async with httpx2.AsyncClient(trust_env=False, follow_redirects=True) as browser:
        form = _Page((await browser.get(link)).text)
        if not form.secret:
            raise Failed(f"The connect page asks for no key. {_words(form)}")
        answer = await browser.post(link, data=form.fields | {form.secret: key}, headers={"origin": urljoin(link, "/").rstrip("/")})
    page = _Page(answer.text)
    if answer.status_code != 200 or page.secret:
        raise Failed(f"The connect page did not take the key. {_words(page)}")
    return _words(page)


def _words(page: _Page) -> str:
    return " ".join(page.said.split())
