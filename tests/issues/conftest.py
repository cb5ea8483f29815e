import pytest

from partyorgs.models import Organization, Post
from tests import world as w


@pytest.fixture(autouse=True)
def _photos_in_memory(photos_in_memory):
    pass


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
