"""What the ladder owes, worked out anew and naively, and held against what is on record.

It knows the rungs by heart, walks working time minute by minute, and takes nothing
from the code it judges but the due times of the limits.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

from accounts.models import User
from issues import chain
from issues.models import Clock, Event, Issue, Step
from notices.models import Notice
from worktime.models import Day, Span

MINUTE = timedelta(minutes=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = 480  # working minutes
# Level, whether it comes at yellow, percent of the limit, working minutes at least.
MAIN = [(0, True, 0, 0), (1, False, 0, 0), (2, False, 50, DAY), (3, False, 100, 3 * DAY),
        (4, False, 200, 5 * DAY)]  # fmt: skip
ANSWER = [(0, True, 0, 0), (1, False, 0, 0), (2, False, 100, DAY)]
DECIDE = [(0, True, 0, 0), (1, False, 0, 0), (2, False, 100, 0)]
LADDERS = {"answer": ANSWER, "decide": DECIDE}
# Whom the rungs reach in the small district, for a matter of the cleaning unit in cell a1.
TOLD_MAIN = [{"handler"}, {"handler", "unit"}, {"leader", "branch"}, {"leader"}, {"district"}]
TOLD_ANSWER = [{"leader"}, {"leader", "unit", "branch"}, {"leader"}]
# The desk that was silent and its leader; at last the territory takes it, told another way.
TOLD_DECIDE = [{"street"}, {"street", "leader"}, set()]
TOLD = {"answer": TOLD_ANSWER, "decide": TOLD_DECIDE}
BY_LADDER = ("remind", "chase", "supervise", "escalate")
# Whether the duty is called depends on the hour at which this runs: other tests hold it.
JUDGED = ("handle", "answer", "decide")


@lru_cache(maxsize=1)
def working_minutes():
    """The beginning of every working minute from two months ago to four months ahead, in UTC."""
    today = datetime.now(SHANGHAI).date()
    days = Day.objects.filter(
        calendar__code="default", kind__in=["workday", "makeup"],
        date__range=(today - timedelta(days=60), today + timedelta(days=120)),
    )  # fmt: skip
    spans = list(Span.objects.filter(calendar__code="default").values_list("starts", "ends"))
    return [
        minute
        for day in days.order_by("date").values_list("date", flat=True)
        for starts, ends in sorted(spans)
        for minute in _minutes(day, starts, ends)
    ]


def _minutes(day: date, starts, ends):
    at = datetime.combine(day, starts, SHANGHAI).astimezone(ZoneInfo("UTC"))
    end = datetime.combine(day, ends, SHANGHAI).astimezone(ZoneInfo("UTC"))
    while at < end:
        yield at
        at += MINUTE


def later(at, minutes):
    """So many working minutes after an instant in working time, or after the next such instant."""
    if not minutes:
        return at
    calendar = working_minutes()
    index = bisect_right(calendar, at) - 1
    rest = at - calendar[index]
    if rest >= MINUTE:
        index, rest = bisect_left(calendar, at), timedelta(0)
    return calendar[index + minutes] + rest


def rungs_of(clock):
    """Every rung of the clock, lowest first: level and when it comes."""
    found = []
    for level, at_yellow, share, minutes in LADDERS.get(clock.kind, MAIN):
        if at_yellow:
            found.append((level, clock.yellow_at))
            continue
        amount = -(-clock.limit_minutes * share // 100)
        if clock.limit_clock == "continuous":
            by_share = clock.due_at + amount * MINUTE
        else:
            by_share = later(clock.due_at, amount)
        at = by_share if clock.critical else max(by_share, later(clock.due_at, minutes))
        found.append((level, at))
    return found


@dataclass
class Verdict:
    """How the record differs from what was owed at `now`; all is well when nothing does."""

    owed: int
    lost: int
    doubled: int
    wrong: list[str]

    @property
    def well(self):
        return not (self.lost or self.doubled or self.wrong)

    def __str__(self):
        told = f"; {len(self.wrong)} wrong: {self.wrong[:5]}" if self.wrong else ""
        return f"owed {self.owed}, lost {self.lost}, doubled {self.doubled}{told}"


def judge(now, *, leave_out=frozenset()):
    """Hold steps, events, orders, notices and chains against what was owed at `now`.

    `leave_out`: ids of issues that are not to be judged, those with a parked limit.
    """
    clocks = Clock.objects.exclude(issue__in=leave_out).filter(kind__in=JUDGED)
    clocks = list(clocks.select_related("issue").defer("issue__description"))
    owed = {}
    times = {}
    for clock in clocks:
        key = (clock.kind, clock.yellow_at, clock.due_at, clock.limit_minutes, clock.critical)
        if key not in times:
            # What is not yet due at all is not worked out: its rungs cannot be owed.
            rungs = rungs_of(clock) if clock.yellow_at <= now else []
            times[key] = [(level, at) for level, at in rungs if at <= now]
        owed |= {(clock.pk, level): at for level, at in times[key]}
    found = Step.objects.exclude(clock__issue__in=leave_out).filter(clock__kind__in=JUDGED)
    steps = list(found.select_related("clock__issue"))
    wrong = [*_steps(steps, owed), *_orders(clocks, owed), *_chains(leave_out)]
    wrong += _returns(clocks, owed)
    events, doubled = _events(steps, leave_out)
    notices = _notices(steps, leave_out)
    taken = Counter((step.clock_id, step.level) for step in steps)
    doubled += sum(n - 1 for n in taken.values())
    lost = len(owed.keys() - taken.keys())
    return Verdict(len(owed), lost, doubled, wrong + events + notices)


def _steps(steps, owed):
    for step in steps:
        key = step.clock_id, step.level
        if key not in owed:
            yield f"{key}: a step that was not owed"
        elif step.due_at != owed[key]:
            yield f"{key}: due at {step.due_at}, owed at {owed[key]}"


def _events(steps, leave_out):
    """Each step has one event, by the number it says, and the ladder left no other."""
    events = Event.objects.exclude(issue__in=leave_out)
    fallen = events.filter(verb="fall_back")
    events = events.filter(verb__in=BY_LADDER)
    said = Counter(
        (issue, facts["clock"], facts["level"], seq)
        for issue, facts, seq in events.values_list("issue", "facts", "seq")
        if facts.get("by_rule") and facts["clock"] in JUDGED
    )
    said += Counter((issue, "decide", 2, seq) for issue, seq in fallen.values_list("issue", "seq"))
    meant = Counter((s.clock.issue_id, s.clock.kind, s.level, s.seq) for s in steps)
    several = Counter(key[:3] for key in said)
    return (
        [f"{key}: event and step differ" for key in (said - meant) + (meant - said)],
        sum(n - 1 for n in several.values()),
    )


def _orders(clocks, owed):
    """Each issue says what its limit reached; from the second rung on one order waits."""
    have = Counter(clock.issue_id for clock in clocks if clock.kind == "answer")
    top = {}
    for key, level in owed:
        top[key] = max(level, top.get(key, 0))
    for clock in clocks:
        if clock.kind != "handle":
            continue
        number, reached = clock.issue.number, top.get(clock.pk, -1)
        if have[clock.issue_id] != (reached >= 2):
            yield f"{number}: {have[clock.issue_id]} orders"
        if (clock.level, clock.issue.escalated) != (reached, max(reached, 0)):
            yield f"{number}: at {clock.level}, says {clock.issue.escalated}, reached {reached}"


def _returns(clocks, owed):
    """What nobody decided on is the territory's: one lead, the decision on record."""
    for clock in clocks:
        if clock.kind != "decide":
            continue
        issue, fallen = clock.issue, (clock.pk, 2) in owed
        if fallen != (issue.state == "dispatched" and clock.stopped_at is not None):
            yield f"{issue.number}: {issue.state} with the decision at {clock.level}"
        how = list(issue.sent_back.values_list("how", flat=True))
        if how != (["territory"] if fallen else [""]):
            yield f"{issue.number}: decided by {how}"
        leads = issue.assignments.filter(role="lead", ended_at=None)
        desks = list(leads.values_list("unit__kind", flat=True))
        if fallen and desks != ["desk"]:
            yield f"{issue.number}: led by {desks}"


