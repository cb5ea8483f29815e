"""What a unit asks for and a deputy decides: extension, suspension, appeal (DOMAIN.md §4.3).

An extension comes before due, at most twice, each at most the original limit; a
suspension once, for a year at most; an appeal once, after closing, and it exempts
the statistics, never the recorded fact. Nothing of it passes by itself.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from issues.clocks import Limit
from issues.models import Clock, Event, Issue, Request
from issues.rules import workers_on
from issues.services.deputies import Deputy, last_deputy, next_deputy
from issues.services.doing import Given, How, do
from issues.services.timing import Timing
from issues.services.turn import Turn
from issues.who import waiting_request
from issues.workflow import (
    LONGEST_SUSPENSION,
    RULES,
    Asked,
    ClockAct,
    Rule,
    State,
    Verb,
)
from partyorgs.queries import calendar_code_of

HOUR = 60
DAY = 480  # working minutes between two reminders of the last deputy
APPROVER = "approver"
# How each decision leaves the request.
DECIDED = {
    Verb.EXTEND: Request.State.GRANTED,
    Verb.SUSPEND: Request.State.GRANTED,
    Verb.EXEMPT: Request.State.GRANTED,
    Verb.REFUSE: Request.State.REFUSED,
    Verb.WITHDRAW: Request.State.WITHDRAWN,
}


def _ask_extension(turn: Turn, rule: Rule, given: Given) -> None:
    """So many working hours more, at most the original limit (DOMAIN.md §4.3)."""
    minutes = (given.hours or 0) * HOUR
    most = turn.issue.condition.minutes if turn.issue.condition else 0
    if minutes <= 0:
        raise ValidationError({"hours": _("请写明要延长几个工作小时，至少 1 小时。")})
    if minutes > most:
        raise ValidationError(
            {
                "hours": _("一次最多延长原来的时限（%(hours)s 个工作小时），请改小。")
                % {"hours": f"{most / HOUR:g}"}
            }
        )
    _ask(turn, rule, given, Asked.EXTENSION, minutes=minutes)


def _ask_suspension(turn: Turn, rule: Rule, given: Given) -> None:
    """To the end of a day within a year; the day before is the last that it sleeps through."""
    today = timezone.localdate(turn.now)
    until = given.until
    if until is None or until <= today:
        raise ValidationError({"until": _("挂账截止日期要在今天以后，请重新选择。")})
    if until > today + timedelta(days=LONGEST_SUSPENSION):
        raise ValidationError({"until": _("挂账最长一年，请选早一些的日期。")})
    _ask(turn, rule, given, Asked.SUSPENSION, until=end_of(until))


def _appeal(turn: Turn, rule: Rule, given: Given) -> None:
    """Asked once: a refused appeal does not come back."""
    turn.issue.appealed = True
    _ask(turn, rule, given, Asked.APPEAL)


def end_of(day: date) -> datetime:
    """The midnight that ends a day in Shanghai, in UTC: ranges are half-open."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time())).astimezone(UTC)


def _ask(
    turn: Turn,
    rule: Rule,
    given: Given,
    kind: Asked,
    *,
    minutes: int | None = None,
    until: datetime | None = None,
) -> None:
    issue, scope, seat = turn.issue, turn.scope, turn.seat
    if scope is None or seat is None or issue.unit is None:
        raise ValueError("a request is asked by a person for the unit that has the issue")
    barred = _barred(issue, kind, scope.persons)
    deputy = next_deputy(issue, applicants=barred, at=turn.now)
    deputy = deputy or last_deputy(issue, applicants=barred, at=turn.now)
    facts: dict[str, Any] = {"deputy": deputy.key} | _alone(deputy)
    if minutes is not None:
        facts["minutes"] = minutes
    if until is not None:
        facts["until"] = until.isoformat()
    issue.asked = kind
    do(turn, rule, given, **facts)
    turn.told[APPROVER] = deputy.people
    Request.objects.create(
        issue=issue,
        kind=kind,
        applicant=scope.user,
        unit=issue.unit,
        asked_at=turn.now,
        seq=turn.events[-1].seq,
        minutes=minutes,
        until=until,
        deputy=deputy.key,
        asked_users=sorted(deputy.users),
    )


def _decide(turn: Turn, rule: Rule, given: Given, **facts: Any) -> None:
    """The answer to what was asked, kept with whoever gave it."""
    request = _waiting(turn.issue)
    request.state = DECIDED[rule.verb]
    request.decided_at = turn.now
    request.decided_by = turn.scope.user if turn.scope else None
    request.save(update_fields=["state", "decided_at", "decided_by"])
    turn.issue.asked = ""
    do(turn, rule, given, asked=request.kind, **facts)


def _extend(turn: Turn, rule: Rule, given: Given) -> None:
    """The limit runs out so much later than it did."""
    issue, request = turn.issue, _waiting(turn.issue)
    turn.extra = request.minutes or 0
    before = issue.due_at or turn.now
    code = calendar_code_of(issue.unit)
    whole = Timing().calendar(code).add_working_minutes(before, turn.extra)
    # Silent deputies can take longer than was asked for: then it was late all the same.
    if whole <= turn.now:
        issue.note_late()
    issue.extensions += 1
    clock = _coming(turn, ClockAct.EXTEND)
    times = {"from": before.isoformat(), "to": clock.due_at.isoformat()}
    _decide(turn, rule, given, minutes=turn.extra, **times)


