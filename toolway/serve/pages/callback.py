"""The page that an OAuth2 provider sends the person back to: with a code, or with a refusal."""

from toolway.accounts.oauth import CALLBACK
from toolway.errors import BadRequest
from toolway.router.connect import ConnectFailed, Connector
from toolway.serve.pages import paper
from toolway.serve.pages.browser import Browsers
from toolway.serve.pages.outcome import Outcome
from toolway.serve.wire import Response, Scope


class CallbackPage:
    """Takes a person who comes back from a provider."""

    def __init__(self, connector: Connector, browsers: Browsers, outcome: Outcome) -> None:
        self._connector = connector
        self._browsers = browsers
        self._outcome = outcome

    async def show(self, scope: Scope, origin: str) -> Response:
        """GET /api/v3/toolkits/auth/callback"""
        given = paper.pairs(scope.get("query_string", b""))
        state = given.pop("state", "")
        if not state:
            raise BadRequest("Providers send people back to this page; it was no provider that sent you.", fix="Open your connect link.")
        try:
            link, account = await self._connector.back(state, self._browsers.of(scope, origin).id, given, origin + CALLBACK)
        except ConnectFailed as error:
            return await self._outcome.failed(error.link, error.account, error, error.error, error.again)
        return await self._outcome.connected(link, account)
