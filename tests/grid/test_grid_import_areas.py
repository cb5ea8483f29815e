"""import_areas: a good file, a second time, and every way to be wrong."""

import pytest

from grid.models import Area

HEADER = "code,name,level,parent_code"
GOOD = [
    HEADER,
    "990777,河谷区,district,",
    "990777001,河东街道,street,990777",
    "990777001001,望河社区,community,990777001",
    "990777001002,柳湾社区,community,990777001",
]


def count() -> int:
    return Area.objects.filter(code__startswith="990777").count()


def test_a_good_file_makes_the_tree(run_import):
    assert "新增 4，修改 0，未变 0" in run_import("import_areas", GOOD)
    community = Area.objects.get(code="990777001002")
    assert (community.name, community.parent.name, community.parent.parent.name) == (
        "柳湾社区",
        "河东街道",
        "河谷区",
    )


def test_children_may_stand_before_their_parents(run_import):
    run_import("import_areas", [HEADER, *reversed(GOOD[1:])])
    assert count() == 4


def test_a_dry_run_counts_and_writes_nothing(run_import):
    said = run_import("import_areas", GOOD, "--dry-run")
    assert "新增 4" in said
    assert "试运行" in said
    assert count() == 0


def test_a_second_run_changes_nothing_and_a_new_name_changes_one(run_import):
    run_import("import_areas", GOOD)
    assert "新增 0，修改 0，未变 4" in run_import("import_areas", GOOD)
    renamed = [*GOOD[:-1], "990777001002,柳湾新村社区,community,990777001"]
    assert "新增 0，修改 1，未变 3" in run_import("import_areas", renamed)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_office_encodings_are_read_and_gb18030_is_noted(run_import, encoding):
    said = run_import("import_areas", "\r\n".join(GOOD).encode(encoding))
    assert Area.objects.get(code="990777").name == "河谷区"
    assert ("已按 GB18030 读取" in said) == (encoding == "gb18030")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("99077,河谷区,district,", "要 6 位数字"),
        ("99077x,河谷区,district,", "要 6 位数字"),
        ("９９０７７７,河谷区,district,", "要 6 位数字"),
        ("990778,河谷区,county,", "层级“county”不认识"),
        ("990778,,district,", "名称要有"),
        ("990778,河谷区,district,99", "区县没有上级"),
        ("990777002,河西街道,street,990778", "应为 990777"),
        ("990777002,河西街道,street,", "应为 990777"),
        ("990777003001,柳园社区,community,990777003", "请先导入它"),
        ("990777001002,又一个,community,990777001", "与第 5 行重复"),
        ("990777002,河西街道,street,990777,多一列", "有 5 个值，但只有 4 列"),
        ("990777002,河\x07西街道,street,990777", "控制字符"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_written(run_import, line, words):
    said = run_import.refused("import_areas", [*GOOD, line])
    assert "错误 第 6 行：" in said
    assert words in said
    assert count() == 0


def test_all_wrong_lines_are_reported_at_once(run_import):
    said = run_import.refused("import_areas", [*GOOD, "1,a,district,", "2,b,district,"])
    assert "第 6 行" in said
    assert "第 7 行" in said
    assert "共 2 处错误" in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "现有的列：（空）"),
        ("代码,名称,level,parent_code\n", "缺少：code, name。现有的列：代码, 名称"),
        (HEADER, "没有数据"),
        ("code,code,name,level,parent_code\n1,1,a,district,", "列名重复：code"),
        (b"PK\x03\x04rest", "电子表格文件"),
        ("\n".join(GOOD).encode("utf-16"), "编码既不是 UTF-8"),
        (b"code,name,level,parent_code\n990777,\xff\xff\xff,district,\n", "编码既不是 UTF-8"),
        (f'{HEADER}\n990777,"河谷,district,\n', "引号"),
    ],
)
def test_a_file_of_the_wrong_kind_says_what_to_do(run_import, content, words):
    assert words in run_import.refused("import_areas", content)
    assert count() == 0


def test_a_missing_file_is_named(run_import, tmp_path):
    run_import.file = lambda _content: str(tmp_path / "absent.csv")
    assert "absent.csv" in run_import.refused("import_areas", "")
