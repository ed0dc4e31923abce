"""Tools of others as toolkit folders, so that they come in by the way that every toolkit takes.

A public catalogue says nothing of hosts and methods, so any stand here. What a tool does to data is told by the first verb of its name.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from evaluation.sets import Document, apart
from toolway.catalog.reader import BESIDE

_EFFECTS: Final = {
    "create": "add append book buy compose create draft generate insert make new order post publish register reserve save schedule send "
    "submit upload write",
    "update": "approve archive assign change convert edit modify move patch rename replace reset set update",
    "destroy": "cancel clear delete destroy drop erase purge remove uninstall unsubscribe",
}
_EFFECT: Final = {verb: effect for effect, verbs in _EFFECTS.items() for verb in verbs.split()}
_MOST_TOOLS: Final = 500  # in a file


class Names:
    """Names that stay different when they are cut down to what a slug may be."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def plain(self, name: str, longest: int, other: str) -> str:
        """Small letters, digits and _, not given before."""
        base = re.sub(r"[^a-z0-9]+", "_", apart(name).lower()).strip("_")
        base = (base if re.match("[a-z]", base) else f"{other}_{base}".rstrip("_"))[:longest].rstrip("_")
        found, number = base, 1
        while found in self._taken:
            number += 1
            found = f"{base[: longest - len(str(number)) - 1]}_{number}"
        self._taken.add(found)
        return found


def write(folder: Path, documents: Iterable[Document], kits: Names) -> dict[str, str]:
    """Write the toolkits below the folder; gives the id of each tool by its slug."""
    groups: defaultdict[str, list[Document]] = defaultdict(list)
    for document in documents:
        groups[document.toolkit].append(document)
    ids: dict[str, str] = {}
    for title, tools in groups.items():
        slug = kits.plain(title, 30, "kit")
        names = Names(BESIDE)
        place = folder / slug
        place.mkdir(parents=True)
        (place / "toolkit.toml").write_text(_head(slug, title or folder.name, tools[0].kit_about), "utf-8")
        texts: list[str] = []
        for tool in tools:
            name = names.plain(tool.name, 63 - len(slug), "tool")
            ids[f"{slug}_{name}".upper()] = tool.id
            texts.append(_tool(name, f"{slug}_{name}".upper(), tool))
        for number in range(0, len(texts), _MOST_TOOLS):
            (place / f"tools_{number}.toml").write_text("\n".join(texts[number : number + _MOST_TOOLS]), "utf-8")
    return ids


def _head(slug: str, title: str, about: str) -> str:
    lines = {"slug": slug, "title": _text(title), "about": _text(about or title), "why-no-spec": "Of a public catalogue."}
    return "".join(f"{key} = {_quoted(value)}\n" for key, value in lines.items()) + '[hosts]\napi = "https://api.example"\n'


def _tool(name: str, slug: str, tool: Document) -> str:
    verb = next(iter(apart(tool.name).lower().split()), "")
    lines = {"slug": slug, "title": _text(tool.name), "about": _text(tool.about or tool.name), "call": f"POST api /{name}"}
    lines["effect"] = _EFFECT.get(verb, "read")
    made = f"[{name}]\n" + "".join(f"{key} = {_quoted(value)}\n" for key, value in lines.items())
    for param, about in {_text(param): _text(about) for param, about in tool.params}.items():
        if param:
            made += f"body.{_quoted(param)} = {_quoted(f'text -- {about}' if about else 'text')}\n"
    return made


def _text(text: str) -> str:
    """On one line and without control characters."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+", " ", text).split())


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
