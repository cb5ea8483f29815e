"""Hotline tickets: checked, fed back, called back; and whom else a sample calls back."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from issues.chain import faults
from issues.models import CallBack, Clock, Issue, SampleRule
from issues.presenter.callback import call_back_facts
from issues.queries import Filters, issue_page
from issues.rules import allowed, offers
from issues.services.calling_back import ask_call_back
from issues.services.errors import Refused
from issues.todo import todos_of
from notices.models import Notice
from tests import world as w
from tests.callers import person

HOUR = timedelta(hours=1)
GOOD = {"valid": True, "contacted": True, "solved": True, "satisfaction": "satisfied"}
UNSOLVED = GOOD | {"solved": False, "satisfaction": "not"}


def checked(world, at=w.NOW, number="HL-1"):
    issue = world.report(
        "street", at=at, source="hotline", external_number=number, category=w.RUBBISH
    )
    world.do("street", "accept", issue, at=at + HOUR)
    return again_checked(world, issue, at=at + HOUR)


def again_checked(world, issue, *, at):
    issue.refresh_from_db()
    if issue.state == "dispatched":
        world.do("unit", "sign", issue, at=at)
    world.do("handler", "handle", issue, at=at, outcome="fixed", note="清走了。")
    return world.do("colleague", "check", issue, at=at, passed=True)


def fed_back(world, at=w.NOW, number="HL-1"):
    issue = checked(world, at, number)
    return world.do("street", "feed_back", issue, at=at + 2 * HOUR, note="已清运，周边消杀。")


def running(issue):
    return Clock.objects.get(issue=issue, stopped_at=None, kind__in=Clock.MAIN).kind


def offered(world, name, issue):
    return {str(offer.rule.verb): offer.shut for offer in offers(world.scope(name), issue)}


def verbs(world, name, issue):
    return {str(rule.verb) for rule in allowed(world.scope(name), issue)}


def whole(issue):
    stored = Issue.objects.get(pk=issue.pk)
    assert not list(faults(stored, stored.events.select_related("text")))
    return stored


# The road of a ticket.


def test_a_checked_ticket_is_fed_back_and_never_simply_closed(world):
    issue = checked(world)
    assert offered(world, "branch", issue)["close"] == "not_hotline"
    assert offered(world, "street", issue)["feed_back"] == ""
    with pytest.raises(Refused) as refusal:
        world.do("branch", "close", issue)
    assert "回访" in refusal.value.sentence()


def test_the_answer_to_the_hotline_is_written_down(world):
    with pytest.raises(ValidationError) as refusal:
        world.do("street", "feed_back", checked(world))
    assert set(refusal.value.message_dict) == {"note"}
    issue = fed_back(world, number="HL-2")
    assert (issue.state, running(issue), issue.survey_asked) == (
        "pending_callback", "callback", True,
    )  # fmt: skip
    assert issue.events.last().text.text == "已清运，周边消杀。"
    asked = issue.call_backs.get()
    assert (asked.because, asked.answered_at) == ("hotline", None)
    assert asked.expires_at - asked.asked_at == timedelta(days=14)
    assert len(asked.token) >= 43


def test_only_tickets_are_fed_back_and_only_after_the_check(world):
    assert "feed_back" not in offered(world, "street", world.walk("sign", "handle", "check"))
    issue = world.report("street", source="hotline", external_number="1", category=w.RUBBISH)
    world.do("street", "accept", issue)
    world.do("unit", "sign", issue)
    handled = world.do("handler", "handle", issue, outcome="fixed", note="好了")
    with pytest.raises(Refused):
        world.do("street", "feed_back", handled, note="已办好")


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, {"valid"}),
        ({"valid": True}, {"contacted", "solved", "satisfaction"}),
        (GOOD | {"satisfaction": "great"}, {"satisfaction"}),
        (GOOD | {"solved": None}, {"solved"}),
        (GOOD | {"contacted": None}, {"contacted"}),
    ],
)
def test_a_valid_call_back_says_everything(world, given, fields):
    issue = fed_back(world)
    with pytest.raises(ValidationError) as refusal:
        world.do("street", "call_back", issue, **given)
    assert set(refusal.value.message_dict) == fields
    assert whole(issue).state == "pending_callback"


def test_a_solved_ticket_is_closed_by_its_call_back(world):
    at = w.NOW + 3 * HOUR
    issue = world.do("street", "call_back", fed_back(world), at=at, **GOOD)
    assert (issue.state, issue.outcome, issue.closed_at) == ("closed", "fixed", at)
    assert not issue.survey_asked
    assert not issue.clocks.filter(stopped_at=None).exists()
    assert not issue.assignments.filter(ended_at=None).exists()
    said = issue.call_backs.get()
    assert (said.by, said.answered_at) == (world.user("street"), at)
    assert {name: getattr(said, name) for name in GOOD} == GOOD
    event = whole(issue).events.last()
    assert event.actor == world.user("street")
    assert {name: event.facts[name] for name in GOOD} == GOOD
    told = Notice.objects.filter(subject_key=issue.subject_key, kind="called_back")
    assert "unit" in set(told.values_list("recipient__username", flat=True))


def test_nobody_reached_ends_it_too_and_says_nothing_of_the_work(world):
    given = UNSOLVED | {"valid": False}
    issue = world.do("street", "call_back", fed_back(world), **given)
    said = issue.call_backs.get()
    assert (issue.state, issue.reworks) == ("closed", 0)
    assert (said.valid, said.contacted, said.solved, said.satisfaction) == (False, None, None, "")


def test_not_solved_is_rework_with_what_was_left_of_the_limit(world):
    issue = world.do("street", "call_back", fed_back(world), at=w.NOW + 3 * HOUR, **UNSOLVED)
    assert (issue.state, issue.reworks, issue.outcome) == ("handling", 1, "")
    assert (issue.checked_at, issue.handled_at, issue.closed_at) == (None, None, None)
    assert running(issue) == "handle"
    assert issue.assignments.get(ended_at=None).unit.code == "clean"
    told = Notice.objects.filter(subject_key=issue.subject_key, kind="rework")
    assert "unit" in set(told.values_list("recipient__username", flat=True))
    whole(issue)


def test_the_third_rework_by_call_back_raises_it_one_level(world):
    at, issue = w.NOW, checked(world)
    for number in (1, 2, 3):
        at += 3 * HOUR
        world.do("street", "feed_back", issue, at=at, note="又办了一次。")
        issue = world.do("street", "call_back", issue, at=at, **UNSOLVED)
        assert issue.reworks == number
        assert issue.raised_to == ("district" if number == 3 else "")
        if number < 3:
            issue = again_checked(world, issue, at=at)
    assert issue.call_backs.filter(answered_at__isnull=False).count() == 3
    assert whole(issue).events.last().verb == "raise"


@pytest.mark.parametrize("name", ["worker", "branch", "unit", "handler", "community"])
def test_only_the_desk_calls_back(world, name):
    issue = fed_back(world)
    assert "call_back" not in verbs(world, name, issue)
    with pytest.raises(Refused):
        world.do(name, "call_back", issue, **GOOD)


def test_a_desk_that_did_the_work_does_not_call_back_about_it(world):
    """One person is the street's desk and handled for the unit (一肩挑)."""
    world.user("handler").posts.create(
        role="street_dispatcher", organization=world.orgs["desk-1"], valid_from=w.START
    )
    issue = fed_back(world)
    assert offered(world, "handler", issue)["call_back"] == "own_work"
    assert call_back_facts(issue, world.scope("handler")) is None
    with pytest.raises(Refused):
        world.do("handler", "call_back", issue, **GOOD)


