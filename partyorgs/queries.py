"""Reads of owners, posts and the responsibility list that several callers share."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Length

from grid.models import Area, Cell
from matters.models import Category
from partyorgs.models import CellOwnership, Level, Organization, Post, Responsibility, Role

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
