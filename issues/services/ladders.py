"""Writes to the ladders: a change is a new version, what runs keeps its own."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from issues import rungs as defaults
from issues.models import Ladder, Rung


@transaction.atomic
def seed_ladders(*, now: datetime) -> int:
    """Give every use that has no ladder yet its default one; how many were missing."""
    have = set(Ladder.objects.filter(replaced_at=None).values_list("use", flat=True))
    missing = [use for use in defaults.DEFAULTS if use not in have]
    for use in missing:
        set_ladder(use=use, rungs=defaults.rows(use), now=now)
    return len(missing)


@transaction.atomic
def set_ladder(*, use: str, rungs: Iterable[Mapping[str, Any]], now: datetime) -> Ladder:
    """Make these the rungs of every clock that starts from now on.

    The version before stays for the clocks that started with it. ValidationError
    for a rung that cannot be, two of one level, or rungs that come out of order.
    """
    rows = [Rung(**rung) for rung in rungs]
    _check(rows)
    current = Ladder.objects.select_for_update().filter(use=use, replaced_at=None).first()
    if current:
        current.replaced_at = now
        current.save(update_fields=["replaced_at"])
    version = (current.version if current else 0) + 1
    ladder = Ladder.objects.create(use=use, version=version, created_at=now)
    for row in rows:
        row.ladder = ladder
    Rung.objects.bulk_create(rows)
    return ladder


@transaction.atomic
def disable_rung(*, use: str, level: int, now: datetime) -> int:
    """End a rung at once, also for the clocks that run; how many rows were disabled.

    What would have come of it is left out from now on, and each timeline says so
    at the minute when it would have come.
    """
    ladders = Ladder.objects.filter(use=use)
    active = Rung.objects.filter(ladder__in=ladders, level=level, disabled_at=None)
    return active.update(disabled_at=now)


@transaction.atomic
def enable_rung(*, use: str, level: int) -> int:
    """Let a disabled rung of every version work again; how many rows were enabled."""
    disabled = Rung.objects.filter(ladder__use=use, level=level, disabled_at__isnull=False)
    return disabled.update(disabled_at=None)


def _check(rows: list[Rung]) -> None:
    if not rows:
        raise ValidationError(_("阶梯至少要有一级，请补上。"))
    for row in rows:
        row.full_clean(exclude=["ladder"])
        if not row.tells:
            raise ValidationError(_("第 %(level)s 级没有写通知谁，请补上。") % {"level": row.level})
    for lower, upper in zip(rows, rows[1:], strict=False):
        if upper.level <= lower.level or not _comes_later(lower, upper):
            raise ValidationError(
                _("第 %(level)s 级不能早于前一级，请改时间或顺序。") % {"level": upper.level}
            )


def _comes_later(lower: Rung, upper: Rung) -> bool:
    if lower.base == Rung.Base.YELLOW:
        return True
    not_yellow = upper.base != Rung.Base.YELLOW
    return not_yellow and upper.share >= lower.share and upper.minutes >= lower.minutes
