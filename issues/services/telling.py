"""Whom a verb tells: recipients found by post at the moment of the change."""

from collections.abc import Mapping
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import Any

from accounts.models import User
from issues.models import Issue, Joining
from issues.services.people import MEANS, Found, Holder, People
from issues.workflow import Rule, State, Verb
from notices.services import Draft, Fact, queue
from partyorgs.queries import Staff, stand_ins_for

KINDS = {
    "report": "reported",
    # What no rule has sent waits at a desk, which is the unit until then.
    "accept": "pending_dispatch",
    "dispatch": "dispatched",
    "redispatch": "redispatched",
    "return": "returned",
    "handle": "handled",
    "check": "checked",
    "close": "closed",
    "verify": "verified",
    "call_back": "called_back",
    "survey": "surveyed",
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
    "merge": "merged",
    "unmerge": "unmerged",
    "split": "split",
    "settle": "settled",
    "refer_up": "referred_up",
    "arrange": "dispatched",
    "confer": "conferred",
    "judge": "judged",
    "reclassify": "reclassified",
    "spot_check": "spot_checked",
    "reopen": "reopened",
    "force_close": "forced_closed",
    "ask_extension": "to_approve",
    "ask_suspension": "to_approve",
    "appeal": "to_approve",
    "next_deputy": "to_approve",
    "extend": "extended",
    "suspend": "suspended",
    "exempt": "exempted",
    "refuse": "refused",
    "resume": "resumed",
    "wake": "resumed",
    "add_part": "part_asked",
    "complete_part": "part_done",
    "drop_part": "part_dropped",
    "touch": "touched",
    "act_first": "acted_first",
    "countersign": "countersigned",
    "feed_back": "fed_back",
    "fall_back": "fell_back",
    "climb": "climbed",
    "lapse": "closed_unchecked",
    "escalate": "escalated",
}

# What a notice is of where the answer was no.
OTHERWISE = {
    State.HANDLING: "rework",
    State.PENDING_VERIFY: "to_verify",
    State.REJECTED: "rejected",
}

# Who hears of a call when nobody is on duty.
UNWATCHED = ("desk", "leader")

# Of which clock a notice speaks, so that it is taken back when that clock stops.
ABOUT = {
    Verb.CHASE: "handle",
    Verb.SUPERVISE: "handle",
    Verb.CALL: "duty",
    Verb.ASK_EXTENSION: "approve",
    Verb.ASK_SUSPENSION: "approve",
    Verb.APPEAL: "approve",
    Verb.NEXT_DEPUTY: "approve",
}
# Told of what is critical too in the morning: nobody has to do anything at night.
CAN_WAIT = frozenset(
    {
        Verb.HANDLE, Verb.CHECK, Verb.CLOSE, Verb.CANCEL, Verb.REJECT, Verb.ANSWER,
        Verb.ACKNOWLEDGE, Verb.MERGE, Verb.SPLIT, Verb.RECLASSIFY, Verb.SPOT_CHECK,
        Verb.FORCE_CLOSE, Verb.ACT_FIRST, Verb.COUNTERSIGN, Verb.CLIMB, Verb.LAPSE,
    }
)  # fmt: skip


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
    roles = receivers(
        issue=issue, rule=rule, actor=actor, staff=staff, called=called, told=told, now=now
    )
    no = rule.otherwise if rule.otherwise and issue.state == rule.otherwise else None
    common: dict[str, Any] = {
        "kind": (no and OTHERWISE.get(no)) or KINDS.get(rule.verb, str(rule.verb)),
        "subject_key": issue.subject_key,
        "key": f"{issue.number}:{seq}",
        "payload": payload_of(issue) | {"verb": str(rule.verb)},
        "critical": issue.critical and rule.verb not in CAN_WAIT,
        "aspect": ABOUT.get(rule.verb, ""),
    }
    told_as = _by_own_report(issue, {user for user, role in roles.items() if not role})
    own = common | {"payload": common["payload"] | {"place": common["payload"]["where"]}}
    drafts = [
        Draft(recipient_id=user, role=role, **own | {"subject_key": told_as[user]})
        if user in told_as
        else Draft(recipient_id=user, role=role, **common)
        for user, role in sorted(roles.items())
    ]
    if rule.public:
        drafts.append(Draft(audience=audience_of(issue), **common))
    queue(notices=drafts, now=now)


def receivers(
    *,
    issue: Issue,
    rule: Rule,
    actor: User | None,
    staff: Staff | None,
    called: Found = (),
    told: Mapping[str, Found] = MappingProxyType({}),
    now: datetime,
) -> dict[int, str]:
    """Whom `tell` would tell: the role by which each is told, by the id of the user."""
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
    return roles


def others_who_reported(issue: Issue) -> Found:
    """Who joined the report; who sent, or joined, the reports that were merged into it."""
    if issue.pk is None:
        return []
    joined = issue.joinings.order_by().values_list("user_id")
    merged = issue.merged.order_by().values_list("reporter_id")
    with_them = Joining.objects.filter(issue__merged_into=issue).order_by().values_list("user_id")
    return [Holder(user, "") for (user,) in joined.union(merged, with_them)]


def _by_own_report(issue: Issue, users: set[int]) -> dict[int, str]:
    """The subject by which somebody hears of what their own report was merged into.

    Theirs they can always open, the other one perhaps not: so its place, in words
    that another person typed, is not for them.
    """
    others = users - {issue.reporter_id}
    if not others or issue.pk is None:
        return {}
    merged = issue.merged.filter(reporter_id__in=others).order_by("pk")
    return {own.reporter_id: own.subject_key for own in merged}


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
        **({"into": issue.merged_into.number} if issue.merged_into else {}),
    }
