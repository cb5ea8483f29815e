"""Whom a key of the rule book or of a ladder means: people by their posts."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q

from issues.models import Issue
from issues.workflow import State
from partyorgs.models import Level, Post, Role
from partyorgs.queries import Staff
from partyorgs.rules import CELL_ROLES

UNIT_DESK = frozenset(
    {Role.UNIT_DESK, Role.COMMUNITY_HEAD, Role.STREET_DISPATCHER, Role.DISTRICT_DESK}
)
UNIT_TOLD = UNIT_DESK | {Role.UNIT_HANDLER}
SECRETARY = frozenset({Role.BRANCH_SECRETARY})
DISPATCHERS = frozenset({Role.STREET_DISPATCHER})
LEADERS = frozenset({Role.STREET_LEADER})
DISTRICT = frozenset({Role.DISTRICT_DESK})
OF_AREA = DISPATCHERS | LEADERS | DISTRICT
COLUMNS = (
    "user_id", "role", "duty_field", "cell_id", "area_id",
    "organization_id", "organization__area_id",
)  # fmt: skip


class Holder(NamedTuple):
    """A person in a post: what is needed to tell them something."""

    user: int
    role: str
    duty_field: str = ""


Found = Sequence[Holder]


@dataclass
class People:
    """Holders of posts at one instant, read once for each organization, cell and area."""

    at: datetime
    _by_organization: dict[int, list[Holder]] = field(default_factory=dict)
    _by_cell: dict[int, list[Holder]] = field(default_factory=dict)
    _by_area: dict[int, list[Holder]] = field(default_factory=dict)

    def know(self, staff: Staff, organizations: Iterable[int | None]) -> None:
        """Take posts in these organizations that the caller has read already."""
        for key in organizations:
            if key is not None:
                self._by_organization[key] = []
        for post in staff.posts:
            if post.organization_id in self._by_organization:
                holder = Holder(post.user_id, post.role, post.duty_field)
                self._by_organization[post.organization_id].append(holder)

    def load(
        self, issues: Iterable[Issue], keys: Iterable[str], *, units: Iterable[int] = ()
    ) -> None:
        """Read, in one query, the posts that these keys may mean for these issues.

        `units`: ids of organizations besides, such as those that a whistle called.
        """
        wanted: dict[str, set[int]] = defaultdict(set)
        wanted["organization"].update(units)
        columns = {column for key in keys for column in READS[key]}
        for issue in issues:
            for column in columns:
                if (found := getattr(issue, column)) is not None:
                    wanted[SEATS[column]].add(found)
        organizations = wanted["organization"] - self._by_organization.keys()
        cells = wanted["cell"] - self._by_cell.keys()
        areas = wanted["area"] - self._by_area.keys()
        if not (organizations or cells or areas):
            return
        self._by_organization |= {key: [] for key in organizations}
        self._by_cell |= {key: [] for key in cells}
        self._by_area |= {key: [] for key in areas}
        of_area = Q(area_id__in=areas) | Q(organization__area_id__in=areas)
        posts = Post.objects.valid_at(self.at).filter(
            Q(organization_id__in=organizations)
            | Q(cell_id__in=cells, role__in=CELL_ROLES)
            | (of_area & Q(role__in=OF_AREA)),
            user__is_active=True,
        )
        for row in posts.order_by("valid_from", "pk").values(*COLUMNS):
            self._put(row, organizations, cells, areas)

    def _put(
        self, row: dict[str, Any], organizations: set[int], cells: set[int], areas: set[int]
    ) -> None:
        holder = Holder(row["user_id"], row["role"], row["duty_field"])
        if row["organization_id"] in organizations:
            self._by_organization[row["organization_id"]].append(holder)
        if row["cell_id"] in cells:
            self._by_cell[row["cell_id"]].append(holder)
        area = row["area_id"] or row["organization__area_id"]
        if area in areas and holder.role in OF_AREA:
            self._by_area[area].append(holder)

    def of(self, issue: Issue, key: str) -> Found:
        """The people a key means for an issue; `load` has read what it needs."""
        return MEANS[key](self, issue)

    def in_organization(self, key: int | None, roles: frozenset[Role]) -> Found:
        return [one for one in self._by_organization.get(key or 0, ()) if one.role in roles]

    def in_area(self, key: int | None, roles: frozenset[Role]) -> Found:
        return [one for one in self._by_area.get(key or 0, ()) if one.role in roles]

    def in_cell(self, key: int | None) -> Found:
        return self._by_cell.get(key or 0, [])


def _unit(people: People, issue: Issue) -> Found:
    return people.in_organization(issue.unit_id, UNIT_TOLD)


def _unit_desk(people: People, issue: Issue) -> Found:
    desk = people.in_organization(issue.unit_id, UNIT_DESK) or _unit(people, issue)
    return desk or _desk(people, issue)


def _handler(people: People, issue: Issue) -> Found:
    """Whoever does the work: the unit's handlers, without any its desk, else the street's."""
    handlers = people.in_organization(issue.unit_id, frozenset({Role.UNIT_HANDLER}))
    return handlers or _unit_desk(people, issue)


def _unit_head(people: People, issue: Issue) -> Found:
    """The head of the unit; of a desk or a unit without a head the street's leader."""
    heads = people.in_organization(issue.unit_id, frozenset({Role.UNIT_HEAD}))
    return heads or _field_leader(people, issue)


