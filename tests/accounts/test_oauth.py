"""OAuth2 as values: what is asked, and what comes back, however odd."""

from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolway.accounts import oauth
from toolway.accounts.oauth import Denied
from toolway.accounts.vault import Secret
from toolway.catalog.model import Auth
from toolway.errors import BadSetting, CallFailed
from toolway.net import Answer

ADDRESSES = {
    "authorize_url": "https://a.example/in?tenant=1",
    "token_url": "https://a.example/token",
    "revoke_url": "https://a.example/out",
}
SECRET = "canary secret/+&="


def client(auth: Auth | None = None, secret: str = SECRET, **more: str) -> oauth.Client:
    secrets = {"client_secret": Secret(secret)} if secret else {}
    return oauth.client_of("Acme", auth or Auth("OAUTH2"), {"client_id": "us & them", **ADDRESSES, **more}, secrets)


def test_the_way_to_the_provider() -> None:
    way, other = (oauth.begin(client(scopes="b  a"), "https://r.example/cb") for _ in range(2))
    asked = {name: values[0] for name, values in parse_qs(urlsplit(way.url).query).items()}
    assert asked.pop("code_challenge") not in way.verifier and asked.pop("state") == way.state != other.state
    assert asked == {
        "tenant": "1",
        "response_type": "code",
        "client_id": "us & them",
        "redirect_uri": "https://r.example/cb",
        "code_challenge_method": "S256",
        "scope": "b a",
    }
    assert way.verifier not in way.url and way.verifier != other.verifier and SECRET not in way.url


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_how_the_client_proves_itself(method: str) -> None:
    made = client(token_endpoint_auth_method=method)
    for request in (
        oauth.exchange(made, "c&d", "https://r/cb", "v"),
        oauth.refresh(made, Secret("canary-refresh")),
        oauth.credentials(made),
        oauth.revoke(made, Secret("canary-refresh"), "refresh_token"),
    ):
        body = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        assert request.method == "POST" and request.once and "?" not in request.url
        assert ("Authorization" in request.headers) == (method == "client_secret_basic")
        assert (body.get("client_secret") == SECRET) == (method == "client_secret_post")
        assert (body.get("client_id") == "us & them") == (method != "client_secret_basic")
        assert "canary" not in repr(request) + repr(made)
    assert client(secret="").method == "none" and client().method == "client_secret_basic"


def test_what_the_toolkit_says_of_its_provider_goes_before_what_a_config_says() -> None:
    auth = Auth("OAUTH2", authorize="https://own.example/a", token="https://own.example/t", scopes=("x",))
    made = client(auth)
    assert (made.authorize_url, made.token_url, made.scopes) == ("https://own.example/a", "https://own.example/t", ("x",))


@pytest.mark.parametrize(
    ("more", "secret", "said"),
    [
        ({"client_id": ""}, SECRET, "lacks client_id"),
        ({"token_url": ""}, SECRET, "lacks token_url"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "", "lacks client_secret"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, SECRET, "one of client_secret_basic"),
    ],
)
def test_a_client_that_lacks_something(more: dict[str, str], secret: str, said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        client(None, secret, **more)


texts = st.text(max_size=12)
values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | texts
    | st.lists(texts, max_size=2)
    | st.dictionaries(texts, texts, max_size=2)
)
names = st.sampled_from(["access_token", "refresh_token", "expires_in", "expires_at", "scope", "token_type", "error", "error_description"])


@given(st.dictionaries(names, values, max_size=6) | values, st.sampled_from([200, 201, 400, 401, 500, 302]))
def test_whatever_a_provider_answers_is_a_token_or_told(said: Any, status: int) -> None:
    with suppress(Denied, CallFailed):
        found = oauth.tokens(client(), Answer(status, {}, msgspec.json.encode(said)))
        assert status < 300 and found.access.open() == said["access_token"]
        assert found.seconds is None or 1 <= found.seconds < 2**31
        assert "\n" not in found.access.open() + (found.refresh.open() if found.refresh else "")


@given(st.binary(max_size=200))
def test_whatever_bytes_a_provider_answers(body: bytes) -> None:
    with suppress(Denied, CallFailed):
        oauth.tokens(client(), Answer(200, {}, body))


@pytest.mark.parametrize(
    ("auth", "more", "issuer", "fits"),
    [
        (Auth("OAUTH2"), {}, None, True),
        (Auth("OAUTH2"), {}, "https://a.example", True),
        (Auth("OAUTH2"), {}, "https://a.example.evil", False),
        (Auth("OAUTH2"), {"issuer": "https://id.example/"}, "https://id.example", True),
        (Auth("OAUTH2"), {"issuer": "https://id.example"}, "https://a.example", False),
        (Auth("OAUTH2"), {"issuer": "https://id.example"}, "", False),
        (Auth("OAUTH2", names_itself=True), {"issuer": "https://id.example"}, None, False),
        (Auth("OAUTH2", issuer="https://own.example"), {"issuer": "https://evil.example"}, "https://evil.example", False),
        (Auth("OAUTH2"), {}, "\udcff", False),
    ],
)
def test_who_answers(auth: Auth, more: dict[str, str], issuer: str | None, fits: bool) -> None:
    if fits:
        oauth.came_from(client(auth, **more), issuer)
    else:
        with pytest.raises(Denied):
            oauth.came_from(client(auth, **more), issuer)


@pytest.mark.parametrize("quoted", ["canary-refresh-0123", "canary%2Drefresh%2D0123", "{'token': \"canary-refresh-0123\"}", SECRET])
@pytest.mark.parametrize("place", ["error", "error_description"])
def test_a_provider_that_quotes_what_was_sent(quoted: str, place: str) -> None:
    body = msgspec.json.encode({"error": "invalid_grant", place: f"{quoted} is unknown"})
    with pytest.raises(Denied) as raised:
        oauth.tokens(client(), Answer(400, {}, body), Secret("canary-refresh-0123"))
    told = raised.value.sentence + raised.value.reason
    assert "0123" not in told and SECRET not in told and "is unknown" in told
