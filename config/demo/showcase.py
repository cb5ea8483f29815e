"""The rare ways of a report, one issue each, near the demo accounts and still waiting for them.

The many are written as rows (`story`); these few are made by the services
themselves, as people would in the last hours before the present.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import transaction

from accounts.models import User
from config.demo import texts
from config.demo.scenes import point_near
from config.demo.skew import LOCAL
from config.demo.world import Spot, Where, World
from issues.escalation.sweep import sweep
from issues.models import Clock, Issue
from issues.numbers import drawn_by
from issues.services.doing import Given
from issues.services.reporting import Report, report
from issues.services.verbs import perform
from issues.workflow import DONE, Outcome, Verb, Way
from partyorgs.models import Organization
from partyorgs.rules import Scope, scope_of
from whistles.models import Call, Whistle
from whistles.services.acting import act
from whistles.services.blowing import begin
from whistles.services.doing import Given as Blown
from whistles.workflow import Act

V = Verb
HOLDER = "whoever has it"


@transaction.atomic
def show(*, world: World, seed: int, until: datetime) -> list[str]:
    """Make one issue of every kind that the many lack; the numbers of the new ones.

    Each is left where one of the demo accounts finds something to do, except
    those that have ended. The same seed makes the same issues.
    """
    rng = Random(f"{seed}:showcase")  # noqa: S311 - a demo, not a secret
    with drawn_by(rng):
        play = _Play(world, rng, until)
        for scene in SCENES:
            scene(play)
        play.let_pass(until)
        # The round that an engine would have made just now.
        sweep(now=until)
    return play.numbers


class _Play:
    """Lets people act through the services, at instants given in minutes before the present."""

    def __init__(self, world: World, rng: Random, until: datetime) -> None:
        self.world, self.rng, self.until = world, rng, until
        self.home = world.home
        self.street = self.home.code[:9]
        self.numbers: list[str] = []
        self._users: dict[int, User] = {}

    @property
    def neighbour(self) -> Spot:
        """Another cell of the same community, else of the same street."""
        others = [spot for spot in self.world.streets[0] if spot is not self.home]
        near = (spot for spot in others if spot.community == self.home.community)
        return next(near, others[0])

    def place(self) -> Where:
        """Somewhere in the home cell; the cell itself where nothing has a name."""
        spot = self.home
        if spot.places:
            return self.rng.choice(spot.places)
        middle = spot.shape.representative_point()
        return Where(0, spot.name, middle.y, middle.x)

    def report(
        self, who: str, ago: float, leaf: str, *, place: Where | None = None, **given: Any
    ) -> str:
        """Report something of that leaf in the home cell; the number."""
        at = self._at(ago)
        spot = self.home
        place = place or self.place()
        lng, lat = point_near(spot, place, self.rng)
        made = report(
            scope=self._scope(who, at),
            given=Report(
                description=self._said(leaf, place, at), lat=lat, lng=lng, category=leaf,
                place=place.label, place_id=place.id or None, **given,
            ),
            now=at,
        ).issue  # fmt: skip
        self.numbers.append(made.number)
        return made.number

    def _said(self, leaf: str, place: Where, at: datetime) -> str:
        return texts.description(
            code=leaf, family="", matter=self.world.leaves[leaf].name, fault="",
            place=place.label, month=at.astimezone(LOCAL).month, rng=self.rng,
        )  # fmt: skip

    def do(self, who: str, ago: float, verb: Verb, number: str, **given: Any) -> Issue:
        """Do the verb on the issue."""
        at = self._at(ago)
        scope = self._scope(who, at, number=number)
        return perform(scope=scope, number=number, verb=verb, given=Given(**given), now=at)

    def blow(self, who: str, ago: float, number: str, given: Blown) -> str:
        """Propose a whistle over the issue; its number."""
        at = self._at(ago)
        scope = self._scope(who, at)
        begun = begin(scope=scope, issue=number, act=Act.PROPOSE, given=given, now=at)
        return begun.whistle.number

    def on_whistle(self, who: str, ago: float, verb: Act, whistle: str, given: Blown) -> None:
        """Act on the whistle; `who` is an account or the code of a called unit."""
        at = self._at(ago)
        act(scope=self._scope(who, at), number=whistle, verb=verb, given=given, now=at)

    def unit(self, short: str) -> Organization:
        """A unit of the home street."""
        return Organization.objects.get(code=f"{self.street}-{short}")

    def let_pass(self, until: datetime) -> None:
        """Take every rung that comes up to then, at its minute; the many have taken theirs."""
        due = Clock.objects.filter(stopped_at=None, next_at__lte=until).order_by("next_at")
        while (next_at := due.values_list("next_at", flat=True).first()) is not None:
            sweep(now=next_at)

    def _at(self, ago: float) -> datetime:
        at = self.until - timedelta(minutes=ago)
        self.let_pass(at)
        return at

    def _scope(self, who: str, at: datetime, *, number: str = "") -> Scope:
        user = self._user_id(who, number)
        if user not in self._users:
            self._users[user] = User.objects.get(pk=user)
        return scope_of(self._users[user], now=at)

    def _user_id(self, who: str, number: str) -> int:
        """An account's user, a steward, or a clerk: of whoever has the issue, or of a unit."""
        if who in self.world.demo_users:
            return self.world.demo_users[who]
        if who == "steward":
            return self.home.stewards[0].user
        if who == HOLDER:
            unit = Issue.objects.values_list("unit_id", flat=True).get(number=number)
        else:
            unit = self.unit(who).pk
        return self.world.crews[unit or 0].clerks[0].user