def test_a_forced_end_leaves_the_reporter_to_be_asked(world):
    issue = world.do("leader", "force_close", fed_back(world), reason="cannot_be_done")
    assert (issue.state, issue.survey_asked) == ("forced_closed", True)
    assert issue.call_backs.get().answered_at is None


# Those that a sample calls back.


def sampled(world):
    SampleRule.objects.create(of="closed", percent=100)
    return world.walk("sign", "handle", "check", "close")


def test_the_answer_of_a_sampled_reporter_is_recorded_beside_the_closed_issue(world):
    issue = sampled(world)
    assert issue.survey_asked
    after = world.do("street", "survey", issue, at=w.NOW + 9 * HOUR, **UNSOLVED)
    assert (after.state, after.reworks, after.survey_asked) == ("closed", 0, False)
    assert after.call_backs.get().solved is False
    assert whole(after).events.last().facts["satisfaction"] == "not"
    told = Notice.objects.filter(subject_key=issue.subject_key, kind="surveyed")
    assert "unit" in set(told.values_list("recipient__username", flat=True))
    with pytest.raises(Refused):
        world.do("street", "survey", issue, **GOOD)


def test_who_was_not_drawn_is_not_asked(world):
    SampleRule.objects.create(of="closed", percent=0)
    issue = world.walk("sign", "handle", "check", "close")
    assert "survey" not in offered(world, "street", issue)
    assert not issue.call_backs.exists()


