"""What is judged: tools as documents, and requests with the tools that serve them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from toolway.catalog.fields import walk
from toolway.catalog.index import BUILTIN, Catalogue

HERE: Final = Path(__file__).parent
OWN: Final = HERE / "own.jsonl"
EDGE: Final = HERE / "edge.jsonl"
PUBLIC: Final = HERE.parents[1] / "shared" / "discovery" / "public"
"""Where the data of others lies, when it is there; it is never copied."""

KITS: Final = ("clockify", "desktime")
FOLDERS: Final = tuple(BUILTIN / slug for slug in KITS)
JUDGED_PUBLIC: Final = ("livemcp", "sealtools", "metatool")
DISTRACTORS: Final = ("livemcp", "sealtools", "metatool", "aci")

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Document(NamedTuple):
    """A tool as every system gets it. `asks` are the phrasings that its author wrote, `kit_about` a sentence on its toolkit."""

    id: str
    toolkit: str
    name: str
    about: str
    params: tuple[tuple[str, str], ...]
    asks: tuple[str, ...] = ()
    kit_about: str = ""

    def fields(self, *, asks: bool) -> dict[str, str]:
        """Its texts by field, with names taken apart at camel and snake case."""
        params = " ".join(f"{apart(name)} {about}" for name, about in self.params)
        made = {"name": apart(self.name), "toolkit": apart(self.toolkit), "about": self.about, "params": params}
        return made | ({"asks": "\n".join(self.asks)} if asks else {})


class Request(NamedTuple):
    """What somebody asks for. `groups` holds ids of tools, any one of a group will do; none at all: no tool serves it."""

    query: str
    kind: str
    lang: str
    groups: tuple[tuple[str, ...], ...]


class BadSet(Exception):
    """A file of requests that cannot be judged; says where and what is expected."""


def own_documents() -> list[Document]:
    """The tools of Clockify and DeskTime that are shipped."""
    catalogue = Catalogue(FOLDERS)
    made: list[Document] = []
    for slug in KITS:
        kit = catalogue.toolkit(slug)
        for tool in sorted(kit.tools.values(), key=lambda tool: tool.slug):
            if not tool.retire:
                params = tuple((field.name, field.about) for field in walk(param.field for param in tool.params))
                made.append(Document(tool.slug, kit.title, tool.title, tool.about, params, tool.asks))
    return made


def judged(path: Path, documents: Iterable[Document]) -> list[Request]:
    """The requests of a file over these tools, named by slug, title, or `toolkit/title`."""
    known: dict[str, str] = {}
    for document in documents:
        known |= {name.lower(): document.id for name in (document.id, document.name, f"{document.toolkit}/{document.name}")}
    return [_request(line, known, f"{path.name}:{number}") for number, line in _lines(path)]


def public_documents(name: str) -> list[Document]:
    """The tools of a public catalogue."""
    return [
        Document(
            line["id"],
            line["toolkit"],
            line["name"],
            line["description"],
            tuple((str(param), str(about or "")) for param, about in line["params"]),
            kit_about=line.get("toolkit_description") or "",
        )
        for _, line in _lines(PUBLIC / name / "tools.jsonl")
    ]


def public_requests(name: str) -> list[Request]:
    """The requests of a public set; all that a request needs is a group of its own."""
    lines = (line for _, line in _lines(PUBLIC / name / "queries.jsonl"))
    return [Request(line["query"], line["kind"], "en", tuple((tool,) for tool in dict.fromkeys(line["relevant"]))) for line in lines]


def apart(name: str) -> str:
    """A name's words."""
    return re.sub(r"[\W_]+", " ", _CAMEL.sub(" ", name)).strip()


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSet(f"{path}: cannot be read: {error}") from None
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                raise BadSet(f"{path.name}:{number}: not JSON: {error}") from None


def _request(line: Any, known: Mapping[str, str], where: str) -> Request:
    try:
        groups: list[list[str]] = line.get("groups") or [[name] for name in line["relevant"]]
        found = tuple(tuple(known[name.lower()] for name in group) for group in groups)
        return Request(line["query"], line.get("kind", ""), line.get("lang", ""), found)
    except KeyError as error:
        raise BadSet(f"{where}: {error} is neither a tool of {' or '.join(KITS)} nor a field that is there") from None
    except (TypeError, AttributeError):
        raise BadSet(f'{where}: {{"query": ..., "relevant": [tools], "kind": ..., "groups": [[tools], ...]}} is expected') from None
