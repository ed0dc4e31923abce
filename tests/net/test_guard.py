"""The few things that the guard lets pass; what it refuses: `tests/security`. Nothing here may leave the machine."""

import socket

import pytest

from tests.net.wire import always, plain, reaching, served
from toolway.errors import BadSetting, Blocked
from toolway.net import Request, is_public, named_addresses


async def test_the_name_of_this_machine_is_refused() -> None:
    name = socket.gethostname()
    try:
        address = socket.gethostbyname(name)
    except OSError:
        pytest.skip("this machine's name leads nowhere")
    assert not is_public(address)
    async with reaching() as net:
        with pytest.raises(Blocked):
            await net.send(Request("GET", f"http://{name}/", seconds=2))


async def test_a_named_address_is_reached_and_only_that_port() -> None:
    async with served(always(plain(b'"yes"'))) as named, served(always(plain())) as other, reaching(named.url) as net:
        assert (await net.send(Request("GET", named.url + "/a"))).body == b'"yes"'
        for url in (other.url, named.url.replace("127.0.0.1", "127.0.0.2"), named.url.replace("127.0.0.1", "localhost")):
            with pytest.raises(Blocked):
                await net.send(Request("GET", url + "/"))
        assert not other.heard


async def test_a_named_name_is_reached_and_only_that_port() -> None:
    async with served(always(plain())) as named, served(always(plain())) as other:
        async with reaching(f"http://localhost:{named.port}") as net:
            assert (await net.send(Request("GET", f"http://LocalHost:{named.port}/"))).status == 200
            for url in (f"http://localhost:{other.port}/", named.url + "/"):
                with pytest.raises(Blocked):
                    await net.send(Request("GET", url))
        assert not other.heard


@pytest.mark.parametrize(
    "trick", ["http://127.0.0.1:{port}\\@example.com/", "http://example.com#@127.0.0.1:{other}/", "http://a@127.0.0.1:{other}/"]
)
async def test_a_url_of_two_readings_reaches_nothing_unnamed(trick: str) -> None:
    async with served(always(plain())) as named, served(always(plain())) as other, reaching(named.url) as net:
        url = trick.format(port=named.port, other=other.port)
        if "example.com#" not in url:  # that one plainly leads to example.com
            with pytest.raises(Blocked):
                await net.send(Request("GET", url, seconds=2))
        assert not other.heard


async def test_a_proxy_is_used_for_the_rest_but_not_asked_for_private_places() -> None:
    async with (
        served(always(plain(b'"proxied"'))) as proxy,
        served(always(plain(b'"own"'))) as own,
        reaching(own.url, proxy=proxy.url) as net,
    ):
        assert (await net.send(Request("GET", "http://api.example.com/x"))).body == b'"proxied"'
        assert proxy.heard[0].startswith(b"GET http://api.example.com/x ")
        assert (await net.send(Request("GET", own.url))).body == b'"own"'
        for host in ("169.254.169.254", "10.1", "0x7f000001", "2130706433", "localhost", "kimai", "kimai.local", "[::1]", "a.1"):
            with pytest.raises(Blocked):
                await net.send(Request("GET", f"http://{host}/"))
        assert len(proxy.heard) == 1


PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111", "2a00:1450::1", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


def test_named_addresses_are_read_from_urls_and_words() -> None:
    found = named_addresses(["http://LOCALHOST/x", "https://kimai.lan/", "http://[::1]:81"], ["[::1]:80", "Kimai.lan:8001"])
    assert found == {("localhost", 80), ("kimai.lan", 443), ("::1", 81), ("::1", 80), ("kimai.lan", 8001)}
    for word in ("kimai.lan", ":80", "kimai:x"):
        with pytest.raises(BadSetting):
            named_addresses([], [word])
