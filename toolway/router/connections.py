"""Connections as agents see them: links for what is missing, waiting until they were opened, asking the user through the client."""

import asyncio
import secrets
import time
from collections.abc import Iterable

from toolway.accounts import links
from toolway.catalog.index import Catalogue
from toolway.catalog.model import Json
from toolway.errors import BadRequest, Forbidden, ToolwayError, UnknownTool
from toolway.router import policy
from toolway.router.asking import OPENS_LINKS, Answer, Asking, Question
from toolway.router.connect import Connector
from toolway.router.doctor import Doctor
from toolway.router.meta import named, workflow_id
from toolway.router.standing import Standing
from toolway.store.records import Session
from toolway.store.shelves import Store

WAIT_SECONDS = 20.0
"""How long COMPOSIO_WAIT_FOR_CONNECTIONS waits: the shortest-tempered client gives up after 30 s."""
_OPENED_SECONDS = 15.0
_LOOK_SECONDS = 0.5
_MOST_ROUNDS = 3


class Connections:
    """Makes, looks after and asks for the connections of sessions. `wait_seconds` is the longest wait; `doctor` tells those who only ask
    (action list) how each account is.
    """

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        standing: Standing,
        connector: Connector,
        doctor: Doctor,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._standing = standing
        self._connector = connector
        self._doctor = doctor
        self._wait_seconds = wait_seconds

    async def manage(self, session: Session, asking: Asking, arguments: Json) -> Json:
        """The answer to COMPOSIO_MANAGE_CONNECTIONS: for each toolkit what is connected, or a link."""
        again = arguments.get("reinitiate_all") is True
        results: Json = {}
        for name, action in {name.lower(): action for name, action in named(arguments, "toolkits")}.items():
            results[name] = await self._managed(session, asking.origin, name, action, again)
        counts = [result["status"] for result in results.values()]
        waiting = [name for name, result in results.items() if result["status"] == "initiated"]
        return {
            "message": f"Show the user the redirect_url of {', '.join(waiting)} and wait until they have opened it."
            if waiting
            else "Nothing to open.",
            "results": results,
            "summary": {
                "total_toolkits": len(results),
                "active_connections": counts.count("active"),
                "initiated_connections": counts.count("initiated"),
                "failed_connections": counts.count("failed"),
            },
            "session": _task(arguments),
        }

    async def _managed(self, session: Session, origin: str, name: str, action: str, again: bool) -> Json:
        made: Json = {"toolkit": name.lower()[:100], "status": "failed", "has_active_connection": False, "was_reinitiated": False}
        try:
            card = policy.toolkit(session, self._catalogue, name)
            if action not in ("", "add", "list"):
                raise BadRequest(f"{action[:40]!r} is not done here.", fix="The actions are add and list; the operator removes accounts.")
            state = await self._standing.state(session, card.slug)
            made["has_active_connection"] = state["has_active_connection"]
            if action == "list":
                made["health"] = [fact.brief() for fact in await self._doctor.of_session(session, [card.slug])]
            if state["has_active_connection"] and not again:
                told = {key: state[key] for key in ("current_user_info", "accounts") if key in state}
                return made | {"status": "active", "instruction": f"{state['status_message']} Go on."} | state["connection_details"] | told
            if action == "list":
                return made | {"error_message": state["status_message"]}
            link = await self._connector.link(session, origin, card.slug)
        except ToolwayError as error:
            return made | {"error_message": error.sentence}
        instruction = f"Show the user this link: [Connect {card.title}]({link['redirect_url']}). It is good once, for ten minutes."
        return made | {"status": "initiated", "was_reinitiated": made["has_active_connection"], "instruction": instruction} | link

    async def wait(self, session: Session, asking: Asking, arguments: Json) -> Json:
        """The answer to COMPOSIO_WAIT_FOR_CONNECTIONS: the state of each toolkit once one (mode `any`) or all of them are settled."""
        mode = arguments.get("mode", "any")
        if mode not in ("any", "all"):
            raise BadRequest(f"mode is {str(mode)[:40]!r}; any or all is expected.")
        names = list(dict.fromkeys(name.lower() for name, _ in named(arguments, "toolkits")))
        results = await self._until(session, asking, names, mode, self._wait_seconds)
        open_ones = [name for name, one in results.items() if one["status"] == "INITIATED"]
        message = f"Not opened yet: {', '.join(open_ones)}. Ask the user, then call this again." if open_ones else "Nothing is waited for."
        return {"message": message, "results": results, "session": _task(arguments)}

    async def _until(self, session: Session, asking: Asking, names: list[str], mode: str, seconds: float) -> dict[str, Json]:
        began, results, seen = time.monotonic(), dict[str, Json](), None
        while True:
            await self._store.freshness.fresh()
            waited = time.monotonic() - began
            if seen != self._store.freshness.seen or waited >= seconds:  # who becomes connected moves the counter
                seen = self._store.freshness.seen
                results = {name: await self._state(session, name) for name in names}
            states = [one["status"] for one in results.values()]
            if "INITIATED" not in states or (mode == "any" and {"ACTIVE", "FAILED"} & set(states)) or waited >= seconds:
                return results
            asking.tell(round(waited, 1), seconds, f"Waiting for the user to connect {', '.join(names)}.")
            await asyncio.sleep(min(_LOOK_SECONDS, seconds - waited))

    async def _state(self, session: Session, name: str) -> Json:
        """What has become of the account that was begun last."""
        made: Json = {"toolkit": name, "status": "FAILED", "has_active_connection": False}
        try:
            card = policy.toolkit(session, self._catalogue, name)
        except ToolwayError as error:
            return made | {"status": "NOT_FOUND", "error_message": error.sentence}
        # First what was begun, then what is connected: what is done between the two is seen at the next look, and is no failure.
        last = await self._store.accounts.latest(session.project_id, session.user_id, card.slug)
        status = links.as_of_now(last).status if last else "NOT_FOUND"
        state = await self._standing.state(session, card.slug)
        made |= {"has_active_connection": state["has_active_connection"]} | state["connection_details"]
        if status not in ("NOT_FOUND", "INITIATED") and state["has_active_connection"]:
            return made | {"status": "ACTIVE", "current_user_info": state["current_user_info"]}
        told = {"error_message": state["status_message"]}
        return made | ({"status": status} if status in ("NOT_FOUND", "INITIATED") else {}) | (told if status != "INITIATED" else {})

    async def ask(self, session: Session, asking: Asking, slugs: Iterable[str]) -> Answer | None:
        """A question for the toolkits that these tools need and the user has not connected; None where there is nothing to ask, where the
        client opens no links, or where it was asked often enough: then the call says what is missing. Nothing was executed yet.
        """
        if OPENS_LINKS not in asking.abilities or not session.config["manage_connections"]["enabled"]:
            return None
        missing = [kit for kit in self._toolkits(session, slugs) if not await self._standing.accounts(session, kit)]
        opened = [kit for kit in missing if asking.responses.get(_key(kit), {}).get("action") == "accept"]
        if opened:  # opening the page is not yet typing the key
            found = await self._until(session, asking, opened, "all", min(_OPENED_SECONDS, self._wait_seconds))
            missing = [kit for kit in missing if found.get(kit, {}).get("status") != "ACTIVE"]
        refused = [kit for kit in missing if asking.responses.get(_key(kit), {}).get("action") in ("decline", "cancel")]
        if refused:
            said = f"The user did not connect {', '.join(refused)}, so nothing was called. Ask them how to go on."
            return Answer({"successful": False, "data": {}, "error": said}, is_error=True)
        rounds = (asking.state or {}).get("rounds", 0) + 1
        if not missing or rounds > _MOST_ROUNDS:
            return None
        try:
            shown = {kit: await self._connector.link(session, asking.origin, kit) for kit in missing}
        except ToolwayError:
            return None
        return Answer({}, question=Question({_key(kit): self._request(kit, one) for kit, one in shown.items()}, {"rounds": rounds}))

    def _toolkits(self, session: Session, slugs: Iterable[str]) -> list[str]:
        found: dict[str, None] = {}
        for slug in slugs:
            try:
                found[policy.find(session, self._catalogue, slug).toolkit] = None
            except (UnknownTool, Forbidden):  # told when it is called
                continue
        return list(found)

    def _request(self, toolkit: str, link: Json) -> Json:
        title = self._catalogue.toolkit_card(toolkit).title
        message = f"Connect {title}: the key goes into this page, not into the chat. The call is made when it is connected."
        return {"method": "elicitation/create", "params": {"mode": "url", "message": message, "url": link["redirect_url"]}}

    async def way_in(self, session: Session, origin: str, toolkit: str) -> tuple[Json, str]:
        """A link to hand on with a result that fails for want of a connection, and what to say with it."""
        if not session.config["manage_connections"]["enabled"]:
            return {}, f"Ask the user to connect {toolkit} first."
        try:
            link = await self._connector.link(session, origin, toolkit)
        except ToolwayError as error:
            return {}, error.sentence
        return link, f"Show the user this link, wait until they have opened it, then repeat the call: {link['redirect_url']}"


def _key(toolkit: str) -> str:
    return f"connect_{toolkit}"


def _task(arguments: Json) -> Json:
    return {"id": workflow_id(arguments) or secrets.token_hex(4), "instructions": "Give this session_id in further calls of this task."}