def _chains(leave_out):
    """Every issue's events are whole, and the issue counts them right."""
    found = Event.objects.exclude(issue__in=leave_out).select_related("text")
    rows = groupby(found.order_by("issue_id", "seq"), key=lambda event: event.issue_id)
    events = {issue: list(group) for issue, group in rows}
    for issue in Issue.objects.exclude(pk__in=leave_out).defer("description"):
        own = events.get(issue.pk, [])
        if issue.event_count != len(own):
            yield f"{issue.number}: counts {issue.event_count} events of {len(own)}"
        yield from (f"{issue.number} #{seq}: {fault}" for seq, fault in chain.faults(issue, own))


def _notices(steps, leave_out):
    """One notice in the product for each step and person it reaches, and no other."""
    names = dict(User.objects.values_list("pk", "username"))
    left = set(Issue.objects.filter(pk__in=leave_out).values_list("number", flat=True))
    stored = Notice.objects.filter(
        channel="in_app", kind__in=["reminder", "chased", "supervised", "escalated"]
    ).values_list("key", "subject_key", "recipient")
    have = Counter(
        (key.partition("|")[0], names[user])
        for key, subject, user in stored
        if subject.partition(":")[2] not in left
    )
    meant = Counter()
    for step in steps:
        told = TOLD.get(step.clock.kind, TOLD_MAIN)
        for name in told[step.level]:
            meant[f"{step.clock.issue.number}:{step.seq}", name] += 1
    missing, unasked = meant - have, have - meant
    return [f"{key}: notice missing" for key in missing] + [
        f"{key}: notice that nobody owed" for key in unasked
    ]
