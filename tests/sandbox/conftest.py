import pytest

from .asking import Sandbox


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()
