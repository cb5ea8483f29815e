"""The import commands: good files, dry runs, second runs, and every error by its line."""

from datetime import datetime
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from grid.services import end_cell
from partyorgs.importing import instant_of
from partyorgs.models import CellOwnership, Organization, Post, Responsibility
from partyorgs.queries import owner_of
from tests.world import (
    A1,
    A2,
    B1,
    C1,
    COMMUNITY_1,
    DISTRICT,
    NOW,
    RUBBISH,
    STREET_1,
    UNLISTED,
)

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


def rows():
    return [
        list(model.objects.order_by("pk").values_list())
        for model in (Organization, CellOwnership, Responsibility, Post, User)
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=SHANGHAI)),
        ("2026/1/3", datetime(2026, 1, 3, tzinfo=SHANGHAI)),
        ("2026-01-31 09:30", datetime(2026, 1, 31, 9, 30, tzinfo=SHANGHAI)),
        ("2026-01-31T09:30:00+00:00", datetime(2026, 1, 31, 17, 30, tzinfo=SHANGHAI)),
        ("2026-02-30", None),
        ("31.01.2026", None),
        ("", None),
        ("2026-01-31 noon", None),
    ],
)
def test_dates_are_read_in_local_time(words, expected):
    assert instant_of(words) == expected


# Owners.


def test_owners_go_in_and_unknown_branches_are_made(import_owners, world):
    assert import_owners(
        [
            f"{A1},B-1,青禾第一支部,2026-03-01",
            f"{A2},B-1,青禾第一支部,2026-03-01",
            f"{B1},B-2,青禾第二支部,2026/3/1 08:00",
        ]
    ), import_owners.failure
    assert "新增 0，修改 3，未变 0" in import_owners.out
    assert "新建 2 个党支部" in import_owners.err
    made = Organization.objects.get(code="B-1")
    assert (made.kind, made.area.code) == ("branch", COMMUNITY_1)
    assert owner_of(cell=world.cells[A1], at=NOW) == made
    ownership = CellOwnership.objects.get(cell__code=B1, valid_until=None)
    assert ownership.valid_from == datetime(2026, 3, 1, 8, tzinfo=SHANGHAI)


def test_a_second_run_changes_nothing_and_neither_does_an_older_file(import_owners):
    old, new = [f"{A1},B-1,甲支部,2026-03-01"], [f"{A1},B-2,乙支部,2026-04-01"]
    assert import_owners(old)
    assert import_owners(new)
    before = rows()
    for file in (new, old):
        assert import_owners(file)
        assert "新增 0，修改 0，未变 1" in import_owners.out
    assert rows() == before


def test_a_dry_run_reports_the_same_and_writes_nothing(import_owners):
    before = rows()
    assert import_owners([f"{A1},B-1,甲支部,2026-03-01"], dry_run=True)
    assert "新增 0，修改 1，未变 0" in import_owners.out
    assert "试运行" in import_owners.out
    assert rows() == before


def test_cells_that_still_lack_an_owner_are_said(import_owners):
    CellOwnership.objects.filter(cell__code__in=[B1, C1]).delete()
    assert import_owners([f"{B1},branch-b,,2026-03-01"])
    assert "新增 1" in import_owners.out
    assert "还有 1 个网格没有归属" in import_owners.err


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("990101001001999,B-1,甲支部,2026-03-01", "找不到 cell_code“990101001001999”"),
        ("9.90101E+14,B-1,甲支部,2026-03-01", "把这一列设为文本"),
        (",B-1,甲支部,2026-03-01", "cell_code 不能空"),
        (f"{A1},B-1,甲支部,", "from 不能空"),
        (f"{A1},B-1,甲支部,三月", "“三月”不是日期"),
        (f"{A1},B-1,甲支部,2062-03-01", "核对年份"),
        (f"{A1},B 1,甲支部,2026-03-01", "代码只用字母"),
        (f"{A1},,甲支部,2026-03-01", "代码"),
        (f"{A1},B-1,,2026-03-01", "名称"),
        (f"{A1},B-9,另一个名字,2026-03-01", "有两个名称"),
        (f"{A1},clean,,2026-03-01", "不是党组织"),
        (f"{A1},branch-b,,2024-03-01", "移交时间要晚于这一刻"),
    ],
)
def test_a_wrong_line_is_named_and_keeps_the_file_out(import_owners, line, reason):
    before = rows()
    assert not import_owners([f"{A2},B-9,好支部,2026-03-01", line])
    said = [text for text in import_owners.err.splitlines() if "第 3 行" in text]
    assert any(reason in text for text in said), import_owners.err
    assert "没有写入任何数据" in import_owners.failure
    assert rows() == before


