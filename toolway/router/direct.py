"""Calls without a session of their own: a user and a tool are named in the request, and the whole catalogue may be used."""

from toolway.catalog.index import Catalogue
from toolway.errors import BadRequest, NotFound
from toolway.router.config import configure
from toolway.store.records import Account, Session
from toolway.store.shelves import Store


class Direct:
    """Makes the sessions that last for one call and are kept nowhere."""

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue

    async def session(self, project_id: str, user_id: str = "", account_id: str = "") -> Session:
        """The session of a user, or of whose account is named; that account is then the only one used.

        Raises `BadRequest` when neither is named or the user is none, and `NotFound` for an account that is not this project's or user's.
        """
        account: Account | None = None
        if account_id:
            account = await self._store.accounts.get(project_id, account_id)
            if account is None or (user_id and user_id != account.user_id):
                raise NotFound("There is no such connected account.", fix="GET /api/v3.1/connected_accounts lists those that there are.")
            user_id = account.user_id
        if not user_id:
            raise BadRequest("Neither user_id nor connected_account_id is given.", fix="Say for whom the tool is called.")
        pins = {account.toolkit: [account.id]} if account else {}
        config = configure({"user_id": user_id, "connected_accounts": pins}, self._catalogue)
        return Session("", project_id, user_id, config, 0, 0, 0)
