"""A router that the tests of a file share; those that change what others see start one of their own with `running`."""

from collections.abc import AsyncGenerator, Generator

import pytest
import pytest_asyncio

from tests.accounts.conftest import acme, house
from tests.serve.conftest import Router, fault, running
from toolway.watch import start

__all__ = ["acme", "fault", "house", "router"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def router(tmp_path_factory: pytest.TempPathFactory, sandbox: str) -> AsyncGenerator[Router]:
    """A router whose calls go to the sandbox."""
    async with running(tmp_path_factory.mktemp("router"), sandbox=sandbox) as started:
        yield started


@pytest.fixture
def told() -> Generator[None]:
    """The log tells of every call."""
    start(level="info")
    yield
    start(level="warning")
