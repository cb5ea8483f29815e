"""Both sides rate, organizations only; an admin writes the outcome into the list."""

import pytest
from django.core.exceptions import ValidationError

from issues.workflow import State
from partyorgs.models import Post, Responsibility
from tests import world as w
from tests.whistles.conftest import HOUR, MINUTE
from tests.whistles.helping import lines, shown, whole
from whistles.models import Rating, Whistle
from whistles.queries import counts_by_street
from whistles.services.errors import ActRefused

UNIT_MARKS = {"speed": 5, "work": 4, "result": 3}
WHISTLE_MARKS = {"right": 4, "clear": 5}
DAY = 24 * HOUR


@pytest.fixture
def closed(whistles, issue):
    """The road unit came, cleaning was waived."""
    whistle = whistles.blown(issue)
    whistles.do("other-unit", "answer", whistle, answer="already_there", roles="养护队长")
    whistles.do("leader", "waive", whistle, unit="clean", reason="不需要清运。")
    return whistles.do("street", "close", whistle, at=w.NOW + HOUR)


def test_both_sides_rate_once(world, whistles, closed):
    at = w.NOW + 2 * HOUR
    rated = whistles.do("street", "rate", closed, at=at, unit="roads", **UNIT_MARKS)
    whole(rated)
    whistles.do("other-unit", "rate", closed, at=at, **WHISTLE_MARKS)
    assert lines(closed)[-2:] == ["whistle_rated_unit", "whistle_rated_whistle"]
    of_unit, of_whistle = Rating.objects.order_by("pk")
    assert (of_unit.speed, of_unit.work, of_unit.result, of_unit.right) == (5, 4, 3, None)
    assert (of_whistle.right, of_whistle.clear, of_whistle.speed) == (4, 5, None)
    assert {of_unit.unit.code, of_whistle.unit.code} == {"roads"}
    for name, marks in (("street", UNIT_MARKS | {"unit": "roads"}), ("other-unit", WHISTLE_MARKS)):
        assert "rate" not in shown(world, name, closed, at=at)
        with pytest.raises(ActRefused):
            whistles.do(name, "rate", closed, at=at, **marks)


def test_a_rating_names_no_person():
    people = {"user", "actor", "given_by", "rated_by", "person"}
    assert not people & {field.name for field in Rating._meta.get_fields()}


@pytest.mark.parametrize(
    ("name", "marks", "field"),
    [
        ("street", {"unit": "roads", "speed": 5, "work": 4}, "result"),
        ("street", {"unit": "roads", "speed": 6, "work": 4, "result": 3}, "speed"),
        ("street", {"unit": "clean", **UNIT_MARKS}, "unit"),
        ("street", WHISTLE_MARKS, "right"),
        ("other-unit", UNIT_MARKS, "unit"),
        ("other-unit", {"right": 0, "clear": 5}, "right"),
        ("other-unit", {"unit": "clean", **WHISTLE_MARKS}, "unit"),
    ],
)
def test_marks_that_are_missing_or_of_the_other_side(whistles, closed, name, marks, field):
    with pytest.raises(ValidationError) as refused:
        whistles.do(name, "rate", closed, at=w.NOW + 2 * HOUR, **marks)
    assert field in refused.value.message_dict
    assert not Rating.objects.exists()


@pytest.mark.parametrize("name", ["unit", "handler", "worker", "auditor"])
def test_others_do_not_rate(whistles, closed, name):
    with pytest.raises((ActRefused, Whistle.DoesNotExist)):
        whistles.do(name, "rate", closed, at=w.NOW + 2 * HOUR, unit="roads", **UNIT_MARKS)


def test_before_the_end_and_a_week_after_it(world, whistles, issue):
    whistle = whistles.blown(issue, units=["roads"], lead="roads")
    whistles.do("other-unit", "answer", whistle, answer="already_there", roles="养护队长")
    whistles.do("street", "rate", whistle, unit="roads", **UNIT_MARKS)
    closed = whistles.do("street", "close", whistle, at=w.NOW + HOUR)
    last = closed.ended_at + 7 * DAY - MINUTE
    assert "rate" in shown(world, "other-unit", closed, at=last)
    with pytest.raises(ActRefused):
        whistles.do("other-unit", "rate", closed, at=last + MINUTE, **WHISTLE_MARKS)
    whistles.do("other-unit", "rate", closed, at=last, **WHISTLE_MARKS)


