"""Reads of owners, posts and the responsibility list that several callers share."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Length

from accounts.models import User
from grid.models import AREA_CODE_LENGTHS, Area, Cell
from matters.models import Category
from partyorgs.models import (
    CellOwnership,
    Duty,
    Leave,
    Level,
    Organization,
    Post,
    Responsibility,
    Role,
)
from worktime.models import DEFAULT
from worktime.queries import work_calendar

LEVELS = {Level.COMMUNITY.value: 0, Level.STREET.value: 1, Level.DISTRICT.value: 2}

# Posts that work on what is sent to their organization.
UNIT_ROLES = frozenset(
    {
        Role.UNIT_DESK,
        Role.UNIT_HANDLER,
        Role.UNIT_HEAD,
        Role.COMMUNITY_HEAD,
        Role.STREET_DISPATCHER,
        Role.DISTRICT_DESK,
    }
)
# Posts that can be the leader on duty (带班领导).
LEADING_ROLES = frozenset({Role.STREET_LEADER, Role.UNIT_HEAD, Role.DISTRICT_DESK})
INSTANT = timedelta(microseconds=1)


def owner_of(*, cell: Cell, at: datetime) -> Organization | None:
    """The party organization that owns the cell at that instant; a micro-cell asks its cell."""
    ids = {cell.pk, cell.parent_id or cell.pk}
    rows = CellOwnership.objects.valid_at(at).filter(cell_id__in=ids).select_related("organization")
    # Two rows at most: sorted here, the query stays a look-up in one index.
    found = max(rows.order_by(), key=lambda row: row.cell_id == cell.pk, default=None)
    return found.organization if found else None


def responsible_for(
    *, category: Category, areas: Collection[Area], at: datetime
) -> Responsibility | None:
    """The item of the responsibility list for a leaf in nested areas.

    `areas`: the place's community, street and district, as far as known. The
    lowest level that has an item goes first (solve it where it arises); on one
    level the smallest area wins, so a street's own item stands before the
    district's that it would inherit.
    """
    sizes = {area.pk: len(area.code) for area in areas}
    items = (
        Responsibility.objects.valid_at(at)
        .filter(category=category, area_id__in=sizes, doer__active=True)
        .select_related("doer", "supervisor", "area")
        .order_by()
    )
    return min(items, key=lambda item: (LEVELS[item.level], -sizes[item.area_id]), default=None)


@dataclass(frozen=True)
class Staff:
    """Valid posts in some organizations, by organization."""

    posts: tuple[Post, ...]

    def of(self, organization: Organization | None, roles: Iterable[str]) -> list[Post]:
        wanted = frozenset(roles)
        return [
            post
            for post in self.posts
            if organization is not None
            and post.organization_id == organization.pk
            and post.role in wanted
        ]

    def serves(self, organization: Organization) -> bool:
        """Whether anybody with an account works on what is sent there."""
        return bool(self.of(organization, UNIT_ROLES))


def staff_of(*, organizations: Iterable[Organization | None], at: datetime) -> Staff:
    """Valid posts of active users in these organizations; one query."""
    wanted = {organization.pk for organization in organizations if organization is not None}
    posts = Post.objects.valid_at(at).filter(organization_id__in=wanted, user__is_active=True)
    return Staff(tuple(posts.order_by("valid_from", "pk")))


def desk_of(*, area: Area | None) -> Organization | None:
    """The desk that triages for a street or district."""
    if area is None:
        return None
    return Organization.objects.filter(kind=Organization.Kind.DESK, area=area, active=True).first()


def units_serving(*, areas: Collection[Area], at: datetime) -> QuerySet[Organization]:
    """Active units in these areas, party organizations left out, with somebody who can sign.

    A unit without an area serves everywhere. The nearest (the longest area code) come first.
    """
    signing = Post.objects.valid_at(at).filter(
        organization=OuterRef("pk"), role__in=UNIT_ROLES, user__is_active=True
    )
    return (
        Organization.objects.filter(
            Q(area=None) | Q(area__in=[area.pk for area in areas]), Exists(signing), active=True
        )
        .exclude(kind__in=Organization.PARTY_KINDS)
        .select_related("area")
        .order_by(Length("area__code").desc(nulls_last=True), "name")
    )


def contacts_in(*, areas: Collection[Area]) -> QuerySet[Organization]:
    """Active units and desks of these areas with a work phone, the nearest first."""
    return (
        Organization.objects.filter(area__in=[area.pk for area in areas], active=True)
        .exclude(phone="")
        .exclude(kind__in=Organization.PARTY_KINDS)
        .select_related("area")
        .order_by(Length("area__code").desc(), "kind", "name")
    )


def owners_of(*, cells: Iterable[Cell], at: datetime) -> dict[int, Organization]:
    """The owner of each cell at that instant by the cell's id; a micro-cell asks its cell."""
    base = {cell.pk: cell.parent_id or cell.pk for cell in cells}
    wanted = {*base, *base.values()}
    owned = CellOwnership.objects.valid_at(at).filter(cell_id__in=wanted)
    found = {row.cell_id: row.organization for row in owned.select_related("organization")}
    owners = {cell: found.get(cell) or found.get(whole) for cell, whole in base.items()}
    return {cell: owner for cell, owner in owners.items() if owner}


