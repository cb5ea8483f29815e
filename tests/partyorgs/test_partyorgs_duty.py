"""Rosters: who is called, who may be put there, and by whom."""

from datetime import date, time, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from partyorgs.models import Duty, Leave, Organization, Post
from partyorgs.queries import (
    calendar_code_of,
    duty_of,
    leader_on_duty,
    on_duty,
    stand_ins_for,
    works_now,
)
from partyorgs.rules import may_keep_duty, may_see_duty, organizations_kept, organizations_near
from partyorgs.services import (
    DutyDraft,
    Pattern,
    Shift,
    clear_duty,
    end_post,
    fill_duty,
    give_post,
    set_duties,
    set_duty,
)
from tests.world import NOW, START, STREET_1
from worktime.models import Calendar, Span

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SOON = NOW + HOUR


@pytest.fixture
def second(world):
    """A second dispatcher of street 1, whose post is held in the area."""
    user = world.user("nobody")
    give_post(user=user, role="street_dispatcher", seat=world.areas[STREET_1], at=START, now=NOW)
    return user


def put(world, name, *, organization="desk-1", starts=SOON, hours=12, by="street", **more):
    draft = DutyDraft(
        world.orgs[organization], world.user(name), starts, starts + hours * HOUR, **more
    )
    return set_duty(draft=draft, by=by and world.scope(by), now=NOW)


def refusal(act, *args, **kwargs):
    with pytest.raises(ValidationError) as refused:
        act(*args, **kwargs)
    return " ".join(refused.value.messages)


def names(users):
    return [user.username for user in users]


def test_people_are_called_in_their_order_and_the_leader_apart(world, second):
    put(world, "street", position=2)
    put(world, "nobody", position=1)
    put(world, "leader", leader=True)
    desk = world.orgs["desk-1"]
    assert names(on_duty(organization=desk, at=SOON)) == ["nobody", "street"]
    assert names(on_duty(organization=desk.pk, at=SOON)) == ["nobody", "street"]
    assert leader_on_duty(organization=desk, at=SOON).username == "leader"


def test_a_shift_counts_from_its_first_instant_to_the_one_before_its_end(world):
    put(world, "street", hours=1)
    desk, instant = world.orgs["desk-1"], timedelta(microseconds=1)
    assert on_duty(organization=desk, at=SOON - instant) == []
    assert names(on_duty(organization=desk, at=SOON)) == ["street"]
    assert names(on_duty(organization=desk, at=SOON + HOUR - instant)) == ["street"]
    assert on_duty(organization=desk, at=SOON + HOUR) == []
    assert leader_on_duty(organization=desk, at=SOON) is None


def test_rosters_of_many_organizations_are_one_query(world, second, django_assert_num_queries):
    put(world, "street")
    put(world, "nobody", position=2)
    put(world, "unit", organization="clean", by="unit")
    wanted = [world.orgs[code].pk for code in ("desk-1", "clean", "roads")]
    with django_assert_num_queries(1):
        found = duty_of(organizations=wanted, at=SOON)
        assert [row.user.username for row in found[wanted[0]]] == ["street", "nobody"]
    assert set(found) == set(wanted[:2])


def test_a_closed_account_and_an_ended_post_are_not_called(world, second):
    put(world, "street")
    put(world, "nobody", position=2)
    end_post(post=Post.objects.get(user=world.user("street")), at=SOON + HOUR, now=NOW)
    assert names(on_duty(organization=world.orgs["desk-1"], at=SOON)) == ["street", "nobody"]
    assert names(on_duty(organization=world.orgs["desk-1"], at=SOON + HOUR)) == ["nobody"]
    second.is_active = False
    second.save()
    assert on_duty(organization=world.orgs["desk-1"], at=SOON + HOUR) == []


def test_somebody_on_leave_is_replaced_by_the_stand_in_for_that_time(world, second):
    put(world, "street")
    put(world, "leader", leader=True)
    for absent, stand_in in (("street", "nobody"), ("leader", "district")):
        Leave.objects.create(
            user=world.user(absent), stand_in=world.user(stand_in), entered_by=world.user(absent),
            valid_from=SOON, valid_until=SOON + HOUR,
        )  # fmt: skip
    desk = world.orgs["desk-1"]
    assert names(on_duty(organization=desk, at=SOON)) == ["nobody"]
    assert leader_on_duty(organization=desk, at=SOON).username == "district"
    assert names(on_duty(organization=desk, at=SOON + HOUR)) == ["street"]
    row = duty_of(organizations=[desk.pk], at=SOON)[desk.pk][0]
    assert (row.user.username, row.called_id) == ("street", second.pk)


