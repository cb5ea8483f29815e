"""Raising an issue: community, street, district; one number and one timeline throughout."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from issues.dispatch import desk_above
from issues.models import Return
from issues.services.deciding import close_return
from issues.services.doing import Given, How, coded
from issues.services.sending import send_by_hand
from issues.services.turn import Turn
from issues.workflow import RULES, Rule, State, Verb
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


def refer_for_power(turn: Turn, *, level: str) -> bool:
    """赋权: what the unit has no power for goes to the level above `level` that has it.

    By itself, in the turn of the return; False where nobody stands above, and a
    dispatcher must decide. The first level that the responsibility list names for
    the leaf, else the next (DOMAIN.md §4.4, issue text "Returns").
    """
    issue = turn.issue
    desk = desk_above(issue, level=level, at=turn.now, listed=True)
    if desk is None:
        return False
    because = {"code": "to_power", "doer": issue.unit.name if issue.unit else ""}
    send_by_hand(
        turn, rule=RULES[Verb.REFER_UP], unit=desk, because=because,
        by_rule=True, from_level=level, to_level=desk.area.level if desk.area else "",
    )  # fmt: skip
    issue.raised_to = issue.level
    close_return(turn, how=Return.How.REFERRED, sent_to=desk)
    return True


def _refer_up(turn: Turn, rule: Rule, given: Given) -> None:
    """To the desk of the next level, with a reason; what waited for dispatch is handled now."""
    issue, before = turn.issue, turn.issue.level
    desk = desk_above(issue, level=before, at=turn.now)
    if desk is None:
        raise ValidationError({"reason": _("上一级还没有值守台，请联系管理员登记后再上报。")})
    code, text = coded(rule, given)
    waits = issue.state == State.PENDING_DISPATCH
    send_by_hand(
        turn, rule=rule, unit=desk, text=text, reason=code, because={"code": "referred_up"},
        acts=RULES[Verb.DISPATCH].clocks if waits else None,
        from_level=before, to_level=desk.area.level if desk.area else "",
    )  # fmt: skip
    issue.raised_to = issue.level
    close_return(turn, how=Return.How.REFERRED, sent_to=desk)


HOW: dict[Verb, How] = {Verb.REFER_UP: _refer_up}
