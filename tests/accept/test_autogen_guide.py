"""The AutoGen + Clockify guide, word for word: real SDK, real AutoGen, a scripted model, the router with its sandbox."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .checks import check, check_secret
from .clockify import ADD, LIST, SHOW, check_client, check_users, check_workspaces, scripts, workspaces
from .guide import GUIDES, Program, complete_code
from .models.errand import EXECUTE
from .models.openai_chat import KEY, OpenAIChat
from .person import Person
from .server import CLOCKIFY_KEY, Server

GUIDE = GUIDES / "003_60ae4881fe131b12.txt"
OWN = Path(__file__).parent / "autogen" / "own_program.py"
PROGRAMS = {"guide": GUIDE, "own": OWN}


def start(source: Path, python: Path, folder: Path, router: Server, model: OpenAIChat) -> Program:
    """The program, about to run in a folder with the `.env` that the guide asks for and the two base URLs."""
    code = complete_code(source) if source == GUIDE else source.read_text()
    settings = {
        "COMPOSIO_API_KEY": router.key,
        "OPENAI_API_KEY": KEY,
        "USER_ID": "alice@example.com",
        "COMPOSIO_BASE_URL": router.origin,
        "OPENAI_BASE_URL": model.base_url,
    }
    return Program(python, code, folder, settings)


@pytest.mark.parametrize("which", PROGRAMS)
def test_the_guide_runs(which: str, router: Server, environment: Callable[[str], Path], tmp_path: Path) -> None:
    source = PROGRAMS[which]
    if not source.exists():
        pytest.skip("the guide does not lie beside this repository; own_program.py makes the same calls")
    python = environment("autogen")
    person = Person()

    def connect(link: str) -> None:
        assert link.startswith(f"{router.origin}/link/")
        person.connect(link, CLOCKIFY_KEY)

    with OpenAIChat(scripts(connect)) as model, start(source, python, tmp_path / "desk", router, model) as program:
        program.listen()
        listed = program.ask(LIST)
        added = program.ask(ADD)
        shown = program.ask(SHOW)
        code = program.leave()
        check(model, router, program, code)

    assert person.seen, "the account was connected by a person, between two calls"
    check_workspaces(router, listed)
    check_client(router, added)
    check_users(router, shown)
    # The first request needs the search, the link, the call and the answer; later ones find the door open.
    assert [len(model.turns(request)) for request in (LIST, ADD, SHOW)] == [4, 3, 3]
    check_secret(router, model, CLOCKIFY_KEY)


def test_a_restart_in_the_middle_goes_unnoticed(router: Server, environment: Callable[[str], Path], tmp_path: Path) -> None:
    """Here the model shows the link and the person comes back to the chat, as in life; then the server is killed."""
    python = environment("autogen")
    with OpenAIChat(scripts(None)) as model, start(OWN, python, tmp_path / "desk", router, model) as program:
        program.listen()
        link = next(word for word in program.ask(LIST).split() if "/link/" in word)
        Person().connect(link, CLOCKIFY_KEY)
        listed = program.ask(f"I have connected it. {LIST}")
        check_workspaces(router, listed)
        true = workspaces(router)
        router.kill()
        router.start()
        assert workspaces(router) == true
        added = program.ask(ADD)
        shown = program.ask(SHOW)
        code = program.leave()
        check(model, router, program, code)

    check_client(router, added)
    check_users(router, shown)
    assert [len(model.turns(request)) for request in (ADD, SHOW)] == [3, 3]
    calls = [call for e in model.exchanges if isinstance(e.move, list) for call in e.move]
    assert len([call for call in calls if call.name == EXECUTE]) == 3
