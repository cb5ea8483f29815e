"""What a person's posts reach. `scope_of` is the only reader of posts for rights."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import User
from grid.models import Area
from partyorgs.models import Organization, Post, Role
from partyorgs.queries import LEADING_ROLES, UNIT_ROLES, family_of

CELL_ROLES = frozenset({Role.STEWARD, Role.GRID_WORKER, Role.CELL_LEAD})
AREA_ROLES = frozenset(
    {
        Role.COMMUNITY_HEAD,
        Role.STREET_DISPATCHER,
        Role.STREET_LEADER,
        Role.DISTRICT_DESK,
        Role.AUDITOR,
    }
)
# A chief sees what the organizations below see.
FAMILY_ROLES = frozenset({Role.BRANCH_SECRETARY, Role.UNIT_HEAD})
# Rights over the house itself are given by an admin only, never from one colleague
# to another; an auditor is asked for as a person, independent of those audited.
NOT_PASSED_ON = frozenset({Role.ADMIN, Role.AUDITOR})
# Posts that keep the roster of their own organization, or of those in their area.
KEEPS_DUTY = LEADING_ROLES | {Role.UNIT_DESK, Role.COMMUNITY_HEAD, Role.STREET_DISPATCHER}
# Whoever heads others may say who stands in for them.
HEADS = frozenset({Role.UNIT_HEAD, Role.STREET_LEADER, Role.COMMUNITY_HEAD})


@dataclass(frozen=True)
class Seat:
    """A valid post with the ids it reaches."""

    post: Post
    cells: frozenset[int] = frozenset()
    communities: frozenset[int] = frozenset()
    streets: frozenset[int] = frozenset()
    districts: frozenset[int] = frozenset()
    owners: frozenset[int] = frozenset()
    units: frozenset[int] = frozenset()
    # Units whose issues lie elsewhere too; a desk works for its own area only, so
    # the area reaches all of its issues already.
    units_apart: frozenset[int] = frozenset()
    # Whose post it is, where the user only stands in.
    stands_for: User | None = None

    @property
    def role(self) -> str:
        return self.post.role

    @property
    def area(self) -> Area | None:
        """The area that the post works for; None for posts of a cell, a unit or a branch."""
        if not (self.communities or self.streets or self.districts):
            return None
        return self.post.area or (self.post.organization.area if self.post.organization else None)


@dataclass(frozen=True)
class Scope:
    """Everything a user's valid posts reach at an instant; rights are the union of the seats."""

    user: User
    at: datetime
    seats: tuple[Seat, ...] = field(default=())

    def reach(self, column: str) -> frozenset[int]:
        """Ids that some seat reaches: column is cells, communities, streets, …"""
        return frozenset[int]().union(*(getattr(seat, column) for seat in self.seats))

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(seat.role for seat in self.seats)

    @property
    def persons(self) -> frozenset[int]:
        """Ids of everybody this person counts as: themselves and those they stand in for."""
        absent = (seat.stands_for.pk for seat in self.seats if seat.stands_for)
        return frozenset({self.user.pk, *absent})


def may_configure(scope: Scope) -> bool:
    """Who keeps cells, posts and lists: the district's admins and superusers."""
    return Role.ADMIN in scope.roles or scope.user.is_superuser


def works_in_cell(scope: Scope) -> bool:
    """Who has a cell of their own: grid workers, stewards and cell leads."""
    return bool(scope.roles & CELL_ROLES)


def may_keep_duty(scope: Scope, organization: Organization) -> bool:
    """Who writes the roster: desks and heads, of their own organization and in their area; admins.

    Without a query when the organization came with its area.
    """
    seats = [seat for seat in scope.seats if seat.role in KEEPS_DUTY]
    return may_configure(scope) or any(_answers_for(seat, organization) for seat in seats)


def may_see_duty(scope: Scope, organization: Organization) -> bool:
    """Whoever keeps the roster, audits the area or may have to call the organization."""
    seats = [seat for seat in scope.seats if seat.role == Role.AUDITOR]
    return (
        may_keep_duty(scope, organization)
        or any(_answers_for(seat, organization) for seat in seats)
        or organizations_near(scope).filter(pk=organization.pk).exists()
    )


def _answers_for(seat: Seat, organization: Organization) -> bool:
    if organization.pk in seat.units:
        return True
    area = seat.area
    # Codes nest: a street's begins with its district's.
    return area is not None and bool(
        organization.area and organization.area.code.startswith(area.code)
    )


def organizations_near(scope: Scope) -> QuerySet[Organization]:
    """The units a person works in, and the desks of their cells, communities and streets."""
    areas: set[int] = set()
    for seat in scope.seats:
        post = seat.post
        if post.cell:
            areas.add(post.cell.community_id)
        elif seat.role == Role.BRANCH_SECRETARY and post.organization:
            areas.add(post.organization.area_id or 0)
        elif seat.area:
            areas.add(seat.area.pk)
    small = Area.objects.filter(pk__in=areas, level=Area.Level.COMMUNITY)
    around = Q(area__in=areas) | Q(area__in=small.values("parent_id"))
    mine = Q(around, kind=Organization.Kind.DESK) | Q(pk__in=scope.reach("units"))
    return Organization.objects.filter(mine, active=True).select_related("area", "calendar")


