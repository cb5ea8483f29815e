"""import_cells: good files, real slivers, and every way to be wrong."""

import json

import pytest
import shapely
from django.utils import timezone

from grid.datum import from_wgs84
from grid.models import Cell
from grid.queries import cell_at, shape_of
from grid.services import end_cell
from tests.grid.geojson import collection, feature
from tests.grid.partition import make_community

CODE = "990777001001"
# A hundredth of a degree square, some 1.06 km² here; 1e-6 degrees by its side are about 107 m².
SIDE = 0.01
WEST, SOUTH = 119.0, 29.0


def square(column: float = 0, row: float = 0, side: float = SIDE) -> shapely.Polygon:
    west, south = WEST + column * SIDE, SOUTH + row * SIDE
    return shapely.box(west, south, west + side, south + side)


def two() -> dict:
    return collection(
        feature(square(0), code=f"{CODE}001", name="一"),
        feature(square(1), code=int(f"{CODE}002"), name="二", kind="special"),
    )


@pytest.fixture(autouse=True)
def _community(db):
    make_community(CODE)


def count() -> int:
    return Cell.objects.filter(code__startswith=CODE).count()


def test_a_good_file_makes_cells_that_are_found(run_import):
    assert "新增 2，修改 0，未变 0" in run_import("import_cells", two())
    cell = cell_at(lat=SOUTH + 0.005, lng=WEST + 0.015).cell
    assert (cell.code, cell.name, cell.kind) == (f"{CODE}002", "二", "special")
    assert cell.community.code == CODE
    assert Cell.objects.get(code=f"{CODE}001").boundary["type"] == "Polygon"


def test_a_dry_run_and_a_second_run_change_nothing(run_import):
    assert "新增 2" in run_import("import_cells", two(), "--dry-run")
    assert count() == 0
    run_import("import_cells", two())
    assert "新增 0，修改 0，未变 2" in run_import("import_cells", two())


def test_a_hole_and_a_second_part_are_kept(run_import):
    ring = square().difference(square(0.25, 0.25, SIDE / 2))
    parts = shapely.MultiPolygon([ring, square(3)])
    run_import("import_cells", collection(feature(parts, code=f"{CODE}001", name="一")))
    assert cell_at(lat=SOUTH + SIDE / 2, lng=WEST + SIDE / 2).cell is None
    assert cell_at(lat=SOUTH + SIDE / 2, lng=WEST + 3.5 * SIDE).cell.name == "一"
    assert shape_of(Cell.objects.get(code=f"{CODE}001")).equals(parts)


def test_fields_have_the_names_that_the_file_gives_them(run_import):
    file = collection(feature(square(), id=f"{CODE}001", 名称="一", sq=CODE))
    options = ("--code-field", "id", "--name-field", "名称", "--community-field", "sq")
    assert "新增 1" in run_import("import_cells", file, *options)
    assert Cell.objects.get(code=f"{CODE}001").name == "一"


def test_coordinates_of_a_map_service_are_moved_to_wgs84(run_import):
    shifted = shapely.transform(
        square(), lambda points: [from_wgs84(lat, lng, "gcj02")[::-1] for lng, lat in points]
    )
    file = collection(feature(shifted, code=f"{CODE}001", name="一"))
    run_import("import_cells", file, "--datum", "gcj02")
    found = shape_of(Cell.objects.get(code=f"{CODE}001"))
    assert shapely.hausdorff_distance(found, square()) < 1e-8
    assert "未变 1" in run_import("import_cells", file, "--datum", "gcj02")


def test_a_corrected_boundary_keeps_the_code(run_import):
    run_import("import_cells", two())
    file = two()
    file["features"][0]["geometry"] = shapely.geometry.mapping(square(0, 0, SIDE * 0.95))
    assert "新增 0，修改 1，未变 1" in run_import("import_cells", file)


def test_micro_cells_come_with_or_without_a_boundary(run_import):
    file = two()
    file["features"] += [
        feature(None, code=f"{CODE}00101", name="1号楼"),
        feature(square(0, 0, SIDE / 4), code=f"{CODE}00102", name="2号楼"),
    ]
    run_import("import_cells", file)
    micro = Cell.objects.get(code=f"{CODE}00101")
    assert (micro.parent.code, micro.boundary) == (f"{CODE}001", None)
    assert "未变 4" in run_import("import_cells", file)


