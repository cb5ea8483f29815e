"""One page for leaders: what waits for their word, what is critical, where things are stuck.

Of units and areas, never of persons; nothing is ranked: what has waited longest
stands first.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from issues.gates import why_shut
from issues.models import Clock, Event, Issue, Request
from issues.presenter import words
from issues.presenter.pages import capped, list_url, queue_rows
from issues.presenter.steps import together
from issues.queries import COUNTED, Row, soonest
from issues.who import LEADING
from issues.workflow import Asked, State, Verb
from partyorgs.rules import Scope
from worktime.arithmetic import WorkCalendar
from worktime.models import DEFAULT
from worktime.queries import work_calendars

Fact = dict[str, Any]
APPROVALS, CRITICAL = 30, 20
UNITS, OF_UNIT = 8, 3
GRANTS = {
    Asked.EXTENSION: Verb.EXTEND,
    Asked.SUSPENSION: Verb.SUSPEND,
    Asked.APPEAL: Verb.EXEMPT,
}


def led(scope: Scope) -> Q:
    """The issues of the areas that the person leads."""
    seats = [seat for seat in scope.seats if seat.role in LEADING]
    streets = frozenset[int]().union(*(seat.streets for seat in seats))
    districts = frozenset[int]().union(*(seat.districts for seat in seats))
    return Q(street_id__in=sorted(streets)) | Q(district_id__in=sorted(districts))


def approvals(scope: Scope, *, now: datetime) -> list[Fact]:
    """The requests that wait for this person, the longest first; four queries at most.

    Somebody who was asked before stays asked: also who is passed over may decide.
    """
    keys = _asked_of(scope)
    if not keys:
        return []
    # Whoever was asked and sees the issue no more, in another post now, reads nothing of it.
    seen = Issue.objects.visible_to(scope).filter(requests__in=keys)
    waiting = list(
        Request.objects.filter(pk__in=keys, issue__in=seen.values("pk"))
        .select_related("unit", "issue__category", "issue__condition", "issue__cell")
        .defer("issue__cell__boundary", "issue__cell__shape")
        .order_by("asked_at", "pk")
    )
    beside = _Beside(_asked_events(waiting), _clocks(waiting), work_calendars())
    return [_approval(one, beside, persons=scope.persons, now=now) for one in waiting]


@dataclass(frozen=True)
class _Beside:
    """What is read once for all requests: how each was asked, clocks by issue and kind."""

    asked: Mapping[tuple[int, int], Event]
    clocks: Mapping[tuple[int, str], Clock]
    calendars: Mapping[str, WorkCalendar]


def _approval(one: Request, beside: _Beside, *, persons: frozenset[int], now: datetime) -> Fact:
    issue, grant = one.issue, GRANTS[Asked(one.kind)]
    until = _until(one, beside)
    answer = beside.clocks.get((one.issue_id, Clock.Kind.APPROVE))
    event = beside.asked.get((one.issue_id, one.seq))
    return {
        "number": issue.number,
        "version": issue.version,
        "title": issue.category.name if issue.category else _("未分类的问题"),
        "place": issue.place_text or (issue.cell.name if issue.cell else ""),
        "unit": one.unit.name,
        "kind": one.kind,
        "asked": _asked_words(one),
        "reason": _reason(event) if event else "",
        "limit": _limit(issue),
        "due_at": timezone.localtime(issue.due_at) if issue.due_at else None,
        "until": timezone.localtime(until) if until else None,
        # As the unit chose it and the issue's page says it.
        "last_day": words.last_day(until) if one.kind == Asked.SUSPENSION and until else "",
        "answer_by": timezone.localtime(answer.due_at) if answer else None,
        "late": answer is not None and answer.due_at <= now,
        "grant": str(grant),
        "grant_name": words.verb_name(grant),
        "shut": why_shut("own_request") if _applicants(one, event) & persons else "",
    }


def _until(one: Request, beside: _Beside) -> datetime | None:
    """When the limit would run out if it were granted, or a suspension would end."""
    due = one.issue.due_at
    if one.minutes is None or due is None:
        return one.until
    clock = beside.clocks.get((one.issue_id, Clock.Kind.HANDLE))
    calendars = beside.calendars
    calendar = calendars.get(clock.calendar if clock else DEFAULT) or calendars[DEFAULT]
    return calendar.add_working_minutes(due, one.minutes)


def _asked_of(scope: Scope) -> list[int]:
    """Ids of the waiting requests that name this person, as themselves or as a stand-in."""
    rows = Request.objects.filter(state=Request.State.WAITING).order_by("asked_at", "pk")
    persons = scope.persons
    named = (key for key, users in rows.values_list("pk", "asked_users") if persons & set(users))
    return [key for key, _at in zip(named, range(APPROVALS), strict=False)]


def _asked_events(waiting: Collection[Request]) -> dict[tuple[int, int], Event]:
    """The events by which it was asked, by issue and number of the event."""
    asked = {(one.issue_id, one.seq) for one in waiting}
    events = Event.objects.filter(
        issue_id__in={issue for issue, _seq in asked}, seq__in={seq for _issue, seq in asked}
    ).select_related("text", "post")
    return {(event.issue_id, event.seq): event for event in events}


def _reason(event: Event) -> str:
    """Why it was asked."""
    listed = words.reason_name(str(event.facts.get("reason", "")))
    text = event.text.text if hasattr(event, "text") else ""
    if listed and text:
        return together((listed + _("。"), text))
    return listed or text


def _applicants(one: Request, event: Event | None) -> frozenset[int]:
    """Who asked, and the absent person in whose post they did: neither decides."""
    holder = event.post.user_id if event and event.post else one.applicant_id
    return frozenset({one.applicant_id, holder})


def _clocks(waiting: Collection[Request]) -> dict[tuple[int, str], Clock]:
    """The handling clock and the approver's own, by issue and kind."""
    kinds = (Clock.Kind.HANDLE, Clock.Kind.APPROVE)
    running = Clock.objects.filter(
        issue_id__in={one.issue_id for one in waiting}, kind__in=kinds, stopped_at=None
    )
    return {(clock.issue_id, clock.kind): clock for clock in running}