def test_all_wrong_lines_are_reported_together(import_owners):
    assert not import_owners([f"{A1},clean,,2026-03-01", f"{A2},B-1,甲支部,x", "1,B-1,甲支部,x"])
    assert "共 4 处错误" in import_owners.failure


def test_an_ended_cell_gets_no_owner(import_owners, world):
    end_cell(cell=world.cells[C1], at=NOW)
    assert not import_owners([f"{C1},branch-b,,2026-03-11"])
    assert "请移交接替它的网格" in import_owners.err


def test_a_known_branch_keeps_its_name_and_the_file_is_warned(import_owners):
    assert import_owners([f"{A1},branch-b,别的名字,2026-03-01"])
    assert "名称没有改" in import_owners.err
    assert Organization.objects.get(code="branch-b").name == "稻香第一网格党支部"


# Responsibilities.


def test_a_list_goes_in_with_units_and_supervisors_from_the_same_file(import_responsibilities):
    assert import_responsibilities(
        [
            f"{UNLISTED},{DISTRICT},district,U-1,市容队,U-2,市容条例第五条",
            f"{RUBBISH},{STREET_1},街道,U-2,城管局,,",
        ]
    ), import_responsibilities.err
    assert "新增 2，修改 0，未变 0" in import_responsibilities.out
    item = Responsibility.objects.get(category__code=UNLISTED)
    assert (item.doer.code, item.supervisor.code, item.basis) == ("U-1", "U-2", "市容条例第五条")
    assert (item.doer.kind, item.doer.area.code) == ("department", DISTRICT)
    assert Responsibility.objects.get(doer__code="U-2").level == "street"
    assert "个小类没有责任单位" in import_responsibilities.err


def test_the_list_twice_changes_nothing(import_responsibilities):
    lines = [f"{UNLISTED},{DISTRICT},district,U-1,市容队,clean,条例"]
    assert import_responsibilities(lines)
    before = rows()
    assert import_responsibilities(lines)
    assert "新增 0，修改 0，未变 1" in import_responsibilities.out
    assert rows() == before


def test_another_doer_closes_the_item_and_opens_the_next(import_responsibilities):
    assert import_responsibilities([f"{RUBBISH},{DISTRICT},district,roads,,,权责清单"])
    assert "新增 0，修改 1，未变 0" in import_responsibilities.out
    first, second = Responsibility.objects.filter(category__code=RUBBISH)
    assert first.valid_until == second.valid_from
    assert (timezone.now() - second.valid_from).total_seconds() < 60


def test_kind_and_date_may_be_given(import_responsibilities):
    columns = "category_code,area_code,level,unit_code,unit_name,supervisor_code,basis,"
    line = f"{UNLISTED},{COMMUNITY_1},community,W-1,安居物业,home-1,,property_firm,2026-01-01"
    assert import_responsibilities([line], columns=columns + "unit_kind,from")
    item = Responsibility.objects.get(doer__code="W-1")
    assert (item.doer.kind, item.doer.area.code) == ("property_firm", COMMUNITY_1)
    assert item.valid_from == datetime(2026, 1, 1, tzinfo=SHANGHAI)
    line = line.replace("property_firm", "公用企业")
    assert not import_responsibilities([line], columns=columns + "unit_kind,from")
    assert "类型是“物业服务企业”" in import_responsibilities.err
    line = line.replace("公用企业", "公司")
    assert not import_responsibilities([line], columns=columns + "unit_kind,from")
    assert "unit_kind“公司”不认识" in import_responsibilities.err


LISTED = "category_code,area_code,level,unit_code,unit_name,supervisor_code,basis"


@pytest.mark.parametrize(
    ("word", "direct"),
    [("是", True), ("1", True), ("TRUE", True), ("yes", True),
     ("否", False), ("0", False), ("false", False), ("no", False), ("", False)],
)  # fmt: skip
def test_whether_a_district_matter_goes_straight_to_its_unit(import_responsibilities, word, direct):
    line = f"{UNLISTED},{DISTRICT},district,clean,,,条例,{word}"
    assert import_responsibilities([line], columns=LISTED + ",direct")
    assert Responsibility.objects.get(category__code=UNLISTED).direct is direct


