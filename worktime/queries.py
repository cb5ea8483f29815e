"""Reads: the calendar of this process, loaded again when it has changed."""

from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from worktime import seed
from worktime.arithmetic import CalendarDay, Kind, WorkCalendar
from worktime.models import DEFAULT, Calendar

_loaded: dict[str, tuple[UUID | None, WorkCalendar]] = {}


def work_calendar(code: str = DEFAULT) -> WorkCalendar:
    """The calendar called `code`: one small query while it does not change.

    A loop takes it once and passes it on. The default calendar answers from the
    built-in table where the database has none; any other code that does not
    exist raises Calendar.DoesNotExist.
    """
    calendar = Calendar.objects.filter(code=code).only("pk", "stamp").first()
    if calendar is None and code != DEFAULT:
        raise Calendar.DoesNotExist(f"no calendar has the code {code!r}")
    stamp = calendar.stamp if calendar else None
    kept = _loaded.get(code)
    if kept is None or kept[0] != stamp:
        kept = _loaded[code] = (stamp, _load(calendar) if calendar else seed.built_in())
    return kept[1]


def _load(calendar: Calendar) -> WorkCalendar:
    days = calendar.days.values_list("date", "kind", "name", "provisional")
    return WorkCalendar(
        days={
            date: CalendarDay(cast("Kind", kind), name, provisional)
            for date, kind, name, provisional in days
        },
        spans=list(calendar.spans.values_list("starts", "ends")),
        zone=ZoneInfo(settings.TIME_ZONE),
    )
