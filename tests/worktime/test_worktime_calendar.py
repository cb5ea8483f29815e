from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from worktime import admin, queries, seed, services
from worktime.arithmetic import CalendarDay
from worktime.models import Calendar, Day, Span

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, 9, tzinfo=SHANGHAI)
YEAR_END = datetime(2026, 12, 25, 9, tzinfo=SHANGHAI)


@pytest.fixture
def calendar():
    return Calendar.objects.get(code="default")


def due_day(calendar="default"):
    return queries.work_calendar(calendar).due_at(YEAR_END, 15, "working_days").date()


def test_every_database_starts_with_a_calendar(calendar):
    assert calendar.days.count() == 3288
    assert [str(span) for span in calendar.spans.all()] == ["08:00–12:00", "14:00–18:00"]
    assert not calendar.days.filter(date__lt="2027-01-01", provisional=True).exists()
    assert not calendar.days.filter(date__gte="2027-01-01", provisional=False).exists()


def test_make_up_workdays_of_2026_are_known(calendar):
    days = calendar.days.filter(kind="makeup", date__year=2026).values_list("date", flat=True)

    assert [f"{day:%m-%d}" for day in days] == [
        "01-04", "02-14", "02-28", "05-09", "09-20", "10-10",
    ]  # fmt: skip


def test_the_stored_calendar_answers_as_the_built_in_one():
    stored, built_in = queries.work_calendar(), seed.built_in()

    assert stored.due(YEAR_END, 15, "working_days") == built_in.due(YEAR_END, 15, "working_days")


def test_an_unchanged_calendar_costs_one_query(django_assert_num_queries):
    first = queries.work_calendar()

    with django_assert_num_queries(1):
        assert queries.work_calendar() is first


def test_a_new_holiday_moves_due_times_at_once(calendar):
    assert due_day() == date(2027, 1, 15)
    version, stamp = calendar.version, calendar.stamp

    services.set_days(
        calendar=calendar,
        days={date(2027, 1, 1): CalendarDay("holiday", "元旦")},
        source="State Council notice",
        now=NOW,
    )

    assert due_day() == date(2027, 1, 18)
    assert calendar.version == version + 1
    assert calendar.stamp != stamp
    assert calendar.days.get(date="2027-01-01").source == "State Council notice"


def test_a_change_that_is_rolled_back_is_forgotten(calendar):
    point = transaction.savepoint()
    services.set_days(calendar=calendar, days={date(2027, 1, 1): CalendarDay("holiday")}, now=NOW)
    assert due_day() == date(2027, 1, 18)
    transaction.savepoint_rollback(point)
    assert due_day() == date(2027, 1, 15)

    services.set_days(calendar=calendar, days={date(2027, 1, 9): CalendarDay("makeup")}, now=NOW)

    assert due_day() == date(2027, 1, 14)


def test_new_spans_replace_the_old_ones(calendar):
    services.set_spans(calendar=calendar, spans=[(time(9), time(17))], now=NOW)

    due = queries.work_calendar().due_at(YEAR_END, 8, "working_hours")
    assert due == datetime(2026, 12, 25, 17, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "spans",
    [
        [],
        [(time(9), time(9))],
        [(time(22), time(6))],
        [(time(8), time(12)), (time(11), time(18))],
        [(time(8), time(0)), (time(11), time(18))],
        [(time(8), time(12)), (time(8), time(10))],
    ],
)
def test_impossible_spans_change_nothing(calendar, spans):
    with pytest.raises(ValidationError):
        services.set_spans(calendar=calendar, spans=spans, now=NOW)

    calendar.refresh_from_db()
    assert calendar.version == 1
    assert calendar.spans.count() == 2


def test_the_database_refuses_a_span_that_ends_before_it_starts(calendar):
    with pytest.raises(IntegrityError, match="worktime_span_forward"), transaction.atomic():
        Span.objects.create(calendar=calendar, starts=time(12), ends=time(8))


def test_the_database_refuses_an_unknown_kind_of_day(calendar):
    with pytest.raises(IntegrityError, match="worktime_day_kind"), transaction.atomic():
        Day.objects.create(calendar=calendar, date=date(2040, 1, 1), kind="bank")


def test_a_second_row_for_a_day_is_refused_in_words(calendar):
    with pytest.raises(ValidationError) as refusal:
        Day(calendar=calendar, date=date(2026, 1, 1), kind="workday").full_clean()

    assert "请修改已有的那一条" in str(refusal.value)


