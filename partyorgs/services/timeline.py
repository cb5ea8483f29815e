"""What the dated tables share: a row follows the one before it, and refusals are sentences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from grid.services import Saved
from partyorgs.models import Dated

BATCH = 1000
# Further ahead it is a slip of the finger: 2062 for 2026.
FARTHEST = timedelta(days=366)

Row = TypeVar("Row", bound=Dated)


@dataclass
class Plan(Generic[Row]):
    """What a batch of changes comes to, worked out before anything is written.

    `results` and `refusals` are by the index of the change in the batch.
    """

    opened: list[Row] = field(default_factory=list)
    moved: list[Row] = field(default_factory=list)
    results: dict[int, Row] = field(default_factory=dict)
    refusals: dict[int, str] = field(default_factory=dict)
    created: int = 0
    updated: int = 0

    def open(self, index: int, row: Row, earlier: list[Row]) -> None:
        """Adds `row` to the rows of the same thing."""
        self.opened.append(row)
        self.results[index] = row
        earlier.append(row)
        self.created += 1

    def follow(self, index: int, row: Row, earlier: list[Row]) -> None:
        """Adds `row` and ends the last of the earlier rows where it begins."""
        last = earlier[-1] if earlier else None
        self.open(index, row, earlier)
        if last and (last.valid_until is None or last.valid_until > row.valid_from):
            self.created -= 1
            self.updated += 1
            self.end(last, row.valid_from)

    def end(self, row: Row, at: datetime) -> None:
        """Moves the end of a row, which may be one of this very batch."""
        row.valid_until = at
        if row.pk:
            self.moved.append(row)

    def check(self) -> None:
        """ValidationError with every refusal of the batch."""
        if self.refusals:
            raise ValidationError([text for _index, text in sorted(self.refusals.items())])

    def write(self) -> None:
        """Ends before it opens, for the database looks at every single statement."""
        ends: dict[datetime | None, list[Row]] = defaultdict(list)
        for row in self.moved:
            ends[row.valid_until].append(row)
        for until, rows in ends.items():
            for batch in batches(rows):
                manager = _manager(batch[0])
                manager.filter(pk__in=[row.pk for row in batch]).update(valid_until=until)
        for batch in batches(self.opened):
            _manager(batch[0]).bulk_create(batch)

    def saved(self, total: int) -> Saved:
        """Counts by change: one that ends an earlier row counts as an update."""
        return Saved(self.created, self.updated, total - self.created - self.updated)


def _manager(row: models.Model) -> Any:
    return type(row)._default_manager


def batches(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def grouped(rows: Iterable[Row], *columns: str) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by the columns that name the thing they are about, in the order given."""
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(getattr(row, column) for column in columns)].append(row)
    return found


def day(at: datetime) -> str:
    """An instant as offices write it, in local time; midnight is left out."""
    local = timezone.localtime(at)
    return f"{local:%Y-%m-%d}" if not (local.hour or local.minute) else f"{local:%Y-%m-%d %H:%M}"


def far_refusal(at: datetime, now: datetime) -> str:
    """Why a beginning is too far ahead; "" if it is not."""
    if at - now <= FARTHEST:
        return ""
    return _("开始时间 %(at)s 离现在超过一年，请核对年份。") % {"at": day(at)}


@contextmanager
def refusals_in_words() -> Iterator[None]:
    """One transaction; what the database refuses comes out as ValidationError.

    The database has the last word when two people write at once.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise ValidationError(_sentence(error)) from error


def _sentence(error: IntegrityError) -> str:
    said = str(error)
    for name, sentence in (
        ("cellownership_one_at_a_time", _("这个网格在这段时间里已经有归属；请刷新后再试。")),
        ("responsibility_one_at_a_time", _("这个事项在这段时间里已经有责任单位；请刷新后再试。")),
        ("leave_one_at_a_time", _("这个人在这段时间里已经请假；请刷新后再试。")),
        ("duty_once", _("这一班刚刚已经排过这个人；请刷新后再试。")),
        ("partyorgs_duty", _("这一班刚刚已经排过这个人；请刷新后再试。")),
        ("ends_after_start", _("结束时间要晚于开始时间。")),
        ("partyorgs_post", _("这个岗位刚刚已经登记过；请刷新后再试。")),
        ("post_once", _("这个岗位刚刚已经登记过；请刷新后再试。")),
        ("partyorgs_organization", _("这个代码刚刚已经有组织使用；请刷新后再试。")),
    ):
        if name in said:
            return sentence
    return _("数据刚刚被别人改动，没有保存；请刷新后再试。")
