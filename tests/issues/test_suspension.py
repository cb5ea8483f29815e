"""A suspension holds the clock still and ends by itself, with exactly what was left."""

from datetime import date, datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from issues.clocks import Light, light
from issues.escalation.audit import audit
from issues.escalation.reckoning import reckon_all
from issues.escalation.sweep import sweep
from issues.models import Clock, Event, Issue, Step
from issues.queries import Filters, issue_page
from issues.services.errors import Refused
from tests import world as w
from tests.issues.test_requests import HEAP, HOUR, MINUTE, WHY, grey, local, running, told, whole
from worktime.arithmetic import CalendarDay
from worktime.models import Calendar
from worktime.queries import work_calendar
from worktime.services import create_calendar, set_days

# Until Wednesday 1 April, that day included: it wakes on Thursday at midnight.
UNTIL = date(2026, 4, 1)
WAKES = local(4, 2, 0)
THURSDAY = local(4, 2, 8)


def suspend(world, issue, *, at=w.NOW, until=UNTIL):
    world.do("unit", "ask_suspension", issue, at=at, until=until, reason=WHY)
    return world.do("leader", "suspend", issue, at=at)


def problems(at):
    return {found.code: found.examples for found in audit(now=at).findings if found.count}


class TestAsking:
    def test_what_is_kept(self, world):
        issue = world.report(condition=HEAP)
        world.do("unit", "ask_suspension", issue, until=UNTIL, reason=WHY)
        asked = whole(issue).requests.get()
        assert (asked.kind, asked.until, asked.minutes) == ("suspension", WAKES, None)
        event = issue.events.get(seq=asked.seq)
        assert datetime.fromisoformat(event.facts["until"]) == WAKES
        assert event.facts["reason"] == WHY
        assert told(issue, "ask_suspension") == ["leader"]

    @pytest.mark.parametrize("until", [date(2026, 3, 9), date(2026, 3, 10), date(2027, 3, 11)])
    def test_later_than_today_and_within_a_year(self, world, until):
        issue = world.report(condition=HEAP)
        with pytest.raises(ValidationError) as refused:
            world.do("unit", "ask_suspension", issue, until=until, reason=WHY)
        assert "until" in refused.value.message_dict

    @pytest.mark.parametrize("until", [date(2026, 3, 11), date(2027, 3, 10)])
    def test_tomorrow_and_a_year_from_now(self, world, until):
        issue = world.report(condition=HEAP)
        world.do("unit", "ask_suspension", issue, until=until, reason=WHY)

    def test_today_is_the_day_in_shanghai(self, world):
        """At half past midnight it is still yesterday in UTC."""
        issue, at = world.report(condition=HEAP), local(3, 11, 0, 30)
        with pytest.raises(ValidationError):
            world.do("unit", "ask_suspension", issue, at=at, until=date(2026, 3, 11), reason=WHY)
        world.do("unit", "ask_suspension", issue, at=at, until=date(2026, 3, 12), reason=WHY)

    def test_late_ones_can_be_suspended_and_that_they_were_late_stays(self, world):
        issue = world.report()
        at = local(3, 11, 9)
        assert grey(world, "unit", "ask_suspension", issue, at=at) == ""
        stored = suspend(world, issue, at=at)
        assert stored.was_late
        sweep(now=WAKES)
        assert whole(issue).was_late

    def test_once_and_what_was_refused_does_not_count(self, world):
        issue = world.report(condition=HEAP)
        world.do("unit", "ask_suspension", issue, until=UNTIL, reason=WHY)
        world.do("leader", "refuse", issue, reason="可以先办一部分。")
        suspend(world, issue)
        sweep(now=WAKES)
        with pytest.raises(Refused, match="已经挂账过一次"):
            world.do("unit", "ask_suspension", issue, at=THURSDAY, until=UNTIL, reason=WHY)
        assert grey(world, "unit", "ask_suspension", issue, at=THURSDAY) == "suspendable"

    def test_a_day_that_is_over_cannot_be_granted_any_more(self, world):
        issue = world.report(condition=HEAP)
        world.do("unit", "ask_suspension", issue, until=date(2026, 3, 11), reason=WHY)
        with pytest.raises(ValidationError) as refused:
            world.do("leader", "suspend", issue, at=local(3, 12, 0))
        assert "已经过去" in refused.value.message_dict["until"][0]
        world.do("leader", "refuse", issue, at=local(3, 12, 0), reason="日期已过。")
        whole(issue)


