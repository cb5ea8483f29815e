"""Reads of whistles that several callers share: lists, the board, what stands at a place."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from grid.models import Area
from issues.models import Clock, Issue
from issues.who import UNIT_DESKS
from partyorgs.models import Organization, Post, Responsibility
from partyorgs.queries import units_serving
from partyorgs.rules import Scope
from whistles.models import Call, Whistle
from whistles.rules import OVERSEEING
from whistles.workflow import RUNNING, Standing

MOST_LISTED = 100
MOST_LATE = 200
SUBJECT = "whistle:"
# Counted over a quarter; whistles per 100 issues between the marks are usual: fewer may
# hide what the street cannot solve, more may pass on what it could (DOMAIN.md §3.3).
COUNTED_DAYS = 90
LOW_MARK, HIGH_MARK = 1, 10


def whistle_for_reading(*, scope: Scope, number: str) -> Whistle:
    """The whistle with everything its page shows; Whistle.DoesNotExist for what is not seen."""
    return (
        Whistle.objects.visible_to(scope)
        .select_related(
            "issue__category", "issue__unit", "issue__street", "issue__district",
            "issue__community", "issue__owner", "street", "district",
            "proposed_by", "proposed_post__area", "proposed_post__organization",
            "proposed_post__cell", "proposed_post__user", "approved_by", "became__doer",
        )
        .defer("proposed_post__cell__boundary", "proposed_post__cell__shape")
        .get(number=number)
    )  # fmt: skip


def whistles_of(scope: Scope, *, running: bool) -> QuerySet[Whistle]:
    """What the scope sees, running or ended, the latest first."""
    seen = Whistle.objects.visible_to(scope).select_related("issue__category", "street")
    seen = seen.filter(state__in=RUNNING) if running else seen.exclude(state__in=RUNNING)
    return seen.prefetch_related("calls__unit")[:MOST_LISTED]


def whistles_over(issue: str, *, scope: Scope) -> QuerySet[Whistle]:
    """The whistles over the issue with this number, the latest first."""
    seen = Whistle.objects.visible_to(scope).filter(issue__number=issue)
    return seen.prefetch_related("calls__unit")


def items_at_place(issue: Issue, *, at: datetime) -> QuerySet[Responsibility]:
    """The items of the responsibility list in force at the issue's place, by who does them."""
    items = Responsibility.objects.valid_at(at).filter(area__in=issue.areas)
    return items.select_related("category", "area", "doer").order_by(
        "doer__name", "category__code", "pk"
    )


def units_to_call(issue: Issue, *, at: datetime) -> QuerySet[Organization]:
    """Units that serve the place and have somebody who can answer, the nearest first.

    Not the desks that blow and judge.
    """
    answering = Post.objects.valid_at(at).filter(
        organization=OuterRef("pk"), role__in=UNIT_DESKS, user__is_active=True
    )
    units = units_serving(areas=issue.areas, at=at).filter(Exists(answering))
    return units.exclude(
        kind=Organization.Kind.DESK, area__in=[issue.street_id or 0, issue.district_id or 0]
    )


def _overseen(scope: Scope) -> Q:
    """The districts and streets whose board the person reads."""
    seats = [seat for seat in scope.seats if seat.role in OVERSEEING]
    districts = frozenset[int]().union(*(seat.districts for seat in seats))
    streets = frozenset[int]().union(*(seat.streets for seat in seats))
    return Q(district__in=sorted(districts)) | Q(street__in=sorted(streets))


@dataclass(frozen=True)
class Late:
    """A limit of a whistle that is over: whose, since when."""

    clock: Clock
    whistle: Whistle


