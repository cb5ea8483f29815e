from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from worktime import seed
from worktime.arithmetic import WorkCalendar
from worktime.explaining import due_explanation

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICIAL = seed.built_in()
DAY = 480


def why(start, minutes, *, continuous=False):
    return due_explanation(
        calendar=OFFICIAL, start=local(start), minutes=minutes, continuous=continuous
    )


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def test_a_short_limit_within_a_morning_needs_one_line():
    assert why("2026-03-10 09:00", 120) == [
        "从 2026-03-10 星期二 09:00 起算，时限 工作时间 2 小时，2026-03-10 星期二 11:00 到期。"
    ]


def test_nights_lunches_weekends_holidays_and_make_up_days_are_told():
    assert why("2026-09-18 17:00", 12 * DAY) == [
        "从 2026-09-18 星期五 17:00 起算，时限 12 个工作日，2026-10-12 星期一 17:00 到期。",
        "不计时：下班和午休 136 小时、2 个周末 76 小时。",
        "放假不计时：中秋节（9月25日至9月27日）、国庆节（10月1日至10月7日）。",
        "调休上班照常计时：9月20日、10月10日。",
    ]


def test_a_limit_over_new_year_says_that_it_may_change():
    lines = why("2026-12-25 09:00", 15 * DAY)

    assert lines[0].endswith("时限 15 个工作日，2027-01-15 星期五 09:00 到期。")
    assert lines[1] == "不计时：下班和午休 198 小时、3 个周末 186 小时。"
    assert lines[2:] == [
        "2027-01-01 起的放假安排尚未公布，暂按周一至周五上班推算，公布后会重新计算。"
    ]


def test_a_make_up_day_that_came_too_early_or_too_late_did_not_count():
    after_hours = why("2026-09-20 18:30", 60)
    due_before_it_begins = why("2026-09-18 16:00", 120)

    assert not any("调休" in line for line in [*after_hours, *due_before_it_begins])


def test_two_holidays_in_one_have_both_names():
    calendar = WorkCalendar(
        days=seed.days_of([2023])
        | {
            day: fact._replace(name="中秋节、国庆节")
            for day, fact in seed.days_of([2023]).items()
            if fact.kind == "holiday" and day.month in {9, 10}
        },
        spans=seed.SPANS,
    )

    lines = due_explanation(
        calendar=calendar, start=local("2023-09-28 09:00"), minutes=DAY + 60, continuous=False
    )

    assert lines[2] == "放假不计时：中秋节、国庆节（9月29日至10月6日）。"
    assert lines[3] == "调休上班照常计时：10月7日。"


def test_a_limit_day_and_night_skips_nothing():
    assert why("2026-02-14 09:30", 4 * 60, continuous=True) == [
        "从 2026-02-14 星期六 09:30 起算，时限 4 小时，昼夜连续，2026-02-14 星期六 13:30 到期。"
    ]


def test_many_holidays_stay_one_line():
    lines = why("2026-01-04 08:00", 200 * DAY)

    assert lines[2].endswith("等 7 段。") is False
    assert lines[2].count("（") == 4
    assert "等 6 段" in lines[2]


@given(
    since=st.timedeltas(timedelta(0), timedelta(days=2900)),
    minutes=st.integers(0, 40 * DAY),
    continuous=st.booleans(),
)
def test_an_explanation_has_at_most_five_lines(since, minutes, continuous):
    lines = due_explanation(
        calendar=OFFICIAL,
        start=local("2020-01-01 00:00") + since,
        minutes=minutes,
        continuous=continuous,
    )

    assert 1 <= len(lines) <= 5
    assert all(lines)
