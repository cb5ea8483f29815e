"""What is reported where: ordinary scenes by chance, and some staged for the demo accounts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

import shapely

from config.demo import texts
from config.demo.layout import point_in
from config.demo.skew import LOCAL
from config.demo.telling import Scene
from config.demo.world import STEP, Leaf, Person, Spot, Where, World
from issues.models import Issue
from issues.numbers import ALPHABET, LENGTH
from issues.workflow import RAISED_AT, Verb
from matters.models import Condition

DEFAULT_CONDITION = 0.75
AT_PLACE = 0.6
FROM_DESKS, FROM_STEWARDS, OUTSIDE = 0.06, 0.25, 0.001
STALLED_DAYS = 21
STALLED, STALLED_LONG_AGO = 0.2, 0.0005
STOPS = (Verb.ACCEPT, Verb.SIGN, Verb.HANDLE, Verb.HANDLE, Verb.CHECK, Verb.CLOSE)
NUMBERS = len(ALPHABET) ** LENGTH
# They share no factor with 30, so that every index gets a tail of its own.
STRIDES = (17_180_131, 13_006_933)

# Leaf, minutes ago, the verb not done yet, where. What the demo accounts find to do.
STAGED = (
    ("E0102", 40, Verb.SIGN, "home"), ("E0102", 170, Verb.HANDLE, "home"),
    ("E0104", 1560, Verb.HANDLE, "home"), ("E0102", 300, Verb.CHECK, "home"),
    ("E0108", 540, Verb.CHECK, "home"), ("E0506", 1800, Verb.CLOSE, "home"),
    ("E0102", 3000, Verb.CLOSE, "home"), ("S0105", 120, Verb.SIGN, "home"),
    ("S0106", 1200, Verb.HANDLE, "home"), ("S0301", 1900, Verb.HANDLE, "home"),
    ("C0118", 3000, Verb.HANDLE, "home"), ("C0103", 50, Verb.HANDLE, "home"),
    ("E0507", 10, Verb.ACCEPT, "desk"), ("E0505", 95, Verb.ACCEPT, "desk"),
    ("E0504", 150, Verb.REDISPATCH, "street"), ("E0102", 210, Verb.REDISPATCH, "street"),
    ("C0101", 70, Verb.HANDLE, "street"), ("C0103", 320, Verb.SIGN, "street"),
    ("E0102", 75, Verb.SIGN, "street"), ("E0103", 2900, Verb.HANDLE, "street"),
    ("E0104", 900, Verb.CHECK, "street"),
    ("E0506", 30, Verb.DISPATCH, "outside"), ("E0507", 1500, Verb.DISPATCH, "outside"),
    ("E0403", 35, Verb.HANDLE, "street"),
)  # fmt: skip
# Minutes of working time ago: so late that a supervision order waits for its answer.
ORDERED = ("E0102", 780, Verb.HANDLE, "home")
# Minutes ago: the community sends it back for the third time, which raises it to the street;
# never so long that the territory would have taken it over the desk's silence.
UNWANTED = ("S0105", 700, Verb.REDISPATCH, "home")
# At the last hour at which nobody worked: whoever is on duty is called.
AT_NIGHT = ("S0108", Verb.HANDLE, "home")
STAGED_ISSUES = len(STAGED) + 3
SINCE_NIGHT = timedelta(minutes=6)


def is_staged(count: int) -> bool:
    """Whether so many issues leave room for some that are made for the demo accounts."""
    return count >= 4 * STAGED_ISSUES


def number(index: int, at: datetime, *, prefix: str, seed: int) -> str:
    """As `issues.numbers.new_number` makes them, but by seed; no two indexes share a tail."""
    value = index
    for stride in STRIDES:
        value = (value * stride + seed * 7_919_317) % NUMBERS
        value = sum(digit * len(ALPHABET) ** n for n, digit in enumerate(_digits(value)[::-1]))
    tail = "".join(ALPHABET[digit] for digit in _digits(value))
    return f"{prefix}-{at.astimezone(LOCAL):%y%m%d}-{tail}"


def _digits(value: int) -> list[int]:
    """The lowest digit first; read backwards it makes the next multiplication mix them all."""
    digits = []
    for _place in range(LENGTH):
        value, digit = divmod(value, len(ALPHABET))
        digits.append(digit)
    return digits


class _Staged(NamedTuple):
    """A scene of a table: since when, about what, up to which verb, where."""

    at: datetime
    leaf: str
    stop: Verb
    where: str
    returns: int = 1


class Stage:
    """Makes scenes for one district up to one present."""

    def __init__(
        self, world: World, *, until: datetime, seed: int, prefix: str, home_share: float
    ) -> None:
        self.world, self.until, self.seed = world, until, seed
        self.prefix, self.home_share = prefix, home_share

    def ordinary(self, index: int, at: float, rng: Random) -> Scene:
        """A report at a POSIX time, by chance."""
        moment = datetime.fromtimestamp(at, UTC)
        spot = self.world.any_spot(rng, home_share=self.home_share)
        if rng.random() < OUTSIDE:
            return self._outside(index, moment, self._leaf(moment, spot, rng), rng)
        recent = (self.until - moment).days < STALLED_DAYS
        stalled = rng.random() < (STALLED if recent else STALLED_LONG_AGO)
        return self._in(
            spot, index, moment, self._leaf(moment, spot, rng), rng,
            stop=rng.choice(STOPS) if stalled else "",
            by_desk=rng.random() < FROM_DESKS,
        )  # fmt: skip

    def staged(self, first: int, rng: Random) -> Iterator[Scene]:
        """The last scenes of the demo, oldest first."""
        for index, row in enumerate(sorted(self._rows(), key=lambda row: row.at), start=first):
            at = row.at - timedelta(seconds=rng.randrange(50))
            leaf, stop, where = self.world.leaves[row.leaf], row.stop, row.where
            if where == "outside":
                yield self._outside(index, at, leaf, rng, stop=stop, staged=True)
            else:
                home = self.world.home
                street = [spot for spot in self.world.streets[0] if spot is not home]
                spot = home if where == "home" else rng.choice(street)
                yield self._in(
                    spot, index, at, leaf, rng, stop=stop, staged=True,
                    by_desk=where == "desk", returns=row.returns,
                )  # fmt: skip

    def _rows(self) -> Iterator[_Staged]:
        for code, ago, stop, where in STAGED:
            yield _Staged(self.until - timedelta(minutes=ago), code, stop, where)
        code, ago, stop, where = ORDERED
        yield _Staged(self.world.worked_ago(self.until, ago), code, stop, where)
        code, ago, stop, where = UNWANTED
        yield _Staged(self.until - timedelta(minutes=ago), code, stop, where, RAISED_AT)
        code, stop, where = AT_NIGHT
        yield _Staged(self._last_night(), code, stop, where)

    def _last_night(self) -> datetime:
        at = self.until - SINCE_NIGHT
        while self.world.works_at(at):
            at -= STEP
        return at

    def _leaf(self, at: datetime, spot: Spot, rng: Random) -> Leaf:
        return self.world.leaf_lots[at.astimezone(LOCAL).month, spot.town].draw(rng)

    def _in(
        self,
        spot: Spot,
        index: int,
        at: datetime,
        leaf: Leaf,
        rng: Random,
        *,
        stop: str = "",
        staged: bool = False,
        by_desk: bool = False,
        returns: int = 1,
    ) -> Scene:
        place = rng.choice(spot.places) if spot.places and rng.random() < AT_PLACE else None
        lng, lat = point_near(spot, place, rng)
        condition = _condition(leaf, rng, plain=staged)
        said = place or Where(0, rng.choice(spot.places).label if spot.places else spot.name, 0, 0)
        source, reporter = self._reporter(spot, rng, by_desk=by_desk)
        return Scene(
            number=number(index, at, prefix=self.prefix, seed=self.seed),
            at=at, until=self.until, spot=spot, place=place, lat=lat, lng=lng, leaf=leaf,
            condition=condition, source=source, reporter=reporter,
            description=_description(leaf, condition, said.label, at, rng),
            family=_family(condition), stop=stop, staged=staged, returns=returns,
        )  # fmt: skip

    def _reporter(self, spot: Spot, rng: Random, *, by_desk: bool) -> tuple[str, Person]:
        """The cell's worker or a steward; now and then the community, through the desk."""
        if by_desk:
            desk = self.world.desks[spot.community]
            return Issue.Source.PARTNER.value, self.world.crews[desk.pk].clerks[0]
        if spot.stewards and rng.random() < FROM_STEWARDS:
            return Issue.Source.STEWARD.value, rng.choice(spot.stewards)
        return Issue.Source.WORKER.value, rng.choice(spot.workers)

    def _outside(
        self,
        index: int,
        at: datetime,
        leaf: Leaf,
        rng: Random,
        *,
        stop: str = "",
        staged: bool = False,
    ) -> Scene:
        """Just off the district's edge, found by the worker of the nearest cell."""
        world = self.world
        lng = round(rng.uniform(world.east + 0.001, world.east + 0.004), 6)
        lat = round(rng.uniform(world.south, world.north), 6)
        condition = _condition(leaf, rng, plain=staged)
        return Scene(
            number=number(index, at, prefix=self.prefix, seed=self.seed),
            at=at, until=self.until, spot=None, place=None, lat=lat, lng=lng, leaf=leaf,
            condition=condition, source=Issue.Source.WORKER.value,
            reporter=rng.choice(world.nearest(lat, lng).workers),
            description=_description(leaf, condition, "区界道路", at, rng),
            family=_family(condition), stop=stop, staged=staged,
        )  # fmt: skip


def _condition(leaf: Leaf, rng: Random, *, plain: bool) -> Condition:
    if plain or rng.random() < DEFAULT_CONDITION:
        return leaf.conditions[0]
    return rng.choice(leaf.conditions)


def _family(condition: Condition) -> str:
    """The limit template of a condition: T-COVER of T-COVER-1."""
    return condition.code.rpartition("-")[0]


def _description(leaf: Leaf, condition: Condition, place: str, at: datetime, rng: Random) -> str:
    return texts.description(
        code=leaf.code if condition is leaf.conditions[0] else "",
        family=_family(condition),
        matter=leaf.name,
        fault=condition.name_zh,
        place=place,
        month=at.astimezone(LOCAL).month,
        rng=rng,
    )


def point_near(spot: Spot, place: Where | None, rng: Random) -> tuple[float, float]:
    """Near the place, or anywhere in the cell; always inside it."""
    if place is None:
        return point_in(spot.shape, rng)
    lng, lat = round(rng.gauss(place.lng, 0.0002), 6), round(rng.gauss(place.lat, 0.0002), 6)
    return (lng, lat) if shapely.contains_xy(spot.shape, lng, lat) else (place.lng, place.lat)
