"""A point finds its cell: held against a brute-force search with shapely."""

import math
import random
from datetime import timedelta

import pytest
import shapely
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grid.geometry import METRES_PER_DEGREE, TOLERANCE_DEG, buckets_of, distance_m
from grid.models import Cell, CellBucket
from grid.queries import Located, cell_at
from grid.services import CellDraft, end_cell, save_cells
from tests.grid.partition import SOUTH, START, STEP, WEST, make_community, make_partition

pytestmark = pytest.mark.django_db
LATER = START + timedelta(days=1)


def brute_force(drafts: list[CellDraft], lat: float, lng: float) -> str | None:
    point = shapely.Point(lng, lat)
    inside = [draft for draft in drafts if draft.geometry.intersects(point)]
    near = inside or [d for d in drafts if shapely.dwithin(d.geometry, point, TOLERANCE_DEG)]
    ranked = sorted(near, key=lambda draft: (draft.kind != "special", draft.code))
    return ranked[0].code if ranked else None


def brute_force_nearest(drafts: list[CellDraft], lat: float, lng: float) -> tuple[float, str]:
    return min((distance_m(draft.geometry, lat, lng), draft.code) for draft in drafts)


def locate(lat: float, lng: float) -> Located:
    return cell_at(lat=lat, lng=lng, at=LATER)


def border_points(drafts: list[CellDraft], dice: random.Random) -> list[tuple[float, float]]:
    """Vertices, and computed points on edges, of all cells."""
    points = []
    for draft in drafts:
        corners = shapely.get_coordinates(draft.geometry)
        for (ax, ay), (bx, by) in zip(corners, corners[1:], strict=False):
            part = dice.random()
            points += [(ay, ax), (ay + (by - ay) * part, ax + (bx - ax) * part)]
    return points


@pytest.mark.parametrize("seed", range(4))
def test_a_random_point_is_in_the_cell_that_brute_force_names(seed):
    drafts = make_partition(seed)
    dice = random.Random(seed)
    points = [
        (dice.uniform(SOUTH - STEP, SOUTH + 6 * STEP), dice.uniform(WEST - STEP, WEST + 7 * STEP))
        for _n in range(400)
    ]
    answers = [locate(lat, lng) for lat, lng in points]
    assert [answer.cell.code if answer.cell else None for answer in answers] == [
        brute_force(drafts, lat, lng) for lat, lng in points
    ]
    assert any(answer.cell is None for answer in answers)
    assert {answer.cell.kind for answer in answers if answer.cell} == {"base", "special"}


@pytest.mark.parametrize("seed", range(2))
def test_no_point_on_a_border_is_without_an_owner(seed):
    drafts = make_partition(seed)
    edges = shapely.get_parts(shapely.union_all([d.geometry for d in drafts]).boundary)
    for lat, lng in border_points(drafts, random.Random(seed)):
        answer = locate(lat, lng)
        if answer.cell is None:
            # A chord between the two parts of a MultiPolygon or across its hole is no border.
            assert min(shapely.distance(edges, shapely.Point(lng, lat))) > TOLERANCE_DEG
        else:
            assert answer.cell.code == brute_force(drafts, lat, lng)


@pytest.mark.parametrize("reach", [0.3, 5, 400])
def test_a_point_outside_gets_the_nearest_cell_and_its_distance(reach):
    drafts = make_partition()
    dice = random.Random(7)
    for _n in range(25):
        angle = dice.uniform(0, 2 * math.pi)
        lat = SOUTH + 2.5 * STEP + math.sin(angle) * (4 + reach) * STEP
        lng = WEST + 3 * STEP + math.cos(angle) * (4 + reach) * STEP
        answer = locate(lat, lng)
        metres, code = brute_force_nearest(drafts, lat, lng)
        assert answer.cell is None
        assert answer.nearest.code == code
        assert answer.distance_m == pytest.approx(metres)


def test_the_other_side_of_the_world_has_a_nearest_cell_too():
    make_partition()
    answer = locate(-41.8, -87.6)
    assert answer.cell is None
    assert answer.distance_m > 10_000_000


def test_without_any_cell_there_is_no_nearest_one():
    assert locate(30.2, 119.9) == Located(None)


def test_a_hit_is_one_query_with_community_street_and_district():
    drafts = make_partition()
    point = drafts[3].geometry.representative_point()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        cell = locate(point.y, point.x).cell
        names = (cell.community.name, cell.street.name, cell.district.name)
    assert names == ("望河社区", "河东街道", "青禾区")
    assert len(queries) == 1


def test_on_a_shared_border_the_lower_code_wins_and_a_special_cell_before_it():
    code = make_community().code
    base = [
        CellDraft(f"{code}001", "东", shapely.box(120.01, 30, 120.02, 30.01)),
        CellDraft(f"{code}002", "西", shapely.box(120.00, 30, 120.01, 30.01)),
    ]
    save_cells(drafts=base, now=START)
    assert locate(30.005, 120.01).cell.code == f"{code}001"
    special = CellDraft(f"{code}009", "院", shapely.box(120.01, 30.01, 120.02, 30.02), "special")
    save_cells(drafts=[special], now=START)
    assert locate(30.01, 120.01).cell.code == f"{code}009"


