"""How an attempt to connect ends for the person: back at the page that the project named, or on a page of ours."""

from toolway.catalog.index import Catalogue
from toolway.errors import ToolwayError
from toolway.router.comeback import Comebacks, told_of
from toolway.serve.pages import paper, powers
from toolway.serve.wire import Response
from toolway.store.records import Account, Link


class Outcome:
    """Tells how it ended."""

    def __init__(self, catalogue: Catalogue, comebacks: Comebacks) -> None:
        self._catalogue = catalogue
        self._comebacks = comebacks

    async def connected(self, link: Link, account: Account) -> Response:
        """The account is connected."""
        place = await self.place(link, account)
        if place:
            return paper.away(place)
        kit = self._catalogue.toolkit(account.toolkit)
        return paper.page("done.html", 200, kit=kit, account=account, may=powers.said(account.effects))

    async def failed(self, link: Link, account: Account, error: ToolwayError, code: str, again: str = "") -> Response:
        """Nothing was connected. `code` is told to the project's page, unless the person may try `again` at that path."""
        place = "" if again else await self.place(link, account, code)
        if place:
            return paper.away(place)
        heading = f"{self._catalogue.toolkit(account.toolkit).title} was not connected"
        return paper.told(error, 400, heading=heading, onward=(again, "Try again"))

    async def place(self, link: Link, account: Account, error: str = "") -> str:
        """The project's page with the outcome in its query; "" when it named none, or may name it no more."""
        if not link.callback_url or not await self._comebacks.allows(link.project_id, link.callback_url):
            return ""
        told = {"status": "failed" if error else "success", "connected_account_id": account.id}
        return told_of(link.callback_url, told | ({"error": error} if error else {}))
