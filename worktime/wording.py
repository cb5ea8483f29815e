"""How due times and the reasons for them are said to a person."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from worktime import seed
from worktime.arithmetic import CalendarDay, Due, Skipped
from worktime.models import Change, DayKind
from worktime.notice import Problem

MINUTES_AN_HOUR = 60


def moment_text(moment: datetime) -> str:
    """Local date, weekday and time; seconds only where there are any."""
    local = timezone.localtime(moment)
    return format_date(local, "Y-m-d l H:i:s" if local.second else "Y-m-d l H:i")


def due_text(due: Due) -> str:
    """The due time; midnight belongs to the day that it ends, 24:00."""
    local = timezone.localtime(due.at)
    if local.time() != time.min:
        return moment_text(due.at)
    return f"{format_date(local - timedelta(days=1), 'Y-m-d l')} 24:00"


def limit_text(amount: int, unit: str) -> str:
    """A limit in words: 15 个工作日."""
    words = {
        "working_days": _("%(amount)s 个工作日"),
        "working_hours": _("%(amount)s 个工作小时"),
        "hours": _("%(amount)s 小时（昼夜连续）"),
        "days": _("%(amount)s 天（昼夜连续，每天 24 小时）"),
        "natural_days": _("%(amount)s 个自然日"),
    }
    return words[unit] % {"amount": amount}


def reason_text(skipped: Skipped) -> str:
    """Why a period did not count: the holiday's name, else the kind of pause."""
    if skipped.reason == "holiday":
        return name_text(skipped.name) or _("节假日")
    return {
        "lunch": _("午休"),
        "break": _("休息"),
        "night": _("下班时间"),
        "weekend": _("周末"),
    }[skipped.reason]


def skipped_text(skipped: Skipped) -> str:
    """One line about a skipped period, or about all periods of one reason."""
    facts = {
        "reason": reason_text(skipped),
        "start": moment_text(skipped.start),
        "end": moment_text(skipped.end),
        "times": skipped.times,
        "length": length_text(skipped.minutes),
    }
    if skipped.times == 1:
        return _("%(reason)s：%(start)s 至 %(end)s，共 %(length)s") % facts
    return _("%(reason)s：%(times)s 次，%(start)s 至 %(end)s 之间，共 %(length)s") % facts


def length_text(minutes: int) -> str:
    """A length of time in hours and minutes."""
    hours, rest = divmod(minutes, MINUTES_AN_HOUR)
    if not rest:
        return _("%(hours)s 小时") % {"hours": hours}
    if not hours:
        return _("%(minutes)s 分钟") % {"minutes": rest}
    return _("%(hours)s 小时 %(minutes)s 分钟") % {"hours": hours, "minutes": rest}


def provisional_text(due: Due) -> str:
    """Whether the due time may still move, and from which day on it is a guess."""
    if due.provisional_from is None:
        return _("否，所用日期均已公布")
    return _("是，%(day)s 起的放假安排尚未公布，暂按周一至周五上班推算") % {
        "day": due.provisional_from.isoformat()
    }


def name_text(name: str) -> str:
    """A holiday's name; two that are one are joined: 中秋节、国庆节."""
    return _("、").join(_(part) for part in name.split("、")) if name else ""


def day_text(day: date) -> str:
    """Month and day: 2月15日."""
    return format_date(day, _("n月j日"))


def run_text(first: date, last: date) -> str:
    """A run of days: 2月15日至23日 is written in full, so that no month is guessed."""
    if first == last:
        return day_text(first)
    return _("%(first)s至%(last)s") % {"first": day_text(first), "last": day_text(last)}


def fact_text(fact: CalendarDay) -> str:
    """What a date is: 节假日（春节）, and whether that is a guess."""
    kind = str(DayKind(fact.kind).label)
    named = _("%(kind)s（%(name)s）") % {"kind": kind, "name": name_text(fact.name)}
    said = named if fact.name else kind
    return _("%s，暂定") % said if fact.provisional else said


def source_text(source: str) -> str:
    """Who said what a day is."""
    known = {
        seed.MANUAL: _("人工设置"),
        seed.KNOWN: _("程序自带的已公布安排"),
        seed.GUESSED: _("尚未公布，暂按周一至周五"),
    }
    return known.get(source, source)


def change_text(change: Change) -> str:
    """What changed and who announced it: 2027 年日历，365 天，国务院办公厅关于…的通知."""
    if change.kind == Change.Kind.SPANS:
        return _("工作时段")
    if change.kind == Change.Kind.BASE:
        return _("改为沿用“%s”的日期") % change.source if change.source else _("不再沿用别的日历")
    years = sorted({day.year for day in (change.first, change.last) if day})
    facts = {
        "years": "–".join(map(str, years)),
        "count": change.days,
        "source": source_text(change.source),
    }
    return (
        ngettext(
            "%(years)s 年日历，%(count)s 天，%(source)s",
            "%(years)s 年日历，%(count)s 天，%(source)s",
            change.days,
        )
        % facts
    )


def problem_text(problem: Problem) -> str:
    """What keeps a notice from being taken, and where."""
    return _(problem.text) % problem.facts