def test_a_word_that_is_neither_yes_nor_no_is_named(import_responsibilities):
    line = f"{UNLISTED},{DISTRICT},district,clean,,,条例,也许"
    assert not import_responsibilities([line], columns=LISTED + ",direct")
    assert "direct 的“也许”看不懂" in import_responsibilities.err
    assert not Responsibility.objects.filter(category__code=UNLISTED).exists()


def test_without_the_column_what_was_said_stays(import_responsibilities):
    assert import_responsibilities([f"{RUBBISH},{DISTRICT},district,roads,,,权责清单"])
    assert Responsibility.objects.get(doer__code="roads", category__code=RUBBISH).direct
    columns, line = LISTED + ",direct", f"{RUBBISH},{DISTRICT},district,roads,,,权责清单,"
    assert import_responsibilities([line], columns=columns)
    assert "新增 0，修改 0，未变 1" in import_responsibilities.out
    assert import_responsibilities([line + "否"], columns=columns)
    assert "新增 0，修改 1，未变 0" in import_responsibilities.out
    running = Responsibility.objects.get(category__code=RUBBISH, valid_until=None)
    assert (running.doer.code, running.direct) == ("roads", False)


def test_a_dry_run_of_the_list_writes_nothing(import_responsibilities):
    before = rows()
    assert import_responsibilities([f"{UNLISTED},{DISTRICT},区,U-1,市容队,,"], dry_run=True)
    assert rows() == before


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"X9999,{DISTRICT},district,U-1,市容队,,", "找不到 category_code“X9999”"),
        (f"E01,{DISTRICT},district,U-1,市容队,,", "是大类"),
        (f"{UNLISTED},999999,district,U-1,市容队,,", "找不到 area_code"),
        (f"{UNLISTED},{DISTRICT},town,U-1,市容队,,", "层级“town”不认识"),
        (f"{UNLISTED},{DISTRICT},district,,市容队,,", "代码"),
        (f"{UNLISTED},{DISTRICT},district,U-1,,,", "名称"),
        (f"{UNLISTED},{DISTRICT},district,U-9,另一个,,", "有两个名称"),
        (f"{UNLISTED},{DISTRICT},district,U-1,市容队,U-7,", "督促单位“U-7”不在文件"),
        (f"{UNLISTED},{DISTRICT},district,U-1,市容队,U-1,", "不能督促自己"),
        (f"{RUBBISH},{STREET_1},street,U-1,市容队,,", "与第 2 行是同一事项"),
        (f"{UNLISTED},{DISTRICT},district,U-1,市容队,,{'法' * 201}", "最多 200 个字"),
    ],
)
def test_a_wrong_item_is_named_and_keeps_the_list_out(import_responsibilities, line, reason):
    before = rows()
    assert not import_responsibilities([f"{RUBBISH},{STREET_1},street,U-9,好单位,,", line])
    said = [text for text in import_responsibilities.err.splitlines() if "第 3 行" in text]
    assert any(reason in text for text in said), import_responsibilities.err
    assert rows() == before


# Posts.


def test_posts_go_in_and_unknown_people_get_accounts_without_a_password(import_posts, world):
    assert import_posts(
        [
            f"li.na,李娜,grid_worker,,{A1},,2026-03-01,",
            "li.na,李娜,单位值守员,clean,,,2026-03-01,2026-12-31 18:00",
            f"worker,,auditor,,,{DISTRICT},2026-03-01,",
        ]
    ), import_posts.err
    assert "新增 3，修改 0，未变 0" in import_posts.out
    assert "新建 1 个账号，都没有密码" in import_posts.err
    assert "changepassword" in import_posts.err
    user = User.objects.get(username="li.na")
    assert not user.has_usable_password()
    assert (user.name, user.is_staff) == ("李娜", False)
    desk = Post.objects.get(user=user, role="unit_desk")
    assert desk.valid_until == datetime(2026, 12, 31, 18, tzinfo=SHANGHAI)
    assert world.scope("li.na").reach("cells") == {world.cells[A1].pk}


