"""Categories, conditions and limits from a folder: complete, repeatable, all-or-nothing."""

import shutil

import pytest
from django.core.management import CommandError, call_command

from matters.importing import BadMatters, read_folder
from matters.management.commands.import_matters import DATA
from matters.models import Category, CategoryCondition, Condition, StageLimit
from matters.queries import UnknownMatter, leaves, matter, stage_limit
from matters.services import save_matters


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(DATA, tmp_path / "data")


def edit(folder, name, old, new):
    path = folder / name
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def test_every_leaf_has_conditions_and_a_class(world):
    found = list(leaves())
    assert len(found) == 258
    assert all(leaf.parent and leaf.allowed.all() for leaf in found)


def test_a_second_run_changes_nothing(world, capsys):
    call_command("import_matters")
    assert "新建 0，修改 0，停用 0" in capsys.readouterr().out


def test_the_first_condition_listed_for_a_leaf_is_its_default(world):
    # S0501 allows condition 3 of T-CLEAN alone; C0101 has the template's own default.
    assert matter(category="S0501").condition.code == "T-CLEAN-3"
    assert matter(category="C0101").condition.code == "T-COVER-1"


def test_a_condition_that_runs_continuously_is_critical(world):
    assert matter(category="C0101").condition.critical
    assert not matter(category="C0101", condition="T-COVER-2").condition.critical


@pytest.mark.parametrize(
    ("category", "condition", "field"),
    [("X1", "", "category"), ("C01", "", "category"), ("C0101", "T-LAMP-1", "condition")],
)
def test_an_unknown_matter_says_which_part_is_unknown(world, category, condition, field):
    with pytest.raises(UnknownMatter) as unknown:
        matter(category=category, condition=condition)
    assert unknown.value.field == field


def test_a_matter_takes_one_query(world, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert matter(category="C0101").category.code == "C0101"


def test_a_leaf_that_the_files_drop_is_switched_off_not_deleted(world, folder):
    lines = (folder / "categories.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("C0101,")]
    (folder / "categories.csv").write_text("".join(kept), encoding="utf-8")
    assert save_matters(matters=read_folder(folder)).switched_off == 1
    assert not Category.objects.get(code="C0101").active


def test_a_photo_reason_set_by_an_admin_survives_an_import(world, folder):
    Category.objects.filter(code="C0101").update(photo_reason_zh="要看清井盖编号")
    save_matters(matters=read_folder(folder))
    assert Category.objects.get(code="C0101").photo_reason_zh == "要看清井盖编号"


def test_a_changed_limit_is_saved(world, folder):
    edit(folder, "sla_templates.csv", "continuous,2,1", "continuous,3,1")
    assert save_matters(matters=read_folder(folder)).changed == 1
    assert Condition.objects.get(code="T-COVER-1").minutes == 180


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("categories.csv", "code,level", "kode,level", "缺少列"),
        ("categories.csv", "T-COVER", "T-NONE", "找不到时限模板"),
        ("categories.csv", "C0102,2", "C0101,2", "重复"),
        ("categories.csv", "component", "thing", "kind"),
        ("categories.csv", "C01,1", "C99,1", "找不到大类"),
        ("sla_templates.csv", "continuous,2,1", "continuous,-2,1", "hours"),
        ("sla_templates.csv", "continuous,2,1", "sometimes,2,1", "clock"),
        ("sla_templates.csv", "continuous,2,1", "continuous,2,0", "默认"),
        ("stage_limits.csv", "accept,continuous", "arrive,continuous", "环节"),
    ],
)
def test_a_wrong_file_changes_nothing_and_says_what_to_do(world, folder, name, old, new, words):
    edit(folder, name, old, new)
    before = sorted(CategoryCondition.objects.values_list("pk", flat=True))
    with pytest.raises(CommandError, match=words):
        call_command("import_matters", str(folder))
    assert sorted(CategoryCondition.objects.values_list("pk", flat=True)) == before


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadMatters, match=r"categories\.csv"):
        read_folder(tmp_path)


def test_a_dry_run_writes_nothing(world, folder):
    edit(folder, "sla_templates.csv", "continuous,2,1", "continuous,3,1")
    call_command("import_matters", str(folder), dry_run=True)
    assert Condition.objects.get(code="T-COVER-1").minutes == 120


def test_stages_have_limits_even_before_any_import(world):
    assert stage_limit("check").minutes == 480
    StageLimit.objects.all().delete()
    assert (stage_limit("accept").clock, stage_limit("accept").minutes) == ("continuous", 15)
