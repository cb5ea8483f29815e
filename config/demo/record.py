"""The rows of one issue, written as the services would write them; decides nothing."""

from datetime import datetime
from random import Random
from typing import Any, cast

from config.demo.rows import AssignmentRow, ClockRow, EventRow, IssueRow, Life, TextRow
from config.demo.world import Person, World
from issues import chain, clocks
from issues.models import Assignment, Clock, Event, Issue
from issues.workflow import OPEN, Rule, State
from matters.models import ClockKind


class Record:
    """Writes the rows of one issue as the services would; decides nothing."""

    def __init__(self, issue: IssueRow, *, world: World, rng: Random) -> None:
        self.life = Life(issue)
        self.issue = issue
        self.world = world
        self.calendar = world.calendar
        self.rng = rng
        self.limit = clocks.Limit(1, continuous=False)

    def apply(
        self,
        rule: Rule,
        *,
        at: datetime,
        by: Person,
        to: State,
        unit: int | None = None,
        on_behalf_of: int | None = None,
        facts: dict[str, Any] | None = None,
        text: str = "",
    ) -> None:
        """Append the event and move the issue; clocks are the caller's."""
        issue = self.issue
        event = EventRow(
            at=at, verb=str(rule.verb), actor_id=by.user, post_id=by.post,
            from_state=issue.state, to_state=str(to), unit_id=unit,
            on_behalf_of_id=on_behalf_of, facts=facts or {}, public=rule.public,
        )  # fmt: skip
        if text:
            salt = f"{self.rng.getrandbits(128):032x}"
            event.text_digest = chain.text_digest(text, salt=salt)
            self.life.texts.append(TextRow(event, text, salt))
        self.chain(event)
        issue.state, issue.is_open = str(to), to in OPEN

    def chain(self, event: EventRow) -> None:
        # The rows have the attributes that the chain reads.
        chain.append(cast(Issue, self.issue), cast(Event, event))
        self.life.events.append(event)

    def stop_clock(self, at: datetime) -> None:
        if self.life.clocks and self.life.clocks[-1].stopped_at is None:
            self.life.clocks[-1].stopped_at = at
        self.issue.yellow_at = self.issue.due_at = None

    def start_clock(self, kind: Clock.Kind, at: datetime) -> None:
        """Start a limit; handling goes on with what a failed check left of it."""
        handling = kind is Clock.Kind.HANDLE
        limit = self.limit if handling else self.world.limits[str(kind)]
        granted = self._granted(limit) if handling else limit
        due = clocks.start(granted, at=at, calendar=self.calendar)
        clock = ClockRow(
            organization_id=self.issue.unit_id,
            kind=str(kind),
            limit_clock=str(ClockKind.CONTINUOUS if limit.continuous else ClockKind.WORKING),
            limit_minutes=limit.minutes,
            granted_minutes=granted.minutes,
            started_at=at,
            yellow_at=due.yellow_at,
            due_at=due.due_at,
            provisional=due.provisional,
        )
        self.life.clocks.append(clock)
        self.issue.yellow_at, self.issue.due_at = due.yellow_at, due.due_at

    def _granted(self, limit: clocks.Limit) -> clocks.Limit:
        earlier = [clock for clock in self.life.clocks if clock.kind == Clock.Kind.HANDLE]
        if not earlier or earlier[-1].stopped_at is None:
            return limit
        left = clocks.between(
            earlier[-1].stopped_at, earlier[-1].due_at,
            continuous=limit.continuous, calendar=self.calendar,
        )  # fmt: skip
        return clocks.rework(limit, left=left)

    def send_to(
        self, unit: int, doer: int | None, at: datetime, helpers: tuple[int, ...] = ()
    ) -> None:
        self.end_assignments(at)
        if self.life.clocks and self.life.clocks[-1].stopped_at is None:
            self.life.clocks[-1].organization_id = unit
        self.issue.unit_id, self.issue.doer_id = unit, doer
        self.life.assignments.append(AssignmentRow(unit, doer, str(Assignment.Role.LEAD), at))
        for helper in helpers:
            row = AssignmentRow(helper, None, str(Assignment.Role.HELPER), at)
            self.life.assignments.append(row)

    def end_assignments(self, at: datetime) -> None:
        for row in self.life.assignments:
            row.ended_at = row.ended_at or at
