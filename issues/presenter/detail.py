"""One issue as its page and the API show it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from grid.models import Area, Cell
from issues import clocks
from issues.models import Attachment, Clock, Event, Issue
from issues.presenter import words
from issues.rules import allowed, may_see_contact, may_see_photo
from issues.services.doing import REASONS
from issues.services.turn import Turn
from issues.workflow import Need, Outcome, Rule
from partyorgs.models import Organization
from partyorgs.rules import Scope
from worktime.arithmetic import WorkCalendar
from worktime.explaining import due_explanation
from worktime.models import DEFAULT
from worktime.queries import work_calendars

Fact = dict[str, Any]


def issue_facts(issue: Issue, *, scope: Scope, now: datetime, turn: Turn | None = None) -> Fact:
    """Everything about one issue; the caller has read it through `visible_to`.

    `turn`: the one that has just made the issue, so that its clock and events
    need not be read back.
    """
    events = turn.events if turn else _dispatch_events(issue)
    return {
        "number": issue.number,
        "state": issue.state,
        "state_name": words.state_name(issue.state),
        "version": issue.version,
        **_what(issue),
        **_where(issue),
        **_who(issue),
        **_progress(issue),
        **_time(issue, running=turn.clock if turn else _running(issue), now=now),
        "verbs": [verb_facts(rule) for rule in allowed(scope, issue)],
        "dispatch_reasons": dispatch_reasons(events),
        "attachments": [
            photo_facts(photo)
            for photo in (turn.photos if turn else issue.attachments.all())
            if may_see_photo(scope, issue, photo)
        ],
        "contact": _contact(issue, scope),
    }


def _what(issue: Issue) -> Fact:
    return {
        "source": issue.source,
        "source_name": issue.get_source_display(),
        "critical": issue.critical,
        "category": _matter(issue.category),
        "condition": _matter(issue.condition),
        "limit": _limit(issue),
        "description": issue.description,
    }


def _where(issue: Issue) -> Fact:
    return {
        "lat": issue.lat,
        "lng": issue.lng,
        "place": issue.place_text,
        "cell": named(issue.cell),
        "community": named(issue.community),
        "street": named(issue.street),
        "district": named(issue.district),
    }


def _who(issue: Issue) -> Fact:
    return {
        "level": issue.level,
        "level_name": words.level_name(issue.level),
        "owner": named(issue.owner),
        "unit": named(issue.unit),
        "unit_phone": issue.unit.phone if issue.unit else "",
        "doer": named(issue.doer),
        "on_behalf": issue.doer_id is not None and issue.doer_id != issue.unit_id,
    }


def _progress(issue: Issue) -> Fact:
    return {
        "outcome": issue.outcome,
        "outcome_name": words.outcome_name(issue.outcome),
        "checked": issue.checked_at is not None,
        "returns": issue.returns,
        "reworks": issue.reworks,
        "created_at": timezone.localtime(issue.created_at),
        "handled_at": _local(issue.handled_at),
        "closed_at": _local(issue.closed_at),
    }


def _time(issue: Issue, *, running: Clock | None, now: datetime) -> Fact:
    light = clocks.light(now=now, yellow_at=issue.yellow_at, due_at=issue.due_at)
    return {
        "due_at": _local(issue.due_at),
        "due_words": words.due_words(
            now=now,
            due_at=issue.due_at,
            continuous=running.continuous if running else issue.critical,
            calendar=_calendar(work_calendars(), running.calendar if running else DEFAULT),
        ),
        "provisional": bool(running and running.provisional),
        "clock": running.kind if running else "",
        "light": str(light),
        "light_name": words.light_name(light),
        "escalated": issue.escalated,
        "raised_to": issue.raised_to,
        "answer_due_at": _local(issue.answer_due_at),
        "called": issue.called_at is not None,
    }


def _calendar(calendars: Mapping[str, WorkCalendar], code: str) -> WorkCalendar:
    """The calendar of a clock; one that is gone has left its clocks to the default."""
    return calendars.get(code) or calendars[DEFAULT]


def _local(at: datetime | None) -> datetime | None:
    return timezone.localtime(at) if at else None


def named(thing: Area | Cell | Organization | None) -> Fact | None:
    """{code, name}, the shape in which the API names things."""
    return {"code": thing.code, "name": thing.name} if thing else None


def _matter(thing: Any) -> Fact | None:
    return {"code": thing.code, "name": thing.name} if thing else None


def _limit(issue: Issue) -> str:
    if issue.condition is None:
        return ""
    return words.limit_words(issue.condition.minutes, continuous=issue.condition.critical)


def verb_facts(rule: Rule) -> Fact:
    """A verb with what it needs and the choices it offers."""
    return {
        "verb": str(rule.verb),
        "name": words.verb_name(rule.verb),
        "needs": [str(need) for need in rule.needs],
        "reasons": [
            {"code": code, "name": words.reason_name(code)} for code in REASONS.get(rule.verb, ())
        ],
        "outcomes": [{"code": str(code), "name": words.outcome_name(code)} for code in Outcome]
        if Need.OUTCOME in rule.needs
        else [],
    }


def _running(issue: Issue) -> Clock | None:
    if not issue.is_open:
        return None
    return issue.clocks.filter(stopped_at=None, kind__in=Clock.MAIN).first()


def _dispatch_events(issue: Issue) -> Iterable[Event]:
    verbs = ["report", "accept", "dispatch", "redispatch"]
    return issue.events.filter(verb__in=verbs).order_by("seq")


def dispatch_reasons(events: Iterable[Event]) -> list[str]:
    """Why the issue is where it is: the reasons of its report and of its latest dispatch."""
    latest: dict[str, list[Fact]] = {}
    for event in events:
        if reasons := event.facts.get("reasons"):
            latest["where" if event.verb == "report" else "who"] = reasons
    return [words.sentence(reason) for part in ("where", "who") for reason in latest.get(part, [])]


def photo_facts(photo: Attachment) -> Fact:
    return {
        "id": str(photo.public_id),
        "verb": photo.verb,
        "verb_name": words.verb_name(photo.verb) if photo.verb else "",
        "width": photo.width,
        "height": photo.height,
    }


def _contact(issue: Issue, scope: Scope) -> Fact | None:
    """How the reporter may be reached, masked, for those who may reveal it; else nothing."""
    contact = issue.contact
    if contact is None or not may_see_contact(scope, issue):
        return None
    return {
        "phone": contact.masked_phone,
        "agreed": contact.agreed_words,
        "erased": contact.erased_at is not None,
    }


def clock_facts(issue: Issue, *, now: datetime) -> list[Fact]:
    """Every clock that ran or runs: kind, limit, due time, why it is due then, how it ended."""
    calendars = work_calendars()
    return [_clock(clock, now, calendars) for clock in issue.clocks.all()]


def _clock(clock: Clock, now: datetime, calendars: Mapping[str, WorkCalendar]) -> Fact:
    end = clock.stopped_at or now
    light = clocks.light(now=end, yellow_at=clock.yellow_at, due_at=clock.due_at)
    runs = clock.stopped_at is None
    calendar = _calendar(calendars, clock.calendar)
    return {
        "kind": clock.kind,
        "kind_name": clock.get_kind_display(),
        "main": clock.kind in Clock.MAIN,
        "limit": words.limit_words(clock.granted_minutes, continuous=clock.continuous),
        "whole": words.limit_words(clock.limit_minutes, continuous=clock.continuous)
        if clock.granted_minutes != clock.limit_minutes
        else "",
        "started_at": timezone.localtime(clock.started_at),
        "due_at": timezone.localtime(clock.due_at),
        "stopped_at": _local(clock.stopped_at),
        "next_at": _local(clock.next_at) if runs and not clock.parked_at else None,
        "parked": runs and clock.parked_at is not None,
        "late": end >= clock.due_at,
        "light": str(light),
        "light_name": words.light_name(light),
        "provisional": clock.provisional,
        "words": words.due_words(
            now=end, due_at=clock.due_at, continuous=clock.continuous, calendar=calendar
        ),
        "why": _why(clock, calendar) if runs else [],
    }


def _why(clock: Clock, calendar: WorkCalendar) -> list[str]:
    """The due time explained; after a change of the calendar only once it is reckoned anew."""
    limit = clocks.Limit(clock.granted_minutes, clock.continuous)
    if clocks.start(limit, at=clock.started_at, calendar=calendar).due_at != clock.due_at:
        return [_("工作日历刚改过，到期时间会在几分钟内重新计算。")]
    return due_explanation(
        calendar=calendar,
        start=clock.started_at,
        minutes=clock.granted_minutes,
        continuous=clock.continuous,
    )
