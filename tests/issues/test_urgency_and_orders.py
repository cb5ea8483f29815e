"""Urgency raised, issues raised a level, and what leaders ask for by hand."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from issues.clocks import Light, light
from issues.escalation.sweep import sweep
from issues.models import Clock, Issue
from issues.services.errors import Refused
from issues.workflow import OPEN, Verb
from notices.models import Notice
from partyorgs.models import Post
from tests import world as w
from worktime.queries import work_calendar

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
HEAP, SURFACE, EXPOSED = "T-CLEAN-3", "T-CLEAN-2", "T-CLEAN-1"
EVERYBODY = [name for name, *_seat in w.PEOPLE] + ["nobody", "head"]
UNSEEN = {"outsider", "other-branch", "other-unit", "other-street", "nobody", "admin"}


@pytest.fixture
def world(world):
    """With a head of the unit, who is asked for an answer."""
    user = type(world.user("unit")).objects.create_user("head", password="gezhi-test", name="head")
    clean = world.orgs["clean"]
    Post.objects.create(user=user, role="unit_head", organization=clean, valid_from=w.START)
    world.users["head"] = user
    return world


def told(issue, kind):
    """Who was told of the last event of this kind, in the product."""
    seq = issue.events.filter(verb__in=VERBS.get(kind, [kind])).order_by("seq").last().seq
    rows = Notice.objects.filter(key__startswith=f"{issue.number}:{seq}|", channel="in_app")
    assert set(rows.values_list("kind", flat=True)) <= {kind}
    return sorted(rows.values_list("recipient__username", flat=True))


VERBS = {
    "urgent": ["raise_urgency"], "raised": ["raise"], "chased": ["chase"],
    "supervised": ["supervise"], "instructed": ["instruct"], "answered": ["answer"],
}  # fmt: skip


def outcome(world, name, verb, issue, *, at=None, **given):
    """What became of it, taken back at once: ok, refused or unseen."""
    try:
        with transaction.atomic():
            world.do(name, verb, issue, at=at, **given)
            transaction.set_rollback(True)
    except Refused:
        return "refused"
    except Issue.DoesNotExist:
        return "unseen"
    return "ok"


def working(at, minutes):
    return work_calendar().add_working_minutes(at, minutes)


def orders(issue):
    return list(issue.clocks.filter(kind="answer").order_by("pk"))


# Urgency.


def test_a_more_urgent_condition_starts_a_new_limit_and_keeps_the_old(world):
    issue = world.report(condition=HEAP)
    at = w.NOW + 2 * HOUR
    issue = world.do("worker", "raise_urgency", issue, at=at, condition=SURFACE, reason="worse")
    old, new = issue.clocks.all()
    assert (old.limit_minutes, old.stopped_at, old.next_at) == (2400, at, None)
    assert old.due_at == working(w.NOW, 2400)
    assert (new.limit_minutes, new.granted_minutes, new.started_at) == (120, 120, at)
    assert new.due_at == issue.due_at == working(at, 120)
    assert new.yellow_at == issue.yellow_at == working(at, 60)
    event = issue.events.last()
    assert (event.verb, event.from_state, event.to_state) == (
        "raise_urgency", "dispatched", "dispatched",
    )  # fmt: skip
    assert event.facts == {"from_condition": HEAP, "to_condition": SURFACE, "reason": "worse"}
    assert told(issue, "urgent") == ["branch", "handler", "street", "unit"]
    sweep(now=old.due_at)
    assert not old.rungs_taken.exists()
    assert new.rungs_taken.count() >= 2


def test_a_danger_of_another_leaf_runs_day_and_night_from_now(world):
    issue = world.walk("sign")
    at = w.NOW + 3 * HOUR
    issue = world.do("unit", "raise_urgency", issue, at=at, category="S0101", reason="danger")
    new = issue.clocks.get(kind="handle", stopped_at=None)
    assert issue.critical
    assert (new.critical, new.limit_clock, new.due_at) == (True, "continuous", at + 30 * MINUTE)
    assert (issue.category.code, issue.state) == ("S0101", "handling")
    rows = Notice.objects.filter(subject_key=issue.subject_key, kind="urgent")
    assert {row.critical for row in rows} == {True}


def test_the_light_of_a_late_matter_starts_again_with_its_new_limit(world):
    issue = world.report(condition=HEAP)

    def shown(at):
        issue.refresh_from_db()
        return light(now=at, yellow_at=issue.yellow_at, due_at=issue.due_at)

    yellow, due = issue.yellow_at, issue.due_at
    assert [shown(at) for at in (w.NOW, yellow - MINUTE, yellow, due - MINUTE, due)] == [
        Light.GREEN, Light.GREEN, Light.YELLOW, Light.YELLOW, Light.RED,
    ]  # fmt: skip
    sweep(now=due)
    assert Issue.objects.get(pk=issue.pk).escalated == 1
    at = due + HOUR
    issue = world.do("street", "raise_urgency", issue, at=at, condition=EXPOSED, reason="worse")
    assert issue.escalated == 0
    assert shown(at) == Light.GREEN
    assert shown(issue.due_at) == Light.RED


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"condition": HEAP}, "condition"),
        ({"condition": EXPOSED}, "condition"),
        ({"condition": "T-TRAP-1"}, "condition"),  # of another leaf
        ({"category": w.CORRIDOR}, "condition"),  # eight hours
        ({"category": "E9999"}, "category"),
        ({}, "condition"),
    ],
)
def test_what_is_not_more_urgent_is_refused_and_changes_nothing(world, given, field):
    issue = world.report(condition=EXPOSED)
    with pytest.raises(ValidationError) as refused:
        world.do("worker", "raise_urgency", issue, reason="worse", **given)
    assert set(refused.value.message_dict) == {field}
    stored = Issue.objects.get(pk=issue.pk)
    assert (stored.version, stored.event_count) == (issue.version, issue.event_count)
    assert stored.condition.code == EXPOSED
    assert stored.clocks.count() == 1


def test_a_reason_is_asked_for(world):
    issue = world.report(condition=HEAP)
    with pytest.raises(ValidationError) as refused:
        world.do("worker", "raise_urgency", issue, condition=SURFACE)
    assert set(refused.value.message_dict) == {"reason"}


def test_whoever_takes_part_raises_urgency_and_nobody_else(world):
    issue = world.report(condition=HEAP)
    given = {"condition": SURFACE, "reason": "worse"}
    found = {name: outcome(world, name, "raise_urgency", issue, **given) for name in EVERYBODY}
    assert {name for name, said in found.items() if said == "unseen"} == UNSEEN
    assert {name for name, said in found.items() if said == "refused"} == {"auditor"}


def test_what_is_handled_or_ended_gets_no_other_urgency(world):
    given = {"condition": SURFACE, "reason": "worse"}
    handled = world.walk("sign", "handle", condition=HEAP)
    assert outcome(world, "worker", "raise_urgency", handled, **given) == "refused"
    closed = world.do("street", "cancel", handled, reason="void")
    assert outcome(world, "worker", "raise_urgency", closed, **given) == "refused"


def test_at_the_desk_it_is_the_desks_limit_that_starts_again(world):
    issue = world.report(category="")
    at = w.NOW + 10 * MINUTE
    with pytest.raises(ValidationError):
        world.do("worker", "raise_urgency", issue, at=at, condition=SURFACE, reason="worse")
    issue = world.do("worker", "raise_urgency", issue, at=at, category="C0102", reason="danger")
    assert (issue.state, issue.critical) == ("reported", True)
    new = issue.clocks.last()
    assert (new.kind, new.due_at) == ("accept", at + 15 * MINUTE)


# A level up by itself.


# The desk decides on the first return, a conference on the second, the district on the third.
DECIDED = [
    ("street", "redispatch", {"reason": "sent_wrong"}),
    ("leader", "confer", {"note": "会商决定。"}),
    ("district", "judge", {"reason": "unit_right"}),
]


def give_back(world, issue, at):
    unit, other = ("unit", "roads") if issue.unit.code == "clean" else ("other-unit", "clean")
    issue = world.do(unit, "return", issue, at=at, reason="not_ours", proposed=other)
    raised = issue.raised_to
    name, verb, given = DECIDED[issue.returns - 1]
    return world.do(name, verb, issue, at=at + MINUTE, unit=other, **given), raised


def test_the_third_return_raises_the_issue_once(world):
    issue, at = world.report(), w.NOW
    seen = []
    for _time in range(3):
        at += 5 * MINUTE
        issue, raised = give_back(world, issue, at)
        seen.append(raised)
    assert seen == ["", "", "district"]
    with pytest.raises(Refused):
        give_back(world, issue, at + 5 * MINUTE)
    event = issue.events.get(verb="raise")
    assert event.facts == {
        "by_rule": True, "from_level": "district", "to_level": "district", "because": "returns",
    }  # fmt: skip
    assert event.actor is None
    assert told(issue, "raised") == ["district"]


def redo(world, issue, at, name):
    issue = world.do(name, "handle", issue, at=at, outcome="fixed", note="已清理。")
    return world.do("worker", "check", issue, at=at + MINUTE, passed=False, note="没有清完。")


def test_the_third_rework_raises_from_the_community_to_the_street(world):
    issue = world.report(category=w.CORRIDOR)
    at = w.NOW
    issue = world.do("community", "sign", issue, at=at)
    for number in range(1, 5):
        at += 5 * MINUTE
        issue = redo(world, issue, at, "community")
        assert issue.reworks == number
        assert issue.raised_to == ("street" if number >= 3 else "")
        assert issue.state == "handling"
    event = issue.events.get(verb="raise")
    assert event.facts["because"] == "reworks"
    assert (event.facts["from_level"], event.facts["to_level"]) == ("community", "street")
    assert told(issue, "raised") == ["leader", "street"]


def test_a_rework_gets_the_time_that_was_left_and_a_quarter_at_least(world):
    issue = world.walk("sign", condition=HEAP)
    last = issue.clocks.get(kind="handle")
    for after, granted in ((1200, 1200), (900, 600), (600, 600)):
        at = working(last.started_at, after)
        issue = redo(world, issue, at, "handler")
        last = issue.clocks.filter(kind="handle").last()
        assert (last.limit_minutes, last.granted_minutes) == (2400, granted)
        assert last.due_at == issue.due_at == working(at + MINUTE, granted)


# Chasing, supervising, instructing, answering.

ASKABLE = {
    "chase": ({}, {"branch", "street", "leader", "district"}),
    "supervise": ({"reason": "important"}, {"leader", "district"}),
    "instruct": ({"note": "今晚必须清完。"}, {"leader", "district"}),
}


@pytest.mark.parametrize("verb", ASKABLE)
def test_who_asks_the_unit_for_more_and_who_does_not(world, verb):
    given, may = ASKABLE[verb]
    issue = world.walk("sign")
    found = {name: outcome(world, name, verb, issue, **given) for name in EVERYBODY}
    assert {name for name, said in found.items() if said == "ok"} == may
    assert {name for name, said in found.items() if said == "unseen"} == UNSEEN


def test_who_answers_an_order_and_who_does_not(world):
    issue = world.walk("sign")
    assert outcome(world, "unit", "answer", issue, note="正在清。") == "refused"
    issue = world.do("leader", "supervise", issue, reason="overdue")
    found = {name: outcome(world, name, "answer", issue, note="正在清。") for name in EVERYBODY}
    assert {name for name, said in found.items() if said == "ok"} == {"unit", "head"}
    assert {name for name, said in found.items() if said == "unseen"} == UNSEEN


def test_whom_each_of_them_tells(world):
    issue = world.walk("sign")
    world.do("branch", "chase", issue)
    assert told(issue, "chased") == ["handler", "unit"]
    world.do("leader", "instruct", issue, note="今晚必须清完。")
    assert told(issue, "instructed") == ["branch", "handler", "street", "unit"]
    world.do("leader", "supervise", issue, reason="important")
    assert told(issue, "supervised") == ["branch", "handler", "head", "unit"]
    world.do("head", "answer", issue, note="车已经在路上。")
    assert told(issue, "answered") == ["branch", "leader"]


def states_of(world):
    """An issue in each open state, and a closed one."""
    yield world.report(category="")
    yield world.report(category=w.UNLISTED)
    yield world.report()
    yield world.walk("sign")
    yield world.walk("return")
    yield world.walk("sign", "handle")
    yield world.walk("sign", "handle", "check", "close")


def test_in_which_states_they_can_be_asked(world):
    found, walked = {verb: set() for verb in ASKABLE}, set()
    for issue in states_of(world):
        walked.add(issue.state)
        for verb, (given, _may) in ASKABLE.items():
            if outcome(world, "leader", verb, issue, at=w.NOW + 9 * HOUR, **given) == "ok":
                found[verb].add(issue.state)
    everywhere = walked & OPEN
    assert found["chase"] == found["instruct"] == everywhere
    assert found["supervise"] == {"dispatched", "handling"}


def test_an_order_has_a_due_time_of_its_own_and_a_second_takes_its_place(world):
    issue = world.walk("sign")
    at = w.NOW + 2 * HOUR
    issue = world.do("leader", "supervise", issue, at=at, reason="important")
    assert issue.answer_due_at == working(at, 480)
    main = issue.due_at
    again = at + HOUR
    issue = world.do("district", "supervise", issue, at=again, reason="instructed")
    first, second = orders(issue)
    assert (first.stopped_at, first.next_at) == (again, None)
    assert (second.stopped_at, second.due_at) == (None, working(again, 480))
    assert (issue.answer_due_at, issue.due_at) == (second.due_at, main)
    sweep(now=second.due_at)
    assert not first.rungs_taken.exists()
    assert second.rungs_taken.count() == 2


def test_the_ladders_order_leaves_one_that_waits_already(world):
    issue = world.report()
    due = issue.due_at
    sweep(now=due)
    asked = working(due, 400)
    issue = world.do("leader", "supervise", issue, at=asked, reason="overdue")
    sweep(now=working(due, 480))
    assert len(orders(issue)) == 1
    stored = Issue.objects.get(pk=issue.pk)
    assert (stored.escalated, stored.answer_due_at) == (2, working(asked, 480))


@pytest.mark.parametrize(
    ("name", "verb", "given"),
    [
        ("unit", "answer", {"note": "正在清。"}),
        ("handler", "handle", {"outcome": "fixed", "note": "已清运。"}),
        ("street", "redispatch", {"unit": "roads", "reason": "sent_wrong"}),
        ("street", "cancel", {"reason": "void"}),
    ],
)
def test_what_ends_an_order(world, name, verb, given):
    issue = world.walk("sign")
    issue = world.do("leader", "supervise", issue, at=w.NOW + 2 * HOUR, reason="important")
    at = w.NOW + 3 * HOUR
    issue = world.do(name, verb, issue, at=at, **given)
    assert issue.answer_due_at is None
    assert [order.stopped_at for order in orders(issue)] == [at]
    assert outcome(world, "unit", "answer", issue, note="又说一遍。") in {"refused", "unseen"}
    sweep(now=at + timedelta(days=9))
    assert not orders(issue)[0].rungs_taken.exists()


@pytest.mark.parametrize(
    ("name", "verb", "given"),
    [
        ("worker", "note", {"note": "看到车来了。"}),
        ("unit", "return", {"reason": "not_ours"}),
        ("street", "chase", {}),
    ],
)
def test_what_does_not_end_an_order(world, name, verb, given):
    issue = world.walk("sign")
    issue = world.do("leader", "supervise", issue, reason="important")
    world.do(name, verb, issue, **given)
    assert orders(issue)[0].stopped_at is None


def test_an_order_to_the_desk_ends_when_the_desk_has_decided(world):
    """It was late with accepting: the unit that gets the work owes no answer for that."""
    issue = world.report(category="")
    at = working(issue.due_at, 480)
    sweep(now=at)
    issue.refresh_from_db()
    assert issue.answer_due_at is not None
    issue = world.do("street", "accept", issue, at=at + MINUTE, category=w.RUBBISH)
    assert issue.state == "dispatched"
    assert issue.answer_due_at is None
    assert orders(issue)[0].stopped_at == at + MINUTE


def test_what_the_ladder_does_nobody_can_ask_for(world):
    issue = world.walk("sign")
    for verb in (Verb.REMIND, Verb.ESCALATE, Verb.CALL, Verb.RAISE, Verb.RECKON, Verb.SKIP):
        for name in ("leader", "district", "unit"):
            assert outcome(world, name, verb, issue) == "refused"


def test_a_late_check_orders_nobody(world):
    """A check is nobody's handling: it is chased, and no unit owes an answer."""
    issue = world.walk("sign", "handle")
    clock = issue.clocks.get(kind=Clock.Kind.CHECK)
    sweep(now=working(clock.due_at, 480))
    assert [step.level for step in clock.rungs_taken.all()] == [0, 1, 2]
    assert orders(issue) == []
    assert issue.events.last().verb == "chase"
