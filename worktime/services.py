"""Every write to a calendar. Each leaves a `Change` and a new version, so that readers load again.

What changes nothing leaves neither.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, F, Max, Min, QuerySet
from django.utils.translation import gettext as _

from worktime import seed
from worktime.arithmetic import CalendarDay
from worktime.models import DEFAULT, Calendar, Change, Day, Span
from worktime.queries import days_between

DAY_COLUMNS = ("kind", "name", "source", "provisional")


@transaction.atomic
def seed_calendar(*, years: Iterable[int] = seed.YEARS, code: str = DEFAULT, now: datetime) -> int:
    """Write what is known of `years` today; returns how many days this speaks of.

    Makes the calendar and its usual spans if they are missing. Days that a
    person has set stay as they are; provisional days of a year that has become
    known are replaced. ValidationError for a calendar with a base: its days
    are seeded there.
    """
    calendar, _created = Calendar.objects.get_or_create(code=code, defaults={"name": code})
    if calendar.base is not None:
        raise ValidationError(
            _("“%(name)s”沿用“%(base)s”的日期，请对代码为 %(code)s 的日历执行。"),
            params={
                "name": calendar.name, "base": calendar.base.name, "code": calendar.base.code,
            },
        )  # fmt: skip
    if not calendar.spans.exists():
        set_spans(calendar=calendar, spans=seed.SPANS, now=now)
    kept = set(calendar.days.exclude(source__in=seed.SEEDED).values_list("date", flat=True))
    days = {day: fact for day, fact in seed.days_of(years).items() if day not in kept}
    _write_days(calendar, days, source=None, now=now)
    return len(days)


@transaction.atomic
def set_days(
    *,
    calendar: Calendar,
    days: Mapping[date, CalendarDay],
    source: str = seed.MANUAL,
    now: datetime,
) -> int:
    """Say what dates are, as announced by `source`; returns how many became other.

    Replaces what was said before. A day that the base already has like this
    stays the base's.
    """
    return _write_days(calendar, days, source=source, now=now)


@transaction.atomic
def create_calendar(
    *,
    code: str,
    name: str,
    base: Calendar | None = None,
    spans: Iterable[tuple[time, time]] | None = None,
    now: datetime,
) -> Calendar:
    """A new calendar with the spans given, else its base's, else the usual ones.

    ValidationError when the code is taken, or the base has itself a base.
    """
    calendar = Calendar(code=code, name=name, base=base)
    _save_calendar(calendar, spans=list(spans) if spans is not None else None, now=now)
    return calendar


@transaction.atomic
def set_spans(*, calendar: Calendar, spans: Iterable[tuple[time, time]], now: datetime) -> bool:
    """Replace the spans of a calendar; returns whether that changed anything.

    ValidationError if one is not possible or none is left.
    """
    rows = [Span(calendar=calendar, starts=starts, ends=ends) for starts, ends in spans]
    if not rows:
        raise ValidationError(_("工作日历至少要有一个工作时段，请补上。"))
    _lock(calendar)
    if sorted((row.starts, row.ends) for row in rows) == sorted(
        calendar.spans.values_list("starts", "ends")
    ):
        return False
    calendar.spans.all().delete()
    for row in rows:
        row.full_clean()
        row.save()
    _record(calendar, Change.Kind.SPANS, now=now)
    return True


@transaction.atomic
def save_row(*, row: Calendar | Day | Span, now: datetime) -> None:
    """Store one row as a person edited it.

    A day counts as set by hand from then on; a new calendar gets the spans of
    its base, else the usual ones. A new name alone is no new version.
    """
    if isinstance(row, Calendar):
        _save_calendar(row, spans=None, now=now)
        return
    _lock(row.calendar)
    if isinstance(row, Span):
        row.save()
        _record(row.calendar, Change.Kind.SPANS, now=now)
        return
    if row.source in seed.SEEDED:
        row.source = seed.MANUAL
    row.save()
    _record(
        row.calendar, Change.Kind.DAYS, now=now, dates=(row.date, row.date), count=1,
        source=row.source,
    )  # fmt: skip


@transaction.atomic
def delete_days(*, days: QuerySet[Day], now: datetime) -> int:
    """Delete days; returns how many.

    They become those of the base, else provisional Monday to Friday until
    seeded or set again.
    """
    found = days.order_by().values("calendar").annotate(
        first=Min("date"), last=Max("date"), count=Count("pk")
    )  # fmt: skip
    runs = list(found)
    calendars = Calendar.objects.in_bulk([run["calendar"] for run in runs])
    days.delete()
    for run in runs:
        _record(
            calendars[run["calendar"]], Change.Kind.DAYS, now=now,
            dates=(run["first"], run["last"]), count=run["count"], source=seed.MANUAL,
        )  # fmt: skip
    return sum(run["count"] for run in runs)


@transaction.atomic
def delete_span(*, span: Span, now: datetime) -> None:
    """Delete one span; ValidationError when it is the last of its calendar."""
    _lock(span.calendar)
    if not span.calendar.spans.exclude(pk=span.pk).exists():
        raise ValidationError(_("工作日历至少要有一个工作时段，请先加上别的时段。"))
    span.delete()
    _record(span.calendar, Change.Kind.SPANS, now=now)


def _save_calendar(
    calendar: Calendar, *, spans: list[tuple[time, time]] | None, now: datetime
) -> None:
    # Both rows, so that nobody gives the base a base at the same moment.
    both = [pk for pk in (calendar.pk, calendar.base_id) if pk]
    rows = Calendar.objects.select_for_update().filter(pk__in=both).order_by("pk")
    before = {row.pk: row for row in rows}
    if calendar.base_id:
        calendar.base = before.get(calendar.base_id)
    calendar.full_clean()
    calendar.save()
    if calendar.pk not in before or not calendar.spans.exists():
        usual = list(calendar.base.spans.values_list("starts", "ends")) if calendar.base else None
        set_spans(calendar=calendar, spans=spans or usual or seed.SPANS, now=now)
    elif before[calendar.pk].base_id != calendar.base_id:
        name = calendar.base.name if calendar.base else ""
        _record(calendar, Change.Kind.BASE, now=now, source=name)


def _write_days(
    calendar: Calendar, days: Mapping[date, CalendarDay], *, source: str | None, now: datetime
) -> int:
    if not days:
        return 0
    _lock(calendar)
    known = days_between(calendar, min(days), max(days))
    rows = [
        Day(calendar=calendar, date=day, source=source or seed.source_of(fact), **fact._asdict())
        for day, fact in sorted(days.items())
    ]
    changed = [row for row in rows if _fact(row) != _fact(known.get(row.date))]
    announced = [row for row in rows if _announced_anew(row, known.get(row.date))]
    Day.objects.bulk_create(
        changed + announced,
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["calendar", "date"],
        update_fields=DAY_COLUMNS,
    )
    if changed:
        _record(
            calendar, Change.Kind.DAYS if source else Change.Kind.SEED, now=now,
            dates=(changed[0].date, changed[-1].date), count=len(changed),
            source=source or seed.KNOWN,
        )  # fmt: skip
    return len(changed)


def _fact(row: Day | None) -> tuple[str, str, bool] | None:
    return (row.kind, row.name, row.provisional) if row else None


def _announced_anew(row: Day, known: Day | None) -> bool:
    """Whether an own day stays what it is, but is announced by another source."""
    if known is None or known.calendar_id != row.calendar_id:
        return False
    return _fact(row) == _fact(known) and known.source != row.source


def _lock(calendar: Calendar) -> None:
    """Writers of one calendar take turns."""
    Calendar.objects.select_for_update().get(pk=calendar.pk)


def _record(
    calendar: Calendar,
    kind: Change.Kind,
    *,
    now: datetime,
    dates: tuple[date | None, date | None] = (None, None),
    count: int = 0,
    source: str = "",
) -> None:
    Calendar.objects.filter(pk=calendar.pk).update(version=F("version") + 1, stamp=uuid4())
    calendar.refresh_from_db(fields=["version", "stamp"])
    Change.objects.create(
        calendar=calendar, version=calendar.version, at=now, kind=kind,
        first=dates[0], last=dates[1], days=count, source=source,
    )  # fmt: skip
