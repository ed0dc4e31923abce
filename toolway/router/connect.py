"""Connecting an account: a link for a person, a key that is proved before it is kept.

Joins accounts (who may) and calls (what is done): a key is tried with the toolkit's own check call, sealed before it is first written,
and the account is labelled with what the service calls it.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

from msgspec import Struct

from toolway.accounts import links, schemes
from toolway.accounts.keeper import Credential, Keeper
from toolway.accounts.vault import Secret
from toolway.calls.run import Runner
from toolway.catalog.index import Catalogue
from toolway.catalog.model import Auth, Json, Toolkit
from toolway.errors import BadArgument, BadRequest, CallFailed, Forbidden, Refused, TooLarge, ToolwayError
from toolway.store.records import EFFECTS, Account, AuthConfig, Link, Session, new_id, now_ms
from toolway.store.shelves import Store

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


class Begun(Struct, frozen=True):
    """A connection that waits for its key: the account, the path of its link and when that expires (milliseconds)."""

    account: Account
    path: str
    expires_at: int


class SecretField(Struct, frozen=True):
    """A secret that a person types: its name, what it is called, and whether it may be seen while it is typed."""

    name: str
    title: str
    required: bool = True
    hidden: bool = True


class Way(Struct, frozen=True):
    """How an account that waits is connected: by the secrets that a person types, or at `authorize_url`, with these scopes."""

    config: AuthConfig
    auth: Auth
    secrets: tuple[SecretField, ...] = ()
    scopes: tuple[str, ...] = ()
    authorize_url: str = ""


class ConnectFailed(ToolwayError):
    """The account was not connected. `error` is a word for programs, `quoted` what the provider said itself."""

    def __init__(self, message: str, link: Link, account: Account, error: str, quoted: str = "", fix: str | None = None) -> None:
        super().__init__(message, fix=fix)
        self.link = link
        self.account = account
        self.error = error
        self.quoted = quoted


class Connector:
    """Begins and finishes connections."""

    def __init__(self, store: Store, catalogue: Catalogue, keeper: Keeper, runner: Runner, derive: links.Derive) -> None:
        self._store = store
        self._derive = derive
        self._catalogue = catalogue
        self._keeper = keeper
        self._runner = runner

    async def begin(self, project_id: str, user_id: str, toolkit: str, auth_config: str = "", callback_url: str = "") -> Begun:
        """An account that waits, and the one good link for the person who has the key."""
        kit = self._catalogue.toolkit(toolkit)
        config = await links.auth_config_for(self._store, project_id, kit.slug, _auth_mode(kit), auth_config)
        account, token, expires_at = await links.ask(self._store, self._derive, config, user_id, callback_url)
        return Begun(account, f"/link/{token}", expires_at)

    async def link(self, session: Session, origin: str, toolkit: str) -> Json:
        """Begin a connection for a session's user: what an agent needs to show the link."""
        chosen: str = session.config["auth_configs"].get(toolkit, "")
        callback_url: str = session.config["manage_connections"].get("callback_url", "")
        begun = await self.begin(session.project_id, session.user_id, toolkit, chosen, callback_url)
        return {
            "redirect_url": origin + begun.path,
            "connected_account_id": begun.account.id,
            "auth_config_id": begun.account.auth_config_id,
            "created_at": begun.account.created_at,
            "expires_at": begun.expires_at,
        }

    async def way(self, account: Account) -> Way:
        """How an account that waits is connected."""
        kit = self._catalogue.toolkit(account.toolkit)
        config = await self._store.auth_configs.get(account.project_id, account.auth_config_id)
        auth = schemes.key_auth(kit)
        assert config
        assert auth
        title = f"{kit.title} API key"
        return Way(config, auth, (SecretField(schemes.secret_field(auth.mode), title),))

    async def decline(self, link: Link, account: Account) -> Account:
        """The person does not want to connect: the link is used up, and its account FAILED."""
        return await self._store.accounts.move(account, "fail", status_reason="DECLINED")

    async def leave(
        self, link: Link, account: Account, settings: dict[str, str], effects: tuple[str, ...], browser: str, redirect_uri: str
    ) -> str:
        """Begin an authorization at the provider; gives where the browser is to go."""
        raise NotImplementedError

    async def back(self, state: str, browser: str, given: Mapping[str, str], redirect_uri: str) -> tuple[Link, Account]:
        """Finish an authorization with what the provider sent along."""
        raise BadRequest("This way to a provider and back is not known here.", fix="Ask your agent for a new link.")

    async def finish(
        self, link: Link, account: Account, secrets: dict[str, str], settings: dict[str, str], effects: tuple[str, ...] = EFFECTS
    ) -> Account:
        """Prove a key that was given on a link, and make the account active. Raises `BadArgument` or `CallFailed` with what to do;
        the link stays good until a key was accepted. Raises `Gone` when it was used or replaced in the meantime.
        """
        kit = self._catalogue.toolkit(account.toolkit)
        credential = self._credential(kit, account.id, next(iter(secrets.values()), ""), settings)
        label = await self._label(kit, credential)
        sealed = self._keeper.seal(account.id, credential.mode, credential.secrets)
        return await links.finish(self._store, link, account, sealed=sealed, label=label, settings=credential.settings, effects=effects)

    async def direct(self, project_id: str, user_id: str, toolkit: str, key: str, settings: dict[str, str]) -> Account:
        """Connect with a key at once, without a link."""
        kit = self._catalogue.toolkit(toolkit)
        account_id, at = new_id("ca_"), now_ms()
        credential = self._credential(kit, account_id, key, settings)
        label = await self._label(kit, credential)
        config = await links.auth_config_for(self._store, project_id, kit.slug, credential.mode)
        sealed = self._keeper.seal(account_id, credential.mode, credential.secrets)
        account = Account(
            account_id, project_id, user_id, kit.slug, config.id, "ACTIVE", "", label, "", credential.settings, sealed, at, at
        )
        await self._store.accounts.add(account)
        return account

    def _credential(self, kit: Toolkit, account_id: str, key: str, settings: dict[str, str]) -> Credential:
        key = key.strip()
        if not key or not key.isascii() or not key.isprintable() or len(key) > 4096:
            raise BadArgument(
                "The key is empty or holds characters that no key has.",
                fix="Copy it again, whole and on its own.",
                field=schemes.secret_field(_auth_mode(kit)),
            )
        mode = _auth_mode(kit)
        return Credential(
            account_id,
            "",
            mode,
            {schemes.secret_field(mode): Secret(key)},
            _settings(kit, settings) | self._keeper.mark(kit.slug),
        )

    async def _label(self, kit: Toolkit, credential: Credential) -> str:
        try:
            proof = await self._runner.prove(kit, credential)
        except Refused as error:
            if error.means in ("key", "refused", "forbidden"):
                raise Refused(
                    f"{kit.title} did not accept this key. {error.message}",
                    status=error.status,
                    means=error.means,
                    fix="Check that the key is whole, still valid, and of the account and region that you mean.",
                ) from None
            raise
        except (CallFailed, TooLarge) as error:
            raise CallFailed(f"The key could not be proved: {error.message}", fix="Try again in a moment.") from None
        value: Any = proof
        for part in (kit.check.label if kit.check else "").split("."):
            value = cast("Json", value).get(part) if isinstance(value, dict) and part else None
        return str(value)[:200] if value else kit.title


def _auth_mode(kit: Toolkit) -> str:
    auth = schemes.key_auth(kit)
    if auth is None:
        raise Forbidden(f"{kit.title} cannot be connected with a key.")
    return auth.mode


def _settings(kit: Toolkit, given: dict[str, str]) -> dict[str, str]:
    made: dict[str, str] = {}
    for field in kit.account:
        value = (given.get(field.name) or str(field.default or "")).strip() if field.default else (given.get(field.name) or "").strip()
        if not value:
            if field.required:
                raise BadArgument(f"{field.name} is missing.", fix=field.about or None, field=field.name)
            continue
        if field.kind.word == "choice" and value not in field.kind.choices:
            raise BadArgument(f"{field.name} is {value[:60]!r}; one of {', '.join(field.kind.choices)} is expected.", field=field.name)
        if field.kind.word == "label" and not _LABEL.fullmatch(value):
            raise BadArgument(f"{field.name} is {value[:60]!r}; letters, digits and dashes are expected, without dots.", field=field.name)
        made[field.name] = value[:200]
    unknown = [name for name in given if name not in {f.name for f in kit.account}]
    if unknown:
        raise BadArgument(f"{kit.title} has no setting {unknown[0][:60]!r}.")
    return made
