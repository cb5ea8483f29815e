"""What the tests of this folder share: houses, each a database with processes of its own."""

import pytest

from tests.chaos.house import Builder


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """All tests here are `chaos`: they have a target of their own."""
    for item in items:
        if "chaos" in item.path.parts:
            item.add_marker(pytest.mark.chaos)


@pytest.fixture(scope="session")
def builder(tmp_path_factory, django_db_blocker):
    made = Builder(tmp_path_factory.mktemp("chaos"))
    yield made
    with django_db_blocker.unblock():
        made.close()


@pytest.fixture(scope="session")
def house(builder):
    """`house(vendor)`: a database with the small district and nothing else."""
    return builder.house


@pytest.fixture(autouse=True)
def _own_databases(django_db_blocker):
    """These tests never touch the test database that pytest-django keeps shut."""
    with django_db_blocker.unblock():
        yield
