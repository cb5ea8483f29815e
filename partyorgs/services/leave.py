"""Leave with a stand-in: rights handed on for a time."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from partyorgs.models import Leave
from partyorgs.rules import Scope, may_keep_leave
from partyorgs.services.timeline import day, far_refusal, refusals_in_words


def take_leave(
    *, user: User, stand_in: User, since: datetime, until: datetime, by: Scope, now: datetime
) -> Leave:
    """Enters a leave with its stand-in; one that began earlier counts from now on.

    PermissionDenied unless `by` is the person, heads them or is an admin.
    ValidationError for oneself as stand-in, a closed account, a stand-in who is
    away then, a person who stands in for somebody then (rights are handed on
    once, never further), an overlap, and a time that is over.
    """
    if not may_keep_leave(by, user, at=now):
        raise PermissionDenied
    since = max(since, now)
    with refusals_in_words():
        # Both, by key: each may at this moment become the other's stand-in.
        ids = [user.pk, stand_in.pk]
        locked = User.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
        people = {person.pk: person for person in locked}
        _refuse_shape(since, until, now)
        _refuse_people(people[user.pk], people[stand_in.pk])
        _refuse_overlaps(user, stand_in, since, until)
        return Leave.objects.create(
            user=user, stand_in=stand_in, valid_from=since, valid_until=until, entered_by=by.user
        )


def end_leave(*, leave: Leave, by: Scope, now: datetime) -> Leave | None:
    """Ends a leave now; one that has not begun is withdrawn, and None is returned.

    The stand-in's rights are gone at this instant. PermissionDenied as for
    `take_leave`; ValidationError for a leave that is over.
    """
    if not may_keep_leave(by, leave.user, at=now):
        raise PermissionDenied
    with refusals_in_words():
        locked = Leave.objects.select_for_update().get(pk=leave.pk)
        if locked.valid_from >= now:
            locked.delete()
            return None
        if locked.valid_until is not None and locked.valid_until <= now:
            raise ValidationError(
                _("这次请假已于 %(at)s 结束，不用再结束。") % {"at": day(locked.valid_until)}
            )
        locked.valid_until = now
        locked.save(update_fields=["valid_until"])
        return locked


def _refuse_shape(since: datetime, until: datetime, now: datetime) -> None:
    if until <= now:
        raise ValidationError({"until": _("结束时间已经过去，请写以后的时间。")})
    if until <= since:
        raise ValidationError({"until": _("结束时间要晚于开始时间。")})
    if far_refusal(until, now):
        raise ValidationError({"until": _("结束时间离现在超过一年，请核对年份。")})


def _refuse_people(user: User, stand_in: User) -> None:
    if user.pk == stand_in.pk:
        raise ValidationError({"stand_in": _("替岗人不能是本人，请选一位同事。")})
    for field, person in (("person", user), ("stand_in", stand_in)):
        if not person.is_active:
            name = {"name": str(person)}
            raise ValidationError({field: _("%(name)s 的账号已停用，请换一个人。") % name})


def _refuse_overlaps(user: User, stand_in: User, since: datetime, until: datetime) -> None:
    then = Leave.objects.filter(valid_from__lt=until, valid_until__gt=since)
    facts = {"name": str(user), "other": str(stand_in)}
    if clash := then.filter(user=user).first():
        text = _("%(name)s 在 %(from)s 到 %(until)s 已经请假：请改时间，或先结束那一次。")
        raise ValidationError(text % (facts | _span(clash)))
    if clash := then.filter(user=stand_in).first():
        text = _("%(other)s 自己在 %(from)s 到 %(until)s 请假，请另选替岗人。")
        raise ValidationError({"stand_in": text % (facts | _span(clash))})
    if clash := then.filter(stand_in=user).select_related("user").first():
        facts |= {"absent": str(clash.user)}
        text = _("%(name)s 那时正在替 %(absent)s 的岗：请先给 %(absent)s 换一位替岗人。")
        raise ValidationError(text % facts)


def _span(leave: Leave) -> dict[str, str]:
    until = day(leave.valid_until) if leave.valid_until else ""
    return {"from": day(leave.valid_from), "until": until}