def test_cells_are_in_force_from_the_day_that_is_given(run_import):
    run_import("import_cells", two(), "--from", "2020-02-01")
    begin = Cell.objects.get(code=f"{CODE}001").valid_from
    assert timezone.localtime(begin).isoformat() == "2020-02-01T00:00:00+08:00"
    assert "2026-01-31" in run_import.refused("import_cells", two(), "--from", "1.2.2020")


def test_a_sliver_is_repaired_and_reported(run_import):
    # A spike that runs out and back crosses itself in an area of no account.
    ring = [*square().exterior.coords]
    x, y = ring[1]
    ring[1:2] = [(x, y), (x + 0.001, y), (x, y), (x, y + SIDE / 2), (x - 1e-7, y + SIDE / 4)]
    file = collection(
        feature({"type": "Polygon", "coordinates": [ring]}, code=f"{CODE}001", name="一")
    )
    said = run_import("import_cells", file)
    assert "已修复" in said
    assert shape_of(Cell.objects.get(code=f"{CODE}001")).is_valid


def test_a_bow_tie_is_refused(run_import):
    (a, b, c, d, _a) = square().exterior.coords
    tie = {"type": "Polygon", "coordinates": [[a, c, b, d, a]]}
    said = run_import.refused(
        "import_cells", collection(feature(tie, code=f"{CODE}001", name="一"))
    )
    assert "自相交" in said
    assert "超过 0.1%" in said


@pytest.mark.parametrize(("overlap", "refused"), [(5e-7, False), (2e-6, True)])
def test_a_small_overlap_is_a_warning_and_a_large_one_is_refused(run_import, overlap, refused):
    file = two()
    file["features"][1]["geometry"] = shapely.geometry.mapping(square(1 - overlap / SIDE))
    if refused:
        said = run_import.refused("import_cells", file)
        assert "超过 100 平方米" in said
        assert count() == 0
    else:
        assert "可以容忍" in run_import("import_cells", file)


def test_a_cell_that_lies_on_one_in_the_database_is_refused(run_import):
    run_import("import_cells", two())
    file = collection(feature(square(0.5), code=f"{CODE}003", name="三"))
    assert f"已有的网格 {CODE}001重叠" in run_import.refused("import_cells", file)
    end_cell(cell=Cell.objects.get(code=f"{CODE}001"), at=timezone.now())
    end_cell(cell=Cell.objects.get(code=f"{CODE}002"), at=timezone.now())
    assert "新增 1" in run_import("import_cells", file)


def test_a_code_does_not_move_elsewhere_and_does_not_come_back(run_import):
    run_import("import_cells", two())
    moved = collection(feature(square(0.7, 3), code=f"{CODE}001", name="一"))
    assert "同一代码不能改指别处" in run_import.refused("import_cells", moved)
    end_cell(cell=Cell.objects.get(code=f"{CODE}001"), at=timezone.now())
    assert "已停用" in run_import.refused("import_cells", two())


def grid_without_codes(columns: int = 4, rows: int = 3) -> dict:
    names = [(x, y) for x in range(columns) for y in range(rows)]
    return collection(*(feature(square(x, y), name=f"{x},{y}") for x, y in names))


def test_cells_without_codes_are_numbered_west_to_east_in_rows_from_the_north(run_import):
    options = ("--number", "--community", CODE)
    run_import("import_cells", grid_without_codes(), *options)
    names = list(Cell.objects.filter(community__code=CODE).values_list("name", flat=True))
    assert names == [f"{x},{y}" for y in (2, 1, 0) for x in range(4)]
    assert Cell.objects.get(name="0,2").code == f"{CODE}001"
    assert "新增 0，修改 0，未变 12" in run_import("import_cells", grid_without_codes(), *options)


def test_new_cells_get_the_numbers_after_the_last_one_ever_used(run_import):
    options = ("--number", "--community", CODE)
    run_import("import_cells", grid_without_codes(), *options)
    end_cell(cell=Cell.objects.get(code=f"{CODE}012"), at=timezone.now())
    run_import("import_cells", collection(feature(square(9), name="新")), *options)
    assert Cell.objects.get(name="新").code == f"{CODE}013"


def test_a_community_has_no_more_than_999_cells(run_import):
    file = collection(
        *(feature(square(x, y, SIDE), name=f"{x},{y}") for x in range(40) for y in range(25))
    )
    said = run_import.refused("import_cells", file, "--number", "--community", CODE)
    assert "超过 999 个" in said


