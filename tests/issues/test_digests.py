"""Leaders hear of what is not critical twice a day, in one line; and not of what is settled."""

from datetime import UTC, datetime, timedelta

import pytest

from issues.escalation.digests import next_digest
from issues.escalation.sweep import sweep
from issues.models import Clock
from notices.claiming import deliver_in_app
from notices.models import Notice
from partyorgs.models import Post
from tests import world as w
from worktime.queries import work_calendar

MINUTE = timedelta(minutes=1)
DAY = 480


def local(day, hour, minute=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=w.SHANGHAI)


def main_clock(issue):
    return issue.clocks.get(stopped_at=None, kind__in=Clock.MAIN)


def after_due(issue, minutes):
    return work_calendar().add_working_minutes(main_clock(issue).due_at, minutes)


def escalate(issue, days):
    """Every step up to so many days after due; when the last of them was."""
    at = after_due(issue, days * DAY)
    sweep(now=at)
    return at


def held(issue, kind="escalated"):
    """What leaders are told of the limit itself, in the product."""
    rows = Notice.objects.filter(
        subject_key=issue.subject_key, kind=kind, channel="in_app", payload__clock="handle"
    )
    return {(row.recipient.username, row.payload["level"]): row for row in rows}


def lines(name):
    """What the person sees as lines of their own."""
    seen = Notice.objects.filter(recipient__username=name, state="sent", bundled_into=None)
    return seen.filter(channel="in_app", bundle="digest")


@pytest.mark.parametrize(
    ("at", "then"),
    [
        (local(10, 0), local(10, 9)),
        (local(10, 8, 59), local(10, 9)),
        (local(10, 9), local(10, 15)),
        (local(10, 14, 59), local(10, 15)),
        (local(10, 15), local(11, 9)),
        (local(31, 23, 59), datetime(2026, 4, 1, 9, tzinfo=w.SHANGHAI)),
    ],
)
def test_the_next_digest_is_at_nine_or_at_three(at, then):
    assert next_digest(at) == then
    # Whatever zone the moment comes in, the hours are those of the place.
    assert next_digest(at.astimezone(UTC)) == then


def test_three_late_matters_are_one_line_at_the_next_digest(world):
    issues = [world.report(at=local(10, 8, n)) for n in range(3)]
    for issue in issues:
        at = escalate(issue, 3)
    # Due on Tuesday about noon, a minute apart, and late by three days on Friday.
    assert at == local(13, 14, 2)
    for issue in issues:
        row = held(issue)["leader", 3]
        assert (row.state, row.next_attempt_at) == ("pending", local(13, 15))
    deliver_in_app(now=local(13, 14, 59), limit=100)
    assert not lines("leader").exists()
    deliver_in_app(now=local(13, 15), limit=100)
    line = lines("leader").get()
    assert line.kind == Notice.BUNDLE
    assert {part.subject_key for part in line.parts.all()} == {i.subject_key for i in issues}
    deliver_in_app(now=local(13, 15, 1), limit=100)
    assert lines("leader").count() == 1


def test_what_comes_after_one_digest_waits_for_the_other(world):
    early, late = world.report(at=local(9, 8)), world.report(at=local(9, 9))
    assert escalate(early, 3) == local(12, 12)
    assert escalate(late, 3) == local(12, 15)
    assert held(early)["leader", 3].next_attempt_at == local(12, 15)
    assert held(late)["leader", 3].next_attempt_at == local(13, 9)


def test_the_district_hears_of_the_fourth_step_in_its_own_line(world):
    issue = world.report()
    escalate(issue, 5)
    rows = held(issue)
    assert {(name, row.state) for (name, level), row in rows.items() if level == 4} == {
        ("district", "pending")
    }
    deliver_in_app(now=local(18, 9), limit=100)
    assert lines("district").count() == 1


def test_one_alone_stands_by_itself(world):
    issue = world.report(at=local(10, 8))
    escalate(issue, 3)
    deliver_in_app(now=local(13, 15), limit=100)
    assert lines("leader").get().subject_key == issue.subject_key


def test_whoever_stands_in_for_the_leader_gets_the_line_too(world):
    world.user("leader").leaves.create(
        stand_in=world.user("street"), valid_from=local(13, 0), valid_until=local(14, 0),
        entered_by=world.user("admin"),
    )  # fmt: skip
    issue = world.report()
    escalate(issue, 3)
    assert {name for name, level in held(issue) if level == 3} == {"leader", "street"}


def test_what_is_critical_is_told_at_once(world):
    issue = world.report(category="C0102")
    issue = world.do("street", "dispatch", issue, unit="clean")
    sweep(now=issue.due_at + 4 * timedelta(hours=1))
    rows = held(issue)
    assert {level for _name, level in rows} == {3, 4}
    assert {(row.state, row.bundle, row.critical) for row in rows.values()} == {("sent", "", True)}


def test_chases_and_orders_wait_for_no_digest(world):
    issue = world.report()
    escalate(issue, 1)
    for kind in ("reminder", "chased", "supervised"):
        assert {row.state for row in held(issue, kind).values()} == {"sent"}


@pytest.mark.parametrize(
    ("name", "verb", "given"),
    [
        ("handler", "handle", {"outcome": "fixed", "note": "已清运。"}),
        ("street", "cancel", {"reason": "void"}),
        ("worker", "raise_urgency", {"condition": "T-CLEAN-2", "reason": "worse"}),
    ],
)
def test_what_is_settled_before_the_digest_is_not_told_any_more(world, name, verb, given):
    settled, other = world.walk("sign"), world.report()
    at = escalate(settled, 3)
    assert held(settled).keys() == held(other).keys() == {("leader", 3)}
    world.do(name, verb, settled, at=at + MINUTE, **given)
    row = held(settled)["leader", 3]
    assert (row.state, row.next_attempt_at, row.settled_at) == ("superseded", None, at + MINUTE)
    deliver_in_app(now=local(14, 9), limit=100)
    assert lines("leader").get().subject_key == other.subject_key


@pytest.mark.parametrize(
    ("name", "verb", "given"),
    [
        ("street", "chase", {}),
        ("worker", "note", {"note": "还在。"}),
        ("unit", "return", {"reason": "not_ours"}),
        ("unit", "answer", {"note": "正在清。"}),
    ],
)
def test_what_settles_nothing_takes_nothing_back(world, name, verb, given):
    issue = world.walk("sign")
    at = escalate(issue, 3)
    world.do(name, verb, issue, at=at + MINUTE, **given)
    assert held(issue)["leader", 3].state == "pending"


def test_the_leader_of_the_field_gets_the_line(world):
    user = world.user("nobody")
    Post.objects.create(
        user=user, role="street_leader", area=world.areas[w.STREET_1], valid_from=w.START,
        duty_field="市容环境",
    )  # fmt: skip
    issue = world.report()
    field = issue.category.parent.name_zh
    Post.objects.filter(user=user).update(duty_field=f"{field}、绿化")
    escalate(issue, 3)
    assert {name for name, level in held(issue) if level == 3} == {"nobody"}
