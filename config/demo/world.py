"""What a story needs to know of the district, in memory: spots, people, rules, habits."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import shapely
from django.db.models import Min
from shapely.geometry import Point, Polygon

from config.demo.district import District
from config.demo.people import ACCOUNTS
from config.demo.skew import Habit, Lot, habit, leaf_weights, street_weights
from grid.geometry import distance_m
from issues import clocks
from issues.ladders import current_rungs
from issues.models import Clock, Rung
from matters.models import Category, CategoryCondition, ClockKind, Condition, StageLimit
from matters.queries import stage_limit
from partyorgs.models import CellOwnership, Duty, Organization, Post, Responsibility, Role
from partyorgs.queries import LEVELS, UNIT_ROLES
from worktime.queries import stamped_calendar

HOME_SHARE = 0.35
HOME_ISSUES = 120
MINUTE, STEP = timedelta(minutes=1), timedelta(minutes=10)


class Person(NamedTuple):
    """A user by the post that acts."""

    user: int
    post: int


class Where(NamedTuple):
    """A place that people name, with its point."""

    id: int
    label: str
    lat: float
    lng: float


@dataclass(slots=True)
class Spot:
    """A cell with all that follows from being there."""

    id: int
    code: str
    name: str
    kind: str
    shape: Polygon
    community: int
    street: int
    district: int
    town: bool
    owners: list[CellOwnership]
    workers: list[Person]
    stewards: list[Person]
    places: list[Where]

    def owner(self, at: datetime) -> Organization:
        return next(row.organization for row in self.owners if row.valid_at(at))


@dataclass(frozen=True, slots=True)
class Leaf:
    """A category with its conditions, the default one first."""

    id: int
    code: str
    name: str
    kind: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """Where the responsibility list sends a leaf; the same facts as `issues.dispatch.Route`."""

    unit: Organization
    doer: Organization
    level: str
    helpers: tuple[int, ...]
    reasons: tuple[dict[str, Any], ...]
    item: Responsibility

    @property
    def on_behalf_of(self) -> int | None:
        return self.doer.pk if self.doer.pk != self.unit.pk else None


@dataclass
class Crew:
    """Who works in a unit."""

    clerks: list[Person] = field(default_factory=list)
    handlers: list[Person] = field(default_factory=list)


class World:
    """The district as stories see it. Built once; read by every process."""

    def __init__(self, district: District, *, seed: int) -> None:
        self.calendar_stamp, self.calendar = stamped_calendar()
        self.district = district.areas[district.layout.code]
        self.desks = {body.area_id: body for body in district.bodies.desks.values() if body.area_id}
        self.limits = {stage: _limit(stage) for stage in StageLimit.Stage.values}
        self.rungs: dict[str, list[Rung]] = {kind: current_rungs(kind) for kind in Clock.Kind}
        # Nobody kept rosters before: then what is critical called nobody.
        self.watched_from = Duty.objects.aggregate(first=Min("starts"))["first"]
        self._staff(district.roster.posts)
        self._spots(district)
        self._matters(district)
        self._habits(district, Random(f"{seed}:habits"))  # noqa: S311 - a demo, not a secret
        self.names = dict(Organization.objects.values_list("pk", "name"))
        self._routes: dict[tuple[int, int], Sent] = {}

    def _staff(self, posts: Iterable[Post]) -> None:
        self.crews: dict[int, Crew] = {}
        self.secretaries: dict[int, Person] = {}
        self.cell_people: dict[tuple[int, str], list[Person]] = {}
        self.demo_users: dict[str, int] = {}
        self.people: dict[int, Person] = {}
        self.leaders: dict[int, Person] = {}
        for post in posts:
            person = self.people[post.user_id] = Person(post.user_id, post.pk)
            if post.user.username in ACCOUNTS:
                self.demo_users[post.user.username] = post.user_id
            self._seat(post, person)

    def _seat(self, post: Post, person: Person) -> None:
        """Who can be found by what: branch, street, unit, cell."""
        if post.role == Role.BRANCH_SECRETARY and post.organization_id:
            self.secretaries[post.organization_id] = person
        elif post.role == Role.STREET_LEADER and post.area_id:
            self.leaders.setdefault(post.area_id, person)
        elif post.role in UNIT_ROLES and post.organization_id:
            crew = self.crews.setdefault(post.organization_id, Crew())
            if post.role == Role.UNIT_HANDLER:
                crew.handlers.append(person)
            elif post.role != Role.UNIT_HEAD:
                crew.clerks.append(person)
        elif post.cell is not None:
            base = post.cell.parent_id or post.cell.pk
            self.cell_people.setdefault((base, post.role), []).append(person)

    def _spots(self, district: District) -> None:
        owners: dict[int, list[CellOwnership]] = {}
        for row in district.ownerships:
            owners.setdefault(row.cell_id, []).append(row)
        by_street: dict[str, list[Spot]] = {}
        areas = district.areas
        for street, community, plan in district.layout.cells():
            cell = district.cells[plan.code]
            shapely.prepare(plan.shape)
            spot = Spot(
                id=cell.pk, code=cell.code, name=cell.name, kind=cell.kind, shape=plan.shape,
                community=areas[community.code].pk, street=areas[street.code].pk,
                district=self.district.pk, town=street.town, owners=owners[cell.pk],
                workers=self.cell_people[cell.pk, Role.GRID_WORKER],
                stewards=self.cell_people.get((cell.pk, Role.STEWARD), []),
                places=[
                    Where(place.pk, place.label, place.lat, place.lng)
                    for place in district.places.get(cell.pk, [])
                ],
            )  # fmt: skip
            by_street.setdefault(street.code, []).append(spot)
        self.streets = list(by_street.values())
        self.street_lot = Lot(self.streets, street_weights(len(self.streets)))
        self.home = next(s for s in self.streets[0] if s.code == district.layout.home.code)
        self.west, self.south, self.east, self.north = shapely.total_bounds(
            [spot.shape for street in self.streets for spot in street]
        ).tolist()

    def _matters(self, district: District) -> None:
        allowed: dict[int, list[Condition]] = {}
        for row in CategoryCondition.objects.select_related("condition").order_by("position"):
            allowed.setdefault(row.category_id, []).append(row.condition)
        categories = list(Category.objects.filter(level=2, active=True))
        leaves = [Leaf(c.pk, c.code, c.name_zh, c.kind, tuple(allowed[c.pk])) for c in categories]
        self.leaves = {leaf.code: leaf for leaf in leaves}
        self.leaf_lots = {
            (month, town): Lot(leaves, leaf_weights(categories, month=month, town=town))
            for month in range(1, 13)
            for town in (False, True)
        }
        self._items: dict[int, dict[int, list[Responsibility]]] = {}
        for item in district.items:
            by_area = self._items.setdefault(item.category_id, {})
            by_area.setdefault(item.area_id, []).append(item)
        self._helpers: dict[int, tuple[int, ...]] = {}
        for item_id, unit in Responsibility.helpers.through.objects.values_list(
            "responsibility_id", "organization_id"
        ):
            self._helpers[item_id] = (*self._helpers.get(item_id, ()), unit)

    def _habits(self, district: District, rng: Random) -> None:
        self.habits: dict[int, Habit] = {body.pk: habit(rng) for body in district.bodies.made}
        self.neighbours: dict[int, list[Organization]] = {}
        bodies = district.bodies
        self.units = bodies.units
        for (_unit, street), body in bodies.street_units.items():
            self.neighbours.setdefault(district.areas[street].pk, []).append(body)

    def sent(self, leaf: Leaf, spot: Spot) -> Sent:
        """The responsibility list's answer for a leaf in the spot's community."""
        key = (leaf.id, spot.community)
        if key not in self._routes:
            self._routes[key] = self._look_up(leaf, spot)
        return self._routes[key]

    def _look_up(self, leaf: Leaf, spot: Spot) -> Sent:
        found = [
            (LEVELS[item.level], nearness, item)
            for nearness, area in enumerate((spot.community, spot.street, spot.district))
            for item in self._items[leaf.id].get(area, ())
        ]
        item = min(found, key=lambda row: row[:2])[2]
        reasons = [
            {
                "code": "item", "level": item.level, "area": item.area.name,
                "unit": item.doer.name, "basis": item.basis,
            }
        ]  # fmt: skip
        unit = item.doer
        if unit.pk not in self.crews and item.supervisor:
            unit = item.supervisor
            reasons.append({"code": "on_behalf", "doer": item.doer.name, "unit": unit.name})
        return Sent(
            unit, item.doer, item.level, self._helpers.get(item.pk, ()), tuple(reasons), item
        )

    def nearest(self, lat: float, lng: float) -> Spot:
        """The cell nearest to a point outside every cell."""
        spots = [spot for street in self.streets for spot in street]
        return min(spots, key=lambda spot: float(spot.shape.distance(Point(lng, lat))))

    @staticmethod
    def metres(spot: Spot, lat: float, lng: float) -> int:
        return round(distance_m(spot.shape, lat, lng))

    def place_reasons(
        self, spot: Spot | None, *, lat: float, lng: float, at: datetime
    ) -> list[dict[str, object]]:
        """What the point says about cell and owner; the same facts as `issues.dispatch`."""
        if spot is None:
            near = self.nearest(lat, lng)
            metres = self.metres(near, lat, lng)
            return [{"code": "outside", "cell": near.code, "name": near.name, "metres": metres}]
        owner = spot.owner(at)
        return [
            {"code": f"cell_{spot.kind}", "cell": spot.code, "name": spot.name},
            {"code": "owner", "organization": owner.code, "name": owner.name},
        ]

    def works_at(self, at: datetime) -> bool:
        """Whether the minute from `at` on is working time; all units keep the same hours."""
        return self.calendar.working_minutes_between(at, at + MINUTE) > 0

    def worked_ago(self, until: datetime, minutes: int) -> datetime:
        """An instant with so many minutes of working time, and a few more, up to `until`."""
        at = until
        while self.calendar.working_minutes_between(at, until) < minutes:
            at -= STEP
        return at

    def any_spot(self, rng: Random, *, home_share: float) -> Spot:
        """A cell, in a busy street more likely; some shares of home's street go to home."""
        street = self.street_lot.draw(rng)
        if street is self.streets[0] and rng.random() < home_share:
            if rng.random() < 0.5:
                return self.home
            return rng.choice([s for s in street if s.community == self.home.community])
        return rng.choice(street)


def home_share(count: int) -> float:
    """The part of the busiest street's issues for the demo accounts' own community."""
    return min(HOME_SHARE, HOME_ISSUES / max(1.0, count * 0.08))


def _limit(stage: str) -> clocks.Limit:
    limit = stage_limit(stage)
    return clocks.Limit(limit.minutes, limit.clock == ClockKind.CONTINUOUS)
