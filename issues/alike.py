"""Open reports like the one that somebody is about to send: near, recent, of the same matter.

Offered to join instead of reporting once more (DOMAIN.md §4.5, "Bulk duplicates").
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import asin, cos, degrees, isfinite, radians, sin, sqrt
from typing import Any

from django.db.models import Q

from issues.models import Issue, Joining
from matters.models import Category
from partyorgs.rules import Scope

EARTH = 6_371_008.8  # metres, mean radius
# Candidates read from the index, newest first; a place with more has another problem.
MOST_READ = 300
MOST_SHOWN = 5
# How much of two texts must agree before another leaf counts as the same matter.
SAME_WORDS = 0.25
COLUMNS = (
    "pk", "number", "state", "checked_at", "description", "place_text", "lat", "lng", "created_at",
    "reporter_id", "category__code", "category__name_zh", "category__name_en",
)  # fmt: skip


@dataclass(frozen=True)
class Reach:
    """How far and how long ago a report may lie and still be the same matter."""

    metres: int
    within: timedelta


NEAR = Reach(50, timedelta(hours=24))
WIDE = Reach(200, timedelta(days=7))


@dataclass(frozen=True)
class Question:
    """What somebody is about to report: WGS-84 degrees, the code of a leaf, free text."""

    lat: float
    lng: float
    category: str
    text: str = ""
    wide: bool = False

    @property
    def reach(self) -> Reach:
        return WIDE if self.wide else NEAR


@dataclass(frozen=True)
class Alike:
    """An open report that may be the same matter.

    `row`: its columns by COLUMNS. `metres`, `minutes`: how far and how long ago.
    `words`: 0 to 1, how much of the texts agrees. `own`: the asker's own report;
    `joined`: the asker is among those who joined it.
    """

    row: dict[str, Any]
    metres: float
    minutes: int
    words: float
    own: bool
    joined: bool = False

    @property
    def may_join(self) -> bool:
        return not (self.own or self.joined)


def similar(
    *, scope: Scope, asked: Question, now: datetime, own: bool = True, most: int = MOST_SHOWN
) -> list[Alike]:
    """Open reports that the scope may see and that may be the same matter, the likeliest first.

    Same leaf within 50 m and 24 h; `asked.wide`: within 200 m and 7 days, and
    other leaves of the big class too when the words agree. `own` False leaves out
    the asker's own. One query where nothing is near: index `issue_alike`.
    """
    if not (asked.category and isfinite(asked.lat) and isfinite(asked.lng)):
        return []
    near = dict(_near(scope, asked, now, own=own))
    if not near:
        return []
    rows = Issue.objects.visible_to(scope).filter(pk__in=near).values(*COLUMNS)
    found = [_alike(row, near[row["pk"]], scope=scope, asked=asked, now=now) for row in rows]
    same = [one for one in found if _same_matter(one, asked)]
    same.sort(key=lambda one: (-_likeness(one, asked.reach), one.minutes, one.row["pk"]))
    return _with_joined(same[:most], scope)


def _near(
    scope: Scope, asked: Question, now: datetime, *, own: bool
) -> Iterator[tuple[int, float]]:
    """Keys and metres of what is open, recent and within reach, whoever may see it."""
    reach = asked.reach
    south, west, north, east = box_around(asked.lat, asked.lng, metres=reach.metres)
    issues = Issue.objects.filter(
        _matters(asked),
        is_open=True,
        created_at__gte=now - reach.within,
        created_at__lte=now,
        lat__range=(south, north),
        lng__range=(west, east),
    )
    if not own:
        issues = issues.exclude(reporter_id__in=sorted(scope.persons))
    newest = issues.order_by("-created_at").values_list("pk", "lat", "lng")[:MOST_READ]
    for key, lat, lng in newest:
        metres = metres_between(asked.lat, asked.lng, lat, lng)
        if metres <= reach.metres:
            yield key, metres


def _matters(asked: Question) -> Q:
    """The leaf, or with a wide look every leaf of its big class."""
    if not asked.wide:
        return Q(category__code=asked.category)
    parents = Category.objects.filter(code=asked.category).values("parent_id")
    leaves = Category.objects.filter(parent_id__in=parents).values_list("pk", flat=True)
    return Q(category_id__in=list(leaves))


def _alike(
    row: dict[str, Any], metres: float, *, scope: Scope, asked: Question, now: datetime
) -> Alike:
    return Alike(
        row=row,
        metres=metres,
        minutes=max(0, int((now - row["created_at"]).total_seconds() // 60)),
        words=same_words(asked.text, row["description"]),
        own=row["reporter_id"] in scope.persons,
    )


def _same_matter(one: Alike, asked: Question) -> bool:
    return one.row["category__code"] == asked.category or one.words >= SAME_WORDS


def _likeness(one: Alike, reach: Reach) -> float:
    """Nearer and with more of the same words comes first, each for a half."""
    return one.words + 1 - one.metres / reach.metres


def _with_joined(found: list[Alike], scope: Scope) -> list[Alike]:
    others = [one.row["pk"] for one in found if not one.own]
    if not others:
        return found
    joined = set(
        Joining.objects.filter(issue_id__in=others, user=scope.user).values_list(
            "issue_id", flat=True
        )
    )
    return [replace(one, joined=one.row["pk"] in joined) for one in found]


def same_words(one: str, other: str) -> float:
    """How much two texts agree, 0 to 1: pairs of neighbouring characters in both, of all pairs.

    Chinese has no spaces between words; pairs of characters do as well as words
    for "the same lamp again". Case, spaces and punctuation do not count.
    """
    first, second = pairs_of(one), pairs_of(other)
    if not first or not second:
        return 0.0
    return 2 * len(first & second) / (len(first) + len(second))


def pairs_of(text: str) -> frozenset[str]:
    """The pairs of neighbouring characters; of a single character itself."""
    kept = "".join(char for char in text.casefold() if char.isalnum())
    return frozenset(_pairs(kept) if len(kept) > 1 else kept)


def _pairs(kept: str) -> Iterable[str]:
    return (kept[at : at + 2] for at in range(len(kept) - 1))


def metres_between(lat: float, lng: float, other_lat: float, other_lng: float) -> float:
    """Metres along the earth between two points in degrees (haversine)."""
    north, south = radians(other_lat), radians(lat)
    half_lat, half_lng = (north - south) / 2, radians(other_lng - lng) / 2
    chord = sin(half_lat) ** 2 + cos(south) * cos(north) * sin(half_lng) ** 2
    return 2 * EARTH * asin(min(1.0, sqrt(chord)))


def box_around(lat: float, lng: float, *, metres: float) -> tuple[float, float, float, float]:
    """South, west, north and east, in degrees, of a box that holds the circle, a bit larger.

    China lies far from the poles and from the date line; near a pole the box
    goes all around.
    """
    up = degrees(metres / EARTH) * 1.001
    top = min(90.0, abs(lat) + up)
    aside = 180.0 if top >= 89.9 else up / cos(radians(top)) * 1.001
    return lat - up, lng - aside, lat + up, lng + aside
