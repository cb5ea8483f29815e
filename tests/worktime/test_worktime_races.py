"""Two people at one calendar at the same second, each on a connection of their own."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from tests.racing import together
from worktime import queries, services
from worktime.arithmetic import CalendarDay
from worktime.models import Calendar, Change

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
NOW = datetime(2026, 11, 24, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
ROUNDS = 6


def made(code):
    return services.create_calendar(code=code, name=code, now=NOW)


def based(calendar, base):
    def act():
        row = Calendar.objects.get(pk=calendar.pk)
        row.base = base
        services.save_row(row=row, now=NOW)

    return act


def test_two_changes_at_once_are_two_versions_and_both_are_written_down():
    calendar = made("busy")
    for number in range(1, ROUNDS + 1):
        days = [{date(2027, number, day): CalendarDay("holiday")} for day in (1, 2)]
        counts = together(
            *(
                lambda one=one: services.set_days(calendar=calendar, days=one, now=NOW)
                for one in days
            )
        )
        assert counts == [1, 1]
    versions = list(Change.objects.filter(calendar=calendar).values_list("version", flat=True))
    assert sorted(versions) == list(range(2, 2 * ROUNDS + 3))


def test_the_same_notice_confirmed_twice_is_one_change():
    calendar = made("twice")
    days = {date(2027, 1, 1): CalendarDay("holiday", "元旦")}

    counts = together(*[lambda: services.set_days(calendar=calendar, days=days, now=NOW)] * 2)

    assert sorted(counts) == [0, 1]
    assert Change.objects.filter(calendar=calendar, kind="days").count() == 1


def test_no_chain_of_bases_comes_about_by_two_people_at_once():
    for number in range(ROUNDS):
        low, middle, high = (made(f"{name}-{number}") for name in ("low", "middle", "high"))

        outcomes = together(based(low, middle), based(middle, high))

        assert [type(outcome) for outcome in outcomes].count(ValidationError) == 1
        chained = Calendar.objects.filter(base__base__isnull=False)
        assert not chained.exists()
        assert queries.stamp_of(low.code)
