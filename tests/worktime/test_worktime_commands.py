from datetime import date

import pytest
from django.core.management import CommandError, call_command

from worktime.models import Calendar

pytestmark = pytest.mark.django_db


@pytest.fixture
def said(capsys):
    def say(*words):
        call_command(*words)
        return capsys.readouterr().out

    return say


def test_due_prints_the_time_the_reasons_and_that_it_is_provisional(said):
    assert said("due", "2026-12-25 09:00", "15", "working_days").splitlines() == [
        "起点：2026-12-25 星期五 09:00",
        "时限：15 个工作日",
        "到期：2027-01-15 星期五 09:00",
        "暂定：是，2027-01-01 起的放假安排尚未公布，暂按周一至周五上班推算",
        "跳过的时段：",
        "  午休：15 次，2026-12-25 星期五 12:00 至 2027-01-14 星期四 14:00 之间，共 30 小时",
        "  周末：3 次，2026-12-25 星期五 18:00 至 2027-01-11 星期一 08:00 之间，共 186 小时",
        "  下班时间：12 次，2026-12-28 星期一 18:00 至 2027-01-15 星期五 08:00 之间，共 168 小时",
    ]


def test_due_names_the_holiday(said):
    text = said("due", "2026-02-14 17:00:30", "8", "working_hours")

    assert "到期：2026-02-24 星期二 17:00:30" in text
    assert "春节：2026-02-14 星期六 18:00 至 2026-02-24 星期二 08:00，共 230 小时" in text
    assert "暂定：否" in text


@pytest.mark.parametrize(
    ("amount", "unit", "due"),
    [
        ("36", "hours", "2026-02-15 星期日 21:30"),
        ("2", "days", "2026-02-16 星期一 09:30"),
        ("3", "natural_days", "2026-02-17 星期二 24:00"),
    ],
)
def test_due_knows_the_clocks_that_never_stop(said, amount, unit, due):
    text = said("due", "2026-02-14 09:30", amount, unit)

    assert f"到期：{due}" in text
    assert "跳过的时段：无" in text


def test_due_reads_a_start_with_an_offset(said):
    text = said("due", "2026-03-10T01:00:00+00:00", "2", "working_hours")

    assert "起点：2026-03-10 星期二 09:00" in text
    assert "到期：2026-03-10 星期二 11:00" in text


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ([], "请写成 年-月-日 时:分"),
        (["tomorrow", "1", "days"], "请写成 年-月-日 时:分"),
        (["2026-02-30", "1", "days"], "请写成 年-月-日 时:分"),
        (["2026-02-14 09:30"], "请写 0 至 999999999 的整数"),
        (["2026-02-14 09:30", "-3", "days"], "请写 0 至 999999999 的整数"),
        (["2026-02-14 09:30", "1.5", "days"], "请写 0 至 999999999 的整数"),
        (["2026-02-14 09:30", "9" * 5000, "days"], "请写 0 至 999999999 的整数"),
        (["2026-02-14 09:30", "3"], "请用其中之一：working_days"),
        (["2026-02-14 09:30", "3", "weeks"], "请用其中之一：working_days"),
        (["2026-02-14 09:30", "999999999", "working_days"], "请减小数量"),
        (["2026-02-14 09:30", "999999999", "natural_days"], "请减小数量"),
        (["0001-01-01", "3", "days"], "请减小数量或改用较近的日期"),
        (["2026-02-14", "3", "days", "--calendar", "north"], "请用其中之一：default"),
    ],
)
def test_due_says_what_to_do_about_wrong_words(words, advice):
    with pytest.raises(CommandError, match=advice):
        call_command("due", *words)


def test_seed_calendar_writes_the_years_asked_for(said):
    assert "366 天" in said("seed_calendar", "--first", "2032", "--last", "2032")

    day = Calendar.objects.get().days.get(date=date(2032, 1, 3))
    assert (day.kind, day.provisional, day.source) == ("weekend", True, "monday-friday")


def test_seed_calendar_refuses_years_the_wrong_way_round():
    with pytest.raises(CommandError, match="不晚于"):
        call_command("seed_calendar", "--first", "2030", "--last", "2029")
