import time
import traceback
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import msgspec
import pytest
from rich.pretty import pretty_repr

from toolway.accounts.keeper import Credential
from toolway.accounts.schemes import conceal, key_auth, secret_field, sign
from toolway.accounts.vault import Secret
from toolway.catalog.model import Auth, Toolkit
from toolway.errors import Blocked
from toolway.net import Answer, Request

KEY = "canary+key/5f1d 0c9a&77"
QUOTED = "canary%2Bkey%2F5f1d%200c9a%2677"
PLAIN = Request("GET", "https://api.acme.example/x", {"Accept": "a"})


def kit(*auth: Auth) -> Toolkit:
    return Toolkit("acme", "Acme", "", {"api": "https://api.acme.example"}, auth=auth)


def credential(mode: str = "API_KEY", key: str = KEY) -> Credential:
    field = "token" if mode == "BEARER_TOKEN" else "api_key"
    return Credential("ca_1", "me", mode, {field: Secret(key)}, {})


def test_a_key_goes_where_the_toolkit_says() -> None:
    header = sign(PLAIN, kit(Auth("API_KEY", header="X-Key")), credential())
    assert header.headers == {"Accept": "a", "X-Key": KEY} and header.url == PLAIN.url
    query = sign(PLAIN, kit(Auth("API_KEY", query="apiKey")), credential())
    assert query.url == f"{PLAIN.url}?apiKey={QUOTED}" and query.headers == PLAIN.headers
    second = sign(Request("GET", "https://a/x?q=1"), kit(Auth("API_KEY", query="apiKey")), credential())
    assert second.url == f"https://a/x?q=1&apiKey={QUOTED}"
    bearer = sign(PLAIN, kit(Auth("BEARER_TOKEN", bearer=True)), credential("BEARER_TOKEN"))
    assert bearer.headers["Authorization"] == f"Bearer {KEY}"


def test_the_credentials_own_header_wins() -> None:
    asked = Request("GET", "https://a/x", {"X-Key": "the agent's"})
    assert sign(asked, kit(Auth("API_KEY", header="X-Key")), credential()).headers == {"X-Key": KEY}


def test_an_account_of_another_mode_is_not_sent() -> None:
    for auth, mode in ((Auth("API_KEY", header="X"), "BEARER_TOKEN"), (Auth("OAUTH2"), "NO_AUTH"), (Auth("NO_AUTH"), "OAUTH2")):
        with pytest.raises(Blocked, match=f"with a {mode} account"):
            sign(PLAIN, kit(auth), credential(mode))


@pytest.mark.parametrize("key", ["a\r\nX-Evil: 1", "a\0", "a\n"])
def test_a_key_injects_no_header_and_is_not_told(key: str) -> None:
    with pytest.raises(Blocked) as raised:
        sign(PLAIN, kit(Auth("API_KEY", header="X-Key")), credential(key=key))
    assert key not in raised.value.sentence


def test_nothing_shows_a_key() -> None:
    shown = [credential()]
    shown += [sign(PLAIN, kit(auth), credential()) for auth in (Auth("API_KEY", header="X"), Auth("API_KEY", query="k"))]
    for value in shown:
        for text in (repr(value), str(value), f"{value}", pretty_repr(value), pretty_repr({"a": [value]})):
            assert "canary" not in text
    try:
        raise ValueError(shown)
    except ValueError as error:
        assert "canary" not in "".join(traceback.format_exception(error))  # noqa: PT017


def test_which_auth_and_field_a_pasted_key_is_for() -> None:
    found = kit(Auth("OAUTH2"), Auth("BEARER_TOKEN", bearer=True), Auth("API_KEY", header="X"))
    assert key_auth(found) == Auth("BEARER_TOKEN", bearer=True) and key_auth(kit(Auth("OAUTH2"))) is None
    assert (secret_field("API_KEY"), secret_field("BEARER_TOKEN")) == ("api_key", "token")


def test_an_answer_is_given_without_the_key() -> None:
    body = f'{{"a": "{KEY}", "b": "?k={QUOTED}&"}}'.encode()
    assert conceal(Answer(401, {}, body), credential()).body == b'{"a": "***", "b": "?k=***&"}'
    clean = Answer(200, {"content-type": "application/json"}, b'{"a": 1}')
    assert conceal(clean, credential()) is clean
    assert conceal(clean, credential(key="a")) is clean


@pytest.mark.parametrize(
    "shape",
    [
        KEY.replace("/", "\\/"),
        quote(KEY, safe=""),
        quote(KEY, safe="").replace("%2B", "%2b").replace("%2F", "%2f"),
        quote_plus(KEY),
        quote(quote(KEY, safe=""), safe=""),
        KEY.replace("&", "\\u0026").replace("+", "\\u002B"),
        KEY.replace("/", "\\\\\\/"),
        *(b64encode(before + KEY.encode() + after).decode() for before in (b"", b"a:", b"me:") for after in (b"", b":", b":x")),
        urlsafe_b64encode(KEY.encode()).decode(),
        b64encode(KEY.encode()).decode().replace("/", "\\/").replace("=", "%3d"),
    ],
)
def test_a_key_is_concealed_however_it_is_written(shape: str) -> None:
    body = b'{"said": "before ' + shape.encode() + b' after"}'
    found = conceal(Answer(401, {"content-type": f"text/{shape}; x", "x-other": "1"}, body), credential())
    for text in (found.body.decode(), found.headers["content-type"]):
        assert "***" in text and not any(text[i : i + 8] in shape for i in range(len(text) - 8))
    assert found.headers["x-other"] == "1" and found.body.startswith(b'{"said": "before ') and found.body.endswith(b' after"}')
    msgspec.json.decode(found.body)


def test_looking_for_a_key_costs_no_more_than_the_length() -> None:
    body = b'"' + KEY.encode() + b"\\" * 2_000_000 + KEY.encode()[:-1] * 50_000 + b'"'
    began = time.perf_counter()
    assert KEY.encode() not in conceal(Answer(200, {}, body), credential()).body
    assert time.perf_counter() - began < 5