def test_posts_twice_change_nothing_and_an_end_written_later_counts(import_posts):
    line = f"li.na,李娜,grid_worker,,{A1},,2026-03-01,"
    assert import_posts([line])
    before = rows()
    assert import_posts([line])
    assert "新增 0，修改 0，未变 1" in import_posts.out
    assert rows() == before
    assert import_posts([line + "2099-04-01"])
    assert "修改 1" in import_posts.out
    assert import_posts([line])
    assert Post.objects.get(user__username="li.na").valid_until.year == 2099


def test_an_old_file_does_not_revive_an_ended_post(import_posts):
    line = f"li.na,李娜,grid_worker,,{A1},,2026-03-01,"
    assert import_posts([line + "2026-03-05"])
    assert import_posts([line])
    assert "未变 1" in import_posts.out
    assert not import_posts([line + "2099-01-01"])
    assert "请写新的开始时间" in import_posts.err


def test_a_dry_run_of_posts_makes_no_account(import_posts):
    before = rows()
    assert import_posts([f"li.na,李娜,grid_worker,,{A1},,2026-03-01,"], dry_run=True)
    assert "新建 1 个账号" in import_posts.err
    assert rows() == before


def test_a_street_leader_may_bring_a_field_of_duty(import_posts):
    columns = "username,name,role,organization_code,cell_code,area_code,from,until,duty_field"
    line = f"he.qing,何青,street_leader,,,{STREET_1},2026-03-01,,城市管理"
    assert import_posts([line], columns=columns), import_posts.err
    assert Post.objects.get(user__username="he.qing").duty_field == "城市管理"


def test_another_name_and_a_closed_account_are_warnings(import_posts):
    User.objects.filter(username="nobody").update(is_active=False)
    assert import_posts([f"nobody,赵六,grid_worker,,{A1},,2026-03-01,"])
    assert "姓名没有改" in import_posts.err
    assert "已停用" in import_posts.err
    assert User.objects.get(username="nobody").name == "nobody"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f",李娜,grid_worker,,{A1},,2026-03-01,", "username 不能用"),
        (f"li na,李娜,grid_worker,,{A1},,2026-03-01,", "username 不能用"),
        (f"good,李娜,grid_worker,,{A1},,2026-03-01,", "有两个姓名"),
        (f"li.na,李娜,boss,,{A1},,2026-03-01,", "岗位“boss”不认识"),
        ("li.na,李娜,grid_worker,,,,2026-03-01,", "三列要且只能填一列"),
        (f"li.na,李娜,grid_worker,clean,{A1},,2026-03-01,", "三列要且只能填一列"),
        ("li.na,李娜,unit_desk,nowhere,,,2026-03-01,", "找不到 organization_code“nowhere”"),
        ("li.na,李娜,grid_worker,,1,,2026-03-01,", "找不到 cell_code“1”"),
        ("li.na,李娜,auditor,,,99,2026-03-01,", "找不到 area_code“99”"),
        ("li.na,李娜,grid_worker,clean,,,2026-03-01,", "要设在一个网格"),
        (f"li.na,李娜,grid_worker,,{A1},,,", "from 不能空"),
        (f"li.na,李娜,grid_worker,,{A1},,2026-03-01,soon", "until 的“soon”不是日期"),
        (f"li.na,李娜,grid_worker,,{A1},,2026-03-01,2026-02-01", "结束时间要晚于开始时间"),
        (f"good,好人,grid_worker,,{A1},,2026-03-02,", "2026-03-01 起已任这个岗位"),
        (f"worker,,grid_worker,,{A1},,2026-03-01,", "2025-01-01 起已任这个岗位"),
    ],
)
def test_a_wrong_post_is_named_and_keeps_the_file_out(import_posts, line, reason):
    before = rows()
    assert not import_posts([f"good,好人,grid_worker,,{A1},,2026-03-01,", line])
    said = [text for text in import_posts.err.splitlines() if "第 3 行" in text]
    assert any(reason in text for text in said), import_posts.err
    assert rows() == before


def test_a_file_without_the_columns_says_which(import_posts, tmp_path):
    assert not import_posts(["a,b"], columns="username,name")
    assert "缺少：role" in import_posts.failure


def test_a_file_that_is_not_there_is_said(world):
    with pytest.raises(Exception, match="读不了文件"):
        call_command("import_owners", "/nowhere.csv", stdout=StringIO(), stderr=StringIO())
