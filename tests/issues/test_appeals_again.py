"""An appeal and an issue that is taken up again: what was granted, and what was never answered."""

from datetime import timedelta

import pytest

from tests import world as w
from tests.issues import invariants
from tests.issues.test_requests import CLOSED, HEAP, grey, late_and_closed, running, whole

HOUR = timedelta(hours=1)


def exempted(world):
    issue = late_and_closed(world)
    world.do("unit", "appeal", issue, at=CLOSED, reason="beyond_control")
    return world.do("leader", "exempt", issue, at=CLOSED)


def done_again(world, issue, *, at):
    world.do("handler", "handle", issue, at=at, outcome="fixed", note="又清了一遍。")
    world.do("worker", "check", issue, at=at, passed=True)
    return world.do("branch", "close", issue, at=at)


def test_what_was_granted_stays_where_the_second_time_was_in_time(world):
    issue = world.do("worker", "reopen", exempted(world), at=CLOSED + HOUR, reason="came_back")
    assert (issue.was_late, issue.exempt) == (True, True)
    issue = done_again(world, issue, at=issue.due_at - HOUR)
    assert (issue.was_late, issue.exempt) == (True, True)
    invariants.check(whole(issue))


def test_late_once_more_it_counts_for_that_was_never_granted(world):
    issue = world.do("worker", "reopen", exempted(world), at=CLOSED + HOUR, reason="came_back")
    late = issue.due_at + HOUR
    issue = done_again(world, issue, at=late)
    assert (issue.was_late, issue.exempt) == (True, False)
    # Once is once.
    assert grey(world, "unit", "appeal", issue, at=late) == "unappealed"
    invariants.check(whole(issue))


def test_an_appeal_that_nobody_answered_may_be_asked_again(world):
    issue = late_and_closed(world)
    world.do("unit", "appeal", issue, at=CLOSED, reason="beyond_control")
    issue = world.do("worker", "reopen", issue, at=CLOSED + HOUR, reason="came_back")
    assert (issue.asked, issue.appealed) == ("", False)
    at = CLOSED + 2 * HOUR
    issue = done_again(world, issue, at=at)
    issue = world.do("unit", "appeal", issue, at=at, reason="beyond_control")
    assert list(issue.requests.values_list("state", flat=True)) == ["lapsed", "waiting"]
    issue = world.do("leader", "exempt", issue, at=at)
    assert (issue.exempt, issue.appealed) == (True, True)
    invariants.check(whole(issue))


@pytest.mark.parametrize("by", ["urgency", "split"])
def test_hours_asked_of_a_longer_limit_are_not_granted_on_a_shorter(world, by):
    """Each extension at most the original limit: two working hours are not made forty-two."""
    issue = world.report(condition=HEAP)
    world.do("unit", "ask_extension", issue, hours=40, reason="weather")
    shorter = {"category": w.RUBBISH, "condition": "T-CLEAN-2"}
    if by == "urgency":
        world.do("worker", "raise_urgency", issue, reason="worse", **shorter)
    else:
        parts = [shorter | {"description": "地面脏。"},
                 {"category": w.CORRIDOR, "description": "楼道堆物。"}]  # fmt: skip
        world.do("street", "split", issue, parts=parts)
    issue = whole(issue)
    assert (issue.condition.minutes, issue.asked) == (120, "")
    assert issue.requests.get().state == "lapsed"
    issue = world.do("unit", "ask_extension", issue, hours=2, reason="weather")
    issue = world.do("leader", "extend", issue)
    assert running(issue).granted_minutes == 240


def test_a_suspension_that_was_asked_for_is_still_what_the_unit_wants(world):
    issue = world.report(condition=HEAP)
    until = (w.NOW + timedelta(days=30)).date()
    world.do("unit", "ask_suspension", issue, until=until, reason="waits_for_plan")
    world.do("worker", "raise_urgency", issue, condition="T-CLEAN-2", reason="worse")
    assert whole(issue).asked == "suspension"
