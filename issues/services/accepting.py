"""Accepting a report and filing it under a matter."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from issues.dispatch import position_of, route
from issues.services.doing import Given, How, coded
from issues.services.filing import filed_under, more_urgent
from issues.services.sending import send_by_rule
from issues.services.turn import Turn
from issues.workflow import Rule, State, Verb


def _accept(turn: Turn, rule: Rule, given: Given) -> None:
    """File the report under a category, then let the responsibility list send it."""
    issue = turn.issue
    if given.category:
        what = filed_under(given.category, given.condition)
        issue.category, issue.condition = what.category, what.condition
        issue.critical = what.condition.critical
    if issue.category is None:
        raise ValidationError({"category": _("请先选择事项类别。")})
    turn.apply(rule, to=State.PENDING_DISPATCH, text=given.note)
    where = position_of(issue)
    found = route(category=issue.category, place=where, at=turn.now)
    send_by_rule(turn, found=found, where=where)


def _raise_urgency(turn: Turn, rule: Rule, given: Given) -> None:
    """File the issue under a more urgent condition; its clock starts anew from now."""
    issue = turn.issue
    if issue.category is None and not given.category:
        raise ValidationError({"category": _("请先选择事项类别。")})
    leaf = given.category or (issue.category.code if issue.category else "")
    what = filed_under(leaf, given.condition)
    if not more_urgent(what.condition, than=issue.condition):
        raise ValidationError({"condition": _("这种情形不比现在更紧急，请另选一种。")})
    before = issue.condition.code if issue.condition else ""
    issue.category, issue.condition = what.category, what.condition
    issue.critical = what.condition.critical
    code, text = coded(rule, given)
    facts = {"from_condition": before, "to_condition": what.condition.code}
    if code:
        facts["reason"] = code
    turn.apply(rule, to=State(issue.state), facts=facts, text=text, unit=issue.unit)


HOW: dict[Verb, How] = {Verb.ACCEPT: _accept, Verb.RAISE_URGENCY: _raise_urgency}
