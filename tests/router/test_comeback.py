"""Where people are sent back to: pages of the web alone, and under a project's own addresses where the operator named some."""

from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolway.errors import BadRequest, BadSetting
from toolway.router.comeback import Comebacks, is_web_page, told_of
from toolway.settings import read
from toolway.store.records import Project, new_id, now_ms
from toolway.store.shelves import Store

OUTCOME = {"status": "success", "connected_account_id": "ca_1"}
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    async with await Store.open(str(tmp_path / "t.db")) as opened:
        yield opened


async def project(store: Store, name: str) -> str:
    made = Project(new_id("pr_"), name, now_ms())
    await store.projects.add(made)
    return made.id


@pytest.mark.parametrize(
    "url", ["https://app.example", "http://127.0.0.1:3000/done?x=1#y", "https://[::1]:8/", "https://a.example/a%20b;c"]
)
def test_pages_of_the_web(url: str) -> None:
    assert is_web_page(url)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript://app.example/%0aalert(1)",
        "data:text/html,<script>",
        "//app.example/done",
        "/done",
        "app.example",
        "ftp://app.example",
        "https://",
        "https:///done",
        "https://user@app.example",
        "https://app.example\\@evil.example",
        "https://app.example/ done",
        "https://app.example/\ndone",
        "https://app.example:0",
        "https://app.example:99999",
        "https://app.example;x",
        "https://äpp.example",
        "https://[::1",
        "https://app.example/" + "a" * 2000,
        " https://app.example",
        "vbscript:x",
        "blob:https://app.example/x",
    ],
)
async def test_what_is_no_page_of_the_web(store: Store, url: str) -> None:
    assert not is_web_page(url)
    with pytest.raises(BadRequest, match="no http or https"):
        await Comebacks(store).check("pr_1", url)


async def test_each_project_has_its_own_pages(store: Store) -> None:
    shop, other = await project(store, "shop"), await project(store, "other")
    allowed = read({"callback_urls": "https://all.example, shop=https://shop.example/done/,shop=http://127.0.0.1:3000"}, {}).callback_urls
    comebacks = Comebacks(store, allowed)
    both = ["https://all.example", "https://all.example/x", "https://ALL.example:443/?a=b", "https://all.example?a"]
    own = ["https://shop.example/done", "https://shop.example/done/x?y=1", "http://127.0.0.1:3000/any"]
    none = [
        "http://all.example/",
        "https://all.example:8443/",
        "https://all.example.evil.example/",
        "https://evilall.example/",
        "https://shop.example/",
        "https://shop.example/done2",
        "https://shop.example/done/../admin",
        "https://shop.example/done/%2e%2E/admin",
        "https://shop.example/done/%2e%2e%2fadmin",
        "https://shop.example/elsewhere#/done",
        "http://127.0.0.1:3001/",
        "https://evil.example/?https://all.example",
        "https://evil.example/https://all.example",
    ]
    for url in both:
        assert await comebacks.allows(shop, url), url
        assert await comebacks.allows(other, url), url
    for url in own:
        assert await comebacks.allows(shop, url), url
        assert not await comebacks.allows(other, url), url
    for url in none:
        assert not await comebacks.allows(shop, url), url
        with pytest.raises(BadRequest, match="may not name"):
            await comebacks.check(shop, url)
    await comebacks.check(shop, "")  # none is named


async def test_without_a_list_who_holds_a_key_is_trusted(store: Store) -> None:
    assert await Comebacks(store).allows(await project(store, "shop"), "https://anywhere.example/x")
    assert not await Comebacks(store).allows(await project(store, "other"), "javascript:alert(1)")


@pytest.mark.parametrize(
    "text", ["shop", "shop=", "=https://a.example", "ftp://a.example", "https://a.example/?x=1", "a=https://u@b.example"]
)
def test_a_list_that_is_none(text: str) -> None:
    with pytest.raises(BadSetting, match="callback_urls"):
        _ = read({"callback_urls": text}, {}).callback_urls


@given(st.lists(st.tuples(TEXT, TEXT), max_size=4), TEXT)
def test_what_the_page_had_stays(own: list[tuple[str, str]], fragment: str) -> None:
    """Names that are ours are told by us alone; everything else comes through to the letter, in its order."""
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in own)
    mark = "#" + quote(fragment, safe="") if fragment else ""
    made = urlsplit(told_of(f"https://app.example/done?{query}{mark}", OUTCOME))
    assert parse_qsl(made.query, keep_blank_values=True) == [pair for pair in own if pair[0] not in OUTCOME] + list(OUTCOME.items())
    assert (made.netloc, made.path, made.fragment) == ("app.example", "/done", quote(fragment, safe=""))


def test_nobody_else_tells_the_outcome() -> None:
    told = told_of("https://app.example/done?status=failed&%73tatus=failed&x=a%20b+c&flag", OUTCOME)
    assert told == "https://app.example/done?x=a%20b+c&flag&status=success&connected_account_id=ca_1"
    assert "evil%26status%3D" in told_of("https://app.example/", {"error": "evil&status=success"})
