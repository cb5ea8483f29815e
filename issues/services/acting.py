"""At night the leader on duty acts first; in the morning another person signs."""

from datetime import datetime, time, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from issues.models import Deviation, Return
from issues.services.checking import find_checker
from issues.services.deciding import close_return
from issues.services.doing import Given, How, do
from issues.services.outcomes import note_visit, say_outcome, settle
from issues.services.turn import Turn
from issues.workflow import AT_DESK, ClockAct, Rule, State, Verb
from partyorgs.models import Organization
from partyorgs.queries import calendar_code_of, desk_of
from worktime.arithmetic import WorkCalendar
from worktime.queries import work_calendar

NOON = time(12)
LONGEST_HOLIDAY = 30  # days


def _act_first(turn: Turn, rule: Rule, given: Given) -> None:
    """The leader on duty did it, whoever had the issue; a check follows as of any work.

    What waited at a desk, or was sent back and not yet decided, is the street's
    desk's from now on. Another act before the first is signed is signed with it.
    """
    issue = turn.issue
    facts = say_outcome(turn, given) | note_visit(turn, given)
    issue.handled_at, issue.checked_at = turn.now, None
    desk = _take(turn)
    clocks = rule.clocks
    if issue.countersign_by is None:
        calendar = work_calendar(calendar_code_of(desk or issue.unit))
        issue.countersign_by = next_noon(turn.now, calendar)
    else:
        clocks = tuple(act for act in clocks if act != ClockAct.START_COUNTERSIGN)
    facts["countersign_by"] = issue.countersign_by.isoformat()
    turn.apply(
        rule,
        to=State.HANDLED,
        clock_acts=[ClockAct(act) for act in clocks],
        facts=facts,
        text=given.note,
        unit=issue.unit,
    )
    turn.deviate(Deviation.Kind.ACTED_FIRST)
    close_return(turn, how=Return.How.DESK, sent_to=desk)
    find_checker(turn)


def _take(turn: Turn) -> Organization | None:
    """Give the desk what no unit has; the desk, None where a unit goes on having it."""
    issue = turn.issue
    if issue.state not in AT_DESK | {State.RETURNED}:
        return None
    desk = issue.unit if issue.state in AT_DESK else None
    desk = desk or desk_of(area=issue.street) or desk_of(area=issue.district)
    if desk is None:
        raise ValidationError({"note": _("这里还没有值守台，请联系管理员。")})
    turn.send_to(unit=desk, doer=None)
    return desk


def next_noon(at: datetime, calendar: WorkCalendar) -> datetime:
    """Noon of the working day whose morning comes next after that instant.

    Before the work of a working day begins it is that same day.
    """
    today = at.astimezone(calendar.zone).date()
    for days in range(LONGEST_HOLIDAY):
        day = today + timedelta(days=days)
        morning = datetime.combine(day, time(), calendar.zone)
        begun = calendar.working_time_between(morning, at) > timedelta() if not days else False
        if calendar.day(day).works and not begun:
            noon = datetime.combine(day, NOON, calendar.zone)
            if noon > at:
                return noon
    raise ValueError("no working day within a month")


def _countersign(turn: Turn, rule: Rule, given: Given) -> None:
    """Another person has seen what was done and stands for it too."""
    do(turn, rule, given)
    turn.issue.countersign_by = None
    settle(turn.issue, Deviation.Kind.ACTED_FIRST, now=turn.now)


HOW: dict[Verb, How] = {Verb.ACT_FIRST: _act_first, Verb.COUNTERSIGN: _countersign}