class TestAsleep:
    def test_the_clock_is_held_still(self, world):
        issue = world.report(condition=HEAP)
        before = running(issue)
        stored = suspend(world, issue, at=w.NOW + HOUR)
        clock = running(issue)
        assert (clock.pk, clock.paused_at, clock.next_at) == (before.pk, w.NOW + HOUR, WAKES)
        assert (clock.due_at, clock.stopped_at) == (before.due_at, None)
        assert (stored.state, stored.suspended_until) == ("suspended", WAKES)
        assert (stored.due_at, stored.yellow_at) == (WAKES, WAKES)
        assert (stored.suspensions, stored.is_open, stored.was_late) == (1, True, False)
        assert told(issue, "suspend") == ["branch", "handler", "unit", "worker"]
        whole(issue)

    def test_nothing_happens_while_it_sleeps_and_nothing_is_late(self, world):
        issue = suspend(world, world.report(condition=HEAP))
        events = Event.objects.filter(issue=issue).count()
        for at in (local(3, 13, 9), local(3, 17, 9), local(3, 25, 12), WAKES - MINUTE):
            assert sweep(now=at).clocks == 0
            assert problems(at) == {}
            stored = Issue.objects.get(pk=issue.pk)
            shown = light(now=at, yellow_at=stored.yellow_at, due_at=stored.due_at)
            assert shown is Light.GREEN
        assert Event.objects.filter(issue=issue).count() == events
        assert not Step.objects.exists()

    @pytest.mark.parametrize(
        ("name", "verb", "given"),
        [
            ("unit", "sign", {}),
            ("handler", "handle", {"outcome": "fixed", "note": "好了。"}),
            ("unit", "return", {"reason": "no_power"}),
            ("branch", "chase", {}),
            ("leader", "supervise", {"reason": "important"}),
            ("street", "redispatch", {"unit": "roads", "reason": "sent_wrong"}),
            ("unit", "ask_extension", {"hours": 1, "reason": "weather"}),
        ],
    )
    def test_there_is_no_work_meanwhile(self, world, name, verb, given):
        issue = suspend(world, world.report(condition=HEAP))
        with pytest.raises(Refused):
            world.do(name, verb, issue, **given)

    def test_an_order_that_waited_for_its_answer_ends(self, world):
        issue = world.report(condition=HEAP)
        world.do("leader", "supervise", issue, reason="important")
        stored = suspend(world, issue)
        assert stored.answer_due_at is None
        assert not issue.clocks.filter(kind="answer", stopped_at=None).exists()

    @pytest.mark.parametrize(
        ("name", "verb", "given", "state"),
        [
            ("street", "cancel", {"reason": "void"}, "cancelled"),
            ("leader", "force_close", {"reason": "cannot_be_done"}, "forced_closed"),
        ],
    )
    def test_it_can_end_while_it_sleeps_and_never_wakes(self, world, name, verb, given, state):
        issue = suspend(world, world.report(condition=HEAP))
        stored = world.do(name, verb, issue, **given)
        assert (stored.state, stored.suspended_until) == (state, None)
        assert sweep(now=WAKES).clocks == 0
        whole(issue)


