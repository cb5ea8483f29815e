"""A turn: what one person's verb changes about one issue, written together."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from issues import chain
from issues.models import Assignment, Attachment, Clock, Event, EventText, Issue
from issues.services.calling import Watch
from issues.services.people import Found
from issues.services.telling import tell
from issues.services.timing import Timing
from issues.workflow import OPEN, RULES, SYSTEM, ClockAct, Rule, State, Verb
from notices.services import supersede
from partyorgs.models import Organization
from partyorgs.queries import Staff
from partyorgs.rules import Scope, Seat

# What a verb may change; everything else is written once, with the report.
CHANGING = [
    "state", "is_open", "level", "category", "condition", "critical", "unit", "doer",
    "yellow_at", "due_at", "returns", "reworks", "outcome", "handled_at", "checked_at",
    "closed_at", "escalated", "raised_to", "answer_due_at", "called_at",
    "version", "event_count", "last_hash",
]  # fmt: skip
STARTS = {
    ClockAct.START_ACCEPT: Clock.Kind.ACCEPT,
    ClockAct.START_DISPATCH: Clock.Kind.DISPATCH,
    ClockAct.START_HANDLE: Clock.Kind.HANDLE,
    ClockAct.START_CHECK: Clock.Kind.CHECK,
    ClockAct.START_ANSWER: Clock.Kind.ANSWER,
}
# The main clock of each state, for a clock that starts anew where the issue stays.
RUNNING_IN = {
    State.REPORTED: Clock.Kind.ACCEPT,
    State.PENDING_DISPATCH: Clock.Kind.DISPATCH,
    State.DISPATCHED: Clock.Kind.HANDLE,
    State.HANDLING: Clock.Kind.HANDLE,
    State.RETURNED: Clock.Kind.HANDLE,
    State.HANDLED: Clock.Kind.CHECK,
}
MAIN, SIDE = frozenset(Clock.MAIN), frozenset({Clock.Kind.ANSWER, Clock.Kind.DUTY})
STOPS = {
    ClockAct.STOP: MAIN,
    ClockAct.ANSWERED: frozenset({Clock.Kind.ANSWER}),
    ClockAct.HEARD: frozenset({Clock.Kind.DUTY}),
    ClockAct.END: MAIN | SIDE,
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
        # A failed check: the handling clock starts again with what was left.
        self.reworked = False
        self.called: Found = []
        self.photos: list[Attachment] = []
        self.events: list[Event] = []
        self._texts: list[EventText] = []
        self._assignments: list[Assignment] = []
        self._starts: list[Clock.Kind] = []
        self._stops: frozenset[str] = frozenset()
        self._tells: list[tuple[Rule, int]] = []

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
        """Move the issue by the rule and append the event.

        What the rule book does by itself (`who` is system) has no actor and is
        told beside what led to it; otherwise the last rule of a turn is told.
        """
        by_itself = rule.who == SYSTEM
        event = Event(
            at=self.now,
            verb=rule.verb,
            actor=None if by_itself else self.scope.user,
            post=None if by_itself else self.seat.post,
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
        self._tells = [*(self._tells if by_itself else []), (rule, event.seq)]
        for act in rule.clocks if clock_acts is None else clock_acts:
            self._clock(act)

    def note_reasons(self, reasons: list[dict[str, Any]]) -> None:
        """Add to the last event why nothing more happened; only before it is saved."""
        event = self.events[-1]
        event.facts = event.facts | {"reasons": reasons}
        event.hash = chain.event_hash(event, number=self.issue.number)
        self.issue.last_hash = event.hash

    def _clock(self, act: ClockAct) -> None:
        if act in STOPS:
            self._stops |= STOPS[act]
            self._starts = [kind for kind in self._starts if kind not in STOPS[act]]
        elif act is ClockAct.RESTART:
            self._clock(ClockAct.STOP)
            self._starts.append(RUNNING_IN[State(self.issue.state)])
        else:
            self._starts.append(STARTS[act])

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
        started = self._start_clocks()
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
            self._settle_running_clocks()
            self._take_back()
        for clock in started:
            clock.issue = issue
            clock.save(force_insert=True)
        for rule, seq in self._tells:
            tell(
                issue=issue,
                rule=rule,
                seq=seq,
                actor=self.scope.user,
                staff=self.staff,
                called=self.called,
                now=self.now,
            )
        return issue

    def _take_back(self) -> None:
        """Notices that wait about what is settled now are not sent any more.

        With the issue everything ends; a clock that stops takes back what speaks
        of it, and another unit what waits for the unit before.
        """
        aspects = set(self._stops) | (set(MAIN) if self._assignments else set())
        if not self.issue.is_open:
            supersede(subject_keys=[self.issue.subject_key], now=self.now)
        elif aspects:
            supersede(subject_keys=[self.issue.subject_key], aspects=aspects, now=self.now)

    def _settle_running_clocks(self) -> None:
        """Stop those the rules named; the main one runs on for whoever has the work now."""
        running = self.issue.clocks.filter(stopped_at=None)
        if self._stops:
            running.filter(kind__in=self._stops).update(stopped_at=self.now, next_at=None)
        if self._assignments and not self._stops >= MAIN:
            running.filter(kind__in=MAIN).update(organization=self.issue.unit)

    def _start_clocks(self) -> list[Clock]:
        """The clocks that run from now on; their due times are shown on the issue."""
        issue, timing = self.issue, Timing()
        if self._stops >= MAIN or not issue.pk:
            issue.yellow_at = issue.due_at = None
            issue.escalated = 0
        if Clock.Kind.ANSWER in self._stops:
            issue.answer_due_at = None
        heard = issue.called_at is not None and Clock.Kind.DUTY in self._stops
        if heard:
            issue.called_at = None
        started = []
        for kind in self._starts:
            again = kind is Clock.Kind.HANDLE and self.reworked
            clock = timing.start(issue, kind, at=self.now, unit=issue.unit, again=again)
            if kind in MAIN:
                self.clock = clock
                issue.yellow_at, issue.due_at = clock.yellow_at, clock.due_at
            elif kind is Clock.Kind.ANSWER:
                issue.answer_due_at = clock.due_at
            started.append(clock)
        if issue.critical and self._is_news(heard=heard):
            started += self._call_duty(timing)
        return started

    def _is_news(self, *, heard: bool) -> bool:
        """Whether the work came to somebody by this turn: to a unit, or by a new limit.

        Not to whoever has just answered a call, or is being called already; and a
        check is nobody's work at night.
        """
        sent_back = any(event.verb == Verb.RETURN for event in self.events)
        if self._assignments or sent_back:
            return True
        limit = self.clock is not None and self.clock.kind != Clock.Kind.CHECK
        return limit and not heard and self.issue.called_at is None

    def _call_duty(self, timing: Timing) -> list[Clock]:
        """Off hours what is critical calls whoever is on duty, who must say that they heard.

        With nobody on the roster the call waits all the same, so that it is seen.
        """
        issue, watch = self.issue, Watch(self.now, timing)
        if not watch.off_hours(issue):
            return []
        watch.load([issue])
        self.called = watch.first(issue)
        issue.called_at = self.now
        facts = {"by_rule": True, "level": 0, "called": [one.user for one in self.called]}
        self.apply(RULES[Verb.CALL], to=State(issue.state), facts=facts)
        return [timing.start(issue, Clock.Kind.DUTY, at=self.now, unit=issue.unit)]

    def _save_events(self) -> None:
        for event in self.events:
            event.issue = self.issue
        Event.objects.bulk_create(self.events)
        for text in self._texts:
            text.event_id = text.event.pk
        if self._texts:
            EventText.objects.bulk_create(self._texts)
