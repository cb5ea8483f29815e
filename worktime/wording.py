"""How due times and the reasons for them are said to a person."""

from datetime import datetime, time, timedelta

from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _

from worktime.arithmetic import Due, Skipped

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
        return _(skipped.name) if skipped.name else _("节假日")
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
