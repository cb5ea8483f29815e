"""Feedback to the hotline, and what the reporter says of the result (回访).

Staff answer a call-back, or the reporter by the secret link; both the same way.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from issues.book import first_shut
from issues.gates import open_gates
from issues.models import CallBack, Issue
from issues.services.calling_back import ask_call_back
from issues.services.doing import Given, How, do
from issues.services.ending import end
from issues.services.locking import locked_by_key
from issues.services.reworking import raise_third, undo
from issues.services.turn import Turn
from issues.workflow import RULES, Rule, Verb

ANSWERING = (Verb.CALL_BACK, Verb.SURVEY)


@dataclass(frozen=True)
class Said:
    """What a call-back found; nothing but `valid` where nobody could be asked."""

    valid: bool
    contacted: bool | None = None
    solved: bool | None = None
    satisfaction: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        return asdict(self) if self.valid else {"valid": False}


def answering_rule(issue: Issue, *, at: datetime) -> Rule | None:
    """The verb by which a call-back of this issue is answered now; None when none is asked for."""
    gates = open_gates(issue, at=at)
    return next(
        (
            rule
            for rule in (RULES[verb] for verb in ANSWERING)
            if issue.state in rule.sources and not first_shut(rule, gates)
        ),
        None,
    )


def call_back_by_link(*, token: str, now: datetime) -> CallBack:
    """The call-back that the link asks for, with what its page shows of the issue.

    Raises CallBack.DoesNotExist for a link that is unknown, expired or answered, and
    for an issue that is being worked on again: none can be told from another.
    """
    found = (
        CallBack.objects.select_related(
            "issue__category", "issue__cell", "issue__community", "issue__place"
        )
        .defer("issue__cell__boundary", "issue__cell__shape")
        .get(token=token, answered_at=None, expires_at__gt=now)
    )
    if answering_rule(found.issue, at=now) is None:
        raise CallBack.DoesNotExist
    return found


@transaction.atomic
def answer_by_link(*, token: str, given: Given, now: datetime) -> Issue:
    """Record what the reporter answers by the link, as staff would: one answer, under the lock.

    Nobody is signed in, so the event has no actor; the answer is valid by itself.
    Raises CallBack.DoesNotExist as `call_back_by_link`, ValidationError by field.
    """
    issue = locked_by_key(call_back_by_link(token=token, now=now).issue_id)
    # Somebody may have answered while this waited for the lock.
    call_back_by_link(token=token, now=now)
    rule = answering_rule(issue, at=now)
    if rule is None:
        raise CallBack.DoesNotExist
    turn = Turn(issue, scope=None, seat=None, now=now)
    HOW[rule.verb](turn, rule, replace(given, valid=True))
    return turn.save()


def _feed_back(turn: Turn, rule: Rule, given: Given) -> None:
    """The answer to the hotline; from now on only the call-back ends the issue."""
    do(turn, rule, given)
    ask_call_back(issue=turn.issue, because=CallBack.Because.HOTLINE, now=turn.now)


def _call_back(turn: Turn, rule: Rule, given: Given) -> None:
    """Not solved: the work goes on, as after a failed check. Else, or nobody reached: the end."""
    said = _record(turn, rule, given)
    if said.valid and not said.solved:
        undo(turn.issue)
        do(turn, rule, given, passed=False, **_facts(turn, said))
        raise_third(turn)
    else:
        end(turn, rule, given, **_facts(turn, said))


def _survey(turn: Turn, rule: Rule, given: Given) -> None:
    """What a sampled reporter says; the issue stays as it ended, and may be reopened."""
    said = _record(turn, rule, given)
    do(turn, rule, given, **_facts(turn, said))


def _renew_link(turn: Turn, rule: Rule, given: Given) -> None:
    """Another fourteen days to answer, by another link; the old one stays shut."""
    waiting = turn.issue.call_backs.filter(answered_at=None).first()
    because = CallBack.Because(waiting.because) if waiting else CallBack.Because.SAMPLE
    do(turn, rule, given)
    ask_call_back(issue=turn.issue, because=because, now=turn.now)


def _record(turn: Turn, rule: Rule, given: Given) -> Said:
    """Write the answer beside the issue; ValidationError by field when something is missing."""
    said, issue = _said(given), turn.issue
    waiting = issue.call_backs.filter(answered_at=None).first()
    if waiting is None:
        why = CallBack.Because.HOTLINE if rule.verb is Verb.CALL_BACK else CallBack.Because.SAMPLE
        waiting = ask_call_back(issue=issue, because=why, now=turn.now)
    waiting.answered_at = turn.now
    waiting.by = _actor(turn)
    for name, value in asdict(said).items():
        setattr(waiting, name, value)
    waiting.save()
    issue.survey_asked = False
    return said


def _actor(turn: Turn) -> User | None:
    return turn.scope.user if turn.scope else None


def _said(given: Given) -> Said:
    """A valid call-back says everything; of an invalid one nothing counts (DOMAIN.md §3.1)."""
    if not given.valid:
        return Said(valid=False)
    wrong = {}
    if given.contacted is None:
        wrong["contacted"] = _("请说明办理的人有没有联系过反映人。")
    if given.solved is None:
        wrong["solved"] = _("请说明问题解决了没有。")
    if given.satisfaction not in CallBack.Satisfaction.values:
        wrong["satisfaction"] = _("请选择满意程度。")
    if wrong:
        raise ValidationError(wrong)
    return Said(True, given.contacted, given.solved, given.satisfaction)


def _facts(turn: Turn, said: Said) -> dict[str, Any]:
    return said.facts | ({} if turn.scope else {"by_link": True})


HOW: dict[Verb, How] = {
    Verb.FEED_BACK: _feed_back,
    Verb.CALL_BACK: _call_back,
    Verb.SURVEY: _survey,
    Verb.RENEW_LINK: _renew_link,
}
