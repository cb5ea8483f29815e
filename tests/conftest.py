"""Shared beginnings for all tests."""

import gc
import os

import pytest
from django.utils import translation

from config.messages import compile_messages
from tests import racing
from tests import world as worlds
from tests.callers import Program

# Real data is not the project's own: name its folder to try the main job on it.
collect_ignore = [] if os.environ.get("GEZHI_REAL_DATA") else ["test_real_input.py"]


def pytest_configure(config):
    """Translations are not committed; one process compiles them for all."""
    if not hasattr(config, "workerinput"):
        compile_messages()
    # Looking through all that was imported for cycles took an eighth of the suite's time.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Tests that touch no database are `pure`: one run serves both databases."""
    for item in items:
        if "db" not in item.fixturenames and not item.get_closest_marker("django_db"):
            item.add_marker("pure")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """A skipped test is a promise nobody checked: CI fails on one."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Build the small district once; every test rolls back to it."""
    with django_db_blocker.unblock():
        worlds.build()


@pytest.fixture(autouse=True)
def _in_chinese(settings):
    """A page read in English leaves its language to the thread, and the next test to chance."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture
def world(db) -> worlds.World:
    return worlds.build()


@pytest.fixture
def photos_in_memory(settings):
    """Uploaded files stay in memory and end with the test."""
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = settings.STORAGES | {"default": memory}


@pytest.fixture
def program(world):
    """Programs by the name of their user: `program("worker").get("issues/")`."""
    programs = {}
    return lambda name=None: programs.setdefault(name, Program(name))


@pytest.fixture
def together():
    """Runs calls at the same moment: see `racing.together`."""
    return racing.together
