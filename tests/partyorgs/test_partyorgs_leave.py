"""Leave with a stand-in: who enters it, what it hands on, and when that is gone."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from issues.models import Event, Issue
from issues.presenter.timeline import timeline
from issues.queries import Filters, issue_page
from issues.rules import has_worked
from issues.services.errors import Refused
from partyorgs.models import Leave, Post
from partyorgs.queries import colleagues_of
from partyorgs.rules import may_configure, scope_of
from partyorgs.services import end_leave, end_post, give_post, take_leave
from tests.world import A1, COMMUNITY_1, IN_C1, NOW, START, STREET_1

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def away(world, absent, stand_in, *, by=None, since=NOW, until=NOW + DAY, now=NOW):
    return take_leave(
        user=world.user(absent), stand_in=world.user(stand_in), since=since, until=until,
        by=world.scope(by or absent, now=now), now=now,
    )  # fmt: skip


def refusal(*args, **kwargs):
    with pytest.raises(ValidationError) as refused:
        away(*args, **kwargs)
    return " ".join(refused.value.messages)


# Entering and ending.


def test_a_leave_counts_from_its_first_instant_to_the_one_before_its_end(world):
    away(world, "unit", "worker", since=NOW + HOUR, until=NOW + 2 * HOUR)
    instant = timedelta(microseconds=1)
    for at, roles in (
        (NOW + HOUR - instant, {"grid_worker"}),
        (NOW + HOUR, {"grid_worker", "unit_desk"}),
        (NOW + 2 * HOUR - instant, {"grid_worker", "unit_desk"}),
        (NOW + 2 * HOUR, {"grid_worker"}),
    ):
        assert world.scope("worker", now=at).roles == roles


def test_one_that_began_earlier_counts_from_now(world):
    assert away(world, "unit", "handler", since=NOW - DAY).valid_from == NOW


def test_what_cannot_be_is_refused_in_words(world):
    assert "不能是本人" in refusal(world, "unit", "unit")
    assert "已经过去" in refusal(world, "unit", "handler", since=NOW - DAY, until=NOW)
    assert "晚于开始" in refusal(world, "unit", "handler", since=NOW + DAY, until=NOW + HOUR)
    assert "超过一年" in refusal(world, "unit", "handler", until=NOW + 400 * DAY)
    handler = world.user("handler")
    handler.is_active = False
    handler.save()
    assert "账号已停用" in refusal(world, "unit", "handler")
    assert not Leave.objects.exists()


def test_leaves_of_one_person_do_not_overlap_and_may_touch(world):
    away(world, "unit", "handler")
    assert "已经请假" in refusal(world, "unit", "other-unit", since=NOW + HOUR)
    away(world, "unit", "other-unit", since=NOW + DAY, until=NOW + 2 * DAY)
    assert Leave.objects.count() == 2


def test_rights_are_handed_on_once_and_no_further(world):
    away(world, "unit", "handler")
    assert "正在替 unit" in refusal(world, "handler", "other-unit", since=NOW + HOUR)
    assert "另选替岗人" in refusal(world, "other-unit", "unit", since=NOW + HOUR)
    away(world, "handler", "other-unit", since=NOW + DAY, until=NOW + 2 * DAY)


def test_past_the_service_the_database_refuses_too(world):
    leave = away(world, "unit", "handler")
    for change in (
        {"valid_from": NOW + HOUR},
        {"valid_from": NOW + DAY, "valid_until": None},
        {"valid_from": NOW + 2 * DAY},
        {"valid_from": NOW - 2 * DAY, "valid_until": NOW - DAY, "stand_in": leave.user},
    ):
        fields = {"user": leave.user, "stand_in": leave.stand_in, "entered_by": leave.user}
        with pytest.raises(IntegrityError), transaction.atomic():
            Leave.objects.create(**(fields | {"valid_until": leave.valid_until} | change))


@pytest.mark.parametrize(
    ("by", "absent", "may"),
    [
        ("worker", "worker", True),
        ("admin", "worker", True),
        ("leader", "worker", True),
        ("leader", "street", True),
        ("community", "worker", True),
        ("leader", "outsider", False),
        ("community", "outsider", False),
        ("community", "street", False),
        ("colleague", "worker", False),
        ("street", "worker", False),
        ("unit", "handler", False),
        ("auditor", "worker", False),
    ],
)
def test_the_person_whoever_heads_them_and_admins_enter_and_end_it(world, by, absent, may):
    if may:
        leave = away(world, absent, "district", by=by)
        assert leave.entered_by.username == by
        assert end_leave(leave=leave, by=world.scope(by), now=NOW + HOUR).valid_until
        return
    with pytest.raises(PermissionDenied):
        away(world, absent, "district", by=by)
    leave = away(world, absent, "district")
    with pytest.raises(PermissionDenied):
        end_leave(leave=leave, by=world.scope(by), now=NOW + HOUR)
    leave.refresh_from_db()
    assert leave.valid_until == NOW + DAY


def test_a_head_of_a_unit_keeps_the_leave_of_its_people(world):
    give_post(
        user=world.user("nobody"), role="unit_head", seat=world.orgs["clean"], at=START, now=NOW
    )
    assert away(world, "handler", "unit", by="nobody")
    with pytest.raises(PermissionDenied):
        away(world, "other-unit", "unit", by="nobody")


def test_a_stand_in_does_not_prolong_their_own_rights(world):
    give_post(
        user=world.user("nobody"), role="unit_head", seat=world.orgs["clean"], at=START, now=NOW
    )
    leave = away(world, "nobody", "other-unit")
    with pytest.raises(PermissionDenied):
        away(world, "nobody", "other-unit", by="other-unit", since=NOW + DAY, until=NOW + 2 * DAY)
    with pytest.raises(PermissionDenied):
        end_leave(leave=leave, by=world.scope("other-unit"), now=NOW + HOUR)
    # But does what else the absent head could.
    assert away(world, "handler", "unit", by="other-unit")


def test_ended_early_the_rights_are_gone_at_that_instant(world):
    leave = away(world, "unit", "worker")
    end_leave(leave=leave, by=world.scope("unit"), now=NOW + HOUR)
    assert "unit_desk" in world.scope("worker", now=NOW + HOUR - timedelta(microseconds=1)).roles
    assert world.scope("worker", now=NOW + HOUR).roles == {"grid_worker"}
    with pytest.raises(ValidationError, match="结束"):
        end_leave(leave=leave, by=world.scope("unit"), now=NOW + 2 * HOUR)


def test_one_that_has_not_begun_is_withdrawn(world):
    leave = away(world, "unit", "worker", since=NOW + HOUR)
    assert end_leave(leave=leave, by=world.scope("unit"), now=NOW) is None
    assert not Leave.objects.exists()


# What it hands on.


def test_a_stand_in_has_the_seats_of_both_the_own_first(world):
    away(world, "unit", "worker")
    seats = world.scope("worker").seats
    assert [seat.role for seat in seats] == ["grid_worker", "unit_desk"]
    assert [seat.stands_for and seat.stands_for.username for seat in seats] == [None, "unit"]
    assert world.scope("worker").persons == {world.user("worker").pk, world.user("unit").pk}


def test_the_absent_person_keeps_the_own_rights_and_gets_none(world):
    away(world, "unit", "worker")
    scope = world.scope("unit")
    assert scope.roles == {"unit_desk"}
    assert scope.persons == {world.user("unit").pk}


def test_admin_and_auditor_rights_are_not_handed_on(world):
    for absent in ("admin", "auditor"):
        away(world, absent, "worker")
    scope = world.scope("worker")
    assert scope.roles == {"grid_worker"}
    assert not may_configure(scope)


def test_posts_that_ended_and_closed_accounts_hand_nothing_on(world):
    away(world, "unit", "worker")
    away(world, "street", "worker")
    street = world.user("street")
    street.is_active = False
    street.save()
    end_post(post=world.user("unit").posts.get(), at=NOW + HOUR, now=NOW)
    assert world.scope("worker").roles == {"grid_worker", "unit_desk"}
    assert world.scope("worker", now=NOW + HOUR).roles == {"grid_worker"}


def test_reading_the_scope_of_a_stand_in_is_one_query(world, django_assert_num_queries):
    away(world, "unit", "worker")
    worker = world.user("worker")
    with django_assert_num_queries(1):
        scope = scope_of(worker, now=NOW)
        assert str(scope.seats[1].stands_for) == "unit"


def test_posts_are_found_by_an_index_not_read_through(world):
    users = User.objects.bulk_create(
        User(username=f"u{number}", password="!") for number in range(2000)
    )
    Post.objects.bulk_create(
        Post(user=user, role="steward", cell=world.cells[A1], valid_from=START) for user in users
    )
    Leave.objects.bulk_create(
        Leave(user=user, stand_in=other, entered_by=user, valid_from=START, valid_until=NOW)
        for user, other in zip(users[:500], users[500:], strict=False)
    )
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as asked:
        scope_of(world.user("worker"), now=NOW)
        query = asked.captured_queries[-1]["sql"]
        cursor.execute("ANALYZE")
        explain = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
        cursor.execute(explain + query)
        plan = "\n".join(str(row) for row in cursor.fetchall())
    for table in ("partyorgs_post", "partyorgs_leave"):
        assert f"Seq Scan on {table}" not in plan, plan
        assert f"SCAN {table}" not in plan, plan


def test_a_stand_in_does_what_the_absent_person_could_and_history_says_for_whom(world):
    issue = world.report()
    with pytest.raises(Issue.DoesNotExist):
        world.do("other-unit", "sign", issue)
    away(world, "unit", "other-unit")
    world.do("other-unit", "sign", issue)
    event = Event.objects.get(issue=issue, verb="sign")
    assert (event.actor.username, event.post.user.username) == ("other-unit", "unit")
    said = timeline(issue, scope=world.scope("unit"))
    assert said[-1]["actor"] == "other-unit（替unit）"
    assert said[-1]["post"] == "区环境卫生管理中心 · 单位值守员"
    assert said[0]["actor"] == "worker"


def test_rights_over_issues_end_at_the_instant_the_leave_ends(world):
    issue = world.report()
    away(world, "unit", "other-unit", until=NOW + HOUR)
    assert Issue.objects.visible_to(world.scope("other-unit")).exists()
    later = world.scope("other-unit", now=NOW + HOUR)
    assert not Issue.objects.visible_to(later).exists()
    with pytest.raises(Issue.DoesNotExist):
        world.do("other-unit", "sign", issue, at=NOW + HOUR)


# Nobody checks own work.


def handled_by(world, name, at):
    issue = world.report()
    world.do("unit", "sign", issue, at=at)
    return world.do(name, "handle", issue, at=at, outcome="fixed", note="已清运干净。")


def test_a_stand_in_cannot_check_what_the_absent_person_handled(world):
    issue = handled_by(world, "handler", NOW)
    away(world, "handler", "worker", until=NOW + HOUR)
    with pytest.raises(Refused):
        world.do("worker", "check", issue, passed=True)
    # Afterwards the worker is nobody else again.
    assert world.do("worker", "check", issue, at=NOW + HOUR, passed=True).checked_at


def test_the_absent_person_cannot_check_what_the_stand_in_handled_for_them(world):
    give_post(
        user=world.user("handler"), role="grid_worker", seat=world.cells[A1], at=START, now=NOW
    )
    away(world, "handler", "other-unit", until=NOW + HOUR)
    issue = handled_by(world, "other-unit", NOW)
    for at in (NOW, NOW + DAY):
        with pytest.raises(Refused):
            world.do("handler", "check", issue, at=at, passed=True)
    assert has_worked(world.scope("handler", now=NOW + DAY), issue)
    assert world.do("colleague", "check", issue, at=NOW + DAY, passed=True)


def test_what_a_stand_in_handled_stays_their_own_work_after_the_leave(world):
    away(world, "handler", "worker", until=NOW + HOUR)
    issue = handled_by(world, "worker", NOW)
    with pytest.raises(Refused):
        world.do("worker", "check", issue, at=NOW + DAY, passed=True)


def test_a_stand_in_cannot_close_what_the_absent_person_handled(world):
    issue = handled_by(world, "handler", NOW)
    world.do("worker", "check", issue, passed=True)
    away(world, "handler", "branch")
    with pytest.raises(Refused):
        world.do("branch", "close", issue)


# Reports of the absent person.


def test_a_stand_in_sees_notes_on_and_checks_the_absent_persons_reports(world):
    issue = world.report("worker", point=IN_C1)
    scope = world.scope("other-branch")
    assert Issue.objects.visible_to(scope).filter(pk=issue.pk).exists()
    assert not Issue.objects.visible_to(world.scope("colleague")).filter(pk=issue.pk).exists()
    away(world, "worker", "colleague")
    assert Issue.objects.visible_to(world.scope("colleague")).filter(pk=issue.pk).exists()
    world.do("unit", "sign", issue)
    world.do("handler", "handle", issue, outcome="fixed", note="已清运干净。")
    todo = issue_page(scope=world.scope("colleague"), filters=Filters(todo="check"), now=NOW)
    assert [row["number"] for row in todo.rows] == [issue.number]
    world.do("colleague", "note", issue, note="去看过")
    assert Event.objects.get(issue=issue, verb="note").post.user.username == "worker"
    assert world.do("colleague", "check", issue, passed=True).checked_at


def test_mine_stays_what_i_reported_myself(world):
    world.report("worker", point=IN_C1)
    away(world, "worker", "colleague")
    page = issue_page(scope=world.scope("colleague"), filters=Filters(mine=True), now=NOW)
    assert page.rows == []


# Whom to ask.


def test_colleagues_are_those_near_ones_posts(world):
    def near(name):
        return {user.username for user in colleagues_of(user=world.user(name), at=NOW)}

    assert near("worker") == {"colleague", "community"}
    assert near("unit") == {"handler"}
    assert near("leader") == {"street"}
    give_post(
        user=world.user("nobody"), role="street_leader", seat=world.areas[STREET_1], at=START,
        now=NOW,
    )  # fmt: skip
    assert near("leader") == {"street", "nobody"}
    give_post(
        user=world.user("nobody"), role="community_head", seat=world.areas[COMMUNITY_1], at=START,
        now=NOW,
    )  # fmt: skip
    assert near("worker") == {"colleague", "community", "nobody"}
