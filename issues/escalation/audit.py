"""Who watches the watchman: what should have happened, held against what did.

It asks other questions than the sweep does: by due times and by what is on
record, not by the sweep's own column alone. Each is one range of an index or a
count over a partial one, so that a million issues take under a second.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from issues.models import Clock, Event, Issue, Pulse, Rung, Step
from notices.models import Channel, Notice

PATIENCE = timedelta(minutes=5)
LONGEST = timedelta(hours=26)
OVERLAP = timedelta(hours=1)
KINDS = ("reminder", "chased", "supervised", "escalated", "called")
MOST = 1000
EXAMPLES = 5


@dataclass(frozen=True)
class Finding:
    """How many rows answer one question badly, up to MOST, and the numbers of some issues."""

    code: str
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audit:
    """The findings of one round; `well` when there is nothing to repair."""

    at: datetime
    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        return not self.problems

    @property
    def problems(self) -> int:
        return sum(finding.count for finding in self.findings)


@dataclass(frozen=True)
class Window:
    """What the questions look at: `until` leaves the sweep its time, `since` overlaps."""

    now: datetime
    since: datetime

    @property
    def until(self) -> datetime:
        return self.now - PATIENCE


def audit(*, now: datetime) -> Audit:
    """Ask every question of QUESTIONS at `now`; what was recorded is looked at since last time."""
    last = Pulse.objects.filter(name="audit").values_list("at", flat=True).first()
    since = max(now - LONGEST, (last or now) - OVERLAP)
    window = Window(now, since)
    return Audit(now, tuple(question(window) for question in QUESTIONS))


def _without_clock(_window: Window) -> Finding:
    """Every open issue has one main clock, running or held still: the two counts are equal."""
    running = Clock.objects.filter(stopped_at=None, kind__in=Clock.MAIN).count()
    missing = Issue.objects.filter(is_open=True).count() - running
    return Finding("open_without_clock", abs(missing))


def _yellow_without_step(window: Window) -> Finding:
    late = _running().filter(yellow_at__lt=window.until, due_at__gte=window.until)
    return _not_taken("yellow_without_step", late, Q(base=Rung.Base.YELLOW))


def _due_without_step(window: Window) -> Finding:
    late = _running().filter(due_at__lt=window.until)
    return _not_taken("due_without_step", late, Q(base=Rung.Base.DUE, share=0, minutes=0))


def _not_taken(code: str, late: QuerySet[Clock], rung: Q) -> Finding:
    """Clocks whose rung of that moment left no record."""
    level = Rung.objects.filter(rung, ladder=OuterRef("ladder")).values("level")[:1]
    taken = Step.objects.filter(clock=OuterRef("pk"), level=OuterRef("owed"))
    # A limit that was held still goes on above the rungs that came before.
    before = Clock.objects.filter(
        issue=OuterRef("issue"),
        kind=OuterRef("kind"),
        paused_at__isnull=False,
        stopped_at=OuterRef("started_at"),
        level__gte=OuterRef("owed"),
    )
    owing = late.annotate(owed=level).filter(~Exists(taken), ~Exists(before), owed__isnull=False)
    return _of_clocks(code, owing)


def _overdue_step(window: Window) -> Finding:
    """A rung that nobody took, or an issue that nobody woke."""
    waiting = Clock.objects.filter(stopped_at=None, parked_at=None, next_at__lt=window.until)
    return _of_clocks("step_overdue", waiting)


def _parked(_window: Window) -> Finding:
    parked = Clock.objects.filter(stopped_at=None, parked_at__isnull=False)
    return _of_clocks("parked", parked)


def _step_without_event(window: Window) -> Finding:
    told = Event.objects.filter(issue=OuterRef("clock__issue"), seq=OuterRef("seq"))
    found = _recorded(window).filter(~Exists(told))
    numbers = list(found.order_by().values_list("clock__issue__number", flat=True)[:MOST])
    return Finding("step_without_event", len(numbers), tuple(numbers[:EXAMPLES]))


def _step_without_notice(window: Window) -> Finding:
    """Notices in the product owed by the recorded steps of an issue at an instant."""
    owed = _recorded(window).filter(owed__gt=0).order_by()
    rows = owed.values_list("clock__issue__number", "at").annotate(n=Sum("owed"))
    stored = Notice.objects.filter(
        created_at__gte=window.since, channel=Channel.IN_APP, kind__in=KINDS
    ).order_by()
    have: Counter[tuple[str, datetime]] = Counter()
    for subject, at, n in stored.values_list("subject_key", "created_at").annotate(n=Count("pk")):
        have[subject.partition(":")[2], at] = n
    short = [number for number, at, n in rows if have[number, at] < n]
    return Finding("step_without_notice", len(short), tuple(short[:EXAMPLES]))


def _old_leases(window: Window) -> Finding:
    held = Notice.objects.filter(state=Notice.State.SENDING, lease_until__lt=window.until)
    return Finding("lease_too_old", held.order_by()[:MOST].count())


def _old_notices(window: Window) -> Finding:
    """Notices whose first attempt is overdue: nobody sends."""
    waiting = Notice.objects.filter(
        state=Notice.State.PENDING, next_attempt_at__lt=window.until, attempts=0
    )
    return Finding("notice_unsent", waiting.order_by()[:MOST].count())


def _running() -> QuerySet[Clock]:
    """Limits of which time goes by: not what is held still."""
    return Clock.objects.filter(
        stopped_at=None, parked_at=None, paused_at=None, ladder__isnull=False
    )


def _recorded(window: Window) -> QuerySet[Step]:
    return Step.objects.filter(at__gte=window.since, at__lt=window.until)


def _of_clocks(code: str, clocks: QuerySet[Clock]) -> Finding:
    numbers = list(clocks.order_by().values_list("issue__number", flat=True)[:MOST])
    return Finding(code, len(numbers), tuple(numbers[:EXAMPLES]))


QUESTIONS: tuple[Callable[[Window], Finding], ...] = (
    _without_clock,
    _yellow_without_step,
    _due_without_step,
    _overdue_step,
    _parked,
    _step_without_event,
    _step_without_notice,
    _old_leases,
    _old_notices,
)
