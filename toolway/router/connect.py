"""Connecting an account: a link for a person, a credential that is proved before it is kept.

Joins accounts (who may) and calls (what is done): what a person typed, or a provider gave, is tried with the toolkit's own check call,
sealed before it is first written, and the account is labelled with what the service calls it.
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct, structs

from toolway.accounts import links, oauth, schemes
from toolway.accounts.keeper import Credential, Keeper, authorization_row_of, opened_secrets, sealed_secrets
from toolway.accounts.renewal import client_for, spoken, take_back, times
from toolway.accounts.schemes import SecretField
from toolway.accounts.vault import Secret, Vault
from toolway.calls.run import Runner
from toolway.calls.view import value_at
from toolway.catalog.index import Catalogue
from toolway.catalog.model import Auth, Json, Toolkit
from toolway.errors import BadArgument, BadRequest, CallFailed, Conflict, Forbidden, Gone, Refused, TooLarge, ToolwayError
from toolway.net import Net
from toolway.router.comeback import Comebacks
from toolway.router.config import MOST_ACCOUNTS
from toolway.router.given import allowed, brought, line, settings_of, user
from toolway.store.connected import AccountChanges
from toolway.store.records import EFFECTS, Account, AuthConfig, Authorization, Link, Session, new_id, now_ms
from toolway.store.shelves import Store

DECLINED = "DECLINED"
"""The reason of an account that its person did not want to connect."""


class Begun(Struct, frozen=True):
    """A connection that waits for its key: the account, the path of its link and when that expires (milliseconds)."""

    account: Account
    path: str
    expires_at: int


class Way(Struct, frozen=True):
    """How an account that waits is connected: by the secrets that a person types, or at `authorize_url`, with these scopes."""

    config: AuthConfig
    auth: Auth
    secrets: tuple[SecretField, ...] = ()
    scopes: tuple[str, ...] = ()
    authorize_url: str = ""


class ConnectFailed(ToolwayError):
    """The account was not connected. `error` is a word for programs, `again` the path of the link where that is still good, else ""."""

    def __init__(self, cause: ToolwayError, link: Link, account: Account, error: str, again: str) -> None:
        super().__init__(cause.message, fix=cause.fix)
        self.link = link
        self.account = account
        self.error = error
        self.again = again


class _Chosen(Struct):
    """What a person chose before they went to a provider."""

    settings: dict[str, str]
    effects: tuple[str, ...]


class Connector:
    """Begins and finishes connections."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        keeper: Keeper,
        runner: Runner,
        derive: links.Derive,
        vault: Vault,
        net: Net,
        comebacks: Comebacks,
    ) -> None:
        self._store = store
        self._derive = derive
        self._catalogue = catalogue
        self._keeper = keeper
        self._runner = runner
        self._vault = vault
        self._net = net
        self._comebacks = comebacks

    async def begin(
        self, project_id: str, user_id: str, toolkit: str, auth_config: str = "", callback_url: str = "", alias: str = ""
    ) -> Begun:
        """An account that waits, and the one good link for the person who has the key. Raises `BadRequest` for a page that the project
        may not send people to.
        """
        await self._comebacks.check(project_id, callback_url)
        kit = self._catalogue.toolkit(toolkit)
        alias = await self._free(project_id, user(user_id), kit.slug, alias)
        config = await links.auth_config_for(self._store, project_id, kit.slug, _usual_mode(kit), auth_config)
        account, token, expires_at = await links.ask(self._store, self._derive, config, user_id, callback_url, alias)
        return Begun(account, f"/link/{token}", expires_at)

    async def link(self, session: Session, origin: str, toolkit: str, callback_url: str = "", alias: str = "") -> Json:
        """Begin a connection for a session's user: what an agent needs to show the link.

        The auth config is that of an account that the session pins, else the one that it names, else as `auth_config_for` has it. Where
        what is pinned has expired it is connected anew: another account would be of no use to the session. Raises `Conflict` where the
        session takes no more accounts.
        """
        callback_url = callback_url or session.config["manage_connections"].get("callback_url") or ""
        pinned = await self._pinned(session, toolkit)
        over = next((one for one in pinned if one.status in ("EXPIRED", "INITIATED")), None)
        if over is not None and not any(one.status == "ACTIVE" for one in pinned):
            begun = await self.again(over, callback_url)
        else:
            await self._room(session, toolkit)
            chosen: str = pinned[0].auth_config_id if pinned else session.config["auth_configs"].get(toolkit, "")
            begun = await self.begin(session.project_id, session.user_id, toolkit, chosen, callback_url, alias)
        return {
            "redirect_url": origin + begun.path,
            "connected_account_id": begun.account.id,
            "auth_config_id": begun.account.auth_config_id,
            "created_at": begun.account.created_at,
            "expires_at": begun.expires_at,
        }

    async def again(self, account: Account, callback_url: str = "") -> Begun:
        """The one good link for an account that has expired, to connect it anew under its id. Raises `Conflict` for another state."""
        await self._comebacks.check(account.project_id, callback_url)
        kit = self._catalogue.toolkit(account.toolkit)
        await links.auth_config_for(self._store, account.project_id, kit.slug, "", account.auth_config_id)
        account, token, expires_at = await links.ask_again(self._store, self._derive, account, callback_url)
        return Begun(account, f"/link/{token}", expires_at)

    async def _room(self, session: Session, toolkit: str) -> None:
        """Whether a session lets its user have one more account for a toolkit. Raises `Conflict`. Those that are switched off count."""
        multiple: Json = session.config["multi_account"]
        if not multiple["enable"]:
            return
        most: int = multiple.get("max_accounts_per_toolkit", MOST_ACCOUNTS)
        found = await self._store.accounts.list(session.project_id, session.user_id, toolkit)
        kept = [one for one in found if one.status in ("ACTIVE", "INACTIVE") and self._keeper.is_here(one)]
        if len(kept) >= most:
            raise Conflict(
                f"{len(kept)} {toolkit} accounts are connected, and this session takes at most {most}.",
                fix="Use one of them, ask the operator to delete one, or raise multi_account.max_accounts_per_toolkit.",
            )

    async def _pinned(self, session: Session, toolkit: str) -> list[Account]:
        """The accounts of its user that a session pins for a toolkit."""
        pins: list[str] = session.config["connected_accounts"].get(toolkit, [])
        found = [await self._store.accounts.get(session.project_id, pin) for pin in pins]
        return [one for one in found if one is not None and (one.user_id, one.toolkit) == (session.user_id, toolkit)]

    async def way(self, account: Account) -> Way:
        """How an account that waits is connected. Raises `Forbidden` or `BadSetting` for what the operator has to mend."""
        kit, auth, config = await self._place(account)
        if auth.mode == "OAUTH2":
            client = client_for(self._vault, kit, config, auth.mode, {}, {})
            return Way(config, auth, (), client.scopes, client.authorize_url)
        return Way(config, auth, tuple(structs.replace(one, title=f"{kit.title} {one.title}") for one in schemes.asked(auth)))

    async def finish(
        self, link: Link, account: Account, given: Mapping[str, str], settings: Mapping[str, str], effects: Sequence[str] = EFFECTS
    ) -> Account:
        """Prove what was typed on a link, and make the account active. Raises `BadArgument` or `CallFailed` with what to do; the link
        stays good until something was accepted. Raises `Gone` when it was used or replaced in the meantime.
        """
        kit, auth, config = await self._place(account)
        if auth.mode == "OAUTH2":
            raise BadArgument(f"{kit.title} is connected on its own pages.", fix="Open the connect link.")
        changes = await self._typed(kit, auth, config, account.id, given, settings)
        changes["effects"] = allowed(effects)
        return await links.finish(self._store, link, account, **changes)

    async def decline(self, link: Link, account: Account) -> Account:
        """The person does not want to connect: the link is used up, and its account FAILED."""
        return await links.finish(self._store, link, account, event="fail", status_reason=DECLINED)

    async def direct(
        self,
        project_id: str,
        user_id: str,
        toolkit: str,
        given: Mapping[str, str],
        settings: Mapping[str, str],
        *,
        mode: str | None = None,
        auth_config: str = "",
        effects: Sequence[str] = EFFECTS,
        alias: str = "",
    ) -> Account:
        """Connect at once, without a link: with what a person would type, or with tokens that a provider gave somebody else."""
        kit = self._catalogue.toolkit(toolkit)
        alias = await self._free(project_id, user(user_id), kit.slug, alias)
        usual = mode if mode in schemes.TYPED else "" if mode else _usual_mode(kit)
        config = await links.auth_config_for(self._store, project_id, kit.slug, usual, auth_config, mode)
        id, at = new_id("ca_"), now_ms()
        changes = await self._typed(kit, _auth(kit, config.mode), config, id, given, settings)
        changes["effects"] = allowed(effects)
        account = Account(id, project_id, user_id, kit.slug, config.id, "ACTIVE", "", "", alias, {}, "", at, at)
        account = structs.replace(account, **changes)
        await self._store.accounts.add(account)
        return account

    async def leave(
        self, link: Link, account: Account, settings: Mapping[str, str], effects: Sequence[str], browser: str, redirect_uri: str
    ) -> str:
        """Begin an authorization in this browser; gives the address of the provider to send it to. Several of one link may be under way.

        Raises `BadArgument`, and `BadSetting` for what the operator has to mend.
        """
        kit, auth, config = await self._place(account)
        client = client_for(self._vault, kit, config, auth.mode, {}, {})
        way, at = oauth.begin(client, redirect_uri), now_ms()
        digest = links.digest(way.state)
        kept = {"settings": settings_of(kit, settings), "effects": allowed(effects)}
        secrets = {
            "verifier": Secret(way.verifier),
            "redirect_uri": Secret(redirect_uri),
            "given": Secret(msgspec.json.encode(kept).decode()),
        }
        sealed = sealed_secrets(self._vault, authorization_row_of(digest), secrets)
        begun = Authorization(digest, account.project_id, account.id, link.digest, links.digest(browser), sealed, at, at + links.LIFE_MS)
        await self._store.authorizations.begin(begun)
        return way.url

    async def back(self, state: str, browser: str, given: Mapping[str, str], redirect_uri: str) -> tuple[Link, Account]:
        """Finish an authorization with what the provider sent along, each name once.

        Raises `BadRequest` for a `state` that was not given to this browser, was used, or is older than ten minutes; `ConnectFailed` for
        whatever else went wrong.
        """
        used = await self._store.authorizations.use(links.digest(state), links.digest(browser), now_ms()) if state and browser else None
        link = await self._store.links.get(used.link_digest) if used else None
        account = await self._store.accounts.get(used.project_id, used.account_id) if used else None
        if used is None or link is None or account is None:
            raise BadRequest(
                "This answer belongs to nothing that this browser began in the last ten minutes, or it was used already.",
                fix="Open the connect link again.",
            )
        try:
            return link, await self._received(used, link, account, given, redirect_uri)
        except ToolwayError as error:
            raise await self._failed(used, link, account, error) from None

    async def _failed(self, used: Authorization, link: Link, account: Account, error: ToolwayError) -> ConnectFailed:
        word = error.reason if isinstance(error, oauth.Denied) else error.code
        over = word == oauth.NO or (isinstance(error, Refused) and error.of_credential)
        if over:
            try:
                account = await links.finish(self._store, link, account, used.created_at, "fail", status_reason=word)
            except Gone as gone:
                error = gone
        again = "" if over or isinstance(error, Gone) else f"/link/{links.token_of(self._derive, account.id)}"
        return ConnectFailed(error, link, account, word, again)

    async def _received(self, used: Authorization, link: Link, account: Account, given: Mapping[str, str], redirect_uri: str) -> Account:
        if link.used_at is not None or account.status != "INITIATED":
            raise Gone("This connect link was used or replaced in the meantime.", fix="Use the newest link, or ask your agent for one.")
        kit, auth, config = await self._place(account)
        client = client_for(self._vault, kit, config, auth.mode, {}, {})
        oauth.came_from(client, given.get("iss"))
        if error := given.get("error"):
            raise oauth.denied(client, error, given.get("error_description", ""))
        kept = opened_secrets(self._vault, authorization_row_of(used.digest), used.sealed)
        if (begun := kept["redirect_uri"].open()) != redirect_uri:
            raise BadRequest(f"{kit.title} sent you back to another address than {begun[:200]}.", fix="Open the connect link again.")
        if not given.get("code"):
            raise BadRequest(f"{kit.title} sent nobody back with a code.", fix="Open the connect link again.")
        asked = now_ms()
        request = oauth.exchange(client, given["code"], redirect_uri, kept["verifier"].open())
        fresh = oauth.tokens(client, await self._net.send(request), Secret(given["code"]), kept["verifier"])
        chosen = msgspec.json.decode(kept["given"].open(), type=_Chosen)
        try:
            changes = await self._spoken(kit, account.id, auth.mode, fresh, asked, chosen.settings)
            changes["effects"] = chosen.effects
            return await links.finish(self._store, link, account, used.created_at, **changes)
        except (Refused, Gone):
            await take_back(self._net, client, spoken(fresh))
            raise

    async def _free(self, project_id: str, user_id: str, toolkit: str, alias: str) -> str:
        """An alias for a new account. Raises `Conflict` when a connected one of the user for the toolkit has it."""
        alias = line(alias, "alias")
        others = await self._store.accounts.list(project_id, user_id, toolkit) if alias else ()
        taken = next((one for one in others if one.alias == alias and one.status in ("ACTIVE", "INACTIVE")), None)
        if taken is not None:
            raise Conflict(f"The account {taken.id} is called {alias!r} already.", fix="Choose another alias.")
        return alias

    async def _place(self, account: Account) -> tuple[Toolkit, Auth, AuthConfig]:
        """The toolkit of an account, its way to connect, and its auth config."""
        kit = self._catalogue.toolkit(account.toolkit)
        config = await self._store.auth_configs.get(account.project_id, account.auth_config_id)
        if config is None or not config.enabled:
            raise Forbidden(f"The auth config {account.auth_config_id} is switched off.", fix="The operator can switch it on again.")
        return kit, _auth(kit, account.mode or config.mode), config

    async def _typed(
        self, kit: Toolkit, auth: Auth, config: AuthConfig, id: str, given: Mapping[str, str], settings: Mapping[str, str]
    ) -> AccountChanges:
        """What to keep of an account for which this was given, once it was proved."""
        own = settings_of(kit, settings)
        if auth.mode == "OAUTH2":
            return await self._spoken(kit, id, auth.mode, brought(given), now_ms(), own)
        secrets, more = schemes.take(auth, given)
        own = schemes.settled(kit, auth, secrets, own) | more
        if auth.mode != "S2S_OAUTH2":
            return await self._proved(kit, id, auth.mode, secrets, own)
        client, asked = client_for(self._vault, kit, config, auth.mode, own, secrets), now_ms()
        fresh = oauth.tokens(client, await self._net.send(oauth.credentials(client)), *secrets.values())
        return await self._spoken(kit, id, auth.mode, fresh, asked, own, secrets)

    async def _spoken(
        self,
        kit: Toolkit,
        id: str,
        mode: str,
        fresh: oauth.Tokens,
        asked: int,
        settings: dict[str, str],
        secrets: Mapping[str, Secret] | None = None,
    ) -> AccountChanges:
        """The same for an account for which a provider gave tokens."""
        told = {"scope": fresh.scope} if fresh.scope else {}
        changes = await self._proved(kit, id, mode, dict(secrets or {}) | spoken(fresh), settings | told)
        return {**changes, **times(fresh, asked)}

    async def _proved(self, kit: Toolkit, id: str, mode: str, secrets: dict[str, Secret], settings: dict[str, str]) -> AccountChanges:
        settings = settings | self._keeper.mark(kit.slug)
        label = await self._label(kit, Credential(id, "", mode, secrets, settings))
        return {"sealed": self._keeper.seal(id, mode, secrets), "settings": settings, "label": label, "mode": mode}

    async def _label(self, kit: Toolkit, credential: Credential) -> str:
        what = "access" if credential.mode == "OAUTH2" else "key"
        try:
            proof = await self._runner.prove(kit, credential)
        except Refused as error:
            if error.of_credential:
                said = f"{kit.title} did not accept this {what}. {error.message}"
                raise Refused(said, status=error.status, means=error.means, fix=_other_key(kit, credential)) from None
            raise
        except (CallFailed, TooLarge) as error:
            raise CallFailed(f"The {what} could not be proved: {error.message}", fix=error.fix or "Try again in a moment.") from None
        value = value_at(proof, kit.check.label) if kit.check else None
        told = " ".join(str(value).split())[:200] if isinstance(value, str | int) else ""
        return told or credential.settings.get("username", "") or kit.title


def _other_key(kit: Toolkit, credential: Credential) -> str:
    """What to do when the service does not accept a credential."""
    if credential.mode == "OAUTH2":
        return "The operator has to see whether the service takes such access at all."
    region = credential.settings.get("region", "")
    others = [one for field in kit.account if field.name == "region" for one in field.kind.choices if one != region]
    if not others:
        return "Check that the key is whole, still valid, and of the account that you mean."
    return f"Check that the key is whole and still valid. It was tried in the region {region}; others are {', '.join(others)}."


def _usual_mode(kit: Toolkit) -> str:
    """How the toolkit is connected where nothing else is asked for; "" when that takes a client of the operator's own."""
    if not kit.auth:
        raise Forbidden(f"{kit.title} cannot be connected: its toolkit tells no way.")
    auth = schemes.key_auth(kit)
    return auth.mode if auth else ""


def _auth(kit: Toolkit, mode: str) -> Auth:
    auth = schemes.auth_of(kit, mode)
    if auth is None:
        known = ", ".join(one.mode for one in kit.auth)
        raise Forbidden(f"{kit.title} cannot be connected with {mode or 'a key'}; its toolkit knows {known or 'no way'}.")
    return auth