def _to_verify(play: _Play) -> None:
    """The public says that shops trade on the pavement; nobody has looked yet."""
    play.report("street", 38, "E0504", source=Issue.Source.PUBLIC)


def _settled(play: _Play) -> None:
    """A worker put the bicycles in order on the spot."""
    play.report("worker", 100, "E0506", settled=texts.SETTLED)


def _extension_asked(play: _Play) -> None:
    """A broken bin waits for parts, and the unit for the leader's word."""
    number = play.report("worker", 95, "C0305")
    play.do("unit", 88, V.SIGN, number)
    play.do("unit", 25, V.ASK_EXTENSION, number, hours=8, reason="parts_on_order")


def _suspended(play: _Play) -> None:
    """An old heap waits for the plan of the next quarter."""
    number = play.report("worker", 240, "C0305")
    play.do("unit", 236, V.SIGN, number)
    day = play.until.astimezone(LOCAL).date() + timedelta(days=75)
    play.do("unit", 180, V.ASK_SUSPENSION, number, until=day, reason="waits_for_plan")
    play.do("leader", 150, V.SUSPEND, number)


def _to_call_back(play: _Play) -> None:
    """A ticket of the hotline was answered; the caller has not been asked yet."""
    ticket = f"{play.until.astimezone(LOCAL):%Y%m%d}0457"
    number = play.report(
        "street", 300, "S0302", source=Issue.Source.HOTLINE, external_number=ticket
    )
    play.do("street", 294, V.ACCEPT, number)
    play.do("community", 280, V.SIGN, number)
    play.do("community", 200, V.HANDLE, number, outcome=Outcome.MEDIATED, note=texts.QUIET)
    play.do("worker", 120, V.CHECK, number, passed=True, way=Way.PHONE)
    play.do("street", 90, V.FEED_BACK, number, note=texts.FED_BACK)


def _merged(play: _Play) -> None:
    """Two met the same rubbish; the desk made one of it, and the community joined."""
    place = play.place()
    number = play.report("worker", 58, "E0102", place=place)
    again = play.report("steward", 50, "E0102", place=place)
    play.do("street", 44, V.MERGE, again, into=number)
    play.do("community", 40, V.JOIN, number)


def _split(play: _Play) -> None:
    """One walk of the branch met two problems; each goes its own way."""
    number = play.report("branch", 30, "E0504", source=Issue.Source.INSPECTION)
    part = {"category": "E0504", "condition": ""}
    parts = [part | {"description": texts.TRADING}, part | {"description": texts.DIRTY}]
    parts[1]["category"] = "E0104"
    play.do("street", 21, V.SPLIT, number, parts=parts)
    play.do("street", 19, V.ACCEPT, number)
    play.numbers += Issue.objects.filter(split_from__number=number).values_list("number", flat=True)


def _forced(play: _Play) -> None:
    """The owner of the goods does not let anybody near; the leader ends it, publicly."""
    number = play.report("worker", 400, "E0507", condition="T-ORDER-3")
    play.do(HOLDER, 380, V.SIGN, number)
    play.do("leader", 75, V.FORCE_CLOSE, number, reason="refused_by_owner", note=texts.FORCED)


