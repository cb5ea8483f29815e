"""A small district for tests: two streets, four cells, their people.

Street 1 has community 1 (cells a1, a2; a school cut out of a1) and community 2
(cell b1); street 2 has community 3 (cell c1). Squares of 0.01 degrees lie side
by side from LNG, LAT eastwards.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import shapely
from django.utils import timezone

from accounts.models import User
from grid.models import Area, Cell
from grid.services import AreaDraft, CellDraft, save_areas, save_cells
from issues.services.doing import Given
from issues.services.reporting import Report, report
from issues.services.verbs import perform
from issues.workflow import Verb
from matters.importing import read_folder
from matters.management.commands.import_matters import DATA
from matters.models import Category
from matters.services import save_matters
from partyorgs.models import CellOwnership, Organization, Post, Responsibility
from partyorgs.rules import Scope, scope_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2025, 1, 1, tzinfo=SHANGHAI)
# A Tuesday morning in working time.
NOW = datetime(2026, 3, 10, 9, 0, tzinfo=SHANGHAI)
LAT, LNG, SIDE = 30.0, 121.0, 0.01

DISTRICT, STREET_1, STREET_2 = "990101", "990101001", "990101002"
COMMUNITY_1, COMMUNITY_2, COMMUNITY_3 = "990101001001", "990101001002", "990101002001"
A1, A2, SCHOOL = COMMUNITY_1 + "001", COMMUNITY_1 + "002", COMMUNITY_1 + "003"
B1, C1 = COMMUNITY_2 + "001", COMMUNITY_3 + "001"

# Where each cell can be pointed at, (lat, lng).
IN_A1 = (LAT + 0.002, LNG + 0.002)
IN_SCHOOL = (LAT + 0.007, LNG + 0.007)
IN_A2 = (LAT + 0.005, LNG + 0.015)
IN_B1 = (LAT + 0.005, LNG + 0.025)
IN_C1 = (LAT + 0.005, LNG + 0.035)
OUTSIDE = (LAT + 0.5, LNG + 0.5)

RUBBISH = "E0102"  # done by the district's sanitation unit
CORRIDOR = "S0105"  # led by the community
LIFT = "S0102"  # done by a property firm without an account
UNLISTED = "E0110"  # nobody stands in the responsibility list


@dataclass
class World:
    """Everything by its short name; scopes are read afresh, as at every request."""

    users: dict[str, User] = field(default_factory=dict)
    orgs: dict[str, Organization] = field(default_factory=dict)
    areas: dict[str, Area] = field(default_factory=dict)
    cells: dict[str, Cell] = field(default_factory=dict)

    def user(self, name: str) -> User:
        return self.users[name]

    def scope(self, name: str, *, now: datetime = NOW) -> Scope:
        return scope_of(User.objects.get(username=name), now=now)

    def report(self, name: str = "worker", *, at: datetime = NOW, key: str | None = None, **given):
        lat, lng = given.pop("point", IN_A1)
        fields = {"description": "垃圾堆在路口，没人清。", "category": RUBBISH} | given
        scope, sent = self.scope(name, now=at), Report(lat=lat, lng=lng, **fields)
        return report(scope=scope, given=sent, key=key, now=at).issue

    def do(self, name: str, verb: str, issue, *, at: datetime | None = None, key=None, **given):
        at = at or NOW
        given = USUAL.get(verb, {}) | (on_the_list(issue) if verb == "return" else {}) | given
        return perform(
            scope=self.scope(name, now=at),
            number=issue.number,
            verb=Verb(verb),
            given=Given(**given),
            key=key,
            now=at,
        )

    def walk(self, *verbs: str, **given):
        """A report taken as far as the verbs say, an hour apart, by the usual people."""
        issue = self.report(**given)
        at = NOW
        for verb in verbs:
            at += timedelta(hours=1)
            issue = self.do(WALK[verb][0], verb, issue, at=at, **WALK[verb][1])
        return issue


def on_the_list(issue) -> dict[str, int]:
    """The item of the responsibility list that a return can rest on."""
    item = Responsibility.objects.filter(category=issue.category_id).first()
    return {"item": item.pk} if item else {}


# What a verb needs that most tests do not ask about.
USUAL = {
    "check": {"way": "on_site"},
    "spot_check": {"way": "on_site"},
    "return": {"proposed": "roads"},
}
WALK = {
    "sign": ("unit", {}),
    "handle": ("handler", {"outcome": "fixed", "note": "已清运干净。"}),
    "check": ("worker", {"passed": True}),
    "close": ("branch", {}),
    "return": ("unit", {"reason": "not_ours"}),
}


def square(column: int, *, hole: shapely.Polygon | None = None) -> shapely.Polygon:
    west = LNG + column * SIDE
    shape = shapely.box(west, LAT, west + SIDE, LAT + SIDE)
    return shape.difference(hole) if hole else shape


def build() -> World:
    """The world in the database, found again when it is already there."""
    if not Area.objects.filter(code=DISTRICT).exists():
        save_matters(matters=read_folder(DATA))
        _draw()
        _found()
        _staff()
    return World(
        users={user.username: user for user in User.objects.all()},
        orgs={organization.code: organization for organization in Organization.objects.all()},
        areas={area.code: area for area in Area.objects.all()},
        cells={cell.code: cell for cell in Cell.objects.all()},
    )


def _draw() -> None:
    save_areas(
        drafts=[
            AreaDraft(DISTRICT, "青禾区", "district"),
            AreaDraft(STREET_1, "青禾街道", "street", DISTRICT),
            AreaDraft(STREET_2, "柳桥街道", "street", DISTRICT),
            AreaDraft(COMMUNITY_1, "禾苗社区", "community", STREET_1),
            AreaDraft(COMMUNITY_2, "稻香社区", "community", STREET_1),
            AreaDraft(COMMUNITY_3, "柳岸社区", "community", STREET_2),
        ]
    )
    school = shapely.box(LNG + 0.006, LAT + 0.006, LNG + 0.008, LAT + 0.008)
    save_cells(
        drafts=[
            CellDraft(A1, "第一网格（基础）", square(0, hole=school), "base", START),
            CellDraft(A2, "第二网格（基础）", square(1), "base", START),
            CellDraft(SCHOOL, "第三网格（专属）", school, "special", START),
            CellDraft(B1, "第一网格（基础）", square(2), "base", START),
            CellDraft(C1, "第一网格（基础）", square(3), "base", START),
        ],
        now=timezone.now(),
    )


def _found() -> None:
    areas = {area.code: area for area in Area.objects.all()}
    kinds = Organization.Kind
    rows = [
        ("desk-district", "区网格中心", kinds.DESK, DISTRICT),
        ("desk-1", "青禾街道值守台", kinds.DESK, STREET_1),
        ("desk-2", "柳桥街道值守台", kinds.DESK, STREET_2),
        ("home-1", "禾苗社区居委会", kinds.DESK, COMMUNITY_1),
        ("branch-a", "禾苗第一网格党支部", kinds.BRANCH, COMMUNITY_1),
        ("branch-b", "稻香第一网格党支部", kinds.BRANCH, COMMUNITY_2),
        ("branch-c", "柳岸第一网格党支部", kinds.BRANCH, COMMUNITY_3),
        ("clean", "区环境卫生管理中心", kinds.DEPARTMENT, DISTRICT),
        ("roads", "区市政养护中心", kinds.DEPARTMENT, DISTRICT),
        ("lifts", "安居物业公司", kinds.PROPERTY_FIRM, COMMUNITY_1),
    ]
    for code, name, kind, area in rows:
        Organization.objects.create(code=code, name=name, kind=kind, area=areas[area])
    orgs = {organization.code: organization for organization in Organization.objects.all()}
    owners = {A1: "branch-a", A2: "branch-a", SCHOOL: "branch-a", B1: "branch-b", C1: "branch-c"}
    for code, owner in owners.items():
        CellOwnership.objects.create(
            cell=Cell.objects.get(code=code), organization=orgs[owner], valid_from=START
        )
    items = [
        (RUBBISH, "district", DISTRICT, "clean", None),
        (CORRIDOR, "community", COMMUNITY_1, "home-1", None),
        (LIFT, "community", COMMUNITY_1, "lifts", "home-1"),
    ]
    for leaf, level, area, doer, supervisor in items:
        Responsibility.objects.create(
            category=Category.objects.get(code=leaf),
            level=level,
            area=areas[area],
            doer=orgs[doer],
            supervisor=orgs.get(supervisor or ""),
            basis="权责清单",
            direct=True,
            valid_from=START,
        )


PEOPLE = [
    ("worker", "grid_worker", "cell", A1),
    ("colleague", "grid_worker", "cell", A1),
    ("outsider", "grid_worker", "cell", C1),
    ("branch", "branch_secretary", "organization", "branch-a"),
    ("other-branch", "branch_secretary", "organization", "branch-c"),
    ("community", "community_head", "organization", "home-1"),
    ("unit", "unit_desk", "organization", "clean"),
    ("handler", "unit_handler", "organization", "clean"),
    ("other-unit", "unit_desk", "organization", "roads"),
    ("street", "street_dispatcher", "organization", "desk-1"),
    ("other-street", "street_dispatcher", "organization", "desk-2"),
    ("leader", "street_leader", "area", STREET_1),
    ("district", "district_desk", "organization", "desk-district"),
    ("admin", "admin", "area", DISTRICT),
    ("auditor", "auditor", "area", DISTRICT),
]


def _staff() -> None:
    models = {"cell": Cell, "organization": Organization, "area": Area}
    for username, role, seat, code in PEOPLE:
        user = User.objects.create_user(username=username, password="gezhi-test", name=username)
        Post.objects.create(
            user=user, role=role, valid_from=START, **{seat: models[seat].objects.get(code=code)}
        )
    User.objects.filter(username="admin").update(is_staff=True, is_superuser=True)
    User.objects.create_user(username="nobody", password="gezhi-test", name="nobody")
