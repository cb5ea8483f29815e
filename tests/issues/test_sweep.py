"""The sweep: every rung once, at its time, to whom it belongs."""

from datetime import timedelta

import pytest

from issues.escalation.sweep import sweep
from issues.models import Clock, Event, Issue, Step
from issues.services.errors import Refused
from issues.services.ladders import disable_rung, enable_rung, set_ladder
from notices.models import ChannelChoice, Notice, Target
from notices.secrecy import seal
from notices.wording import message_of
from partyorgs.models import Post
from tests import world as w
from worktime.queries import work_calendar

MINUTE = timedelta(minutes=1)
DAY = 480


def main_clock(issue):
    return issue.clocks.get(stopped_at=None, kind__in=Clock.MAIN)


def after_due(clock, minutes):
    return work_calendar().add_working_minutes(clock.due_at, minutes)


def steps_of(issue):
    return list(
        Step.objects.filter(clock__issue=issue).order_by("at", "pk").values_list("level", flat=True)
    )


def told(issue, kind, at=None):
    """Who has been told of it by now, or at just that instant."""
    notices = Notice.objects.filter(
        subject_key=issue.subject_key, kind=kind, recipient__isnull=False, state="sent"
    )
    if at:
        notices = notices.filter(created_at=at, payload__clock="handle")
    return sorted(set(notices.values_list("recipient__username", flat=True)))


def test_nothing_happens_before_its_time(world):
    issue = world.report()
    clock = main_clock(issue)
    assert sweep(now=clock.yellow_at - MINUTE).steps == 0
    assert sweep(now=clock.yellow_at).steps == 1
    assert sweep(now=clock.yellow_at).steps == 0
    assert steps_of(issue) == [0]


