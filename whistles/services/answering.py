"""What the called units say, and what is decided about it."""

from django.utils.translation import gettext as _

from issues.models import Clock
from partyorgs.models import Responsibility
from whistles.models import Call
from whistles.queries import items_at_place
from whistles.services.doing import (
    Doing,
    How,
    arrive_limit,
    bad,
    end_limits,
    start_answer,
    stop_looking,
    write,
)
from whistles.sides import ABOUT
from whistles.workflow import Act

K = Clock.Kind
C = Call.Answer


def _answer(doing: Doing) -> None:
    """It comes, is there already, or says whose it is by an item of the list.

    "Not ours" goes to the district's desk, not back to the street; after a judgement
    nobody argues again (DOMAIN.md §3.4).
    """
    given = doing.given
    call = _one(doing)
    if given.answer not in C.values:
        raise bad("answer", _("没有这种答复，请重新选择。"))
    if given.answer == C.NOT_OURS:
        call.item = _item(doing, call)
    if given.answer == C.ALREADY_THERE:
        _there(doing, call)
    call.answer, call.answered_at = given.answer, doing.now
    doing.turn.end_limit(K.WHISTLE_ANSWER, subject=call.subject)
    if call.coming and doing.issue.is_open:
        limit = arrive_limit(call, at=doing.now)
        doing.turn.start_limit(K.WHISTLE_ARRIVE, unit=call.unit, limit=limit, subject=call.subject)
    call.save()
    rests = {"item": call.item.pk} if call.item and given.answer == C.NOT_OURS else {}
    _say(doing, call, f"whistle_{given.answer}", text=given.reason, **rests)


def _there(doing: Doing, call: Call) -> None:
    """Reporting in is a statement by role; nobody's position is asked for."""
    if not doing.given.roles:
        raise bad("roles", _("请写明到场人员的岗位，例如：执法中队长、法制员。"))
    call.arrived_at, call.arrived_roles = doing.now, doing.given.roles


def _item(doing: Doing, call: Call) -> Responsibility:
    """The item that says whose it is: of the list at this place, and in force."""
    if call.judged == Call.Judged.MUST_COME:
        raise bad("answer", _("区级已经裁定应当到场，请到场；确有困难请联系区网格中心。"))
    if doing.given.item is None:
        raise bad("item", _("“不属于本单位职责”要依据权责清单：请选清单里的一条。"))
    items = items_at_place(doing.issue, at=doing.now)
    item = items.filter(pk=doing.given.item).first()
    if item is None:
        raise bad("item", _("这里的权责清单没有这一条，或它已经失效，请另选一条。"))
    return item


def _arrive(doing: Doing) -> None:
    call = _one(doing)
    _there(doing, call)
    doing.turn.end_limit(K.WHISTLE_ARRIVE, subject=call.subject)
    call.save()
    _say(doing, call, "whistle_arrived", text=doing.given.roles)


def _judge(doing: Doing) -> None:
    """The district says whether the unit comes; if it must, its limit to answer runs anew."""
    call = _one(doing)
    call.judged_at = doing.now
    if doing.given.must_come:
        call.judged = Call.Judged.MUST_COME
        call.answer, call.answered_at = "", None
        start_answer(doing.turn, call)
    else:
        call.judged = Call.Judged.EXCUSED
        stop_looking(doing.turn, doing.whistle, unit=call.unit)
    call.save()
    _say(doing, call, f"whistle_{call.judged}", text=doing.given.reason)


def _waive(doing: Doing) -> None:
    """The approver lets a unit off that has not answered, or whose "not ours" nobody judged."""
    call = _one(doing)
    call.waived_at, call.waived_reason = doing.now, doing.given.reason
    end_limits(doing.turn, [call])
    stop_looking(doing.turn, doing.whistle, unit=call.unit)
    call.save()
    _say(doing, call, "whistle_waived", text=doing.given.reason)


def _say(doing: Doing, call: Call, code: str, *, text: str = "", **facts: object) -> None:
    doing.about = [call]
    write(doing, code, text=text, whose=call.unit, unit=call.unit.name, **facts)


def _one(doing: Doing) -> Call:
    """The call of the named unit, or the only one; ValidationError {unit: …} otherwise."""
    found = ABOUT[doing.rule.verb](doing.scope, doing.seen)
    if doing.given.unit:
        found = [call for call in found if call.unit.code == doing.given.unit]
    if len(found) > 1:
        raise bad("unit", _("有几个单位，请选是哪一个。"))
    if not found:
        raise bad("unit", _("这个单位没有被请，或现在不需要、不能由您这样做，请重新选择。"))
    return found[0]


HOW: dict[Act, How] = {
    Act.ANSWER: _answer,
    Act.ARRIVE: _arrive,
    Act.JUDGE: _judge,
    Act.WAIVE: _waive,
}
