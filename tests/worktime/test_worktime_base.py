from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin import AdminSite
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from worktime import admin, queries, seed, services, wording
from worktime.arithmetic import CalendarDay
from worktime.models import Calendar, Change

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, 9, tzinfo=SHANGHAI)
TODAY = NOW.date()
NEW_YEAR = date(2027, 1, 1)
HOLIDAY = CalendarDay("holiday", "元旦")


@pytest.fixture
def whole():
    return Calendar.objects.get(code="default")


@pytest.fixture
def desk(whole):
    """The hotline: open over noon, with the days of everybody."""
    return services.create_calendar(
        code="desk", name="热线", base=whole, spans=[(time(8), time(20))], now=NOW
    )


def kind(code, day=NEW_YEAR):
    return queries.work_calendar(code).day(day).kind


def test_a_calendar_with_a_base_has_its_days_and_its_own_spans(whole, desk):
    assert kind("desk", date(2026, 10, 1)) == "holiday"
    due = queries.work_calendar("desk").due_at(
        datetime(2026, 9, 30, 8, tzinfo=SHANGHAI), 13, "working_hours"
    )
    assert due == datetime(2026, 10, 8, 9, tzinfo=SHANGHAI)
    assert desk.days.count() == 0


def test_a_new_calendar_has_the_spans_of_its_base_unless_it_is_given_others(whole):
    services.set_spans(calendar=whole, spans=[(time(9), time(17))], now=NOW)

    heir = services.create_calendar(code="heir", name="继承", base=whole, now=NOW)
    alone = services.create_calendar(code="alone", name="单独", now=NOW)

    assert [str(span) for span in heir.spans.all()] == ["09:00–17:00"]
    assert [(span.starts, span.ends) for span in alone.spans.all()] == list(seed.SPANS)


def test_a_change_of_the_base_is_noticed_at_once(whole, desk):
    assert kind("desk") == "workday"
    before = queries.calendar_stamps()

    services.set_days(calendar=whole, days={NEW_YEAR: HOLIDAY}, now=NOW)

    assert kind("desk") == "holiday"
    after = queries.calendar_stamps()
    assert {code for code in after if after[code] != before[code]} == {"default", "desk"}
    assert queries.stamp_of("desk") == after["desk"]


def test_an_own_day_lies_over_the_base_and_leaves_it_alone(whole, desk):
    before = queries.calendar_stamps()

    services.set_days(calendar=desk, days={date(2026, 10, 1): CalendarDay("workday")}, now=NOW)

    assert kind("desk", date(2026, 10, 1)) == "workday"
    assert kind("default", date(2026, 10, 1)) == "holiday"
    assert queries.stamp_of("default") == before["default"]
    services.delete_days(days=desk.days.all(), now=NOW)
    assert kind("desk", date(2026, 10, 1)) == "holiday"


def test_a_day_that_the_base_already_has_stays_the_bases(whole, desk):
    changed = services.set_days(
        calendar=desk, days=seed.days_of([2026]), source="同一份通知", now=NOW
    )

    assert changed == 0
    assert desk.days.count() == 0


def test_an_unchanged_calendar_with_a_base_costs_one_query(desk, django_assert_num_queries):
    first = queries.work_calendar("desk")

    with django_assert_num_queries(1):
        assert queries.work_calendar("desk") is first
    with django_assert_num_queries(1):
        assert queries.work_calendars()["desk"] is first
    with django_assert_num_queries(1):
        assert set(queries.calendar_stamps()) == {"default", "desk"}


def test_without_any_calendar_the_default_still_has_a_stamp():
    Calendar.objects.all().delete()

    assert queries.calendar_stamps() == {"default": queries.stamp_of("default")}
    assert set(queries.work_calendars()) == {"default"}


def test_a_base_has_no_base_and_no_circle_is_possible(whole, desk):
    with pytest.raises(ValidationError, match="直接选那个日历"):
        services.create_calendar(code="third", name="三", base=desk, now=NOW)
    other = services.create_calendar(code="other", name="四", now=NOW)
    for row, base in ((whole, desk), (whole, other), (other, other)):
        row.base = base
        with pytest.raises(ValidationError):
            services.save_row(row=row, now=NOW)
        row.refresh_from_db()
    with pytest.raises(IntegrityError, match="base_other"), transaction.atomic():
        Calendar.objects.filter(pk=other.pk).update(base=other)


def test_a_base_in_use_cannot_be_deleted(whole, desk):
    with pytest.raises(ProtectedError):
        whole.delete()


@pytest.mark.parametrize(("code", "advice"), [("new", "换一个"), ("default", "代码")])
def test_a_code_that_is_taken_is_refused(code, advice):
    with pytest.raises(ValidationError, match=advice):
        services.create_calendar(code=code, name="又一个", now=NOW)

    assert Calendar.objects.count() == 1


def test_days_are_seeded_in_the_base(desk):
    with pytest.raises(ValidationError, match="default"):
        services.seed_calendar(code="desk", now=NOW)


def test_the_admin_gives_and_takes_a_base(whole, desk, rf):
    room = admin.CalendarAdmin(Calendar, AdminSite())
    desk.base = None
    stamp = queries.stamp_of("desk")

    room.save_model(rf.post("/"), desk, None, True)

    assert queries.stamp_of("desk") != stamp
    assert queries.work_calendar("desk").day(date(2026, 10, 1)).provisional
    assert Change.objects.first().kind == "base"
    assert wording.change_text(Change.objects.first()) == "不再沿用别的日历"


