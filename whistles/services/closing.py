"""The end of a whistle: closed, rated by both sides, and what the list learns from it."""

from django.utils.translation import gettext as _

from grid.models import Area
from partyorgs.models import Level, Organization, Responsibility
from partyorgs.queries import responsible_for, staff_of
from partyorgs.services.responsibilities import end_responsibility, set_responsibility
from whistles.models import LEAST, MOST, Call, Rating
from whistles.rules import areas_kept, seat_to_rate
from whistles.services.blowing import end
from whistles.services.doing import Doing, How, bad, write
from whistles.sides import ABOUT, to_rate
from whistles.workflow import Act, Standing

OF_UNIT = ("speed", "work", "result")
OF_WHISTLE = ("right", "clear")


def _close(doing: Doing) -> None:
    doing.about = list(doing.calls)
    end(doing, Standing.CLOSED)
    write(doing, "whistle_closed", text=doing.given.reason)


def _rate(doing: Doing) -> None:
    """One side says how it found the other: the street a unit, a unit the whistle."""
    of = _side(doing)
    names = OF_UNIT if of == Rating.Of.UNIT else OF_WHISTLE
    marks = {name: _mark(doing, name) for name in names}
    call = _rated(doing, of)
    Rating.objects.create(whistle=doing.whistle, unit=call.unit, of=of, at=doing.now, **marks)
    code = f"whistle_rated_{of}"
    write(doing, code, text=doing.given.reason, whose=call.unit, unit=call.unit.name)


def _side(doing: Doing) -> str:
    """Which side speaks: by what was given; only one that is this person's."""
    of_whistle = any(getattr(doing.given, name) is not None for name in OF_WHISTLE)
    of = Rating.Of.WHISTLE if of_whistle else Rating.Of.UNIT
    seat = seat_to_rate(doing.scope, doing.seen, of=of)
    if seat is None:
        if of_whistle:
            raise bad("right", _("吹得准不准由被请的单位评价，每个单位一次；吹哨方的人不评自己。"))
        raise bad("unit", _("到场情况由吹哨方评价，每个单位一次；本单位的人不评自己。"))
    doing.turn.seat = seat
    return of


def _mark(doing: Doing, name: str) -> int:
    mark: int | None = getattr(doing.given, name)
    if mark is None or not LEAST <= mark <= MOST:
        raise bad(name, _("请从 1 到 5 里选一个。"))
    return mark


def _rated(doing: Doing, of: str) -> Call:
    """The call whose unit is rated, or rates: the named one, or the only one left."""
    left = to_rate(doing.scope, doing.seen, of=of)
    if doing.given.unit:
        left = [call for call in left if call.unit.code == doing.given.unit]
    if len(left) != 1:
        raise bad("unit", _("请选择单位；每个单位只评价一次，本单位的人不评自己。"))
    return left[0]


def _become_item(doing: Doing) -> None:
    """The unit that did it stands in the responsibility list from now on.

    For the issue's leaf in one of its areas, so that the next such report routes by
    itself, straight to the unit; whoever came too stands there as a helper.
    """
    issue, given = doing.issue, doing.given
    came = ABOUT[doing.rule.verb](doing.scope, doing.seen)
    doer = next((call.unit for call in came if call.unit.code == given.unit), None)
    if doer is None:
        raise bad("unit", _("请选到场的单位。"))
    if issue.category is None:
        raise bad("unit", _("事项还没有类别，不能写入权责清单。"))
    if not staff_of(organizations=[doer], at=doing.now).serves(doer):
        said = _("“%(unit)s”现在没有能签收的人，请先登记岗位，或选别的单位。")
        raise bad("unit", said % {"unit": doer.name})
    item = set_responsibility(
        category=issue.category,
        level=doer.area.level if doer.area else Level.DISTRICT,
        area=_area(doing, doer),
        doer=doer,
        basis=given.basis or doing.whistle.number,
        helpers=[call.unit for call in came if call.unit != doer and call.unit.active],
        direct=True,
        at=doing.now,
        now=doing.now,
    )
    _put_first(doing, item)
    doing.whistle.became = item
    write(doing, "whistle_item", whose=doer, unit=doer.name, item=item.pk)


def _area(doing: Doing, doer: Organization) -> Area:
    """The issue's street, unless another of its areas is named; one that the unit serves.

    An admin writes for the own area only.
    """
    kept, code = areas_kept(doing.scope, doing.issue), doing.given.area
    if code:
        kept = [area for area in kept if area.code == code]
    if not kept:
        raise bad("area", _("请选这件事所在的社区、街道或区，要在您管理的范围里。"))
    served = [area for area in kept if _serves(doer, area)]
    if not served:
        said = _("“%(unit)s”不服务整个%(area)s，请选它服务的范围。")
        raise bad("area", said % {"unit": doer.name, "area": kept[-1].name})
    return next((area for area in served if area.level == Area.Level.STREET), served[-1])


def _serves(unit: Organization, area: Area) -> bool:
    """Whether the unit serves all of the area; codes nest."""
    return unit.area is None or area.code.startswith(unit.area.code)


def _put_first(doing: Doing, item: Responsibility) -> None:
    """End what would go before the new item at the issue's place: a lower level, a smaller area.

    But not an item of a larger area, which counts for other places too.
    """
    at = doing.now
    while (first := _first(doing, item)) != item:
        if first is None:
            return
        if not first.area.code.startswith(item.area.code):
            said = _("“%(unit)s”的那一条范围更大、层级更低，会排在前面：请选%(area)s。")
            raise bad("area", said % {"unit": first.doer.name, "area": first.area.name})
        end_responsibility(item=first, at=at, now=at)


def _first(doing: Doing, item: Responsibility) -> Responsibility | None:
    return responsible_for(category=item.category, areas=doing.issue.areas, at=doing.now)


HOW: dict[Act, How] = {
    Act.CLOSE: _close,
    Act.RATE: _rate,
    Act.BECOME_ITEM: _become_item,
}
