"""The catalogue: what it answers, when it is made anew, and that one bad toolkit harms no other."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from toolway.catalog import schema
from toolway.catalog.index import BUILTIN, Catalogue
from toolway.catalog.reader import read
from toolway.errors import BadFile, UnknownTool, UnknownToolkit

from .toolkits import MAIN, PING, WIDE, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two toolkits in one folder."""
    bolt = {name: text.replace("acme", "bolt").replace("ACME", "BOLT") for name, text in (("toolkit.toml", MAIN), ("tools.toml", PING))}
    write(tmp_path / "kits" / "acme", WIDE)
    write(tmp_path / "kits" / "bolt", bolt)
    return tmp_path / "kits"


def by_name(catalogue: Catalogue) -> dict[str, BadFile]:
    return {Path(folder).name: error for folder, error in catalogue.broken.items()}


def break_(folder: Path) -> None:
    write(folder / "bolt", {"tools.toml": "[ping]\nslug = 1\n"})


def test_what_it_answers(folder: Path) -> None:
    catalogue = Catalogue([folder])
    assert [(card.slug, card.tools, card.modes) for card in catalogue.toolkits()] == [("acme", 7, ("API_KEY",)), ("bolt", 1, ("API_KEY",))]
    assert catalogue.toolkit_card("ACME").title == "Acme"
    assert catalogue.tool("acme_get_tags").name == "get_tags"
    card = catalogue.card("ACME_get_tags")
    assert (card.slug, card.toolkit, card.effect) == ("ACME_GET_TAGS", "acme", "read")
    assert not catalogue.broken


def test_it_gives_what_the_reader_reads(folder: Path) -> None:
    kit = read(folder / "acme")
    catalogue = Catalogue([folder])
    assert catalogue.toolkit("Acme") == kit
    assert catalogue.toolkit("acme") is catalogue.toolkit("acme")
    for tool in kit.tools.values():
        assert catalogue.tool(tool.slug) == tool
        assert catalogue.card(tool.slug).schema == schema.json.encode(schema.arguments(tool, kit))


def test_cards_come_in_one_order(folder: Path) -> None:
    catalogue = Catalogue([folder])
    everything = [card.slug for card in catalogue.cards()]
    assert everything == sorted(everything)
    assert len(everything) == 8
    assert [card.slug for card in catalogue.cards(["bolt", "ACME", "bolt"])] == everything
    assert [card.slug for card in catalogue.cards(["bolt"])] == ["BOLT_PING"]
    assert catalogue.cards([]) == ()
    with pytest.raises(UnknownToolkit):
        catalogue.cards(["nope"])


def test_a_retired_tool_can_be_called_and_is_not_shown(folder: Path) -> None:
    write(folder / "bolt", {"tools.toml": PING.replace("ACME", "BOLT") + 'retire = "2027-01-01 BOLT_PONG"\n'})
    catalogue = Catalogue([folder])
    assert catalogue.tool("BOLT_PING").retire
    assert catalogue.cards(["bolt"]) == ()
    assert catalogue.toolkit_card("bolt").tools == 0
    assert "BOLT_PING" not in catalogue.near_tools("BOLT_PIN")


def test_the_nearest_are_named(folder: Path) -> None:
    catalogue = Catalogue([folder])
    with pytest.raises(UnknownTool) as tool:
        catalogue.tool("ACME_GET_TAGZ")
    assert set(tool.value.near[:2]) == {"ACME_GET_TAG", "ACME_GET_TAGS"}
    assert tool.value.slug == "ACME_GET_TAGZ"
    with pytest.raises(UnknownToolkit) as kit:
        catalogue.toolkit("acne")
    assert kit.value.near == ("acme",)
    for odd in ("", "x" * 100_000, "ACME_\0", "ÄCME_GET_TAGS", "\ud800", "' OR 1=1 --", "%"):
        for ask in (catalogue.tool, catalogue.card, catalogue.toolkit):
            with pytest.raises((UnknownTool, UnknownToolkit)):
                ask(odd)


