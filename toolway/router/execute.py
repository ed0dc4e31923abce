"""One execution: tool, policy, account, call, record. A failure is a result that the agent can read and mend."""

import time
from typing import Any, cast

from msgspec import Struct, structs

from toolway.accounts.keeper import Keeper
from toolway.calls.run import Runner
from toolway.catalog.index import Catalogue
from toolway.catalog.model import Card, Json
from toolway.errors import BadArgument, BadRequest, NoAnswer, NotConnected, Refused, ToolwayError
from toolway.router import policy
from toolway.router.connect import Connector
from toolway.store.records import Entry, Session, new_id
from toolway.store.shelves import Store


class Outcome(Struct, frozen=True):
    """What became of an execution. `account` says which account was used, `next` which arguments to add for the next page."""

    successful: bool
    data: Json
    error: str | None
    log_id: str
    account: str = ""
    next: Json | None = None
    trimmed: bool = False

    def to_json(self) -> Json:
        """The result as agents read it."""
        made: Json = {"successful": self.successful, "data": self.data, "error": self.error, "log_id": self.log_id}
        if self.account:
            made["account"] = self.account
        if self.successful:
            made |= {"next": self.next} if self.next else {}
            made |= {"trimmed": True} if self.trimmed else {}
        return made


class Executor:
    """Executes tools for sessions."""

    def __init__(self, store: Store, catalogue: Catalogue, keeper: Keeper, runner: Runner, connector: Connector) -> None:
        self._store = store
        self._catalogue = catalogue
        self._keeper = keeper
        self._runner = runner
        self._connector = connector

    async def execute(self, session: Session, origin: str, slug: str, arguments: Any, account: str = "", full: bool = False) -> Outcome:
        """Execute a tool by slug. Every failure of the tool is an outcome, not an exception."""
        log_id, card = new_id("log_"), None
        began, at = time.perf_counter(), time.time_ns() // 1_000_000
        entry = Entry(log_id, session.project_id, session.id, session.user_id, "", slug[:100], "", "", "failed", "", 0, 0, at)
        label, left = "", False
        try:
            card = self._catalogue.card(slug)
            entry = structs.replace(entry, toolkit=card.toolkit, tool=card.slug, effect=card.effect)
            policy.require(session, card, self._catalogue)
            if not isinstance(arguments, dict):
                raise BadArgument(f"{card.slug}: arguments is no object.", fix='Give them by name, for example {"name": "Acme"}.')
            kit = self._catalogue.toolkit(card.toolkit)
            pins: list[str] = session.config["connected_accounts"].get(card.toolkit, [])
            credential = await self._keeper.credential(session.project_id, session.user_id, card.toolkit, pins, account)
            label = credential.label
            entry = structs.replace(entry, account_id=credential.account_id)

            async def leaving() -> None:
                nonlocal left
                await self._store.log.sent(structs.replace(entry, state="sent"))
                left = True

            given = cast("Json", arguments)
            result = await self._runner.run(kit, kit.tools[card.name], given, credential, leaving, full)
            entry = structs.replace(entry, state="done", status=result.status)
            outcome = Outcome(True, result.reply.data, None, log_id, label, result.reply.next, result.reply.trimmed)
        except ToolwayError as error:
            entry = structs.replace(entry, state=_state(error, left), error=error.code, status=getattr(error, "status", 0))
            outcome = Outcome(False, {}, _told(error, left), log_id, label)
            if isinstance(error, NotConnected) and card is not None:
                outcome = await self._not_connected(session, origin, card, outcome)
            elif isinstance(error, Refused) and error.means == "key" and card is not None:
                outcome = structs.replace(outcome, data={"status": error.status})
            elif isinstance(error, BadRequest) and error.details:
                outcome = structs.replace(outcome, data={"errors": list(error.details)})
        except BaseException:
            entry = structs.replace(entry, state="unknown" if left else "failed", error="interrupted")
            raise
        finally:
            await self._store.log.note(structs.replace(entry, ms=round((time.perf_counter() - began) * 1000)))
        return outcome

    async def _not_connected(self, session: Session, origin: str, card: Card, outcome: Outcome) -> Outcome:
        """A missing connection is a result that carries a fresh link, unless the session manages no connections."""
        if not session.config["manage_connections"]["enabled"]:
            return structs.replace(outcome, error=f"{outcome.error} Ask the user to connect {card.toolkit} first.")
        link = await self.link(session, origin, card.toolkit)
        said = f"{outcome.error} Show the user this link, wait until they have opened it, then repeat the call: {link['redirect_url']}"
        return structs.replace(outcome, error=said, data=link)

    async def link(self, session: Session, origin: str, toolkit: str) -> Json:
        """Begin a connection for a session: what an agent needs to show the link."""
        manage: Json = session.config["manage_connections"]
        chosen: str = session.config["auth_configs"].get(toolkit, "")
        begun = await self._connector.begin(session.project_id, session.user_id, toolkit, chosen, manage.get("callback_url", ""))
        return {
            "redirect_url": origin + begun.path,
            "connected_account_id": begun.account.id,
            "auth_config_id": begun.account.auth_config_id,
            "created_at": begun.account.created_at,
            "expires_at": begun.expires_at,
        }


def _state(error: ToolwayError, left: bool) -> str:
    if isinstance(error, NoAnswer) and left:
        return "unknown"
    return "refused" if isinstance(error, Refused) else "failed"


def _told(error: ToolwayError, left: bool) -> str:
    if isinstance(error, NoAnswer) and left:
        return f"{error.sentence} Whether it was done is not known: look before you repeat it."
    return error.sentence
