"""What a session may use: one question, asked at discovery and again at every execution, whichever way the call came."""

from typing import Any

from toolway.catalog.index import Catalogue
from toolway.catalog.model import Card, Effect
from toolway.errors import Forbidden
from toolway.store.records import Session

HINTS: dict[Effect, tuple[str, ...]] = {
    "read": ("readOnlyHint", "idempotentHint", "openWorldHint"),
    "create": ("createHint", "openWorldHint"),
    "update": ("updateHint", "openWorldHint"),
    "destroy": ("destructiveHint", "openWorldHint"),
}


def toolkits(session: Session, catalogue: Catalogue) -> list[str]:
    """The toolkits that a session may use, in the catalogue's order."""
    chosen: dict[str, list[str]] = session.config["toolkits"]
    known = [card.slug for card in catalogue.toolkits()]
    if "enabled" in chosen:
        return [slug for slug in known if slug in chosen["enabled"]]
    return [slug for slug in known if slug not in chosen.get("disabled", ())]


def allowed(session: Session, card: Card, catalogue: Catalogue) -> bool:
    """Whether a session may find and call a tool."""
    if card.toolkit not in toolkits(session, catalogue):
        return False
    rule: dict[str, Any] = session.config["tools"].get(card.toolkit, {})
    if "enable" in rule and card.slug not in rule["enable"]:
        return False
    if card.slug in rule.get("disable", ()):
        return False
    tags: dict[str, list[str]] = rule.get("tags") or session.config["tags"]
    hints = HINTS[card.effect]
    if tags.get("enabled") and not any(tag in hints for tag in tags["enabled"]):
        return False
    return not any(tag in hints for tag in tags.get("disabled", ()))


def require(session: Session, card: Card, catalogue: Catalogue) -> None:
    """Raises `Forbidden` when a session may not call a tool."""
    if allowed(session, card, catalogue):
        return
    enabled = toolkits(session, catalogue)
    if card.toolkit not in enabled:
        raise Forbidden(
            f"{card.slug} belongs to the toolkit {card.toolkit}, which this session does not use.",
            fix=f"It uses {', '.join(enabled) or 'none'}; create a session that enables {card.toolkit}.",
        )
    raise Forbidden(f"{card.slug} is switched off in this session.", fix="Create a session whose tools and tags allow it.")


def cards(session: Session, catalogue: Catalogue) -> list[Card]:
    """Every tool that a session may use."""
    return [card for card in catalogue.cards(toolkits(session, catalogue)) if allowed(session, card, catalogue)]