def test_the_next_such_report_routes_by_itself(world, whistles):
    """Issue text: an admin turns a whistle's outcome into a responsibility item."""
    pothole = world.report(category=w.UNLISTED)
    assert pothole.state == State.PENDING_DISPATCH
    whistle = whistles.blown(pothole)
    for name in ("unit", "other-unit"):
        whistles.do(name, "answer", whistle, answer="already_there", roles="养护队长")
    closed = whistles.do("street", "close", whistle, at=w.NOW + HOUR)
    at = w.NOW + 2 * HOUR
    assert shown(world, "admin", closed, at=at) == {"become_item"}
    whistles.do("admin", "become_item", closed, at=at, unit="roads")
    whole(closed)
    closed.refresh_from_db()
    item = Responsibility.objects.get(category=pothole.category)
    assert closed.became == item
    assert (item.doer.code, item.level, item.area.code) == ("roads", "district", w.STREET_1)
    assert [helper.code for helper in item.helpers.all()] == ["clean"]
    assert (item.basis, item.direct) == (closed.number, True)
    after = world.report(category=w.UNLISTED, at=at + MINUTE)
    assert (after.state, after.unit.code) == (State.DISPATCHED, "roads")
    with pytest.raises(ActRefused) as refused:
        whistles.do("admin", "become_item", closed, at=at + HOUR, unit="roads")
    assert "已经写入" in refused.value.sentence()


@pytest.mark.parametrize("name", ["street", "leader", "district", "other-unit", "branch"])
def test_only_admins_write_into_the_list(world, whistles, closed, name):
    assert "become_item" not in shown(world, name, closed, at=w.NOW + 2 * HOUR)
    with pytest.raises(ActRefused):
        whistles.do(name, "become_item", closed, at=w.NOW + 2 * HOUR, unit="roads")


@pytest.mark.parametrize(
    ("given", "field"),
    [({"unit": "clean"}, "unit"), ({"unit": "roads", "area": w.STREET_2}, "area"), ({}, "unit")],
)
def test_an_item_of_a_unit_that_came_at_a_place_of_the_issue(whistles, closed, given, field):
    with pytest.raises(ValidationError) as refused:
        whistles.do("admin", "become_item", closed, at=w.NOW + 2 * HOUR, **given)
    assert field in refused.value.message_dict


def test_admins_see_what_is_closed_in_their_district_and_nothing_else(world, whistles, issue):
    whistle = whistles.blown(issue, units=["roads"], lead="roads")
    admin = world.scope("admin")
    assert not Whistle.objects.visible_to(admin).exists()
    whistles.do("other-unit", "answer", whistle, answer="already_there", roles="养护队长")
    whistles.do("street", "close", whistle)
    assert Whistle.objects.visible_to(admin).count() == 1
    Post.objects.filter(user__username="admin").update(area=world.areas[w.STREET_2])
    assert not Whistle.objects.visible_to(world.scope("admin")).exists()


def test_who_sees_a_whistle(world, whistles, issue):
    whistles.blown(issue, units=["roads"], lead="roads")
    seen = {name for name in world.users if Whistle.objects.visible_to(world.scope(name)).exists()}
    assert seen == {
        "street", "leader", "branch", "community", "district", "auditor", "other-unit",
        # The lead unit and its people: they work beside whoever comes.
        "unit", "handler",
    }  # fmt: skip


def test_counts_of_each_street_with_low_and_high_marks(world, whistles):
    """DOMAIN.md §3.4 (d)."""
    for _again in range(5):
        world.report()
    whistle = whistles.blown(world.report(), units=["roads"], lead="roads")
    proposed = whistles.blow("street", world.report())
    counts = {
        one.street.code: one for one in counts_by_street(world.scope("district"), now=w.NOW + HOUR)
    }
    first, second = counts[w.STREET_1], counts[w.STREET_2]
    assert (first.whistles, first.issues, first.per_hundred) == (1, 7, 14.3)
    assert first.mark == "high"
    assert (second.whistles, second.issues, second.per_hundred, second.mark) == (0, 0, None, "")
    assert whistle.state == "blown"
    assert proposed.state == "proposed"
    own = counts_by_street(world.scope("leader"), now=w.NOW + HOUR)
    assert [one.street.code for one in own] == [w.STREET_1]
    # A quarter later it does not count any more.
    later = counts_by_street(world.scope("district"), now=w.NOW + 91 * DAY)
    assert {one.whistles for one in later} == {0}


def test_a_street_without_a_whistle_among_many_issues_is_low(world):
    world.report()
    counts = counts_by_street(world.scope("district"), now=w.NOW + HOUR)
    assert {one.street.code: one.mark for one in counts}[w.STREET_1] == "low"
