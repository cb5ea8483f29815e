"""Beginning a whistle: proposed, or in an emergency blown at once; approved, refused, withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from issues.clocks import Limit
from issues.models import Clock, Issue, Sent
from issues.numbers import tail
from issues.services.locking import locked
from issues.services.once import Sending, once
from issues.services.sending import serves
from issues.services.turn import Turn
from issues.who import UNIT_DESKS
from partyorgs.models import Organization
from partyorgs.queries import Staff, desk_of, staff_of
from partyorgs.rules import Scope
from whistles.models import Call, Whistle
from whistles.rules import beginning, seat_to_begin
from whistles.services.doing import (
    Doing,
    Given,
    How,
    bad,
    checked,
    end_limits,
    limit_of,
    look_on,
    start_answer,
    stop_looking,
    write,
)
from whistles.services.errors import ActRefused
from whistles.services.telling import tell
from whistles.workflow import APPROVE_WITHIN, RULES, RUNNING, Act, Standing

MOST_UNITS = 12
# A meeting time typed some minutes ago is still meant.
GRACE = timedelta(minutes=30)
# What lies further off is a slip of the keys, and beyond every calendar.
LONGEST_AHEAD = timedelta(days=365)
APPROVING = Clock.Kind.WHISTLE_APPROVE


@dataclass(frozen=True)
class Begun:
    """The whistle; `created` False when an earlier call with the key made it."""

    whistle: Whistle
    created: bool


def begin(
    *, scope: Scope, issue: str, act: Act, given: Given, key: str | None = None, now: datetime
) -> Begun:
    """A whistle over the issue with this number: proposed, or blown at once.

    `key`: sent twice by the same user with the same content it gives the same
    whistle. Raises Issue.DoesNotExist or Whistle.DoesNotExist for what the scope may
    not see, ActRefused where the post or the issue does not allow it, KeyReused,
    ValidationError by field.
    """
    sending = Sending.of(scope.user, key, "begin", issue, act, given=given, at=now)

    def again(sent: Sent) -> Begun:
        return Begun(Whistle.objects.visible_to(scope).get(number=sent.number), created=False)

    work = partial(_begin, scope=scope, issue=issue, act=act, given=given, sending=sending, now=now)
    return once(work, sending=sending, again=again)


@transaction.atomic
def _begin(
    *, scope: Scope, issue: str, act: Act, given: Given, sending: Sending | None, now: datetime
) -> Begun:
    locked_issue, number = locked(scope, issue), new_number(at=now)
    if sending:
        sending.keep(f"whistle:{number}")
    rule, rules = RULES[act], beginning(scope, locked_issue)
    seat = seat_to_begin(scope, locked_issue, act)
    if rule not in rules or seat is None:
        raise ActRefused(rules, why=_why(locked_issue) if seat else "")
    given = checked(rule, given)
    if act is Act.BLOW_NOW and given.kind != Whistle.Kind.EMERGENCY:
        raise bad("kind", _("只有应急处置哨可以先吹后批，其他的请提出、等批准。"))
    units = called_units(locked_issue, given, at=now)
    turn = Turn(locked_issue, scope=scope, seat=seat, now=now)
    whistle = Whistle(
        number=number,
        issue=locked_issue,
        kind=given.kind,
        state=Standing.PROPOSED,
        reason=given.reason,
        place_text=given.place,
        meet_at=_meets(given, now),
        district=locked_issue.district,
        street=locked_issue.street,
        community=locked_issue.community,
        owner=locked_issue.owner,
        proposed_by=scope.user,
        proposed_post=seat.post,
        proposed_at=now,
    )
    whistle.save(force_insert=True)
    calls = [Call(whistle=whistle, unit=unit, lead=at == 0) for at, unit in enumerate(units)]
    calls = Call.objects.bulk_create(calls)
    doing = Doing(turn, whistle, calls, rule, given)
    named = _named(calls)
    if act is Act.BLOW_NOW:
        _blow(doing)
        whistle.approve_by = now + timedelta(minutes=APPROVE_WITHIN)
        write(doing, "whistle_blown", text=given.reason, units=named)
    else:
        write(doing, "whistle_proposed", text=given.reason, units=named)
    _ask_approval(doing)
    finish(doing)
    return Begun(whistle, created=True)


def finish(doing: Doing) -> None:
    """Write the whistle and the issue's turn, and tell."""
    doing.whistle.save()
    doing.turn.save()
    tell(doing)


def _why(issue: Issue) -> str:
    if Whistle.objects.filter(issue=issue, state__in=RUNNING).exists():
        return _("这件事已经有一个哨，收哨以后才能再吹。")
    return _("这件事已经办结，不能再吹哨。") if not issue.is_open else ""


def new_number(*, at: datetime) -> str:
    """A number such as W261121-7K3M9, which nobody can guess."""
    day = timezone.localtime(at).strftime("%y%m%d")
    while True:
        number = f"W{day}-{tail()}"
        if not Whistle.objects.filter(number=number).exists():
            return number