def _helped(play: _Play) -> None:
    """The community leads, the property firm clears the corridor, the safety office looks on."""
    number = play.report("worker", 130, "S0105")
    play.do("community", 122, V.SIGN, number)
    firm = f"firm-{play.home.code[:12]}"
    play.do("community", 110, V.ADD_PART, number, unit=firm, note=texts.FIRMS_PART)
    safety = play.unit("safety").code
    play.do("community", 108, V.ADD_PART, number, unit=safety, note=texts.SAFETYS_PART)


def _touching(play: _Play) -> None:
    """Noise on the border of two cells."""
    number = play.report("worker", 115, "S0302")
    play.do("community", 109, V.SIGN, number)
    play.do("worker", 104, V.TOUCH, number, cell=play.neighbour.code)


def _returned_twice(play: _Play) -> None:
    """Nobody wants it: the street has to confer."""
    number = play.report("worker", 160, "E0104")
    team = Issue.objects.select_related("unit").get(number=number).unit
    item = play.world.sent(play.world.leaves["E0104"], play.home).item.pk
    enforcement = play.unit("enforcement").code
    said = {"reason": "overlapping_duty", "item": item, "note": texts.NOT_OURS}
    play.do("unit", 152, V.SIGN, number)
    play.do("unit", 140, V.RETURN, number, proposed=enforcement, **said)
    play.do("street", 118, V.REDISPATCH, number, unit=enforcement, reason="unit_asked")
    play.do("enforcement", 100, V.SIGN, number)
    play.do("enforcement", 35, V.RETURN, number, proposed=team.code if team else "", **said)


def _planned(play: _Play) -> None:
    """New bins are in the plan of the next quarter; somebody has to see whether that holds."""
    number = play.report("worker", 230, "C0305")
    play.do("unit", 222, V.SIGN, number)
    day = play.until.astimezone(LOCAL).date() + timedelta(days=90)
    said = texts.HANDLED["planned"][0]
    play.do("unit", 70, V.HANDLE, number, outcome=Outcome.PLANNED, until=day, note=said)


def _other(play: _Play) -> None:
    """Done in a way that the list of results has no word for yet."""
    number = play.report("steward", 200, "E0102")
    play.do("unit", 195, V.SIGN, number)
    play.do("unit", 65, V.HANDLE, number, outcome=Outcome.OTHER, note=texts.OTHERWISE)


def _appeal(play: _Play) -> None:
    """A unit says why it was late, of an issue that ended before; of the demo unit if it has one.

    In a district where nothing was late there is nothing to appeal against.
    """
    late = Issue.objects.filter(
        street=play.home.street, state__in=DONE, was_late=True, appealed=False, asked="",
        doer=None, unit__in=[unit for unit, crew in play.world.crews.items() if crew.clerks],
    )  # fmt: skip
    theirs = late.filter(unit__posts__user=play.world.demo_users["unit"])
    found = theirs.order_by("-closed_at").first() or late.order_by("-closed_at").first()
    if found is not None:
        play.do(HOLDER, 28, V.APPEAL, found.number, reason="late_by_others", note=texts.APPEALED)


def _whistled(play: _Play) -> None:
    """The branch blew: one unit has answered and is there, the other still owes its answer."""
    number = play.report("worker", 190, "E0504", condition="T-ORDER-2")
    play.do(HOLDER, 180, V.SIGN, number)
    lead, other = play.unit("enforcement").code, play.unit("market").code
    given = Blown(
        kind=Whistle.Kind.ENFORCEMENT, reason=texts.WHISTLED, place=play.place().label,
        meet_at=play.until + timedelta(hours=2), units=(lead, other), lead=lead,
    )  # fmt: skip
    whistle = play.blow("branch", 85, number, given)
    play.on_whistle("leader", 60, Act.APPROVE, whistle, Blown())
    there = Blown(answer=Call.Answer.ALREADY_THERE, roles=texts.CAME)
    play.on_whistle("enforcement", 40, Act.ANSWER, whistle, there)


SCENES: tuple[Callable[[_Play], None], ...] = (
    _to_verify, _settled, _extension_asked, _suspended, _to_call_back, _merged, _split, _forced,
    _helped, _touching, _returned_twice, _planned, _other, _appeal, _whistled,
)  # fmt: skip
