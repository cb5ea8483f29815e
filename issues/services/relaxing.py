"""Relaxing "another branch checks" for a small street: the district alone, for a time."""

from datetime import date, datetime, time, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.timezone import get_default_timezone, localdate
from django.utils.translation import gettext as _

from grid.models import Area
from issues.models import Relaxation
from issues.rules import relaxing_districts
from issues.services.words import MAX_BASIS, cleaned
from partyorgs.rules import Scope

LONGEST = timedelta(days=366)


@transaction.atomic
def relax(
    *, scope: Scope, street: str, since: date, until: date, reason: str, now: datetime
) -> Relaxation:
    """Let the branches of a street check although the handler stands in them.

    From the beginning of `since`, today from now on, to the end of `until`, within
    a year. Raises PermissionDenied unless the street lies in a district whose desk
    the person works at; ValidationError by field for a reason or dates that will
    not do, and where the street's rule is relaxed then already.
    """
    area = _own_street(scope, street)
    reason = cleaned(reason, field="reason", longest=MAX_BASIS)
    if not reason:
        raise ValidationError({"reason": _("请写明为什么要放宽，例如街道一共几个人。")})
    starts, ends = _span(since, until, now)
    then = Relaxation.objects.filter(street=area, valid_from__lt=ends, valid_until__gt=starts)
    if then.filter(what=Relaxation.What.BRANCH_CHECKS).exists():
        raise ValidationError({"street": _("这个街道那时已经放宽，请先结束原来的，或改日期。")})
    return Relaxation.objects.create(
        street=area,
        what=Relaxation.What.BRANCH_CHECKS,
        reason=reason,
        valid_from=starts,
        valid_until=ends,
        entered_by=scope.user,
    )


@transaction.atomic
def end_relaxation(*, scope: Scope, relaxation: int, now: datetime) -> Relaxation | None:
    """End it now; one that has not begun is withdrawn, and None is returned.

    Raises PermissionDenied for whoever relaxes nothing, Relaxation.DoesNotExist also
    for another district's, ValidationError for one that is over.
    """
    districts = relaxing_districts(scope)
    if not districts:
        raise PermissionDenied
    own = Relaxation.objects.filter(street__parent__in=districts)
    found = own.select_for_update(of=("self",)).get(pk=relaxation)
    if found.valid_from >= now:
        found.delete()
        return None
    if found.valid_until is not None and found.valid_until <= now:
        raise ValidationError(_("这一条已经到期，不用再结束。"))
    found.valid_until = now
    found.save(update_fields=["valid_until"])
    return found


def _own_street(scope: Scope, code: str) -> Area:
    """The street, locked, so that two who relax it at once follow one another."""
    districts = relaxing_districts(scope)
    if not districts:
        raise PermissionDenied
    # Without the key: reports that point at the street do not wait for it.
    areas = Area.objects.select_for_update(of=("self",), no_key=True)
    streets = areas.filter(level=Area.Level.STREET)
    area = streets.filter(code=code).first()
    if area is None:
        raise ValidationError({"street": _("没有这个街道，请从列表里选。")})
    if area.parent_id not in districts:
        raise PermissionDenied
    return area


def _span(since: date, until: date, now: datetime) -> tuple[datetime, datetime]:
    today, zone = localdate(now), get_default_timezone()
    if since < today:
        raise ValidationError({"since": _("开始日期不能早于今天。")})
    if since - today > LONGEST:
        raise ValidationError({"since": _("开始日期要在一年以内。")})
    if until < since:
        raise ValidationError({"until": _("结束日期不能早于开始日期。")})
    if until - since > LONGEST:
        raise ValidationError({"until": _("最长一年，到期还需要再放宽一次。")})
    starts = now if since == today else datetime.combine(since, time(), zone)
    return starts, datetime.combine(until + timedelta(days=1), time(), zone)
