"""Rungs that change the state, beside those that only tell: each once, none of them alone."""

from datetime import date, timedelta

import pytest

from issues.clocks import Limit
from issues.escalation import sweep as sweeping
from issues.escalation.audit import audit
from issues.escalation.sweep import sweep
from issues.escalation.turns import ACTS
from issues.models import Clock, Event, Issue, Rung, Step
from issues.rungs import TURNS
from issues.services.timing import Timing
from issues.services.turn import Turn
from issues.workflow import RULES, ClockAct, State, Verb
from notices.models import Notice
from partyorgs.models import Post
from tests import world as w
from tests.issues.test_requests import HEAP, HOUR, MINUTE, local, running, told, whole
from tests.issues.test_suspension import suspend

FRIDAY = local(3, 13, 16)
SUBJECT = "whistle:W20260310-1:roads"


def returned(world, *, at=w.NOW, **given):
    issue = world.report(at=at, **given)
    return world.do("unit", "return", issue, at=at, reason="no_power")


def start(world, issue, kind, *, unit, limit, at=w.NOW, subject=""):
    """A clock beside the issue's own, as a higher room starts one."""
    clock = Timing().start(issue, Clock.Kind(kind), at=at, unit=world.orgs[unit], limit=limit)
    clock.subject = subject
    clock.save()
    return clock


def problems(at):
    return {found.code for found in audit(now=at).findings if found.count}


def test_every_act_that_is_a_turn_has_its_service():
    assert set(TURNS) == set(ACTS)
    assert set(TURNS) < set(Rung.Act.values)
    for verb, _act in ACTS.values():
        assert RULES[verb].by_itself


class TestTheTerritory:
    def test_four_silent_working_hours_over_a_weekend(self, world):
        issue = returned(world, at=FRIDAY)
        clock = running(issue, "decide")
        assert clock.due_at == local(3, 13, 18)
        sweep(now=local(3, 15, 20))
        assert Issue.objects.get(pk=issue.pk).state == "returned"
        sweep(now=local(3, 16, 10) - MINUTE)
        assert Issue.objects.get(pk=issue.pk).state == "returned"
        sweep(now=local(3, 16, 10))
        stored = whole(issue)
        assert (stored.state, stored.unit.code) == ("dispatched", "desk-1")
        clock.refresh_from_db()
        assert (clock.stopped_at, clock.next_at, clock.level) == (local(3, 16, 10), None, 2)
        step = Step.objects.get(clock=clock, level=2)
        assert stored.events.get(verb="fall_back").seq == step.seq
        assert problems(local(3, 16, 11)) == set()

    def test_after_an_outage_nothing_of_the_unit_before_runs_on(self, world):
        """The order to the unit and the territory's turn fall due in one batch."""
        issue = returned(world, at=FRIDAY)
        late = local(3, 27, 9)
        swept = sweep(now=late)
        assert swept.parked == 0
        stored = whole(issue)
        assert stored.state == "dispatched"
        seqs = list(stored.events.order_by("seq").values_list("seq", flat=True))
        assert seqs == list(range(1, stored.event_count + 1))
        answering = issue.clocks.filter(kind="answer", stopped_at=None).exists()
        assert answering == (stored.answer_due_at is not None)
        assert sweep(now=late).steps == 0

    def test_decided_in_time_the_territory_is_left_alone(self, world):
        issue = returned(world)
        world.do("street", "redispatch", issue, at=w.NOW + HOUR, unit="roads", reason="unit_asked")
        sweep(now=local(3, 12, 9))
        assert not whole(issue).events.filter(verb="fall_back").exists()


