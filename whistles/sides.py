"""On which side of a whistle somebody stands: nobody judges, lets off or rates their own.

In a small street one person has several posts (一肩挑), so a post alone does not say
whose side they are on: what they did in this whistle counts too, and a stand-in is
the person stood in for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from issues.models import Event, Issue
from issues.who import UNIT_DESKS, events_of
from issues.workflow import Verb
from partyorgs.rules import Scope
from whistles.gates import is_excused, unrated_units
from whistles.models import Call, Rating, Whistle
from whistles.workflow import Act

# What is done for a called unit, and what for those who called it.
OF_UNIT = (Act.ANSWER, Act.ARRIVE)
OF_BLOWER = (Act.PROPOSE, Act.BLOW_NOW, Act.APPROVE, Act.WAIVE, Act.CLOSE)


@dataclass(frozen=True)
class Around:
    """A whistle with what its rules ask about, read once."""

    whistle: Whistle
    calls: Sequence[Call]
    ratings: Sequence[Rating]

    @property
    def issue(self) -> Issue:
        return self.whistle.issue


def answered_for(scope: Scope, seen: Around) -> list[Call]:
    """The calls whose unit this person answers for; a handler alone does not."""
    desks = [seat for seat in scope.seats if seat.role in UNIT_DESKS]
    return [call for call in seen.calls if any(call.unit_id in seat.units for seat in desks)]


def others(scope: Scope, seen: Around, calls: Sequence[Call]) -> list[Call]:
    """Those of the calls in which this person has no part: not their unit's, nor spoken for."""
    if not calls:
        return []
    own = {call.unit_id for call in calls if call.unit_id in scope.reach("units")}
    spoken = _deeds(scope, seen, OF_UNIT, rated=Rating.Of.WHISTLE).values_list("unit_id", flat=True)
    own |= {unit for unit in spoken if unit}
    return [call for call in calls if call.unit_id not in own]


def has_blown(scope: Scope, seen: Around) -> bool:
    """Whether this person spoke for those who called the units."""
    return _deeds(scope, seen, OF_BLOWER, rated=Rating.Of.UNIT).exists()


def _deeds(scope: Scope, seen: Around, acts: Sequence[Act], *, rated: str) -> QuerySet[Event]:
    """What this person did in this whistle by these acts, or by rating the other side."""
    did = Q(facts__act__in=[str(act) for act in acts])
    did |= Q(facts__reasons__0__code=f"whistle_rated_{rated}")
    events = events_of(scope, seen.issue).filter(verb=Verb.WHISTLE).order_by()
    return events.filter(did, facts__whistle=seen.whistle.number)


# The calls that each act may be about, for one person; a rating is asked for by its side.
ABOUT: dict[Act, Callable[[Scope, Around], list[Call]]] = {
    Act.ANSWER: lambda scope, seen: [call for call in answered_for(scope, seen) if call.unanswered],
    Act.ARRIVE: lambda scope, seen: [call for call in answered_for(scope, seen) if call.coming],
    Act.JUDGE: lambda scope, seen: others(
        scope, seen, [call for call in seen.calls if call.disputed]
    ),
    Act.WAIVE: lambda scope, seen: others(
        scope, seen, [call for call in seen.calls if call.unanswered or call.disputed]
    ),
    Act.BECOME_ITEM: lambda _scope, seen: [call for call in seen.calls if not is_excused(call)],
}
# Decisions on what a unit said: grey where all that is left is the person's own.
DECIDING = (Act.JUDGE, Act.WAIVE)


def to_rate(scope: Scope, seen: Around, *, of: str) -> list[Call]:
    """The calls about which this person may still rate on that side, whoever's seat it takes."""
    left = unrated_units(seen.calls, seen.ratings, of=of)
    if of == Rating.Of.UNIT:
        return others(scope, seen, left)
    own = {call.unit_id for call in answered_for(scope, seen)}
    mine = [call for call in left if call.unit_id in own]
    return mine if mine and not has_blown(scope, seen) else []
