"""A real provider on loopback, and a server beside it on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.accounts.acme import Acme, House


@pytest.fixture
async def acme() -> AsyncIterator[Acme]:
    async with Acme().serving() as service:
        yield service


@pytest.fixture
async def house(acme: Acme, tmp_path: Path, url: str) -> AsyncIterator[House]:
    async with acme.house(tmp_path, url) as made:
        yield made