class TestLapsing:
    def climbed(self, world):
        issue = world.walk("sign", "handle")
        turn = Turn(issue, scope=None, seat=None, now=w.NOW + 3 * HOUR)
        turn.apply(RULES[Verb.CLIMB], to=State.HANDLED, facts={"by_rule": True})
        return turn.save()

    def test_it_lapses_on_the_third_working_day_and_the_clock_with_it(self, world):
        issue = self.climbed(world)
        clock = running(issue)
        assert clock.kind == "climbed"
        sweep(now=clock.due_at - MINUTE)
        assert Issue.objects.get(pk=issue.pk).state == "handled"
        sweep(now=clock.due_at)
        stored = whole(issue)
        assert (stored.state, stored.is_open) == ("closed_unchecked", False)
        assert Step.objects.get(clock=clock, level=1).seq <= stored.event_count
        assert sweep(now=clock.due_at + timedelta(days=9)).steps == 0

    def test_what_does_not_lapse_is_not_tried_for_ever(self, world):
        issue = self.climbed(world)
        Issue.objects.filter(pk=issue.pk).update(critical=True)
        clock = running(issue)
        assert sweep(now=clock.due_at + MINUTE).parked == 0
        assert Issue.objects.get(pk=issue.pk).state == "handled"
        clock.refresh_from_db()
        assert (clock.stopped_at, clock.level) == (None, 1)
        # The district's desk hears of it again as long after, and once more.
        assert clock.next_at > clock.due_at + timedelta(days=3)
        sweep(now=clock.due_at + timedelta(days=30))
        clock.refresh_from_db()
        assert (clock.stopped_at, clock.next_at, clock.level) == (None, None, 3)

    def test_a_turn_that_finds_nothing_to_do_leaves_a_line(self, world):
        """A clock whose issue went another way without stopping it."""
        issue = world.report()
        clock = start(world, issue, "decide", unit="clean", limit=Limit(60, continuous=False))
        at = clock.due_at + 3 * HOUR
        sweep(now=at)
        step = Step.objects.get(clock=clock, level=2)
        event = Event.objects.get(issue=issue, seq=step.seq)
        assert (event.verb, step.skipped, event.facts["clock"]) == ("skip", True, "decide")
        assert sweep(now=at).steps == 0
        assert Issue.objects.get(pk=issue.pk).state == "dispatched"


class TestFailing:
    """What a sweep had begun when it died is as if it had never been."""

    @pytest.mark.parametrize("point", ["sweep.after_step", "sweep.after_turn"])
    def test_a_batch_that_dies_is_done_again_and_nothing_is_doubled(
        self, world, monkeypatch, point
    ):
        sleeping = suspend(world, world.report(condition=HEAP), until=date(2026, 3, 12))
        asking = world.report(condition=HEAP)
        world.do("unit", "ask_extension", asking, hours=1, reason="weather")
        back = returned(world)
        died = []

        def dies(name):
            if name == point and not died:
                died.append(name)
                raise RuntimeError("killed")

        monkeypatch.setattr(sweeping, "reach", dies)
        swept = sweep(now=local(3, 13, 0))
        assert (died, swept.parked) == ([point], 0)
        for issue, verb in ((sleeping, "wake"), (asking, "next_deputy"), (back, "fall_back")):
            assert whole(issue).events.filter(verb=verb).count() == 1
        assert Step.objects.filter(level=2, clock__kind="decide").count() == 1
        assert sweep(now=local(3, 13, 0)).steps == 0
        assert problems(local(3, 13, 7)) == set()


