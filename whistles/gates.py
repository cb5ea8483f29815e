"""What must be so of a whistle before an act, and the sentence when it is not."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from whistles.models import Call, Rating, Whistle
from whistles.workflow import RATE_WITHIN, Gate, Standing

G = Gate
# Why an act is grey; a gate without words says nothing, and its act is not shown.
WHY: dict[str, str | Promise] = {
    G.NEEDED: _("事项已经结束，不用再请单位到场：不批准，或由提出的一方撤回。"),
    G.APPROVED: _("应急先吹的哨还没有补批，补批以后才能收哨。"),
    G.SETTLED: _("还有单位没有应哨，或还没有裁定：等它答复，或由批准人写明理由免应哨。"),
    G.NO_ITEM: _("这次吹哨的结果已经写入权责清单，或事项还没有类别。"),
    "own_whistle": _("提出人和批准、裁定的人不能是同一个人，请由别人来办。"),
    "own_call": _("本单位的应哨不由自己裁定，也不由自己免去，请由别人来办。"),
}


def open_gates(
    whistle: Whistle, calls: Collection[Call], *, own: Collection[int], at: datetime
) -> frozenset[Gate]:
    """Every gate that is open at that instant; `own`: ids of the reader's called units."""
    mine = [call for call in calls if call.unit_id in own]
    waiting = [call for call in calls if call.unanswered or call.disputed]
    asks = {
        G.UNAPPROVED: whistle.approved_at is None,
        # What was blown at once is approved all the same, so that it can be closed in order.
        G.NEEDED: whistle.blown_at is not None or whistle.issue.is_open,
        G.APPROVED: whistle.approved_at is not None,
        G.TO_ANSWER: any(call.unanswered for call in mine),
        G.TO_ARRIVE: any(call.coming for call in mine),
        G.TO_JUDGE: any(call.disputed for call in calls),
        G.WAIVABLE: bool(waiting),
        G.SETTLED: not waiting,
        G.TO_RATE: in_time_to_rate(whistle, at=at),
        G.NO_ITEM: whistle.became_id is None and whistle.issue.category_id is not None,
    }
    return frozenset(gate for gate, is_so in asks.items() if is_so)


def in_time_to_rate(whistle: Whistle, *, at: datetime) -> bool:
    """Whether the sides may still say how they found each other: a week after the end."""
    if whistle.state == Standing.BLOWN:
        return True
    ended = whistle.ended_at
    return ended is not None and at < ended + timedelta(days=RATE_WITHIN)


def unrated_units(calls: Collection[Call], ratings: Collection[Rating], *, of: str) -> list[Call]:
    """The calls that nobody has rated on this side; units that need not come are left out."""
    rated = {rating.unit_id for rating in ratings if rating.of == of}
    return [call for call in calls if call.unit_id not in rated and not is_excused(call)]


def is_excused(call: Call) -> bool:
    """Whether the unit need not come: judged so, or waived."""
    return call.judged == Call.Judged.EXCUSED or call.waived_at is not None


def why_shut(gate: str) -> str:
    """Why an act is grey, for a reader; "" where it is not shown at all."""
    return str(WHY.get(gate, ""))
