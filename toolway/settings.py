"""Every setting: its name, its default and a sentence that says what it does.

A setting is given by a flag, by the environment (`TOOLWAY_` and the name in capitals) or in `toolway.toml` in the data folder or
the working folder, in that order. `read` gathers them once; the result is frozen and passed on by hand.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from toolway.errors import BadSetting


class Setting(NamedTuple):
    """A setting: `name`, its `default` as text, and one `sentence`. Secret ones are never shown."""

    name: str
    default: str
    sentence: str
    secret: bool = False


SETTINGS = (
    Setting("host", "127.0.0.1", "Address that the server listens on."),
    Setting("port", "9900", "Port that the server listens on."),
    Setting("data", "~/.toolway", "Folder of the database, the vault key and the catalogue's index."),
    Setting("database", "", "Database: a SQLite file or postgresql://user:password@host/name; left out: toolway.db in the data folder."),
    Setting("workers", "1", "Processes that share the address; each is a whole server."),
    Setting("public_url", "", "The https address under which clients reach this server, if it is not loopback."),
    Setting("origins", "", "Further addresses (scheme://host:port, comma-separated) under which clients may reach it."),
    Setting("tls_cert", "", "Certificate file; with tls_key the server speaks https itself."),
    Setting("tls_key", "", "Private key file of the certificate."),
    Setting("api_key", "", "Presets the first API key in place of a random one.", secret=True),
    Setting("vault_key", "", "Key ring of the vault (base64 of 32 bytes, or id:base64,...) in place of the key file.", secret=True),
    Setting("vault_key_command", "", "Command that prints that key ring, run once at start, without a shell."),
    Setting("hosts", "", "Sends hosts of toolkits elsewhere: toolkit.host=url,... (mock server, proxy)."),
    Setting("private_hosts", "", "Private addresses (host:port, comma-separated) that toolkits may reach; every other is refused."),
    Setting("sandbox", "", "Address of a sandbox that plays Clockify and DeskTime; serve --sandbox starts one and sets it."),
    Setting("callback_urls", "", "Pages that people may be sent back to after connecting: [project=]https://host/path,...; left out: any."),
    Setting("refresh_days", "7", "Days after which OAuth2 access that nobody used is refreshed, so that it does not lapse; 0: never."),
    Setting("links_as_errors", "off", "on: MCP clients of 2025-11-25 that open links get a missing connection as error -32042."),
    Setting("proxy", "", "Proxy for all calls to services; left out: none."),
    Setting("log", "auto", "Lines on stderr: info (also each call), warning, error or off; auto is warning in a terminal, else info."),
    Setting("traces", "", "OTLP address that traces are sent to (http://host:4318/v1/traces); left out: none are made."),
    Setting("dense", "off", "on: a small network has a vote in searches in English, beside the words; needs the extra dense."),
    Setting("toolkits", "", f"Folders of further toolkits, separated by {os.pathsep!r}."),
)
_MOST_WORKERS, _MOST_DAYS = 64, 3650
_PASSWORD = re.compile(r"(?<=://)[^/@,]*(?=@)|(?<=password=)[^&,]*")
SANDBOX_PATHS = {
    "clockify.api": "/clockify/api",
    "clockify.reports": "/clockify/reports",
    "desktime.api": "/desktime/api/v2/json",
} | {
    f"clockify.{region}{own}.{host}": f"/clockify/{'{subdomain}' if own and host == 'reports' else region.lower()}/{path}"
    for region in ("EUC1", "USE2", "EUW2", "APSE2")
    for own in ("", "_SUBDOMAIN")
    for host, path in (("api", "api"), ("reports", "report"))
}
_BY_NAME = {s.name: s for s in SETTINGS}


class Settings:
    """The settings in force. Attributes bear the settings' names; `origin_of(name)` tells where a value came from."""

    def __init__(self, values: Mapping[str, tuple[str, str]]) -> None:
        self._values = dict(values)

    def text(self, name: str) -> str:
        """The value as text."""
        return self._values[name][0]

    def origin_of(self, name: str) -> str:
        """`flag`, `environment`, a file's name, or `default`."""
        return self._values[name][1]

    def words(self, name: str) -> tuple[str, ...]:
        """A comma-separated value, as its parts."""
        return tuple(part.strip() for part in self.text(name).split(",") if part.strip())

    def flag(self, name: str) -> bool:
        """A value that is on or off."""
        text = self.text(name).strip().lower()
        if text not in ("on", "off"):
            raise BadSetting(f"{name} is {self.text(name)[:40]!r}; on or off is expected.")
        return text == "on"

    @property
    def data(self) -> Path:
        """The data folder, absolute."""
        return Path(self.text("data")).expanduser().absolute()

    @property
    def database(self) -> str:
        """The database's address."""
        return self.text("database") or f"sqlite:///{self.data / 'toolway.db'}"

    @property
    def port(self) -> int:
        """The port; 0 picks a free one."""
        text = self.text("port")
        if not text.isdecimal() or int(text) > 65535:
            raise BadSetting(f"port is {text!r}; a number from 0 to 65535 is expected.")
        return int(text)

    @property
    def workers(self) -> int:
        """How many processes serve."""
        text = self.text("workers")
        if not text.isdecimal() or not 1 <= int(text) <= _MOST_WORKERS:
            raise BadSetting(f"workers is {text!r}; a number from 1 to {_MOST_WORKERS} is expected.")
        return int(text)

    @property
    def refresh_days(self) -> int:
        """Days after which access that nobody used is refreshed; 0: never."""
        text = self.text("refresh_days")
        if not text.isdecimal() or int(text) > _MOST_DAYS:
            raise BadSetting(f"refresh_days is {text!r}; a number from 0 to {_MOST_DAYS} is expected.")
        return int(text)

    @property
    def values(self) -> dict[str, tuple[str, str]]:
        """Every value and where it came from, to be handed on to another process."""
        return dict(self._values)

    @property
    def toolkits(self) -> tuple[Path, ...]:
        """Folders of further toolkits."""
        return tuple(Path(part).expanduser() for part in self.text("toolkits").split(os.pathsep) if part)

    @property
    def overrides(self) -> dict[str, str]:
        """`toolkit.host`, or `toolkit.region.host` for accounts of that region alone, to the URL that is used in its place."""
        sandbox = self.text("sandbox").rstrip("/")
        if sandbox and not _is_url(sandbox):
            raise BadSetting(f"sandbox is {sandbox!r}; http://host:port is expected.")
        named: dict[str, str] = {}
        for part in self.words("hosts"):
            name, _, url = part.partition("=")
            parts = name.split(".")
            if len(parts) not in (2, 3) or not all(parts) or not _is_url(url):
                raise BadSetting(
                    f"hosts holds {part!r}; toolkit.host=http://address is expected, for example clockify.api=http://127.0.0.1:9901/api."
                )
            named[name] = url.rstrip("/")
        played = {name: sandbox + path for name, path in SANDBOX_PATHS.items() if _in_all_regions(name) not in named} if sandbox else {}
        return played | named

    @property
    def callback_urls(self) -> tuple[tuple[str, str], ...]:
        """Pairs: a project's name ("" for every project), and an address under which its callback_url may lie."""
        found: list[tuple[str, str]] = []
        for part in self.words("callback_urls"):
            project, mark, url = part.rpartition("=") if not _is_url(part) else ("", "=", part)
            if not _is_url(url) or (project == "" and mark and part != url) or set("?#@\\") & set(url):
                raise BadSetting(f"callback_urls holds {part!r}; https://host/path or project=https://host/path is expected.")
            found.append((project, url))
        return tuple(found)

    @property
    def played(self) -> frozenset[str]:
        """The toolkits that are played by a sandbox, not reached."""
        return frozenset(name.partition(".")[0] for name in SANDBOX_PATHS) if self.text("sandbox") else frozenset()

    @property
    def proxy(self) -> str:
        """The proxy for calls to services; empty for none."""
        text = self.text("proxy")
        if text and not _is_url(text):
            raise BadSetting(f"proxy is {text.rpartition('@')[2]!r}; http://host:port is expected.")
        return text

    @property
    def traces(self) -> str:
        """Where traces are sent; empty for nowhere."""
        text = self.text("traces")
        if text and not _is_url(text):
            raise BadSetting(f"traces is {text.rpartition('@')[2][:80]!r}; http://host:4318/v1/traces is expected.")
        return text

    @property
    def tls(self) -> tuple[str, str] | None:
        """Certificate and key file, when the server speaks https itself."""
        certificate, key = self.text("tls_cert"), self.text("tls_key")
        if bool(certificate) != bool(key):
            raise BadSetting(f"{'tls_cert' if certificate else 'tls_key'} is given alone; https needs tls_cert and tls_key.")
        for name, path in (("tls_cert", certificate), ("tls_key", key)):
            if path and not Path(path).is_file():
                raise BadSetting(f"{name} is {path!r}, where there is no file.")
        return (certificate, key) if certificate else None

    def but(self, **values: str) -> "Settings":
        """The same settings with some values replaced."""
        return Settings(self._values | {name: (value, "flag") for name, value in values.items()})

    def shown(self, name: str) -> str:
        """The value as people may see it: no secret, and no password of an address."""
        text = self.text(name)
        if _BY_NAME[name].secret:
            return "***" if text else ""
        if name == "database" and "@" in text:  # a password that was not quoted may hold anything
            scheme, _, rest = text.partition("://")
            text = f"{scheme}://***@{rest.rpartition('@')[2]}"
        return _PASSWORD.sub("***", text)

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={self.shown(name)!r}' for name in self._values)})"


