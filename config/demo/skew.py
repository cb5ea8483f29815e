"""Where, when and about what people report: never evenly.

Shares follow published bulletins of Chinese cities: five or six leaves make up
two thirds of all cases, events are 80 to 97 %, the busiest street has 2.7 times
the cases of the quietest, months differ by a factor of three, units keep
between half and nearly all of their limits, and 0.05 to 2.5 % is done again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from matters.models import Category

LOCAL = ZoneInfo("Asia/Shanghai")
DAY = 86_400
BUSIEST_TO_QUIETEST = 2.7
TOP = {
    "E0506": 0.24, "E0507": 0.12, "E0102": 0.11, "E0201": 0.075, "E0511": 0.065, "E0504": 0.055,
}  # fmt: skip
REST: dict[str, float] = {
    Category.Kind.COMPONENT: 0.11, Category.Kind.SERVICE: 0.1, Category.Kind.EVENT: 0.125,
}  # fmt: skip
LIKELY = {
    "C0101": 6, "C0103": 8, "C0104": 6, "C0107": 5, "C0118": 12, "C0305": 12, "C0405": 7,
    "C0402": 8, "C0298": 6, "C0209": 4, "C0126": 4, "C0291": 4, "C0117": 4,
    "E0103": 6, "E0104": 10, "E0106": 5, "E0110": 8, "E0203": 5, "E0501": 12, "E0505": 10,
    "E0597": 7, "E0591": 3, "E0303": 3, "E0304": 3, "E0508": 3, "E0108": 4, "E0510": 3,
    "S0105": 9, "S0106": 7, "S0113": 6, "S0111": 7, "S0301": 6, "S0302": 5, "S0401": 8,
    "S0110": 4, "S0121": 5, "S0306": 3, "S0415": 4, "S0501": 5, "S0103": 3, "S0805": 6,
}  # fmt: skip
SEASONS: dict[str, tuple[frozenset[int], float]] = {
    "E0406": (frozenset({6, 7, 8, 9}), 12), "E0497": (frozenset({7, 8, 9}), 6),
    "E0407": (frozenset({1, 2}), 12), "S0206": (frozenset({11, 12, 1, 2, 3}), 8),
    "E0104": (frozenset({10, 11, 12}), 3), "E0510": (frozenset({5, 6, 7, 8, 9}), 4),
    "E0183": (frozenset({5, 6, 7, 8, 9}), 5), "S0803": (frozenset({6, 10, 11}), 10),
    "S0115": (frozenset({6, 7, 8}), 6), "S0505": (frozenset({4, 5}), 5),
    "S0302": (frozenset({6, 7, 8, 9}), 3), "C0104": (frozenset({6, 7, 8}), 3),
}  # fmt: skip
OFF_SEASON = 0.15
RURAL = "S08"
MONTHS = (0.62, 0.5, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5, 1.2, 1.05, 0.9, 0.75)
WEEKEND = 0.55
HOURS = (
    0.1, 0.1, 0.05, 0.05, 0.1, 0.3, 1, 3, 10, 13, 12, 7, 3, 4, 11, 12, 11, 7, 3, 2.4, 2, 1.2, 0.5,
    0.2,
)  # fmt: skip
RECENT_DAYS = 10
T = TypeVar("T")
Floats = npt.NDArray[np.float64]


class Lot(Generic[T]):
    """Things drawn by weight."""

    def __init__(self, things: Sequence[T], weights: Sequence[float]) -> None:
        self._things = things
        self._edges = list(accumulate(weights))

    def draw(self, rng: Random) -> T:
        return rng.choices(self._things, cum_weights=self._edges)[0]


@dataclass(frozen=True, slots=True)
class Habit:
    """How a unit works: shares of issues in time, done again after a check, sent back."""

    in_time: float
    rework: float
    returns: float


def habit(rng: Random) -> Habit:
    return Habit(
        in_time=0.5 + 0.49 * rng.betavariate(3.2, 1.1),
        rework=rng.uniform(0.0005, 0.025),
        returns=rng.uniform(0.003, 0.03),
    )


def street_weights(count: int) -> list[float]:
    """From the busiest, first, down to the quietest."""
    return [BUSIEST_TO_QUIETEST ** (1 - n / max(1, count - 1)) for n in range(count)]


def leaf_weights(leaves: Sequence[Category], *, month: int, town: bool) -> list[float]:
    """Relative frequency of each leaf in a month, in town or village."""
    sums = dict.fromkeys(REST, 0.0)
    for leaf in leaves:
        if leaf.code not in TOP:
            sums[leaf.kind] += LIKELY.get(leaf.code, 1)
    return [_leaf_weight(leaf, sums, month, town) for leaf in leaves]


def _leaf_weight(leaf: Category, sums: dict[str, float], month: int, town: bool) -> float:
    if leaf.code in TOP:
        return TOP[leaf.code]
    if leaf.code.startswith(RURAL) and not town:
        return 0.0
    weight = REST[leaf.kind] * LIKELY.get(leaf.code, 1) / sums[leaf.kind]
    if leaf.code in SEASONS:
        months, factor = SEASONS[leaf.code]
        weight *= factor if month in months else OFF_SEASON
    return weight


def arrivals(*, count: int, seed: int, since: datetime, until: datetime) -> list[float]:
    """POSIX times of `count` reports in order, skewed by month, weekday and hour.

    A small demo has some more in its last days, so that there is work to see.
    """
    rng = np.random.default_rng(seed)
    first = since.astimezone(LOCAL).date()
    days = (until.astimezone(LOCAL).date() - first).days + 1
    weights = np.array([_day_weight(first + timedelta(days=n)) for n in range(days)])
    weights *= rng.uniform(0.75, 1.25, days)
    late = np.where(np.arange(days) >= days - RECENT_DAYS, 1.0, 0.0)
    recent = int(count * min(0.1, 200 / max(count, 1)))
    start = datetime.combine(first, time.min, tzinfo=LOCAL).timestamp()
    window = (since.timestamp() - start, until.timestamp() - start)
    times = np.concatenate(
        [_drawn(rng, count - recent, weights, window), _drawn(rng, recent, late, window)]
    )
    return [start + float(at) for at in np.sort(times)]


def _drawn(
    rng: np.random.Generator, count: int, weights: Floats, window: tuple[float, float]
) -> Floats:
    """Seconds since the first day's midnight; what falls outside the window is drawn again."""
    hours = np.array(HOURS) / sum(HOURS)
    kept: Floats = np.empty(0)
    while len(kept) < count:
        missing = count - len(kept)
        days = rng.choice(len(weights), size=missing, p=weights / weights.sum())
        at = days * DAY + rng.choice(24, size=missing, p=hours) * 3600.0
        at = at + rng.integers(0, 3600, missing)
        kept = np.concatenate([kept, at[(at >= window[0]) & (at < window[1])]])
    return kept


def _day_weight(day: date) -> float:
    return MONTHS[day.month - 1] * (WEEKEND if day.weekday() >= 5 else 1)
