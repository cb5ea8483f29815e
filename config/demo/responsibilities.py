"""The responsibility list of the demo district: every leaf has a doer in every street."""

from collections.abc import Iterator
from datetime import datetime

from config.demo.layout import Layout
from config.demo.organizations import (
    BIKE_FIRMS,
    FIRMS,
    MORE_TELECOMS,
    OWNERS,
    STREET_UNITS,
    Bodies,
)
from grid.models import Area
from matters.importing import COMMUNITY_UNITS
from matters.models import Category
from partyorgs.models import Level, Organization, Responsibility

BASES = {
    "C01": "《城市道路管理条例》", "C02": "《中华人民共和国道路交通安全法》",
    "C03": "《城市市容和环境卫生管理条例》", "C04": "《城市绿化条例》",
    "C05": "《中华人民共和国民法典》", "C06": "《中华人民共和国安全生产法》",
    "E01": "《城市市容和环境卫生管理条例》", "E02": "《城市市容和环境卫生管理条例》",
    "E03": "《建设工程安全生产管理条例》", "E04": "《中华人民共和国突发事件应对法》",
    "E05": "《城市市容和环境卫生管理条例》", "S01": "《物业管理条例》",
    "S02": "《城市供水条例》", "S03": "《中华人民共和国噪声污染防治法》",
    "S04": "《中华人民共和国消防法》", "S05": "《物业管理条例》",
    "S08": "《中华人民共和国乡村振兴促进法》",
}  # fmt: skip
TEAM_LEAVES = {
    "环境卫生管理单位": (
        "E0102", "E0103", "E0104", "E0108", "E0112", "E0117", "E0407", "C0301", "C0305", "C0398",
    ),
    "市政设施养护单位": ("E0110", "E0401", "C0118", "C0298", "C0106"),
    "园林绿化管理单位": ("E0106", "E0191", "E0497", "S0505", "C0402", "C0405"),
    "河长办（水务部门）": ("E0105", "E0114", "C0604", "S0408"),
}  # fmt: skip
UNDER_CITY_MANAGEMENT = {
    "环境卫生管理单位", "市政设施养护单位", "园林绿化管理单位", "排水管理单位",
}  # fmt: skip
HELPED = {"E0505": "城市管理局", "S0415": "公安交警部门", "E0597": "公安交警部门"}


class _List:
    def __init__(self, layout: Layout, bodies: Bodies, areas: dict[str, Area], since: datetime):
        self.layout, self.bodies, self.areas, self.since = layout, bodies, areas, since

    def of(self, leaf: Category) -> Iterator[Responsibility]:
        unit = leaf.default_unit_zh
        if unit in COMMUNITY_UNITS or unit == FIRMS:
            return self._communities(leaf)
        if unit in STREET_UNITS or unit == OWNERS:
            return self._streets(leaf)
        return self._district(leaf)

    def _communities(self, leaf: Category) -> Iterator[Responsibility]:
        """The community leads; what a property firm does, it records for the firm."""
        for _street, community in self.layout.communities():
            desk = self.bodies.desks[community.code]
            firm = leaf.default_unit_zh == FIRMS
            doer = self.bodies.firms[community.code] if firm else desk
            yield self._row(leaf, Level.COMMUNITY, community.code, doer, desk if firm else None)

    def _streets(self, leaf: Category) -> Iterator[Responsibility]:
        for street in self.layout.streets:
            units = self.bodies.street_units
            if leaf.default_unit_zh == OWNERS:
                doer = self.bodies.owners[street.code]
                planning = units["街道规划建设办公室", street.code]
                yield self._row(leaf, Level.STREET, street.code, doer, planning)
            else:
                doer = units[leaf.default_unit_zh, street.code]
                yield self._row(leaf, Level.STREET, street.code, doer, None)

    def _district(self, leaf: Category) -> Iterator[Responsibility]:
        """The district's row, which streets inherit, and the rows of streets with a team."""
        bodies, unit = self.bodies, leaf.default_unit_zh
        management = bodies.units["城市管理局"]
        supervisor: Organization | None = management
        if unit == BIKE_FIRMS:
            doer = bodies.owners[BIKE_FIRMS]
        else:
            doer = bodies.units[leaf.code if leaf.code in MORE_TELECOMS else unit]
            supervisor = management if unit in UNDER_CITY_MANAGEMENT else None
        yield self._row(leaf, Level.DISTRICT, self.layout.code, doer, supervisor)
        if leaf.code in TEAM_LEAVES.get(unit, ()):
            for street in self.layout.streets:
                team = bodies.teams[unit, street.code]
                yield self._row(leaf, Level.DISTRICT, street.code, team, bodies.units[unit])

    def _row(
        self,
        leaf: Category,
        level: str,
        area: str,
        doer: Organization,
        supervisor: Organization | None,
    ) -> Responsibility:
        return Responsibility(
            category=leaf,
            level=level,
            area=self.areas[area],
            doer=doer,
            supervisor=supervisor,
            basis=BASES.get(leaf.code[:3], ""),
            direct=level == Level.DISTRICT,
            valid_from=self.since,
        )


def assign(
    *,
    layout: Layout,
    bodies: Bodies,
    areas: dict[str, Area],
    leaves: list[Category],
    since: datetime,
) -> list[Responsibility]:
    """Store an item for every leaf at the level that answers for it; returns them all."""
    book = _List(layout, bodies, areas, since)
    rows = [row for leaf in leaves for row in book.of(leaf)]
    Responsibility.objects.bulk_create(rows, batch_size=1000)
    helping = [
        Responsibility.helpers.through(
            responsibility_id=row.pk, organization_id=bodies.units[HELPED[row.category.code]].pk
        )
        for row in rows
        if row.category.code in HELPED
    ]
    Responsibility.helpers.through.objects.bulk_create(helping)
    return rows