class TestCalledUnits:
    """A higher room's clocks on the same engine: a whistle that a unit has not answered."""

    @pytest.fixture
    def called(self, world):
        issue = world.report(condition=HEAP)
        start(
            world, issue, "whistle_answer", unit="roads",
            limit=Limit(240, continuous=False), subject=SUBJECT,
        )  # fmt: skip
        return issue

    def test_the_unit_is_told_once_and_the_district_too(self, world, called):
        clock = running(called, "whistle_answer")
        assert sweep(now=clock.due_at).steps == 1
        assert sweep(now=clock.due_at + timedelta(days=2)).clocks == 0
        event = called.events.get(verb="escalate")
        assert event.facts["subject"] == SUBJECT
        assert (event.facts["clock"], event.unit) == ("whistle_answer", world.orgs["roads"])
        assert told(called, "escalated") == ["district", "other-unit"]
        notices = Notice.objects.filter(kind="escalated", channel="in_app")
        assert notices.filter(recipient=world.user("other-unit")).count() == 1

    def test_the_issue_itself_is_not_escalated_by_it(self, world, called):
        sweep(now=running(called, "whistle_answer").due_at)
        assert Issue.objects.get(pk=called.pk).escalated == 0

    def test_two_called_units_each_have_their_own(self, world, called):
        start(
            world, called, "whistle_answer", unit="lifts", at=w.NOW,
            limit=Limit(240, continuous=False), subject="whistle:W20260310-1:lifts",
        )  # fmt: skip
        sweep(now=local(3, 10, 15))
        said = called.events.filter(verb="escalate").values_list("facts__subject", flat=True)
        assert sorted(said) == ["whistle:W20260310-1:lifts", SUBJECT]

    def test_a_unit_with_handlers_only_is_told_through_them(self, world, called):
        Post.objects.filter(user=world.user("other-unit")).update(role="unit_handler")
        sweep(now=running(called, "whistle_answer").due_at)
        assert "other-unit" in told(called, "escalated")

    def test_it_goes_on_when_the_issue_is_closed_if_its_room_lets_it(self, world, called):
        """A turn that ends the issue ends them too: nobody is called to what is over."""
        world.do("street", "cancel", called, reason="void")
        assert not called.clocks.filter(stopped_at=None).exists()


class TestLookingOn:
    """Before the work and after the check it is not the unit's limit, so not the unit's chase."""

    def moved(self, world, issue, state, act):
        at = w.NOW + 4 * HOUR
        turn = Turn(Issue.objects.get(pk=issue.pk), scope=None, seat=None, now=at)
        acts = [ClockAct.END, act]
        turn.apply(RULES[Verb.NOTE], to=state, clock_acts=acts)
        turn.save()
        return running(issue)

    def test_a_call_back_is_the_desks(self, world):
        issue = world.walk("sign", "handle", "check")
        clock = self.moved(world, issue, State.PENDING_CALLBACK, ClockAct.START_CALLBACK)
        Notice.objects.all().delete()
        sweep(now=local(3, 30, 9))
        assert whole(issue).answer_due_at is None
        assert not issue.events.filter(verb="supervise").exists()
        assert told(issue, "reminder") == ["street"]
        assert told(issue, "chased") == ["branch", "leader", "street"]  # the branch has a copy
        assert clock.kind == "callback"

    def test_a_verification_is_that_of_whoever_is_near(self, world):
        issue = world.report()
        self.moved(world, issue, State.PENDING_VERIFY, ClockAct.START_VERIFY)
        Notice.objects.all().delete()
        sweep(now=local(3, 30, 9))
        assert told(issue, "reminder") == ["colleague", "worker"]
        assert not issue.events.filter(verb="supervise").exists()


class TestCountersigning:
    def test_an_unsigned_act_goes_to_the_district_though_the_issue_is_closed(self, world):
        issue = world.walk("sign", "handle", "check", "close")
        assert not issue.is_open
        noon = local(3, 11, 12)
        Issue.objects.filter(pk=issue.pk).update(countersign_by=noon)
        issue.refresh_from_db()
        turn = Turn(issue, scope=None, seat=None, now=local(3, 11, 6))
        turn.apply(RULES[Verb.NOTE], to=State(issue.state), clock_acts=[ClockAct.START_COUNTERSIGN])
        turn.save()
        clock = running(issue, "countersign")
        assert clock.due_at == noon
        assert problems(noon) == set()
        sweep(now=noon)
        event = issue.events.get(verb="escalate")
        assert (event.from_state, event.facts["clock"]) == ("closed", "countersign")
        assert told(issue, "escalated") == ["district", "leader"]
        assert problems(noon + timedelta(minutes=30)) == set()
