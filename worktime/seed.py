"""What the days of a year are, as far as it is known, and the usual spans.

Known years come from the package chinesecalendar, which follows the yearly
notices of the State Council (国务院办公厅关于节假日安排的通知), make-up workdays
included. Other years are provisional: Monday to Friday.
"""

from collections.abc import Iterable
from datetime import date, time, timedelta

import chinese_calendar

from worktime.arithmetic import GUESSED_WEEKEND, GUESSED_WORKDAY, CalendarDay, WorkCalendar

KNOWN = "chinesecalendar"
GUESSED = "monday-friday"
MANUAL = "manual"
SEEDED = (KNOWN, GUESSED)


def gettext_noop(name: str) -> str:
    """Marks a name for translation; Django's own would ask for settings."""
    return name


YEARS = range(2020, 2029)
SPANS = ((time(8), time(12)), (time(14), time(18)))

HOLIDAY_NAMES = {
    "New Year's Day": gettext_noop("元旦"),
    "Spring Festival": gettext_noop("春节"),
    "Tomb-sweeping Day": gettext_noop("清明节"),
    "Labour Day": gettext_noop("劳动节"),
    "Dragon Boat Festival": gettext_noop("端午节"),
    "Mid-autumn Festival": gettext_noop("中秋节"),
    "National Day": gettext_noop("国庆节"),
    "Anti-Fascist 70th Day": gettext_noop("抗战胜利纪念日"),
}


def source_of(fact: CalendarDay) -> str:
    """The source that a seeded day is stored with."""
    return GUESSED if fact.provisional else KNOWN


def days_of(years: Iterable[int]) -> dict[date, CalendarDay]:
    """Every date of `years` and what it is; provisional where the notice is missing."""
    return {
        first + timedelta(days=number): _day(first + timedelta(days=number))
        for first in (date(year, 1, 1) for year in years)
        for number in range((first.replace(year=first.year + 1) - first).days)
    }


def built_in() -> WorkCalendar:
    """The calendar that a new installation starts with."""
    return WorkCalendar(days=days_of(YEARS), spans=SPANS)


def _day(day: date) -> CalendarDay:
    weekend = day.weekday() >= 5
    if not _known(day.year):
        return GUESSED_WEEKEND if weekend else GUESSED_WORKDAY
    if day in chinese_calendar.workdays:
        return CalendarDay("makeup", _name(chinese_calendar.workdays[day]))
    if day in chinese_calendar.holidays:
        return CalendarDay("holiday", _name(chinese_calendar.holidays[day]))
    return CalendarDay("weekend" if weekend else "workday")


def _known(year: int) -> bool:
    # A year with its National Day in the table is a year whose notice is out.
    return date(year, 10, 1) in chinese_calendar.holidays


def _name(english: str) -> str:
    return HOLIDAY_NAMES.get(english, english)
