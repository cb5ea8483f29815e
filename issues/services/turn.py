"""A turn: what one person's verb changes about one issue, written together."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q

from issues import chain
from issues.clocks import Limit
from issues.models import (
    Assignment,
    Attachment,
    Clock,
    Deviation,
    Event,
    EventText,
    Issue,
    Request,
)
from issues.services.calling import Watch
from issues.services.clockwork import ASKED_IN, LEFT, LOOKED_AT, MAIN, RUNNING_IN, STARTS, STOPS, K
from issues.services.people import Found
from issues.services.telling import receivers, tell
from issues.services.timing import Timing
from issues.workflow import (
    NO_CLOCKS,
    OPEN,
    RULES,
    Asked,
    ClockAct,
    Rule,
    State,
    Verb,
)
from notices.services import supersede
from partyorgs.models import Organization
from partyorgs.queries import Staff
from partyorgs.rules import Scope, Seat

# What a verb may change; everything else is written once, with the report.
CHANGING = [
    "state", "is_open", "level", "category", "condition", "critical", "district", "street",
    "community", "cell", "owner", "unit", "doer", "yellow_at", "due_at", "returns", "reworks",
    "outcome", "handled_at", "checked_at", "closed_at", "escalated", "raised_to", "answer_due_at",
    "called_at", "judged", "asked", "extensions", "suspensions", "suspended_until", "planned_for",
    "was_late", "appealed", "exempt", "must_visit", "sampled", "survey_asked", "countersign_by",
    "open_parts", "merged_into", "also_cell", "also_owner", "version", "event_count", "last_hash",
]  # fmt: skip


class Turn:
    """Collects events, clocks, assignments and notices of one issue, then saves them.

    The caller holds the issue's row lock, or has not saved the issue yet. A
    clock that starts and stops within the turn never existed for anybody and is
    not stored. `scope` and `seat` are None where the rule book acts by itself.
    `events`, `clock` and `photos` are what was written, for whoever shows the
    result without reading it back. `extra`: minutes that an extension adds.
    `told`: people for keys of `tells` that posts alone do not answer.
    """

    def __init__(
        self, issue: Issue, *, scope: Scope | None, seat: Seat | None, now: datetime
    ) -> None:
        self.issue = issue
        self.scope = scope
        self.seat = seat
        self.now = now
        self.staff: Staff | None = None
        self.clock: Clock | None = None
        self.extra = 0
        self.told: dict[str, Found] = {}
        self.called: Found = []
        self.photos: list[Attachment] = []
        self.events: list[Event] = []
        self._texts: list[EventText] = []
        self._assignments: list[Assignment] = []
        self._starts: list[tuple[Clock.Kind, ClockAct | None]] = []
        self._limits: list[tuple[Clock.Kind, Organization, Limit, str]] = []
        self._ended_limits: list[tuple[Clock.Kind, str]] = []
        self._deviations: list[Deviation] = []
        self._paused = False
        self._stops: frozenset[str] = frozenset()
        self._tells: list[tuple[Rule, int]] = []

    def apply(
        self,
        rule: Rule,
        *,
        to: State,
        passed: bool | None = None,
        clock_acts: Iterable[ClockAct] | None = None,
        facts: dict[str, Any] | None = None,
        text: str = "",
        unit: Organization | None = None,
        on_behalf_of: Organization | None = None,
    ) -> None:
        """Move the issue by the rule and append the event.

        `passed` False: the clocks are those of the rule's way back. What the rule
        book does by itself (`who` is system) has no actor and is told beside what
        led to it; otherwise the last rule of a turn is told.
        """
        by_itself = rule.by_itself
        event = Event(
            at=self.now,
            verb=rule.verb,
            actor=self.scope.user if self.scope and not by_itself else None,
            post=self.seat.post if self.seat and not by_itself else None,
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
        if to is not State.SUSPENDED:
            self.issue.suspended_until = None
        self._tells = [*(self._tells if by_itself else []), (rule, event.seq)]
        usual = NO_CLOCKS.get(rule.verb, ()) if passed is False else rule.clocks
        for act in usual if clock_acts is None else clock_acts:
            self._clock(ClockAct(act))

    def note(self, **facts: Any) -> None:
        """Add to the last event what came or did not come of it; only before it is saved."""
        event = self.events[-1]
        event.facts = event.facts | facts
        event.hash = chain.event_hash(event, number=self.issue.number)
        self.issue.last_hash = event.hash

    def deviate(self, kind: Deviation.Kind) -> None:
        """Put the last event on the list of exceptions."""
        issue = self.issue
        self._deviations.append(
            Deviation(
                kind=kind,
                at=self.now,
                seq=self.events[-1].seq,
                street_id=issue.street_id,
                district_id=issue.district_id,
            )
        )

    def start_limit(
        self, kind: Clock.Kind, *, unit: Organization, limit: Limit, subject: str
    ) -> None:
        """A limit beside the issue's own, of one unit that a higher room names by `subject`."""
        self._limits.append((kind, unit, limit, subject))

    def end_limit(self, kind: Clock.Kind, *, subject: str) -> None:
        """End such a limit."""
        self._ended_limits.append((kind, subject))

    def _clock(self, act: ClockAct) -> None:
        if act in STOPS:
            self._stops |= STOPS[act]
            self._starts = [start for start in self._starts if start[0] not in STOPS[act]]
        elif act is ClockAct.PAUSE:
            self._paused = True
        elif act is ClockAct.RESTART:
            self._clock(ClockAct.STOP)
            self._starts.append((RUNNING_IN[State(self.issue.state)], None))
        elif act in LEFT:
            self._clock(ClockAct.STOP)
            self._starts.append((K.HANDLE, act))
        else:
            self._starts.append((STARTS[act], None))

    def send_to(
        self, *, unit: Organization, doer: Organization | None, helpers: Iterable[Organization] = ()
    ) -> None:
        """Make `unit` the lead from now on; earlier assignments end.

        But not what a helper was asked for by name: a part of its own, which ends with
        itself or with the issue, or a call to come, which the whistle ends.
        """
        if self.issue.pk:
            asked = Q(role=Assignment.Role.HELPER) & ~Q(part="", subject="")
            ending = self.issue.assignments.filter(ended_at=None).exclude(asked)
            ending.update(ended_at=self.now)
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
        self._drop_request()
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
                actor=self.scope.user if self.scope else None,
                staff=self.staff,
                called=self.called,
                told=self.told,
                now=self.now,
            )
        return issue

    def rehearse(self) -> tuple[list[Clock], dict[Verb, dict[int, str]]]:
        """What `save` would start and whom it would tell, of a report that is only imagined.

        Writes nothing. People by the verb that tells them: the role of each, by
        the id of the user.
        """
        started = self._start_clocks()
        told = {
            rule.verb: receivers(
                issue=self.issue,
                rule=rule,
                actor=None,
                staff=self.staff,
                called=self.called,
                told=self.told,
                now=self.now,
            )
            for rule, _seq in self._tells
        }
        return started, told

    def _drop_request(self) -> None:
        """A request lapses when the issue has left the states in which it made sense."""
        issue = self.issue
        if not issue.asked:
            return
        stays = issue.state in ASKED_IN[Asked(issue.asked)]
        # What became critical meanwhile is neither extended nor suspended.
        stays &= not issue.critical or issue.asked == Asked.APPEAL
        # Hours were asked for by the measure of the limit that ran then.
        stays &= (K.HANDLE, None) not in self._starts or issue.asked != Asked.EXTENSION
        if stays and not self._assignments:
            return
        if issue.asked == Asked.APPEAL:
            # Asked once, but nobody answered: it may be asked after the next closing.
            issue.appealed = False
        issue.requests.filter(state=Request.State.WAITING).update(
            state=Request.State.LAPSED, decided_at=self.now
        )
        self.note(lapsed=issue.asked)
        issue.asked = ""
        self._stops |= STOPS[ClockAct.APPROVED]

    def _take_back(self) -> None:
        """Notices that wait about what is settled now are not sent any more.

        With the issue everything ends; a clock that stops takes back what speaks
        of it, and another unit what waits for the unit before.
        """
        aspects = set(self._stops) | (set(MAIN) if self._assignments else set())
        ended = any(event.from_state in OPEN for event in self.events)
        if ended and not self.issue.is_open:
            supersede(subject_keys=[self.issue.subject_key], now=self.now)
        elif aspects:
            supersede(subject_keys=[self.issue.subject_key], aspects=aspects, now=self.now)

    def _settle_running_clocks(self) -> None:
        """Stop those the rules named; the main one runs on for whoever has the work now."""
        running = self.issue.clocks.filter(stopped_at=None)
        if self._stops:
            running.filter(kind__in=self._stops).update(stopped_at=self.now, next_at=None)
        for kind, subject in self._ended_limits:
            running.filter(kind=kind, subject=subject).update(stopped_at=self.now, next_at=None)
        if self._paused:
            running.filter(kind__in=MAIN).update(
                paused_at=self.now, next_at=self.issue.suspended_until
            )
        if self._assignments and not self._stops >= MAIN:
            running.filter(kind__in=MAIN).update(organization=self.issue.unit)

    def _start_clocks(self) -> list[Clock]:
        """The clocks that run from now on; their due times are shown on the issue."""
        issue, timing = self.issue, Timing()
        self._note_lateness()
        heard = self._show_stopped()
        started = [
            timing.start(issue, kind, at=self.now, unit=issue.unit, act=act, extra=self.extra)
            for kind, act in self._starts
        ]
        for clock in started:
            self._show_started(clock)
        for kind, unit, limit, subject in self._limits:
            clock = timing.start(issue, kind, at=self.now, unit=unit, limit=limit)
            clock.subject = subject
            started.append(clock)
        if issue.critical and self._is_news(heard=heard):
            started += self._call_duty(timing)
        return started

    def _show_stopped(self) -> bool:
        """What stops is not shown on the issue any more; whether a call was heard by it."""
        issue = self.issue
        if self._stops >= MAIN or not issue.pk:
            issue.yellow_at = issue.due_at = None
            if (K.HANDLE, ClockAct.RESUME) not in self._starts:
                issue.escalated = 0
        if self._paused:
            issue.yellow_at = issue.due_at = issue.suspended_until
        if K.ANSWER in self._stops:
            issue.answer_due_at = None
        heard = issue.called_at is not None and K.DUTY in self._stops
        if heard:
            issue.called_at = None
        return heard

    def _show_started(self, clock: Clock) -> None:
        issue = self.issue
        if clock.kind in MAIN:
            self.clock = clock
            issue.yellow_at, issue.due_at = clock.yellow_at, clock.due_at
        elif clock.kind == K.ANSWER:
            issue.answer_due_at = clock.due_at

    def _note_lateness(self) -> None:
        """That the handling limit was over is a fact, whatever is granted later."""
        issue = self.issue
        ends = self._stops >= MAIN or self._paused
        extended = (K.HANDLE, ClockAct.EXTEND) in self._starts
        before = self.events[0].from_state if self.events else ""
        handling = before and RUNNING_IN.get(State(before)) is K.HANDLE
        ended = ends and handling and not extended and before != State.SUSPENDED
        if ended and issue.due_at is not None and issue.due_at <= self.now:
            issue.note_late()

    def _is_news(self, *, heard: bool) -> bool:
        """Whether the work came to somebody by this turn: to a unit, or by a new limit.

        Not to whoever has just answered a call, or is being called already, nor what
        the leader on duty has done; and a check is nobody's work at night.
        """
        if any(event.verb == Verb.ACT_FIRST for event in self.events):
            return False
        sent_back = any(event.verb == Verb.RETURN for event in self.events)
        if self._assignments or sent_back:
            return True
        limit = self.clock is not None and self.clock.kind not in LOOKED_AT
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
        return [timing.start(issue, K.DUTY, at=self.now, unit=issue.unit)]

    def _save_events(self) -> None:
        for event in self.events:
            event.issue = self.issue
        Event.objects.bulk_create(self.events)
        for text in self._texts:
            text.event_id = text.event.pk
        if self._texts:
            EventText.objects.bulk_create(self._texts)
        for deviation in self._deviations:
            deviation.issue = self.issue
        if self._deviations:
            Deviation.objects.bulk_create(self._deviations)
