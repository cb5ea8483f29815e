"""One issue as its page and the API show it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from grid.models import Area, Cell
from issues import clocks
from issues.gates import why_shut
from issues.models import Assignment, Attachment, CallBack, Clock, Event, Issue
from issues.presenter import words
from issues.presenter.asking import asked_facts
from issues.presenter.callback import call_back_facts
from issues.presenter.links import link_facts, no_links
from issues.presenter.steps import must_visit
from issues.rules import Offer, may_see_contact, may_see_photo, offers
from issues.services.doing import REASONS
from issues.services.turn import Turn
from issues.workflow import HANDLED_AS, Need, Outcome, Rule, Verb, Way
from partyorgs.models import Organization
from partyorgs.rules import Scope
from worktime.arithmetic import WorkCalendar
from worktime.explaining import due_explanation
from worktime.models import DEFAULT
from worktime.queries import work_calendars

Fact = dict[str, Any]


def issue_facts(
    issue: Issue,
    *,
    scope: Scope,
    now: datetime,
    turn: Turn | None = None,
    events: Iterable[Event] | None = None,
) -> Fact:
    """Everything about one issue; the caller has read it through `visible_to`.

    `turn`: the one that has just made the issue, so that its clock and events
    need not be read back. `events`: those that tell why it is where it is, where
    the caller has no use for that or knows them.
    """
    if events is None:
        events = turn.events if turn else _dispatch_events(issue)
    found = list(offers(scope, issue))
    return {
        "number": issue.number,
        "state": issue.state,
        "state_name": words.state_name(issue.state),
        "version": issue.version,
        **_what(issue),
        **_where(issue),
        **_who(issue),
        **_progress(issue),
        **_ways(issue),
        **_time(issue, running=turn.clock if turn else _running(issue), now=now),
        "verbs": [verb_facts(offer.rule, issue) for offer in found if not offer.shut],
        "shut": [shut_facts(offer) for offer in found if offer.shut],
        "dispatch_reasons": dispatch_reasons(events),
        "attachments": [
            photo_facts(photo)
            for photo in (turn.photos if turn else issue.attachments.all())
            if may_see_photo(scope, issue, photo)
        ],
        "contact": _contact(issue, scope),
        "call_back": call_back_facts(issue, scope),
        "links": no_links() if turn else link_facts(issue, scope),
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


def _ways(issue: Issue) -> Fact:
    """What left the straight road: requests, suspension, judgement, helpers, another cell."""
    return {
        "judged": issue.judged,
        "asked": issue.asked,
        "request": asked_facts(issue),
        "extensions": issue.extensions,
        "suspended_until": _local(issue.suspended_until),
        "planned_for": issue.planned_for,
        "was_late": issue.was_late,
        "exempt": issue.exempt,
        "must_visit": must_visit(issue),
        "sampled": issue.sampled,
        "countersign_by": _local(issue.countersign_by),
        "open_parts": issue.open_parts,
        "parts": part_facts(issue),
        "also_cell": named(issue.also_cell),
        "external_number": issue.external_number,
    }


def part_facts(issue: Issue) -> list[Fact]:
    """What helpers were asked to do and whether they did it; dropped parts are left out."""
    parts = issue.assignments.filter(role=Assignment.Role.HELPER).exclude(part="")
    kept = parts.filter(Q(ended_at=None) | Q(done_at__isnull=False)).select_related("unit")
    return [
        {
            "id": part.pk,
            "unit": named(part.unit),
            "part": part.part,
            "done_at": _local(part.done_at),
        }
        for part in kept.order_by("pk")
    ]


def _time(issue: Issue, *, running: Clock | None, now: datetime) -> Fact:
    light = clocks.light(now=now, yellow_at=issue.yellow_at, due_at=issue.due_at)
    if issue.suspended_until:
        light, said = clocks.Light.NONE, words.sleeping_words(issue.suspended_until)
    else:
        said = words.due_words(
            now=now,
            due_at=issue.due_at,
            continuous=running.continuous if running else issue.critical,
            calendar=_calendar(work_calendars(), running.calendar if running else DEFAULT),
        )
    return {
        "due_at": _local(issue.due_at),
        "due_words": said,
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


def verb_facts(rule: Rule, issue: Issue) -> Fact:
    """A verb with what it needs and the choices it offers."""
    needs = rule.needs
    again = rule.verb is Verb.RECLASSIFY
    outcomes = [one for one in HANDLED_AS if not (again and one is Outcome.OTHER)]
    ways = [Way.ON_SITE] if must_visit(issue) else list(Way)
    return {
        "verb": str(rule.verb),
        "name": words.verb_name(rule.verb),
        "needs": [str(need) for need in needs],
        "reasons": [
            {"code": code, "name": words.reason_name(code)} for code in REASONS.get(rule.verb, ())
        ],
        "outcomes": _choices(outcomes, words.outcome_name) if Need.OUTCOME in needs else [],
        "ways": _choices(ways, words.way_name) if Need.WAY in needs else [],
        "satisfactions": [
            {"code": code, "name": str(name)} for code, name in CallBack.Satisfaction.choices
        ]
        if Need.VALID in needs
        else [],
    }


def _choices(codes: Iterable[str], name: Callable[[str], str]) -> list[Fact]:
    return [{"code": str(code), "name": name(code)} for code in codes]


def shut_facts(offer: Offer) -> Fact:
    """A verb that is this person's, but grey now, and why."""
    verb = offer.rule.verb
    return {"verb": str(verb), "name": words.verb_name(verb), "why": why_shut(offer.shut)}


def _running(issue: Issue) -> Clock | None:
    if not issue.is_open:
        return None
    running = (clock for clock in issue.clocks.all() if clock.stopped_at is None)
    return next((clock for clock in running if clock.kind in Clock.MAIN), None)


def _dispatch_events(issue: Issue) -> Iterable[Event]:
    verbs = [str(verb) for verb in (Verb.REPORT, *words.SENDING)]
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
    return [_clock(clock, issue, now, calendars) for clock in issue.clocks.all()]


def _clock(
    clock: Clock, issue: Issue, now: datetime, calendars: Mapping[str, WorkCalendar]
) -> Fact:
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
        "paused": _paused(clock) if runs else "",
        "granted_for": _granted_for(clock, issue),
        "next_at": _local(clock.next_at)
        if runs and not clock.parked_at and not clock.paused_at
        else None,
        "parked": runs and clock.parked_at is not None,
        "late": end >= clock.due_at,
        "light": str(light),
        "light_name": words.light_name(light),
        "provisional": clock.provisional,
        "words": words.due_words(
            now=end, due_at=clock.due_at, continuous=clock.continuous, calendar=calendar
        ),
        "why": _why(clock, calendar) if runs and not clock.paused_at else [],
    }


def _paused(clock: Clock) -> str:
    """That the clock is held still, and until when."""
    return words.sleeping_words(clock.next_at) if clock.paused_at and clock.next_at else ""


def _granted_for(clock: Clock, issue: Issue) -> str:
    """Why the time given is another than the whole limit."""
    if clock.granted_minutes > clock.limit_minutes:
        return _("延期后给的时间")
    if not (issue.extensions or issue.suspensions):
        return _("返工后给的时间")
    return _("返工、延期或恢复后剩下的时间")


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
