"""Writes to the ladders: a change is a new version, what runs keeps its own."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS as ALL
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
def set_ladder(
    *,
    use: str,
    rungs: Iterable[Mapping[str, Any]],
    now: datetime,
    seen: int | None = None,
) -> Ladder:
    """Make these the rungs of every clock that starts from now on.

    The version before stays for the clocks that started with it; a rung that is
    disabled stays so. The same rungs again change nothing. ValidationError, by
    "<row>.<field>", for a rung that cannot be or comes out of order; without a
    field where the ladder is empty or is not the version `seen` any more.
    """
    rows = [Rung(**rung) for rung in rungs]
    _check(use, rows)
    # In two steps: whoever waited for the lock must see the version that was made meanwhile.
    list(Ladder.objects.select_for_update().filter(use=use).order_by("pk").values_list("pk"))
    current = Ladder.objects.filter(use=use, replaced_at=None).first()
    before = list(current.rungs.all()) if current else []
    if seen is not None and current and current.version != seen:
        raise ValidationError(_("别人刚改过这套阶梯，请核对下面的现行规定后再保存。"))
    if current and _said(rows) == _said(before):
        return current
    if current:
        current.replaced_at = now
        current.save(update_fields=["replaced_at"])
    version = (current.version if current else 0) + 1
    ladder = Ladder.objects.create(use=use, version=version, created_at=now)
    disabled = {row.level: row.disabled_at for row in before}
    for row in rows:
        row.ladder = ladder
        row.disabled_at = disabled.get(row.level)
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


def _said(rows: Iterable[Rung]) -> list[list[Any]]:
    return [[getattr(row, name) for name in defaults.FIELDS] for row in rows]


def _check(use: str, rows: list[Rung]) -> None:
    if not rows:
        raise ValidationError(_("阶梯至少要有一级，请补上。"))
    wrong: dict[str, list[str]] = {}
    for number, row in enumerate(rows):
        problems = _problems(use, row)
        if not problems and number and not _comes_later(rows[number - 1], row):
            problems = {"level": [_("这一级不能早于前一级，请改时间或顺序。")]}
        wrong |= {f"{number}.{field}": said for field, said in problems.items()}
    if wrong:
        raise ValidationError(wrong)


def _problems(use: str, row: Rung) -> dict[str, list[str]]:
    """What is wrong with a rung by itself, by field."""
    found: dict[str, list[str]] = {}
    try:
        row.full_clean(exclude=["ladder", "tells"])
    except ValidationError as refused:
        said = refused.message_dict
        found = {"base" if name == ALL else name: said[name] for name in said}
    if row.act not in defaults.ACTS[use]:
        found.setdefault("act", [_("这种时限没有这一步，请重新选择。")])
    if row.act in defaults.TURNS:
        if row.tells or row.copies:
            found["tells"] = [_("这一步自己会通知有关的人，请不要再选。")]
    elif not row.tells:
        found["tells"] = [_("没有写通知谁，请补上。")]
    for name in ("tells", "copies"):
        if set(getattr(row, name)) - set(defaults.TELLS[use]):
            found[name] = [_("这里没有这一项，请重新选择。")]
    return found


def _comes_later(lower: Rung, upper: Rung) -> bool:
    if upper.level <= lower.level:
        return False
    if lower.base == Rung.Base.YELLOW:
        return True
    not_yellow = upper.base != Rung.Base.YELLOW
    return not_yellow and upper.share >= lower.share and upper.minutes >= lower.minutes