def test_a_cell_is_found_from_valid_from_until_just_before_valid_until():
    drafts = make_partition()
    point = drafts[3].geometry.representative_point()
    cell = Cell.objects.get(code=drafts[3].code)
    successor = Cell.objects.get(code=drafts[4].code)
    end = START + timedelta(days=10)
    end_cell(cell=cell, at=end, replaced_by=[successor])

    def code_at(moment):
        found = cell_at(lat=point.y, lng=point.x, at=moment).cell
        return found.code if found else None

    instant = timedelta(microseconds=1)
    assert [code_at(START - instant), code_at(START)] == [None, cell.code]
    assert [code_at(end - instant), code_at(end)] == [cell.code, None]
    assert list(cell.replaced_by.all()) == [successor]


def test_the_code_of_a_cell_that_has_ended_is_not_used_again():
    drafts = make_partition()
    cell = Cell.objects.get(code=drafts[3].code)
    end_cell(cell=cell, at=LATER)
    with pytest.raises(ValidationError, match="已停用"):
        save_cells(drafts=[drafts[3]], now=LATER)
    with pytest.raises(ValidationError, match="已停用"):
        end_cell(cell=cell, at=LATER)


def test_a_cell_cannot_end_before_it_begins():
    cell = Cell.objects.get(code=make_partition()[3].code)
    with pytest.raises(ValidationError, match="停用时间要晚于启用时间"):
        end_cell(cell=cell, at=START)


def test_a_corrected_boundary_moves_the_bucket_rows():
    draft = make_partition()[3]
    moved = shapely.box(121, 31, 121.01, 31.01)
    saved = save_cells(drafts=[CellDraft(draft.code, draft.name, moved)], now=LATER)
    assert (saved.created, saved.updated, saved.unchanged) == (0, 1, 0)
    assert locate(31.005, 121.005).cell.code == draft.code
    rows = CellBucket.objects.filter(cell__code=draft.code).values_list("x", "y")
    assert sorted(rows) == sorted(buckets_of(moved))


def test_saving_the_same_cells_again_changes_nothing():
    drafts = make_partition()
    saved = save_cells(drafts=drafts, now=LATER)
    assert (saved.created, saved.updated, saved.unchanged) == (0, 0, len(drafts))


def test_a_micro_cell_belongs_to_its_cell_and_is_not_located():
    draft = make_partition()[3]
    part = draft.geometry.representative_point().buffer(STEP / 50)
    micros = [
        CellDraft(f"{draft.code}01", "1号楼", part),
        CellDraft(f"{draft.code}02", "2号楼", None),
    ]
    save_cells(drafts=micros, now=START)
    parent = Cell.objects.get(code=draft.code)
    assert [micro.code for micro in parent.micro_cells.all()] == [m.code for m in micros]
    assert locate(part.centroid.y, part.centroid.x).cell == parent


def test_buckets_cover_every_point_of_the_cell():
    draft = make_partition()[1]
    buckets = set(buckets_of(draft.geometry))
    dice = random.Random(3)
    west, south, east, north = draft.geometry.bounds
    for _n in range(500):
        lng, lat = dice.uniform(west, east), dice.uniform(south, north)
        if draft.geometry.intersects(shapely.Point(lng, lat)):
            assert (math.floor(lng / 0.005), math.floor(lat / 0.005)) in buckets


def test_distance_is_in_metres():
    square = shapely.box(120, 30, 120.01, 30.01)
    assert distance_m(square, 30.005, 120.011) == pytest.approx(
        0.001 * METRES_PER_DEGREE * math.cos(math.radians(30.005)), rel=1e-6
    )
    assert distance_m(square, 30.005, 120.005) == 0


@pytest.mark.parametrize("point", [(91, 0), (0, 181), (math.nan, 0), (0, math.inf)])
def test_a_point_that_is_not_on_earth_is_refused(point):
    with pytest.raises(ValueError, match="纬度要在"):
        locate(*point)


def test_a_point_a_hair_across_a_bucket_line_is_still_found():
    code = make_community().code
    line = 23_801 * 0.005
    cell = CellDraft(f"{code}001", "一", shapely.box(line - 0.002, 29, line - 3e-8, 29.002))
    save_cells(drafts=[cell], now=START)
    assert locate(29.001, line + 3e-8).cell.code == cell.code
    assert locate(29.001, line + 2e-7).cell is None


def test_the_nearest_cell_may_lie_outside_the_buckets_that_were_searched_first():
    code = make_community().code
    line = 23_801 * 0.005
    # Three buckets to the east are searched from here, but only two to the west.
    east = shapely.box(line + 0.0145, 29, line + 0.0146, 29.002)
    west = shapely.box(line - 0.0103, 29, line - 0.0102, 29.002)
    drafts = [CellDraft(f"{code}001", "东", east), CellDraft(f"{code}002", "西", west)]
    save_cells(drafts=drafts, now=START)
    assert locate(29.001, line + 0.0001).nearest.name == "西"
