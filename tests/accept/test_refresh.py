"""Tokens that are renewed, with a certified provider that rotates refresh tokens and ends a grant whose used one comes again.

Calls of two processes at once cause one renewal, and kill -9 at each of its steps loses no account.
"""

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin

import aiohttp
import aiohttp.web
import pytest
from yarl import URL

from tests.databases import is_postgres, outside
from toolway.accounts import links, oauth
from toolway.serve.local import Local
from toolway.settings import read
from toolway.store.records import Account, now_ms

from .conftest import Node
from .provider import Provider, provider
from .refreshing import USER
from .server import REPO

ROUNDS, CALLS = 100, 10


class Person:
    """Signs in at the provider and says yes, with an HTTP client that plays the browser. Gives what the browser brings back."""

    async def consent(self, url: str, back: str) -> dict[str, str]:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as browser:
            form: dict[str, str] | None = None
            for _ in range(12):
                async with browser.request("POST" if form else "GET", url, data=form, allow_redirects=False) as answer:
                    if place := answer.headers.get("location"):
                        url, form = urljoin(url, place), None
                        if url.startswith(back):
                            return dict(URL(url).query)
                        continue
                    page = await answer.text()
                found = re.search(r'<form[^>]*action="([^"]+)"', page)
                assert found, page
                url = urljoin(url, found[1])
                prompt = "login" if 'value="login"' in page else "consent"
                form = {"prompt": prompt} | ({"login": USER, "password": "x"} if prompt == "login" else {})
        raise AssertionError("the provider leads round in circles")


