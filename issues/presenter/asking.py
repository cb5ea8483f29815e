"""What a unit asked for and who decides it, in words."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from issues.models import Event, Issue, Request
from issues.presenter import words
from issues.who import waiting_request
from issues.workflow import Asked

Fact = dict[str, Any]


def asked_facts(issue: Issue) -> Fact | None:
    """The request that waits for a deputy: kind, how much, until when, whose turn it is."""
    waiting = waiting_request(issue) if issue.asked else None
    return request_facts(waiting) if waiting else None


def request_facts(asked: Request) -> Fact:
    """One request as page and API show it; never who in person asked or decides."""
    return {
        "kind": asked.kind,
        "kind_name": words.asked_name(asked.kind),
        "unit": {"code": asked.unit.code, "name": asked.unit.name},
        "minutes": asked.minutes,
        "until": timezone.localtime(asked.until) if asked.until else None,
        "deputy": asked.deputy,
        "deputy_name": words.deputy_name(asked.deputy),
        "asked_at": timezone.localtime(asked.asked_at),
        "words": asked_words(asked),
        "reason": _reason(asked),
    }


def _reason(asked: Request) -> str:
    """Why it was asked, as it stands in the timeline."""
    event = Event.objects.filter(issue=asked.issue_id, seq=asked.seq).select_related("text").first()
    if event is None:
        return ""
    listed = words.reason_name(str(event.facts.get("reason", "")))
    text = event.text.text if hasattr(event, "text") else ""
    return _("：").join(part for part in (listed, text) if part)


def asked_words(asked: Request) -> str:
    """区环卫中心申请延期 8 小时（工作时间）. The reason stands in the timeline."""
    unit = asked.unit.name
    if asked.kind == Asked.EXTENSION:
        amount = words.limit_words(asked.minutes or 0, continuous=False)
        return _("%(unit)s申请延期 %(amount)s") % {"unit": unit, "amount": amount}
    if asked.kind == Asked.SUSPENSION:
        day = words.last_day(asked.until) if asked.until else ""
        return _("%(unit)s申请挂账到 %(day)s") % {"unit": unit, "day": day}
    return _("%(unit)s申诉：超时不是它的原因，请求不计入统计") % {"unit": unit}
