import pytest

from tests.callers import Program


@pytest.fixture(autouse=True)
def _photos_in_memory(photos_in_memory):
    pass


@pytest.fixture
def program(world):
    """Programs by the name of their user: `program("worker").get("issues/")`."""
    programs = {}
    return lambda name=None: programs.setdefault(name, Program(name))
