"""The bells of the demo accounts: what the latest changes told them."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.models import User
from config.demo.world import World
from issues.escalation.steps import Known, Steps
from issues.models import Event, Issue, Step
from issues.services.calling import ON_DUTY
from issues.services.people import Holder
from issues.services.telling import tell
from issues.workflow import RULES, Verb
from notices.models import Notice
from notices.services import queue, supersede
from partyorgs.models import Post, Role

# After a weekend, in which no ladder climbs, the last working days count.
FOR, FOR_WORKED = timedelta(days=2), 960
UNREAD_FOR, UNREAD_FOR_WORKED = timedelta(hours=30), 480
MOST = 80


@transaction.atomic
def tell_demo_accounts(*, world: World, until: datetime, told: Collection[str] = ()) -> None:
    """Queue the notices of the last two working days that concern the demo street.

    Through the services that every verb and the sweep use, as if it had just
    been done; other people's notices are left out, older ones count as read.
    `told`: numbers of issues that the services made and told of already.
    """
    users = world.demo_users
    since = min(until - FOR, world.worked_ago(until, FOR_WORKED))
    issues = _near_demo_accounts(users, since)
    recent = Event.objects.filter(at__gte=since, issue__in=issues)
    recent = recent.exclude(issue__number__in=told)
    events = recent.select_related("issue__category__parent", "issue__cell", "actor")
    steps = _steps_of(issues, since=since)
    known = Known()
    latest = events.order_by("-at", "-issue", "-seq")
    # What came by itself is rarer, and would be lost among what people did.
    chosen = [*latest.exclude(actor=None)[:MOST], *latest.filter(actor=None)[:MOST]]
    for event in sorted(chosen, key=lambda event: (event.at, event.issue_id, event.seq)):
        event.issue.state, event.issue.event_count = event.to_state, event.seq
        step = steps.get((event.issue_id, event.seq))
        if step:
            _tell_step(step, event, known)
        else:
            _tell_verb(event)
    Notice.objects.exclude(recipient__in=users.values()).delete()
    # So no step owes them any more.
    Step.objects.filter(owed__gt=0).update(owed=0)
    _deliver_digests(until, told)
    read = min(until - UNREAD_FOR, world.worked_ago(until, UNREAD_FOR_WORKED))
    Notice.objects.filter(created_at__lt=read).update(read_at=until)


def _tell_step(step: Step, event: Event, known: Known) -> None:
    step.clock.issue = event.issue
    steps = Steps([step.clock], known=known, now=event.at)
    steps.draft_again(step, event)
    queue(notices=steps.drafts, now=event.at)


def _tell_verb(event: Event) -> None:
    """What a person did, or what came of it by itself in the same turn."""
    actor = event.actor or _before(event)
    if actor is None:
        return
    called = [Holder(user, ON_DUTY) for user in event.facts.get("called", ())]
    tell(
        issue=event.issue,
        rule=RULES[Verb(event.verb)],
        seq=event.seq,
        actor=actor,
        staff=None,
        called=called,
        now=event.at,
    )


def _before(event: Event) -> User | None:
    """Who did what the event came of."""
    acted = Event.objects.filter(issue=event.issue_id, seq__lt=event.seq, actor__isnull=False)
    last = acted.select_related("actor").order_by("-seq").first()
    return last.actor if last else None


def _steps_of(issues: QuerySet[Issue], *, since: datetime) -> dict[tuple[int, int], Step]:
    steps = Step.objects.filter(at__gte=since, clock__issue__in=issues).select_related("clock")
    return {(step.clock.issue_id, step.seq): step for step in steps}


def _deliver_digests(until: datetime, told: Collection[str]) -> None:
    """What waited for an hour that is over has come; what is settled meanwhile never will."""
    waiting = Notice.objects.filter(state=Notice.State.PENDING)
    waiting.filter(due_at__lte=until).update(
        state=Notice.State.SENT, attempts=1, sent_at=F("due_at"), due_at=None, next_attempt_at=None
    )
    kept = Q(is_open=True, escalated__gt=0) | Q(number__in=told)
    late = {issue.subject_key for issue in Issue.objects.filter(kept)}
    settled = set(waiting.values_list("subject_key", flat=True)) - late
    supersede(subject_keys=settled, now=until)


def _near_demo_accounts(users: Mapping[str, int], since: datetime) -> QuerySet[Issue]:
    """Recent issues of the demo street, and those that a demo account works on."""
    posts = Post.objects.filter(user__in=users.values(), organization__isnull=False)
    units = posts.values("organization")
    streets = posts.filter(role=Role.STREET_DISPATCHER).values("organization__area")
    recent = Issue.objects.filter(Q(is_open=True) | Q(closed_at__gte=since))
    return recent.filter(Q(street__in=streets) | Q(unit__in=units))
