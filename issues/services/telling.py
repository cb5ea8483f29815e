"""Whom a verb tells: recipients found by post at the moment of the change."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from accounts.models import User
from issues.models import Issue
from issues.workflow import Rule
from notices.services import Draft, queue
from partyorgs.models import Post, Role
from partyorgs.queries import Staff
from partyorgs.rules import CELL_ROLES

UNIT_TOLD = frozenset(
    {
        Role.UNIT_DESK,
        Role.UNIT_HANDLER,
        Role.COMMUNITY_HEAD,
        Role.STREET_DISPATCHER,
        Role.DISTRICT_DESK,
    }
)


def tell(*, issue: Issue, rule: Rule, actor: User, staff: Staff | None, now: datetime) -> None:
    """Queue one notice a person for everybody the rule names, the actor left out.

    `staff`: posts of the issue's unit and owner when the caller has them already.
    """
    users = _recipients(issue, rule.tells, staff=staff, now=now) - {actor.pk}
    kind = "rework" if rule.otherwise is not None and issue.state == rule.otherwise else None
    payload = {
        "number": issue.number,
        "category_zh": issue.category.name_zh if issue.category else "",
        "category_en": issue.category.name_en if issue.category else "",
        "place": issue.place_text or (issue.cell.name if issue.cell else ""),
        "verb": str(rule.verb),
        "state": issue.state,
    }
    drafts = [
        Draft(
            kind=kind or KINDS.get(rule.verb, str(rule.verb)),
            subject_key=issue.subject_key,
            recipient_id=user,
            key=f"{issue.number}:{issue.event_count}",
            payload=payload,
        )
        for user in sorted(users)
    ]
    if drafts:
        queue(notices=drafts, now=now)


KINDS = {
    "report": "reported",
    "dispatch": "dispatched",
    "redispatch": "redispatched",
    "return": "returned",
    "handle": "handled",
    "check": "checked",
    "close": "closed",
    "reject": "rejected",
    "cancel": "cancelled",
}


def _recipients(
    issue: Issue, tells: Iterable[str], *, staff: Staff | None, now: datetime
) -> set[int]:
    users: set[int] = set()
    wanted = Q(pk__in=[])
    for key in tells:
        if key == "reporter":
            users.add(issue.reporter_id)
        elif staff is not None and key in ("unit", "owner"):
            users |= {post.user_id for post in _from_staff(staff, issue, key)}
        else:
            wanted |= _posts(issue, key)
    if wanted != Q(pk__in=[]):
        posts = Post.objects.valid_at(now).filter(wanted, user__is_active=True)
        users |= set(posts.values_list("user_id", flat=True))
    return users


def _from_staff(staff: Staff, issue: Issue, key: str) -> list[Post]:
    if key == "unit":
        return staff.of(issue.unit, UNIT_TOLD)
    return staff.of(issue.owner, {Role.BRANCH_SECRETARY})


def _posts(issue: Issue, key: str) -> Q:
    # By list: a missing id then finds nobody, not the posts without such a seat.
    if key == "unit":
        return Q(organization__in=[issue.unit_id], role__in=UNIT_TOLD)
    if key == "owner":
        return Q(organization__in=[issue.owner_id], role=Role.BRANCH_SECRETARY)
    if key == "cell":
        return Q(cell__in=[issue.cell_id], role__in=CELL_ROLES)
    if issue.street_id:
        seat = Q(area=issue.street_id) | Q(organization__area=issue.street_id)
        return seat & Q(role=Role.STREET_DISPATCHER)
    seat = Q(area=issue.district_id) | Q(organization__area=issue.district_id)
    return seat & Q(role=Role.DISTRICT_DESK)
