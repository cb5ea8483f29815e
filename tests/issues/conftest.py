from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from partyorgs.models import Organization, Post
from tests import world as w
from tests.callers import Program


@pytest.fixture(autouse=True)
def _photos_in_memory(photos_in_memory):
    pass


@pytest.fixture
def program(world):
    """Programs by the name of their user: `program("worker").get("issues/")`."""
    programs = {}
    return lambda name=None: programs.setdefault(name, Program(name))


@pytest.fixture
def together():
    """Runs calls at the same moment in threads; what each returned or raised, in order."""

    def run(*calls):
        barrier = Barrier(len(calls), timeout=20)

        def one(call):
            try:
                connection.ensure_connection()
                barrier.wait()
                return call()
            except Exception as error:  # the outcome is what the test asks about
                return error
            finally:
                connection.close()

        with ThreadPoolExecutor(len(calls)) as threads:
            return list(threads.map(one, calls))

    return run


@pytest.fixture
def squads(world):
    """The world with a cleaning squad of each street, which signs for itself."""
    for code, street, name in (("squad-1", w.STREET_1, "squad"), ("squad-2", w.STREET_2, "gang")):
        unit = Organization.objects.create(
            code=code, name=f"{street} 保洁队", kind="partner", area=world.areas[street]
        )
        user = type(world.user("unit")).objects.create_user(name, password="gezhi-test", name=name)
        Post.objects.create(user=user, role="unit_desk", organization=unit, valid_from=w.START)
        world.users[name], world.orgs[code] = user, unit
    return world
