"""People say a compound and a building: which places do they mean?"""

import pytest

from grid.models import Area, Place
from grid.queries import find_places
from grid.services import AreaDraft, CellDraft, PlaceDraft, save_areas, save_cells, save_place
from grid.services import save_places as save
from grid.words import spell, spellings
from tests.grid.partition import START, make_community
from tests.grid.test_grid_import_cells import square

CODE = "990777001001"
OTHER = "990777002001"
CELL, OTHER_CELL = f"{CODE}001", f"{OTHER}001"
HEADER = "name,aliases,kind,lat,lng,cell_code"


@pytest.fixture
def cells(db):
    make_community(CODE)
    save_areas(
        drafts=[
            AreaDraft(OTHER[:9], "河西街道", "street", OTHER[:6]),
            AreaDraft(OTHER, "柳湾社区", "community", OTHER[:9]),
        ]
    )
    drafts = [CellDraft(CELL, "一", square(0)), CellDraft(OTHER_CELL, "二", square(1))]
    save_cells(drafts=drafts, now=START)


def place(name: str, kind: str = "compound", cell: str = CELL, **more) -> PlaceDraft:
    return PlaceDraft(name, kind, 29.005, 119.005, cell_code=cell, **more)


@pytest.fixture
def places(cells):
    save(
        drafts=[
            place("竹影花园", aliases=("竹影", "老机床厂宿舍")),
            place("3号楼", "building", compound="竹影花园"),
            place("13号楼", "building", compound="竹影花园"),
            place("竹影花园物业中心", "landmark"),
            place("松涛苑", cell=OTHER_CELL),
            place("3号楼", "building", cell=OTHER_CELL, compound="松涛苑"),
        ]
    )


def labels(words: str, **options) -> list[str]:
    return [found.label for found in find_places(words, **options)]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("竹影花园", "竹影花园"),
        ("竹影", "竹影花园"),
        ("老机床厂", "竹影花园"),
        ("竹影花园3号楼", "竹影花园3号楼"),
        ("竹影花园3号楼2单元", "竹影花园3号楼"),
        ("竹影花园 3栋 2单元 301室", "竹影花园3号楼"),
        ("竹影花园三幢二单元", "竹影花园3号楼"),
        ("竹影花园3#", "竹影花园3号楼"),
        ("竹影花园３号楼", "竹影花园3号楼"),
        ("竹影花园3-2-301", "竹影花园3号楼"),
        ("竹影3号楼", "竹影花园3号楼"),
        ("老机床厂宿舍3号楼门口", "竹影花园3号楼"),
        ("竹影花园99号楼", "竹影花园"),
        ("竹影花园南门垃圾桶", "竹影花园"),
        ("松涛苑一共有几栋", "松涛苑"),
    ],
)
@pytest.mark.usefixtures("places")
def test_words_find_the_building_or_else_the_compound(words, first):
    assert labels(words)[0] == first


@pytest.mark.usefixtures("places")
def test_building_3_is_not_building_13():
    assert labels("竹影花园3号楼") == ["竹影花园3号楼"]
    assert sorted(labels("3号楼2单元")) == ["松涛苑3号楼", "竹影花园3号楼"]


@pytest.mark.usefixtures("places")
def test_places_within_the_own_areas_come_first():
    for code in (CODE, CODE[:9]):
        own = list(Area.objects.filter(code=code))
        assert labels("3号楼", within=own) == ["竹影花园3号楼", "松涛苑3号楼"]
    other = list(Area.objects.filter(code=OTHER))
    assert labels("3号楼", within=other) == ["松涛苑3号楼", "竹影花园3号楼"]


@pytest.mark.parametrize("words", ["", "  ", "，。", "2单元", "不存在的地方", "%", "_", "\n"])
@pytest.mark.usefixtures("places")
def test_words_that_name_no_place_find_none(words):
    assert find_places(words) == []


@pytest.mark.usefixtures("places")
def test_several_candidates_come_in_one_query_and_up_to_the_limit(django_assert_num_queries):
    with django_assert_num_queries(1):
        found = find_places("竹影", limit=2)
        assert [(p.cell.community.name, p.cell.community.parent.name) for p in found] == [
            ("望河社区", "河东街道")
        ] * 2