def family_of(*, organization: int) -> set[int]:
    """Ids of an organization and all those below it; one indexed query a generation."""
    family: set[int] = set()
    newest = {organization}
    while newest:
        family |= newest
        below = Organization.objects.filter(parent_id__in=newest).order_by()
        newest = set(below.values_list("pk", flat=True)) - family
    return family


def unowned_cells(*, at: datetime) -> QuerySet[Cell]:
    """Active cells without an owner at that instant: the coverage check wants none."""
    owned = CellOwnership.objects.valid_at(at).values("cell_id")
    return Cell.objects.valid_at(at).whole().without_boundary().exclude(pk__in=owned)


def leaves_without_doer(*, street: Area, at: datetime) -> QuerySet[Category]:
    """Active leaves that lack a doer somewhere in this street: the list is complete when none.

    A leaf is covered by an item of the street or its district, or by items of
    every single community: one community's item says nothing about the others.
    """
    items = Responsibility.objects.valid_at(at).filter(doer__active=True).order_by()
    throughout = items.filter(Q(area=street) | Q(area=street.parent)).values("category_id")
    communities = Area.objects.filter(parent=street).count()
    piecewise = (
        items.filter(area__parent=street)
        .values("category_id")
        .annotate(areas=Count("area_id", distinct=True))
        .filter(areas=communities)
        .values("category_id")
    )
    leaves = Category.objects.filter(level=2, active=True)
    return leaves.exclude(Q(pk__in=throughout) | Q(pk__in=piecewise))


def gaps_by_street(*, streets: Collection[Area], at: datetime) -> dict[Area, list[Category]]:
    """`leaves_without_doer` of many streets in four queries; streets without gaps are left out."""
    items = Responsibility.objects.valid_at(at).filter(doer__active=True).order_by()
    covered: dict[int, set[int]] = {}
    for category, area in items.values_list("category_id", "area_id").distinct():
        covered.setdefault(area, set()).add(category)
    communities: dict[int, list[int]] = {}
    for key, parent in Area.objects.filter(parent__in=streets).values_list("pk", "parent_id"):
        communities.setdefault(parent or 0, []).append(key)
    leaves = list(Category.objects.filter(level=2, active=True))
    gaps = {}
    for street in streets:
        below = [covered.get(key, set()) for key in communities.get(street.pk, [])]
        throughout = covered.get(street.pk, set()) | covered.get(street.parent_id or 0, set())
        done = throughout | (set.intersection(*below) if below else set())
        if missing := [leaf for leaf in leaves if leaf.pk not in done]:
            gaps[street] = missing
    return gaps


def duty_of(*, organizations: Collection[int], at: datetime) -> dict[int, list[Duty]]:
    """The roster of each organization at that instant, by its id; one query.

    In the order of calling, leaders last; `called_id` is the stand-in where the
    person is on leave. Left out: closed accounts, and people whose post that
    put them there has ended. Organizations without anybody are left out.
    """
    leaves = Leave.objects.valid_at(at).filter(user=OuterRef("user"), stand_in__is_active=True)
    rows = (
        Duty.objects.filter(
            _still_in_post(at),
            organization_id__in=organizations,
            starts__lte=at,
            ends__gt=at,
            user__is_active=True,
        )
        .select_related("user")
        .annotate(called=Subquery(leaves.values("stand_in_id")[:1]))
        .order_by("organization_id", "leader", "position", "pk")
    )
    found: dict[int, list[Duty]] = {}
    for row in rows:
        row.stand_in_id = row.called
        found.setdefault(row.organization_id, []).append(row)
    return found


def _still_in_post(at: datetime) -> Q:
    """Of the post in the organization itself or, at its desk, in its area; a leader's anywhere."""
    posts = Post.objects.valid_at(at).filter(user=OuterRef("user"))
    there = Q(organization=OuterRef("organization")) | Q(area=OuterRef("organization__area"))
    above = Q(organization=OuterRef("organization__parent"), role=Role.UNIT_HEAD)
    staff = posts.filter(there | above, role__in=UNIT_ROLES)
    leaders = posts.filter(role__in=LEADING_ROLES)
    return Q(Exists(staff), leader=False) | Q(Exists(leaders), leader=True)


