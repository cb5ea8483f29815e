"""What the pages of calendars show: the year in months, its holidays, how far it reaches."""

import calendar as months
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _

from worktime import explaining, queries, seed, wording
from worktime.arithmetic import CalendarDay, WorkCalendar
from worktime.importing import Preview
from worktime.models import Calendar, Day, Span

SHOWN_CHANGES = 20
WEEKS = months.Calendar(firstweekday=0)


@dataclass(frozen=True)
class Cell:
    """One day of a month: its look, its letter, and the whole in words."""

    date: date
    kind: str
    letter: str
    provisional: bool
    today: bool
    own: bool
    words: str
    url: str


@dataclass(frozen=True)
class Month:
    """A month by weeks; None where a week belongs to another month."""

    title: str
    weeks: list[list[Cell | None]]


def calendar_rows(today: date) -> list[dict[str, Any]]:
    """Every calendar with its spans, its base and how far it reaches."""
    loaded = queries.work_calendars()
    rows = Calendar.objects.select_related("base").order_by("pk")
    rows = rows.prefetch_related(Prefetch("spans", Span.objects.order_by("starts")))
    return [
        {
            "calendar": row,
            "spans": [str(span) for span in row.spans.all()],
            "reach": queries.reach_of(loaded[row.code], today),
        }
        for row in rows
        if row.code in loaded
    ]


def year_page(calendar: Calendar, *, year: int, today: date, editable: bool) -> dict[str, Any]:
    """Everything on the page of a calendar's year."""
    known = queries.work_calendar(calendar.code)
    first, last = date(year, 1, 1), date(year, 12, 31)
    stored = queries.days_between(calendar, first, last)
    own = {day for day, row in stored.items() if row.calendar_id == calendar.pk}
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    cells = {
        day: _cell(calendar, day, known.day(day), today=today, own=day in own, editable=editable)
        for day in days
    }
    return {
        "calendar": calendar,
        "year": year,
        "months": [_month(year, number, cells) for number in range(1, 13)],
        "weekdays": [_("一"), _("二"), _("三"), _("四"), _("五"), _("六"), _("日")],
        "holidays": _holidays(known, days),
        "sources": _sources(stored.values(), len(days) - len(stored)),
        "reach": queries.reach_of(known, today),
        "spans": [str(span) for span in calendar.spans.all()],
        "changes": _changes(calendar),
        "letters": letters(),
        "provisional": any(cell.provisional for cell in cells.values()),
        "overlaid": calendar.base is not None and bool(own),
    }


def letters() -> dict[str, str]:
    """The letter in the corner of a day, so that no colour alone says it."""
    return {"holiday": _("休"), "makeup": _("班")}


def difference_rows(preview: Preview) -> list[dict[str, Any]]:
    """The dates of a preview that change visibly, before and after."""
    return [
        {
            "date": row.date,
            "before": wording.fact_text(row.before),
            "after": wording.fact_text(row.after),
        }
        for row in preview.visible
    ]


def _cell(
    calendar: Calendar, day: date, fact: CalendarDay, *, today: date, own: bool, editable: bool
) -> Cell:
    return Cell(
        date=day,
        kind=fact.kind,
        letter=letters().get(fact.kind, ""),
        provisional=fact.provisional,
        today=day == today,
        own=own and calendar.base_id is not None,
        words=wording.fact_text(fact),
        url=reverse("calendar_day", args=(calendar.code, day.isoformat())) if editable else "",
    )


def _month(year: int, number: int, cells: dict[date, Cell]) -> Month:
    weeks = WEEKS.monthdatescalendar(year, number)
    return Month(
        title=format_date(date(year, number, 1), _("n月")),
        weeks=[[cells[day] if day.month == number else None for day in week] for week in weeks],
    )


def _holidays(known: WorkCalendar, days: list[date]) -> list[dict[str, Any]]:
    """Each holiday by name: when people are off, and when they work instead."""
    rows: dict[str, dict[str, Any]] = {}
    for name, run in explaining.holiday_runs(known, days):
        row = rows.setdefault(name, {"off": [], "count": 0, "work": []})
        row["off"].append(wording.run_text(run[0], run[-1]))
        row["count"] += len(run)
    for day in days:
        fact = known.day(day)
        if fact.kind == "makeup":
            row = rows.setdefault(fact.name, {"off": [], "count": 0, "work": []})
            row["work"].append(wording.day_text(day))
    return [
        {
            "name": wording.name_text(name) or _("未写名称"),
            "off": _("、").join(row["off"]),
            "count": row["count"],
            "work": _("、").join(row["work"]),
        }
        for name, row in rows.items()
    ]


def _sources(stored: Iterable[Day], missing: int) -> list[tuple[str, int]]:
    counts = queries.source_counts(stored)
    if missing:
        counts[seed.GUESSED] = counts.get(seed.GUESSED, 0) + missing
    return [(wording.source_text(source), count) for source, count in counts.items()]


def _changes(calendar: Calendar) -> list[dict[str, Any]]:
    rows = queries.latest_changes(calendar.code, SHOWN_CHANGES)
    return [
        {
            "at": row.at,
            "text": wording.change_text(row),
            "calendar": row.calendar.name if row.calendar_id != calendar.pk else "",
        }
        for row in rows
    ]
