"""Where nobody at this level may check: the check climbs, and in the end lapses on record."""

from dataclasses import replace
from datetime import datetime

from issues.models import Clock, Deviation, Issue, SampleRule
from issues.services.checkers import level_of
from issues.services.doing import Given
from issues.services.ending import end
from issues.services.sampling import sample
from issues.services.turn import Turn
from issues.workflow import RULES, State, Verb

# What cannot lapse goes to the district's desk again, and waits for a person.
TO_DISTRICT = replace(RULES[Verb.ESCALATE], tells=("district_desk",))


def climb(turn: Turn) -> None:
    """The check goes one level up within a turn; the district's desk is told.

    The issue stays handled and at its level: only who looks at it changes. From
    now on the limit of such a check runs, three working days.
    """
    turn.apply(
        RULES[Verb.CLIMB],
        to=State(turn.issue.state),
        facts={"by_rule": True},
        unit=turn.issue.unit,
    )
    turn.deviate(Deviation.Kind.CLIMBED)


def look_again(*, issue: Issue, now: datetime) -> Issue:
    """The check climbs after all where by now nobody at its level may do it, or may close.

    Posts end and people go on leave while a check waits. The caller holds the
    issue's row lock and knows that its check is late.
    """
    turn = Turn(issue, scope=None, seat=None, now=now)
    level = level_of(turn)
    if level.close if issue.checked_at else level.check:
        return issue
    climb(turn)
    return turn.save()


def has_climbed(issue: Issue) -> bool:
    """Whether its check waits one level up."""
    return issue.clocks.filter(kind=Clock.Kind.CLIMBED, stopped_at=None).exists()


def lapse(*, issue: Issue, now: datetime) -> Issue:
    """What comes of a check that climbed and that nobody did in its time.

    The caller holds the issue's row lock and knows that it waits for such a check.
    It never passes by itself: an uncritical one ends unchecked (未核查结案), keeps
    its outcome, stands on the list of exceptions and is sampled. What is critical,
    has an open part, only waits for its closing or came by the hotline does not end
    so: the district's desk is told, the limit stays as it is, and its ladder goes on.
    """
    turn = Turn(issue, scope=None, seat=None, now=now)
    if may_lapse(issue):
        end(turn, RULES[Verb.LAPSE], Given(), by_rule=True)
        turn.deviate(Deviation.Kind.UNCHECKED)
        sample(turn, SampleRule.Of.UNCHECKED)
    else:
        turn.apply(
            TO_DISTRICT,
            to=State(issue.state),
            facts={"by_rule": True, "clock": Clock.Kind.CLIMBED},
            unit=issue.unit,
        )
    return turn.save()


def may_lapse(issue: Issue) -> bool:
    """Whether the check of this issue can lapse at all; a hotline ticket ends by its call-back."""
    hotline = issue.source == Issue.Source.HOTLINE
    return not (issue.critical or issue.open_parts or issue.checked_at or hotline)
