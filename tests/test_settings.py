"""Settings: where a value comes from, and a sentence for each that cannot be used."""

from pathlib import Path

import pytest

from toolway.errors import BadSetting
from toolway.settings import SETTINGS, read


def written(folder: Path, text: str) -> Path:
    (folder / "toolway.toml").write_text(text)
    return folder


def test_flag_before_environment_before_file_before_default(tmp_path: Path) -> None:
    written(tmp_path, 'port = 1\nhost = "file"\norigins = "file"\n')
    found = read({"data": tmp_path, "port": 3, "host": None}, {"TOOLWAY_PORT": "2", "TOOLWAY_HOST": "env", "OTHER": "x"})
    assert (found.port, found.origin_of("port")) == (3, "flag")
    assert (found.text("host"), found.origin_of("host")) == ("env", "environment")
    assert (found.text("origins"), found.origin_of("origins")) == ("file", str(tmp_path / "toolway.toml"))
    assert (found.text("proxy"), found.origin_of("proxy")) == ("", "default")
    assert found.database == f"sqlite:///{tmp_path / 'toolway.db'}"


def test_every_setting_has_its_words() -> None:
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
    for setting in SETTINGS:
        assert setting.sentence.endswith(".")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot = 1", "unknown setting 'prot'"),
        ("port = ", "cannot be read"),
        ('origins = ["http://a"]', "origins is no text"),
        ("port = true", "port is no text"),
        ("[host]\na = 1", "host is no text"),
    ],
)
def test_a_file_that_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        read({"data": str(written(tmp_path, text))}, {})


@pytest.mark.parametrize("port", ["-1", "65536", "x", "", "1.5"])
def test_ports(port: str) -> None:
    with pytest.raises(BadSetting, match="0 to 65535"):
        _ = read({"port": port}, {}).port


@pytest.mark.parametrize(
    "hosts",
    [
        "clockify=http://x",
        "clockify.api",
        "clockify.api=",
        "a.b.c.d=http://x",
        "a..c=http://x",
        "a.b=ftp://x",
        "a.b=http://x:99999",
        "a.b=http://[x",
    ],
)
def test_hosts_that_are_none(hosts: str) -> None:
    with pytest.raises(BadSetting, match="hosts holds"):
        _ = read({"hosts": hosts}, {}).overrides


def test_hosts() -> None:
    found = read({"hosts": " clockify.api=http://127.0.0.1:1/x/ , desktime.api=https://[::1]:2"}, {})
    assert found.overrides == {"clockify.api": "http://127.0.0.1:1/x", "desktime.api": "https://[::1]:2"}


def test_a_region_has_hosts_of_its_own_unless_all_are_sent_elsewhere() -> None:
    played = read({"sandbox": "http://127.0.0.1:1"}, {}).overrides
    assert played["clockify.EUC1.api"] == "http://127.0.0.1:1/clockify/euc1/api"
    assert played["clockify.EUC1_SUBDOMAIN.reports"] == "http://127.0.0.1:1/clockify/{subdomain}/report"
    found = read({"sandbox": "http://127.0.0.1:1", "hosts": "clockify.USE2.api=http://x:1,clockify.api=http://x:2"}, {}).overrides
    api = {name: url for name, url in found.items() if name.startswith("clockify.") and name.endswith(".api")}
    assert api == {"clockify.USE2.api": "http://x:1", "clockify.api": "http://x:2"}
    assert found["clockify.EUC1.reports"] == "http://127.0.0.1:1/clockify/euc1/report"


def test_proxies() -> None:
    assert read({"proxy": "http://user:word@proxy.lan:3128"}, {}).proxy == "http://user:word@proxy.lan:3128"
    with pytest.raises(BadSetting) as told:
        _ = read({"proxy": "socks5://user:word@proxy.lan"}, {}).proxy
    assert "word" not in told.value.sentence


def test_https_needs_both_files(tmp_path: Path) -> None:
    file = tmp_path / "x.pem"
    file.write_text("")
    assert read({}, {}).tls is None
    assert read({"tls_cert": file, "tls_key": file}, {}).tls == (str(file), str(file))
    with pytest.raises(BadSetting, match="tls_cert is given alone"):
        _ = read({"tls_cert": file}, {}).tls
    with pytest.raises(BadSetting, match="where there is no file"):
        _ = read({"tls_cert": file, "tls_key": tmp_path / "none.pem"}, {}).tls


def test_nothing_secret_is_shown() -> None:
    given = {"api_key": "canary-1", "vault_key": "canary-2", "database": "postgresql://me:canary-3@db/x", "proxy": "http://me:canary-4@p"}
    found = read(given, {})
    assert "canary" not in repr(found)
    assert found.shown("database") == "postgresql://***@db/x"
    assert found.text("api_key") == "canary-1"


def test_some_values_replaced() -> None:
    found = read({}, {}).but(port="5")
    assert (found.port, found.origin_of("port")) == (5, "flag")
