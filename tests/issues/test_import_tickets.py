"""import_tickets: a hotline's open tickets, all or nothing, and never who called."""

from dataclasses import dataclass
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from grid.services import PlaceDraft, save_places
from issues.models import Issue
from tests import world as w

pytestmark = pytest.mark.django_db
COLUMNS = "工单编号,事项代码,问题分类,主要内容,位置,经度,纬度,来电时间,办结时间"
LAT, LNG = w.IN_A1
AT = f"{LNG},{LAT}"


@pytest.fixture
def load(tmp_path, world):
    save_places(
        drafts=[
            PlaceDraft("禾苗小区", "compound", LAT, LNG, aliases=("禾苗苑",)),
            PlaceDraft("青禾桥", "landmark", LAT, LNG),
            PlaceDraft("青禾桥头市场", "landmark", LAT, LNG),
            PlaceDraft("柳岸东市场", "landmark", *w.IN_C1),
        ]
    )
    return importer(tmp_path)


@dataclass
class Done:
    """What the command wrote and why it failed."""

    out: str = ""
    err: str = ""
    failure: str = ""


def importer(tmp_path, columns=COLUMNS):
    path = tmp_path / "tickets.csv"

    def run(lines, **options):
        path.write_text("\n".join([columns, *lines]), encoding="utf-8")
        out, err, failure = StringIO(), StringIO(), ""
        given = {"username": "street"} | options
        try:
            call_command("import_tickets", str(path), stdout=out, stderr=err, **given)
        except CommandError as error:
            failure = str(error)
        return Done(out.getvalue(), err.getvalue(), failure)

    return run


def test_tickets_go_in_and_wait_at_the_desk(load):
    done = load(
        [
            f"HL-1,{w.RUBBISH},,垃圾没人清,,{AT},2026-03-09 08:12,",
            "HL-2,,市容环境/环境卫生/暴露垃圾,楼道堆物,禾苗苑,,,,",
            f"HL-3,,说不清的事,路灯坏了,,{AT},,",
        ]
    )
    assert "新增 3，修改 0，未变 0" in done.out, done.err
    first, second, third = Issue.objects.order_by("external_number")
    assert {one.source for one in (first, second, third)} == {"hotline"}
    assert {one.state for one in (first, second, third)} == {"reported"}
    assert (first.external_number, first.category.code) == ("HL-1", w.RUBBISH)
    assert first.description == "垃圾没人清\n来电时间：2026-03-09 08:12"
    assert second.category.code == w.RUBBISH
    assert (second.place.name, second.cell.code) == ("禾苗小区", w.A1)
    assert third.category is None
    assert "没有“说不清的事”这个小类" in done.err
    assert first.reporter.username == "street"


def test_the_same_file_again_changes_nothing(load):
    lines = [f"HL-1,,,垃圾,,{AT},,", f"HL-2,,,垃圾,,{AT},,"]
    load(lines)
    assert "新增 1，修改 0，未变 2" in load([*lines, f"HL-3,,,垃圾,,{AT},,"]).out
    assert Issue.objects.count() == 3


def test_a_ticket_that_was_refused_comes_again(load, world):
    load([f"HL-1,,,垃圾,,{AT},,"])
    world.do("street", "reject", Issue.objects.get(), at=timezone.now(), reason="not_a_matter")
    assert "新增 1" in load([f"HL-1,,,垃圾,,{AT},,"]).out


def test_a_dry_run_writes_nothing(load):
    assert "新增 1" in load([f"HL-1,,,垃圾,,{AT},,"], dry_run=True).out
    assert not Issue.objects.exists()