@pytest.mark.parametrize("name", ["worker", "branch", "unit", "handler"])
def test_only_the_desk_asks_whom_the_sample_drew(world, name):
    assert "survey" not in verbs(world, name, sampled(world))


def test_what_is_taken_up_again_is_not_asked_about_and_its_link_is_shut(world):
    issue = sampled(world)
    again = world.do("worker", "reopen", issue, at=w.NOW + 9 * HOUR, reason="not_done")
    assert call_back_facts(again, world.scope("street", now=w.NOW + 9 * HOUR)) is None
    token = issue.call_backs.get().token
    assert person(None).get(f"/callback/{token}/").status_code == 404


def test_asking_anew_ends_the_old_link_and_leaves_one_question(world):
    issue = sampled(world)
    old = issue.call_backs.get().token
    again = ask_call_back(issue=issue, because=CallBack.Because.SAMPLE, now=timezone.now())
    assert issue.call_backs.get() == again
    assert again.token != old
    assert person(None).get(f"/callback/{old}/").status_code == 404


# What staff see.


def test_those_who_may_call_back_see_the_link(world):
    issue = fed_back(world)
    facts = call_back_facts(issue, world.scope("street"))
    assert facts["url"] == f"/callback/{issue.call_backs.get().token}/"
    assert facts["because"] == "热线工单"
    for name in ("worker", "branch", "unit", "community", "auditor", "other-street"):
        assert call_back_facts(issue, world.scope(name)) is None


def test_an_expired_link_is_not_shown_any_more(world):
    issue = sampled(world)
    late = w.NOW + timedelta(days=30)
    facts = call_back_facts(issue, world.scope("street", now=late))
    assert facts["url"] == ""


@pytest.mark.parametrize(
    ("make", "todo", "names"),
    [
        (lambda world: world.report("street", source="public"), "verify",
         {"worker", "colleague", "community"}),
        (checked, "feed_back", {"street", "leader"}),
        (fed_back, "callback", {"street", "leader"}),
        (sampled, "survey", {"street", "leader"}),
    ],
)  # fmt: skip
def test_it_stands_on_the_list_of_whoever_it_waits_for(world, make, todo, names):
    issue = make(world)
    state = "all" if todo == "survey" else ""
    seen = set()
    for name, *_seat in w.PEOPLE:
        scope = world.scope(name)
        if todo in {one.key for one in todos_of(scope)}:
            page = issue_page(scope=scope, filters=Filters(todo=todo, state=state), now=w.NOW)
            seen |= {name for row in page.rows if row["number"] == issue.number}
    assert seen == names


def test_a_checked_ticket_is_on_no_branch_s_list_to_close(world):
    checked(world)
    scope = world.scope("branch")
    assert not issue_page(scope=scope, filters=Filters(todo="close"), now=w.NOW).rows


def test_the_desk_s_home_leads_to_those_whom_the_sample_drew(world):
    issue = sampled(world)
    page = person("street").get("/").content.decode()
    assert "todo=survey&amp;state=all" in page
    assert issue.number in person("street").get("/issues/?todo=survey&state=all").content.decode()
