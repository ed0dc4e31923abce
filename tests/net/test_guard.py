"""What the guard refuses, and the few things that it lets pass. Nothing here may leave the machine."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.net.wire import always, plain, reaching, served
from toolway.errors import BadSetting, Blocked
from toolway.net import Request, is_public, named_addresses

PRIVATE = [
    # loopback, however it is spelt
    "127.0.0.1", "127.0.0.2", "127.255.255.254", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "017700000001",
    "localhost", "LOCALHOST", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
    # nowhere and everywhere
    "0.0.0.0", "0", "0.1.2.3", "[::]", "255.255.255.255", "224.0.0.1", "239.255.255.250", "[ff02::1]", "240.0.0.1",
    # private
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.1.1", "192.168.257", "3232235777", "0xc0a80101",
    "[fc00::1]", "[fd12:3456::1]", "[fec0::1]", "[::ffff:10.0.0.1]", "[::ffff:192.168.1.1]",
    # shared, link-local, metadata
    "100.64.0.1", "100.127.255.254", "169.254.0.1", "169.254.169.254", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "[fe80::1]",
    "[fe80::1%25lo]", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "192.0.0.192", "192.0.0.8", "100.100.100.200",
    # carried inside other addresses
    "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2001:0:7f00:1::]",
    # kept for benchmarks, documents and the like
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.0.2.1", "192.88.99.1", "[2001:db8::1]", "[3fff::1]", "[2001:20::1]", "[100::1]",
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", PRIVATE)
async def test_a_private_address_is_refused_however_it_is_spelt(host: str, scheme: str) -> None:
    async with reaching() as net:
        with pytest.raises(Blocked, match="private address"):
            await net.send(Request("GET", f"{scheme}://{host}/", seconds=2))


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


ODD = [
    "", "/", "api.example", "http://", "http:///x", "http://[bad", "http://[::1", "http://a:99999999/", "http://a:b/", "file:///etc/passwd",
    "ftp://example.com/", "javascript:alert(1)", "unix:///run/docker.sock", "gopher://127.0.0.1/", "http://\x00/", "http://\udcff/",
]  # fmt: skip


@pytest.mark.parametrize("url", ODD, ids=ascii)
async def test_what_is_no_address_of_the_web_is_refused(url: str) -> None:
    async with reaching() as net:
        request = Request("GET", url, seconds=2)
        assert repr(request).startswith("Request(GET ")
        with pytest.raises(Blocked):
            await net.send(request)


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


@given(st.ip_addresses(v=4))
def test_an_address_within_an_address_counts_as_what_it_is(address: ipaddress.IPv4Address) -> None:
    for carrier in ("::ffff:", "64:ff9b::"):
        assert is_public(str(ipaddress.IPv6Address(f"{carrier}{address}"))) == is_public(str(address))
    assert not is_public(str(ipaddress.IPv6Address((0x2002 << 112) | int(address) << 80)))


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
