"""The bodies of a district: party organizations, desks, departments, utilities, firms."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from config.demo import naming
from config.demo.layout import Layout
from grid.models import Area
from partyorgs.models import Organization

K = Organization.Kind

# The responsibility list's usual unit (categories.csv) → code, name, kind.
DISTRICT_UNITS: dict[str, tuple[str, str, str]] = {
    "供水企业": ("water", "青禾自来水有限公司", K.UTILITY),
    "排水管理单位": ("drainage", "青禾区排水管理中心", K.DEPARTMENT),
    "供电企业": ("power", "青禾供电公司", K.UTILITY),
    "市政设施养护单位": ("municipal", "青禾区市政设施养护中心", K.DEPARTMENT),
    "通信企业": ("telecom", "青禾电信分公司", K.UTILITY),
    "供热企业": ("heating", "青禾热力有限公司", K.UTILITY),
    "燃气企业": ("gas", "青禾燃气有限公司", K.UTILITY),
    "公安部门": ("police", "青禾公安分局", K.DEPARTMENT),
    "公安交警部门": ("traffic-police", "青禾公安交警大队", K.DEPARTMENT),
    "城市管理局": ("city-management", "青禾区城市管理局", K.DEPARTMENT),
    "文体部门": ("culture", "青禾区文化和体育局", K.DEPARTMENT),
    "公交企业": ("buses", "青禾公共交通有限公司", K.UTILITY),
    "交通运输部门": ("transport", "青禾区交通运输局", K.DEPARTMENT),
    "民政部门": ("civil-affairs", "青禾区民政局", K.DEPARTMENT),
    "环境卫生管理单位": ("sanitation", "青禾区环境卫生管理中心", K.DEPARTMENT),
    "生态环境部门": ("environment", "青禾区生态环境分局", K.DEPARTMENT),
    "园林绿化管理单位": ("greenery", "青禾区园林绿化管理中心", K.DEPARTMENT),
    "国防动员（人防）部门": ("civil-defence", "青禾区国防动员办公室", K.DEPARTMENT),
    "应急管理部门": ("emergency", "青禾区应急管理局", K.DEPARTMENT),
    "住房和建设主管部门": ("housing", "青禾区住房和建设局", K.DEPARTMENT),
    "河长办（水务部门）": ("rivers", "青禾区水务局（河长办）", K.DEPARTMENT),
    "消防救援机构": ("fire", "青禾区消防救援大队", K.DEPARTMENT),
}
MORE_TELECOMS = {
    "C0108": ("cable-tv", "青禾广电网络公司"),
    "C0109": ("mobile", "青禾移动分公司"),
    "S0209": ("towers", "青禾铁塔公司"),
}
# Field teams of a centre: each serves its part of the streets.
TEAMS: dict[str, tuple[str, ...]] = {
    "环境卫生管理单位": ("作业一队", "作业二队", "作业三队", "作业四队"),
    "市政设施养护单位": ("养护一所", "养护二所", "养护三所"),
    "园林绿化管理单位": ("养护一所", "养护二所", "养护三所"),
    "河长办（水务部门）": ("河道一所", "河道二所"),
}
BIKE_FIRMS = "共享单车运营企业（城管督促）"
OWNERS = "产权单位（属地街道督促）"
FIRMS = "物业服务企业（社区督促）"
STREET_UNITS: dict[str, tuple[str, str]] = {
    "街道综合行政执法队": ("enforcement", "综合行政执法队"),
    "街道应急管理办公室": ("safety", "应急管理办公室"),
    "街道平安建设办公室": ("peace", "平安建设办公室"),
    "街道社区服务办公室": ("services", "社区服务办公室"),
    "街道规划建设办公室": ("planning", "规划建设办公室"),
    "街道（乡镇）农业农村办公室": ("rural", "农业农村办公室"),
    "市场监管所": ("market", "市场监管所"),
    "司法所": ("justice", "司法所"),
    "街道人社服务窗口": ("jobs", "人社服务窗口"),
    "党群服务中心": ("party-service", "党群服务中心"),
    "人民调解委员会": ("mediation", "人民调解委员会"),
}


@dataclass
class Bodies:
    """Every organization by what it is to whom; keys are area or cell codes and unit names."""

    made: list[Organization] = field(default_factory=list)
    desks: dict[str, Organization] = field(default_factory=dict)
    party: dict[str, Organization] = field(default_factory=dict)
    units: dict[str, Organization] = field(default_factory=dict)
    teams: dict[tuple[str, str], Organization] = field(default_factory=dict)
    street_units: dict[tuple[str, str], Organization] = field(default_factory=dict)
    owners: dict[str, Organization] = field(default_factory=dict)
    firms: dict[str, Organization] = field(default_factory=dict)

    def add(
        self, code: str, name: str, kind: str, area: Area, parent: Organization | None = None
    ) -> Organization:
        body = Organization(code=code, name=name, kind=kind, area=area, parent=parent)
        if kind not in (K.PROPERTY_FIRM, K.PARTNER):
            body.phone = naming.phone(len(self.made))
        self.made.append(body)
        return body

    def working(self) -> Iterator[Organization]:
        """Departments and utilities: the units with clerks and handlers of their own."""
        yield from self.units.values()
        yield from dict.fromkeys(self.teams.values())
        yield from self.street_units.values()


def set_up(*, layout: Layout, areas: dict[str, Area]) -> Bodies:
    """Make and store the organizations, parents before children."""
    bodies = Bodies()
    _district(bodies, layout, areas)
    for street in layout.streets:
        _street(bodies, layout.code, street.code, areas[street.code])
    for street, community in layout.communities():
        _community(bodies, street.code, areas[community.code], len(community.cells))
    for _street_plan, community, cell in layout.cells():
        spot = cell.place or f"{community.name}{cell.name[: cell.name.index('（')]}"
        bodies.party[cell.code] = bodies.add(
            f"branch-{cell.code}", f"{spot}党支部", K.BRANCH, areas[community.code],
            bodies.party[community.code],
        )  # fmt: skip
    _store(bodies)
    return bodies


def _store(bodies: Bodies) -> None:
    """One insert for each depth of the tree, so that parents have their ids."""
    waiting = bodies.made
    while waiting:
        ready = [body for body in waiting if body.parent is None or body.parent.pk]
        for body in ready:
            if body.parent is not None:
                body.parent_id = body.parent.pk
        Organization.objects.bulk_create(ready, batch_size=1000)
        waiting = [body for body in waiting if not body.pk]


def _district(bodies: Bodies, layout: Layout, areas: dict[str, Area]) -> None:
    area = areas[layout.code]
    bodies.party[area.code] = bodies.add(
        f"committee-{area.code}", f"中共{area.name}委员会", K.COMMITTEE, area
    )
    bodies.desks[area.code] = bodies.add(
        f"desk-{area.code}", f"{area.name}社会治理中心", K.DESK, area
    )
    for key, (code, name, kind) in DISTRICT_UNITS.items():
        bodies.units[key] = bodies.add(f"{area.code}-{code}", name, kind, area)
    for leaf, (code, name) in MORE_TELECOMS.items():
        bodies.units[leaf] = bodies.add(f"{area.code}-{code}", name, K.UTILITY, area)
    for key, names in TEAMS.items():
        centre = bodies.units[key]
        teams = [
            bodies.add(f"{centre.code}-{n}", f"{centre.name}{name}", K.DEPARTMENT, area, centre)
            for n, name in enumerate(names, start=1)
        ]
        for n, street in enumerate(layout.streets):
            bodies.teams[key, street.code] = teams[n * len(teams) // len(layout.streets)]
    bodies.owners[BIKE_FIRMS] = bodies.add(
        f"{area.code}-bikes", "共享单车运营企业（青禾）", K.PARTNER, area
    )


def _street(bodies: Bodies, district: str, code: str, area: Area) -> None:
    bodies.party[code] = bodies.add(
        f"committee-{code}",
        f"中共{area.name}{'委员会' if area.name.endswith('镇') else '工作委员会'}",
        K.COMMITTEE,
        area,
        bodies.party[district],
    )
    bodies.desks[code] = bodies.add(f"desk-{code}", f"{area.name}社会治理中心", K.DESK, area)
    for key, (short, name) in STREET_UNITS.items():
        bodies.street_units[key, code] = bodies.add(
            f"{code}-{short}", f"{area.name}{name}", K.DEPARTMENT, area
        )
    bodies.owners[code] = bodies.add(f"{code}-owners", f"{area.name}辖区产权单位", K.PARTNER, area)


def _community(bodies: Bodies, street: str, area: Area, cells: int) -> None:
    large = cells >= 7
    kind = K.COMMITTEE if large else K.GENERAL_BRANCH
    bodies.party[area.code] = bodies.add(
        f"party-{area.code}",
        f"{area.name}{'党委' if large else '党总支'}",
        kind,
        area,
        bodies.party[street],
    )
    committee = "村民委员会" if area.name.endswith("村") else "居民委员会"
    bodies.desks[area.code] = bodies.add(
        f"desk-{area.code}", f"{area.name}{committee}", K.DESK, area
    )
    bodies.firms[area.code] = bodies.add(
        f"firm-{area.code}", f"{area.name.rstrip('社区村')}物业服务公司", K.PROPERTY_FIRM, area
    )
