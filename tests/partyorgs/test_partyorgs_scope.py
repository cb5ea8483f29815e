"""What a person's posts reach: owner, colleague and outsider of every role."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from partyorgs.models import Organization, Post
from partyorgs.rules import scope_of
from partyorgs.services import end_post, give_post
from tests.world import (
    A1,
    A2,
    C1,
    COMMUNITY_1,
    DISTRICT,
    NOW,
    START,
    STREET_1,
    STREET_2,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
COLUMNS = ("cells", "communities", "streets", "districts", "owners", "units")


def reach(world, name, *, now=NOW):
    scope = world.scope(name, now=now)
    return {column: set(ids) for column in COLUMNS if (ids := scope.reach(column))}


def cell(world, *codes):
    return {world.cells[code].pk for code in codes}


def org(world, *codes):
    return {world.orgs[code].pk for code in codes}


def area(world, *codes):
    return {world.areas[code].pk for code in codes}


def test_a_worker_and_the_colleague_reach_their_cell_and_an_outsider_another(world):
    assert reach(world, "worker") == {"cells": cell(world, A1)}
    assert reach(world, "colleague") == {"cells": cell(world, A1)}
    assert reach(world, "outsider") == {"cells": cell(world, C1)}


def test_a_branch_secretary_reaches_what_the_branch_owns_and_another_branch_its_own(world):
    assert reach(world, "branch") == {"owners": org(world, "branch-a")}
    assert reach(world, "other-branch") == {"owners": org(world, "branch-c")}


def test_a_committee_secretary_reaches_all_branches_below_however_deep(world):
    above = None
    for code, kind in (("top", "committee"), ("middle", "committee"), ("low", "general_branch")):
        above = Organization.objects.create(code=code, name=code, kind=kind, parent=above)
    deep = Organization.objects.create(code="group", name="小组", kind="party_group", parent=above)
    branch = world.orgs["branch-a"]
    Organization.objects.filter(pk=branch.pk).update(parent=above)
    grandchild = Organization.objects.create(code="g2", name="g2", kind="party_group", parent=deep)
    give_post(
        user=world.user("nobody"),
        role="branch_secretary",
        seat=Organization.objects.get(code="top"),
        at=START,
        now=NOW,
    )
    owners = reach(world, "nobody")["owners"]
    assert owners >= {branch.pk, deep.pk, grandchild.pk}
    assert world.orgs["branch-c"].pk not in owners


def test_unit_staff_reach_their_unit_and_another_unit_its_own(world):
    assert reach(world, "unit") == reach(world, "handler") == {"units": org(world, "clean")}
    assert reach(world, "other-unit") == {"units": org(world, "roads")}


def test_a_unit_head_reaches_the_units_below(world):
    below = Organization.objects.create(
        code="clean-2", name="清运二队", kind="department", parent=world.orgs["clean"]
    )
    give_post(
        user=world.user("nobody"), role="unit_head", seat=world.orgs["clean"], at=START, now=NOW
    )
    assert reach(world, "nobody") == {"units": {below.pk, world.orgs["clean"].pk}}


def test_a_community_head_reaches_community_and_unit(world):
    assert reach(world, "community") == {
        "communities": area(world, COMMUNITY_1),
        "units": org(world, "home-1"),
    }


def test_the_street_reaches_itself_and_the_other_street_itself(world):
    assert reach(world, "street") == {
        "streets": area(world, STREET_1),
        "units": org(world, "desk-1"),
    }
    assert reach(world, "leader") == {"streets": area(world, STREET_1)}
    assert reach(world, "other-street")["streets"] == area(world, STREET_2)


def test_district_desk_and_auditor_reach_the_district(world):
    assert reach(world, "district") == {
        "districts": area(world, DISTRICT),
        "units": org(world, "desk-district"),
    }
    assert reach(world, "auditor") == {"districts": area(world, DISTRICT)}


def test_an_admin_reaches_no_issue(world):
    assert reach(world, "admin") == {}
    assert world.scope("admin").roles == {"admin"}


def test_without_a_post_or_an_open_account_nothing_is_reached(world):
    assert world.scope("nobody").seats == ()
    assert scope_of(AnonymousUser(), now=NOW).seats == ()
    worker = world.user("worker")
    worker.is_active = False
    assert scope_of(worker, now=NOW).seats == ()


def test_several_posts_are_a_union(world):
    give_post(
        user=world.user("worker"), role="unit_desk", seat=world.orgs["roads"], at=START, now=NOW
    )
    assert reach(world, "worker") == {"cells": cell(world, A1), "units": org(world, "roads")}


def test_a_steward_of_a_micro_cell_reaches_the_cell_around_it(world):
    base = world.cells[A1]
    micro = type(base).objects.create(
        code=A1 + "01", name="1号楼", community=base.community, parent=base, valid_from=START
    )
    give_post(user=world.user("nobody"), role="steward", seat=micro, at=START, now=NOW)
    assert reach(world, "nobody") == {"cells": {micro.pk, base.pk}}


def test_a_post_counts_from_its_first_instant_to_the_one_before_its_end(world):
    give_post(
        user=world.user("nobody"),
        role="grid_worker",
        seat=world.cells[A2],
        at=NOW,
        until=NOW + MINUTE,
        now=NOW,
    )
    assert reach(world, "nobody", now=NOW - MINUTE) == {}
    assert reach(world, "nobody", now=NOW) == {"cells": cell(world, A2)}
    assert reach(world, "nobody", now=NOW + MINUTE) == {}


def test_an_ended_post_is_gone_at_once_also_for_a_user_already_read(world):
    worker = world.user("worker")
    assert scope_of(worker, now=NOW).seats
    end_post(post=Post.objects.get(user=worker), at=NOW, now=NOW)
    assert scope_of(worker, now=NOW).seats == ()


def test_reading_a_scope_is_one_query_and_leaves_boundaries_in_the_database(
    world, django_assert_num_queries
):
    worker = world.user("worker")
    with django_assert_num_queries(1):
        post = scope_of(worker, now=NOW).seats[0].post
        assert str(post.seat.name)
    assert {"boundary", "shape"} <= post.cell.get_deferred_fields()


def test_a_branch_without_groups_costs_one_query_more(world, django_assert_num_queries):
    secretary = world.user("branch")
    with django_assert_num_queries(2):
        scope_of(secretary, now=NOW)
