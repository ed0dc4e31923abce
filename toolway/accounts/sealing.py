"""What a client keeps for us between two requests: sealed, and bound to where it belongs."""

import hashlib

import msgspec

from toolway.accounts.vault import Vault
from toolway.catalog.model import Json
from toolway.errors import ToolwayError
from toolway.store.records import now_ms

_LONGEST = 20_000
_decode = msgspec.json.Decoder(tuple[int, Json]).decode


class Tampered(ToolwayError):
    """Something came back that was not given out here, or not for this."""


class Sealing:
    """Seals what a client is to bring back, and opens it."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def seal(self, content: Json, place: tuple[str, ...], good_for_ms: int) -> str:
        """Sealed content that opens only for the same place: session, tool, arguments ..."""
        return self._vault.seal(msgspec.json.encode((now_ms() + good_for_ms, content)), _row(place))

    def open(self, sealed: str, place: tuple[str, ...]) -> Json | None:
        """The content, None when it is too old. Raises `Tampered` for anything that was not sealed here for this place."""
        try:
            good_until, content = _decode(self._vault.unseal(sealed[:_LONGEST], _row(place)))
        except (ToolwayError, msgspec.MsgspecError):
            raise Tampered("It was not given out here for this, or it was changed.") from None
        return content if now_ms() < good_until else None


def _row(place: tuple[str, ...]) -> str:
    return "brought_back/" + hashlib.sha256(msgspec.json.encode(place)).hexdigest()