def _meets(given: Given, now: datetime) -> datetime:
    """When to be there: an emergency's is now, every other names a time to come."""
    if given.meet_at is None:
        if given.kind == Whistle.Kind.EMERGENCY:
            return now
        raise bad("meet_at", _("请写明到场时间。"))
    if given.meet_at < now - GRACE:
        raise bad("meet_at", _("到场时间已经过去，请重新填写。"))
    if given.meet_at > now + LONGEST_AHEAD:
        raise bad("meet_at", _("到场时间要在一年以内，请重新填写。"))
    return given.meet_at


def called_units(issue: Issue, given: Given, *, at: datetime) -> list[Organization]:
    """The units with these codes, the lead one first.

    They serve the place, do the work themselves and have somebody who can answer;
    ValidationError {units, lead} otherwise.
    """
    codes = list(dict.fromkeys(given.units))
    if len(codes) > MOST_UNITS:
        raise bad("units", _("一次最多请 %(most)d 个单位到场。") % {"most": MOST_UNITS})
    found = Organization.objects.select_related("area", "calendar").filter(
        code__in=codes, active=True
    )
    units = {unit.code: unit for unit in found}
    lead = _lead(given, codes)
    staff = staff_of(organizations=units.values(), at=at)
    for code in codes:
        if why := _cannot_come(issue, units.get(code), staff):
            raise bad("units", why)
    return [units[lead], *(units[code] for code in codes if code != lead)]


def _lead(given: Given, codes: Sequence[str]) -> str:
    """The code of the lead unit; a single one leads."""
    lead = given.lead or (codes[0] if len(codes) == 1 else "")
    if not lead:
        raise bad("lead", _("请选择牵头单位。"))
    if lead not in codes:
        raise bad("lead", _("牵头单位要在被请的单位里。"))
    return lead


def _cannot_come(issue: Issue, unit: Organization | None, staff: Staff) -> str:
    """Why this unit cannot be called here; "" when it can."""
    if unit is None or not serves(unit, issue.areas):
        return _("这里没有这个单位，请从列表里选。")
    if unit.kind in Organization.PARTY_KINDS:
        return _("党组织负责统筹和监督，请选要到场的单位。")
    if unit.kind == Organization.Kind.DESK and unit.area_id != issue.community_id:
        return _("值守台负责吹哨和裁定，请选要到场的单位。")
    if not staff.of(unit, UNIT_DESKS):
        said = _("“%(name)s”还没有能应哨的人，请打电话，或请管理员登记岗位。")
        return said % {"name": unit.name}
    return ""


def _blow(doing: Doing) -> None:
    """The units are called: they see the issue, and their limit to answer runs."""
    whistle = doing.whistle
    whistle.state, whistle.blown_at = Standing.BLOWN, doing.now
    look_on(doing.turn, doing.calls)
    for call in doing.calls:
        start_answer(doing.turn, call)
    doing.about = list(doing.calls)


def _ask_approval(doing: Doing) -> None:
    """An emergency's within two hours by day and night, else as a unit's request.

    A leader who is silent is not waited for in silence: the district hears of it.
    """
    issue = doing.issue
    desk = desk_of(area=issue.street) or desk_of(area=issue.district)
    if desk is not None:
        urgent = doing.whistle.kind == Whistle.Kind.EMERGENCY
        limit = Limit(APPROVE_WITHIN, continuous=True) if urgent else limit_of("approve")
        subject = doing.whistle.subject_key
        doing.turn.start_limit(APPROVING, unit=desk, limit=limit, subject=subject)


def _approve(doing: Doing) -> None:
    """The leader agrees: it is blown now, or was rightly blown already."""
    whistle = doing.whistle
    whistle.approved_by, whistle.approved_at = doing.scope.user, doing.now
    doing.turn.end_limit(APPROVING, subject=whistle.subject_key)
    if whistle.state == Standing.BLOWN:
        write(doing, "whistle_confirmed", text=doing.given.reason)
        return
    _blow(doing)
    write(doing, "whistle_approved", text=doing.given.reason, units=_named(doing.calls))


def _named(calls: Sequence[Call]) -> str:
    return " · ".join(call.unit.name for call in calls)


def _refuse(doing: Doing) -> None:
    """The leader does not agree; who was called already is called off."""
    if doing.whistle.blown_at is not None:
        doing.about = list(doing.calls)
    end(doing, Standing.REFUSED)
    write(doing, "whistle_refused", text=doing.given.reason)


def _withdraw(doing: Doing) -> None:
    end(doing, Standing.WITHDRAWN)
    write(doing, "whistle_withdrawn", text=doing.given.reason)


def end(doing: Doing, standing: Standing) -> None:
    """The whistle is over: no limit of it runs on, and nobody looks on because of it."""
    whistle, turn = doing.whistle, doing.turn
    whistle.state, whistle.ended_at = standing, doing.now
    end_limits(turn, doing.calls)
    turn.end_limit(APPROVING, subject=whistle.subject_key)
    stop_looking(turn, whistle)


HOW: dict[Act, How] = {
    Act.APPROVE: _approve,
    Act.REFUSE: _refuse,
    Act.WITHDRAW: _withdraw,
}
