"""What a person's posts reach. `scope_of` is the only reader of posts for rights."""

from dataclasses import dataclass, field
from datetime import datetime

from accounts.models import User
from grid.models import Area
from partyorgs.models import Organization, Post, Role
from partyorgs.queries import UNIT_ROLES, family_of

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

    @property
    def role(self) -> str:
        return self.post.role


@dataclass(frozen=True)
class Scope:
    """Everything a user's valid posts reach; rights are the union of the seats."""

    user: User
    seats: tuple[Seat, ...] = field(default=())

    def reach(self, column: str) -> frozenset[int]:
        """Ids that some seat reaches: column is cells, communities, streets, …"""
        return frozenset[int]().union(*(getattr(seat, column) for seat in self.seats))

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(seat.role for seat in self.seats)


def may_configure(scope: Scope) -> bool:
    """Who keeps cells, posts and lists: the district's admins and superusers."""
    return Role.ADMIN in scope.roles or scope.user.is_superuser


def works_in_cell(scope: Scope) -> bool:
    """Who has a cell of their own: grid workers, stewards and cell leads."""
    return bool(scope.roles & CELL_ROLES)


def scope_of(user: User, *, now: datetime) -> Scope:
    """The reach of a user's posts that are valid now, read afresh at every request.

    Posts are dated, so they are the grants themselves: a copy of them in a
    grant table would have to be rewritten at the instant a post begins or ends.
    """
    if not user.is_authenticated or not user.is_active:
        return Scope(user)
    posts = (
        Post.objects.valid_at(now)
        .filter(user=user)
        .select_related("cell", "area", "organization__area")
        # Tens of kilobytes, at every request of every worker, and nobody reads them.
        .defer("cell__boundary", "cell__shape")
        .order_by("valid_from", "pk")
    )
    return Scope(user, tuple(_seat(post) for post in posts))


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
