"""The responsibility list: which item answers, its dates, its gaps."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from grid.models import Area
from matters.models import Category
from partyorgs.models import Organization, Post, Responsibility
from partyorgs.queries import gaps_by_street, leaves_without_doer, responsible_for, staff_of
from partyorgs.services import (
    Item,
    end_responsibility,
    item_refusals,
    set_responsibilities,
    set_responsibility,
)
from tests.world import (
    COMMUNITY_1,
    COMMUNITY_2,
    DISTRICT,
    NOW,
    RUBBISH,
    START,
    STREET_1,
    STREET_2,
    UNLISTED,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def leaf(code):
    return Category.objects.get(code=code)


def answer(world, code, areas=(COMMUNITY_1, STREET_1, DISTRICT), at=NOW):
    found = responsible_for(category=leaf(code), areas=[world.areas[area] for area in areas], at=at)
    return found.doer.code if found else None


def assign(world, code, level, area, doer, at=NOW, **more):
    return set_responsibility(
        category=leaf(code),
        level=level,
        area=world.areas[area],
        doer=world.orgs[doer],
        at=at,
        now=NOW,
        **more,
    )


def test_the_lowest_level_answers_first(world):
    assert answer(world, RUBBISH) == "clean"
    assign(world, RUBBISH, "street", STREET_1, "roads")
    assert answer(world, RUBBISH) == "roads"
    assign(world, RUBBISH, "community", COMMUNITY_1, "home-1")
    assert answer(world, RUBBISH) == "home-1"


def test_a_streets_own_item_stands_before_the_one_inherited_on_its_level(world):
    assign(world, UNLISTED, "street", DISTRICT, "clean")
    assert answer(world, UNLISTED) == "clean"
    assign(world, UNLISTED, "street", STREET_1, "roads")
    assert answer(world, UNLISTED) == "roads"
    assert answer(world, UNLISTED, (STREET_2, DISTRICT)) == "clean"


def test_an_item_of_another_community_does_not_answer(world):
    assign(world, UNLISTED, "community", COMMUNITY_2, "home-1")
    assert answer(world, UNLISTED) is None


def test_an_item_whose_doer_is_out_of_use_is_passed_over(world):
    assign(world, RUBBISH, "street", STREET_1, "roads")
    Organization.objects.filter(code="roads").update(active=False)
    assert answer(world, RUBBISH) == "clean"


def test_an_item_counts_from_its_date_and_the_one_before_until_then(world):
    assign(world, RUBBISH, "district", DISTRICT, "roads")
    assert answer(world, RUBBISH, at=NOW - MINUTE) == "clean"
    assert answer(world, RUBBISH, at=NOW) == "roads"


def test_the_same_item_again_writes_nothing(world):
    first = Responsibility.objects.get(category__code=RUBBISH)
    again = assign(world, RUBBISH, "district", DISTRICT, "clean", basis=first.basis)
    assert again.pk == first.pk
    assert again.valid_until is None


@pytest.mark.parametrize("change", [{"doer": "roads"}, {"basis": "新法"}, {"supervisor": "roads"}])
def test_another_doer_supervisor_or_basis_opens_a_new_item(world, change):
    given = {"doer": "clean", "basis": "权责清单"} | change
    if "supervisor" in given:
        given["supervisor"] = world.orgs[given["supervisor"]]
    made = assign(world, RUBBISH, "district", DISTRICT, **given)
    first, second = Responsibility.objects.filter(category__code=RUBBISH)
    assert (first.valid_until, second.pk) == (NOW, made.pk)


def test_helpers_go_over_to_the_next_item_unless_others_are_named(world):
    helper, other = world.orgs["roads"], world.orgs["home-1"]
    item = assign(world, RUBBISH, "district", DISTRICT, "clean", helpers=[helper])
    assert list(item.helpers.all()) == [helper]
    item = assign(world, RUBBISH, "district", DISTRICT, "clean", at=NOW + DAY, basis="新法")
    assert list(item.helpers.all()) == [helper]
    item = assign(world, RUBBISH, "district", DISTRICT, "clean", at=NOW + 2 * DAY, helpers=[other])
    assert list(item.helpers.all()) == [other]


def test_an_ended_item_answers_no_more_and_is_not_ended_twice(world):
    item = Responsibility.objects.get(category__code=RUBBISH)
    end_responsibility(item=item, at=NOW, now=NOW)
    assert answer(world, RUBBISH) is None
    with pytest.raises(ValidationError, match="新增一条"):
        end_responsibility(item=item, at=NOW + DAY, now=NOW + MINUTE)


def test_an_item_cannot_end_before_it_began(world):
    item = Responsibility.objects.get(category__code=RUBBISH)
    with pytest.raises(ValidationError, match="结束时间要晚于开始时间"):
        end_responsibility(item=item, at=START, now=NOW)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"code": "E01"}, "大类"),
        ({"level": "town"}, "层级"),
        ({"at": START}, "改动时间要晚于这一刻"),
        ({"basis": "法" * 201}, "最多 200 个字"),
        ({"supervisor": "roads"}, "不能督促自己"),
    ],
)
def test_items_that_make_no_sense_are_refused(world, change, reason):
    given = {"code": RUBBISH, "level": "district", "doer": "roads", "at": NOW} | change
    if "supervisor" in given:
        given["supervisor"] = world.orgs[given["supervisor"]]
    code, level = given.pop("code"), given.pop("level")
    with pytest.raises(ValidationError, match=reason):
        assign(world, code, level, DISTRICT, **given)


def test_a_unit_out_of_use_is_given_no_work(world):
    world.orgs["roads"].active = False
    items = [Item(leaf(RUBBISH), "district", world.areas[DISTRICT], world.orgs["roads"], NOW)]
    assert "已停用" in item_refusals(items=items, now=NOW)[0]


def test_many_items_are_counted(world):
    items = [
        Item(leaf(RUBBISH), "district", world.areas[DISTRICT], world.orgs["roads"], NOW),
        Item(leaf(UNLISTED), "district", world.areas[DISTRICT], world.orgs["roads"], NOW),
    ]
    saved = set_responsibilities(items=items, now=NOW)
    assert (saved.created, saved.updated, saved.unchanged) == (1, 1, 0)
    assert set_responsibilities(items=items, now=NOW).unchanged == 2


def test_the_database_refuses_two_items_at_one_instant_but_not_on_two_levels(world):
    first = Responsibility.objects.get(category__code=RUBBISH)
    again = {"category": first.category, "area": first.area, "doer": first.doer}
    with pytest.raises(IntegrityError, match="one_at_a_time"), transaction.atomic():
        Responsibility.objects.create(level="district", valid_from=NOW, **again)
    Responsibility.objects.create(level="street", valid_from=NOW, **again)
    with pytest.raises(IntegrityError, match="one_at_a_time"), transaction.atomic():
        Responsibility.objects.filter(level="street", **again).update(level="district")


def gaps(street):
    """The gaps of one street, which the query for many streets must find too."""
    area = Area.objects.get(code=street)
    found = set(leaves_without_doer(street=area, at=NOW).values_list("code", flat=True))
    many = gaps_by_street(streets=list(Area.objects.filter(level="street")), at=NOW)
    assert {leaf.code for leaf in many.get(area, [])} == found
    return found


def test_a_leaf_of_the_district_is_covered_in_every_street(world):
    assert RUBBISH not in gaps(STREET_1) | gaps(STREET_2)
    assert UNLISTED in gaps(STREET_1) & gaps(STREET_2)


def test_a_leaf_of_one_community_is_a_gap_until_all_communities_have_it(world):
    assign(world, UNLISTED, "community", COMMUNITY_1, "home-1")
    assert UNLISTED in gaps(STREET_1)
    assign(world, UNLISTED, "street", COMMUNITY_1, "roads")
    assert UNLISTED in gaps(STREET_1)
    assign(world, UNLISTED, "community", COMMUNITY_2, "home-1")
    assert UNLISTED not in gaps(STREET_1)
    assert UNLISTED in gaps(STREET_2)


def test_a_doer_out_of_use_covers_nothing(world):
    Organization.objects.filter(code="clean").update(active=False)
    assert RUBBISH in gaps(STREET_1)


def test_a_unit_is_served_by_its_valid_staff_with_open_accounts(world):
    units = [world.orgs[code] for code in ("clean", "lifts", "home-1", "desk-1", "branch-a")]
    staff = staff_of(organizations=[*units, None], at=NOW)
    assert [staff.serves(unit) for unit in units] == [True, False, True, True, False]
    Post.objects.filter(organization__code="clean").update(valid_until=NOW)
    assert not staff_of(organizations=units, at=NOW).serves(units[0])
    assert staff_of(organizations=units, at=NOW - MINUTE).serves(units[0])
    world.users["community"].is_active = False
    world.users["community"].save()
    assert not staff_of(organizations=units, at=NOW).serves(world.orgs["home-1"])


def test_direct_dispatch_is_kept_unless_said_and_a_change_is_a_new_item(world):
    first = Responsibility.objects.get(category__code=RUBBISH)
    assert first.direct
    # Nothing said of it: the same item.
    assert assign(world, RUBBISH, "district", DISTRICT, "clean", basis="权责清单") == first
    later = assign(
        world, RUBBISH, "district", DISTRICT, "clean", basis="权责清单", direct=False
    )  # fmt: skip
    first.refresh_from_db()
    assert (later.direct, first.direct, first.valid_until) == (False, True, NOW)
    third = assign(world, RUBBISH, "district", DISTRICT, "roads", at=NOW + DAY)
    assert not third.direct
    assert not assign(world, UNLISTED, "district", DISTRICT, "roads").direct