def organizations_kept(scope: Scope) -> QuerySet[Organization]:
    """Desks and units whose roster the person writes; as `may_keep_duty`."""
    if may_configure(scope):
        kept = Q()
    else:
        kept = Q(pk__in=[])
        for seat in scope.seats:
            if seat.role in KEEPS_DUTY:
                kept |= Q(pk__in=seat.units)
                if seat.area:
                    kept |= Q(area__code__startswith=seat.area.code)
    active = Organization.objects.filter(kept, active=True).select_related("area", "calendar")
    return active.exclude(kind__in=Organization.PARTY_KINDS)


def people_kept(scope: Scope, *, at: datetime) -> QuerySet[User]:
    """Those whose leave the person enters and ends: heads theirs, admins everybody's.

    A stand-in does not keep the leave of whoever they stand in for: it would
    prolong their own rights.
    """
    everybody = User.objects.filter(is_active=True)
    if may_configure(scope):
        return everybody
    kept = Q(pk__in=[])
    for seat in scope.seats:
        if seat.role in HEADS:
            areas = seat.communities | seat.streets
            near = Q(organization__in=seat.units)
            for place in ("area", "cell__community", "organization__area"):
                near |= Q(**{f"{place}__in": areas}) | Q(**{f"{place}__parent__in": areas})
            kept |= near & ~Q(user=seat.stands_for.pk) if seat.stands_for else near
    holders = Post.objects.valid_at(at).filter(kept).order_by().values("user_id")
    return everybody.filter(Q(pk__in=holders) | Q(pk=scope.user.pk))


def may_keep_leave(scope: Scope, user: User, *, at: datetime) -> bool:
    """Who enters and ends somebody's leave: the person, whoever heads them, admins."""
    return user.pk == scope.user.pk or people_kept(scope, at=at).filter(pk=user.pk).exists()


def scope_of(user: User, *, now: datetime) -> Scope:
    """The reach of a user's valid posts and of those they stand in for; own posts come first.

    Posts are dated, so they are the grants themselves: a copy of them in a
    grant table would have to be rewritten at the instant a post begins or ends.
    So are leaves: a stand-in's rights are gone at the instant the leave ends.
    """
    if not user.is_authenticated or not user.is_active:
        return Scope(user, now)
    posts = (
        Post.objects.valid_at(now)
        .select_related("user", "cell", "area", "organization__area")
        # Tens of kilobytes, at every request of every worker, and nobody reads them.
        .defer("user__password", "cell__boundary", "cell__shape")
        .order_by()
    )
    # A person has one leave at an instant, so no post comes twice.
    handed_on = posts.exclude(role__in=NOT_PASSED_ON).filter(
        user__leaves__stand_in=user,
        user__leaves__valid_from__lte=now,
        user__leaves__valid_until__gt=now,
        user__is_active=True,
    )
    # A union of two look-ups, for an OR would read all posts.
    found = posts.filter(user=user).union(handed_on, all=True)
    held = sorted(found, key=lambda post: (post.user_id != user.pk, post.valid_from, post.pk))
    return Scope(user, now, tuple(seat_of(post, holder=user) for post in held))


def seat_of(post: Post, *, holder: User) -> Seat:
    """What a post reaches; `holder` has it or stands in for whoever has."""
    seat = _seat(post)
    return seat if post.user_id == holder.pk else replace(seat, stands_for=post.user)


def _seat(post: Post) -> Seat:
    if post.role in CELL_ROLES and post.cell_id:
        # A steward's micro-cell files its issues under the cell it is part of.
        base = post.cell.parent_id if post.cell else None
        return Seat(post, cells=frozenset({post.cell_id, base or post.cell_id}))
    if post.role == Role.BRANCH_SECRETARY and post.organization_id:
        return Seat(post, owners=frozenset(family_of(organization=post.organization_id)))
    units = _units(post)
    area = post.area or (post.organization.area if post.organization else None)
    if post.role not in AREA_ROLES or area is None:
        return Seat(post, units=units, units_apart=units)
    ids = frozenset({area.pk})
    desk = post.organization is not None and post.organization.kind == Organization.Kind.DESK
    return Seat(
        post,
        communities=ids if area.level == Area.Level.COMMUNITY else frozenset(),
        streets=ids if area.level == Area.Level.STREET else frozenset(),
        districts=ids if area.level == Area.Level.DISTRICT else frozenset(),
        units=units,
        units_apart=frozenset() if desk else units,
    )


def _units(post: Post) -> frozenset[int]:
    if post.organization_id is None or post.role not in UNIT_ROLES:
        return frozenset()
    if post.role in FAMILY_ROLES:
        return frozenset(family_of(organization=post.organization_id))
    return frozenset({post.organization_id})
