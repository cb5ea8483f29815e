"""What every story is told with: the scene, the passing of time, who acts, and what they did."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from config.demo.record import Record
from config.demo.replies import Replies
from config.demo.rows import IssueRow
from config.demo.world import Leaf, Person, Spot, Where, World
from issues import clocks
from issues.book import target
from issues.workflow import RULES, ClockAct, State, Verb
from matters.models import Condition
from partyorgs.models import Organization

# A staged return is younger: undecided for four working hours the territory would have it.
UNDECIDED = timedelta(hours=3)


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


class Over(Exception):
    """The story has reached the present, or the step that nobody did."""


class Teller:
    """Writes one issue's life, a verb at a time, at instants that come one after the other."""

    def __init__(self, scene: Scene, world: World, rng: Random) -> None:
        self.scene, self.world, self.rng = scene, world, rng
        self.calendar = world.calendar
        self.at = scene.at
        self.issue = issue_of(scene, world)
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
            raise Over
        if self.scene.staged:
            at = self.at + (self.scene.until - self.at) * self.rng.uniform(0.15, 0.3)
            if verb is Verb.RETURN:
                at = max(at, self.scene.until - UNDECIDED)
        elif continuous:
            at = self.at + timedelta(minutes=minutes)
        else:
            at = self.calendar.add_working_minutes(self.at, max(1, int(minutes)))
        at = (at + timedelta(seconds=self.rng.randrange(60))).replace(microsecond=0)
        if at > self.scene.until:
            raise Over
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

    def choose(self, unit: Organization) -> None:
        self.record.send_to(unit.pk, None, self.at)
        self.issue.level = unit.area.level if unit.area else self.issue.level

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


def issue_of(scene: Scene, world: World) -> IssueRow:
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
