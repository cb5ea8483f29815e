"""The timeline of an issue: who did what, by which post, and why."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from issues.models import Event, Issue
from issues.presenter import byitself, words
from issues.presenter.said import said_of
from issues.rules import may_see_contact, may_see_internal
from issues.workflow import Verb
from partyorgs.models import Post
from partyorgs.rules import Scope
from residents.models import Reveal

Fact = dict[str, Any]


def timeline(issue: Issue, *, scope: Scope) -> list[Fact]:
    """Events in order; internal ones for those whose post reaches the issue only.

    Looks at the contact stand among them for those who may look themselves.
    """
    events = issue.events.select_related(
        "actor", "post__user", "post__cell", "post__area", "post__organization", "unit",
        "on_behalf_of", "text",
    ).defer("post__cell__boundary", "post__cell__shape")  # fmt: skip
    if not may_see_internal(scope, issue):
        events = events.filter(public=True)
    entries = [_entry(event) for event in events]
    if issue.contact_id and may_see_contact(scope, issue):
        entries += _reveals(issue)
        entries.sort(key=lambda entry: entry["at"])
    return entries


def _entry(event: Event) -> Fact:
    facts = event.facts
    return {
        "seq": event.seq,
        "at": timezone.localtime(event.at),
        "verb": event.verb,
        "verb_name": _verb_name(event),
        "actor": actor_name(event),
        "post": post_name(event.post),
        "from": event.from_state,
        "to": event.to_state,
        "state_name": words.state_name(event.to_state),
        "unit": {"code": event.unit.code, "name": event.unit.name} if event.unit else None,
        "on_behalf_of": event.on_behalf_of.name if event.on_behalf_of else "",
        "reason": words.reason_name(facts["reason"]) if facts.get("reason") else "",
        "reasons": [
            *(words.sentence(reason) for reason in facts.get("reasons", [])),
            *said_of(event),
            *byitself.sentences(event),
        ],
        "outcome": words.outcome_name(facts.get("outcome", "")),
        "passed": facts.get("passed"),
        "by_rule": bool(facts.get("by_rule")),
        "text": event.text.text if hasattr(event, "text") else "",
        "public": event.public,
    }


def actor_name(event: Event) -> str:
    """Who did it; a stand-in with the name of the person whose post it was."""
    if event.actor is None:
        return ""
    if event.post is None or event.post.user_id == event.actor_id:
        return str(event.actor)
    facts = {"actor": str(event.actor), "absent": str(event.post.user)}
    return _("%(actor)s（替%(absent)s）") % facts


def _verb_name(event: Event) -> str:
    """The verb's name; of what was looked at, the answer too."""
    passed = event.facts.get("passed")
    answers = {
        Verb.CHECK: (_("核查通过"), _("核查不通过，返工")),
        Verb.SPOT_CHECK: (_("抽查通过"), _("抽查不通过，返工")),
        Verb.VERIFY: (_("核实属实"), _("核实不属实")),
    }
    if event.verb in answers:
        return answers[Verb(event.verb)][0 if passed else 1]
    if event.verb == Verb.JOIN and event.facts.get("merged"):
        return _("有问题并入")
    if event.verb == Verb.CALL_BACK and passed is False:
        return _("回访未解决，返工")
    return words.verb_name(event.verb)


def post_name(post: Post | None) -> str:
    return f"{post.seat.name} · {post.get_role_display()}" if post else ""


def _reveals(issue: Issue) -> list[Fact]:
    reveals = Reveal.objects.filter(contact=issue.contact).select_related("user")
    return [
        {
            "at": timezone.localtime(reveal.at),
            "verb": "reveal",
            "verb_name": _("查看联系方式"),
            "actor": str(reveal.user),
            "post": "",
            "text": reveal.reason,
            "reasons": [],
            "public": False,
        }
        for reveal in reveals
    ]