def test_what_is_done_is_left_out_and_noted(load):
    done = load([f"HL-1,,,垃圾,,{AT},,2026-03-09", f"HL-2,,,垃圾,,{AT},,"])
    assert "1 张工单已办结" in done.err
    assert Issue.objects.get().external_number == "HL-2"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f",,,垃圾,,{AT},,", "工单编号 不能空"),
        (f"HL-0,,,垃圾,,{AT},,", "与第 2 行是同一张工单"),
        (f"{'9' * 41},,,垃圾,,{AT},,", "最多 40 个字"),
        (f"HL-1,,,,,{AT},,", "主要内容 不能空"),
        (f"HL-1,,,身份证 11010519491231002X,,{AT},,", "身份证号码"),
        ("HL-1,,,垃圾,住户 11010519491231002X 家,,,,", "身份证号码"),
        (f"HL-1,X9999,,垃圾,,{AT},,", "找不到 事项代码“X9999”"),
        ("HL-1,,,垃圾,,,,,", "请写位置"),
        ("HL-1,,,垃圾,月亮上,,,,", "没有找到“月亮上”"),
        ("HL-1,,,垃圾,市场,,,,", "“市场”有几处"),
        ("HL-1,,,垃圾,,东经,30,,", "经度、纬度要写成"),
        ("HL-1,,,垃圾,,121,,,", "两个都要写"),
        (f"HL-1,,,垃圾,,{AT},昨天,", "来电时间 的“昨天”不是日期"),
        (f"HL-1,,,垃圾,,{AT},2999-01-01,", "不能晚于现在"),
        (f"HL-1,,,{'长' * 2001},,{AT},,", "最多 2000 个字"),
        ("HL-1,,,垃圾,,121,91,,", "坐标不对"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_written(load, line, said):
    done = load([f"HL-0,,,垃圾,,{AT},,", line])
    assert said in done.err + done.failure
    assert "第 3 行" in done.err + done.failure
    assert "没有写入任何数据" in done.failure
    assert not Issue.objects.exists()


def test_a_place_is_taken_by_its_own_name_before_those_that_begin_so(load):
    load(["HL-1,,,垃圾,青禾桥,,,,"])
    assert Issue.objects.get().place.name == "青禾桥"


@pytest.mark.parametrize("column", ["来电人", "来电人电话", "回访电话", "姓名", "身份证号", "手机"])
def test_who_called_is_never_read(world, tmp_path, column):
    load = importer(tmp_path, f"工单编号,主要内容,经度,纬度,{column}")
    done = load([f"HL-1,垃圾,{AT},王秀英"])
    assert f"文件里有“{column}”列" in done.failure
    assert "王秀英" not in done.failure + done.err + done.out
    assert not Issue.objects.exists()


def test_phone_numbers_in_the_text_stay_outside(load):
    done = load([f"HL-1,,,垃圾没人清，请回电 13912340987 谢谢,,{AT},,"])
    assert "电话号码没有导入" in done.err
    assert "139" not in Issue.objects.get().description


def test_nor_do_those_beside_the_place_come_in(load):
    done = load([f"HL-1,,,垃圾,青禾路 8 号 13912340987,{AT},,"])
    assert "位置里的电话号码没有导入" in done.err
    assert Issue.objects.get().place_text == "青禾路 8 号"
    assert "新增 1" in load(["HL-2,,,垃圾,青禾桥 13912340987,,,,"]).out


def test_what_is_refused_of_a_place_is_not_said_again(load):
    done = load(["HL-1,,,垃圾,住户 11010519491231002X 家,,,,"])
    said = done.err + done.failure
    assert "身份证号码" in said
    assert "11010519491231002X" not in said


def test_columns_may_have_plain_names_and_must_be_there(world, tmp_path):
    load = importer(tmp_path, "Number,description,lng,lat")
    assert "新增 1" in load([f"HL-1,垃圾,{AT}"]).out
    load = importer(tmp_path, "工单编号,经度,纬度")
    assert "缺少：主要内容" in load([f"HL-2,{AT}"]).failure


@pytest.mark.parametrize("name", ["worker", "unit", "branch", "admin", "auditor", "nobody", "nemo"])
def test_only_a_desk_imports(load, name):
    assert "没有值守台岗位" in load([f"HL-1,,,垃圾,,{AT},,"], username=name).failure
    assert not Issue.objects.exists()


def test_tickets_of_a_former_system_are_imports_and_need_no_call_back(load):
    load([f"OLD-1,,,垃圾,,{AT},,"], source="import", username="district")
    assert Issue.objects.get().source == "import"


def test_coordinates_may_be_shifted(load):
    load([f"HL-1,,,垃圾,,{AT},,"], datum="gcj02")
    issue = Issue.objects.get()
    assert (issue.datum, issue.lat != LAT) == ("gcj02", True)


def test_a_leaf_that_asks_for_a_photo_asks_nobody_who_only_heard_of_it(load, world):
    issue = world.report()
    issue.category.photo_reason_zh = "要一张照片"
    issue.category.save()
    assert "新增 1" in load([f"HL-1,{w.RUBBISH},,垃圾,,{AT},,"]).out
