"""The rows of one issue, written as the services and the sweep would; decides nothing."""

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from random import Random
from typing import Any, cast

from config.demo.rows import (
    AssignmentRow,
    ClockRow,
    EventRow,
    IssueRow,
    Life,
    ReturnRow,
    StepRow,
    TextRow,
)
from config.demo.world import Person, World
from issues import chain, clocks
from issues.escalation.steps import HANDS, ON_DUTY, VERBS
from issues.ladders import next_rung, put_on_ladder
from issues.models import Assignment, Clock, Event, Issue, Return, Rung
from issues.services.calling import Watch
from issues.services.clockwork import LEFT, LOOKED_AT, MAIN, RUNNING_IN, STARTS, STOPS
from issues.services.deciding import WAYS
from issues.services.raising import UP
from issues.services.timing import Timing
from issues.workflow import NO_CLOCKS, OPEN, RULES, ClockAct, Rule, State, Verb
from matters.models import ClockKind
from partyorgs.models import Level


class Record:
    """Writes the rows of one issue as the services would; decides nothing.

    What `apply` was told between two calls of `end_turn` is one turn. `waiting`:
    orders and calls that nobody has looked at yet, for whoever answers them.
    """

    def __init__(self, issue: IssueRow, *, world: World, rng: Random) -> None:
        self.life = Life(issue)
        self.issue = issue
        self.world = world
        self.calendar = world.calendar
        self.rng = rng
        self.limit = clocks.Limit(1, continuous=False)
        self.waiting: list[ClockRow] = []
        self.called: set[int] = set()
        self._running: list[ClockRow] = []
        self._starts: list[tuple[str, ClockAct | None]] = []
        self._left_from = ""
        self._stops: frozenset[str] = frozenset()
        self._assigned = self._sent_back = False

    def apply(
        self,
        rule: Rule,
        *,
        at: datetime,
        by: Person | None,
        to: State,
        passed: bool | None = None,
        clock_acts: Iterable[ClockAct] | None = None,
        unit: int | None = None,
        on_behalf_of: int | None = None,
        facts: dict[str, Any] | None = None,
        text: str = "",
    ) -> EventRow:
        """Append the event and move the issue; its clocks follow with the end of the turn."""
        issue = self.issue
        event = EventRow(
            at=at, verb=str(rule.verb),
            actor_id=by.user if by else None, post_id=by.post if by else None,
            from_state=issue.state, to_state=str(to), unit_id=unit,
            on_behalf_of_id=on_behalf_of, facts=facts or {}, public=rule.public,
        )  # fmt: skip
        if text:
            salt = f"{self.rng.getrandbits(128):032x}"
            event.text_digest = chain.text_digest(text, salt=salt)
            self.life.texts.append(TextRow(event, text, salt))
        # The rows have the attributes that the chain reads.
        chain.append(cast(Issue, issue), cast(Event, event))
        self.life.events.append(event)
        self._left_from = self._left_from or issue.state
        issue.state, issue.is_open = str(to), to in OPEN
        usual = NO_CLOCKS.get(rule.verb, ()) if passed is False else rule.clocks
        for act in usual if clock_acts is None else clock_acts:
            self._clock(ClockAct(act))
        self._sent_back |= rule.verb is Verb.RETURN
        return event

    def _clock(self, act: ClockAct) -> None:
        if act in STOPS:
            self._stops |= STOPS[act]
            self._starts = [start for start in self._starts if start[0] not in STOPS[act]]
        elif act in LEFT:
            self._clock(ClockAct.STOP)
            self._starts.append((str(Clock.Kind.HANDLE), act))
        else:
            self._starts.append((str(STARTS[act]), None))

    def end_turn(self, at: datetime) -> None:
        """Stop and start the clocks that the turn's verbs named, and call the duty."""
        left_from, self._left_from = self._left_from, ""
        if not (self._stops or self._starts or self._assigned):
            return
        issue, stops = self.issue, self._stops
        if stops >= MAIN and left_from and RUNNING_IN.get(State(left_from)) == Clock.Kind.HANDLE:
            issue.was_late |= issue.due_at is not None and issue.due_at <= at
        self._settle_running_clocks(at)
        if stops >= MAIN:
            issue.yellow_at = issue.due_at = None
            issue.escalated = 0
        if Clock.Kind.ANSWER in stops:
            issue.answer_due_at = None
        heard = issue.called_at is not None and Clock.Kind.DUTY in stops
        if heard:
            issue.called_at = None
        for kind, act in self._starts:
            self._start(kind, at, again=act is ClockAct.AGAIN)
        if issue.critical and self._is_news(heard=heard):
            self._call_duty(at)
        self._starts, self._stops = [], frozenset()
        self._assigned = self._sent_back = False

    def _settle_running_clocks(self, at: datetime) -> None:
        for clock in self._running:
            if clock.kind in self._stops:
                clock.stopped_at, clock.next_at = at, None
            elif self._assigned and clock.kind in MAIN:
                clock.organization_id = self.issue.unit_id
        self._running = [clock for clock in self._running if clock.stopped_at is None]

    def _start(self, kind: str, at: datetime, *, again: bool = False) -> None:
        """Start a limit; handling goes on with what a failed check left of it."""
        issue, handling = self.issue, kind == Clock.Kind.HANDLE
        limit = self.limit if handling else self._stage_limit(kind)
        granted = self._granted(limit) if again else limit
        due = clocks.start(granted, at=at, calendar=self.calendar)
        clock = ClockRow(
            organization_id=issue.unit_id,
            kind=str(kind),
            limit_clock=str(ClockKind.CONTINUOUS if limit.continuous else ClockKind.WORKING),
            calendar_stamp=self.world.calendar_stamp,
            critical=issue.critical,
            limit_minutes=limit.minutes,
            granted_minutes=granted.minutes,
            started_at=at,
            yellow_at=due.yellow_at,
            due_at=due.due_at,
            provisional=due.provisional,
        )
        self._put_on_ladder(clock)
        self._running.append(clock)
        self.life.clocks.append(clock)
        if kind in MAIN:
            issue.yellow_at, issue.due_at = due.yellow_at, due.due_at
            return
        if kind == Clock.Kind.ANSWER:
            issue.answer_due_at = due.due_at
        if kind in (Clock.Kind.ANSWER, Clock.Kind.DUTY):
            self.waiting.append(clock)

    def _stage_limit(self, kind: str) -> clocks.Limit:
        now = kind == Clock.Kind.ANSWER and self.issue.critical
        return self.world.limits["answer_now" if now else str(kind)]

    def _granted(self, limit: clocks.Limit) -> clocks.Limit:
        earlier = [clock for clock in self.life.clocks if clock.kind == Clock.Kind.HANDLE]
        if not earlier or earlier[-1].stopped_at is None:
            return limit
        left = clocks.between(
            earlier[-1].stopped_at, earlier[-1].due_at,
            continuous=limit.continuous, calendar=self.calendar,
        )  # fmt: skip
        return clocks.rework(limit, left=left)

    def _put_on_ladder(self, clock: ClockRow) -> None:
        put_on_ladder(cast(Clock, clock), self.world.rungs[clock.kind], self.calendar)

    @property
    def behalf(self) -> int | None:
        """The doer whose work the unit records, where that is another body."""
        doer = self.issue.doer_id
        return doer if doer is not None and doer != self.issue.unit_id else None

    @property
    def climbs(self) -> bool:
        """Whether a rung is still to come."""
        return any(clock.next_at is not None for clock in self._running)

    def climb(self, until: datetime) -> bool:
        """Take the next rung of the ladder up to `until`, at its minute; False for none."""
        due = [one for one in self._running if one.next_at is not None and one.next_at <= until]
        if not due:
            return False
        clock = min(due, key=attrgetter("next_at"))
        self._take(clock, cast(datetime, clock.next_at))
        return True

    def _take(self, clock: ClockRow, at: datetime) -> None:
        rung = next_rung(self.world.rungs[clock.kind], clock.level)
        if rung is None:
            clock.next_at = None
            return
        issue, verb = self.issue, self._verb(rung, clock)
        facts: dict[str, Any] = {
            "by_rule": True, "level": rung.level, "clock": clock.kind,
            "due": clock.due_at.isoformat(),
        }  # fmt: skip
        if verb is Verb.CALL:
            watch = self._watch(at)
            found = ON_DUTY[rung.tells[0]](watch, cast(Issue, issue), self.called)
            facts["called"] = sorted({one.user for one in found})
            self.called |= set(facts["called"])
        event = self.apply(
            RULES[verb], at=at, by=None, to=State(issue.state), clock_acts=(),
            unit=issue.unit_id, facts=facts,
        )  # fmt: skip
        self.life.steps.append(StepRow(clock, rung.level, due_at=at, at=at, seq=event.seq))
        clock.level = rung.level
        self._put_on_ladder(clock)
        if clock.kind in MAIN:
            issue.escalated = max(issue.escalated, rung.level)
        if verb is Verb.SUPERVISE and issue.answer_due_at is None:
            self._start(Clock.Kind.ANSWER, at)
        late = rung.base == Rung.Base.DUE and clock.kind in HANDS
        if late and issue.critical and issue.called_at is None:
            self._call_duty(at)

    def _verb(self, rung: Rung, clock: ClockRow) -> Verb:
        verb = VERBS[Rung.Act(rung.act)]
        late_check = clock.kind == Clock.Kind.CHECK or not self.issue.unit_id
        return Verb.CHASE if verb is Verb.SUPERVISE and late_check else verb

    def returned(self, *, at: datetime, reason: str, item: int, proposed: int) -> None:
        """Keep the return that was just made, undecided."""
        issue = self.issue
        self.life.returns.append(
            ReturnRow(issue.event_count, at, issue.unit_id or 0, reason, item, proposed)
        )

    def decided(self, verb: Verb, *, at: datetime, unit: int) -> None:
        """Close the return that waited; a judgement counts for every return of the issue."""
        row = self.life.returns[-1]
        row.decided_at, row.decided_seq = at, self.issue.event_count
        row.how, row.sent_to_id = str(WAYS[verb][0]), unit
        if verb is Verb.JUDGE:
            for one in self.life.returns:
                wrong = one.unit_id == unit
                one.against = str(Return.Against.UNIT if wrong else Return.Against.DISPATCHER)

    def raise_level(self, *, at: datetime, because: str) -> None:
        """The third return or rework raises the issue one level, in the same turn."""
        issue = self.issue
        before = Level(issue.level or Level.STREET)
        issue.level = issue.raised_to = str(UP[before])
        self.apply(
            RULES[Verb.RAISE], at=at, by=None, to=State(issue.state), unit=issue.unit_id,
            facts={
                "by_rule": True, "from_level": str(before), "to_level": issue.level,
                "because": because,
            },
        )  # fmt: skip

    def _is_news(self, *, heard: bool) -> bool:
        if self._assigned or self._sent_back:
            return True
        limit = any(kind in MAIN and kind not in LOOKED_AT for kind, _act in self._starts)
        return limit and not heard and self.issue.called_at is None

    def _call_duty(self, at: datetime) -> None:
        since = self.world.watched_from
        if since is None or at < since or self.world.works_at(at):
            return
        issue = self.issue
        called = [one.user for one in self._watch(at).next(cast(Issue, issue))]
        self.called, issue.called_at = set(called), at
        facts = {"by_rule": True, "level": 0, "called": called}
        self.apply(RULES[Verb.CALL], at=at, by=None, to=State(issue.state), facts=facts)
        self._start(Clock.Kind.DUTY, at)

    def _watch(self, at: datetime) -> Watch:
        """The rosters of that instant; asked for the few calls of the last days only."""
        watch = Watch(at, Timing())
        watch.load([cast(Issue, self.issue)])
        return watch

    def send_to(
        self, unit: int, doer: int | None, at: datetime, helpers: tuple[int, ...] = ()
    ) -> None:
        self.end_assignments(at)
        self._assigned = True
        self.issue.unit_id, self.issue.doer_id = unit, doer
        self.life.assignments.append(AssignmentRow(unit, doer, str(Assignment.Role.LEAD), at))
        for helper in helpers:
            row = AssignmentRow(helper, None, str(Assignment.Role.HELPER), at)
            self.life.assignments.append(row)

    def end_assignments(self, at: datetime) -> None:
        for row in self.life.assignments:
            row.ended_at = row.ended_at or at
