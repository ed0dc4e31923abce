"""Secrets as they may be shown: enough to tell one from another, never the whole."""

from toolway.accounts.vault import Secret

_SHOWN = 4
_SHORT = 2 * _SHOWN
_HIDDEN = "REDACTED"


def masked(secret: Secret) -> str:
    """The first four characters and dots; nothing at all of a text of which that would be half."""
    text = secret.open()
    return _HIDDEN if len(text) < _SHORT else f"{text[:_SHOWN]}..."
