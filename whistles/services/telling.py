"""Whom an act tells: the called units, the approver, the proposer, the district."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from issues.services.people import Found, Holder, People, desk_of_unit
from issues.services.telling import payload_of
from notices.services import Draft, queue, supersede
from partyorgs.queries import stand_ins_for
from whistles.models import Call, Whistle
from whistles.services.doing import Doing
from whistles.workflow import Act, Standing

A = Act
APPROVE = "approve"
# What a notice is of, by the act and by whom it tells.
KINDS: dict[tuple[Act, str], str] = {
    (A.PROPOSE, "approver"): "whistle_to_approve",
    (A.BLOW_NOW, "called"): "whistle_called",
    (A.BLOW_NOW, "approver"): "whistle_to_confirm",
    (A.BLOW_NOW, "owner"): "whistle_blown",
    (A.APPROVE, "called"): "whistle_called",
    (A.APPROVE, "proposer"): "whistle_approved",
    (A.APPROVE, "owner"): "whistle_blown",
    (A.REFUSE, "proposer"): "whistle_refused",
    (A.REFUSE, "heard"): "whistle_off",
    (A.ANSWER, "proposer"): "whistle_answered",
    (A.ANSWER, "judge"): "whistle_to_judge",
    (A.JUDGE, "called"): "whistle_judged",
    (A.JUDGE, "proposer"): "whistle_judged",
    (A.ARRIVE, "proposer"): "whistle_arrived",
    (A.WAIVE, "called"): "whistle_waived",
    (A.WAIVE, "proposer"): "whistle_waived",
    (A.CLOSE, "heard"): "whistle_closed",
    (A.CLOSE, "proposer"): "whistle_closed",
}
# What an emergency does not let wait until the morning.
AT_ONCE = frozenset({A.PROPOSE, A.BLOW_NOW, A.APPROVE, A.REFUSE, A.JUDGE})
KEYS = {"approver": "leader", "owner": "owner", "judge": "district_desk"}


def tell(doing: Doing) -> None:
    """Queue one notice a person; what waited about what is settled now is taken back."""
    whistle, issue, now = doing.whistle, doing.issue, doing.now
    _take_back(doing)
    people = People(now)
    keys = [KEYS[key] for key in doing.rule.tells if key in KEYS]
    people.load([issue], keys, units=[call.unit_id for call in doing.calls])
    drafts: dict[int, Draft] = {}
    common: dict[str, Any] = {
        "subject_key": whistle.subject_key,
        "key": f"{whistle.number}:{doing.turn.events[-1].seq}",
        "payload": payload_of(issue)
        | {
            "whistle": whistle.number,
            "place": whistle.place_text,
            "meets": _moment(whistle.meet_at),
        },
        "critical": whistle.kind == Whistle.Kind.EMERGENCY and doing.rule.verb in AT_ONCE,
    }
    for key in doing.rule.tells:
        kind = KINDS[doing.rule.verb, key]
        for aspect, holders in _told(doing, key, people):
            for one in _with_stand_ins(holders, now):
                draft = Draft(
                    kind=kind, recipient_id=one.user, role=one.role, aspect=aspect, **common
                )
                drafts.setdefault(one.user, draft)
    drafts.pop(doing.scope.user.pk, None)
    queue(notices=drafts.values(), now=now)


def _moment(at: datetime) -> str:
    return timezone.localtime(at).strftime("%m-%d %H:%M")


def aspect_of(call: Call) -> str:
    """Of which call a notice speaks, so that it is taken back when that is answered."""
    return f"call:{call.pk}"


def _take_back(doing: Doing) -> None:
    whistle, now = doing.whistle, doing.now
    if whistle.state not in (Standing.PROPOSED, Standing.BLOWN):
        supersede(subject_keys=[whistle.subject_key], now=now)
        return
    aspects = [aspect_of(call) for call in doing.about if doing.rule.verb is not A.BLOW_NOW]
    if doing.rule.verb is A.APPROVE:
        aspects = [APPROVE]
    if aspects:
        supersede(subject_keys=[whistle.subject_key], aspects=aspects, now=now)


def _told(doing: Doing, key: str, people: People) -> Iterable[tuple[str, Found]]:
    """The people that a key means, with the aspect of their notice."""
    if key == "proposer":
        yield "", [Holder(doing.whistle.proposed_by_id, doing.whistle.proposed_post.role)]
    elif key in ("called", "heard"):
        for call in doing.about:
            yield aspect_of(call), desk_of_unit(people, call.unit_id)
    elif key == "judge":
        if any(call.disputed for call in doing.about):
            yield "", people.of(doing.issue, KEYS[key])
    elif key == "approver":
        yield APPROVE, _approvers(doing, people)
    else:
        yield "", people.of(doing.issue, KEYS[key])


def _approvers(doing: Doing, people: People) -> Found:
    """The leaders who may approve; where none but the proposer is there, the district's desk."""
    leaders = people.of(doing.issue, KEYS["approver"])
    standing = stand_ins_for(users=[one.user for one in leaders], at=doing.now)
    own = doing.whistle.proposers
    able = [one for one in leaders if not {one.user, standing.get(one.user)} & own]
    return able or people.of(doing.issue, KEYS["judge"])


def _with_stand_ins(holders: Found, now: datetime) -> Iterable[Holder]:
    yield from holders
    roles = {one.user: one.role for one in holders}
    for absent, stand_in in stand_ins_for(users=roles, at=now).items():
        yield Holder(stand_in, roles[absent])
