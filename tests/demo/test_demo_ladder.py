"""The demo's past climbed its ladders: held against the words of the rules, and the engine."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from accounts.models import User
from issues.escalation.audit import audit
from issues.escalation.sweep import sweep
from issues.models import Clock, Event, Issue, Ladder, Step
from issues.rules import allowed
from issues.workflow import State, Verb
from notices.models import Notice
from partyorgs.rules import scope_of
from tests.demo.conftest import UNTIL
from worktime.queries import stamped_calendar

# Whole districts are built: CI does it, `make test` need not.
pytestmark = pytest.mark.slow

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = ((time(8), time(12)), (time(14), time(18)))
# Level: what it does, percent of the limit after due, working minutes after due at least.
LATER = {
    "limit": {2: ("supervise", 50, 480), 3: ("escalate", 100, 1440), 4: ("escalate", 200, 2400)},
    "answer": {2: ("escalate", 100, 480)},
    "duty": {2: ("call", 100, 0)},
    "decide": {2: ("fall_back", 100, 0)},
    "approve": {},
    "whistle": {},
}
# What comes at due where it is not a chase; nothing is said at yellow then.
AT_DUE = {"duty": "call", "approve": "next_deputy", "whistle": "escalate"}
SIDE = ("answer", "duty", "decide", "approve", "whistle_answer", "whistle_approve")


def use_of(kind):
    """The ladder that a clock of this kind is on."""
    return kind.partition("_")[0] if kind in SIDE else "limit"


def worked(start, minutes, works):
    """So much working time after start, span by span."""
    left, day = timedelta(minutes=minutes), start.astimezone(SHANGHAI).date()
    if not left:
        return start
    while True:
        for opens, closes in OFFICE if works(day) else ():
            begin = max(start, datetime.combine(day, opens, SHANGHAI).astimezone(UTC))
            end = datetime.combine(day, closes, SHANGHAI).astimezone(UTC)
            if end - begin >= left:
                return begin + left
            left -= max(end - begin, timedelta())
        day += timedelta(days=1)


def rungs(clock, works):
    """Level, verb and minute of every rung, from the limit and its start alone."""
    use = use_of(clock.kind)
    continuous = clock.limit_clock == "continuous"

    def after(at, minutes):
        return at + timedelta(minutes=minutes) if continuous else worked(at, minutes, works)

    granted = clock.granted_minutes
    yellow = max(0, min(granted * 3 // 4, granted - (15 if continuous else 60)))
    due = after(clock.started_at, granted)
    found = [] if use in AT_DUE else [(0, "remind", after(clock.started_at, yellow))]
    found.append((1, AT_DUE.get(use, "chase"), due))
    for level, (verb, share, least) in LATER[use].items():
        at = after(due, -(-clock.limit_minutes * share // 100))
        if not clock.critical and least:
            at = max(at, worked(due, least, works))
        late_check = clock.kind == "check" and verb == "supervise"
        found.append((level, "chase" if late_check else verb, at))
    return found


def test_every_rung_was_taken_at_its_minute_and_none_besides(demo):
    calendar = stamped_calendar()[1]
    taken = defaultdict(list)
    steps = Step.objects.select_related("clock")
    events = {
        (event.issue_id, event.seq): event
        for event in Event.objects.filter(actor=None, issue__isnull=False)
    }
    for step in steps:
        event = events.pop((step.clock.issue_id, step.seq))
        taken[step.clock_id].append((step.level, event.verb, step.due_at))
        assert step.at == step.due_at == event.at
        assert not step.skipped
        assert event.facts["level"] == step.level
        assert event.facts["clock"] == step.clock.kind
    for clock in Clock.objects.select_related("issue"):
        ladder = rungs(clock, lambda day: calendar.day(day).works)
        end = clock.stopped_at or clock.paused_at or UNTIL
        assert taken[clock.pk] == [rung for rung in ladder if rung[2] <= end], clock
        assert clock.level == max([rung[0] for rung in taken[clock.pk]], default=-1)
        coming = [at for _level, _verb, at in ladder if at > end]
        if clock.paused_at:
            # What is held still waits for nothing but the day on which it goes on.
            coming = [clock.issue.suspended_until]
        assert clock.next_at == (coming[0] if coming and not clock.stopped_at else None)
    assert {event.verb for event in events.values()} <= {Verb.CALL, Verb.RAISE}


def test_clocks_carry_what_they_were_started_with(demo):
    stamp = stamped_calendar()[0]
    ladders = {ladder.use: ladder.pk for ladder in Ladder.objects.filter(replaced_at=None)}
    for clock in Clock.objects.select_related("issue"):
        assert (clock.calendar, clock.calendar_stamp) == ("default", stamp)
        assert clock.critical == clock.issue.critical
        assert clock.ladder_id == ladders[use_of(clock.kind)]
        assert clock.parked_at is None


def test_what_happened_stands_in_order_of_time(demo):
    for issue in Issue.objects.prefetch_related("events"):
        assert all(a.at <= b.at for a, b in pairwise(issue.events.all()))


def test_issues_show_their_ladder(demo):
    for issue in Issue.objects.prefetch_related("clocks"):
        running = {clock.kind: clock for clock in issue.clocks.all() if not clock.stopped_at}
        main = [clock for kind, clock in running.items() if kind not in SIDE]
        assert len(main) == issue.is_open
        assert issue.escalated == max([clock.level for clock in main] + [0])
        answer, duty = running.get("answer"), running.get("duty")
        assert issue.answer_due_at == (answer.due_at if answer else None)
        assert issue.called_at == (duty.started_at if duty else None)


def test_most_orders_were_answered_by_the_unit(demo):
    orders = Clock.objects.filter(kind="answer", stopped_at__isnull=False).count()
    answers = Event.objects.filter(verb=Verb.ANSWER)
    assert orders
    assert answers.count() > orders / 4
    assert not answers.filter(text__text="").exists()


def test_closing_says_that_steps_ended(demo):
    ended = Event.objects.filter(verb__in=[Verb.CLOSE, Verb.REJECT, Verb.CANCEL])
    assert Counter(event.facts.get("steps_ended") for event in ended)[True] > ended.count() / 2


def test_the_sweep_takes_only_what_came_since(demo):
    assert sweep(now=UNTIL).steps == 0
    found = audit(now=UNTIL + timedelta(seconds=1))
    assert found.well, found
    before = Step.objects.count()
    later = UNTIL + timedelta(hours=2)
    coming = Clock.objects.filter(next_at__lte=later).count()
    assert coming
    assert sweep(now=later).steps >= coming
    new = Step.objects.filter(at=later)
    assert new.count() == Step.objects.count() - before
    assert not new.filter(due_at__lte=UNTIL).exists()


def test_the_commands_find_nothing_wrong(demo):
    call_command("verify_audit", verbosity=0)


def kinds(account):
    notices = Notice.objects.filter(recipient__username=account, state=Notice.State.SENT)
    return set(notices.values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("account", "told"),
    [
        ("unit", {"chased"}),
        ("branch", {"supervised"}),
        ("leader", {"supervised", "raised"}),
        ("street", {"called", "raised"}),
    ],
)
def test_demo_accounts_heard_of_it(demo, account, told):
    assert kinds(account) >= told


def test_an_order_waits_for_the_unit(demo):
    scope = scope_of(User.objects.get(username="unit"), now=UNTIL)
    waiting = Issue.objects.visible_to(scope).filter(answer_due_at__gt=UNTIL, state=State.HANDLING)
    assert any(Verb.ANSWER in {rule.verb for rule in allowed(scope, one)} for one in waiting)


def test_an_issue_came_back_three_times_and_is_with_the_districts_desk(demo):
    issue = Issue.objects.get(raised_to="street", state=State.RETURNED, is_open=True)
    assert issue.returns == 3
    assert issue.unit.area.level == "community"
    scope = scope_of(User.objects.get(username="district"), now=UNTIL)
    assert Verb.JUDGE in {rule.verb for rule in allowed(scope, issue)}


def test_something_critical_called_the_duty_at_night(demo):
    call = Event.objects.filter(verb=Verb.CALL, facts__level=0, issue__is_open=True).last()
    street = User.objects.get(username="street")
    assert call.facts["called"] == [street.pk]
    assert call.issue.critical
