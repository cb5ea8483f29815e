"""The brief and the weekly sheet in the shape of their pages, and as text for a chat group."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from issues.briefs.chairs import Chair, chairs_of
from issues.briefs.daily import Brief, Figures, Waiting, brief_of, day_at, glance_of
from issues.briefs.weekly import Sheet, UnitWeek, Week
from issues.presenter.pages import capped, list_url, queue_rows
from issues.workflow import State
from partyorgs.rules import Scope
from worktime.queries import work_calendar

LONGEST_TEXT = 1000
NAMED_HOLDERS = 5
SHOWN_HOLDERS = 20
ON_HOME = 3
Fact = dict[str, Any]
# Makes an address that also opens outside the product.
Absolute = Callable[[str], str]


def home_panel(scope: Scope, *, now: datetime) -> list[Fact]:
    """A line for each of the first chairs: late, due today, sent back."""
    chairs = chairs_of(scope)[:ON_HOME]
    if not chairs:
        return []
    day = day_at(now, calendar=work_calendar())
    return [_glance(chair, glance_of(chair, day=day)) for chair in chairs]


def _glance(chair: Chair, figures: Figures) -> Fact:
    return {
        "name": chair.name,
        "late": capped(figures.late),
        "is_late": figures.late > 0,
        "today": capped(figures.today),
        "returned": capped(figures.returned),
    }


def brief_facts(chairs: Iterable[Chair], *, now: datetime, absolute: Absolute) -> list[Fact]:
    """Today's brief of each chair for the page."""
    day = day_at(now, calendar=work_calendar())
    return [_brief(brief_of(chair, day=day), absolute) for chair in chairs]


def _brief(brief: Brief, absolute: Absolute) -> Fact:
    rows = queue_rows(brief.worst, now=brief.day.now)
    url = list_url(overdue="1", **brief.chair.narrowing)
    return {
        "name": brief.chair.name,
        "figures": _figures(brief, url),
        "since": timezone.localtime(brief.day.since),
        "waiting": [_waiting(line) for line in brief.waiting[:SHOWN_HOLDERS]],
        "waiting_more": len(brief.waiting[SHOWN_HOLDERS:]),
        "rows": rows,
        "more_url": url if brief.figures.late > len(rows) else "",
        "text": _text(brief, rows, absolute(url)),
    }


def _figures(brief: Brief, late_url: str) -> list[Fact]:
    figures, narrowing = brief.figures, brief.chair.narrowing
    returned = list_url(state=State.RETURNED, **narrowing)
    to_sign = list_url(state=State.DISPATCHED, **narrowing)
    return [
        _figure(_("已超时"), figures.late, late_url) | {"late": True},
        _figure(_("今日到期"), figures.today),
        _figure(_("被退单"), figures.returned, returned),
        _figure(_("待签收"), figures.to_sign, to_sign),
        _figure(_("紧急在办"), figures.critical),
        _figure(_("新上报"), brief.new),
        _figure(_("新结案"), brief.closed),
    ]


def _figure(label: str, count: int, url: str = "") -> Fact:
    return {"label": label, "value": capped(count), "count": count, "url": url}


def _waiting(line: Waiting) -> Fact:
    figures = line.figures
    return {
        "name": _holder(line),
        "late": capped(figures.late),
        "today": capped(figures.today),
        "to_sign": capped(figures.to_sign),
        "returned": capped(figures.returned),
    }


def _holder(line: Waiting) -> str:
    return line.holder.name if line.holder else _("值守台")


def _text(brief: Brief, rows: list[Fact], url: str) -> str:
    """What can be pasted into a chat group: numbers, places, organizations and one link.

    No free text of a report and no name of a person. The last lines go when it
    would be longer than a message may be.
    """
    lines = [
        _line(number, facts, row["holder_name"])
        for number, (facts, row) in enumerate(zip(rows, brief.worst, strict=True), start=1)
    ]
    head, foot = _head(brief), _("全部：%(url)s") % {"url": url}
    text = "\n".join([*head, *lines, foot])
    while len(text) > LONGEST_TEXT and lines:
        lines.pop()
        text = "\n".join([*head, *lines, foot])
    return text


def _head(brief: Brief) -> list[str]:
    at = timezone.localtime(brief.day.now)
    facts = {
        "chair": brief.chair.name,
        "date": formats.date_format(at, "MONTH_DAY_FORMAT"),
        "time": f"{at.hour}:{at.minute:02}",
        "late": capped(brief.figures.late),
        "today": capped(brief.figures.today),
        "returned": capped(brief.figures.returned),
        "new": capped(brief.new),
        "closed": capped(brief.closed),
    }
    words = _(
        "【%(chair)s %(date)s %(time)s】超时 %(late)s 件、今日到期 %(today)s 件、"
        "被退单 %(returned)s 件；上次简报后新增 %(new)s 件、结案 %(closed)s 件。"
    )
    stuck = [
        _("%(name)s %(count)s 件") % {"name": _holder(line), "count": capped(line.figures.stuck)}
        for line in brief.waiting[:NAMED_HOLDERS]
        if line.figures.stuck
    ]
    where = [_("卡在：%(names)s") % {"names": _("、").join(stuck)}] if stuck else []
    return [words % facts, *where]


def _line(number: int, facts: Fact, holder: str) -> str:
    parts = [title_of_row(facts), place_of_row(facts), holder or _("值守台"), facts["due_words"]]
    return f"{number}. {facts['number']} {' · '.join(parts)}"


def title_of_row(facts: Fact) -> str:
    """The matter by its category; what the report says stays out."""
    return facts["category"]["name"] if facts["category"] else _("未分类的问题")


def place_of_row(facts: Fact) -> str:
    """The community and the cell, as far as known; not the words of the report."""
    if facts["cell"] and facts["community"]:
        return f"{facts['community']['name']}{facts['cell']['name']}"
    area = facts["community"] or facts["street"]
    return area["name"] if area else _("网格外")


def sheet_facts(sheet: Sheet, *, now: datetime) -> Fact:
    """A chair's week for the print page."""
    return {
        "name": sheet.chair.name,
        "units": [_unit(line) for line in sheet.units],
        "late": late_facts(sheet, now=now),
        "more": sheet.more,
        "shown": len(sheet.late),
    }


def _unit(line: UnitWeek) -> Fact:
    return {
        "name": unit_name(line),
        "filed": line.filed,
        "handled": line.handled,
        "late": line.late,
        "closed_late": line.closed_late,
        "returned": line.returned,
    }


def unit_name(line: UnitWeek) -> str:
    """The unit that the issues were sent to."""
    return line.unit.name if line.unit else _("还没有派遣")


def late_facts(sheet: Sheet, *, now: datetime) -> list[Fact]:
    """The late ones as both forms of the sheet tell them."""
    return [
        facts
        | {
            "title": title_of_row(facts),
            "where": place_of_row(facts),
            "holder": row["holder_name"] or _("值守台"),
        }
        for facts, row in zip(queue_rows(sheet.late, now=now), sheet.late, strict=True)
    ]


def week_words(week: Week) -> str:
    """The week's first and last day."""
    days = {"first": week.monday.isoformat(), "last": week.sunday.isoformat()}
    return _("%(first)s 至 %(last)s") % days
