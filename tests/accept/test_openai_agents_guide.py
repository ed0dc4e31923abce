"""The OpenAI Agents SDK + DeskTime guide, word for word: real SDKs, a scripted model, the router with its sandbox."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .checks import check, check_secret
from .desktime import (
    APPS,
    GREETING,
    HELP,
    PROJECTS,
    START,
    TODAY,
    check_apps,
    check_projects,
    check_start,
    check_today,
    scripts,
    tracked,
)
from .guide import GUIDES, Program, complete_code
from .models.openai_chat import KEY
from .models.openai_responses import OpenAIResponses
from .person import Person
from .server import DESKTIME_KEY, Server

GUIDE = GUIDES / "000_f1ce120d3052c5b3.txt"
OWN = Path(__file__).parent / "openai_agents" / "own_program.py"
PROGRAMS = {"guide": GUIDE, "own": OWN}
NOT_PUBLIC = "MCP_URL_NOT_PUBLIC"


@pytest.mark.parametrize("which", PROGRAMS)
def test_the_guide_runs(which: str, router: Server, environment: Callable[[str], Path], tmp_path: Path) -> None:
    """The model shows the link, the person opens it and comes back to the chat."""
    source = PROGRAMS[which]
    if not source.exists():
        pytest.skip("the guide does not lie beside this repository; own_program.py makes the same calls")
    python = environment("openai_agents")
    text = complete_code(source) if source == GUIDE else source.read_text()
    with OpenAIResponses(scripts()) as model:
        settings = {
            "OPENAI_API_KEY": KEY,
            "COMPOSIO_API_KEY": router.key,
            "USER_ID": "alice@example.com",
            "COMPOSIO_BASE_URL": router.origin,
            "OPENAI_BASE_URL": model.base_url,
        }
        # The guide's program tries to send its traces to OpenAI, fails, and leaves in peace; the other is spared the seconds.
        shell = {} if source == GUIDE else {"OPENAI_AGENTS_DISABLE_TRACING": "1"}
        with Program(python, text, tmp_path / "desk", settings, shell) as program:
            assert GREETING in program.listen()
            link = next(word for word in program.ask(PROJECTS).split() if "/link/" in word)
            assert link.startswith(f"{router.origin}/link/")
            Person().connect(link, DESKTIME_KEY)
            again = f"I have connected it. {PROJECTS}"
            listed = program.ask(again)
            before = tracked(router)
            today = program.ask(TODAY)
            after = tracked(router)
            started = program.ask(START)
            apps = program.ask(APPS)
            code = program.leave()
            check(model, router, program, code)

    check_projects(router, listed)
    check_today(before, today, after)
    check_start(router, started)
    check_apps(router, model, apps)
    requests = (HELP, PROJECTS, again, TODAY, START, APPS)
    assert [len(model.turns(request)) for request in requests] == [1, 3, 3, 3, 3, 3]
    check_secret(router, model, DESKTIME_KEY)

    # The tools were listed once; from then on the list came back with every request.
    first, *later = {id(exchange.body): exchange.body for exchange in model.exchanges}.values()
    assert len(later) == 5
    assert "mcp_list_tools" not in json.dumps(first["input"])
    for body in later:
        assert [item.get("type") for item in body["input"]].count("mcp_list_tools") == 1

    # OpenAI's own cloud could not have opened this URL, and the operator was told so.
    lines = [json.loads(line) for line in router.tail(10**6).splitlines() if line.startswith("{")]
    (said,) = [line for line in lines if line["event"] == NOT_PUBLIC.lower()]
    assert said["level"] == "warning"
    assert router.origin in said["hint"]


def test_the_session_says_that_its_url_is_not_public(router: Server) -> None:
    """To the SDK of this guide alone: the others open the URL themselves."""
    (warning,) = router.session("alice@example.com", "desktime", x_framework="openai_agents")["warnings"]
    assert warning["code"] == NOT_PUBLIC
    assert router.origin in warning["message"]
    assert router.session("alice@example.com", "desktime", x_framework="openai")["warnings"] == []
