"""How one report lived: the rule book walked through at believable times.

It makes plain rows, a hundred times faster than the services; the rows are the
same in kind (a test walks the same steps through both). Between two steps of
people the ladder climbs, and what it orders is answered.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from config.demo import texts
from config.demo.record import Record
from config.demo.replies import Replies
from config.demo.rows import IssueRow, Life
from config.demo.world import Leaf, Person, Spot, Where, World
from issues import clocks
from issues.book import target
from issues.models import Issue
from issues.workflow import CONFERRED_AT, RAISED_AT, RULES, ClockAct, Outcome, State, Verb, Way
from matters.models import Condition
from partyorgs.models import Level, Organization, Responsibility

ACCEPTED_LATE = 0.08
REJECTED, CANCELLED, NOTED = 0.05, 0.006, 0.04
RETURN_REASONS = ("not_ours", "overlapping_duty")
REJECT_REASONS = ("not_a_matter", "in_procedure", "still_in_hand")
REDISPATCH_REASONS = ("sent_wrong", "unit_asked")
# Of what came back once: nobody wants it, so that it comes back until it is raised.
UNWANTED, HOPELESS = 0.03, 0.05


@dataclass(frozen=True, slots=True)
class Scene:
    """What is reported, where and by whom.

    `spot` None is a point outside every cell. `stop` names the verb that nobody
    has done yet; a `staged` issue takes its steps evenly between report and
    present, whatever the hour, and its orders and calls wait for the reader.
    `returns`: how often its units send it back, if they do.
    """

    number: str
    at: datetime
    until: datetime
    spot: Spot | None
    place: Where | None
    lat: float
    lng: float
    leaf: Leaf
    condition: Condition
    source: str
    reporter: Person
    description: str
    family: str
    stop: str = ""
    staged: bool = False
    returns: int = 1


class _Over(Exception):
    """The story has reached the present, or the step that nobody did."""


def tell(scene: Scene, *, world: World, rng: Random) -> Life:
    """The whole life of an issue up to the present."""
    story = _Story(scene, world, rng)
    with suppress(_Over):
        story.arrive()
        story.work()
        story.finish()
    story.pass_time(scene.until)
    return story.record.life


class _Story:
    def __init__(self, scene: Scene, world: World, rng: Random) -> None:
        self.scene, self.world, self.rng = scene, world, rng
        self.calendar = world.calendar
        self.at = scene.at
        self.issue = _issue(scene, world)
        self.record = Record(self.issue, world=world, rng=rng)
        self.record.limit = clocks.Limit(scene.condition.minutes, scene.condition.critical)
        self.continuous = scene.condition.critical
        self.handled_by: Person | None = None
        self.replies = Replies(self.record, world=world, rng=rng, silent=scene.staged)

    def step(
        self, verb: Verb, minutes: float, *, continuous: bool = False, stops: bool = True
    ) -> None:
        """Move on to when `verb` is done; Over if that lies in the future or never was."""
        if stops and self.scene.stop == verb:
            raise _Over
        if self.scene.staged:
            at = self.at + (self.scene.until - self.at) * self.rng.uniform(0.15, 0.3)
        elif continuous:
            at = self.at + timedelta(minutes=minutes)
        else:
            at = self.calendar.add_working_minutes(self.at, max(1, int(minutes)))
        at = (at + timedelta(seconds=self.rng.randrange(60))).replace(microsecond=0)
        if at > self.scene.until:
            raise _Over
        self.pass_time(at)
        self.at = at
        if self.record.life.events:
            self.issue.version += 1

    def pass_time(self, until: datetime) -> None:
        """What comes by itself between the last turn and `until`."""
        self.record.end_turn(self.at)
        self.replies.pass_time(until)

    def done(
        self,
        verb: Verb,
        by: Person,
        *,
        to: State | None = None,
        passed: bool | None = None,
        facts: dict[str, object] | None = None,
        text: str = "",
        unit: bool = True,
        on_behalf: bool = False,
        clock_acts: tuple[ClockAct, ...] | None = None,
    ) -> None:
        rule = RULES[verb]
        state = to or target(rule, state=State(self.issue.state or State.REPORTED))
        self.record.apply(
            rule,
            at=self.at,
            by=by,
            to=state,
            passed=passed,
            clock_acts=clock_acts,
            unit=self.issue.unit_id if unit else None,
            on_behalf_of=self.record.behalf if on_behalf else None,
            facts=facts,
            text=text,
        )

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
        self._choose(unit)
        self.done(Verb.DISPATCH, self.dispatcher, facts={"reasons": [_chosen(unit)]})

    def _choose(self, unit: Organization) -> None:
        self.record.send_to(unit.pk, None, self.at)
        self.issue.level = unit.area.level if unit.area else self.issue.level

    def work(self) -> None:
        habit = self.world.habits[self.issue.unit_id or 0]
        started, minutes = self.at, self._effort(habit.in_time)
        self.step(Verb.SIGN, min(120.0, minutes * self.rng.uniform(0.05, 0.35)),
                  continuous=self.continuous)  # fmt: skip
        self.done(Verb.SIGN, self.clerk, on_behalf=True)
        if self.scene.stop == Verb.REDISPATCH or self.rng.random() < habit.returns:
            self._sent_back_often()
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

    def _sent_back_often(self) -> None:
        """Most is returned once; a little until the third return raises it."""
        spot, times = self.scene.spot, self.scene.returns
        if spot is None:
            return
        if not self.scene.staged and self.rng.random() < UNWANTED:
            times = RAISED_AT
        for left in range(times - 1, -1, -1):
            self._sent_back(spot, last=not left, quarrel=times > 1)

    def _sent_back(self, spot: Spot, *, last: bool, quarrel: bool) -> None:
        """The unit returns it, and somebody sends it on: the desk, a conference, a judgement.

        In a quarrel of neighbours the street insists that the community mends it.
        """
        issue, world = self.issue, self.world
        self.step(Verb.RETURN, self.rng.uniform(5, 90))
        others = [body for body in world.neighbours[spot.street] if body.pk != issue.unit_id]
        other = self.rng.choice(others)
        unit = world.desks[spot.community] if quarrel else other
        issue.returns += 1
        proposed = other if unit.pk == issue.unit_id else unit
        reason, item = self.rng.choice(RETURN_REASONS), world.sent(self.scene.leaf, spot).item
        self.done(
            Verb.RETURN, self.clerk, on_behalf=True, text=self.rng.choice(texts.RETURNED),
            facts={"reason": reason, "reasons": [_rests_on(item), _proposed(proposed)]},
        )  # fmt: skip
        self.record.returned(at=self.at, reason=reason, item=item.pk, proposed=proposed.pk)
        if issue.returns == RAISED_AT:
            self.record.raise_level(at=self.at, because="returns")
        verb = {CONFERRED_AT: Verb.CONFER, RAISED_AT: Verb.JUDGE}.get(issue.returns)
        self.step(verb or Verb.REDISPATCH, self.rng.uniform(5, 100), stops=False)
        if last and self.scene.stop == Verb.REDISPATCH:
            raise _Over
        self._decide(verb or Verb.REDISPATCH, spot, unit)
        self.step(Verb.SIGN, self.rng.uniform(3, 60))
        self.done(Verb.SIGN, self.clerk, on_behalf=True)

    def _decide(self, verb: Verb, spot: Spot, unit: Organization) -> None:
        """Who decides and what they say of it; late, or judged, an order goes with it."""
        issue, world, record = self.issue, self.world, self.record
        leader = world.leaders[spot.street]
        wrong = unit.pk == issue.unit_id
        late = issue.due_at is not None and issue.due_at <= self.at
        why = {Verb.CONFER: "conferred", Verb.JUDGE: "judged"}.get(verb, "by_hand")
        facts: dict[str, object] = {"reasons": [{"code": why, "unit": unit.name}]}
        if verb is Verb.REDISPATCH:
            facts["reason"] = self.rng.choice(REDISPATCH_REASONS)
        if verb is Verb.JUDGE:
            against = "unit" if wrong else "dispatcher"
            beside = {"code": f"against_{against}", "unit": world.names[issue.unit_id or 0]}
            facts["reasons"] = [{"code": why, "unit": unit.name}, beside]
            facts |= {"reason": "unit_wrong" if wrong else "unit_right", "against": against}
            issue.judged = True
        order = "returns" if issue.returns >= RAISED_AT else late
        acts = tuple(ClockAct(act) for act in RULES[verb].clocks)
        if order:
            facts["order"] = order
            acts = (*acts, ClockAct.START_ANSWER)
        near = issue.raised_to != Level.DISTRICT
        by = {Verb.CONFER: leader, Verb.JUDGE: leader if near else self._district_clerk}.get(verb)
        self._choose(unit)
        self.done(
            verb, by or self.dispatcher, facts=facts, text=self.rng.choice(texts.REDISPATCHED),
            clock_acts=acts,
        )  # fmt: skip
        record.decided(verb, at=self.at, unit=unit.pk)

    @property
    def _district_clerk(self) -> Person:
        return self.rng.choice(self.world.crews[self.world.desks[self.world.district.pk].pk].clerks)

    def _handle(self, minutes: float) -> None:
        self.step(Verb.HANDLE, max(2.0, minutes), continuous=self.continuous)
        issue, outcome = self.issue, self._outcome()
        issue.outcome, issue.handled_at, issue.checked_at = outcome, self.at, None
        issue.must_visit = issue.critical or issue.reworks > 0
        self.handled_by = self.handler
        text = texts.handled(outcome=outcome, family=self.scene.family, rng=self.rng)
        self.done(Verb.HANDLE, self.handled_by, facts={"outcome": outcome}, text=text,
                  on_behalf=True)  # fmt: skip

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
        issue.outcome, issue.handled_at = "", None
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
        raise _Over

    def _steps_ended(self) -> dict[str, object]:
        """The end of an issue ends the steps that were still to come, and says so."""
        return {"steps_ended": True} if self.record.climbs else {}

    def _said(
        self,
        verb: Verb,
        by: Person,
        reasons: tuple[str, ...],
        said: tuple[str, ...],
        *,
        more: dict[str, object] | None = None,
        on_behalf: bool = False,
        clock_acts: tuple[ClockAct, ...] | None = None,
    ) -> None:
        facts = (more or {}) | {"reason": self.rng.choice(reasons)}
        self.done(verb, by, facts=facts, text=self.rng.choice(said), on_behalf=on_behalf,
                  clock_acts=clock_acts)  # fmt: skip

    @property
    def dispatcher(self) -> Person:
        spot = self.scene.spot
        desk = self.world.desks[spot.street if spot else self.world.district.pk]
        return self.rng.choice(self.world.crews[desk.pk].clerks)

    @property
    def clerk(self) -> Person:
        return self.rng.choice(self.world.crews[self.issue.unit_id or 0].clerks)

    @property
    def handler(self) -> Person:
        crew = self.world.crews[self.issue.unit_id or 0]
        return self.rng.choice(crew.handlers or crew.clerks)

    @property
    def checker(self) -> Person:
        """The reporter or another of the cell, else the branch; never who handled it."""
        spot = self.scene.spot
        if spot is None:
            return self.dispatcher
        return next((p for p in spot.workers if p != self.handled_by), self.closer)

    @property
    def closer(self) -> Person:
        spot = self.scene.spot
        if spot is None:
            return self.dispatcher
        return self.world.secretaries[self.issue.owner_id or 0]


def _issue(scene: Scene, world: World) -> IssueRow:
    spot = scene.spot
    return IssueRow(
        number=scene.number,
        source=scene.source,
        description=scene.description,
        lat=scene.lat,
        lng=scene.lng,
        reporter_id=scene.reporter.user,
        created_at=scene.at,
        category_id=scene.leaf.id,
        condition_id=scene.condition.pk,
        critical=scene.condition.critical,
        place_text=scene.place.label if scene.place else "",
        place_id=scene.place.id if scene.place else None,
        district_id=world.district.pk,
        street_id=spot.street if spot else None,
        community_id=spot.community if spot else None,
        cell_id=spot.id if spot else None,
        owner_id=spot.owner(scene.at).pk if spot else None,
    )


def _rests_on(item: Responsibility) -> dict[str, object]:
    return {
        "code": "rests_on", "item": item.pk, "category": item.category.code,
        "leaf": item.category.name_zh, "level": item.level, "area": item.area.name,
        "unit": item.doer.name, "basis": item.basis,
    }  # fmt: skip


def _proposed(unit: Organization) -> dict[str, object]:
    return {"code": "proposed", "unit": unit.name, "unit_code": unit.code}


def _chosen(unit: Organization) -> dict[str, object]:
    return {"code": "by_hand", "unit": unit.name}
