from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from worktime import dayfile, importing, queries, services
from worktime.arithmetic import CalendarDay
from worktime.models import Calendar, Change

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, 9, tzinfo=SHANGHAI)
YEAR_END = datetime(2026, 12, 25, 9, tzinfo=SHANGHAI)
NOTICE_2027 = (Path(__file__).parent / "data" / "notice_2027_invented.txt").read_text("utf-8")
TABLE = "date,kind,name\n2027-01-01,holiday,元旦\n2027-01-03,makeup,元旦\n"


@pytest.fixture
def whole():
    return Calendar.objects.get(code="default")


@pytest.fixture
def said(capsys):
    def say(*words):
        call_command(*words)
        return capsys.readouterr().out

    return say


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "假期.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode(),
        TABLE.encode("utf-8-sig"),
        TABLE.encode("gb18030"),
        TABLE.replace("\n", "\r\n").encode(),
        TABLE.replace(",", "\t").encode(),
        "日期,类型,名称\n2027年1月1日,节假日,元旦\n2027/1/3,调休上班日,元旦\n\n".encode("gbk"),
        b"name,kind,date,remark\n\xe5\x85\x83\xe6\x97\xa6,HOLIDAY,2027.1.1,\n"
        b"\xe5\x85\x83\xe6\x97\xa6,makeup_workday,2027-01-03,x\n",
    ],
)
def test_a_table_is_read_as_offices_write_it(content):
    days, problems = dayfile.read_days(dayfile.read_text(content))

    assert problems == []
    assert days == {
        date(2027, 1, 1): CalendarDay("holiday", "元旦"),
        date(2027, 1, 3): CalendarDay("makeup", "元旦"),
    }


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"PK\x03\x04" + b"x" * 50, "另存为"),
        ("date,kind\n".encode("utf-16"), "编码"),
        (b"\xff\xff\xff", "编码"),
        (b"a" * (dayfile.MAX_BYTES + 1), "太大"),
    ],
)
def test_what_is_no_text_is_refused(content, advice):
    with pytest.raises(ValidationError, match=advice):
        dayfile.read_text(content)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "第 1 行要写列名"),
        ("day,kind\n2027-01-01,holiday", "第 1 行要写列名"),
        ("date,kind,name\n", "没有日期"),
        ("date,kind\n2027-01-01,holiday\n2027-02-30,holiday", "第 3 行：看不懂日期“2027-02-30”"),
        ("date,kind\n1/2/2027,holiday", "第 2 行：看不懂日期"),
        ("date,kind\n3027-01-02,holiday", "第 2 行：看不懂日期"),
        ("date,kind\n\n2027-01-01,bank", "第 3 行：类型“bank”不对"),
        ("date,kind\n2027-01-01", "第 2 行：类型“”不对"),
        ("date,kind,name\n2027-01-01,holiday," + "长" * 51, "第 2 行：名称太长"),
        ("date,kind\n2027-01-01,holiday\n2027/1/1,workday", "第 3 行：与第 2 行是同一天"),
    ],
)
def test_a_wrong_line_is_named(text, advice):
    _days, problems = dayfile.read_days(text)

    assert advice in "".join(problems)


def test_twenty_problems_are_enough():
    _days, problems = dayfile.read_days("date,kind\n" + "x,holiday\n" * 50)

    assert len(problems) == 21
    assert "还有 30 处" in problems[-1]


def test_a_whole_year_from_a_table_makes_every_other_day_ordinary_and_known():
    proposal = importing.from_table(TABLE, source="表", year=2027)

    assert proposal.problems == []
    assert len(proposal.days) == 365
    assert proposal.days[date(2027, 1, 2)] == CalendarDay("weekend")
    assert not any(fact.provisional for fact in proposal.days.values())


def test_a_table_of_another_year_is_no_whole_year():
    assert (
        "2027-01-01 不在 2028 年" in importing.from_table(TABLE, source="", year=2028).problems[0]
    )


def test_new_year_2027_is_a_guess_and_then_loaded(whole):
    guess = queries.work_calendar().due(YEAR_END, 15, "working_days")
    proposal = importing.from_notice(NOTICE_2027)
    assert proposal.problems == []

    count = services.set_days(calendar=whole, days=proposal.days, source=proposal.source, now=NOW)

    known = queries.work_calendar().due(YEAR_END, 15, "working_days")
    assert (guess.provisional, guess.at.date()) == (True, date(2027, 1, 15))
    assert (known.provisional, known.at.date()) == (False, date(2027, 1, 14))
    assert [row.name for row in known.summary if row.reason == "holiday"] == ["元旦"]
    assert count == 365
    assert queries.reach("default", NOW.date()) == queries.Reach(
        date(2027, 12, 31), 402, warn=False
    )


def test_a_preview_tells_what_moves_from_what_is_only_confirmed(whole):
    shown = importing.preview(whole, importing.from_notice(NOTICE_2027))

    assert len(shown.differences) == 365
    assert len(shown.visible) + shown.confirmed_only == 365
    assert {row.after.kind for row in shown.visible} == {"holiday", "makeup"}
    assert whole.days.filter(date__year=2027, provisional=False).count() == 0


def test_a_preview_is_another_when_the_calendar_or_the_text_is(whole):
    proposal = importing.from_notice(NOTICE_2027)
    seen = importing.preview(whole, proposal).seen
    assert importing.preview(whole, proposal).seen == seen

    other = importing.from_notice(NOTICE_2027.replace("、1月10日（周日）", ""))
    assert importing.preview(whole, other).seen != seen
    services.set_days(calendar=whole, days={date(2028, 1, 1): CalendarDay("holiday")}, now=NOW)
    assert importing.preview(whole, proposal).seen != seen


def test_the_command_takes_a_notice(said, file):
    text = said("import_calendar", file(NOTICE_2027), "--notice")

    assert "2027-01-01  工作日，暂定 → 节假日（元旦）" in text
    assert "已改 365 天" in text
    assert Change.objects.get().source == "国务院办公厅关于2027年部分节假日安排的通知"


def test_the_command_can_only_look(said, file):
    assert "没有写入" in said("import_calendar", file(NOTICE_2027), "--notice", "--dry-run")

    assert not Change.objects.exists()


def test_the_command_takes_a_table(said, file, whole):
    assert "已改 2 天" in said("import_calendar", file(TABLE), "--source", "区政府通知")
    assert whole.days.get(date="2027-01-03").source == "区政府通知"
    assert "已改 363 天" in said("import_calendar", file(TABLE), "--year", "2027")


@pytest.mark.parametrize(
    ("content", "words", "advice"),
    [
        (TABLE + "2027-13-01,holiday,\n", [], "第 4 行"),
        (TABLE, ["--notice", "--year", "2027"], "没有读到节日"),
        (TABLE, ["--code", "north"], "请用其中之一：default"),
        (TABLE, ["--year", "27"], "年份请写"),
        (b"\xff\xff", [], "编码"),
    ],
)
def test_the_command_refuses_and_changes_nothing(file, content, words, advice):
    with pytest.raises(CommandError, match=advice):
        call_command("import_calendar", file(content), *words)

    assert not Change.objects.exists()


def test_the_command_names_the_file_that_it_cannot_read(tmp_path):
    with pytest.raises(CommandError, match="读不了文件"):
        call_command("import_calendar", str(tmp_path / "none.csv"))