def test_a_broken_toolkit_takes_no_other_down(folder: Path, tmp_path: Path) -> None:
    break_(folder)
    for _ in range(2):  # compiled, then opened
        catalogue = Catalogue([folder], tmp_path / "index.db")
        assert [card.slug for card in catalogue.toolkits()] == ["acme"]
        assert isinstance(by_name(catalogue)["bolt"], BadFile)
        assert any("bolt/tools.toml" in line for line in by_name(catalogue)["bolt"].details)
        with pytest.raises(UnknownToolkit):
            catalogue.toolkit("bolt")


def test_the_first_of_one_slug_is_taken(folder: Path, tmp_path: Path) -> None:
    mine = write(tmp_path / "mine" / "acme", {"toolkit.toml": MAIN.replace("Anvils", "My anvils"), "tools.toml": PING})
    catalogue = Catalogue([mine, folder])
    assert catalogue.toolkit("acme").about.startswith("My anvils")
    assert "stands in another folder" in by_name(catalogue)["acme"].message


def test_a_folder_without_toolkits_is_told(tmp_path: Path) -> None:
    catalogue = Catalogue([tmp_path / "gone"])
    assert catalogue.toolkits() == () and catalogue.cards() == ()
    assert set(by_name(catalogue)) == {"gone"}


