"""How a session's user stands with each toolkit: the accounts that are connected, or why there are none."""

from collections.abc import Iterable, Sequence
from typing import Final

from toolway.accounts import links
from toolway.accounts.keeper import Keeper
from toolway.catalog.index import Catalogue
from toolway.catalog.model import Json
from toolway.router import policy
from toolway.router.meta import MANAGE
from toolway.router.policy import Reach
from toolway.store.records import Account, Session
from toolway.store.shelves import Store

_MOST_ACCOUNTS: Final = 3
_LONGEST_LABEL: Final = 40


class Standing:
    """Looks at the accounts of sessions."""

    def __init__(self, store: Store, catalogue: Catalogue, keeper: Keeper) -> None:
        self._store = store
        self._catalogue = catalogue
        self._keeper = keeper

    async def accounts(self, session: Session, toolkit: str) -> list[Account]:
        """The active accounts of the session's user for a toolkit, newest first."""
        pins: list[str] = session.config["connected_accounts"].get(toolkit, [])
        return await self._keeper.accounts(session.project_id, session.user_id, toolkit, pins)

    async def connected(self, session: Session) -> dict[str, Sequence[Account]]:
        """The accounts of the session's user by toolkit, of the toolkits that it uses."""
        active = await self._store.accounts.list(session.project_id, session.user_id, status="ACTIVE")
        begun = {account.toolkit for account in active}  # also of toolkits that are gone by now
        found = {kit: await self.accounts(session, kit) for kit in policy.toolkits(session, self._catalogue) if kit in begun}
        return {kit: accounts for kit, accounts in found.items() if accounts}

    async def reach(self, session: Session, connected: Iterable[str]) -> Reach:
        """What a session can do with these toolkits, which its user has connected."""
        pins: dict[str, list[str]] = session.config["connected_accounts"]
        place = session.project_id, session.user_id
        found = {kit: await self._keeper.granted(*place, kit, pins.get(kit, ())) for kit in connected}
        return Reach(session, {kit: [grant for _, grant in granted] for kit, granted in found.items()})

    async def state(self, session: Session, toolkit: str, *, short: bool = False) -> Json:
        """Whether the session's user has connected a toolkit, and as whom. Several accounts are named one by one, the default first; in
        short the first of them only, and labels are cut.
        """
        card = self._catalogue.toolkit_card(toolkit)
        accounts = await self.accounts(session, card.slug)
        status: Json = {"toolkit": card.slug, "description": card.about, "has_active_connection": bool(accounts), "connection_details": {}}
        if not accounts:
            return status | {"status_message": await self._why_not(session, card.slug)}
        first, longest = accounts[0], _LONGEST_LABEL if short else None
        status["status_message"] = f"Connected as {first.label[:longest]}."
        status["connection_details"] = {
            "connected_account_id": first.id,
            "auth_config_id": first.auth_config_id,
            "created_at": first.created_at,
        }
        status["current_user_info"] = {"label": first.label[:longest]}
        if len(accounts) > 1:
            if session.config["multi_account"]["require_explicit_selection"]:
                status["account_selection"] = "required"
            status["accounts"] = [
                {
                    "id": a.id,
                    "alias": a.alias[:longest] or None,
                    "label": a.label[:longest],
                    "status": a.status,
                    "is_default": a is first,
                    "created_at": a.created_at,
                }
                for a in (accounts[:_MOST_ACCOUNTS] if short else accounts)
            ]
            if len(status["accounts"]) < len(accounts):
                status["status_message"] += f" {len(accounts)} accounts in all: {MANAGE} lists them."
        return status

    async def _why_not(self, session: Session, toolkit: str) -> str:
        last = await self._store.accounts.latest(session.project_id, session.user_id, toolkit)
        way = f"Call {MANAGE} for a link." if session.config["manage_connections"]["enabled"] else "Ask the user to connect it first."
        if last is None:
            return f"Not connected. {way}"
        last = links.as_of_now(last)
        if last.status == "INITIATED":
            return f"INITIATED: a link was shown and waits for the user. {way}"
        reason = f" ({last.status_reason[:_LONGEST_LABEL]})" if last.status_reason else ""
        return f"Not connected; the last one is {last.status}{reason}. {way}"