class TestWaking:
    def test_it_wakes_by_itself_with_exactly_what_was_left(self, world):
        issue = world.report(condition=HEAP)
        before = running(issue)
        # Two working hours and 17 minutes are used.
        suspend(world, issue, at=local(3, 10, 11, 17))
        assert sweep(now=WAKES - MINUTE).steps == 0
        assert sweep(now=WAKES).steps == 1
        stored, clock = whole(issue), running(issue)
        assert (stored.state, stored.suspended_until) == ("handling", None)
        assert clock.granted_minutes == 2400 - 137
        assert clock.limit_minutes == 2400
        assert clock.started_at == WAKES
        assert clock.due_at == work_calendar().add_working_minutes(WAKES, 2400 - 137)
        assert (stored.due_at, stored.yellow_at) == (clock.due_at, clock.yellow_at)
        before.refresh_from_db()
        assert (before.stopped_at, before.next_at) == (WAKES, None)
        event = stored.events.get(verb="wake")
        assert event.facts == {
            "by_rule": True, "minutes": 2400 - 137, "to": clock.due_at.isoformat(),
        }  # fmt: skip
        assert (event.actor, event.from_state, event.to_state) == (None, "suspended", "handling")
        assert told(issue, "wake") == ["branch", "handler", "unit", "worker"]
        assert problems(WAKES + HOUR) == {}

    def test_it_wakes_once(self, world):
        issue = suspend(world, world.report(condition=HEAP))
        assert [sweep(now=WAKES + n * MINUTE).steps for n in range(3)] == [1, 0, 0]
        assert whole(issue).events.filter(verb="wake").count() == 1

    def test_after_an_outage_the_unit_loses_nothing(self, world):
        issue = suspend(world, world.report(condition=HEAP))
        late = WAKES + timedelta(days=6)
        sweep(now=late)
        assert running(issue).due_at == work_calendar().add_working_minutes(late, 2400)

    def test_the_audit_sees_an_issue_that_nobody_woke(self, world):
        issue = suspend(world, world.report(condition=HEAP))
        assert problems(WAKES + timedelta(minutes=4)) == {}
        assert problems(WAKES + timedelta(minutes=6)) == {"step_overdue": (issue.number,)}

    @pytest.mark.parametrize("name", ["unit", "street", "leader", "district", "branch"])
    def test_whoever_may_resumes_it_before(self, world, name):
        issue = suspend(world, world.report(condition=HEAP))
        at = local(3, 20, 9)
        stored = world.do(name, "resume", issue, at=at)
        assert (stored.state, stored.suspended_until) == ("handling", None)
        clock = running(issue)
        assert clock.due_at == work_calendar().add_working_minutes(at, 2400)
        assert stored.events.get(verb="resume").facts["minutes"] == 2400
        assert sweep(now=WAKES).steps >= 0
        assert not whole(issue).events.filter(verb="wake").exists()

    @pytest.mark.parametrize("name", ["worker", "handler", "colleague", "other-unit"])
    def test_nobody_else_resumes_it(self, world, name):
        issue = suspend(world, world.report(condition=HEAP))
        with pytest.raises((Refused, Issue.DoesNotExist)):
            world.do(name, "resume", issue)

    def test_rungs_that_came_before_do_not_come_again(self, world):
        """Chased on Wednesday, suspended on Thursday: after waking it goes on above."""
        issue = world.report()  # four working hours: due at 15:00
        sweep(now=local(3, 11, 9))
        clock = running(issue)
        assert clock.level == 1
        suspend(world, issue, at=local(3, 11, 9))
        sweep(now=WAKES)
        clock = running(issue)
        # Nothing was left of it: due at once, and the next rung is the order.
        assert (clock.level, clock.granted_minutes) == (1, 1)
        assert whole(issue).escalated == 1
        assert clock.next_at > clock.due_at
        at = local(4, 7, 12)
        sweep(now=at)
        levels = list(Step.objects.filter(clock=clock).values_list("level", flat=True))
        assert levels[0] == 2
        assert whole(issue).events.filter(verb="chase").count() == 1
        assert problems(at + timedelta(minutes=30)) == {}

    def test_a_rung_that_had_not_come_comes_at_its_share_of_what_was_left(self, world):
        issue = suspend(world, world.report(condition=HEAP), at=local(3, 11, 9))
        sweep(now=WAKES)
        clock = running(issue)
        assert (clock.level, clock.next_at) == (-1, clock.yellow_at)
        sweep(now=clock.due_at)
        levels = list(Step.objects.filter(clock=clock).values_list("level", flat=True))
        assert levels == [0, 1]

    def test_handled_after_waking_and_sent_back_it_goes_on_with_what_is_left(self, world):
        issue = suspend(world, world.report(condition=HEAP), at=local(3, 10, 11))
        sweep(now=WAKES)
        world.do("handler", "handle", issue, at=THURSDAY + HOUR, outcome="fixed", note="已清。")
        world.do("worker", "check", issue, at=THURSDAY + 2 * HOUR, passed=False, note="还有一半。")
        assert running(issue).granted_minutes == 2400 - 120 - 60
        whole(issue)


