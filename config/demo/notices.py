"""The bells of the demo accounts: what the latest changes told them."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from issues.models import Event, Issue
from issues.services.telling import tell
from issues.workflow import RULES, Verb
from notices.models import Notice
from partyorgs.models import Post, Role

FOR = timedelta(days=2)
MOST = 80
UNREAD_FOR = timedelta(hours=30)


@transaction.atomic
def tell_demo_accounts(*, users: Mapping[str, int], until: datetime) -> None:
    """Queue the notices of the last two days' events that concern the demo street.

    Through the service that every verb uses, as if the verb had just been done;
    other people's notices are left out, older ones count as read.
    """
    events = (
        Event.objects.filter(at__gte=until - FOR, issue__in=_near_demo_accounts(users, until - FOR))
        .select_related("issue__category", "issue__cell", "actor")
        .order_by("-at", "-seq")[:MOST]
    )
    for event in reversed(events):
        issue = event.issue
        issue.state, issue.event_count = event.to_state, event.seq
        rule = RULES[Verb(event.verb)]
        if event.actor is not None:
            tell(issue=issue, rule=rule, actor=event.actor, staff=None, now=event.at)
    Notice.objects.exclude(recipient__in=users.values()).delete()
    Notice.objects.filter(created_at__lt=until - UNREAD_FOR).update(read_at=until)


def _near_demo_accounts(users: Mapping[str, int], since: datetime) -> QuerySet[Issue]:
    """Recent issues of the demo street, and those that a demo account works on."""
    posts = Post.objects.filter(user__in=users.values(), organization__isnull=False)
    units = posts.values("organization")
    streets = posts.filter(role=Role.STREET_DISPATCHER).values("organization__area")
    recent = Issue.objects.filter(Q(is_open=True) | Q(closed_at__gte=since))
    return recent.filter(Q(street__in=streets) | Q(unit__in=units))
