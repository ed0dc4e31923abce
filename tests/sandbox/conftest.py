from collections.abc import Iterator

import pytest

from .asking import Sandbox
from .served import REGIONAL, Account, Served


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
def served() -> Iterator[Served]:
    with Served() as running:
        yield running


@pytest.fixture
def studio(served: Served) -> Account:
    return served.account("sandbox-clockify-key")


@pytest.fixture
def member(served: Served) -> Account:
    """Chloe, who administers nothing."""
    return served.account("sandbox-clockify-member-key")


@pytest.fixture
def agency(served: Served) -> Account:
    return served.account("sandbox-clockify-eu-key", *REGIONAL)


@pytest.fixture
def free(served: Served) -> Account:
    return served.account("sandbox-clockify-au-key", "apse2/api", "apse2/report")


@pytest.fixture
def strict(served: Served) -> Account:
    return served.account("sandbox-clockify-subdomain-key", "euc1/api", "northlight/report")
