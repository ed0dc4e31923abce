"""A toolkit folder, read: every TOML file in it as one `Toolkit`, or all that is wrong with it at once."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from toolway.catalog import build, proof
from toolway.catalog.fields import Words
from toolway.catalog.grammar import near
from toolway.catalog.model import Auth, Check, Clock, Fault, Field, Noun, Rate, Tool, Toolkit
from toolway.catalog.source import File, Problems, Table, is_table, load
from toolway.errors import BadFile

MAIN: Final = "toolkit.toml"
ASIDE: Final = ("triggers.toml", "deviations.toml")  # lie in the folder, but hold no tools
BESIDE: Final = ("types", "views")  # tables that may also stand in the file of the tools that use them

SLUG: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_HOST: Final = re.compile(r"[a-z][a-z0-9_-]*")
_PERIODS: Final = ("second", "minute", "hour", "day")
_LONGEST_PATTERN: Final = 200
# What takes a time that does not explode with the value: no groups, and two repeats of no fixed number in each alternative.
_PIECE: Final = r"(?:\[\^?\]?(?:\\.|[^\]\\])*\]|\\[^0-9]|[^\\\[\](){}|*+?])(?:\{[0-9]{1,3}\})?"
_WAY: Final = rf"(?:{_PIECE})*(?:(?:[*+?]|\{{[0-9]*,[0-9]*\}})(?:{_PIECE})*){{0,2}}"
_PATTERN: Final = re.compile(rf"{_WAY}(?:\|{_WAY})*")


def read(folder: Path) -> Toolkit:
    """The toolkit in this folder. Raises `BadFile` with every problem that was found."""
    problems = Problems()
    toolkit = collect(folder, problems)
    if toolkit is None or problems.found:
        count = len(problems.found)
        raise BadFile(f"The toolkit in {folder.name}/ has {count} problem{'s' * (count != 1)}.", details=problems.found)
    return toolkit


def files(folder: Path) -> tuple[Path, ...]:
    """The files that make the toolkit, the main one first."""
    found = sorted(path for path in folder.glob("*.toml") if path.name not in (MAIN, *ASIDE))
    return (folder / MAIN, *found)


def collect(folder: Path, problems: Problems) -> Toolkit | None:
    """The toolkit in this folder as far as it can be read; what is wrong is added to `problems`."""
    loaded = [load(path, problems) for path in files(folder)]
    if loaded[0] is None:
        return None
    present = [file for file in loaded if file is not None]
    main = Table(problems, present[0], (), present[0].content)
    slug = main.text("slug", due=True)
    if slug and not SLUG.fullmatch(slug):
        main.bad("small letters, digits and _ are expected", "slug")
    hosts, regions = _hosts(main.table("hosts"))
    nouns = {name: _noun(name, table) for name, table in main.table("nouns").tables()}
    words = Words(_beside("types", main, present, problems), nouns)
    views = {name: build.views_of(value, table, name) for name, (value, table) in _views(main, present, problems).items()}
    auth, check = _auth(main.table("auth"), tuple(hosts))
    account = words.fields(main.table("account"))
    _check_hosts(main, {"": hosts, **regions}, account)
    path = {field.name: field for field in words.fields(main.table("path"))}
    shared = build.Shared(slug, tuple(hosts), path, words, views, main.text("why-no-spec"))
    toolkit = Toolkit(
        slug=slug,
        title=main.text("title", due=True),
        about=main.text("about", due=True),
        hosts=hosts,
        regions=regions,
        account=account,
        auth=auth,
        check=check,
        nouns=nouns,
        clock=_clock(main.table("clock")) if "clock" in main.data else None,
        rates=_rates(main.table("limits")),
        faults=_faults(main.table("errors")),
        words={key: main.table("words").texts(key) for key in main.table("words").data},
        lacks=main.texts("lacks"),
        notes=main.texts("notes"),
        categories=main.texts("categories"),
        page=main.text("page"),
        version=main.text("version"),
        tools=_tools(present[1:], shared, problems),
    )
    main.done()
    return toolkit


def _tools(present: list[File], shared: build.Shared, problems: Problems) -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    places: dict[str, str] = {}  # where each name and slug stands
    for file in present:
        top = Table(problems, file, (), file.content)
        for name in file.content:
            if name in BESIDE:
                continue
            table = top.table(name)
            here = f"{file.name}:{file.line((name,))}"
            for key in filter(None, (name, str(table.data.get("slug", "")))):
                if places.setdefault(key, here) != here:
                    table.bad(f"{key} stands already at {places[key]}")
            tool = build.tool(table, shared) if is_table(file.content[name]) else None
            if tool is not None:
                found[name] = tool
    return found


def _beside(key: str, main: Table, present: list[File], problems: Problems) -> dict[str, Table]:
    """The members of [key.X], of all files."""
    found: dict[str, Table] = {}
    for file in present:
        top = main if file is main.file else Table(problems, file, (), file.content)
        for name, table in top.table(key).tables():
            if name in found:
                table.bad(f"{name} stands already in {found[name].file.name}:{found[name].file.line(found[name].keys)}")
            found.setdefault(name, table)
    return found


def _views(main: Table, present: list[File], problems: Problems) -> dict[str, tuple[object, Table]]:
    """The named views of all files: [views] name = [...]."""
    found: dict[str, tuple[object, Table]] = {}
    for file in present:
        table = (main if file is main.file else Table(problems, file, (), file.content)).table("views")
        for name in table.data:
            if name in found:
                table.bad(f"{name} stands already in {found[name][1].file.name}", name)
            found.setdefault(name, (table.take(name), table))
    return found


def _hosts(table: Table) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    hosts: dict[str, str] = {}
    regions: dict[str, dict[str, str]] = {}
    for key, value in table.data.items():
        inner = table.table(key) if is_table(value) else None
        if inner is None:
            hosts[key] = table.text(key)
            if not _HOST.fullmatch(key):
                table.bad("a host's name has small letters, digits, _ and - only", key)
        else:
            regions[key] = {name: inner.text(name) for name in inner.data}
            for name in regions[key]:
                if name not in table.data:
                    inner.bad(f"no such host outside of the region{near(name, hosts)}", name)
    if not hosts:
        table.bad('one at least is expected, such as api = "https://api.example.com"')
    return hosts, regions


def _check_hosts(main: Table, regions: Mapping[str, Mapping[str, str]], account: tuple[Field, ...]) -> None:
    """Every domain that can be reached stands in the file: a URL, in which a label of [account] may fill the first step of the name."""
    labels = tuple(field.name for field in account if field.kind.word == "label")
    for region, hosts in regions.items():
        for name, url in hosts.items():
            keys = tuple(filter(None, ("hosts", region, name)))
            places = re.findall(r"\{([^{}]*)\}", url)
            for place in places:
                if place not in labels:
                    main.bad(f"{{{place}}} is no label of [account]{near(place, labels)}", *keys)
            if not proof.is_address(url):
                main.bad("an address such as https://api.example.com/v1 is expected; {label} only as the first step before a domain", *keys)


def _noun(name: str, table: Table) -> Noun:
    noun = Noun(
        name=name,
        list=table.text("list", due=True),
        field=table.text("name") or "name",
        id=table.text("id") or "id",
        looks_like=table.text("looks-like"),
        default=_field_of(table, "default", "get_user activeWorkspace"),
        tell_apart=table.texts("tell-apart"),
        within=table.texts("within"),
        query=table.text("query"),
        list_first=table.flag("list-first"),
    )
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        table.bad("a noun's name has small letters, digits and _ only")
    if bad := _bad_pattern(noun.looks_like):
        table.bad(bad, "looks-like")
    table.done()
    return noun


def _field_of(table: Table, key: str, example: str, *, due: bool = False) -> tuple[str, str] | None:
    """A read tool and a dotted field of its reply."""
    parts = table.text(key, due=due).split()
    if parts and len(parts) != 2:
        table.bad(f'a tool and a field of its reply are expected, such as "{example}"', key)
    return (parts[0], parts[1]) if len(parts) == 2 else None


def _clock(table: Table) -> Clock | None:
    zone, given = _field_of(table, "zone", "get_user settings.timeZone", due=True), table.text("given")
    table.done()
    return Clock(zone, given) if zone else None


def _bad_pattern(pattern: str) -> str:
    if len(pattern) > _LONGEST_PATTERN:
        return f"more than {_LONGEST_PATTERN} characters"
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        return f"not a regular expression: {error}"
    if not _PATTERN.fullmatch(pattern):
        return "no groups and at most two of *, +, ? and {m,n} in each alternative are expected, as in [0-9a-f]{24}|[A-Z]+-[0-9]+"
    return ""


def _auth(table: Table, hosts: tuple[str, ...]) -> tuple[tuple[Auth, ...], Check | None]:
    found: list[Auth] = []
    check: Check | None = None
    for name, inner in table.tables():
        if name == "check":
            call = build.call_of(inner, hosts)
            if call and (call.places or call.method != "GET"):
                inner.bad("a GET without {places} is expected", "call")
            check = Check(*call, label=inner.text("label")) if call else None
        elif name in proof.MODES:
            found.append(proof.read(name, inner, hosts))
        else:
            inner.bad(f"unknown way to prove oneself; known are {', '.join((*proof.MODES, 'check'))}{near(name, proof.MODES)}")
            continue
        inner.done()
    return tuple(found), check


def _rates(table: Table) -> tuple[Rate, ...]:
    rates: list[Rate] = []
    for row in table.rows("rate"):
        rates.append(Rate(row.whole("most", 0), row.text("per", due=True), row.text("when")))
        if rates[-1].most < 1:
            row.bad("a whole number from 1 is expected", "most")
        if rates[-1].per and rates[-1].per not in _PERIODS:
            row.bad(f"one of {', '.join(_PERIODS)} is expected{near(rates[-1].per, _PERIODS)}", "per")
        row.done()
    table.done()
    return tuple(rates)


def _faults(table: Table) -> tuple[Fault, ...]:
    faults: list[Fault] = []
    for key, inner in table.tables():
        faults.append(Fault(*build.refusal_of(table, key), inner.text("means", due=True), inner.text("say")))
        inner.done()
    return tuple(faults)
