"""What a unit says came of its work, and how that must be looked at."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from issues.models import Attachment, Deviation, Issue
from issues.services.doing import Given
from issues.services.turn import Turn
from issues.workflow import Outcome, Verb, Way

# Photos of the matter, not of the work: two people may well send the same one.
TOLD = (Verb.REPORT, Verb.JOIN)


def say_outcome(turn: Turn, given: Given) -> dict[str, Any]:
    """Put the outcome on the issue; the facts of its event.

    "Planned" names the day by which it will be done, "no basis" the rule that says
    so; the note says what was done. Raises ValidationError {"until": …}, {"basis": …}.
    """
    issue = turn.issue
    issue.outcome, issue.planned_for = given.outcome, None
    facts: dict[str, Any] = {"outcome": given.outcome}
    if given.outcome == Outcome.PLANNED:
        if given.until is None or given.until <= localdate(turn.now):
            raise ValidationError({"until": _("列入计划要写明哪一天前办好，日期要在今天以后。")})
        issue.planned_for = given.until
        facts["until"] = given.until.isoformat()
    if given.outcome == Outcome.NO_BASIS:
        if not given.basis:
            raise ValidationError({"basis": _("无依据办理要写明依据哪条规定、为什么办不了。")})
        facts["basis"] = given.basis
    return facts


def note_visit(turn: Turn, given: Given) -> dict[str, Any]:
    """Whether this work must be checked on the spot, as facts of its event (DOMAIN.md §4.5).

    What is critical, what was redone, and what is shown by a photo that another
    issue has already: one given now, or added while the work went on.
    """
    issue = turn.issue
    because = [
        *(["critical"] if issue.critical else []),
        *(["rework"] if issue.reworks else []),
        *(["photo"] if _shown_before(issue, given) else []),
    ]
    issue.must_visit = bool(because)
    return {"must_visit": because} if because else {}


def _shown_before(issue: Issue, given: Given) -> bool:
    """Whether a photo of the work is the same picture as one of another issue."""
    shown = Q(public_id__in=[str(one) for one in given.attachments])
    if issue.pk:
        shown |= Q(issue=issue.pk) & ~Q(verb__in=TOLD)
    digests = list(Attachment.objects.filter(shown).values_list("digest", flat=True))
    same = Attachment.objects.filter(digest__in=digests, issue__isnull=False)
    return bool(digests) and same.exclude(issue=issue.pk).exists()


def refuse_from_afar(issue: Issue, given: Given) -> None:
    """What must be visited is checked on site; ValidationError {"way": …} for anything else."""
    on_site = issue.must_visit or issue.critical or issue.reworks
    if on_site and given.way != Way.ON_SITE:
        raise ValidationError(
            {"way": _("紧急的、返过工的、照片与别的问题相同的，要到现场核查，请选“现场”。")}
        )


def settle(issue: Issue, *kinds: Deviation.Kind, now: datetime) -> None:
    """A second person has looked after all at what stands on the list of exceptions."""
    waiting = Deviation.objects.filter(issue=issue, kind__in=kinds, settled_at=None)
    waiting.update(settled_at=now)
