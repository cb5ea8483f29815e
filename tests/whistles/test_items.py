"""A whistle's outcome in the responsibility list: whose area, and that it comes first there."""

import pytest
from django.core.exceptions import ValidationError

from partyorgs.models import Post, Responsibility
from partyorgs.services.responsibilities import set_responsibility
from tests import world as w
from tests.callers import person
from tests.whistles.conftest import HOUR
from tests.whistles.helping import shown, whole
from whistles.models import Whistle
from whistles.services.errors import ActRefused

LATER = w.NOW + 2 * HOUR
ANSWERS = {"roads": "other-unit", "clean": "unit", "home-1": "community"}


@pytest.fixture
def ended(world, whistles):
    """A whistle over a report of this leaf that is closed; everybody came."""

    def end(category=w.UNLISTED, units=("roads", "clean")):
        whistle = whistles.blown(world.report(category=category), units=list(units), lead=units[0])
        for code in units:
            whistles.do(ANSWERS[code], "answer", whistle, answer="already_there", roles="队长")
        return whistles.do("street", "close", whistle, at=w.NOW + HOUR)

    return end


def keeps(world, code):
    """The admin's post is of this area."""
    Post.objects.filter(user__username="admin").update(area=world.areas[code])


def becomes(whistles, whistle, **given):
    return whistles.do("admin", "become_item", whistle, at=LATER, **given)


def next_one(world, category, **given):
    return world.report(category=category, at=LATER + HOUR, **given)


def test_an_admin_of_another_street_writes_nothing_here(world, whistles, ended):
    whistle = ended()
    keeps(world, w.STREET_2)
    # Another post of theirs lets them see it.
    Post.objects.create(
        user=world.user("admin"), role="auditor", area=world.areas[w.DISTRICT], valid_from=w.START
    )
    assert "become_item" not in shown(world, "admin", whistle, at=LATER)
    with pytest.raises(ActRefused):
        becomes(whistles, whistle, unit="roads")
    assert not Responsibility.objects.filter(category__code=w.UNLISTED).exists()


def test_an_admin_writes_for_the_own_area_and_below(world, whistles, ended):
    whistle = ended()
    keeps(world, w.COMMUNITY_1)
    for area in (w.DISTRICT, w.STREET_1):
        with pytest.raises(ValidationError) as refused:
            becomes(whistles, whistle, unit="roads", area=area)
        assert "area" in refused.value.message_dict
    becomes(whistles, whistle, unit="roads")
    item = Responsibility.objects.get(category__code=w.UNLISTED)
    assert item.area.code == w.COMMUNITY_1
    assert next_one(world, w.UNLISTED).unit.code == "roads"


def test_the_page_offers_the_own_areas_and_the_units_that_came(world, whistles, ended):
    whistle = ended()
    keeps(world, w.STREET_1)
    text = person("admin").get(f"/whistles/{whistle.number}/").content.decode()
    assert f'value="{w.STREET_1}"' in text
    assert f'value="{w.COMMUNITY_1}"' in text
    assert f'value="{w.DISTRICT}"' not in text


@pytest.mark.parametrize("code", [w.STREET_2, w.COMMUNITY_2])
def test_admins_elsewhere_do_not_see_it(world, ended, code):
    whistle = ended()
    keeps(world, code)
    assert not Whistle.objects.visible_to(world.scope("admin")).exists()
    assert person("admin").get(f"/whistles/{whistle.number}/").status_code == 404


def test_it_takes_the_place_of_a_lower_level_here_and_nowhere_else(world, whistles, ended):
    """The community led; it came to nothing without the district's unit."""
    beside = Responsibility.objects.create(
        category=Responsibility.objects.get(doer__code="home-1").category, level="community",
        area=world.areas[w.COMMUNITY_2], doer=world.orgs["lifts"], valid_from=w.START,
    )  # fmt: skip
    whistle = ended(w.CORRIDOR)
    becomes(whistles, whistle, unit="roads")
    whole(whistle)
    before = Responsibility.objects.get(doer__code="home-1")
    assert before.valid_until == LATER
    assert next_one(world, w.CORRIDOR).unit.code == "roads"
    beside.refresh_from_db()
    assert beside.valid_until is None


def test_an_item_of_the_same_place_and_level_ends(world, whistles, ended):
    whistle = ended(w.RUBBISH)
    becomes(whistles, whistle, unit="roads", area=w.DISTRICT)
    old = Responsibility.objects.get(category__code=w.RUBBISH, doer__code="clean")
    assert old.valid_until == LATER
    assert next_one(world, w.RUBBISH).unit.code == "roads"


def test_what_a_larger_area_puts_first_is_not_ended_from_here(world, whistles, ended):
    whistle = ended()
    old = set_responsibility(
        category=whistle.issue.category, level="street", area=world.areas[w.STREET_1],
        doer=world.orgs["desk-1"], at=w.NOW, now=w.NOW,
    )  # fmt: skip
    with pytest.raises(ValidationError) as refused:
        becomes(whistles, whistle, unit="roads", area=w.COMMUNITY_1)
    assert "青禾街道" in refused.value.message_dict["area"][0]
    old.refresh_from_db()
    assert old.valid_until is None
    becomes(whistles, whistle, unit="roads", area=w.STREET_1)
    assert next_one(world, w.UNLISTED).unit.code == "roads"


def test_a_unit_of_one_community_does_not_answer_for_the_street(world, whistles, ended):
    whistle = ended(units=("home-1", "roads"))
    with pytest.raises(ValidationError) as refused:
        becomes(whistles, whistle, unit="home-1", area=w.STREET_1)
    assert "area" in refused.value.message_dict
    becomes(whistles, whistle, unit="home-1")
    item = Responsibility.objects.get(category__code=w.UNLISTED)
    assert (item.level, item.area.code) == ("community", w.COMMUNITY_1)
    assert next_one(world, w.UNLISTED).unit.code == "home-1"


def test_a_unit_without_anybody_left_would_route_nothing(world, whistles, ended):
    whistle = ended()
    Post.objects.filter(organization__code="roads").update(valid_until=LATER)
    with pytest.raises(ValidationError) as refused:
        becomes(whistles, whistle, unit="roads")
    assert "unit" in refused.value.message_dict
