"""The drawn district: exact borders, every cell owned, every leaf with a doer in every street."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest
import shapely
from django.contrib.auth.hashers import check_password
from shapely.geometry import shape

from accounts.models import User
from config.demo.drawing import Size, draw
from config.demo.layout import lay_out
from config.demo.people import ACCOUNTS, PASSWORD
from grid.models import Area, Cell, Place
from grid.queries import cell_at
from matters.models import Category
from partyorgs.models import Duty, Leave, Organization, Post, Responsibility
from partyorgs.queries import (
    duty_of,
    leaves_without_doer,
    owner_of,
    responsible_for,
    staff_of,
    unowned_cells,
)
from partyorgs.rules import scope_of
from partyorgs.services import DutyDraft, duty_refusals
from tests.demo.conftest import SMALL, UNTIL

# Whole districts are built: CI does it, `make test` need not.
pytestmark = pytest.mark.slow


def shapes_of(sheet):
    return [cell for street in sheet.streets for patch in street
            for cell in (*patch.base, *patch.special)]  # fmt: skip


def test_a_whole_district_has_no_gap_and_no_overlap():
    cells = shapes_of(draw(size=Size(), rng=Random(7)))
    assert len(cells) == 1500
    assert shapely.is_valid(cells).all()
    assert shapely.coverage_is_valid(cells)
    whole = shapely.union_all(cells)
    assert whole.geom_type == "Polygon"
    assert not whole.interiors
    assert whole.area == pytest.approx(sum(cell.area for cell in cells), rel=1e-12)


def test_vertices_lie_on_a_decimetre_grid_that_neighbours_share():
    for cell in shapes_of(draw(size=SMALL, rng=Random(2))):
        for lng, lat in cell.exterior.coords:
            assert (round(lng, 6), round(lat, 6)) == (lng, lat)


def test_the_same_seed_lays_out_the_same_district():
    first, second = (lay_out(size=SMALL, rng=Random(5)) for _time in range(2))
    assert first == second
    assert lay_out(size=SMALL, rng=Random(6)) != first


def test_the_layout_has_the_numbers_asked_for():
    layout = lay_out(size=SMALL, rng=Random(5))
    cells = [cell for _street, _community, cell in layout.cells()]
    assert len(layout.streets) == SMALL.streets
    assert len(list(layout.communities())) == SMALL.communities
    assert len(cells) == SMALL.cells
    assert sum(bool(cell.place) for cell in cells) == SMALL.special
    assert len({cell.code for cell in cells}) == SMALL.cells
    assert all(community.code.startswith(street.code) for street, community in layout.communities())


def test_stored_cells_cover_without_gap_and_points_find_them(demo):
    cells = list(Cell.objects.whole())
    shapes = [shape(cell.boundary) for cell in cells]
    assert len(cells) == SMALL.cells
    assert shapely.coverage_is_valid(shapes)
    for cell, drawn in list(zip(cells, shapes, strict=True))[::7]:
        point = drawn.representative_point()
        assert cell_at(lat=point.y, lng=point.x, at=UNTIL).cell == cell


def test_special_cells_are_named_after_their_place_in_name_and_kind(demo):
    kinds = Counter(Cell.objects.whole().values_list("kind", flat=True))
    assert kinds == {"base": SMALL.cells - SMALL.special, "special": SMALL.special}
    assert Place.objects.filter(kind="landmark").count() == SMALL.special
    assert not Cell.objects.filter(kind="special").exclude(name__endswith="（专属）").exists()


def test_micro_cells_have_no_boundary_and_belong_to_a_cell(demo):
    micro = Cell.objects.filter(parent__isnull=False)
    assert micro.exists()
    assert not micro.filter(boundary__isnull=False).exists()


def test_buildings_are_found_with_their_compound(demo):
    building = Place.objects.filter(kind="building").select_related("parent").first()
    assert building.label == f"{building.parent.name}{building.name}"


def test_every_cell_has_an_owner_then_and_now(demo):
    assert not unowned_cells(at=UNTIL).exists()
    assert not unowned_cells(at=Cell.objects.first().valid_from).exists()


def test_some_cells_changed_owners(demo):
    handed_over = Cell.objects.filter(ownerships__valid_until__isnull=False).first()
    before = owner_of(cell=handed_over, at=handed_over.valid_from)
    assert before.kind in ("general_branch", "committee")
    assert owner_of(cell=handed_over, at=UNTIL).kind == "branch"


def test_every_leaf_has_a_doer_in_every_street(demo):
    for street in Area.objects.filter(level="street"):
        assert not leaves_without_doer(street=street, at=UNTIL).exists()


def test_every_leaf_reaches_somebody_with_an_account_in_every_community(demo):
    leaves = list(Category.objects.filter(level=2, active=True))
    for community in Area.objects.filter(level="community").select_related("parent__parent")[::9]:
        areas = [community, community.parent, community.parent.parent]
        for leaf in leaves:
            item = responsible_for(category=leaf, areas=areas, at=UNTIL)
            staff = staff_of(organizations=[item.doer, item.supervisor], at=UNTIL)
            assert staff.serves(item.doer) or (item.supervisor and staff.serves(item.supervisor))


def test_a_property_firm_has_no_account_and_the_community_serves_it(demo):
    item = Responsibility.objects.filter(category__code="S0106").first()
    assert item.doer.kind == Organization.Kind.PROPERTY_FIRM
    assert not item.doer.posts.exists()
    assert item.supervisor.kind == Organization.Kind.DESK
    assert item.supervisor.area == item.area


def test_party_organizations_stand_in_a_tree_up_to_the_district(demo):
    branch = Organization.objects.filter(kind="branch").first()
    chain = [branch, branch.parent, branch.parent.parent, branch.parent.parent.parent]
    assert [body.area.level for body in chain] == ["community", "community", "street", "district"]
    assert chain[-1].parent is None


def test_demo_accounts_have_one_post_each_and_can_sign_in(demo):
    for username in ACCOUNTS:
        user = User.objects.get(username=username)
        assert user.is_demo
        assert user.posts.valid_at(UNTIL).count() == 1
        assert check_password(PASSWORD, user.password)
    assert User.objects.filter(is_superuser=True).count() == 1


def test_nobody_else_can_sign_in_and_everybody_is_marked_as_demo(demo):
    others = User.objects.exclude(username__in=ACCOUNTS)
    assert others.count() > SMALL.cells
    assert not any(user.has_usable_password() for user in others)
    assert not others.filter(is_demo=False).exists()
    assert Post.objects.count() == User.objects.count()


def test_demo_accounts_belong_together(demo):
    posts = {name: Post.objects.get(user__username=name) for name in ACCOUNTS}
    cell = posts["worker"].cell
    assert posts["branch"].organization == owner_of(cell=cell, at=UNTIL)
    assert posts["community"].organization.area == cell.community
    assert posts["street"].organization.area == cell.street
    assert posts["leader"].area == cell.street
    assert {posts[name].area for name in ("admin", "auditor")} == {cell.district}
    assert posts["district"].organization.area == cell.district
    item = responsible_for(
        category=Category.objects.get(code="E0102"),
        areas=[cell.community, cell.street, cell.district],
        at=UNTIL,
    )
    assert item.doer == posts["unit"].organization


def test_every_street_is_watched_day_and_night_and_somebody_stands_in(demo):
    desks = Organization.objects.filter(kind="desk", area__level__in=["street", "district"])
    for hours in (-40, 0, 12, 13 * 24):
        watched = duty_of(
            organizations=desks.values_list("pk", flat=True), at=UNTIL + timedelta(hours=hours)
        )
        assert set(watched) == {desk.pk for desk in desks}
    leave = Leave.objects.get()
    assert leave.valid_at(UNTIL)
    assert "street" in (leave.stand_in.username, leave.user.username)
    assert scope_of(leave.stand_in, now=UNTIL).persons == {leave.user_id, leave.stand_in_id}
    for row in Duty.objects.filter(starts__gt=UNTIL).select_related("organization", "user")[:40]:
        draft = DutyDraft(row.organization, row.user, row.starts, row.ends, 1, row.leader)
        assert duty_refusals(drafts=[draft], now=UNTIL) == {}
        row.delete()
        assert duty_refusals(drafts=[draft], now=UNTIL) == {}
