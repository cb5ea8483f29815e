"""What ended comes back within seven days, and what that counts as."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from issues.models import CallBack, Clock
from issues.services.contacts import erase_old_contacts
from issues.services.errors import Refused
from residents.models import Contact
from tests import world as w
from tests.issues import invariants

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CLOSED_AT = w.NOW + 4 * HOUR
AGAIN, USUAL = "90 days after closing, reopened", "30 days after closing"


def closed(world, **given):
    return world.walk("sign", "handle", "check", "close", **given)


def reopened(world, issue, name="worker", *, at=CLOSED_AT + DAY, **given):
    return world.do(name, "reopen", issue, at=at, **({"reason": "came_back"} | given))


@pytest.mark.parametrize("name", ["worker", "branch"])
def test_the_reporter_or_whoever_looked_has_it_done_again(world, name):
    issue = reopened(world, closed(world), name)
    assert (issue.state, issue.reworks, issue.outcome) == ("handling", 1, "")
    assert (issue.handled_at, issue.checked_at, issue.closed_at) == (None, None, None)
    assert issue.unit == world.orgs["clean"]
    assert issue.events.latest("seq").facts["reason"] == "came_back"
    invariants.check(issue)


@pytest.mark.parametrize("name", ["colleague", "handler", "unit", "street", "leader", "auditor"])
def test_nobody_else_does(world, name):
    with pytest.raises(Refused):
        reopened(world, closed(world), name)


def test_a_reason_is_needed(world):
    with pytest.raises(ValidationError):
        reopened(world, closed(world), reason="")


def test_the_limit_goes_on_with_what_was_left_a_quarter_at_least(world):
    issue = closed(world)
    first = Clock.objects.get(issue=issue, kind="handle")
    issue = reopened(world, issue)
    again = Clock.objects.get(issue=issue, kind="handle", stopped_at=None)
    assert again.started_at == CLOSED_AT + DAY
    assert again.limit_minutes == first.limit_minutes
    assert first.limit_minutes / 4 <= again.granted_minutes < first.limit_minutes


def test_within_seven_days_and_not_a_second_longer(world):
    issue = closed(world)
    with pytest.raises(Refused) as refused:
        reopened(world, issue, at=CLOSED_AT + 7 * DAY)
    assert "7" in refused.value.sentence()
    reopened(world, issue, at=CLOSED_AT + 7 * DAY - timedelta(seconds=1))


def test_the_third_rework_raises_it_one_level(world):
    issue, at = closed(world), CLOSED_AT
    for count in (1, 2, 3):
        at += DAY
        issue = reopened(world, issue, at=at)
        assert issue.reworks == count
        assert issue.raised_to == ("district" if count == 3 else "")
        issue = world.do("handler", "handle", issue, at=at, outcome="fixed", note="好了")
        assert issue.must_visit
        issue = world.do("worker", "check", issue, at=at, passed=True)
        issue = world.do("branch", "close", issue, at=at)
    invariants.check(issue)


def test_it_gets_its_seven_days_anew(world):
    issue = reopened(world, closed(world), at=CLOSED_AT + 6 * DAY)
    at = CLOSED_AT + 6 * DAY
    issue = world.do("handler", "handle", issue, at=at, outcome="fixed", note="好了")
    issue = world.do("worker", "check", issue, at=at, passed=True)
    issue = world.do("branch", "close", issue, at=at)
    assert reopened(world, issue, at=at + 6 * DAY).reworks == 2


def test_what_was_never_sent_to_a_unit_waits_at_the_desk(world):
    issue = world.report("community", category="")
    issue = world.do("leader", "force_close", issue, at=w.NOW + HOUR, reason="refused_by_owner")
    issue = reopened(world, issue, "community", at=w.NOW + DAY)
    assert (issue.state, issue.unit, issue.reworks) == ("reported", world.orgs["desk-1"], 1)
    assert Clock.objects.get(issue=issue, stopped_at=None).kind == "accept"
    invariants.check(issue)
    issue = world.do("street", "accept", issue, at=w.NOW + DAY, category=w.RUBBISH)
    assert issue.state == "dispatched"
    invariants.check(issue)


def test_a_call_back_that_waited_is_over(world):
    issue = world.walk("sign")
    issue = world.do("leader", "force_close", issue, at=w.NOW + 2 * HOUR, reason="refused_by_owner")
    assert issue.survey_asked
    assert CallBack.objects.get(issue=issue).because == "sample"
    issue = reopened(world, issue, at=w.NOW + DAY)
    assert (issue.state, issue.survey_asked) == ("handling", False)


def test_the_contact_of_what_came_back_is_kept_ninety_days(world):
    contact = {"name": "金丝雀", "phone": "13987654321", "agreed": ["callback"]}
    issue = reopened(world, closed(world, contact=contact))
    at = CLOSED_AT + 2 * DAY
    issue = world.do("handler", "handle", issue, at=at, outcome="fixed", note="好了")
    issue = world.do("worker", "check", issue, at=at, passed=True)
    issue = world.do("branch", "close", issue, at=at)
    plain = closed(world, contact=contact)

    def erased(later):
        return {run.rule: run.contacts for run in erase_old_contacts(now=at + later)}

    second = timedelta(seconds=1)
    assert erased(90 * DAY) == {USUAL: 1, AGAIN: 0, "30 days without an issue": 0}
    assert Contact.objects.get(pk=plain.contact_id).erased_at
    assert erased(90 * DAY + second)[AGAIN] == 1
    assert Contact.objects.get(pk=issue.contact_id).erased_at


def test_while_it_is_open_again_the_contact_stays(world):
    contact = {"name": "金丝雀", "phone": "13987654321", "agreed": ["callback"]}
    issue = reopened(world, closed(world, contact=contact))
    erase_old_contacts(now=w.NOW + 400 * DAY)
    assert Contact.objects.get(pk=issue.contact_id).erased_at is None
