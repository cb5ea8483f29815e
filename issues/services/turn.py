"""A turn: what one person's verb changes about one issue, written together."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from issues import chain, clocks
from issues.models import Assignment, Attachment, Clock, Event, EventText, Issue
from issues.services.telling import tell
from issues.workflow import OPEN, ClockAct, Rule, State
from matters.models import ClockKind
from matters.queries import stage_limit
from partyorgs.models import Organization
from partyorgs.queries import Staff
from partyorgs.rules import Scope, Seat
from worktime.queries import work_calendar

# What a verb may change; everything else is written once, with the report.
CHANGING = [
    "state", "is_open", "level", "category", "condition", "critical", "unit", "doer",
    "yellow_at", "due_at", "returns", "reworks", "outcome", "handled_at", "checked_at",
    "closed_at", "version", "event_count", "last_hash",
]  # fmt: skip
STARTS = {
    ClockAct.START_ACCEPT: Clock.Kind.ACCEPT,
    ClockAct.START_DISPATCH: Clock.Kind.DISPATCH,
    ClockAct.START_HANDLE: Clock.Kind.HANDLE,
    ClockAct.START_CHECK: Clock.Kind.CHECK,
}


class Turn:
    """Collects events, clocks, assignments and notices of one issue, then saves them.

    The caller holds the issue's row lock, or has not saved the issue yet. A
    clock that starts and stops within the turn never existed for anybody and is
    not stored. `events`, `clock` and `photos` are what was written, for whoever shows the
    result without reading it back.
    """

    def __init__(self, issue: Issue, *, scope: Scope, seat: Seat, now: datetime) -> None:
        self.issue = issue
        self.scope = scope
        self.seat = seat
        self.now = now
        self.staff: Staff | None = None
        self.clock: Clock | None = None
        self.photos: list[Attachment] = []
        self.events: list[Event] = []
        self._texts: list[EventText] = []
        self._assignments: list[Assignment] = []
        self._starts: Clock.Kind | None = None
        self._stops = False
        self._last: Rule | None = None

    def apply(
        self,
        rule: Rule,
        *,
        to: State,
        clock_acts: Iterable[ClockAct] | None = None,
        facts: dict[str, Any] | None = None,
        text: str = "",
        unit: Organization | None = None,
        on_behalf_of: Organization | None = None,
    ) -> None:
        """Move the issue by the rule and append the event."""
        event = Event(
            at=self.now,
            verb=rule.verb,
            actor=self.scope.user,
            post=self.seat.post,
            from_state=self.issue.state if self.issue.event_count else "",
            to_state=to,
            unit=unit,
            on_behalf_of=on_behalf_of,
            facts=facts or {},
            public=rule.public,
        )
        if text:
            salt = chain.salt()
            event.text_digest = chain.text_digest(text, salt=salt)
            self._texts.append(EventText(event=event, text=text, salt=salt))
        chain.append(self.issue, event)
        self.events.append(event)
        self.issue.state = to
        self.issue.is_open = to in OPEN
        self._last = rule
        for act in rule.clocks if clock_acts is None else clock_acts:
            self._clock(act)

    def note_reasons(self, reasons: list[dict[str, Any]]) -> None:
        """Add to the last event why nothing more happened; only before it is saved."""
        event = self.events[-1]
        event.facts = event.facts | {"reasons": reasons}
        event.hash = chain.event_hash(event, number=self.issue.number)
        self.issue.last_hash = event.hash

    def _clock(self, act: ClockAct) -> None:
        if act is ClockAct.STOP:
            self._stops, self._starts = True, None
        else:
            self._starts = STARTS[act]

    def send_to(
        self, *, unit: Organization, doer: Organization | None, helpers: Iterable[Organization] = ()
    ) -> None:
        """Make `unit` the lead from now on; earlier assignments end."""
        if self.issue.pk:
            self.issue.assignments.filter(ended_at=None).update(ended_at=self.now)
        self.issue.unit = unit
        self.issue.doer = doer
        self._assignments = [
            Assignment(unit=unit, doer=doer, started_at=self.now),
            *(
                Assignment(unit=helper, role=Assignment.Role.HELPER, started_at=self.now)
                for helper in helpers
            ),
        ]

    def save(self) -> Issue:
        """Write everything; the issue's version goes up by one."""
        issue = self.issue
        new = issue.pk is None
        self.clock = self._next_clock()
        if new:
            issue.save(force_insert=True)
        else:
            issue.version += 1
            issue.save(update_fields=CHANGING)
        self._save_events()
        for assignment in self._assignments:
            assignment.issue = issue
        Assignment.objects.bulk_create(self._assignments)
        if not new:
            self._settle_running_clock()
        if self.clock:
            self.clock.issue = issue
            self.clock.save(force_insert=True)
        if self._last is not None:
            tell(
                issue=issue,
                rule=self._last,
                actor=self.scope.user,
                staff=self.staff,
                now=self.now,
            )
        return issue

    def _settle_running_clock(self) -> None:
        """Stop it where the rule says so; else it runs on, for whoever has the work now."""
        running = self.issue.clocks.filter(stopped_at=None)
        if self._stops:
            running.update(stopped_at=self.now)
        elif self._assignments:
            running.update(organization=self.issue.unit)

    def _save_events(self) -> None:
        for event in self.events:
            event.issue = self.issue
        Event.objects.bulk_create(self.events)
        for text in self._texts:
            text.event_id = text.event.pk
        if self._texts:
            EventText.objects.bulk_create(self._texts)

    def _next_clock(self) -> Clock | None:
        """The clock that runs from now on, with its due time shown on the issue."""
        if self._starts is None:
            if self._stops:
                self.issue.yellow_at = self.issue.due_at = None
            return None
        kind = self._starts
        limit = self._limit(kind)
        granted = self._granted(kind, limit)
        due = clocks.start(granted, at=self.now, calendar=work_calendar())
        self.issue.yellow_at, self.issue.due_at = due.yellow_at, due.due_at
        return Clock(
            organization=self.issue.unit,
            kind=kind,
            limit_clock=ClockKind.CONTINUOUS if limit.continuous else ClockKind.WORKING,
            limit_minutes=limit.minutes,
            granted_minutes=granted.minutes,
            started_at=self.now,
            yellow_at=due.yellow_at,
            due_at=due.due_at,
            provisional=due.provisional,
        )

    def _limit(self, kind: Clock.Kind) -> clocks.Limit:
        if kind is Clock.Kind.HANDLE:
            condition = self.issue.condition
            if condition is None:
                raise ValueError("an issue without a filing condition has no handling limit")
            return clocks.Limit(condition.minutes, condition.critical)
        stage = stage_limit(kind)
        return clocks.Limit(stage.minutes, stage.clock == ClockKind.CONTINUOUS)

    def _granted(self, kind: Clock.Kind, limit: clocks.Limit) -> clocks.Limit:
        """The whole limit; after a failed check what was left of it, a quarter at least."""
        if kind is not Clock.Kind.HANDLE or not self.issue.pk:
            return limit
        last = self.issue.clocks.filter(kind=kind).order_by("-started_at", "-pk").first()
        if last is None or last.stopped_at is None:
            return limit
        left = clocks.between(
            last.stopped_at, last.due_at, continuous=limit.continuous, calendar=work_calendar()
        )
        return clocks.rework(limit, left=left)
