"""The tables [auth.X] of a toolkit."""

from pathlib import Path

import pytest

from tests.catalog.toolkits import MAIN, PING, write
from toolway.catalog.model import Auth
from toolway.catalog.reader import read
from toolway.errors import BadFile


def auths(folder: Path, text: str) -> dict[str, Auth]:
    return {auth.mode: auth for auth in read(write(folder / "acme", {"toolkit.toml": MAIN + text, "tools.toml": PING})).auth}


def test_every_way_is_read(tmp_path: Path) -> None:
    found = auths(
        tmp_path,
        """
[auth.basic]
about = "Your name and password."
[auth.no_auth]
[auth.bearer_token]
header = "X-Token"
also.X-App = "app_key -- The application's key."
claims.api = "backendUrl"
[auth.oauth2]
authorize = "https://id.acme.example/in"
token = "https://id.acme.example/token"
issuer = "https://id.acme.example"
names-itself = true
scopes = ["a", "b"]
[auth.s2s_oauth2]
token = "https://id.acme.example/token"
""",
    )
    assert set(found) == {"API_KEY", "BASIC", "NO_AUTH", "BEARER_TOKEN", "OAUTH2", "S2S_OAUTH2"}
    assert found["BEARER_TOKEN"].also == (("X-App", "app_key", "The application's key."),)
    assert found["BEARER_TOKEN"].claims == {"api": "backendUrl"} and not found["BEARER_TOKEN"].bearer
    assert found["OAUTH2"].scopes == ("a", "b") and found["OAUTH2"].names_itself and found["OAUTH2"].revoke == ""
    assert found["BASIC"].about == "Your name and password."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[auth.oauth2]\ntoken = "https://id.acme.example/t"', "authorize and token belong together"),
        ('[auth.oauth2]\nrevoke = "http://id.acme.example/r"', "an address such as https://"),
        ('[auth.s2s_oauth2]\ntoken = "https://id.acme.example/t?x=1"', "an address such as https://"),
        ('[auth.bearer_token]\nclaims.web = "u"', "no such host"),
        ('[auth.bearer_token]\nalso.X-App = "App Key"', "a name and a sentence are expected"),
        ('[auth.bearer_token]\nheader = "A"\nquery = "b"', "one of header"),
        ("[auth.saml]", "unknown way to prove oneself"),
        ('[auth.basic]\nheader = "A"', "unknown key"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadFile) as raised:
        auths(tmp_path, text)
    assert any(said in problem for problem in raised.value.details), raised.value.details
