"""The end of a whistle: closed, rated by both sides, and what the list learns from it."""

from django.utils.translation import gettext as _

from grid.models import Area
from partyorgs.models import Level
from partyorgs.services.responsibilities import set_responsibility
from whistles.gates import is_excused, unrated_units
from whistles.models import LEAST, MOST, Call, Rating
from whistles.rules import around, own_units, seat_to_rate
from whistles.services.blowing import end
from whistles.services.doing import Doing, How, bad, write
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
    seat = seat_to_rate(doing.scope, around(doing.whistle), of=of)
    if seat is None:
        if of_whistle:
            raise bad("right", _("吹得准不准由被请的单位评价，每个单位一次。"))
        raise bad("unit", _("到场情况由吹哨方评价，每个单位一次。"))
    doing.turn.seat = seat
    return of


def _mark(doing: Doing, name: str) -> int:
    mark: int | None = getattr(doing.given, name)
    if mark is None or not LEAST <= mark <= MOST:
        raise bad(name, _("请从 1 到 5 里选一个。"))
    return mark


def _rated(doing: Doing, of: str) -> Call:
    """The call whose unit is rated, or rates: the named one, or the only one left."""
    left = unrated_units(doing.calls, list(doing.whistle.ratings.all()), of=of)
    if of == Rating.Of.WHISTLE:
        own = own_units(doing.scope, doing.calls)
        left = [call for call in left if call.unit_id in own]
    if doing.given.unit:
        left = [call for call in left if call.unit.code == doing.given.unit]
    if len(left) != 1:
        raise bad("unit", _("请选择单位；每个单位只评价一次。"))
    return left[0]


def _become_item(doing: Doing) -> None:
    """The unit that did it stands in the responsibility list from now on.

    For the issue's leaf in one of its areas, so that the next such report routes by
    itself, straight to the unit; whoever came too stands there as a helper.
    """
    issue, given = doing.issue, doing.given
    came = [call for call in doing.calls if not is_excused(call)]
    doer = next((call.unit for call in came if call.unit.code == given.unit), None)
    if doer is None:
        raise bad("unit", _("请选到场的单位。"))
    if issue.category is None:
        raise bad("unit", _("事项还没有类别，不能写入权责清单。"))
    area = _area(issue.areas, given.area)
    item = set_responsibility(
        category=issue.category,
        level=doer.area.level if doer.area else Level.DISTRICT,
        area=area,
        doer=doer,
        basis=given.basis or doing.whistle.number,
        helpers=[call.unit for call in came if call.unit != doer],
        direct=True,
        at=doing.now,
        now=doing.now,
    )
    doing.whistle.became = item
    write(doing, "whistle_item", whose=doer, unit=doer.name, item=item.pk)


def _area(areas: list[Area], code: str) -> Area:
    """The issue's street, else its district, unless another of its areas is named."""
    if not code:
        usual = [area for area in areas if area.level != Area.Level.COMMUNITY]
        if usual:
            return usual[0]
    found = next((area for area in areas if area.code == code), None)
    if found is None:
        raise bad("area", _("请选这件事所在的社区、街道或区。"))
    return found


HOW: dict[Act, How] = {
    Act.CLOSE: _close,
    Act.RATE: _rate,
    Act.BECOME_ITEM: _become_item,
}
