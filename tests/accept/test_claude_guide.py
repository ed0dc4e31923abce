"""The Claude Agent SDK + Clockify guide, word for word: real SDK and command line, a scripted model, the router with its sandbox."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .checks import check, check_secret
from .clockify import ADD, LIST, SHOW, check_client, check_users, check_workspaces, scripts
from .guide import GUIDES, Program, complete_code
from .models.anthropic_messages import KEY, AnthropicMessages
from .models.errand import CONNECT, EXECUTE, SCHEMAS, SEARCH
from .person import Person
from .server import CLOCKIFY_KEY, Server

GUIDE = GUIDES / "004_279759bc7bae302f.txt"
OWN = Path(__file__).parent / "claude_agent" / "own_program.py"
PROGRAMS = {"guide": GUIDE, "own": OWN}


@pytest.mark.parametrize("which", PROGRAMS)
def test_the_guide_runs(which: str, router: Server, environment: Callable[[str], Path], tmp_path: Path) -> None:
    source = PROGRAMS[which]
    if not source.exists():
        pytest.skip("the guide does not lie beside this repository; own_program.py makes the same calls")
    python = environment("claude_agent")
    text = complete_code(source) if source == GUIDE else source.read_text()
    person = Person()

    def connect(link: str) -> None:
        assert link.startswith(f"{router.origin}/link/")
        person.connect(link, CLOCKIFY_KEY)

    with AnthropicMessages(scripts(connect)) as model:
        settings = {
            "COMPOSIO_API_KEY": router.key,
            "USER_ID": "alice@example.com",
            "ANTHROPIC_API_KEY": KEY,
            "COMPOSIO_BASE_URL": router.origin,
            "ANTHROPIC_BASE_URL": model.origin,
        }
        # The command line reports to its maker unless told not to; as root it bypasses permissions in a sandbox only.
        shell = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"} | ({"IS_SANDBOX": "1"} if os.geteuid() == 0 else {})
        with Program(python, text, tmp_path / "desk", settings, shell) as program:
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
    # Tools are there from the first request on, in full: no turn is spent on loading them.
    assert [len(model.turns(request)) for request in (LIST, ADD, SHOW)] == [4, 3, 3]
    assert len(model.exchanges) == 10
    label = "composio" if source == GUIDE else "router"
    first = {tool["name"]: tool for tool in model.exchanges[0].body["tools"]}
    for name in (SEARCH, SCHEMAS, CONNECT, EXECUTE):
        tool = first[f"mcp__{label}__{name}"]
        assert tool["description"]
        assert tool["input_schema"]["required"]
        assert "defer_loading" not in tool
    check_secret(router, model, CLOCKIFY_KEY)