def test_the_spelling_of_numbers_and_buildings():
    assert [spell(words) for words in ("十栋", "十二幢", "二十号楼", "三十五#", "五号")] == [
        "10号楼",
        "12号楼",
        "20号楼",
        "35号楼",
        "五号",
    ]
    assert spellings("A座 3 单元") == ["a座3单元", "a座"]


@pytest.mark.usefixtures("places")
def test_saving_places_again_changes_nothing_and_a_new_alias_reaches_the_buildings():
    drafts = [place("竹影花园", aliases=("竹影", "老机床厂宿舍"))]
    saved = save(drafts=drafts)
    assert (saved.created, saved.updated, saved.unchanged) == (0, 0, 1)
    saved = save(drafts=[place("竹影花园", aliases=("机床新村",))])
    assert (saved.created, saved.updated, saved.unchanged) == (0, 1, 0)
    assert labels("机床新村3号楼") == ["竹影花园3号楼"]


@pytest.mark.usefixtures("places")
def test_a_place_renamed_by_hand_is_found_by_its_new_name():
    found = Place.objects.get(name="松涛苑")
    found.name = "松涛雅苑"
    save_place(place=found)
    assert labels("松涛雅苑3号楼") == ["松涛雅苑3号楼"]


GOOD = [
    HEADER,
    f"竹影花园,竹影；机床厂宿舍,compound,29.005,119.005,{CELL}",
    "竹影花园3号楼,,楼栋,29.006,119.006,",
    "河边公厕,,landmark,29.5,119.5,",
]


@pytest.mark.usefixtures("cells")
def test_a_place_list_links_cells_and_compounds(run_import):
    said = run_import("import_places", GOOD)
    assert "新增 3" in said
    assert "第 4 行：地点不在任何网格里" in said
    building = Place.objects.get(kind="building", lat=29.006)
    assert (building.cell.code, building.parent.name) == (CELL, "竹影花园")
    assert building.label == "竹影花园3号楼"
    assert building.parent.alias_list() == ["竹影", "机床厂宿舍"]
    assert "新增 0，修改 0，未变 3" in run_import("import_places", GOOD)


@pytest.mark.usefixtures("cells")
def test_a_parent_column_names_the_compound(run_import):
    file = [f"{HEADER},parent", *(f"{line}," for line in GOOD[1:])]
    file.append(f"5号楼,,building,29.005,119.005,{CELL},竹影花园")
    run_import("import_places", file)
    assert labels("竹影花园五号楼") == ["竹影花园5号楼"]
    file[-1] = f"5号楼,,building,29.005,119.005,{CELL},梅园"
    assert "没有小区“梅园”" in run_import.refused("import_places", file)


@pytest.mark.usefixtures("cells")
def test_places_of_a_map_service_are_moved(run_import):
    run_import("import_places", [HEADER, GOOD[1]], "--datum", "gcj02")
    lat, lng = Place.objects.filter(name="竹影花园").values_list("lat", "lng").get()
    assert 200 < abs(lat - 29.005) * 111_195 < 400
    assert lng < 119.005


@pytest.mark.usefixtures("cells")
def test_a_dry_run_of_places_writes_nothing(run_import):
    before = Place.objects.count()
    assert "新增 3" in run_import("import_places", GOOD, "--dry-run")
    assert Place.objects.count() == before


@pytest.mark.usefixtures("cells")
def test_a_place_far_from_its_cell_is_a_warning(run_import):
    said = run_import("import_places", [HEADER, f"竹影花园,,compound,29.02,119.005,{CELL}"])
    assert "有 1112 米，请核对" in said


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f",,compound,29,119,{CELL}", "名称要有"),
        (f"某地,,house,29,119,{CELL}", "类型“house”不认识"),
        (f"某地,,compound,二十九,119,{CELL}", "要是两个数字"),
        (f"某地,,compound,nan,119,{CELL}", "要是两个数字"),
        (f"某地,,compound,119,29,{CELL}", "有没有写反"),
        ("某地,,compound,29,119,990777001001999", "不存在"),
        (f"竹影花园,,compound,29,119,{CELL}", "与第 2 行是同一个地点"),
    ],
)
@pytest.mark.usefixtures("cells")
def test_a_wrong_place_is_named_and_nothing_is_written(run_import, line, words):
    before = Place.objects.count()
    said = run_import.refused("import_places", [*GOOD, line])
    assert "错误 第 5 行" in said
    assert words in said
    assert Place.objects.count() == before
