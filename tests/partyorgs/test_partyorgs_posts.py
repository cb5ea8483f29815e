"""Giving and ending posts; organizations and the seats that depend on them."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from partyorgs.models import Organization, Post, Role
from partyorgs.services import (
    OrganizationDraft,
    PostDraft,
    end_post,
    give_post,
    give_posts,
    save_organization,
    save_organizations,
    seat_refusal,
)
from tests.world import A1, COMMUNITY_1, DISTRICT, NOW, START, STREET_1

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

SEATS = {
    "cell": ("cells", A1),
    "community": ("areas", COMMUNITY_1),
    "street": ("areas", STREET_1),
    "district": ("areas", DISTRICT),
    "branch": ("orgs", "branch-a"),
    "unit": ("orgs", "clean"),
    "home": ("orgs", "home-1"),
    "street desk": ("orgs", "desk-1"),
    "district desk": ("orgs", "desk-district"),
}
ORGANIZATIONS = {"branch", "unit", "home", "street desk", "district desk"}
FITTING = {
    "steward": {"cell"},
    "grid_worker": {"cell"},
    "cell_lead": {"cell"},
    "branch_secretary": {"branch"},
    "community_head": {"community", "home", "branch"},
    "unit_desk": ORGANIZATIONS,
    "unit_handler": ORGANIZATIONS,
    "unit_head": ORGANIZATIONS,
    "street_dispatcher": {"street", "street desk"},
    "street_leader": {"street", "street desk"},
    "district_desk": {"district", "district desk"},
    "admin": {"community", "street", "district"},
    "auditor": {"community", "street", "district"},
}


def seat(world, name):
    shelf, code = SEATS[name]
    return getattr(world, shelf)[code]


def give(world, role="grid_worker", where="cell", at=NOW, **more):
    return give_post(
        user=world.user("nobody"), role=role, seat=seat(world, where), at=at, now=NOW, **more
    )


@pytest.mark.parametrize("role", Role.values)
def test_a_role_is_held_only_where_it_belongs(world, role):
    fitting = {name for name in SEATS if not seat_refusal(role, seat(world, name))}
    assert fitting == FITTING[role]


def test_a_seat_that_does_not_fit_is_refused_with_the_one_that_would(world):
    with pytest.raises(ValidationError, match="“街道派遣员”要设在一个街道，或街道的值守台"):
        give(world, "street_dispatcher", "unit")


def test_the_same_post_again_is_the_same_row(world):
    first = give(world)
    assert give(world).pk == first.pk
    assert Post.objects.filter(user__username="nobody").count() == 1


def test_a_later_line_may_set_an_end_but_never_takes_one_away(world):
    first = give(world, until=NOW + DAY)
    assert give(world).valid_until == NOW + DAY
    assert give(world, until=NOW + 2 * DAY).pk == first.pk
    first.refresh_from_db()
    assert first.valid_until == NOW + 2 * DAY


def test_the_same_post_twice_in_one_time_is_refused(world):
    give(world, at=NOW - DAY)
    with pytest.raises(ValidationError, match="2026-03-09 09:00 起已任这个岗位"):
        give(world)


def test_after_its_end_a_post_may_be_given_again_but_not_prolonged(world):
    give(world, at=NOW - 2 * DAY, until=NOW - DAY)
    with pytest.raises(ValidationError, match="请写新的开始时间"):
        give(world, at=NOW - 2 * DAY, until=NOW + DAY)
    give(world)
    assert Post.objects.filter(user__username="nobody").count() == 2


def test_only_a_street_leader_has_a_field_of_duty(world):
    assert give(world, "street_leader", "street", duty_field="城市管理").duty_field == "城市管理"
    with pytest.raises(ValidationError, match="只有街道领导"):
        give(world, duty_field="城市管理")


def test_a_field_of_duty_can_be_corrected(world):
    give(world, "street_leader", "street", duty_field="城市管理")
    give(world, "street_leader", "street", duty_field="平安建设")
    assert Post.objects.get(user__username="nobody").duty_field == "平安建设"


def test_a_post_ends_after_it_begins_and_begins_within_a_year(world):
    with pytest.raises(ValidationError, match="结束时间要晚于开始时间"):
        give(world, until=NOW)
    with pytest.raises(ValidationError, match="核对年份"):
        give(world, at=NOW + 400 * DAY)


def test_ending_a_post(world):
    post = give(world, at=NOW - DAY)
    with pytest.raises(ValidationError, match="结束时间要晚于开始时间"):
        end_post(post=post, at=NOW - 2 * DAY, now=NOW)
    end_post(post=post, at=NOW + DAY, now=NOW)
    end_post(post=post, at=NOW, now=NOW)
    with pytest.raises(ValidationError, match="已于 2026-03-10 09:00 结束"):
        end_post(post=post, at=NOW + DAY, now=NOW + MINUTE)


def test_many_posts_are_counted_and_refused_together(world):
    user = world.user("nobody")
    drafts = [
        PostDraft(user, "grid_worker", world.cells[A1], NOW),
        PostDraft(user, "unit_desk", world.orgs["clean"], NOW),
    ]
    assert give_posts(drafts=drafts, now=NOW).created == 2
    assert give_posts(drafts=drafts, now=NOW).unchanged == 2
    later = [
        PostDraft(user, "grid_worker", world.cells[A1], NOW, NOW + DAY),
        PostDraft(user, "unit_head", world.orgs["clean"], NOW),
    ]
    saved = give_posts(drafts=later, now=NOW)
    assert (saved.created, saved.updated, saved.unchanged) == (1, 1, 0)
    wrong = [
        PostDraft(user, "unit_handler", world.orgs["clean"], NOW),
        PostDraft(user, "unit_handler", world.cells[A1], NOW),
    ]
    with pytest.raises(ValidationError):
        give_posts(drafts=wrong, now=NOW)
    assert not Post.objects.filter(user=user, role="unit_handler").exists()


def test_the_database_refuses_a_post_with_two_seats_or_none(world):
    user, organization = world.user("nobody"), world.orgs["clean"]
    for seats in ({}, {"organization": organization, "area": world.areas[DISTRICT]}):
        with pytest.raises(IntegrityError, match="post_has_one_seat"), transaction.atomic():
            Post.objects.create(user=user, role="unit_desk", valid_from=NOW, **seats)


def test_a_change_that_would_hand_out_other_rights_is_refused(world):
    desk = Organization.objects.get(code="desk-1")
    desk.area = world.areas[DISTRICT]
    with pytest.raises(ValidationError, match="请先结束这些岗位"):
        save_organization(organization=desk, now=NOW)
    end_post(post=Post.objects.get(organization=desk), at=NOW, now=NOW)
    save_organization(organization=desk, now=NOW)


def test_a_tree_has_no_circles_and_a_desk_has_an_area(world):
    branch = Organization.objects.get(code="branch-a")
    group = Organization.objects.create(code="g", name="g", kind="party_group", parent=branch)
    branch.parent = group
    with pytest.raises(ValidationError, match="上级不能是"):
        save_organization(organization=branch, now=NOW)
    with pytest.raises(ValidationError, match="值守台要有服务区域"):
        save_organization(organization=Organization(code="d", name="d", kind="desk"), now=NOW)


def test_organizations_come_in_bulk_with_their_parents(world):
    drafts = [
        OrganizationDraft("p-3", "小组", "party_group", "p-2", COMMUNITY_1),
        OrganizationDraft("p-2", "支部", "branch", "p-1", COMMUNITY_1),
        OrganizationDraft("p-1", "党总支", "general_branch", "", STREET_1),
    ]
    assert save_organizations(drafts=drafts, now=NOW).created == 3
    group = Organization.objects.get(code="p-3")
    assert group.parent.parent.code == "p-1"
    assert save_organizations(drafts=drafts, now=NOW).unchanged == 3
    changed = [OrganizationDraft("p-1", "第一党总支", "general_branch", "", STREET_1)]
    assert save_organizations(drafts=changed, now=NOW).updated == 1


def test_bulk_organizations_need_known_parents_and_areas_and_no_circle(world):
    for draft in (
        OrganizationDraft("p-1", "支部", "branch", "nowhere"),
        OrganizationDraft("p-1", "支部", "branch", "", "999999"),
        OrganizationDraft("p-1", "支部", "branch", "p-1"),
        OrganizationDraft("p 1", "支部", "branch"),
    ):
        with pytest.raises(ValidationError):
            save_organizations(drafts=[draft], now=NOW)
    assert not Organization.objects.filter(code__startswith="p").exists()


def test_a_start_is_the_first_instant(world):
    assert Post.objects.valid_at(START).filter(user__username="worker").exists()
    assert not Post.objects.valid_at(START - MINUTE).exists()