def duty_people(*, organization: Organization, at: datetime, leader: bool) -> QuerySet[User]:
    """Who can be put on the roster of an organization now, or lead there, by name."""
    if leader:
        codes = _codes_around(organization.area)
        near = Q(role=Role.UNIT_HEAD, organization__in=_above(organization)) | (
            Q(role__in=LEADING_ROLES - {Role.UNIT_HEAD})
            & (Q(area__code__in=codes) | Q(organization__area__code__in=codes))
        )
    else:
        near = Q(organization=organization, role__in=UNIT_ROLES)
        near |= Q(organization=organization.parent_id, role=Role.UNIT_HEAD)
        if organization.kind == Organization.Kind.DESK:
            near |= Q(area=organization.area_id, role__in=UNIT_ROLES)
    holders = Post.objects.valid_at(at).filter(near).order_by().values("user_id")
    return User.objects.filter(pk__in=holders, is_active=True).order_by("name", "username")


def _codes_around(area: Area | None) -> list[str]:
    """The code of an area and of those around it: codes nest."""
    lengths = AREA_CODE_LENGTHS.values()
    return [area.code[:length] for length in lengths if len(area.code) >= length] if area else []


def _above(organization: Organization) -> set[int]:
    """Ids of an organization and of those above it."""
    found: set[int] = set()
    key: int | None = organization.pk
    while key is not None and key not in found:
        found.add(key)
        key = Organization.objects.filter(pk=key).values_list("parent_id", flat=True).first()
    return found


def on_duty(*, organization: Organization | int, at: datetime) -> list[User]:
    """Whom to call for an organization at that instant, the first to be called first.

    Stand-ins in place of those on leave; the leader is asked for by `leader_on_duty`.
    """
    return _called(organization, at, leader=False)


def leader_on_duty(*, organization: Organization | int, at: datetime) -> User | None:
    """The leader on duty of an organization at that instant, or the stand-in; None: nobody."""
    return next(iter(_called(organization, at, leader=True)), None)


def _called(organization: Organization | int, at: datetime, *, leader: bool) -> list[User]:
    key = organization if isinstance(organization, int) else organization.pk
    rows = duty_of(organizations=[key], at=at).get(key, [])
    rows = [row for row in rows if row.leader is leader]
    users = {row.user_id: row.user for row in rows}
    others = {row.called_id for row in rows} - users.keys()
    if others:
        users |= User.objects.in_bulk(others)
    return [users[key] for key in dict.fromkeys(row.called_id for row in rows)]


def stand_ins_for(*, users: Collection[int], at: datetime) -> dict[int, int]:
    """Who stands in for those of these users who are on leave, id by id; one query."""
    if not users:
        return {}
    leaves = Leave.objects.valid_at(at).filter(user_id__in=users, stand_in__is_active=True)
    return dict(leaves.order_by().values_list("user_id", "stand_in_id"))


def calendar_code_of(organization: Organization | None) -> str:
    """The code of the calendar that an organization works by.

    The default's where it has none of its own, then without a query; otherwise
    `select_related("calendar")` saves it.
    """
    if organization is None or organization.calendar_id is None or organization.calendar is None:
        return DEFAULT
    return organization.calendar.code


def works_now(*, organization: Organization | None, at: datetime) -> bool:
    """Whether that instant is working time of the organization; otherwise it is off hours."""
    calendar = work_calendar(calendar_code_of(organization))
    return calendar.working_time_between(at, at + INSTANT) > timedelta()


def colleagues_of(*, user: User, at: datetime) -> QuerySet[User]:
    """Active people with a post near one of the user's: who can be asked to stand in.

    Near is the same organization, the ones above, beside and below it, the same
    area and its desk, and for cells the same community.
    """
    own = Post.objects.valid_at(at).filter(user=user).order_by()
    held = own.exclude(organization=None)
    bodies, above = held.values("organization_id"), held.values("organization__parent_id")
    areas = Area.objects.filter(
        Q(pk__in=own.values("area_id")) | Q(pk__in=own.values("cell__community_id"))
    ).values("pk")
    near = (
        Q(organization__in=bodies)
        | Q(organization__parent__in=bodies)
        | Q(organization__in=above)
        | Q(organization__parent__in=above)
        | Q(area__in=areas)
        | Q(cell__community__in=areas)
        | Q(organization__area__in=areas, organization__kind=Organization.Kind.DESK)
    )
    holders = Post.objects.valid_at(at).filter(near).order_by().values("user_id")
    return User.objects.filter(pk__in=holders, is_active=True).exclude(pk=user.pk)
