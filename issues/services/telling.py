"""Whom a verb tells: recipients found by post at the moment of the change."""

from collections.abc import Mapping
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import Any

from accounts.models import User
from issues.models import Issue
from issues.services.people import MEANS, Found, Holder, People
from issues.workflow import Rule, Verb
from notices.services import Draft, Fact, queue
from partyorgs.queries import Staff, stand_ins_for

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
    "raise_urgency": "urgent",
    "chase": "chased",
    "supervise": "supervised",
    "answer": "answered",
    "instruct": "instructed",
    "raise": "raised",
    "call": "called",
    "acknowledge": "acknowledged",
}

# Who hears of a call when nobody is on duty.
UNWATCHED = ("desk", "leader")

# Of which clock a notice speaks, so that it is taken back when that clock stops.
ABOUT = {Verb.CHASE: "handle", Verb.SUPERVISE: "handle", Verb.CALL: "duty"}
# Told of what is critical too in the morning: nobody has to do anything at night.
CAN_WAIT = frozenset(
    {Verb.HANDLE, Verb.CHECK, Verb.CLOSE, Verb.CANCEL, Verb.REJECT, Verb.ANSWER, Verb.ACKNOWLEDGE}
)


def tell(
    *,
    issue: Issue,
    rule: Rule,
    seq: int,
    actor: User | None,
    staff: Staff | None,
    called: Found = (),
    told: Mapping[str, Found] = MappingProxyType({}),
    now: datetime,
) -> None:
    """Queue one notice a person for everybody the rule names, the actor left out.

    `seq`: the number of the event that is told. `told`: people for keys that posts
    alone do not answer. `staff`: posts of the issue's
    unit and owner when the caller has them already; `called`: who is on duty,
    without anybody the desk and its leaders are told. Whoever is on leave is
    told all the same, and the stand-in too.
    """
    calling = rule.verb is Verb.CALL
    keys = UNWATCHED if calling and not called else rule.tells
    people = People(now)
    if staff is not None:
        people.know(staff, (issue.unit_id, issue.owner_id))
    by_post = [key for key in keys if key in MEANS]
    people.load([issue], by_post)
    found = chain(
        called if calling else (),
        *(people.of(issue, key) for key in by_post),
        *(told.get(key, ()) for key in keys),
        others_who_reported(issue) if "reporter" in keys else (),
    )
    roles = {one.user: one.role for one in found}
    for absent, stand_in in stand_ins_for(users=roles, at=now).items():
        roles.setdefault(stand_in, roles[absent])
    if actor is not None and not calling:
        roles.pop(actor.pk, None)
    kind = "rework" if rule.otherwise is not None and issue.state == rule.otherwise else None
    common: dict[str, Any] = {
        "kind": kind or KINDS.get(rule.verb, str(rule.verb)),
        "subject_key": issue.subject_key,
        "key": f"{issue.number}:{seq}",
        "payload": payload_of(issue) | {"verb": str(rule.verb)},
        "critical": issue.critical and rule.verb not in CAN_WAIT,
        "aspect": ABOUT.get(rule.verb, ""),
    }
    drafts = [Draft(recipient_id=user, role=role, **common) for user, role in sorted(roles.items())]
    if rule.public:
        drafts.append(Draft(audience=audience_of(issue), **common))
    queue(notices=drafts, now=now)


def others_who_reported(issue: Issue) -> Found:
    """Who joined the report, and who sent the reports that were merged into it."""
    if issue.pk is None:
        return []
    joined = issue.joinings.order_by().values_list("user_id")
    merged = issue.merged.order_by().values_list("reporter_id")
    return [Holder(user, "") for (user,) in joined.union(merged)]


def audience_of(issue: Issue) -> tuple[str, ...]:
    """The groups and programs that an issue concerns, by plain keys."""
    units = [unit for unit in (issue.unit, issue.owner) if unit]
    return ("issues", *(f"org:{unit.code}" for unit in units))


def payload_of(issue: Issue) -> dict[str, Fact]:
    """What every notice about an issue says: no personal data, nobody's name."""
    return {
        "number": issue.number,
        "category_zh": issue.category.name_zh if issue.category else "",
        "category_en": issue.category.name_en if issue.category else "",
        "place": issue.place_text or (issue.cell.name if issue.cell else ""),
        # For groups and programs: what a person typed may hold a name or a number.
        "where": issue.cell.name if issue.cell else "",
        "state": issue.state,
    }
