"""What a session may use: one question, asked at discovery and again at every execution, whichever way the call came."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from toolway.accounts.keeper import Grant, Granted
from toolway.catalog.index import Catalogue
from toolway.catalog.model import Card, Effect, ToolkitCard
from toolway.errors import BadRequest, Forbidden, UnknownTool
from toolway.router.meta import BY_NAME, EXECUTE, SEARCH
from toolway.store.records import Account, Session

HINTS: dict[Effect, tuple[str, ...]] = {
    "read": ("readOnlyHint", "idempotentHint", "openWorldHint"),
    "create": ("createHint", "openWorldHint"),
    "update": ("updateHint", "openWorldHint"),
    "destroy": ("destructiveHint", "openWorldHint"),
}

_LONGEST_LABEL = 40
_MOST_NAMED = 5

WORDS: dict[str, str] = {"read": "read", "create": "create", "update": "change", "destroy": "delete"}
"""The effects, as people say them."""


def may(effects: Sequence[str]) -> str:
    """What an account was connected for, in words."""
    return ", ".join(WORDS[effect] for effect in effects) or "nothing"


def uses(session: Session, toolkit: str) -> bool:
    """Whether a session uses a toolkit at all."""
    chosen: dict[str, list[str]] = session.config["toolkits"]
    return toolkit in chosen["enabled"] if "enabled" in chosen else toolkit not in chosen.get("disabled", ())


def toolkits(session: Session, catalogue: Catalogue) -> list[str]:
    """The toolkits that a session may use, in the catalogue's order."""
    return [card.slug for card in catalogue.toolkits() if uses(session, card.slug)]


def toolkit(session: Session, catalogue: Catalogue, slug: str) -> ToolkitCard:
    """The toolkit of this slug. Raises `UnknownToolkit` with the nearest ones, or `Forbidden` when the session does not use it."""
    card = catalogue.toolkit_card(slug)
    if not uses(session, card.slug):
        known = ", ".join(toolkits(session, catalogue)) or "none"
        raise Forbidden(f"This session does not use {card.slug}.", fix=f"It uses {known}.")
    return card


def narrowed(session: Session) -> bool:
    """Whether a session may use only some tools of its toolkits."""
    tags: dict[str, list[str]] = session.config["tags"]
    return bool(session.config["tools"] or tags.get("enabled") or tags.get("disabled"))


def allowed(session: Session, card: Card) -> bool:
    """Whether a session may find and call a tool."""
    if not uses(session, card.toolkit):
        return False
    rule: dict[str, Any] = session.config["tools"].get(card.toolkit, {})
    if "enable" in rule and card.slug not in rule["enable"]:
        return False
    if card.slug in rule.get("disable", ()):
        return False
    # A toolkit's own tags stand in place of the session's.
    tags: dict[str, list[str]] = rule.get("tags") or session.config["tags"]
    hints = HINTS[card.effect]
    if tags.get("enabled") and not any(tag in hints for tag in tags["enabled"]):
        return False
    return not any(tag in hints for tag in tags.get("disabled", ()))


def find(session: Session, catalogue: Catalogue, slug: str) -> Card:
    """The tool of this slug. Raises `UnknownTool` with the nearest that the session may call, or `Forbidden` when it may not call it."""
    if not slug:
        raise BadRequest("tool_slug is missing.", fix=f"Give a slug that {SEARCH} gave.")
    if slug.upper() in BY_NAME:
        raise Forbidden(f"{slug.upper()} is called directly, not through {EXECUTE}.")
    try:
        card = catalogue.card(slug)
    except UnknownTool as error:
        near = [name for name in error.near if allowed(session, catalogue.card(name))]
        raise UnknownTool(slug, near, fix=None if near else f"{SEARCH} finds tools by what they do.") from None
    if not uses(session, card.toolkit):
        enabled = toolkits(session, catalogue)
        raise Forbidden(
            f"{card.slug} belongs to the toolkit {card.toolkit}, which this session does not use.",
            fix=f"It uses {', '.join(enabled) or 'none'}; create a session that enables {card.toolkit}.",
        )
    if not allowed(session, card):
        raise Forbidden(f"{card.slug} is switched off in this session.", fix="Create a session whose tools and tags allow it.")
    return card


def choose(card: Card, granted: Sequence[Granted]) -> Granted:
    """The first of some accounts that may be used for a tool. Raises `Forbidden` with what each of them allows where none may."""
    refusals: list[tuple[Account, Refusal]] = []
    for account, grant in granted:
        refusal = refused(grant, card, account.label)
        if refusal is None:
            return account, grant
        refusals.append((account, refusal))
    mend = "; ".join(dict.fromkeys(refusal.mend for _, refusal in refusals))
    fix = f"{mend[0].upper()}{mend[1:]}."
    if len(refusals) == 1:
        raise Forbidden(f"{card.slug} {refusals[0][1].why}.", fix=fix)
    each = [f"{account.label[:_LONGEST_LABEL]} ({account.id}): {refusal.allows}" for account, refusal in refusals[:_MOST_NAMED]]
    said = f"{card.slug} would {WORDS[card.effect]}, and none of the {len(refusals)} connected accounts may be used for it"
    raise Forbidden(f"{said}. What they allow: {'; '.join(each)}.", fix=fix)


class Refusal(NamedTuple):
    """Why an account may not be used for a tool, said of the tool; who can widen that; what the account allows; and whether a new link can
    allow more.
    """

    why: str
    mend: str
    allows: str
    relink: bool = False


def refused(grant: Grant, card: Card, account: str) -> Refusal | None:
    """Why an account, called `account`, may not be used for a tool; None where it may."""
    if grant.off:
        why = f"cannot be called: the auth config of {account} is switched off"
        return Refusal(why, "the operator can switch it on again", "nothing, its auth config is switched off")
    if card.effect not in grant.effects:
        return Refusal(
            f"would {WORDS[card.effect]}, and {account} was connected to {may(grant.effects)} only",
            "only the person who connected it can allow more, by connecting it again with a new link",
            may(grant.effects),
            relink=True,
        )
    if grant.tools and card.slug not in grant.tools:
        why = f"is not among the tools that the auth config of {account} allows"
        return Refusal(why, "the operator can allow it there", f"{may(grant.effects)}, by other tools of its auth config")
    return None


class Reach:
    """What a session can really do: what it may, less what each of its user's accounts for the toolkit refuses. Where nothing is connected
    yet nothing is refused.
    """

    def __init__(self, session: Session, grants: Mapping[str, Sequence[Grant]]) -> None:
        self._session = session
        self._grants = grants

    def __contains__(self, card: Card) -> bool:
        return allowed(self._session, card) and self.refusal(card) is None

    @property
    def narrow(self) -> bool:
        """Whether some tools of its toolkits are out of it."""
        return narrowed(self._session) or any(one.narrow for grants in self._grants.values() for one in grants)

    def refusal(self, card: Card) -> Refusal | None:
        """Why no account can be used for a tool: what the newest says."""
        found = [refused(grant, card, "the connected account") for grant in self._grants.get(card.toolkit, ())]
        return found[0] if all(found) and found else None


def cards(session: Session, catalogue: Catalogue) -> list[Card]:
    """Every tool that a session may use."""
    return [card for card in catalogue.cards(toolkits(session, catalogue)) if allowed(session, card)]