def changes():
    return [
        (row.calendar.code, row.kind, row.version, row.first, row.last, row.days, row.source)
        for row in Change.objects.select_related("calendar").order_by("pk")
    ]


def test_every_change_is_written_down(whole):
    third = date(2027, 1, 3)
    days = {NEW_YEAR: HOLIDAY, third: CalendarDay("makeup", "元旦")}

    services.set_days(calendar=whole, days=days, source="通知", now=NOW)
    services.set_spans(calendar=whole, spans=[(time(9), time(17))], now=NOW)
    services.delete_days(days=whole.days.filter(date__in=days), now=NOW)
    services.seed_calendar(years=[2027], now=NOW)

    assert changes() == [
        ("default", "days", 2, NEW_YEAR, third, 2, "通知"),
        ("default", "spans", 3, None, None, 0, ""),
        ("default", "days", 4, NEW_YEAR, third, 2, "manual"),
        ("default", "seed", 5, NEW_YEAR, third, 2, "chinesecalendar"),
    ]
    assert set(Change.objects.values_list("at", flat=True)) == {NOW}


def test_what_changes_nothing_is_no_change(whole):
    services.set_days(calendar=whole, days={NEW_YEAR: HOLIDAY}, source="通知", now=NOW)
    stamp = queries.stamp_of()

    assert services.set_days(calendar=whole, days={}, now=NOW) == 0
    assert services.set_days(calendar=whole, days={NEW_YEAR: HOLIDAY}, source="通知", now=NOW) == 0
    assert not services.set_spans(calendar=whole, spans=reversed(seed.SPANS), now=NOW)
    services.seed_calendar(now=NOW)
    whole.name = "全区"
    services.save_row(row=whole, now=NOW)

    assert queries.stamp_of() == stamp
    assert len(changes()) == 1
    assert services.set_days(calendar=whole, days={NEW_YEAR: HOLIDAY}, source="更正", now=NOW) == 0
    assert whole.days.get(date=NEW_YEAR).source == "更正"


def test_a_guess_that_becomes_official_is_a_change(whole):
    assert services.set_days(calendar=whole, days={NEW_YEAR: CalendarDay("workday")}, now=NOW) == 1


def test_changes_since_are_the_newest_first_with_the_bases_days(whole, desk):
    hour = timedelta(hours=1)
    services.set_days(calendar=whole, days={NEW_YEAR: HOLIDAY}, source="通知", now=NOW + hour)
    services.set_spans(calendar=whole, spans=[(time(9), time(17))], now=NOW + 2 * hour)
    services.set_days(
        calendar=desk, days={date(2027, 1, 2): CalendarDay("workday")}, now=NOW + 3 * hour
    )

    def since(code, at):
        return [(row.calendar.code, row.kind) for row in queries.changes_since(code=code, at=at)]

    assert since("desk", NOW + hour) == [("desk", "days"), ("default", "days")]
    assert since("desk", NOW + 3 * hour) == [("desk", "days")]
    assert since("default", NOW + hour) == [("default", "spans"), ("default", "days")]
    assert since("default", NOW + 4 * hour) == []


def test_three_calendars_on_one_base_do_not_triple_its_changes(whole, desk):
    for code in ("two", "three"):
        services.create_calendar(code=code, name=code, base=whole, now=NOW)
    services.set_days(calendar=whole, days={NEW_YEAR: HOLIDAY}, now=NOW)

    assert len(queries.changes_since(code="default", at=NOW)) == 1
    assert len([row for row in queries.changes_since(code="desk", at=NOW) if row.days]) == 1


def test_a_change_is_said_with_its_year_its_days_and_its_source(whole):
    year = {day: CalendarDay(fact.kind) for day, fact in seed.days_of([2027]).items()}
    title = "国务院办公厅关于2027年部分节假日安排的通知"

    services.set_days(calendar=whole, days=year, source=title, now=NOW)

    (change,) = queries.changes_since(code="default", at=NOW)
    assert wording.change_text(change) == f"2027 年日历，365 天，{title}"


def test_the_warning_shows_now_because_2027_is_not_known():
    assert queries.reach("default", TODAY) == queries.Reach(date(2026, 12, 31), 37, warn=True)


@pytest.mark.parametrize(
    ("today", "left", "warn"),
    [
        (date(2026, 11, 1), 60, False),
        (date(2026, 11, 2), 59, True),
        (date(2026, 12, 31), 0, True),
        (date(2026, 1, 1), 364, False),
    ],
)
def test_it_warns_when_fewer_than_sixty_days_are_left(today, left, warn):
    reach = queries.reach("default", today)

    assert (reach.known_until, reach.days_left, reach.warn) == (date(2026, 12, 31), left, warn)


def test_a_day_that_is_itself_a_guess_has_no_reach():
    assert queries.reach("default", date(2027, 1, 1)) == queries.Reach(None, 0, warn=True)


def test_a_gap_ends_the_reach(whole):
    services.delete_days(days=whole.days.filter(date="2026-12-01"), now=NOW)

    assert queries.reach("default", TODAY).known_until == date(2026, 11, 30)


def test_a_calendar_reaches_as_far_as_its_base(whole, desk):
    assert queries.reach("desk", TODAY) == queries.reach("default", TODAY)