class TestCalendars:
    def test_a_calendar_that_changes_meanwhile_takes_nothing_and_gives_nothing(self, world):
        issue = world.report(condition=HEAP)
        suspend(world, issue, at=local(3, 10, 11))  # two hours used
        clock = running(issue)
        for day, kind in ((date(2026, 3, 12), "holiday"), (date(2026, 4, 3), "holiday")):
            set_days(
                calendar=Calendar.objects.get(code="default"), days={day: CalendarDay(kind)},
                source="关于调整放假安排的通知", now=local(3, 10, 12),
            )  # fmt: skip
        assert reckon_all(now=local(3, 10, 13)) == 0
        asleep = running(issue)
        assert (asleep.due_at, asleep.next_at) == (clock.due_at, WAKES)
        assert not issue.events.filter(verb="reckon").exists()
        assert Issue.objects.get(pk=issue.pk).due_at == WAKES
        sweep(now=WAKES)
        woken = running(issue)
        assert woken.granted_minutes == 2400 - 120
        # The new holiday of 3 April counts for what comes: that day is not worked.
        assert woken.due_at == work_calendar().add_working_minutes(WAKES, 2280)
        assert reckon_all(now=WAKES + HOUR) == 0
        whole(issue)

    def test_what_was_used_counts_by_the_units_own_hours(self, world):
        made = create_calendar(
            code="own", name="环卫", base=Calendar.objects.get(code="default"),
            spans=[(time(6), time(14))], now=w.START,
        )  # fmt: skip
        world.orgs["clean"].calendar = made
        world.orgs["clean"].save()
        issue = world.report(condition=HEAP)  # at nine
        suspend(world, issue, at=local(3, 10, 13))
        sweep(now=WAKES)
        clock = running(issue)
        # From nine to one o'clock without a break: four hours.
        assert (clock.calendar, clock.granted_minutes) == ("own", 2400 - 240)


def test_asleep_it_is_not_among_the_late_and_awake_again_it_is(world):
    """The queues narrow and light by `due_at`, which is the day of waking while it sleeps."""
    issue, other = world.report(condition=HEAP), world.report(condition=HEAP)
    suspend(world, issue)

    def late(at):
        page = issue_page(scope=world.scope("unit", now=at), filters=Filters(overdue=True), now=at)
        return {row["number"] for row in page.rows}

    assert late(local(3, 30, 9)) == {other.number}
    sweep(now=WAKES)
    assert late(WAKES + HOUR) == {other.number}
    assert late(running(issue).due_at) == {issue.number, other.number}


def test_the_day_it_wakes_is_the_one_that_was_said(world):
    issue = suspend(world, world.report(condition=HEAP))
    last = timezone.localtime(issue.suspended_until - timedelta(microseconds=1))
    assert last.date() == UNTIL
    assert Clock.objects.get(issue=issue, kind="handle").next_at == issue.suspended_until
