"""Every write to a calendar. Each gives it a new version, so that readers load it again."""

from collections.abc import Iterable, Mapping
from datetime import date, time
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from worktime import seed
from worktime.arithmetic import CalendarDay
from worktime.models import DEFAULT, Calendar, Day, Span

DAY_COLUMNS = ("kind", "name", "source", "provisional")


@transaction.atomic
def seed_calendar(*, years: Iterable[int] = seed.YEARS, code: str = DEFAULT) -> int:
    """Write what is known of `years` today; returns how many days were written.

    Makes the calendar and its usual spans if they are missing. Days that a
    person has set stay as they are; provisional days of a year that has become
    known are replaced.
    """
    calendar, _created = Calendar.objects.get_or_create(code=code, defaults={"name": code})
    if not calendar.spans.exists():
        set_spans(calendar=calendar, spans=seed.SPANS)
    kept = set(calendar.days.exclude(source__in=seed.SEEDED).values_list("date", flat=True))
    days = {day: fact for day, fact in seed.days_of(years).items() if day not in kept}
    _write_days(calendar, days, source=None)
    return len(days)


@transaction.atomic
def set_days(
    *, calendar: Calendar, days: Mapping[date, CalendarDay], source: str = seed.MANUAL
) -> None:
    """Say what dates are, as announced by `source`; replaces what was said before."""
    _write_days(calendar, days, source=source)


@transaction.atomic
def set_spans(*, calendar: Calendar, spans: Iterable[tuple[time, time]]) -> None:
    """Replace the spans of a calendar; ValidationError if one is not possible or none is left."""
    rows = [Span(calendar=calendar, starts=starts, ends=ends) for starts, ends in spans]
    if not rows:
        raise ValidationError(_("工作日历至少要有一个工作时段，请补上。"))
    _bump(calendar)
    calendar.spans.all().delete()
    for row in rows:
        row.full_clean()
        row.save()


@transaction.atomic
def save_row(*, row: Calendar | Day | Span) -> None:
    """Store one row as a person edited it.

    A day counts as set by hand from then on; a new calendar gets the usual spans.
    """
    if isinstance(row, Day) and row.source in seed.SEEDED:
        row.source = seed.MANUAL
    row.save()
    calendar = row if isinstance(row, Calendar) else row.calendar
    _bump(calendar)
    if not calendar.spans.exists():
        set_spans(calendar=calendar, spans=seed.SPANS)


@transaction.atomic
def delete_days(*, days: QuerySet[Day]) -> None:
    """Delete days; they become provisional Monday to Friday until seeded or set again."""
    calendars = list(Calendar.objects.filter(days__in=days).distinct())
    for calendar in calendars:
        _bump(calendar)
    days.delete()


@transaction.atomic
def delete_span(*, span: Span) -> None:
    """Delete one span; ValidationError when it is the last of its calendar."""
    _bump(span.calendar)
    if not span.calendar.spans.exclude(pk=span.pk).exists():
        raise ValidationError(_("工作日历至少要有一个工作时段，请先加上别的时段。"))
    span.delete()


def _write_days(
    calendar: Calendar, days: Mapping[date, CalendarDay], *, source: str | None
) -> None:
    _bump(calendar)
    Day.objects.bulk_create(
        [
            Day(
                calendar=calendar,
                date=day,
                source=source or seed.source_of(fact),
                **fact._asdict(),
            )
            for day, fact in days.items()
        ],
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["calendar", "date"],
        update_fields=DAY_COLUMNS,
    )


def _bump(calendar: Calendar) -> None:
    # The update also locks the row, so that writers of one calendar take turns.
    Calendar.objects.filter(pk=calendar.pk).update(version=F("version") + 1, stamp=uuid4())
    calendar.refresh_from_db(fields=["version", "stamp"])
