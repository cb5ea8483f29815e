"""我也遇到: somebody met the same problem and joins the report instead of sending another."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from issues.models import Joining
from issues.services.doing import Given, How, do
from issues.services.telling import others_who_reported
from issues.services.turn import Turn
from issues.workflow import Rule, Verb


def _join(turn: Turn, rule: Rule, given: Given) -> None:
    """Join once; whoever joined is told of the result as the reporter is.

    ValidationError {"note": …} where this person joined already, or sent a report
    that was merged into this one.
    """
    if turn.scope is None:
        raise ValueError("a person joins, nothing does it by itself")
    user = turn.scope.user
    if user.pk in {one.user for one in others_who_reported(turn.issue)}:
        raise ValidationError({"note": _("您已经加入过这个问题，有结果会告诉您。")})
    Joining.objects.create(issue=turn.issue, user=user, at=turn.now)
    do(turn, rule, given)


HOW: dict[Verb, How] = {Verb.JOIN: _join}
