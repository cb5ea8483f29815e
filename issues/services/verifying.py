"""Verifying a public report before it is filed (核实)."""

from issues.services.doing import Given, How, do
from issues.services.ending import end
from issues.services.filing import filed_under
from issues.services.turn import Turn
from issues.workflow import Rule, Verb


def _verify(turn: Turn, rule: Rule, given: Given) -> None:
    """Seen on the spot: to the desk, filed if the verifier knows the matter; else the end.

    A report that was not made by staff is verified before it is filed (DOMAIN.md §2.4).
    """
    issue = turn.issue
    if given.passed:
        if given.category:
            what = filed_under(given.category, given.condition)
            issue.category, issue.condition = what.category, what.condition
            issue.critical = what.condition.critical
        do(turn, rule, given, passed=True)
        return
    # The contact is erased 30 days after this, as after every other end.
    end(turn, rule, given, passed=False)


HOW: dict[Verb, How] = {Verb.VERIFY: _verify}