def test_the_file_is_made_once_and_anew_after_a_change(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "deep" / "index.db"
    Catalogue([folder], cache)
    made = cache.stat().st_ino
    assert Catalogue([folder], cache).tool("BOLT_PING").about == "See whether Acme answers."
    assert cache.stat().st_ino == made
    write(folder / "bolt", {"tools.toml": PING.replace("ACME", "BOLT").replace("answers", "still answers")})
    assert Catalogue([folder], cache).tool("BOLT_PING").about == "See whether Acme still answers."
    assert cache.stat().st_ino != made
    assert [path.name for path in cache.parent.iterdir()] == ["index.db"]


def test_an_open_catalogue_does_not_change(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "index.db"
    old = Catalogue([folder], cache)
    break_(folder)
    new = Catalogue([folder], cache)
    assert old.tool("BOLT_PING").slug == "BOLT_PING"
    assert "bolt" in by_name(new)


@pytest.mark.parametrize("damage", ["empty", "junk", "cut", "folder", "hole"])
def test_a_damaged_file_is_made_again(folder: Path, tmp_path: Path, damage: str) -> None:
    cache = tmp_path / "index.db"
    Catalogue([folder], cache)
    whole = cache.read_bytes()
    match damage:
        case "empty":
            cache.write_bytes(b"")
        case "junk":
            cache.write_bytes(b"not a database" * 1_000)
        case "cut":
            cache.write_bytes(whole[: len(whole) // 2])
        case "hole":  # the first pages hold, a later one does not
            cache.write_bytes(whole[:8192] + b"\0" * (len(whole) - 8192))
        case _:
            cache.unlink()
            cache.mkdir()
    catalogue = Catalogue([folder], cache)
    assert len(catalogue.cards()) == 8
    assert len(catalogue.toolkit("acme").tools) == 7


def test_a_place_that_cannot_be_written_to_harms_nothing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert len(Catalogue([folder], tmp_path / "file" / "index.db").cards()) == 8


def test_many_may_make_it_at_once(folder: Path, tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from toolway.catalog.index import Catalogue\n"
    code += "c = Catalogue([Path(sys.argv[1])], Path(sys.argv[2])); print(len(c.cards()), c.tool('BOLT_PING').slug)"
    arguments = [sys.executable, "-c", code, str(folder), str(tmp_path / "index.db")]
    running = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=BUILTIN.parent.parent) for _ in range(4)]
    assert [process.communicate()[0] for process in running] == ["8 BOLT_PING\n"] * 4
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["index.db"]


def test_many_threads_may_ask_at_once(folder: Path, tmp_path: Path) -> None:
    catalogue = Catalogue([folder], tmp_path / "index.db")
    found: list[int] = []

    def ask() -> None:
        found.append(len(catalogue.toolkit("acme").tools) + len(catalogue.cards()) + len(catalogue.near_tools("ACME_PING")))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1 and len(found) == 8


def test_nothing_is_read_when_the_file_is_there(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "index.db"
    Catalogue([folder], cache)
    code = "import sys; from pathlib import Path; from toolway.catalog.index import Catalogue\n"
    code += "c = Catalogue([Path(sys.argv[1])], Path(sys.argv[2])); c.toolkit('acme'); c.card('BOLT_PING'); c.cards()\n"
    code += "print([name for name in ('tomllib', 'difflib', 'jsonschema_rs', 'toolway.catalog.reader') if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(cache)], capture_output=True, text=True, check=True, cwd=BUILTIN.parent.parent
    )
    assert run.stdout == "[]\n"


def test_the_shipped_toolkits_are_whole() -> None:
    catalogue = Catalogue([BUILTIN])
    assert not catalogue.broken
    assert {"clockify", "desktime"} <= {card.slug for card in catalogue.toolkits()}


def test_a_touched_file_is_a_change(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "index.db"
    Catalogue([folder], cache)
    made = cache.stat().st_ino
    os.utime(folder / "bolt" / "tools.toml", ns=(1, 1))
    Catalogue([folder], cache)
    assert cache.stat().st_ino != made


def test_a_change_of_one_toolkit_reads_that_one_alone(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "index.db"
    Catalogue([folder], cache)
    unread = folder / "acme" / "tags.toml"
    state = unread.stat()
    unread.write_text("[" * state.st_size, "utf-8")  # nobody could read it, and nobody sees that it changed
    os.utime(unread, ns=(state.st_atime_ns, state.st_mtime_ns))
    write(folder / "bolt", {"tools.toml": PING.replace("ACME", "BOLT").replace("answers", "still answers")})
    catalogue = Catalogue([folder], cache)
    assert catalogue.tool("BOLT_PING").about == "See whether Acme still answers."
    assert catalogue.tool("ACME_GET_TAGS").name == "get_tags"
    assert not catalogue.broken


def test_what_a_toolkit_lacks_is_no_tool(folder: Path, tmp_path: Path) -> None:
    lacking = MAIN.replace("ACME", "BOLT").replace("acme", "bolt").replace("why-no-spec", 'lacks = ["sell an anvil"]\nwhy-no-spec')
    write(folder / "bolt", {"toolkit.toml": lacking})
    for _ in range(2):
        catalogue = Catalogue([folder], tmp_path / "index.db")
        assert catalogue.toolkit("bolt").lacks == ("sell an anvil",)
        assert [card.slug for card in catalogue.cards(["bolt"])] == ["BOLT_PING"]
        assert list(catalogue.toolkit("bolt").tools) == ["ping"]
        assert catalogue.toolkit_card("bolt").tools == 1
        assert catalogue.near_tools("BOLT_PIN") == ("BOLT_PING",)


def test_what_was_asked_is_kept_as_long_as_there_is_room(folder: Path, tmp_path: Path) -> None:
    catalogue, fresh = Catalogue([folder], tmp_path / "index.db"), Catalogue([folder], tmp_path / "index.db")
    words = ["tag", "nobody", "acm"]
    first = (catalogue.known(words), catalogue.naming(words), catalogue.postings(words))
    assert set(first[0]) == set(first[2]) == {"tag", "acm"} and first[1] == {"tag", "acm"}
    assert not catalogue.known(f"w{number}" for number in range(20_000))
    assert (catalogue.known(words), catalogue.naming(words), catalogue.postings(words)) == first
    assert (fresh.postings(words), fresh.naming(words), fresh.known(words)) == (first[2], first[1], first[0])
    assert catalogue.known(iter(["tag", "tag"])) == {"tag": first[0]["tag"]}