def test_a_stand_in_who_is_on_the_roster_too_is_called_once(world, second):
    put(world, "street")
    put(world, "nobody", position=2)
    Leave.objects.create(
        user=world.user("street"), stand_in=second, entered_by=second,
        valid_from=SOON, valid_until=SOON + HOUR,
    )  # fmt: skip
    assert names(on_duty(organization=world.orgs["desk-1"], at=SOON)) == ["nobody"]


def test_a_stand_in_whose_account_was_closed_calls_nobody_in_their_place(world, second):
    put(world, "street")
    Leave.objects.create(
        user=world.user("street"), stand_in=second, entered_by=second,
        valid_from=SOON, valid_until=SOON + HOUR,
    )  # fmt: skip
    users = {world.user("street").pk}
    assert stand_ins_for(users=users, at=SOON) == {world.user("street").pk: second.pk}
    second.is_active = False
    second.save()
    assert stand_ins_for(users=users, at=SOON) == {}
    assert names(on_duty(organization=world.orgs["desk-1"], at=SOON)) == ["street"]


@pytest.mark.parametrize(
    ("name", "organization", "leader"),
    [
        ("worker", "desk-1", False),
        ("other-street", "desk-1", False),
        ("leader", "desk-1", False),
        ("handler", "roads", False),
        ("branch", "desk-1", False),
        ("street", "desk-1", True),
        ("unit", "clean", True),
        ("admin", "desk-1", True),
        ("leader", "desk-2", True),
        ("leader", "clean", True),
    ],
)
def test_nobody_without_a_fitting_post_is_put_on_duty(world, name, organization, leader):
    text = refusal(put, world, name, organization=organization, leader=leader, by=None)
    assert world.orgs[organization].name in text
    assert ("不能带班" in text or "没有能带班的岗位" in text) is leader
    assert not Duty.objects.exists()


@pytest.mark.parametrize(
    ("name", "organization", "leader"),
    [
        ("street", "desk-1", False),
        ("handler", "clean", False),
        ("community", "home-1", False),
        ("leader", "desk-1", True),
        ("leader", "home-1", True),
        ("district", "desk-1", True),
        ("district", "clean", True),
    ],
)
def test_staff_and_leaders_of_the_area_are_put_on_duty(world, name, organization, leader):
    assert put(world, name, organization=organization, leader=leader, by=None).leader is leader


def test_the_head_above_is_called_and_leads_for_the_teams_below(world):
    team = Organization.objects.create(
        code="clean-2", name="清运二队", kind="department", parent=world.orgs["clean"]
    )
    world.orgs["clean-2"] = team
    give_post(
        user=world.user("nobody"), role="unit_head", seat=world.orgs["clean"], at=START, now=NOW
    )
    put(world, "nobody", organization="clean-2", by="nobody")
    put(world, "nobody", organization="clean-2", by="nobody", starts=SOON + DAY, leader=True)
    assert names(on_duty(organization=team, at=SOON)) == ["nobody"]
    assert leader_on_duty(organization=team, at=SOON + DAY).username == "nobody"


def test_a_post_that_ends_within_the_shift_does_not_do(world, second):
    end_post(post=Post.objects.get(user=second), at=SOON + HOUR, now=NOW)
    assert "不是" in refusal(put, world, "nobody")
    assert put(world, "nobody", hours=1)


def test_shifts_that_cannot_be_are_refused_in_words(world, second):
    put(world, "street")
    for said, more in (
        ("已经过去", {"starts": NOW - DAY, "hours": 1}),
        ("结束时间要晚于", {"hours": 0}),
        ("最长 7 天", {"hours": 200}),
        ("超过一年", {"starts": NOW + 400 * DAY}),
        ("呼叫顺序", {"starts": SOON + DAY, "position": 0}),
        ("最多 60 个字", {"starts": SOON + DAY, "note": "长" * 61}),
        ("已经排了", {"starts": SOON + 11 * HOUR}),
    ):
        assert said in refusal(put, world, "street", **more)
    second.is_active = False
    second.save()
    assert "账号已停用" in refusal(put, world, "nobody")
    Organization.objects.filter(code="desk-1").update(active=False)
    world.orgs["desk-1"].active = False
    assert "先启用" in refusal(put, world, "street", starts=SOON + DAY)
    assert Duty.objects.count() == 1


def test_the_same_shift_again_changes_it(world):
    first = put(world, "street")
    again = put(world, "street", position=2, note="电话转手机")
    assert again.pk == first.pk
    assert Duty.objects.get().note == "电话转手机"