def ring(*points) -> dict:
    return {"type": "Polygon", "coordinates": [list(points)]}


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (None, "这里是 None"),
        ({"type": "Point", "coordinates": [119, 29]}, "这里是 Point"),
        ({"type": "Polygon", "coordinates": []}, "没有坐标"),
        ({"type": "Polygon", "coordinates": "x"}, "没有坐标"),
        ({"type": "MultiPolygon", "coordinates": [[]]}, "没有坐标"),
        (ring([119, 29], [119.1, 29]), "三个不同的点"),
        (ring([119, 29], [119.1, 29], [119, 29]), "三个不同的点"),
        (ring([119, 29], [119.1], [119, 29.1]), "两个数字"),
        (ring(["119", "29"], ["119.1", "29"], ["119", "29.1"]), "两个数字"),
        (ring([1e308 * 10, 29], [119.1, 29], [119, 29.1]), "JSON"),
        (ring([519000, 3210000], [519100, 3210000], [519100, 3210100]), "投影坐标"),
        (ring([29, 119], [29, 119.1], [29.1, 119.1]), "经度是否写在前面"),
        (ring([119, 29], [119.1, 29.1], [119.2, 29.2], [119, 29]), "围不出一平方米"),
        (ring([10, 10], [60, 10], [60, 60], [10, 60], [10, 10]), "范围太大"),
        (ring(*[[119 + n * 1e-6, 29] for n in range(20_001)]), "边界太复杂"),
    ],
)
def test_a_wrong_boundary_is_named_and_nothing_is_written(run_import, geometry, words):
    file = two()
    file["features"].append(feature(geometry, code=f"{CODE}003", name="三"))
    said = run_import.refused("import_cells", file)
    assert words in said
    assert count() == 0


def test_numbers_beyond_the_finite_are_refused(run_import):
    text = json.dumps(two()).replace("119.0,", "1e999,", 1)
    assert "无穷大" in run_import.refused("import_cells", text)
    text = json.dumps(two()).replace("119.0,", "NaN,", 1)
    assert "不是完整的 JSON" in run_import.refused("import_cells", text)


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"code": "123", "name": "三"}, "代码“123”不对"),
        ({"code": "990888001001003", "name": "三"}, "社区 990888001001 还没有导入"),
        ({"code": f"{CODE}003", "name": "三", "community": "990777001009"}, "不符"),
        ({"code": f"{CODE}001", "name": "三"}, "与第 1 个网格“一”重复"),
        ({"code": f"{CODE}003", "name": ""}, "名称要有"),
        ({"code": f"{CODE}003", "name": "三", "kind": "other"}, "kind 要写"),
        ({"code": f"{CODE}00901", "name": "三"}, f"所属网格 {CODE}009 不存在"),
    ],
)
def test_wrong_properties_are_named_with_the_number_of_the_feature(run_import, properties, words):
    file = two()
    file["features"].append(feature(square(5), **properties))
    said = run_import.refused("import_cells", file)
    assert "第 3 个网格" in said
    assert words in said
    assert count() == 0


def test_the_line_of_a_feature_is_the_line_on_which_it_begins(run_import):
    file = two()
    file["features"][1]["properties"]["code"] = "12"
    text = json.dumps(file, ensure_ascii=False, indent=1)
    lines = [n for n, line in enumerate(text.splitlines(), 1) if line == "  {"]
    assert f"第 {lines[1]} 行：第 2 个网格“二”" in run_import.refused("import_cells", text)


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        ("{", (), "不是完整的 JSON"),
        ("[" * 100_000, (), "嵌套太深"),
        ("[]", (), "FeatureCollection"),
        (collection(), (), "没有任何要素"),
        ({"type": "FeatureCollection", "features": [1]}, (), "不是 Feature"),
        (two(), ("--code-field", "dm"), "没有字段 dm。现有字段：code, name, kind"),
        (two(), ("--datum", "xian80"), "不认识坐标系“xian80”"),
        (two(), ("--number",), "编号要知道社区"),
        (two(), ("--number", "--code-field", "code"), "不能和 --code-field 一起用"),
        (two(), ("--number", "--community", "990888001001"), "还没有导入"),
        (grid_without_codes(), (), "--number --community"),
        (
            collection(
                feature(square(), code="1", name="一"),
                crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}},
            ),
            (),
            "EPSG:4326",
        ),
    ],
)
def test_a_file_of_the_wrong_kind_says_what_to_do(run_import, content, options, words):
    assert words in run_import.refused("import_cells", content, *options)
    assert count() == 0


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4490"])
def test_reference_systems_in_degrees_are_taken(run_import, name):
    file = two() | {"crs": {"type": "name", "properties": {"name": name}}}
    assert "新增 2" in run_import("import_cells", file)
