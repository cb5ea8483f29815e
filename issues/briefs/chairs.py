"""Chairs: the desks, units, branches and leaders that a brief is made for.

A chair is cut out of a post, so it never reaches further than the post itself
(`partyorgs.rules.scope_of`). Two people with posts in one place share a chair,
and its brief is the same for both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q

from grid.models import Area
from issues.who import DISPATCHING, UNIT_DESKS
from partyorgs.models import Organization, Post, Role
from partyorgs.queries import stand_ins_for
from partyorgs.rules import FAMILY_ROLES, Scope

AREA_CHAIRS = DISPATCHING | {Role.COMMUNITY_HEAD}
BRIEFED = AREA_CHAIRS | UNIT_DESKS | {Role.BRANCH_SECRETARY}


class Kind(StrEnum):
    """What a chair stands for, the widest first."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    UNIT = "unit"
    BRANCH = "branch"


WIDEST_FIRST = list(Kind)
AREA_KINDS = frozenset(map(Kind, Area.Level.values))
COLUMNS = {
    Kind.DISTRICT: "district_id",
    Kind.STREET: "street_id",
    Kind.COMMUNITY: "community_id",
    Kind.UNIT: "unit_id",
    Kind.BRANCH: "owner_id",
}
# Which filter of the list shows a chair's issues; a district is everything its people see.
FILTERS = {
    Kind.STREET: "street",
    Kind.COMMUNITY: "community",
    Kind.UNIT: "unit",
    Kind.BRANCH: "owner",
}


@dataclass(frozen=True)
class Chair:
    """One column of the issue and the ids in it; `code` is the area's or organization's."""

    kind: Kind
    name: str
    code: str
    ids: frozenset[int]

    @property
    def column(self) -> str:
        return COLUMNS[self.kind]

    @property
    def part(self) -> Q:
        """The chair's issues, as one index range an id."""
        return Q(**{f"{self.column}__in": sorted(self.ids)})

    @property
    def narrowing(self) -> dict[str, str]:
        """The filter of the list that shows these issues, where one filter can."""
        alone = self.kind in FILTERS and len(self.ids) == 1
        return {FILTERS[self.kind]: self.code} if alone else {}


def chairs_of(scope: Scope) -> list[Chair]:
    """The chairs of a person's posts, the widest first, each once."""
    return in_order(
        chair_of(seat.post, family=seat.owners | seat.units)
        for seat in scope.seats
        if seat.role in BRIEFED
    )


def chair_of(post: Post, *, family: frozenset[int]) -> Chair | None:
    """The chair of a post; `family`: its organization's id with those that it sees below.

    An area where the post works for one, else the organization; None for posts
    that get no brief.
    """
    unit = post.organization
    area = post.area or (unit.area if unit else None)
    if post.role in AREA_CHAIRS and area is not None:
        return Chair(Kind(area.level), area.name, area.code, frozenset({area.pk}))
    if unit is None:
        return None
    if post.role in UNIT_DESKS:
        return Chair(Kind.UNIT, unit.name, unit.code, family)
    secretary = post.role == Role.BRANCH_SECRETARY
    return Chair(Kind.BRANCH, unit.name, unit.code, family) if secretary else None


def in_order(chairs: Iterable[Chair | None]) -> list[Chair]:
    """Each chair once, the widest first."""
    found = dict.fromkeys(chair for chair in chairs if chair is not None)
    return sorted(found, key=lambda chair: (WIDEST_FIRST.index(chair.kind), chair.code))


@dataclass(frozen=True)
class Seated:
    """A person by id with the chairs, and the role of the post that gave the first one."""

    user_id: int
    role: str
    chairs: tuple[Chair, ...]


def everybody(*, at: datetime) -> list[Seated]:
    """All people that get a brief, by id, stand-ins too; three queries, however many there are."""
    posts = (
        Post.objects.valid_at(at)
        .filter(role__in=BRIEFED, user__is_active=True)
        .select_related("area", "organization__area")
        .order_by("user_id", "pk")
    )
    children = _children()
    held: dict[int, dict[Chair, str]] = {}
    for post in posts:
        if chair := chair_of(post, family=_family(post, children)):
            held.setdefault(post.user_id, {}).setdefault(chair, post.role)
    own = {user: dict(roles) for user, roles in held.items()}
    for absent, stand_in in stand_ins_for(users=own, at=at).items():
        held[stand_in] = own[absent] | held.get(stand_in, {})
    return [_seated(user, roles) for user, roles in sorted(held.items())]


def _seated(user: int, roles: Mapping[Chair, str]) -> Seated:
    chairs = in_order(roles)
    return Seated(user, roles[chairs[0]], tuple(chairs))


def _children() -> dict[int, list[int]]:
    below: dict[int, list[int]] = {}
    linked = Organization.objects.exclude(parent=None).order_by()
    for key, parent in linked.values_list("pk", "parent_id"):
        below.setdefault(parent or 0, []).append(key)
    return below


def _family(post: Post, children: Mapping[int, list[int]]) -> frozenset[int]:
    """As `partyorgs.queries.family_of`, from the organizations read once."""
    if post.organization_id is None:
        return frozenset()
    family, newest = set[int](), {post.organization_id}
    while newest:
        family |= newest
        if post.role not in FAMILY_ROLES:
            break
        newest = {key for parent in newest for key in children.get(parent, ())} - family
    return frozenset(family)


def desk_codes(chairs: Iterable[Chair]) -> dict[Chair, str]:
    """The organization that stands for each chair: an area's desk, else the unit or branch."""
    chairs = list(chairs)
    areas = {key for chair in chairs if chair.kind in AREA_KINDS for key in chair.ids}
    desks = Organization.objects.filter(kind=Organization.Kind.DESK, area__in=areas, active=True)
    codes = dict(desks.order_by("-code").values_list("area__code", "code"))
    return {
        chair: codes[chair.code] if chair.kind in AREA_KINDS else chair.code
        for chair in chairs
        if chair.kind not in AREA_KINDS or chair.code in codes
    }