def test_many_go_in_whole_or_not_at_all(world, second):
    desk = world.orgs["desk-1"]
    good = DutyDraft(desk, second, SOON, SOON + HOUR)
    bad = DutyDraft(desk, world.user("worker"), SOON, SOON + HOUR)
    with pytest.raises(ValidationError):
        set_duties(drafts=[good, bad], by=None, now=NOW)
    assert not Duty.objects.exists()
    twice = [good, DutyDraft(desk, second, SOON + HOUR / 2, SOON + 2 * HOUR)]
    with pytest.raises(ValidationError):
        set_duties(drafts=twice, by=None, now=NOW)
    saved = set_duties(drafts=[good], by=None, now=NOW)
    assert (saved.created, saved.unchanged) == (1, 0)
    assert set_duties(drafts=[good], by=None, now=NOW).unchanged == 1


# Who keeps the roster, and who reads it.


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("street", {"desk-1", "home-1", "lifts"}),
        ("leader", {"desk-1", "home-1", "lifts"}),
        ("unit", {"clean"}),
        ("community", {"home-1", "lifts"}),
        ("other-street", {"desk-2"}),
        ("handler", set()),
        ("worker", set()),
        ("branch", set()),
        ("auditor", set()),
    ],
)
def test_desks_and_heads_keep_the_rosters_of_their_own(world, name, kept):
    scope = world.scope(name)
    bodies = {
        code: body for code, body in world.orgs.items() if body.kind not in Organization.PARTY_KINDS
    }
    assert {code for code, body in bodies.items() if may_keep_duty(scope, body)} == kept
    assert {row.code for row in organizations_kept(scope)} == kept


def test_the_district_and_admins_keep_every_roster(world):
    for name in ("district", "admin"):
        assert organizations_kept(world.scope(name)).count() == 7
        assert may_keep_duty(world.scope(name), world.orgs["lifts"])


def test_whoever_does_not_keep_it_writes_nothing(world):
    for name in ("worker", "other-street", "handler", "auditor"):
        with pytest.raises(PermissionDenied):
            put(world, "street", by=name)
    row = put(world, "street")
    with pytest.raises(PermissionDenied):
        clear_duty(
            organization=world.orgs["desk-1"], ids=[row.pk], by=world.scope("worker"), now=NOW
        )
    assert Duty.objects.count() == 1


def test_a_worker_reads_who_is_on_duty_at_the_desks_around_and_no_others(world):
    near = {row.code for row in organizations_near(world.scope("worker"))}
    assert near == {"desk-1", "home-1"}
    assert may_see_duty(world.scope("worker"), world.orgs["desk-1"])
    assert not may_see_duty(world.scope("worker"), world.orgs["desk-2"])
    assert not may_see_duty(world.scope("outsider"), world.orgs["home-1"])
    assert {row.code for row in organizations_near(world.scope("handler"))} == {"clean"}
    assert {row.code for row in organizations_near(world.scope("branch"))} == {"desk-1", "home-1"}
    assert may_see_duty(world.scope("auditor"), world.orgs["lifts"])
    assert not organizations_near(world.scope("nobody")).exists()


# By pattern.

DAYTIME, NIGHT = Shift(time(8), time(20)), Shift(time(20), time(8))


def fill(world, *people, replace=False, by="street", dry_run=False, **pattern):
    pattern = {"first": date(2026, 3, 11), "last": date(2026, 3, 12)} | pattern
    users = tuple(world.user(name) for name in people)
    pattern["leaders"] = tuple(world.user(name) for name in pattern.pop("leaders", ()))
    shifts = pattern.pop("shifts", (DAYTIME, NIGHT))
    return fill_duty(
        organization=world.orgs["desk-1"], pattern=Pattern(shifts=shifts, people=users, **pattern),
        replace=replace, by=by and world.scope(by), now=NOW, dry_run=dry_run,
    )  # fmt: skip


def roster():
    rows = Duty.objects.order_by("starts", "leader", "position").select_related("user")
    return [(row.starts, row.user.username, row.position) for row in rows]


def at(day, hour):
    return NOW.replace(day=day, hour=hour, minute=0)


def test_people_take_the_shifts_in_turn_over_midnight(world, second):
    fill(world, "street", "nobody")
    assert roster() == [
        (at(11, 8), "street", 1),
        (at(11, 20), "nobody", 1),
        (at(12, 8), "street", 1),
        (at(12, 20), "nobody", 1),
    ]
    assert Duty.objects.last().ends == at(13, 8)
    assert names(on_duty(organization=world.orgs["desk-1"], at=at(12, 3))) == ["nobody"]


def test_several_a_shift_have_an_order_of_calling_and_leaders_take_turns_too(world, second):
    fill(world, "street", "nobody", each=2, leaders=["leader", "district"], last=date(2026, 3, 11))
    assert roster() == [
        (at(11, 8), "street", 1),
        (at(11, 8), "nobody", 2),
        (at(11, 8), "leader", 1),
        (at(11, 20), "street", 1),
        (at(11, 20), "nobody", 2),
        (at(11, 20), "district", 1),
    ]