class Gate:
    """Stands before the provider's token endpoint; tells when a request came (`came`) and when the provider answered (`answered`), and
    lets each pass only when it is told to. One that it `loses` does not reach the provider.
    """

    def __init__(self) -> None:
        self.url, self.loses = "", False
        self.came, self.let_in = asyncio.Event(), asyncio.Event()
        self.answered, self.let_out = asyncio.Event(), asyncio.Event()
        self.delivered = asyncio.Event()

    @asynccontextmanager
    async def before(self, place: str) -> AsyncGenerator["Gate"]:
        async with aiohttp.ClientSession() as client:

            async def pass_on(request: aiohttp.web.BaseRequest) -> aiohttp.web.StreamResponse:
                body = await request.read()
                self.came.set()
                await self.let_in.wait()
                if self.loses:
                    self.loses = False
                    return aiohttp.web.Response(status=502)
                kept = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
                async with client.post(place, data=body, headers=kept) as answer:
                    content = await answer.read()
                self.answered.set()
                await self.let_out.wait()
                told = aiohttp.web.Response(status=answer.status, body=content, content_type="application/json")
                await told.prepare(request)
                await told.write_eof()
                self.delivered.set()
                return told

            server = aiohttp.web.ServerRunner(aiohttp.web.Server(pass_on))
            await server.setup()
            site = aiohttp.web.TCPSite(server, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{server.addresses[0][1]}/token"
            try:
                yield self
            finally:
                for event in (self.let_in, self.let_out):
                    event.set()
                await server.cleanup()


class Caller:
    """A process that calls when it is told to."""

    def __init__(self, settings: dict[str, str]) -> None:
        command = [sys.executable, "-m", "tests.accept.refreshing", json.dumps(settings)]
        self._process = subprocess.Popen(command, cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin and self._process.stdout
        self._in: IO[str] = self._process.stdin
        self._out: IO[str] = self._process.stdout
        assert self._out.readline() == "ready\n"

    def start(self, calls: int) -> None:
        self._in.write(f"{calls}\n")
        self._in.flush()

    def told(self) -> list[dict[str, Any]]:
        return json.loads(self._out.readline())

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._in.close()
        self._out.close()


class House:
    """An installation whose one account is connected with the provider."""

    def __init__(self, place: Provider, settings: dict[str, str], account: Account, url: str) -> None:
        self.place, self.settings, self.account, self.url = place, settings, account, url

    @contextmanager
    def callers(self, count: int) -> Generator[list[Caller]]:
        started = [Caller(self.settings) for _ in range(count)]
        try:
            yield started
        finally:
            for one in started:
                one.kill()

    def refreshes(self) -> int:
        return (self.place.folder.parent / "provider.log").read_text().count("grant refresh_token")

    async def expire(self) -> None:
        at = now_ms()
        await self.say(f"UPDATE accounts SET expires_at = {at - 1}, refreshed_at = refreshed_at - 3600000")
        await self.say("UPDATE generation SET value = value + 1")

    async def say(self, sql: str) -> None:
        await outside(self.url, sql)

    async def state(self) -> tuple[Any, ...]:
        return (await outside(self.url, "SELECT status, status_reason FROM accounts"))[0]


@pytest.fixture(scope="module")
def place(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with provider(node, tmp_path_factory.mktemp("provider")) as started:
        yield started


@asynccontextmanager
async def connected(place: Provider, folder: Path, url: str, token_url: str = "") -> AsyncGenerator[House]:
    """The account, connected as a person would; `token_url` then stands for the provider's own."""
    settings = {"data": str(folder / "data"), "database": url} | place.settings
    if token_url:
        settings["private_hosts"] = token_url.split("/")[2]
    async with await Local.open(read(settings, {})) as local:
        config, back = await place.config(local), f"http://127.0.0.1:9900{oauth.CALLBACK}"
        begun = await local.connector.begin(config.project_id, USER, "ledger", config.id)
        link, account = await links.find(local.store, begun.path.rpartition("/")[2])
        given = await Person().consent(await local.connector.leave(link, account, {}, ("read",), "browser", back), back)
        _, done = await local.connector.back(given["state"], "browser", given, back)
        assert (done.status, done.label) == ("ACTIVE", f"{USER}@provider.example")
        if token_url:
            await local.custody.change_config(config, {"token_url": token_url})
        yield House(place, settings, done, url)


async def test_twenty_calls_of_two_processes_renew_once_in_each_of_a_hundred_rounds(place: Provider, tmp_path: Path, url: str) -> None:
    async with connected(place, tmp_path, url) as house:
        with house.callers(2) as callers:
            for number in range(ROUNDS):
                before = house.refreshes()
                await house.expire()
                for one in callers:
                    one.start(CALLS)
                told = [await asyncio.to_thread(one.told) for one in callers]
                assert all(call["successful"] for calls in told for call in calls), (number, told)
                assert house.refreshes() == before + 1, number
        assert await house.state() == ("ACTIVE", "")


@pytest.mark.parametrize("step", ["asked", "rotated", "answered", "kept"])
async def test_kill_9_at_each_step_loses_no_account(place: Provider, tmp_path: Path, url: str, step: str) -> None:
    """Before the provider rotated, and after its answer was kept, nothing happened to the account. In between only the provider knows the
    new token; this one ends the grant when the old one comes again, so that the account says so and asks to be connected anew.
    """
    gate = Gate()
    async with gate.before(f"{place.origin}/token") as before, connected(place, tmp_path, url, before.url) as house:
        await house.expire()
        with house.callers(1) as (first,):
            first.start(1)
            await gate.came.wait()
            if step != "asked":
                gate.let_in.set()
                await gate.answered.wait()
            if step == "answered":
                async with locked(house.url):
                    gate.let_out.set()
                    await gate.delivered.wait()  # and it cannot be written
                    first.kill()
            elif step == "kept":
                gate.let_out.set()
                assert (await asyncio.to_thread(first.told))[0]["successful"]
        gate.loses = step == "asked"
        gate.let_in.set()
        gate.let_out.set()
        with house.callers(1) as (second,):
            second.start(3)
            told = await asyncio.to_thread(second.told)
        lost = step in ("rotated", "answered")
        if lost:
            assert await house.state() == ("EXPIRED", "REFRESH_REFUSED: invalid_grant")
            assert all(call["connect"] == "ledger" for call in told), told
        else:
            assert await house.state() == ("ACTIVE", "") and all(call["successful"] for call in told), told


@asynccontextmanager
async def locked(url: str) -> AsyncGenerator[None]:
    """Nobody else writes to the accounts meanwhile."""
    if is_postgres(url):
        import asyncpg  # pyright: ignore[reportMissingImports, reportMissingTypeStubs]

        driver: Any = asyncpg
        connection = await driver.connect(url)
        try:
            async with connection.transaction():
                await connection.execute("LOCK TABLE accounts IN EXCLUSIVE MODE")
                yield
        finally:
            await connection.close()
        return
    file = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=10, isolation_level=None)
    try:
        file.execute("BEGIN IMMEDIATE")
        yield
        file.rollback()
    finally:
        file.close()