def test_seeding_again_keeps_what_a_person_has_set(calendar):
    services.set_days(
        calendar=calendar, days={date(2027, 1, 1): CalendarDay("holiday", "元旦")}, now=NOW
    )
    calendar.days.filter(date="2026-05-01").update(kind="workday", name="")

    written = services.seed_calendar(now=NOW)

    assert written == 3287
    assert calendar.days.get(date="2027-01-01").kind == "holiday"
    assert calendar.days.get(date="2026-05-01").name == "劳动节"
    assert calendar.days.count() == 3288


def test_seeding_makes_a_second_calendar_with_the_usual_spans():
    services.seed_calendar(years=[2026], code="north", now=NOW)

    assert due_day("north") == date(2027, 1, 15)


def test_an_unknown_calendar_does_not_exist():
    with pytest.raises(Calendar.DoesNotExist):
        queries.work_calendar("north")


def test_an_empty_database_answers_from_the_built_in_table():
    Calendar.objects.all().delete()

    assert due_day() == date(2027, 1, 15)


@pytest.fixture
def boss_request(rf):
    request = rf.post("/")
    request.user = get_user_model().objects.create_superuser(username="boss", password="x")
    return request


def edit(room, request, row, **changes):
    """Save `row` as the admin's change page does; returns the errors of its form."""
    stored = row if row.pk else None
    form_class = room.get_form(request, stored, change=bool(stored))
    kept = form_class(instance=row).initial
    form = form_class({**kept, **changes}, instance=row)
    if form.is_valid():
        room.save_model(request, form.save(commit=False), form, True)
    return form.errors


def test_a_day_changed_in_the_admin_counts_at_once_and_stays_when_seeded(calendar, boss_request):
    day = calendar.days.get(date="2027-01-01")

    errors = edit(admin.DayAdmin(Day, AdminSite()), boss_request, day, kind="holiday", name="元旦")

    assert not errors
    assert due_day() == date(2027, 1, 18)
    services.seed_calendar(now=NOW)
    assert due_day() == date(2027, 1, 18)


def test_days_deleted_in_the_admin_become_provisional(calendar, boss_request):
    room = admin.DayAdmin(Day, AdminSite())
    services.set_days(calendar=calendar, days={date(2027, 1, 1): CalendarDay("holiday")}, now=NOW)
    services.set_days(calendar=calendar, days={date(2027, 1, 4): CalendarDay("holiday")}, now=NOW)
    assert due_day() == date(2027, 1, 19)

    room.delete_model(boss_request, calendar.days.get(date="2027-01-01"))
    assert due_day() == date(2027, 1, 18)
    room.delete_queryset(boss_request, calendar.days.filter(date="2027-01-04"))

    assert due_day() == date(2027, 1, 15)


def test_a_span_changed_in_the_admin_may_not_overlap(calendar, boss_request):
    room = admin.SpanAdmin(Span, AdminSite())
    morning = calendar.spans.get(starts=time(8))

    assert "重叠" in str(edit(room, boss_request, morning, ends="15:00"))
    assert not edit(room, boss_request, calendar.spans.get(starts=time(8)), ends="11:00")
    due = queries.work_calendar().due_at(YEAR_END, 3, "working_hours")
    assert due == datetime(2026, 12, 25, 15, tzinfo=SHANGHAI)


def test_the_last_span_of_a_calendar_stays(calendar, boss_request):
    room = admin.SpanAdmin(Span, AdminSite())
    morning, afternoon = calendar.spans.all()
    assert room.has_delete_permission(boss_request, afternoon)

    room.delete_model(boss_request, afternoon)

    assert not room.has_delete_permission(boss_request, morning)
    with pytest.raises(ValidationError):
        services.delete_span(span=morning, now=NOW)


def test_a_calendar_cannot_be_deleted_and_keeps_its_code(calendar, boss_request):
    room = admin.CalendarAdmin(Calendar, AdminSite())

    assert not room.has_delete_permission(boss_request, calendar)
    assert not room.has_delete_permission(boss_request, Calendar(code="north"))
    assert "code" not in room.get_form(boss_request, calendar, change=True).base_fields
    edit(room, boss_request, calendar, name="全区")
    calendar.refresh_from_db()
    assert (calendar.name, calendar.version) == ("全区", 1)


def test_a_calendar_made_in_the_admin_has_the_usual_spans(boss_request):
    room = admin.CalendarAdmin(Calendar, AdminSite())

    assert not edit(room, boss_request, Calendar(), code="north", name="北区")

    due = queries.work_calendar("north").due_at(YEAR_END, 8, "working_hours")
    assert due == datetime(2026, 12, 28, 9, tzinfo=SHANGHAI)
