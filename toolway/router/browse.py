"""What there is, for whoever asks before wanting anything: toolkits, their categories, how many tools. Never the tools one by one. Pure."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from toolway.catalog.model import Json, ToolkitCard

_MOST_TOOLKITS: Final = 20
_MOST_CATEGORIES: Final = 40
_LONGEST_ABOUT: Final = 100
_THINGS: Final = "(?:tools|toolkits|services|integrations|capabilities|categories)"  # no apps: a service may know those of its own
_GENERAL: Final = re.compile(
    r"(?:what|which things) (?:can|could|do) (?:you|i|we|this) (?:do|help (?:me |us )?with|offer|support)(?: (?:here|for me|for us))?"
    r"|help|(?:show|list|tell|give)(?: me)? (?:everything|all)(?: (?:there is|that is there|you (?:have|can do)))?"
    rf"|(?:show|list|browse|get)(?: me)?(?: all| the| available| your){{0,3}} {_THINGS}(?: (?:in|of|for) (?P<of>.{{1,60}}))?"
    rf"|(?:what|which)(?: other)? {_THINGS} (?:are there|are available|do you have|can (?:you|i) use|exist)"
    r"(?: (?:in|of|for) (?P<for>.{1,60}))?",
    re.IGNORECASE,
)


def asked(request: str, kits: Sequence[ToolkitCard]) -> str | None:
    """The category that a request wants to see, "" for all; None where it wants something done, or a category that there is not."""
    words = " ".join(request.split()).rstrip("?!. ")
    found = _GENERAL.fullmatch(words) if words else None
    if found is None:
        return None if words else ""
    category = _plain(found["of"] or found["for"] or "")
    return category if not category or any(_plain(name) == category for kit in kits for name in kit.categories) else None


def overview(kits: Sequence[ToolkitCard], tools: Mapping[str, int], connected: Collection[str], category: str) -> Json:
    """The toolkits of a session, connected ones first, as a result tells them. `tools` counts those that may be called."""
    there = [kit for kit in kits if tools.get(kit.slug)]
    fitting = [kit for kit in there if not category or any(_plain(name) == category for name in kit.categories)]
    chosen = sorted(fitting, key=lambda kit: (kit.slug not in connected, kit.slug))
    shown, more = chosen[:_MOST_TOOLKITS], len(chosen) - _MOST_TOOLKITS
    categories = Counter(name for kit in there for name in kit.categories)
    guidance = "Search again with what is to be done, one query per action."
    if more > 0:
        guidance += f" {more} toolkits are not shown: ask for the toolkits of a category, or for what is to be done."
    return {
        "toolkits": [kit.slug for kit in shown],
        "reasoning": f"{len(chosen)} toolkits with {sum(tools[kit.slug] for kit in chosen)} tools are there.",
        "execution_guidance": guidance,
        "difficulty": "easy",
        "overview": {
            "toolkits": [
                {
                    "toolkit": kit.slug,
                    "about": kit.about[:_LONGEST_ABOUT],
                    "tools": tools[kit.slug],
                    "connected": kit.slug in connected,
                }
                for kit in shown
            ],
            "categories": dict(categories.most_common(_MOST_CATEGORIES)),
        },
    }


def _plain(name: str) -> str:
    return name.casefold().replace("-", " ").replace("_", " ").strip()