def _in_all_regions(name: str) -> str:
    """`toolkit.region.host` as `toolkit.host`."""
    slug, *_, host = name.split(".")
    return f"{slug}.{host}"


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, half an IPv6 address
        return False


def read(flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Gather the settings from flags (None: not given), environment and `toolway.toml`. Unknown keys in the file are refused."""
    given = {name: str(value) for name, value in (flags or {}).items() if value is not None}
    environ = os.environ if environ is None else environ
    env = {s.name: environ[f"TOOLWAY_{s.name.upper()}"] for s in SETTINGS if f"TOOLWAY_{s.name.upper()}" in environ}
    data = given.get("data") or env.get("data") or _BY_NAME["data"].default
    file, where = _file(Path(data).expanduser())
    values: dict[str, tuple[str, str]] = {}
    for setting in SETTINGS:
        name = setting.name
        if name in given:
            values[name] = (given[name], "flag")
        elif name in env:
            values[name] = (env[name], "environment")
        elif name in file:
            values[name] = (file[name], where)
        else:
            values[name] = (setting.default, "default")
    return Settings(values)


def _file(data: Path) -> tuple[dict[str, str], str]:
    for path in (Path("toolway.toml"), data / "toolway.toml"):
        if not path.is_file():
            continue
        try:
            content: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise BadSetting(f"{path} cannot be read: {error}") from None
        unknown = [name for name in content if name not in _BY_NAME]
        if unknown:
            raise BadSetting(f"{path} holds the unknown setting {unknown[0]!r}.", fix=f"Known are: {', '.join(_BY_NAME)}.")
        for name, value in content.items():
            if not isinstance(value, str | int) or isinstance(value, bool):
                raise BadSetting(
                    f"{path}: {name} is no text and no number.", fix="Write several values as one text, as in the environment."
                )
        return {name: str(value) for name, value in content.items()}, str(path)
    return {}, ""