def _owner(people: People, issue: Issue) -> Found:
    return people.in_organization(issue.owner_id, SECRETARY)


def _cell(people: People, issue: Issue) -> Found:
    return people.in_cell(issue.cell_id)


def _checker(people: People, issue: Issue) -> Found:
    """Who can check: the cell's workers, outside every cell the desk."""
    return _cell(people, issue) or _desk(people, issue)


def _verifier(people: People, issue: Issue) -> Found:
    """Who goes and looks at what the public reports: the cell's workers; else nobody."""
    return _cell(people, issue) if issue.state == State.PENDING_VERIFY else []


def _desk(people: People, issue: Issue) -> Found:
    if issue.street_id:
        return people.in_area(issue.street_id, DISPATCHERS)
    return _district_desk(people, issue)


def _leader(people: People, issue: Issue) -> Found:
    """The street's leaders; outside every street the district's desk."""
    return people.in_area(issue.street_id, LEADERS) or _district_desk(people, issue)


def _field_leader(people: People, issue: Issue) -> Found:
    """The street leader of the matter's field, else those without a field, else all.

    A leader's field names big classes, by name or code, in free words.
    """
    own, general = leaders_of_field(people, issue), leaders_without_field(people, issue)
    return own or general or _leader(people, issue)


def leaders_of_field(people: People, issue: Issue) -> Found:
    """The street's leaders whose field names the issue's big class (分管领导); else nobody."""
    big = issue.category.parent if issue.category else None
    names = [name for name in (big.name_zh, big.code) if name] if big else []
    leaders = people.in_area(issue.street_id, LEADERS)
    return [one for one in leaders if any(name in one.duty_field for name in names)]


def leaders_without_field(people: People, issue: Issue) -> Found:
    """The street's leaders without a field of their own (主任); else nobody."""
    return [one for one in people.in_area(issue.street_id, LEADERS) if not one.duty_field]


def desk_of_unit(people: People, unit: int | None) -> Found:
    """Who answers at the desk of a unit; without a desk everybody who works there."""
    desk = people.in_organization(unit, UNIT_DESK)
    return desk or people.in_organization(unit, UNIT_TOLD | {Role.UNIT_HEAD})


def _district_desk(people: People, issue: Issue) -> Found:
    return people.in_area(issue.district_id, DISTRICT)


def _raised(people: People, issue: Issue) -> Found:
    """The desk of the level that the issue was raised to."""
    if issue.raised_to == Level.STREET and issue.street_id:
        return people.in_area(issue.street_id, DISPATCHERS | LEADERS)
    return _district_desk(people, issue)


def _neighbour(people: People, issue: Issue) -> Found:
    """The other cell that the matter touches: its workers and its owner's secretary."""
    return [
        *people.in_cell(issue.also_cell_id),
        *people.in_organization(issue.also_owner_id, SECRETARY),
    ]


def _reporter(_people: People, issue: Issue) -> Found:
    return [Holder(issue.reporter_id, "")]


MEANS: dict[str, Callable[[People, Issue], Found]] = {
    "reporter": _reporter,
    "unit": _unit,
    "unit_desk": _unit_desk,
    "handler": _handler,
    "unit_head": _unit_head,
    "owner": _owner,
    "cell": _cell,
    "checker": _checker,
    "verifier": _verifier,
    "desk": _desk,
    "leader": _leader,
    "field_leader": _field_leader,
    "district_desk": _district_desk,
    "raised": _raised,
    "neighbour": _neighbour,
}
# The issue's columns whose posts each key may need, and what kind of seat they name.
AREAS = ("street_id", "district_id")
READS: dict[str, tuple[str, ...]] = {
    "reporter": (),
    "unit": ("unit_id",),
    "unit_desk": ("unit_id", *AREAS),
    "handler": ("unit_id", *AREAS),
    "unit_head": ("unit_id", *AREAS),
    "owner": ("owner_id",),
    "cell": ("cell_id",),
    "checker": ("cell_id", *AREAS),
    "verifier": ("cell_id",),
    "desk": AREAS,
    "leader": AREAS,
    "field_leader": AREAS,
    "district_desk": AREAS,
    "raised": AREAS,
    "neighbour": ("also_cell_id", "also_owner_id"),
}
SEATS = {
    "unit_id": "organization",
    "owner_id": "organization",
    "cell_id": "cell",
    "also_cell_id": "cell",
    "also_owner_id": "organization",
    "street_id": "area",
    "district_id": "area",
}