def test_rest_days_are_those_of_the_calendar(world):
    early = Pattern(
        shifts=(DAYTIME,), people=(world.user("street"),), days="rest",
        first=date(2026, 3, 13), last=date(2026, 3, 16),
    )  # fmt: skip
    fill_duty(organization=world.orgs["desk-1"], pattern=early, replace=False, by=None, now=NOW)
    assert [starts for starts, _name, _place in roster()] == [at(14, 8), at(15, 8)]
    Duty.objects.all().delete()
    fill(world, "street", shifts=(DAYTIME,), days="work", first=date(2026, 3, 13),
         last=date(2026, 3, 16))  # fmt: skip
    assert [starts for starts, _name, _place in roster()] == [at(13, 8), at(16, 8)]


def test_what_is_over_is_left_out_and_what_runs_stays(world):
    fill(world, "street", first=date(2026, 3, 9), last=date(2026, 3, 10))
    # NOW is the 10th, 09:00: the night that ended at 08:00 is over.
    assert [starts for starts, _name, _place in roster()] == [at(10, 8), at(10, 20)]
    fill(world, "street", replace=True, first=date(2026, 3, 10), last=date(2026, 3, 10),
         shifts=(Shift(time(21), time(7)),))  # fmt: skip
    assert [starts for starts, _name, _place in roster()] == [at(10, 8), at(10, 21)]


def test_a_filled_time_is_refused_unless_it_is_replaced(world, second):
    fill(world, "street")
    assert "已经排了" in refusal(fill, world, "street", shifts=(Shift(time(9), time(10)),))
    before = roster()
    drafts = fill(world, "nobody", replace=True, dry_run=True)
    assert len(drafts) == 4
    assert roster() == before
    fill(world, "nobody", replace=True)
    assert {name for _starts, name, _place in roster()} == {"nobody"}


def test_patterns_that_cannot_be_say_why(world):
    for said, pattern in (
        ("不能早于", {"first": date(2026, 3, 12), "last": date(2026, 3, 11)}),
        ("最多排", {"last": date(2026, 12, 31)}),
        ("请写班次", {"shifts": ()}),
        ("每班人数", {"each": 2}),
        ("排不出一班", {"first": date(2026, 3, 1), "last": date(2026, 3, 2)}),
    ):
        assert said in refusal(fill, world, "street", **pattern)
    assert "请选值班的人" in refusal(fill, world)
    assert "03-11 08:00 worker" in refusal(fill, world, "worker", by=None)
    with pytest.raises(PermissionDenied):
        fill(world, "street", by="worker")
    assert roster() == []


def test_only_what_has_not_begun_is_taken_off(world):
    running = put(world, "street", starts=NOW)
    coming = put(world, "street", starts=NOW + DAY)
    desk, by = world.orgs["desk-1"], world.scope("street")
    text = refusal(clear_duty, organization=desk, ids=[running.pk, coming.pk], by=by, now=NOW)
    assert "已经开始" in text
    assert Duty.objects.count() == 2
    assert clear_duty(organization=desk, ids=[coming.pk], by=by, now=NOW) == 1
    other = put(world, "unit", organization="clean", by="unit")
    refusal(clear_duty, organization=desk, ids=[other.pk], by=by, now=NOW)
    assert Duty.objects.count() == 2


# Working time of one's own.


def test_an_organization_works_by_its_own_calendar_or_by_the_common_one(
    world, django_assert_num_queries
):
    desk = world.orgs["desk-1"]
    evening = NOW.replace(hour=21)
    with django_assert_num_queries(0):
        assert calendar_code_of(desk) == calendar_code_of(None) == "default"
    assert works_now(organization=desk, at=NOW)
    assert not works_now(organization=desk, at=evening)
    calendar = Calendar.objects.create(code="round-the-clock", name="全天")
    Span.objects.create(calendar=calendar, starts=time(0), ends=time(0))
    desk.calendar = calendar
    assert calendar_code_of(desk) == "round-the-clock"
    assert works_now(organization=desk, at=evening)


def test_off_hours_begin_at_the_instant_work_ends(world):
    desk, instant = world.orgs["desk-1"], timedelta(microseconds=1)
    assert works_now(organization=desk, at=NOW.replace(hour=8, minute=0))
    assert not works_now(organization=desk, at=NOW.replace(hour=8, minute=0) - instant)
    assert not works_now(organization=desk, at=NOW.replace(hour=18))
    assert works_now(organization=desk, at=NOW.replace(hour=18) - instant)
