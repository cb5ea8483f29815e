"""What a rung does: its event, its record, whom it tells, the order that waits for an answer."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain as chained
from typing import Any

from grid.models import Cell
from issues import chain
from issues.escalation.digests import next_digest
from issues.escalation.turns import is_turn
from issues.ladders import next_rung, put_on_ladder, rungs_of
from issues.models import Clock, Event, Issue, Rung, Step
from issues.services.calling import ON_DUTY as ON_DUTY_ROLE
from issues.services.calling import Watch
from issues.services.clockwork import LOOKED_AT
from issues.services.people import READS, Holder, People, desk_of_unit
from issues.services.telling import UNWATCHED, audience_of, payload_of
from issues.services.timing import Timing
from issues.workflow import RULES, Verb
from matters.models import Category
from notices.services import Draft
from partyorgs.models import Organization
from partyorgs.queries import stand_ins_for

VERBS = {
    Rung.Act.REMIND: Verb.REMIND,
    Rung.Act.CHASE: Verb.CHASE,
    Rung.Act.SUPERVISE: Verb.SUPERVISE,
    Rung.Act.ESCALATE: Verb.ESCALATE,
    Rung.Act.CALL: Verb.CALL,
}
KINDS = {
    Verb.REMIND: "reminder",
    Verb.CHASE: "chased",
    Verb.SUPERVISE: "supervised",
    Verb.ESCALATE: "escalated",
    Verb.CALL: "called",
}
# A check is nobody's handling: who can check is reminded, then the owner, then the desk.
OF_CHECK = {"handler": "checker", "unit_desk": "owner", "unit_head": "desk"}
OF_CLOSING = {"handler": "owner", "unit_desk": "desk", "unit_head": "desk"}
# Nor is what comes before the work and after the check: the desk verifies and calls back.
OF_VERIFYING = {"handler": "checker", "unit_desk": "desk", "unit_head": "leader"}
OF_CALLING_BACK = {"handler": "desk", "unit_desk": "desk", "unit_head": "leader"}
# A key that means the unit of the clock itself: one that a whistle called. An approval
# is no unit's: the leader owes it.
CALLED_UNIT = "called_unit"
OF_APPROVING = {CALLED_UNIT: "leader"}
INSTEAD = {
    Clock.Kind.VERIFY: OF_VERIFYING,
    Clock.Kind.CALLBACK: OF_CALLING_BACK,
    Clock.Kind.WHISTLE_APPROVE: OF_APPROVING,
}
# Clocks of work that somebody must do now; a check is nobody's at night.
HANDS = frozenset({Clock.Kind.ACCEPT, Clock.Kind.DISPATCH, Clock.Kind.HANDLE, Clock.Kind.ANSWER})
ON_DUTY = {"next_on_duty": Watch.next, "leader_on_duty": Watch.leader}
LATE = timedelta(seconds=60)


@dataclass
class Known:
    """What a sweep reads once and keeps: rows that do not change within its seconds."""

    timing: Timing = field(default_factory=Timing)
    categories: dict[int, Category] = field(default_factory=dict)
    units: dict[int, Organization] = field(default_factory=dict)
    cells: dict[int, Cell] = field(default_factory=dict)

    def put_into(self, issues: Iterable[Issue]) -> None:
        """Give the issues their category, units and cell without a query each."""
        issues = list(issues)
        if not self.categories:
            found = Category.objects.select_related("parent")
            self.categories = {category.pk: category for category in found}
        units = {key for one in issues for key in (one.unit_id, one.owner_id) if key}
        if missing := units - self.units.keys():
            self.units |= Organization.objects.select_related("area", "calendar").in_bulk(missing)
        cells = {one.cell_id for one in issues if one.cell_id and not one.place_text}
        if missing := cells - self.cells.keys():
            self.cells |= Cell.objects.defer("boundary", "shape").in_bulk(missing)
        for issue in issues:
            issue.category = self.categories.get(issue.category_id or 0)
            issue.unit = self.units.get(issue.unit_id or 0)
            issue.owner = self.units.get(issue.owner_id or 0)
            if issue.cell_id in self.cells:
                issue.cell = self.cells[issue.cell_id]


class Steps:
    """The steps of one batch: `take` each clock, then write what came of it.

    Nothing is written here: `events`, `steps`, `drafts`, `started` and the
    changed `clocks` and `issues` are. `turning`: clocks whose coming rung changes
    the issue's state, or that wake; each is a turn of its own, afterwards.
    `late_checks`: clocks of checks that took a rung after due.
    """

    def __init__(self, clocks: list[Clock], *, known: Known, now: datetime) -> None:
        self.now = now
        self.known = known
        self.clocks = clocks
        self.issues = {clock.issue_id: clock.issue for clock in clocks}
        known.put_into(self.issues.values())
        self.rungs = rungs_of(clock.ladder_id for clock in clocks)
        self.watch = Watch(now, known.timing)
        self.people = People(now)
        self._load()
        self.events: list[Event] = []
        self.steps: list[Step] = []
        self.drafts: list[Draft] = []
        self.started: list[Clock] = []
        self.turning: list[Clock] = []
        self.late_checks: dict[int, Clock] = {}

    def _load(self) -> None:
        keys = {
            meant.get(key, key)
            for rungs in self.rungs.values()
            for rung in rungs
            for key in (*rung.tells, *rung.copies)
            for meant in ({}, OF_CHECK, OF_CLOSING, *INSTEAD.values())
        }
        called = {clock.organization_id for clock in self.clocks if clock.subject}
        self.people.load(
            self.issues.values(),
            (keys | set(UNWATCHED)) & READS.keys(),
            units=(key for key in called if key),
        )
        # Off hours the duty hears of what is critical, besides those whose rung it is.
        critical = [issue for issue in self.issues.values() if issue.critical]
        self.watch.load(critical)
        # Whom the calls that wait have reached: nobody is called twice.
        self.called: defaultdict[int, set[int]] = defaultdict(set)
        calls = [clock.issue_id for clock in self.clocks if clock.kind == Clock.Kind.DUTY]
        if not calls:
            return
        made = Event.objects.filter(issue_id__in=calls, verb=Verb.CALL).order_by()
        for key, at, facts in made.values_list("issue_id", "at", "facts"):
            since = self.issues[key].called_at
            if since is not None and at >= since:
                self.called[key].update(facts.get("called", ()))

    def take_all(self) -> None:
        """Every rung of every clock that has come, lowest first."""
        for clock in self.clocks:
            while clock.next_at is not None and clock.next_at <= self.now:
                if is_turn(clock, self.rungs.get(clock.ladder_id or 0, [])):
                    self.turning.append(clock)
                    break
                self._take(clock)
        self._tell_stand_ins()

    def draft_again(self, step: Step, event: Event) -> None:
        """Draft what a step told that is on record: a bulk import writes its rows alone.

        `now` is the instant of the step; its clock is one of `clocks`.
        """
        clock = step.clock
        rung = next(one for one in self.rungs[clock.ladder_id or 0] if one.level == step.level)
        if rung.act not in VERBS:
            return  # a turn, that the rule book itself told
        told = {one.user: one.role for one in self._told(clock, rung)}
        if event.verb == Verb.CALL:
            told = dict.fromkeys(event.facts["called"], ON_DUTY_ROLE)
        self._draft(clock, rung, Verb(event.verb), event, told)
        self._tell_stand_ins()

    def _take(self, clock: Clock) -> None:
        issue, due = clock.issue, clock.next_at
        rungs = self.rungs.get(clock.ladder_id or 0, [])
        rung = next_rung(rungs, clock.level)
        if rung is None or due is None:
            clock.next_at = None
            return
        disabled = rung.disabled_at is not None
        verb = Verb.SKIP if disabled else self._verb(rung, clock)
        told = {} if disabled else {one.user: one.role for one in self._told(clock, rung)}
        event = self._event(clock, rung, verb, due, told)
        step = Step(
            clock=clock,
            level=rung.level,
            due_at=due,
            at=self.now,
            seq=event.seq,
            skipped=disabled,
        )
        self.steps.append(step)
        clock.level = rung.level
        put_on_ladder(clock, rungs, self.known.timing.calendar(clock.calendar))
        if disabled:
            return
        if clock.kind == Clock.Kind.CHECK and rung.base == Rung.Base.DUE:
            self.late_checks[clock.pk] = clock
        if clock.kind in Clock.MAIN:
            issue.escalated = max(issue.escalated, rung.level)
        if verb is Verb.SUPERVISE:
            self._order(issue)
        late = rung.base == Rung.Base.DUE and clock.kind in HANDS
        if late and issue.critical and issue.called_at is None:
            self._call(issue)
        step.owed = self._draft(clock, rung, verb, event, told)

    def _verb(self, rung: Rung, clock: Clock) -> Verb:
        """An order needs a unit that can answer it: a late check is chased instead."""
        verb = VERBS[Rung.Act(rung.act)]
        if verb is Verb.SUPERVISE and (clock.kind in LOOKED_AT or not clock.issue.unit_id):
            return Verb.CHASE
        return verb

    def _event(
        self, clock: Clock, rung: Rung, verb: Verb, due: datetime, told: dict[int, str]
    ) -> Event:
        issue = clock.issue
        facts: dict[str, Any] = {
            "by_rule": True,
            "level": rung.level,
            "clock": clock.kind,
            "due": clock.due_at.isoformat(),
        }
        if clock.subject:
            # Whose limit it is beside the issue's own, such as a called unit of a whistle.
            facts["subject"] = clock.subject
        if verb is Verb.CALL:
            facts["called"] = sorted(told)
            self.called[issue.pk].update(told)
        if self.now - due > LATE:
            facts["late"] = int((self.now - due).total_seconds())
        whose = clock.organization_id if clock.subject else None
        return self._append(issue, verb, facts, unit=whose)

    def _append(
        self, issue: Issue, verb: Verb, facts: dict[str, Any], *, unit: int | None = None
    ) -> Event:
        event = Event(
            issue=issue,
            at=self.now,
            verb=verb,
            from_state=issue.state,
            to_state=issue.state,
            unit_id=unit or issue.unit_id,
            facts=facts,
            public=RULES[verb].public,
        )
        chain.append(issue, event)
        self.events.append(event)
        return event

    def _order(self, issue: Issue) -> None:
        """A supervision order waits for its answer; one that waits already goes on waiting."""
        if issue.answer_due_at is not None:
            return
        kind = Clock.Kind.ANSWER
        clock = self.known.timing.start(issue, kind, at=self.now, unit=issue.unit)
        issue.answer_due_at = clock.due_at
        self.started.append(clock)

    def _call(self, issue: Issue) -> None:
        """Off hours what is critical climbs the roster until somebody has heard of it."""
        if not self.watch.off_hours(issue):
            return
        first = {one.user: one.role for one in self.watch.first(issue)}
        issue.called_at = self.now
        clock = self.known.timing.start(issue, Clock.Kind.DUTY, at=self.now, unit=issue.unit)
        self.started.append(clock)
        event = self._append(issue, Verb.CALL, {"by_rule": True, "level": 0, "called": [*first]})
        self.called[issue.pk] = set(first)
        near = chained(*(self.people.of(issue, key) for key in UNWATCHED))
        told = first or {one.user: one.role for one in near}
        self.drafts += [
            Draft(
                kind=KINDS[Verb.CALL],
                subject_key=issue.subject_key,
                key=f"{issue.number}:{event.seq}",
                payload=payload_of(issue),
                critical=True,
                aspect=Clock.Kind.DUTY,
                recipient_id=user,
                role=role,
            )
            for user, role in told.items()
        ]

    def _draft(
        self, clock: Clock, rung: Rung, verb: Verb, event: Event, told: dict[int, str]
    ) -> int:
        """Queue the notices of a step; how many people it owes one."""
        issue = clock.issue
        # An emergency's whistle does not wait for the morning, whatever the issue is.
        critical = issue.critical or (clock.kind in Clock.WHISTLES and clock.continuous)
        hold = next_digest(self.now) if rung.digest and not critical else None
        facts = {"level": rung.level, "due": clock.due_at.isoformat(), "clock": clock.kind}
        payload = payload_of(issue) | facts
        common: dict[str, Any] = {
            "kind": KINDS[verb],
            "subject_key": issue.subject_key,
            "key": f"{issue.number}:{event.seq}",
            "payload": payload,
            "critical": critical,
            "aspect": clock.kind,
            "bundle": "digest" if hold else "",
            "hold_until": hold,
        }
        self.drafts += [
            Draft(recipient_id=user, role=role, **common) for user, role in told.items()
        ]
        if RULES[verb].public:
            self.drafts.append(Draft(audience=audience_of(issue), **common))
        return len(told)

    def _told(self, clock: Clock, rung: Rung) -> Iterable[Holder]:
        issue = clock.issue
        for key in (*rung.copies, *rung.tells):
            meant = self._meant(key, clock)
            if meant in ON_DUTY:
                yield from ON_DUTY[meant](self.watch, issue, self.called[issue.pk])
            elif meant == CALLED_UNIT:
                yield from desk_of_unit(self.people, clock.organization_id)
            else:
                yield from self.people.of(issue, meant)
        if issue.critical and clock.kind in HANDS:
            yield from self.watch.first(issue)

    def _meant(self, key: str, clock: Clock) -> str:
        """Whom a key means for this clock: what is checked already waits for its owner to close."""
        if clock.kind != Clock.Kind.CHECK:
            return INSTEAD.get(Clock.Kind(clock.kind), {}).get(key, key)
        return (OF_CLOSING if clock.issue.checked_at else OF_CHECK).get(key, key)

    def _tell_stand_ins(self) -> None:
        """Whoever stands in is told too, by the same key and the same post."""
        users = {draft.recipient_id for draft in self.drafts if draft.recipient_id}
        standing = stand_ins_for(users=users, at=self.now)
        self.drafts += [
            replace(draft, recipient_id=standing[draft.recipient_id])
            for draft in self.drafts
            if draft.recipient_id in standing
        ]
