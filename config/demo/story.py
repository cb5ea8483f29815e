"""How one report lived: the rule book walked through at believable times.

It makes plain rows, a hundred times faster than the services; the rows are the
same in kind (a test walks the same steps through both). Between two steps of
people the ladder climbs, and what it orders is answered.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from random import Random

from config.demo import texts
from config.demo.quarrel import Quarrel
from config.demo.rows import Life
from config.demo.skew import LOCAL
from config.demo.telling import Over, Scene
from config.demo.world import Person, World
from issues import clocks
from issues.models import Issue
from issues.workflow import RAISED_AT, RULES, Outcome, State, Verb, Way
from partyorgs.models import Level, Organization

ACCEPTED_LATE = 0.08
REJECTED, CANCELLED, NOTED = 0.05, 0.006, 0.04
REJECT_REASONS = ("not_a_matter", "in_procedure", "still_in_hand")
# Of what was done again once: it never holds, until the third time raises it.
HOPELESS = 0.05
# Days until what is planned is to be done.
PLANNED_IN = (30, 60, 90, 180)


def tell(scene: Scene, *, world: World, rng: Random) -> Life:
    """The whole life of an issue up to the present."""
    story = _Story(scene, world, rng)
    with suppress(Over):
        story.arrive()
        story.work()
        story.finish()
    story.pass_time(scene.until)
    return story.record.life


class _Story(Quarrel):
    """From the report to the end."""

    def arrive(self) -> None:
        self.issue.version = 1
        scene = self.scene
        self.done(Verb.REPORT, scene.reporter, facts={"reasons": self._place()},
                  unit=False)  # fmt: skip
        if scene.source in (Issue.Source.WORKER, Issue.Source.STEWARD):
            self._accepted(scene.reporter, {"by_rule": True})
            return
        self._to_desk()
        late = self.rng.random() < ACCEPTED_LATE
        waited = self.rng.uniform(16, 240) if late else self.rng.uniform(1, 14)
        if self.rng.random() < REJECTED and not scene.staged:
            self.step(Verb.REJECT, waited, continuous=True)
            self._end(Verb.REJECT, self.rng.choice(REJECT_REASONS), texts.REJECTED)
        self.step(Verb.ACCEPT, waited, continuous=True)
        self._accepted(self.dispatcher, {})

    def _accepted(self, by: Person, facts: dict[str, object]) -> None:
        """File it and send it by the responsibility list, or leave it to the desk."""
        scene, issue = self.scene, self.issue
        if scene.spot is None:
            reasons = self._place()
            self.done(Verb.ACCEPT, by, facts=facts | {"reasons": reasons}, unit=False)
            self._to_desk()
            self._by_hand()
            return
        self.done(Verb.ACCEPT, by, facts=facts, unit=False)
        sent = self.world.sent(scene.leaf, scene.spot)
        issue.level = sent.level
        self.record.send_to(sent.unit.pk, sent.doer.pk, self.at, sent.helpers)
        self.done(Verb.DISPATCH, by, facts={"reasons": list(sent.reasons), "by_rule": True},
                  on_behalf=True)  # fmt: skip

    def _place(self) -> list[dict[str, object]]:
        scene = self.scene
        return self.world.place_reasons(scene.spot, lat=scene.lat, lng=scene.lng, at=scene.at)

    def _to_desk(self) -> None:
        spot = self.scene.spot
        desk = self.world.desks[spot.street if spot else self.world.district.pk]
        self.issue.unit_id = desk.pk
        self.issue.level = str(Level.STREET if spot else Level.DISTRICT)

    def _by_hand(self) -> None:
        """The district's desk chooses a unit for what no rule could send."""
        self.step(Verb.DISPATCH, self.rng.uniform(3, 40), continuous=True)
        unit = self.world.units["城市管理局"]
        self.choose(unit)
        self.done(Verb.DISPATCH, self.dispatcher, facts={"reasons": [_chosen(unit)]})

    def work(self) -> None:
        habit = self.world.habits[self.issue.unit_id or 0]
        started, minutes = self.at, self._effort(habit.in_time)
        self.step(Verb.SIGN, min(120.0, minutes * self.rng.uniform(0.05, 0.35)),
                  continuous=self.continuous)  # fmt: skip
        self.done(Verb.SIGN, self.clerk, on_behalf=True)
        if self.scene.stop == Verb.REDISPATCH or self.rng.random() < habit.returns:
            self.sent_back_often()
        if self.rng.random() < CANCELLED and not self.scene.staged:
            self.step(Verb.CANCEL, 30)
            self._end(Verb.CANCEL, "duplicate", texts.CANCELLED)
        if self.rng.random() < NOTED:
            self.step(Verb.NOTE, 5, continuous=self.continuous)
            self.done(Verb.NOTE, self.clerk, to=State(self.issue.state),
                      text=self.rng.choice(texts.NOTES))  # fmt: skip
        self._handle(minutes - self._spent(started))
        if self.rng.random() < habit.rework:
            self._again()
            while self.issue.reworks < RAISED_AT and self.rng.random() < HOPELESS:
                self._again()

    def _effort(self, in_time: float) -> float:
        """Minutes of the clock that the work takes: within the limit, or beyond it."""
        limit = self.scene.condition.minutes
        if self.rng.random() < in_time:
            return limit * (0.03 + 0.92 * self.rng.betavariate(1.5, 2.6))
        return limit * (1.03 + self.rng.expovariate(1.6))

    def _spent(self, since: datetime) -> float:
        return clocks.between(since, self.at, continuous=self.continuous, calendar=self.calendar)

    def _handle(self, minutes: float) -> None:
        self.step(Verb.HANDLE, max(2.0, minutes), continuous=self.continuous)
        issue, outcome = self.issue, self._outcome()
        issue.outcome, issue.handled_at, issue.checked_at = outcome, self.at, None
        self.handled_by = self.handler
        text = texts.handled(outcome=outcome, family=self.scene.family, rng=self.rng)
        facts = self._came_of_it(outcome) | self._to_be_visited()
        self.done(Verb.HANDLE, self.handled_by, facts=facts, text=text, on_behalf=True)

    def _came_of_it(self, outcome: str) -> dict[str, object]:
        """The outcome, with the day of a plan and the rule by which nothing can be done."""
        facts: dict[str, object] = {"outcome": outcome}
        if outcome == Outcome.PLANNED:
            day = self.at.astimezone(LOCAL).date() + timedelta(days=self.rng.choice(PLANNED_IN))
            self.issue.planned_for, facts["until"] = day, day.isoformat()
        if outcome == Outcome.NO_BASIS:
            facts["basis"] = self.rng.choice(texts.NO_BASIS)
        return facts

    def _to_be_visited(self) -> dict[str, object]:
        issue = self.issue
        asks = {"critical": issue.critical, "rework": issue.reworks > 0}
        because = [name for name, so in asks.items() if so]
        issue.must_visit = bool(because)
        return {"must_visit": because} if because else {}

    def _outcome(self) -> str:
        service = self.scene.leaf.kind == "service"
        weights = (58, 22, 10, 9, 1) if service else (93, 3, 1, 3, 0)
        outcomes = (
            Outcome.FIXED, Outcome.EXPLAINED, Outcome.MEDIATED, Outcome.PLANNED, Outcome.NO_BASIS,
        )  # fmt: skip
        return str(self.rng.choices(outcomes, weights)[0])

    def _again(self) -> None:
        """A check that fails, and the work done again in what time is left."""
        self.step(Verb.CHECK, self.rng.uniform(20, 300))
        issue = self.issue
        issue.reworks += 1
        issue.outcome, issue.planned_for, issue.handled_at = "", None, None
        self.done(Verb.CHECK, self.checker, to=RULES[Verb.CHECK].otherwise, passed=False,
                  facts={"way": self._way(), "passed": False},
                  text=self.rng.choice(texts.FAILED))  # fmt: skip
        if issue.reworks == RAISED_AT:
            self.record.raise_level(at=self.at, because="reworks")
        self.record.end_turn(self.at)
        granted = self.record.life.clocks[-1].granted_minutes
        self._handle(granted * self.rng.uniform(0.1, 0.9))

    def finish(self) -> None:
        late = self.rng.random() < 0.04
        waited = 480 * (1.05 + self.rng.random()) if late else 470 * self.rng.betavariate(1.2, 3.5)
        self.step(Verb.CHECK, waited)
        self.issue.checked_at = self.at
        note = self.rng.choice(texts.PASSED) if self.rng.random() < 0.3 else ""
        self.done(Verb.CHECK, self.checker, facts={"way": self._way(), "passed": True}, text=note)
        self.step(Verb.CLOSE, self.rng.expovariate(1 / 70))
        self.issue.closed_at = self.at
        self.record.end_assignments(self.at)
        self.done(Verb.CLOSE, self.closer, facts=self._steps_ended())

    def _way(self) -> str:
        """What is critical or was done again is looked at on the spot; the rest mostly too."""
        if self.issue.must_visit:
            return str(Way.ON_SITE)
        return str(self.rng.choices(tuple(Way), (6, 3, 1))[0])

    def _end(self, verb: Verb, reason: str, said: tuple[str, ...]) -> None:
        self.record.end_assignments(self.at)
        self.issue.closed_at = self.at
        facts = self._steps_ended() | {"reason": reason}
        self.done(verb, self.dispatcher, facts=facts, text=self.rng.choice(said))
        raise Over

    def _steps_ended(self) -> dict[str, object]:
        """The end of an issue ends the steps that were still to come, and says so."""
        return {"steps_ended": True} if self.record.climbs else {}


def _chosen(unit: Organization) -> dict[str, object]:
    return {"code": "by_hand", "unit": unit.name}
