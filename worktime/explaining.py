"""Why a limit ends when it does, in a few lines for the page of the issue."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import groupby

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from worktime.arithmetic import WORKING_MINUTES, Due, WorkCalendar
from worktime.wording import (
    day_text,
    due_text,
    length_text,
    moment_text,
    name_text,
    run_text,
)

SHOWN = 4
DAY = timedelta(days=1)
PAUSES = {"lunch", "break", "night"}


def due_explanation(
    *, calendar: WorkCalendar, start: datetime, minutes: int, continuous: bool
) -> list[str]:
    """为什么是这个时间: at most five short lines, the first with start, limit and end.

    `minutes` are working minutes, or those of the clock on the wall where the
    limit runs day and night (`continuous`).
    """
    if continuous:
        due = Due(start + timedelta(minutes=minutes), minutes, skipped=(), provisional_from=None)
        return [_first(start, due, _("%s，昼夜连续") % length_text(minutes))]
    due = calendar.due_after_working_minutes(start, minutes)
    days = _days(calendar, start, due.at)
    lines = [
        _first(start, due, _limit(minutes)),
        _pauses(due),
        _holidays(calendar, days),
        _makeups(calendar, days, start, due.at),
        _guess(due),
    ]
    return [line for line in lines if line]


def _first(start: datetime, due: Due, limit: str) -> str:
    facts = {"start": moment_text(start), "limit": limit, "due": due_text(due)}
    return _("从 %(start)s 起算，时限 %(limit)s，%(due)s 到期。") % facts


def _limit(minutes: int) -> str:
    days, rest = divmod(minutes, WORKING_MINUTES["working_days"])
    if days and not rest:
        return ngettext("%(count)s 个工作日", "%(count)s 个工作日", days) % {"count": days}
    return _("工作时间 %s") % length_text(minutes)


def _pauses(due: Due) -> str:
    """Nights and lunches in one sum, and the weekends."""
    pauses = sum(row.minutes for row in due.skipped if row.reason in PAUSES)
    weekends = [row.minutes for row in due.skipped if row.reason == "weekend"]
    parts = []
    if pauses:
        parts.append(_("下班和午休 %s") % length_text(pauses))
    if weekends:
        parts.append(
            ngettext("%(count)s 个周末 %(length)s", "%(count)s 个周末 %(length)s", len(weekends))
            % {"count": len(weekends), "length": length_text(sum(weekends))}
        )
    return _("不计时：%s。") % _("、").join(parts) if parts else ""


def _holidays(calendar: WorkCalendar, days: list[date]) -> str:
    runs = [
        _("%(name)s（%(days)s）")
        % {"name": name_text(name) or _("节假日"), "days": run_text(run[0], run[-1])}
        for name, run in holiday_runs(calendar, days)
    ]
    return _("放假不计时：%s。") % _some(runs) if runs else ""


def _makeups(calendar: WorkCalendar, days: list[date], start: datetime, at: datetime) -> str:
    """Make-up workdays on which the limit did run."""
    worked = [
        day_text(day)
        for day in days
        if calendar.day(day).kind == "makeup" and _ran(calendar, day, start, at)
    ]
    return _("调休上班照常计时：%s。") % _some(worked) if worked else ""


def _ran(calendar: WorkCalendar, day: date, start: datetime, at: datetime) -> bool:
    midnight = datetime.combine(day, time.min, tzinfo=calendar.zone)
    first, last = max(start, midnight), min(at, midnight + DAY)
    return calendar.working_time_between(first, last) > timedelta(0)


def _guess(due: Due) -> str:
    if due.provisional_from is None:
        return ""
    return _("%s 起的放假安排尚未公布，暂按周一至周五上班推算，公布后会重新计算。") % (
        due.provisional_from.isoformat()
    )


def _some(texts: list[str]) -> str:
    shown = _("、").join(texts[:SHOWN])
    left = len(texts) - SHOWN
    return (
        _("%(shown)s等 %(count)s 段") % {"shown": shown, "count": len(texts)} if left > 0 else shown
    )


def _days(calendar: WorkCalendar, start: datetime, at: datetime) -> list[date]:
    first = start.astimezone(calendar.zone).date()
    last = max(start, at - timedelta(microseconds=1)).astimezone(calendar.zone).date()
    return [first + number * DAY for number in range((last - first).days + 1)]


def holiday_runs(calendar: WorkCalendar, days: list[date]) -> Iterator[tuple[str, list[date]]]:
    """Days off in a row under one name, of `days` in order without a gap."""
    facts = ((day, calendar.day(day)) for day in days)
    for (kind, name), rows in groupby(facts, key=lambda pair: (pair[1].kind, pair[1].name)):
        if kind == "holiday":
            yield name, [day for day, _fact in rows]