def _suspend(turn: Turn, rule: Rule, given: Given) -> None:
    """The issue sleeps until the day that was asked for; its clock is held still."""
    issue, request = turn.issue, _waiting(turn.issue)
    until = request.until
    if until is None or until <= turn.now:
        raise ValidationError(
            {"until": _("申请的挂账日期已经过去，不能再同意。请选“不同意申请”，让单位重新申请。")}
        )
    issue.suspended_until = until
    issue.suspensions += 1
    _decide(turn, rule, given, until=until.isoformat())


def _exempt(turn: Turn, rule: Rule, given: Given) -> None:
    """The statistics leave it out; that it was late stays on record."""
    turn.issue.exempt = True
    _decide(turn, rule, given)


def _resume(turn: Turn, rule: Rule, given: Given) -> None:
    clock = _coming(turn, ClockAct.RESUME)
    turn.issue.suspended_until = None
    do(turn, rule, given, minutes=clock.granted_minutes, to=clock.due_at.isoformat())


def wake(*, issue: Issue, now: datetime) -> Issue:
    """End a suspension whose day has come; the limit goes on with exactly what was left.

    The caller holds the issue's row lock and knows that it is suspended.
    """
    turn = Turn(issue, scope=None, seat=None, now=now)
    clock = _coming(turn, ClockAct.RESUME)
    issue.suspended_until = None
    turn.apply(
        RULES[Verb.WAKE],
        to=State.HANDLING,
        unit=issue.unit,
        facts={
            "by_rule": True,
            "minutes": clock.granted_minutes,
            "to": clock.due_at.isoformat(),
        },
    )
    return turn.save()


def pass_on(*, issue: Issue, now: datetime) -> Issue:
    """Four working hours of silence: the next deputy is asked besides (the issue's "Approvals").

    After the last one the request stays there, and whoever holds that post by now
    is reminded once a working day. The caller holds the issue's row lock and
    knows that a request waits.
    """
    request, turn = _waiting(issue), Turn(issue, scope=None, seat=None, now=now)
    applicants = _barred(issue, Asked(request.kind), _applicants(request))
    found = next_deputy(
        issue, applicants=applicants, at=now, after=request.deputy, asked=request.asked_users
    )
    deputy = found or last_deputy(issue, applicants=applicants, at=now)
    _tell_deputy(turn, deputy, again=found is None)
    request.deputy = deputy.key
    request.asked_users = sorted({*request.asked_users, *deputy.users})
    request.save(update_fields=["deputy", "asked_users"])
    return turn.save()


def _tell_deputy(turn: Turn, deputy: Deputy, *, again: bool) -> None:
    """Ask this deputy; `again`: nobody comes after them, so that a day may pass."""
    rule, issue = RULES[Verb.NEXT_DEPUTY], turn.issue
    facts: dict[str, Any] = {"by_rule": True, "deputy": deputy.key, "asked": issue.asked}
    facts |= _alone(deputy)
    acts = [ClockAct(act) for act in rule.clocks]
    if again and issue.unit is not None:
        acts = [ClockAct.APPROVED]
        day = Limit(DAY, continuous=False)
        turn.start_limit(Clock.Kind.APPROVE, unit=issue.unit, limit=day, subject="")
        facts["again"] = True
    turn.apply(rule, to=State(issue.state), clock_acts=acts, facts=facts, unit=issue.unit)
    turn.told[APPROVER] = deputy.people


def _alone(deputy: Deputy) -> dict[str, bool]:
    """That nobody is there who may decide, as a fact: the timeline must not say they were asked."""
    return {} if deputy.people else {"nobody": True}


def _applicants(request: Request) -> frozenset[int]:
    """Who asked, and the absent person in whose post they did."""
    asked = Event.objects.filter(issue=request.issue_id, seq=request.seq)
    holders = asked.values_list("post__user_id", flat=True)
    return frozenset({request.applicant_id, *(user for user in holders if user)})


def _barred(issue: Issue, kind: Asked, applicants: frozenset[int]) -> frozenset[int]:
    """Who is not asked: the applicants; about an appeal neither whoever did the late work."""
    return applicants | workers_on(issue) if kind is Asked.APPEAL else applicants


def _coming(turn: Turn, act: ClockAct) -> Clock:
    """The handling clock as the turn will start it, for what the timeline says of it."""
    issue, extra = turn.issue, turn.extra
    return Timing().start(
        issue, Clock.Kind.HANDLE, at=turn.now, unit=issue.unit, act=act, extra=extra
    )


def _waiting(issue: Issue) -> Request:
    """The request that waits; the rule book has seen that one does."""
    request = waiting_request(issue)
    if request is None:
        raise ValueError(f"{issue.number} says that a request waits, but none does")
    return request


HOW: dict[Verb, How] = {
    Verb.ASK_EXTENSION: _ask_extension,
    Verb.ASK_SUSPENSION: _ask_suspension,
    Verb.APPEAL: _appeal,
    Verb.EXTEND: _extend,
    Verb.SUSPEND: _suspend,
    Verb.EXEMPT: _exempt,
    Verb.REFUSE: _decide,
    Verb.WITHDRAW: _decide,
    Verb.RESUME: _resume,
}
