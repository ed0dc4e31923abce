"""Questions that a client has to answer before a call can be made: put in the words of its revision, and its answers read.

2026-07-28 has them in the result: the client calls again with its answers and with our state, which is sealed and bound to the session,
the tool and the arguments. 2025-11-25 knows links alone, as an error; what such a client can do is told at the handshake, so it
gets a sealed session id that says it again.
"""

from typing import Any, cast

import msgspec

from toolway.accounts.sealing import Sealing, Tampered
from toolway.catalog.model import Json
from toolway.router.asking import OPENS_LINKS, Asking, Progress, Question
from toolway.serve import rpc
from toolway.serve.responder import Responder
from toolway.serve.rpc import Call, RpcError
from toolway.store.records import Session

_STATE_MS = 600_000
_SESSION_MS = 30 * 86_400_000
_LONGEST_TOKEN = 256
_LONGEST_MESSAGE = 300
_ABILITIES = {"sampling/createMessage": "sampling", "roots/list": "roots"}


class Questions:
    """Reads what comes with a call, and words questions."""

    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    def session_id(self, session: Session, capabilities: Any) -> str | None:
        """A session id for a client that opens links."""
        if OPENS_LINKS not in rpc.abilities(capabilities):
            return None
        return self._sealing.seal({}, ("session", session.project_id, session.id), _SESSION_MS)

    def knows(self, session: Session, session_id: str) -> bool:
        """Whether this session id was given out here for this session."""
        try:
            return self._sealing.open(session_id, ("session", session.project_id, session.id)) is not None
        except Tampered:
            return False

    def asking(self, call: Call, session: Session, origin: str, out: Responder | None, opens_links: bool) -> Asking:
        """What comes with a tool call. `out` takes events when the client reads them. Raises `RpcError`."""
        progress = _progress(call, out)
        if not call.modern:
            return Asking(origin, frozenset((OPENS_LINKS,)) if opens_links else frozenset(), progress=progress)
        abilities = rpc.abilities(call.meta.get(rpc.META + "clientCapabilities"))
        responses: Any = call.params.get("inputResponses", {})
        if not isinstance(responses, dict) or not all(isinstance(one, dict) for one in cast("Json", responses).values()):
            raise RpcError(rpc.PARAMS, "params.inputResponses must be an object of objects, by the keys of inputRequests.")
        return Asking(origin, abilities, cast("Json", responses), self._state(call, session), progress)

    def _state(self, call: Call, session: Session) -> Json | None:
        sealed: Any = call.params.get("requestState")
        if sealed is None:
            return None
        try:
            if isinstance(sealed, str):
                return self._sealing.open(sealed, _place(call, session))
        except Tampered:
            pass
        raise RpcError(
            rpc.PARAMS, "params.requestState was not given out for this call, or it was changed. Repeat the call without it to begin again."
        )

    def result(self, question: Question, asking: Asking, call: Call, session: Session) -> Json:
        """The result that puts a question. Raises `RpcError` when the client can answer none of it, and where links are an error."""
        requests = {key: one for key, one in question.requests.items() if _ability(one) in asking.abilities}
        if not call.modern:
            if not requests:
                raise RpcError(rpc.INTERNAL, "The client answers no questions of this kind.")
            links = [one["params"] | {"elicitationId": key} for key, one in requests.items()]
            raise RpcError(rpc.OPEN_LINK, "The user has to open a link first.", {"elicitations": links})
        if not requests:
            needed: Json = {}
            for one in question.requests.values():
                kind, _, mode = _ability(one).partition(".")
                needed.setdefault(kind, {}).update({mode: {}} if mode else {})
            raise RpcError(rpc.INCAPABLE, "The client answers no questions of this kind.", {"requiredCapabilities": needed})
        state = self._sealing.seal(question.state, _place(call, session), _STATE_MS)
        return {"resultType": "input_required", "inputRequests": requests, "requestState": state}


def _place(call: Call, session: Session) -> tuple[str, ...]:
    arguments = msgspec.json.encode(call.params.get("arguments") or {}, order="sorted").decode()
    return "state", session.project_id, session.id, session.user_id, call.method, str(call.params.get("name")), arguments


def _ability(request: Json) -> str:
    method = str(request.get("method"))
    if method == "elicitation/create":
        return f"elicitation.{request['params'].get('mode', 'form')}"
    return _ABILITIES.get(method, method)


def _progress(call: Call, out: Responder | None) -> Progress | None:
    token: Any = call.meta.get("progressToken")
    if out is None or not isinstance(token, str | int) or isinstance(token, bool):
        return None
    if isinstance(token, str) and len(token) > _LONGEST_TOKEN:  # it goes into each event, and a client may read none
        return None
    last = -1.0

    def tell(done: float, total: float | None, message: str) -> None:
        nonlocal last
        if done <= last:
            return
        last = done
        params: Json = {"progressToken": token, "progress": done}
        params |= {"total": total} if total is not None else {}
        params |= {"message": message[:_LONGEST_MESSAGE]} if message else {}
        out.event(msgspec.json.encode({"jsonrpc": "2.0", "method": "notifications/progress", "params": params}))

    return tell
