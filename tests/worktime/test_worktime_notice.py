from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worktime import notice, seed
from worktime.arithmetic import CalendarDay

DATA = Path(__file__).parent / "data" / "notices"
YEARS = range(2020, 2027)
TITLE = "国务院办公厅关于2026年部分节假日安排的通知"


def text_of(year):
    return (DATA / f"{year}.txt").read_text(encoding="utf-8")


def with_item(said, *, year=2026, holiday="元旦"):
    """The notice of a year with another sentence for one holiday."""
    lines = text_of(year).splitlines()
    return "\n".join(f"一、{holiday}：{said}" if f"{holiday}：" in line else line for line in lines)


def texts(read):
    return [problem.text for problem in read.problems]


@pytest.mark.parametrize("year", YEARS)
def test_a_notice_says_of_every_day_what_the_official_calendar_says(year):
    read = notice.read(text_of(year))

    official = seed.days_of([year - 1, year])
    assert read.problems == ()
    assert (read.year, read.title) == (year, f"国务院办公厅关于{year}年部分节假日安排的通知")
    assert {day for day in read.days if day.year == year} == set(seed.days_of([year]))
    assert {day for day, fact in read.days.items() if fact.works != official[day].works} == set()
    assert not any(fact.provisional for fact in read.days.values())


@pytest.mark.parametrize("year", YEARS)
def test_its_holidays_and_make_up_days_have_the_official_names(year):
    days, official = notice.read(text_of(year)).days, seed.days_of([year - 1, year])

    weekend_either_way = {"holiday", "weekend"}
    for day, fact in days.items():
        known = official[day]
        if fact.kind == known.kind:
            assert known.name in fact.name.split("、")
        else:
            assert {fact.kind, known.kind} == weekend_either_way, day
            assert day.weekday() >= 5


def test_a_holiday_that_begins_in_december_takes_days_of_the_year_before():
    days = notice.read(text_of(2023)).days

    assert days[date(2022, 12, 31)] == CalendarDay("holiday", "元旦")
    assert days[date(2023, 1, 2)] == CalendarDay("holiday", "元旦")
    assert days[date(2023, 1, 3)] == CalendarDay("workday")


@pytest.mark.parametrize(
    ("said", "off", "work"),
    [
        ("12月30日至1月1日放假调休，共3天。12月29日（星期六）上班。",
         ["2018-12-30", "2018-12-31", "2019-01-01"], ["2018-12-29"]),
        ("2018年12月30日至2019年1月1日放假调休，共3天。2018年12月29日（星期六）上班。",
         ["2018-12-30", "2018-12-31", "2019-01-01"], ["2018-12-29"]),
        ("1月1日，1月2日放假。", ["2019-01-01", "2019-01-02"], []),
        ("1月1日、2日放假两天。", ["2019-01-01", "2019-01-02"], []),
        ("1月1日放假，1月4日（星期五）补休。", ["2019-01-01", "2019-01-04"], []),
        ("1月1日（星期二）～３日放假，共三天。1月5日（礼拜六）正常上班。",
         ["2019-01-01", "2019-01-02", "2019-01-03"], ["2019-01-05"]),
        ("1月4日（周五）放假，与周末连休，共3天。",
         ["2019-01-04", "2019-01-05", "2019-01-06"], []),
        ("1月1日全国放假1天，不调休。", ["2019-01-01"], []),
    ],
)  # fmt: skip
def test_new_year_is_written_in_many_ways(said, off, work):
    rest = "春节、清明节、劳动节、端午节、中秋节、国庆节：10月1日放假。"
    read = notice.read(f"一、元旦：{said}二、{rest}", year=2019)

    assert texts(read) == []
    found = [
        (str(day), fact.kind) for day, fact in sorted(read.days.items()) if fact.name == "元旦"
    ]
    assert [day for day, kind in found if kind == "holiday"] == off
    assert [day for day, kind in found if kind == "makeup"] == work


