"""Who is there in the demo district: rosters of desks and units, and one leave."""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta

from django.utils import timezone

from config.demo.district import District
from config.demo.people import Seat
from partyorgs.models import Duty, Leave, Organization, Post, Role
from partyorgs.services import Shift, shift_on

DAYS_PAST, DAYS_AHEAD = 2, 14
SHIFTS = (Shift(time(8), time(20)), Shift(time(20), time(8)))
# Units that come at night too.
UNITS = ("供水企业", "排水管理单位", "供电企业", "燃气企业", "市政设施养护单位")
AWAY_FROM, AWAY_FOR = timedelta(hours=20), timedelta(days=4)
STAFF = (Role.STREET_DISPATCHER, Role.DISTRICT_DESK, Role.UNIT_DESK, Role.UNIT_HANDLER)
LEADERS = (Role.STREET_LEADER, Role.UNIT_HEAD)


def keep_watch(district: District, *, until: datetime) -> None:
    """Store the rosters around `until`, and a dispatcher's leave with a colleague standing in."""
    Duty.objects.bulk_create(_rosters(district, until), batch_size=1000)
    street = district.layout.home.code[:9]
    colleague, absent = _people(district, district.bodies.desks[street], STAFF)[:2]
    since = until - AWAY_FROM
    Leave.objects.create(
        user_id=absent, stand_in_id=colleague, entered_by_id=absent,
        valid_from=since, valid_until=since + AWAY_FOR,
    )  # fmt: skip


def _rosters(district: District, until: datetime) -> Iterator[Duty]:
    bodies = district.bodies
    for street in district.layout.streets:
        leaders = _people(district, district.areas[street.code], LEADERS)
        yield from _turns(district, bodies.desks[street.code], leaders, until)
    yield from _turns(district, bodies.desks[district.layout.code], [], until)
    for key in UNITS:
        unit = bodies.units[key]
        yield from _turns(district, unit, _people(district, unit, LEADERS), until)


def _turns(
    district: District, organization: Organization, leaders: Sequence[int], until: datetime
) -> Iterator[Duty]:
    """Two shifts a day; the staff take turns, and so do the leaders, a day each."""
    people = _people(district, organization, STAFF)
    today = timezone.localtime(until).date()
    for number in range(-DAYS_PAST, DAYS_AHEAD):
        day = today + timedelta(days=number)
        for turn, shift in enumerate(SHIFTS):
            starts, ends = shift_on(day, shift)
            first = people[(number + turn) % len(people)]
            yield Duty(organization=organization, user_id=first, starts=starts, ends=ends)
            if leaders:
                leader = leaders[number % len(leaders)]
                yield Duty(
                    organization=organization, user_id=leader, starts=starts, ends=ends, leader=True
                )


def _people(district: District, seat: Seat, roles: Sequence[Role]) -> list[int]:
    """Ids of those who hold one of the roles in a seat, in the order of their appointment."""

    def there(post: Post) -> bool:
        held = post.area_id if not isinstance(seat, Organization) else post.organization_id
        return held == seat.pk and post.role in roles

    return [post.user_id for post in district.roster.posts if there(post)]
