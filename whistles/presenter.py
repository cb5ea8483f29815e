"""A whistle as its page and the API show it: facts, acts and reasons, made once for both."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from issues import clocks
from issues.models import Clock, Issue
from issues.presenter import words
from issues.presenter.choosing import item_name
from issues.presenter.detail import named
from issues.presenter.timeline import post_name
from issues.who import LEADING, UNIT_DESKS
from matters.models import local_name
from partyorgs.models import Responsibility, Role
from partyorgs.rules import Scope
from whistles.gates import why_shut
from whistles.models import Call, Rating, Whistle
from whistles.queries import (
    Late,
    StreetCount,
    disputed_calls,
    owed_calls,
    unapproved,
    whistles_over,
)
from whistles.rules import Offer, around, beginning, offers
from whistles.sides import Around
from whistles.workflow import RULES, RUNNING, STANDING_NAMES, Act, Standing
from worktime.models import DEFAULT
from worktime.queries import work_calendars

Fact = dict[str, Any]
MOST_FIRST = 99
MARKS = ("speed", "work", "result", "right", "clear")


def act_name(act: str) -> str:
    rule = RULES[Act(act)]
    return local_name(rule.zh, rule.en)


def standing_name(state: str) -> str:
    return local_name(*STANDING_NAMES[Standing(state)])


def whistle_facts(whistle: Whistle, *, scope: Scope, now: datetime) -> Fact:
    """Everything about one whistle; the caller has read it through `visible_to`."""
    seen = around(whistle)
    found = list(offers(scope, seen))
    running = running_limits(whistle)
    return {
        **row_facts(whistle),
        "reason": whistle.reason,
        "place": whistle.place_text,
        "issue_open": whistle.issue.is_open,
        "issue_visible": Issue.objects.visible_to(scope).filter(pk=whistle.issue_id).exists(),
        "proposed_post": post_name(whistle.proposed_post),
        "approved_at": _local(whistle.approved_at),
        "approve_by": _local(whistle.approve_by),
        "calls": [call_facts(call, running, now) for call in seen.calls],
        "ratings": [rating_facts(rating, seen) for rating in seen.ratings],
        "became": item_name(whistle.became) if whistle.became else "",
        "verbs": [act_facts(offer) for offer in found if not offer.shut],
        "shut": [act_facts(offer) for offer in found if offer.shut],
    }


def row_facts(whistle: Whistle) -> Fact:
    """What a list shows of each whistle."""
    return {
        "number": whistle.number,
        "issue": whistle.issue.number,
        "category": whistle.issue.category.name if whistle.issue.category else "",
        "kind": whistle.kind,
        "kind_name": whistle.get_kind_display(),
        "state": whistle.state,
        "state_name": standing_name(whistle.state),
        "unapproved": whistle.state == Standing.BLOWN and whistle.approved_at is None,
        "meet_at": _local(whistle.meet_at),
        "proposed_at": _local(whistle.proposed_at),
        "blown_at": _local(whistle.blown_at),
        "ended_at": _local(whistle.ended_at),
        "units": [named(call.unit) for call in whistle.calls.all()],
    }


def running_limits(whistle: Whistle) -> dict[str, Clock]:
    """The limits of its calls that run, by their subject."""
    rows = Clock.objects.filter(
        issue=whistle.issue_id,
        stopped_at=None,
        kind__in=Clock.WHISTLES,
        subject__startswith=f"{whistle.subject_key}:",
    )
    return {clock.subject: clock for clock in rows}


def call_facts(call: Call, running: dict[str, Clock], now: datetime) -> Fact:
    """One called unit: what it said, what was decided, until when it owes something."""
    clock = running.get(call.subject)
    return {
        "unit": named(call.unit),
        "lead": call.lead,
        "status": _status(call),
        "answer": call.answer,
        "answered_at": _local(call.answered_at),
        "item": item_name(call.item) if call.item else "",
        "judged": call.judged,
        "judged_at": _local(call.judged_at),
        "arrived_at": _local(call.arrived_at),
        "arrived_roles": call.arrived_roles,
        "waived_at": _local(call.waived_at),
        "waived_reason": call.waived_reason,
        "due_at": _local(clock.due_at) if clock else None,
        "due_words": _left(clock, now) if clock else "",
        "light": _light(clock, now) if clock else "",
    }


def _status(call: Call) -> str:
    """Where the unit stands, in one word."""
    if call.waived_at:
        return _("免应哨")
    if call.judged == Call.Judged.EXCUSED:
        return _("裁定不必到场")
    if call.arrived_at:
        return _("已报到")
    if call.disputed:
        return _("等区级裁定")
    if call.answer:
        return str(call.get_answer_display())
    return _("裁定应当到场，等应哨") if call.judged else _("等应哨")


def _light(clock: Clock, now: datetime) -> str:
    return str(clocks.light(now=now, yellow_at=clock.yellow_at, due_at=clock.due_at))


def _left(clock: Clock, now: datetime) -> str:
    calendars = work_calendars()
    calendar = calendars.get(clock.calendar) or calendars[DEFAULT]
    return words.due_words(
        now=now, due_at=clock.due_at, continuous=clock.continuous, calendar=calendar
    )


def rating_facts(rating: Rating, seen: Around) -> Fact:
    """What one side said of the other; a mark that is not of this side is left out."""
    unit = next(call.unit for call in seen.calls if call.unit_id == rating.unit_id)
    marks = [
        {"name": name, "label": mark_name(name), "mark": getattr(rating, name)}
        for name in MARKS
        if getattr(rating, name) is not None
    ]
    of_unit = rating.of == Rating.Of.UNIT
    said = _("吹哨方评%(unit)s") if of_unit else _("%(unit)s评吹哨方")
    return {
        "of": rating.of,
        "unit": named(unit),
        "title": said % {"unit": unit.name},
        "marks": marks,
    }


def mark_name(name: str) -> str:
    return {
        "speed": _("到场速度"),
        "work": _("处置过程"),
        "result": _("处置结果"),
        "right": _("吹得准不准"),
        "clear": _("说得清不清"),
    }[name]


def act_facts(offer: Offer) -> Fact:
    """An act with what it needs, or why it cannot be used now."""
    return {
        "verb": str(offer.rule.verb),
        "name": act_name(offer.rule.verb),
        "needs": [str(need) for need in offer.rule.needs],
        "why": why_shut(offer.shut),
    }


def whistle_links(issue: str, *, scope: Scope) -> Fact:
    """For an issue's page: its whistles, and how this person may begin another.

    `begins`: the acts by which they may; empty where a whistle runs or it is not theirs.
    """
    found = Issue.objects.visible_to(scope).filter(number=issue).select_related("street").first()
    rules = beginning(scope, found) if found else []
    rows = whistles_over(issue, scope=scope).select_related("issue__category")
    return {
        "whistles": [row_facts(whistle) for whistle in rows],
        "begins": [str(rule.verb) for rule in rules],
        "issue": issue,
    }


def first_facts(scope: Scope) -> list[Fact]:
    """Lines of the home page: what a whistle waits for from this person, at most one a kind.

    Mostly no whistle runs, and one query says so.
    """
    if not Whistle.objects.visible_to(scope).filter(state__in=RUNNING).exists():
        return []
    lines = []
    if scope.roles & UNIT_DESKS:
        owed = list(owed_calls(scope)[:MOST_FIRST])
        silent = [call for call in owed if not call.answer]
        coming = [call for call in owed if call.answer]
        lines += [
            _first(len(silent), _silent_words(len(silent)), _whistle_url(silent)),
            _first(len(coming), _coming_words(len(coming)), _whistle_url(coming)),
        ]
    if scope.roles & LEADING:
        count = unapproved(scope)[:MOST_FIRST].count()
        words = ngettext("%(count)s 个哨等您批准", "%(count)s 个哨等您批准", count)
        lines.append(_first(count, words, reverse("leader")))
    if Role.DISTRICT_DESK in scope.roles:
        count = disputed_calls(scope)[:MOST_FIRST].count()
        words = ngettext(
            "%(count)s 个单位说不归它管，等区级裁定",
            "%(count)s 个单位说不归它管，等区级裁定",
            count,
        )
        lines.append(_first(count, words, reverse("whistle_board")))
    return [line for line in lines if line]


def _first(count: int, said: str, url: str) -> Fact:
    return {"text": said % {"count": count}, "url": url} if count else {}


def _silent_words(count: int) -> str:
    return ngettext("%(count)s 个哨等您的单位应哨", "%(count)s 个哨等您的单位应哨", count)


def _coming_words(count: int) -> str:
    return ngettext("%(count)s 个哨等您的单位报到", "%(count)s 个哨等您的单位报到", count)


def _whistle_url(calls: Sequence[Call]) -> str:
    """The one whistle, or the list where there are more."""
    numbers = {call.whistle.number for call in calls}
    return reverse("whistle", args=[*numbers]) if len(numbers) == 1 else reverse("whistles")


def late_facts(late: Iterable[Late], *, now: datetime) -> list[Fact]:
    """Lines of the board: whose limit is over, by how much."""
    return [
        {
            "number": one.whistle.number,
            "kind_name": one.whistle.get_kind_display(),
            "street": one.whistle.street.name if one.whistle.street else "",
            "unit": one.clock.organization.name if one.clock.organization else "",
            "what": _owes(one.clock.kind),
            "due_at": _local(one.clock.due_at),
            "words": _left(one.clock, now),
        }
        for one in late
    ]


def _owes(kind: str) -> str:
    return {
        Clock.Kind.WHISTLE_ANSWER: _("没有应哨"),
        Clock.Kind.WHISTLE_ARRIVE: _("没有报到"),
        Clock.Kind.WHISTLE_APPROVE: _("没有批准"),
    }[Clock.Kind(kind)]


def disputed_facts(calls: Iterable[Call]) -> list[Fact]:
    """Lines of the board: who says that it is not theirs, by which item."""
    return [
        {
            "number": call.whistle.number,
            "street": call.whistle.street.name if call.whistle.street else "",
            "unit": call.unit.name,
            "item": item_name(call.item) if isinstance(call.item, Responsibility) else "",
            "answered_at": _local(call.answered_at),
        }
        for call in calls
    ]


def count_facts(counts: Iterable[StreetCount]) -> list[Fact]:
    """Whistles per 100 issues, with the mark in words; of streets, never of people."""
    marks = {"low": _("偏低"), "high": _("偏高"), "": ""}
    return [
        {
            "street": count.street.name,
            "whistles": count.whistles,
            "issues": count.issues,
            "per_hundred": count.per_hundred,
            "mark": marks[count.mark],
        }
        for count in counts
    ]


def _local(at: datetime | None) -> datetime | None:
    return timezone.localtime(at) if at else None
