"""What happens between the steps of people: the ladder climbs, and orders are answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from config.demo import texts
from config.demo.record import Record
from config.demo.rows import ClockRow
from config.demo.world import Person, World
from issues import clocks
from issues.models import Clock
from issues.workflow import RULES, State, Verb

# Supervision orders and calls of the duty that somebody answers before they act.
ANSWERED, HEARD = 0.8, 0.6
AT_DESK = (State.REPORTED, State.PENDING_DISPATCH)


@dataclass(frozen=True, slots=True)
class _Reply:
    """Somebody's answer to an order or a call, unless it is settled by then."""

    at: datetime
    verb: Verb
    by: Person
    clock: ClockRow
    text: str = ""


class Replies:
    """Lets the time of one issue pass. `silent`: nobody answers by the way."""

    def __init__(self, record: Record, *, world: World, rng: Random, silent: bool) -> None:
        self.record, self.world, self.rng = record, world, rng
        self.silent = silent
        self._coming: list[_Reply] = []

    def pass_time(self, until: datetime) -> None:
        """Everything that comes by itself up to `until`, and the answers, in order of time."""
        while True:
            while self.record.waiting:
                self._expect(self.record.waiting.pop())
            reply = min(self._coming, key=lambda one: one.at, default=None)
            if self.record.climb(min(until, reply.at) if reply else until):
                continue
            if reply is None or reply.at > until:
                return
            self._coming.remove(reply)
            if reply.clock.stopped_at is None:
                self._say(reply)

    def _expect(self, clock: ClockRow) -> None:
        """Units answer most orders, now and then late; most who are called say they heard."""
        answer = clock.kind == Clock.Kind.ANSWER
        if self.silent or self.rng.random() > (ANSWERED if answer else HEARD):
            return
        if answer:
            self._coming.append(self._answer(clock))
        elif self.record.called:
            at = clock.started_at + timedelta(seconds=self.rng.randrange(40, 560))
            by = self.world.people[min(self.record.called)]
            self._coming.append(_Reply(at.replace(microsecond=0), Verb.ACKNOWLEDGE, by, clock))

    def _answer(self, clock: ClockRow) -> _Reply:
        minutes = int(clock.limit_minutes * self.rng.triangular(0.05, 1.6, 0.4))
        limit = clocks.Limit(minutes, clock.continuous)
        due = clocks.start(limit, at=clock.started_at, calendar=self.world.calendar).due_at
        at = (due + timedelta(seconds=self.rng.randrange(60))).replace(microsecond=0)
        said = texts.ANSWERED_BY_DESK if self.record.issue.state in AT_DESK else texts.ANSWERED
        by = self.rng.choice(self.world.crews[self.record.issue.unit_id or 0].clerks)
        return _Reply(max(at, clock.started_at), Verb.ANSWER, by, clock, self.rng.choice(said))

    def _say(self, reply: _Reply) -> None:
        record, issue = self.record, self.record.issue
        issue.version += 1
        record.apply(
            RULES[reply.verb], at=reply.at, by=reply.by, to=State(issue.state),
            unit=issue.unit_id, text=reply.text,
            on_behalf_of=record.behalf if reply.verb is Verb.ANSWER else None,
        )  # fmt: skip
        record.end_turn(reply.at)
