"""A person with a browser: opens a connect link, fills the form, sends it. Cookies and hidden fields as a browser has them."""

import re
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar

SECRET = re.compile(r"(^|[_.\-])(api[_-]?)?key$", re.I)


@dataclass
class Form:
    """A form as it stands on a page."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    typed: set[str] = field(default_factory=set[str])

    def fill(self, values: dict[str, str]) -> None:
        """Type something into fields."""
        self.fields = [(name, values.get(name, value)) for name, value in self.fields]


class Page(HTMLParser):
    """A page as a person sees it: its words and its forms."""

    def __init__(self, url: str, html: str) -> None:
        super().__init__()
        self.url = url
        self.forms: list[Form] = []
        self.text = ""
        self._silent = 0
        self._select = ""
        self._button = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms and what is in them."""
        given = {key: value or "" for key, value in attrs}
        name, value, kind = given.get("name", ""), given.get("value", ""), given.get("type", "text").lower()
        if tag in {"script", "style"}:
            self._silent += 1
        elif tag == "form":
            self._button = False
            self.forms.append(Form(urllib.parse.urljoin(self.url, given.get("action", "")), given.get("method", "get").upper()))
        elif not self.forms or "disabled" in given:
            return
        elif tag == "input" and name:
            form = self.forms[-1]
            if kind in {"checkbox", "radio"}:
                if "checked" in given or "required" in given:  # a person ticks what has to be
                    form.fields.append((name, value or "on"))
            elif kind not in {"submit", "button", "image", "reset", "file"}:
                form.fields.append((name, value))
                if kind in {"text", "password"}:
                    form.typed.add(name)
        elif tag == "textarea" and name:
            self.forms[-1].fields.append((name, ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in given or all(n != self._select for n, _ in self.forms[-1].fields)):
            self.forms[-1].fields = [(n, v) for n, v in self.forms[-1].fields if n != self._select] + [(self._select, value)]
        elif tag == "button" and name and given.get("type", "submit") == "submit" and not self._button:
            self._button = True
            self.forms[-1].fields.append((name, value))

    def handle_endtag(self, tag: str) -> None:
        """Leave what was entered."""
        if tag in {"script", "style"}:
            self._silent -= 1
        elif tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        """Gather the words."""
        if not self._silent and data.strip():
            self.text += data.strip() + "\n"


class Person:
    """Someone at a browser of their own."""

    def __init__(self) -> None:
        self.seen: list[Page] = []
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar()))
        self._opener.addheaders = [("user-agent", "Mozilla/5.0 (X11; Linux x86_64)"), ("accept", "text/html,*/*;q=0.8")]

    def connect(self, link: str, key: str) -> Page:
        """Open a connect link, give the key wherever one is asked for, and come to the page that says it is done."""
        page = self.go(link)
        for _ in range(4):
            form = next((f for f in page.forms if _secrets(f)), None) or next((f for f in page.forms if f.method == "POST"), None)
            if form is None:
                break
            form.fill(dict.fromkeys(_secrets(form), key))
            page = self.submit(form)
        assert re.search(r"\bconnected\b", page.text, re.I), f"{page.url} does not say that the account is connected:\n{page.text}"
        assert key not in page.text, "the page shows the key"
        return page

    def submit(self, form: Form) -> Page:
        """Send a form."""
        data = urllib.parse.urlencode(form.fields)
        if form.method != "POST":
            return self.go(f"{form.action.split('?')[0]}?{data}")
        return self.go(form.action, data.encode())

    def go(self, url: str, data: bytes | None = None) -> Page:
        """Open a page. An answer of 4xx or 5xx is an error."""
        parts = urllib.parse.urlsplit(url)
        headers = {"origin": f"{parts.scheme}://{parts.netloc}", "sec-fetch-site": "same-origin"} if data is not None else {}
        with self._opener.open(urllib.request.Request(url, data, headers), timeout=60) as answer:
            page = Page(answer.url, answer.read().decode())
        self.seen.append(page)
        return page


def _secrets(form: Form) -> list[str]:
    return [name for name in form.typed if SECRET.search(name)]
