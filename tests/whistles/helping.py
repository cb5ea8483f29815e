"""What whistle tests ask of the database."""

from issues.chain import faults
from issues.models import Clock, Issue
from notices.models import Notice
from tests.issues.invariants import check
from whistles.models import Call
from whistles.rules import allowed, around


def whole(whistle):
    """The issue is as sound as ever, and its timeline tells of the whistle."""
    issue = Issue.objects.get(pk=whistle.issue_id)
    assert not list(faults(issue, issue.events.select_related("text")))
    check(issue)
    return issue


def call_of(whistle, code):
    return Call.objects.select_related("unit").get(whistle=whistle, unit__code=code)


def running(whistle):
    """The limits that run: (kind, unit's code)."""
    rows = Clock.objects.filter(
        issue=whistle.issue_id, stopped_at=None, kind__in=Clock.WHISTLES,
        subject__startswith=f"whistle:{whistle.number}",
    )  # fmt: skip
    return set(rows.values_list("kind", "organization__code"))


def clock_of(whistle, kind, code):
    rows = Clock.objects.filter(
        issue=whistle.issue_id, stopped_at=None, kind=kind, organization__code=code
    )
    return rows.get()


def told(whistle, kind):
    rows = Notice.objects.filter(
        kind=kind, subject_key=whistle.subject_key, recipient__isnull=False, channel="in_app"
    )
    return set(rows.values_list("recipient__username", flat=True))


def shown(world, name, whistle, *, at):
    """The acts that this person may use now."""
    whistle.refresh_from_db()
    scope = world.scope(name, now=at)
    return {str(rule.verb) for rule in allowed(scope, around(whistle))}


def lines(whistle):
    """What the issue's timeline says of the whistle, in order."""
    events = whistle.issue.events.filter(verb="whistle").order_by("seq")
    return [event.facts["reasons"][0]["code"] for event in events]
