"""Raising an issue one level: community, street, district."""

from issues.services.turn import Turn
from issues.workflow import RULES, State, Verb
from partyorgs.models import Level

UP = {
    Level.COMMUNITY: Level.STREET,
    Level.STREET: Level.DISTRICT,
    Level.DISTRICT: Level.DISTRICT,
}


def raise_level(turn: Turn, *, because: str) -> None:
    """Raise the issue one level within a turn; the desk above is told.

    `because` is a key of the reasons that the timeline shows. At the district
    nobody stands above: its desk is told all the same.
    """
    issue = turn.issue
    before = Level(issue.level or Level.STREET)
    issue.level = issue.raised_to = UP[before]
    turn.apply(
        RULES[Verb.RAISE],
        to=State(issue.state),
        facts={"by_rule": True, "from_level": before, "to_level": UP[before], "because": because},
        unit=issue.unit,
    )