def test_each_rung_comes_at_its_time_and_tells_whom_it_names(world):
    issue = world.report()
    clock = main_clock(issue)
    limit = clock.limit_minutes
    times = [
        clock.yellow_at,
        clock.due_at,
        after_due(clock, max(limit // 2, DAY)),
        after_due(clock, max(limit, 3 * DAY)),
        after_due(clock, max(limit * 2, 5 * DAY)),
    ]
    people = [
        ("reminder", ["handler"]),
        ("chased", ["handler", "unit"]),
        ("supervised", ["branch", "leader"]),
        ("escalated", []),  # a digest, that the sender puts together
        ("escalated", []),
    ]
    for level, (at, (kind, names)) in enumerate(zip(times, people, strict=True)):
        sweep(now=at - MINUTE)
        assert not clock.rungs_taken.filter(level=level).exists()
        sweep(now=at)
        step = clock.rungs_taken.get(level=level)
        assert (step.due_at, step.at) == (at, at)
        assert told(issue, kind, at) == names
    clock.refresh_from_db()
    assert clock.next_at is None
    held = Notice.objects.filter(subject_key=issue.subject_key, bundle="digest", channel="in_app")
    assert [notice.recipient.username for notice in held.order_by("pk")][:2] == [
        "leader",
        "district",
    ]


def test_missed_rungs_are_caught_up_in_order_and_marked_late(world):
    issue = world.report()
    clock = main_clock(issue)
    at = after_due(clock, 6 * DAY)
    assert sweep(now=at).clocks >= 1
    events = issue.events.filter(facts__by_rule=True, facts__clock="handle")
    said = [(event.verb, event.facts["level"]) for event in events.order_by("seq")]
    levels = [level for _verb, level in said]
    assert levels == sorted(levels) == [0, 1, 2, 3, 4][: len(levels)]
    assert all(event.facts["late"] > 60 for event in events[:3])
    issue.refresh_from_db()
    assert issue.answer_due_at is not None


def test_an_order_waits_for_its_answer_and_the_answer_ends_it(world):
    issue = world.report()
    clock = main_clock(issue)
    sweep(now=after_due(clock, max(DAY, clock.limit_minutes // 2)))
    issue.refresh_from_db()
    order = issue.clocks.get(kind="answer")
    assert issue.answer_due_at == order.due_at
    at = order.started_at + MINUTE
    issue = world.do("unit", "answer", issue, at=at, note="车辆已安排，明天上午清完。")
    assert issue.answer_due_at is None
    order.refresh_from_db()
    assert order.stopped_at == at
    with pytest.raises(Refused):
        world.do("unit", "answer", issue, at=at, note="再说一遍。")


def test_closing_ends_every_step_and_says_so(world):
    issue = world.report()
    clock = main_clock(issue)
    sweep(now=clock.yellow_at)
    world.do("street", "cancel", issue, at=clock.yellow_at, reason="void")
    assert issue.events.order_by("-seq").first().facts["steps_ended"]
    assert sweep(now=after_due(clock, 10 * DAY)).steps == 0


def test_a_disabled_rung_is_left_out_and_the_timeline_says_so(world):
    issue = world.report()
    clock = main_clock(issue)
    disable_rung(use="limit", level=1, now=w.NOW)
    sweep(now=clock.due_at)
    assert told(issue, "chased") == []
    last = issue.events.order_by("-seq").first()
    assert (last.verb, last.facts["level"]) == ("skip", 1)
    assert Step.objects.get(clock=clock, level=1).skipped
    enable_rung(use="limit", level=1)


def test_a_new_ladder_is_for_limits_that_start_from_then_on(world):
    before = world.report()
    rungs = [{"level": 1, "act": "chase", "base": "due", "tells": ["unit_desk"], "copies": []}]
    set_ladder(use="limit", rungs=rungs, now=w.NOW)
    after = world.report()
    at = main_clock(after).due_at
    sweep(now=at)
    assert steps_of(before) == [0, 1]
    assert steps_of(after) == [1]


def test_a_bad_row_is_parked_and_holds_nobody_up(world):
    good, bad = world.report(), world.report()
    clock = main_clock(bad)
    # A step that is on record already: taking it again must fail.
    Step.objects.create(clock=clock, level=0, due_at=w.NOW, at=clock.yellow_at, seq=99)
    swept = sweep(now=clock.yellow_at)
    assert (swept.steps, swept.parked) == (1, 1)
    assert steps_of(good) == [0]
    clock.refresh_from_db()
    assert clock.parked_error == "IntegrityError"
    assert sweep(now=clock.yellow_at).parked == 0


def test_a_step_is_on_the_chain(world):
    issue = world.report()
    sweep(now=main_clock(issue).due_at)
    issue.refresh_from_db()
    events = list(Event.objects.filter(issue=issue).order_by("seq"))
    assert issue.event_count == len(events)
    assert issue.last_hash == events[-1].hash
    assert Issue.objects.get(pk=issue.pk).escalated == 1


def test_a_late_report_sent_to_another_unit_comes_with_an_order(world):
    issue = world.report()
    clock = main_clock(issue)
    at = after_due(clock, 6 * DAY)
    sweep(now=at)
    issue = world.do("street", "redispatch", issue, at=at, unit="roads", reason="sent_wrong")
    order = issue.clocks.get(kind="answer", stopped_at=None)
    assert (order.organization.code, issue.answer_due_at) == ("roads", order.due_at)
    assert issue.events.order_by("-seq").first().facts["order"] is True
    sweep(now=order.due_at)
    assert "other-unit" in told(issue, "chased")


def test_a_dispatcher_of_the_area_without_a_desk_post_is_told(world):
    Post.objects.filter(user=world.user("street")).update(
        organization=None, area=world.areas[w.STREET_1]
    )
    issue = world.report(category="")
    sweep(now=main_clock(issue).due_at)
    assert "street" in told(issue, "chased")


def test_a_checked_report_reminds_whoever_can_close_it(world):
    issue = world.walk("sign", "handle", "check")
    sweep(now=main_clock(issue).yellow_at)
    assert told(issue, "reminder") == ["branch"]


def test_what_a_person_typed_goes_to_no_group_and_no_program(world):
    target = Target.objects.create(
        channel="webhook", name="program", address=seal("http://x/"), created_at=w.NOW
    )
    world.report(place="张三家门口，电话13800138000")
    notices = Notice.objects.filter(target=target)
    assert notices
    for notice in notices:
        message = message_of(notice)
        assert "13800138000" not in f"{message.text}{message.title}{message.facts}"


def test_what_waits_is_taken_back_when_its_clock_stops_and_no_other(world):
    ChannelChoice.objects.create(
        user=world.user("unit"), channel="email", enabled=True, address=seal("unit@example.cn")
    )
    issue = world.report()
    clock = main_clock(issue)
    sweep(now=after_due(clock, DAY))
    order = issue.clocks.get(kind="answer")
    sweep(now=order.due_at)
    waiting = Notice.objects.filter(channel="email", state="pending")
    assert set(waiting.values_list("aspect", flat=True)) >= {"handle", "answer"}
    world.do("unit", "answer", issue, at=order.due_at, note="今天办完。")
    assert not waiting.filter(aspect="answer")
    assert waiting.filter(aspect="handle")
    world.do("street", "redispatch", issue, at=order.due_at, unit="roads", reason="sent_wrong")
    assert not waiting.filter(aspect="handle")