def _asked_words(one: Request) -> str:
    """延期 8 小时（工作时间）"""
    name = words.asked_name(one.kind)
    if one.minutes is None:
        return name
    amount = words.limit_words(one.minutes, continuous=False)
    return _("%(what)s %(amount)s") % {"what": name, "amount": amount}


def _limit(issue: Issue) -> str:
    condition = issue.condition
    return words.limit_words(condition.minutes, continuous=condition.critical) if condition else ""


def critical_now(scope: Scope, *, now: datetime) -> list[Fact]:
    """Open critical issues of the areas led, the first due first."""
    return queue_rows(soonest(led(scope) & Q(critical=True), most=CRITICAL), now=now)


@dataclass
class Stuck:
    """What does not move at one unit: how much of it is late or sent back, and its first few."""

    code: str
    name: str
    late: int = 0
    returned: int = 0
    undecided: int = 0
    keys: list[int] = field(default_factory=list)


def stuck_at(scope: Scope, *, now: datetime) -> list[Fact]:
    """Where the areas led are stuck, by unit; two queries whatever there is.

    Stuck is what is late, was sent back, or waits for a decision on a return that
    is overdue. Counts stop at the cap; the unit whose oldest has waited longest
    stands first.
    """
    undecided = Clock.objects.filter(
        issue=OuterRef("pk"), kind=Clock.Kind.DECIDE, stopped_at=None, due_at__lte=now
    )
    still = Q(due_at__lte=now) | Q(state=State.RETURNED)
    rows = (
        Issue.objects.filter(led(scope), still, is_open=True)
        .annotate(undecided=Exists(undecided))
        .order_by("due_at", "pk")
        .values_list("pk", "unit__code", "unit__name", "state", "due_at", "undecided")
    )[: COUNTED + 1]
    units: dict[str, Stuck] = {}
    for key, code, name, state, due_at, overdue in rows:
        unit = units.setdefault(code or "", Stuck(code or "", name or _("还没有单位")))
        unit.late += due_at is not None and due_at <= now
        unit.returned += state == State.RETURNED
        unit.undecided += bool(overdue)
        if len(unit.keys) < OF_UNIT:
            unit.keys.append(key)
    shown = list(units.values())[:UNITS]
    wanted = Q(pk__in=[key for unit in shown for key in unit.keys])
    found = soonest(wanted, most=UNITS * OF_UNIT) if shown else []
    return [_unit_fact(unit, found, now) for unit in shown]


def _unit_fact(unit: Stuck, rows: Iterable[Row], now: datetime) -> Fact:
    own = [row for row in rows if row["pk"] in unit.keys]
    return {
        "code": unit.code,
        "name": unit.name,
        "words": _stuck_words(unit),
        "rows": queue_rows(own, now=now),
        "late_url": list_url(unit=unit.code, overdue="1") if unit.late and unit.code else "",
        "returned_url": list_url(unit=unit.code, state=State.RETURNED)
        if unit.returned and unit.code
        else "",
    }


def _stuck_words(unit: Stuck) -> list[str]:
    counted = [
        (unit.late, ngettext("%(count)s 件已超时", "%(count)s 件已超时", unit.late)),
        (unit.returned, ngettext("%(count)s 件已退单", "%(count)s 件已退单", unit.returned)),
        (
            unit.undecided,
            ngettext(
                "%(count)s 件退单没有按时裁定", "%(count)s 件退单没有按时裁定", unit.undecided
            ),
        ),
    ]
    return [said % {"count": capped(count)} for count, said in counted if count]