def late_limits(scope: Scope, *, now: datetime) -> list[Late]:
    """Units that have not answered or reported in at their limit; unapproved emergencies.

    Read from the clocks, so it is true to the minute whether a sweep ran or not.
    """
    clocks = Clock.objects.filter(
        kind__in=Clock.WHISTLES, stopped_at=None, due_at__lte=now, subject__startswith=SUBJECT
    )
    whistles = Whistle.objects.filter(_overseen(scope), state__in=RUNNING)
    clocks = clocks.filter(issue__in=whistles.values("issue_id"))
    found = list(clocks.select_related("organization").order_by("due_at", "pk")[:MOST_LATE])
    numbers = {clock.subject.split(":")[1] for clock in found}
    rows = whistles.filter(number__in=numbers).select_related("issue__category", "street")
    by_number = {whistle.number: whistle for whistle in rows}
    pairs = ((clock, by_number.get(clock.subject.split(":")[1])) for clock in found)
    return [Late(clock, whistle) for clock, whistle in pairs if whistle]


def disputed_calls(scope: Scope) -> QuerySet[Call]:
    """Answers "not ours" that wait for the district's judgement, the oldest first."""
    whistles = Whistle.objects.filter(_overseen(scope), state=Standing.BLOWN)
    calls = Call.objects.filter(
        whistle__in=whistles, answer=Call.Answer.NOT_OURS, judged="", waived_at=None
    )
    return calls.select_related(
        "unit", "whistle__street", "item__category", "item__area", "item__doer"
    ).order_by("answered_at", "pk")


def owed_calls(scope: Scope) -> QuerySet[Call]:
    """Calls of the person's units that owe an answer or a report-in, the oldest first."""
    seats = [seat for seat in scope.seats if seat.role in UNIT_DESKS]
    own = frozenset[int]().union(*(seat.units for seat in seats))
    coming = Q(answer=Call.Answer.WILL_COME, arrived_at=None)
    calls = Call.objects.filter(
        Q(answer="") | coming, unit__in=sorted(own), whistle__state=Standing.BLOWN, waived_at=None
    )
    return calls.select_related("whistle").order_by("whistle__blown_at", "pk")


def unapproved(scope: Scope) -> QuerySet[Whistle]:
    """Whistles that wait for the leader, the oldest first."""
    waiting = Whistle.objects.filter(_overseen(scope), state__in=RUNNING, approved_at=None)
    waiting = waiting.select_related("issue__category", "street").prefetch_related("calls__unit")
    return waiting.order_by("proposed_at", "pk")


@dataclass(frozen=True)
class StreetCount:
    """How many whistles a street blew for how many issues."""

    street: Area
    whistles: int
    issues: int

    @property
    def per_hundred(self) -> float | None:
        """Whistles per 100 issues; None without an issue."""
        return round(self.whistles * 100 / self.issues, 1) if self.issues else None

    @property
    def mark(self) -> str:
        """Low or high against the marks, nothing between them."""
        rate = self.per_hundred
        if rate is None:
            return ""
        if rate < LOW_MARK:
            return "low"
        return "high" if rate > HIGH_MARK else ""


def counts_by_street(scope: Scope, *, now: datetime) -> list[StreetCount]:
    """Whistles per 100 issues of each street in the last quarter, by the street's code."""
    since = now - timedelta(days=COUNTED_DAYS)
    streets = list(_streets(scope))
    keys = [street.pk for street in streets]
    blown = _count(Whistle.objects.filter(street__in=keys, blown_at__gte=since))
    reported = _count(Issue.objects.filter(street__in=keys, created_at__gte=since))
    return [
        StreetCount(street, blown.get(street.pk, 0), reported.get(street.pk, 0))
        for street in streets
    ]


def _count(rows: QuerySet[Whistle] | QuerySet[Issue]) -> dict[int, int]:
    found: Iterable[tuple[int, int]] = (
        rows.order_by().values("street_id").annotate(n=Count("pk")).values_list("street_id", "n")
    )
    return dict(found)


def _streets(scope: Scope) -> QuerySet[Area]:
    seats = [seat for seat in scope.seats if seat.role in OVERSEEING]
    districts = frozenset[int]().union(*(seat.districts for seat in seats))
    streets = frozenset[int]().union(*(seat.streets for seat in seats))
    mine = Q(pk__in=sorted(streets)) | Q(parent__in=sorted(districts))
    return Area.objects.filter(mine, level=Area.Level.STREET).order_by("code")
