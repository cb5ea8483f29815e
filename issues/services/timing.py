"""Starting clocks: the limit, the calendar, the due time and the first rung of the ladder."""

from dataclasses import dataclass, field
from datetime import datetime

from issues import clocks
from issues.ladders import current_rungs, put_on_ladder
from issues.models import Clock, Issue, Rung
from issues.workflow import ClockAct
from matters.models import ClockKind, StageLimit
from matters.queries import stage_limit
from partyorgs.models import Organization
from partyorgs.queries import calendar_code_of
from worktime.arithmetic import WorkCalendar
from worktime.queries import stamped_calendar


@dataclass
class Timing:
    """Starts clocks; what it reads it reads once, so keep one for a turn or a batch."""

    _calendars: dict[str, tuple[str, WorkCalendar]] = field(default_factory=dict)
    _rungs: dict[str, list[Rung]] = field(default_factory=dict)
    _stages: dict[str, clocks.Limit] = field(default_factory=dict)

    def calendar(self, code: str) -> WorkCalendar:
        return self._stamped(code)[1]

    def _stamped(self, code: str) -> tuple[str, WorkCalendar]:
        if code not in self._calendars:
            self._calendars[code] = stamped_calendar(code)
        return self._calendars[code]

    def start(
        self,
        issue: Issue,
        kind: Clock.Kind,
        *,
        at: datetime,
        unit: Organization | None,
        act: ClockAct | None = None,
        extra: int = 0,
        limit: clocks.Limit | None = None,
    ) -> Clock:
        """A clock for the issue, not yet saved.

        `unit`: whose time it is; its own calendar counts. `act`: a handling clock
        that goes on with what was left: `again` after a failed check with a
        quarter at least, `extend` with `extra` minutes more, `resume` exactly and
        on the rung where it was held. `limit`: another than the kind's own.
        """
        limit = limit or self._limit(issue, kind, at)
        code = calendar_code_of(unit)
        stamp, calendar = self._stamped(code)
        last = self._last(issue) if act else None
        lived = self.calendar(last.calendar) if last else calendar
        granted = _granted(limit, last, act, extra, at, calendar, lived) if act and last else limit
        due = clocks.start(granted, at=at, calendar=calendar)
        clock = Clock(
            issue=issue,
            organization=unit,
            kind=kind,
            limit_clock=ClockKind.CONTINUOUS if limit.continuous else ClockKind.WORKING,
            calendar=code,
            calendar_stamp=stamp,
            critical=issue.critical,
            limit_minutes=limit.minutes,
            granted_minutes=granted.minutes,
            started_at=at,
            yellow_at=due.yellow_at,
            due_at=due.due_at,
            provisional=due.provisional,
        )
        if act is ClockAct.RESUME and last:
            clock.level = last.level
        put_on_ladder(clock, self._rungs_for(kind), calendar)
        return clock

    def _rungs_for(self, kind: Clock.Kind) -> list[Rung]:
        if kind not in self._rungs:
            self._rungs[kind] = current_rungs(kind)
        return self._rungs[kind]

    def _limit(self, issue: Issue, kind: Clock.Kind, at: datetime) -> clocks.Limit:
        if kind == Clock.Kind.COUNTERSIGN:
            until = issue.countersign_by or at
            return clocks.Limit(max(1, round((until - at).total_seconds() / 60)), continuous=True)
        if kind == Clock.Kind.HANDLE:
            if issue.condition is None:
                raise ValueError("an issue without a filing condition has no handling limit")
            return clocks.Limit(issue.condition.minutes, issue.condition.critical)
        stage: str = kind
        if kind == Clock.Kind.ANSWER and issue.critical:
            stage = StageLimit.Stage.ANSWER_NOW
        if stage not in self._stages:
            found = stage_limit(stage)
            self._stages[stage] = clocks.Limit(found.minutes, found.clock == ClockKind.CONTINUOUS)
        return self._stages[stage]

    def _last(self, issue: Issue) -> Clock | None:
        """The handling clock that ran last; None for an issue that was never handled."""
        return issue.clocks.filter(kind=Clock.Kind.HANDLE).order_by("-started_at", "-pk").first()


def _granted(
    limit: clocks.Limit,
    last: Clock,
    act: ClockAct,
    extra: int,
    at: datetime,
    calendar: WorkCalendar,
    lived: WorkCalendar,
) -> clocks.Limit:
    """What a handling clock goes on with, in minutes of its own kind of time.

    `lived`: the calendar by which the last one ran.
    """
    continuous = limit.continuous
    if last.paused_at:
        # Not from its due time, which no calendar has moved while it was held still.
        used = clocks.between(
            last.started_at, last.paused_at, continuous=continuous, calendar=lived
        )
        left = last.granted_minutes - used
    else:
        held = last.stopped_at or at
        left = clocks.between(held, last.due_at, continuous=continuous, calendar=calendar)
    if act is ClockAct.AGAIN:
        return clocks.rework(limit, left=left)
    return clocks.Limit(max(1, left + extra), limit.continuous)