def test_weekends_join_the_holiday_that_is_said_to_be_joined():
    days = notice.read(text_of(2024)).days

    assert [days[date(2024, 6, number)].name for number in range(7, 12)] == [
        "", "端午节", "端午节", "端午节", "",
    ]  # fmt: skip


def test_advice_is_no_holiday_and_is_shown():
    read = notice.read(text_of(2024))

    assert read.days[date(2024, 2, 9)] == CalendarDay("workday")
    assert len(read.unread) == 1
    assert "2月9日" in read.unread[0]


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("1月1日（周五）至3日（周六）放假调休，共3天。", notice.WEEKDAY),
        ("1月1日至3日放假调休，共4天。", notice.COUNT),
        ("1月1日至3日放假，共二天。", notice.COUNT),
        ("1月1日放假2天。", notice.COUNT),
        ("1月1日至3日放假。1月5日上班。", notice.NOT_WEEKEND),
        ("1月1日至4日放假。1月4日（周日）上班。", notice.BOTH),
        ("1月32日放假。", notice.NO_SUCH_DATE),
        ("2月30日放假。", notice.NO_SUCH_DATE),
        ("3日放假。", notice.NO_SUCH_DATE),
        ("1月3日至1日放假。", notice.BACKWARDS),
        ("2019年1月1日放假。", notice.OUTSIDE),
        ("1月1日放假，将1月10日与1月3日对调后上班。", notice.NOT_READ),
        ("时间另行通知。", notice.MISSING),
    ],
)
def test_a_notice_that_contradicts_itself_is_a_problem(said, problem):
    assert problem in texts(notice.read(with_item(said)))


def test_a_part_of_a_notice_is_not_taken_for_the_whole():
    read = notice.read(f"{TITLE}\n一、元旦：1月1日放假。二、春节：2月15日至23日放假调休。")

    assert texts(read) == [notice.MISSING]
    assert read.problems[0].facts["names"] == "清明节、劳动节、端午节、中秋节、国庆节"


@pytest.mark.parametrize("text", ["", "今天天气很好。", TITLE, "一、元旦", "1月1日放假"])
def test_another_text_is_no_notice(text):
    assert texts(notice.read(text, year=2026)) == [notice.NOTHING]


def test_the_year_comes_from_the_title_or_from_the_person():
    untitled = text_of(2026).split("\n", 1)[1]

    assert texts(notice.read(untitled)) == [notice.NO_YEAR]
    assert notice.read(untitled, year=2026).days == notice.read(text_of(2026)).days
    assert texts(notice.read(text_of(2026), year=2027)) == [notice.OTHER_YEAR]


def test_the_wrong_year_is_noticed_by_its_weekdays():
    untitled = text_of(2026).split("\n", 1)[1]

    assert notice.WEEKDAY in texts(notice.read(untitled, year=2027))


@settings(max_examples=60, deadline=None)
@given(year=st.sampled_from(list(YEARS)), chance=st.randoms(use_true_random=False))
def test_spaces_line_breaks_and_wide_signs_do_not_matter(year, chance):
    text = text_of(year)
    wide = {str(number): chr(ord("０") + number) for number in range(10)}
    noise = ["", "", "", "", "", "", " ", "\n", "\u3000", "\u200b", "\r\n", "\ufeff"]
    changed = "".join(
        (wide.get(sign, sign) if chance.random() < 0.3 else sign) + chance.choice(noise)
        for sign in text
    )

    assert notice.read(changed).days == notice.read(text).days


@settings(max_examples=200, deadline=None)
@given(
    st.text(
        alphabet="一二三十元旦春节清明国庆0123456789年月日至、，。：（周六）放假上班共天\n",
        max_size=80,
    )
)
def test_no_text_makes_it_fail(text):
    read = notice.read(text, year=2026)

    assert read.problems


def test_every_day_of_a_year_is_there_once():
    assert len(notice.every_day(2028)) == 366
    assert notice.every_day(2027)[date(2027, 1, 1) + timedelta(days=1)].kind == "weekend"
