"""People of the demo district and the posts they hold: one post each."""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password

from accounts.models import User
from config.demo import naming
from config.demo.layout import CellPlan, CommunityPlan, Layout, StreetPlan
from config.demo.organizations import Bodies
from grid.models import Area, Cell
from partyorgs.models import Organization, Post, Role

PASSWORD = "gezhi-demo"  # noqa: S105 - meant to be known
ACCOUNTS = (
    "worker", "branch", "unit", "community", "street", "leader", "district", "admin", "auditor",
)  # fmt: skip
DUTY_FIELDS = ("城市管理", "平安建设", "民生服务")
HOME_UNIT = "环境卫生管理单位"
Seat = Cell | Area | Organization


@dataclass
class Roster:
    """Users and posts, in the order in which they were appointed."""

    users: list[User] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)

    def appoint(
        self, username: str, name: str, role: Role, seat: Seat, *, since: datetime, duty: str = ""
    ) -> None:
        user = User(username=username, name=name, is_demo=True, created_at=since)
        post = Post(user=user, role=role, duty_field=duty, valid_from=since)
        if isinstance(seat, Cell):
            post.cell = seat
        elif isinstance(seat, Area):
            post.area = seat
        else:
            post.organization = seat
        self.users.append(user)
        self.posts.append(post)


@dataclass
class _Hall:
    """What appointments are made from."""

    layout: Layout
    bodies: Bodies
    areas: dict[str, Area]
    cells: dict[str, Cell]
    rng: Random
    since: datetime
    roster: Roster = field(default_factory=Roster)

    def post(self, username: str, role: Role, seat: Seat, *, duty: str = "") -> None:
        name = naming.person(self.rng)
        self.roster.appoint(username, name, role, seat, since=self.since, duty=duty)


def appoint(
    *,
    layout: Layout,
    bodies: Bodies,
    areas: dict[str, Area],
    cells: dict[str, Cell],
    rng: Random,
    since: datetime,
) -> Roster:
    """Store users and posts for every cell, community, street and unit, and the demo accounts.

    Demo accounts take the seats that stand nearest to the layout's home cell; they
    alone can sign in.
    """
    hall = _Hall(layout, bodies, areas, cells, rng, since)
    for street in layout.streets:
        _street(hall, street)
    for _street_plan, community in layout.communities():
        _community(hall, community)
    _units(hall)
    _district(hall)
    _hand_over_to_demo_accounts(hall)
    _store(hall.roster, rng)
    return hall.roster


def _street(hall: _Hall, street: StreetPlan) -> None:
    area, desk = hall.areas[street.code], hall.bodies.desks[street.code]
    for number in (1, 2):
        hall.post(f"d_{street.code}_{number}", Role.STREET_DISPATCHER, desk)
    for number, duty in enumerate(DUTY_FIELDS, start=1):
        hall.post(f"l_{street.code}_{number}", Role.STREET_LEADER, area, duty=duty)
    hall.post(f"b_{street.code}", Role.BRANCH_SECRETARY, hall.bodies.party[street.code])


def _community(hall: _Hall, community: CommunityPlan) -> None:
    hall.post(f"c_{community.code}", Role.COMMUNITY_HEAD, hall.bodies.desks[community.code])
    hall.post(f"b_{community.code}", Role.BRANCH_SECRETARY, hall.bodies.party[community.code])
    for cell in community.cells:
        _cell(hall, cell)


def _cell(hall: _Hall, cell: CellPlan) -> None:
    hall.post(f"w_{cell.code}", Role.GRID_WORKER, hall.cells[cell.code])
    hall.post(f"b_{cell.code}", Role.BRANCH_SECRETARY, hall.bodies.party[cell.code])
    for number in range(1, cell.micro + 1):
        micro = hall.cells[f"{cell.code}{number:02d}"]
        hall.post(f"s_{micro.code}", Role.STEWARD, micro)


def _units(hall: _Hall) -> None:
    """A clerk for every unit; handlers and a head where there is more to do."""
    for unit in hall.bodies.working():
        big = "enforcement" in unit.code or "sanitation" in unit.code
        hall.post(f"u_{unit.code}", Role.UNIT_DESK, unit)
        for number in range(1, 4 if big else 2):
            hall.post(f"h_{unit.code}_{number}", Role.UNIT_HANDLER, unit)
        if unit.parent is None:
            hall.post(f"m_{unit.code}", Role.UNIT_HEAD, unit)


def _district(hall: _Hall) -> None:
    code = hall.layout.code
    desk, area = hall.bodies.desks[code], hall.areas[code]
    for number in (1, 2, 3):
        hall.post(f"d_{code}_{number}", Role.DISTRICT_DESK, desk)
    hall.post(f"b_{code}", Role.BRANCH_SECRETARY, hall.bodies.party[code])
    hall.post("admin", Role.ADMIN, area)
    hall.post("auditor", Role.AUDITOR, area)


def demo_seats(*, layout: Layout, bodies: Bodies) -> dict[str, str]:
    """Demo account → username of the seat that it takes over."""
    cell = layout.home.code
    community, street = cell[:12], cell[:9]
    team = bodies.teams[HOME_UNIT, street]
    return {
        f"w_{cell}": "worker",
        f"b_{cell}": "branch",
        f"u_{team.code}": "unit",
        f"c_{community}": "community",
        f"d_{street}_1": "street",
        f"l_{street}_1": "leader",
        f"d_{layout.code}_1": "district",
    }


def _hand_over_to_demo_accounts(hall: _Hall) -> None:
    seats = demo_seats(layout=hall.layout, bodies=hall.bodies)
    password = make_password(PASSWORD)
    for user in hall.roster.users:
        user.username = seats.get(user.username, user.username)
        if user.username in ACCOUNTS:
            user.password = password
        if user.username == "admin":
            user.is_staff = user.is_superuser = True


def _store(roster: Roster, rng: Random) -> None:
    for user in roster.users:
        # A fresh random tail for each, as set_unusable_password does.
        user.password = user.password or f"{UNUSABLE_PASSWORD_PREFIX}{rng.getrandbits(160):040x}"
    User.objects.bulk_create(roster.users, batch_size=1000)
    for post, user in zip(roster.posts, roster.users, strict=True):
        post.user_id = user.pk
    Post.objects.bulk_create(roster.posts, batch_size=1000)
