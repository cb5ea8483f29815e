"""What would happen is what then happens: the box against a real report and real sweeps."""

from datetime import date, datetime, time, timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issues.escalation.sweep import sweep
from issues.escalation.writing import PAUSE
from issues.models import Clock, Event, Issue, Step
from issues.presenter.wouldbe import Imagined, would_be, would_be_facts
from issues.services.ladders import disable_rung
from matters.models import CategoryCondition
from matters.queries import matter
from notices.models import Notice
from partyorgs.models import Duty, Leave, Organization, Post, Responsibility
from tests import world as w
from tests.callers import PROBLEM, person
from worktime.models import Calendar
from worktime.services import create_calendar

TUESDAY, SATURDAY = date(2026, 3, 10), date(2026, 3, 14)
HOLIDAY, MAKE_UP = date(2026, 10, 2), date(2026, 2, 14)
POINTS = [w.IN_A1, w.IN_SCHOOL, w.IN_A2, w.IN_B1, w.IN_C1, w.OUTSIDE]
# Who reports, as what: the one whose source the box names.
REPORTERS = [
    ("worker", "worker"), ("steward", "steward"), ("branch", "partner"), ("unit", "partner"),
    ("street", "public"), ("street", "hotline"), ("branch", "inspection"), ("district", "public"),
]  # fmt: skip
COVER = "C0102"  # a missing cover is critical: two hours, day and night
NOT_DIRECT = "E0103"  # the district's, and it waits at the district's desk
OWN = ("worker", "steward", "partner")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    """Nobody else writes meanwhile, so that a sweep need not wait for anybody."""
    monkeypatch.setitem(PAUSE, "sqlite", 0.0)


@pytest.fixture
def staffed(world):
    """More to go wrong: items without account, not direct, a head, a field leader, a roster."""
    orgs, areas = world.orgs, world.areas
    people = [("head", "unit_head", "clean"), ("boss", "unit_desk", "roads")]
    for name, role, code in people:
        user = w.User.objects.create_user(username=name, password="gezhi-test", name=name)
        Post.objects.create(user=user, role=role, organization=orgs[code], valid_from=w.START)
    steward = w.User.objects.create_user(username="steward", password="gezhi-test", name="steward")
    Post.objects.create(user=steward, role="steward", cell=world.cells[w.A1], valid_from=w.START)
    for code, doer, direct in ((NOT_DIRECT, "roads", False), (COVER, "clean", True)):
        Responsibility.objects.create(
            category=w.Category.objects.get(code=code), level="district",
            area=areas[w.DISTRICT], doer=orgs[doer], direct=direct, valid_from=w.START,
        )  # fmt: skip
    years = {"starts": w.START, "ends": w.START + timedelta(days=1200)}
    for position, name in enumerate(("unit", "handler"), 1):
        Duty.objects.create(
            organization=orgs["clean"], user=w.User.objects.get(username=name),
            position=position, **years,
        )  # fmt: skip
    Duty.objects.create(
        organization=orgs["desk-1"], user=w.User.objects.get(username="leader"), leader=True,
        **years,
    )  # fmt: skip
    return world


def leaves():
    """Leaves and conditions: listed, led by the community, without an account, unlisted."""
    codes = [w.RUBBISH, w.CORRIDOR, w.LIFT, w.UNLISTED, NOT_DIRECT, COVER]
    rows = CategoryCondition.objects.filter(category__code__in=codes)
    rows = rows.select_related("category", "condition").order_by("category__code", "position")
    return [
        (row.category.code, row.condition.code) for row in rows if not row.category.photo_reason
    ]


def notified(issue, seq):
    told = Notice.objects.filter(
        subject_key=issue.subject_key, key__startswith=f"{issue.number}:{seq}|"
    )
    return set(told.exclude(recipient=None).values_list("recipient_id", flat=True))


def compare(world, imagined, name):
    box = would_be(imagined)
    assert box is not None
    said = would_be_facts(box)
    wanted = imagined.source if imagined.source not in OWN else ""
    ticket = {"external_number": "T-1"} if wanted == "hotline" else {}
    issue = world.report(
        name, at=imagined.at, point=(imagined.lat, imagined.lng), source=wanted,
        category=imagined.what.category.code, condition=imagined.what.condition.code, **ticket,
    )  # fmt: skip
    issue = Issue.objects.select_related("unit", "cell", "owner").get(pk=issue.pk)
    assert issue.source == imagined.source
    for column in ("cell", "owner", "unit"):
        real = getattr(issue, column)
        assert (said[column] or {}).get("code") == (real.code if real else None), column
    assert (said["state"], said["level"], said["critical"]) == (
        issue.state,
        issue.level,
        issue.critical,
    )
    compare_clocks(box, issue)
    if box.found.unit is not None and issue.state == "dispatched":
        assert box.found.unit == issue.unit
    compare_first(box, issue)
    compare_ladder(box, issue)


def compare_clocks(box, issue):
    columns = ("kind", "limit_minutes", "yellow_at", "due_at", "calendar", "ladder_id")
    fresh = would_be(box.imagined)
    imagined = sorted(tuple(getattr(one, name) for name in columns) for one in fresh.clocks)
    real = sorted(tuple(getattr(one, name) for name in columns) for one in issue.clocks.all())
    assert imagined == real
    main = issue.clocks.get(kind__in=Clock.MAIN)
    assert (issue.due_at, issue.yellow_at) == (main.due_at, main.yellow_at)
    first = min((one.at for one in box.coming if one.clock is box.main), default=None)
    assert first == main.next_at
    if main.kind == Clock.Kind.HANDLE:
        assert box.handle.due_at == main.due_at


def compare_first(box, issue):
    """Whom the report told at once; whoever reports is not told of it."""
    for verb, people in box.first.items():
        event = issue.events.filter(verb=verb).first()
        wanted = set(people) if verb == "call" else set(people) - {issue.reporter_id}
        assert notified(issue, event.seq) == wanted, verb


def compare_ladder(box, issue):
    """Sweeping at the instants that the box names records just those rungs."""
    for at in sorted({one.at for one in box.coming}):
        sweep(now=at)
    taken = Step.objects.filter(clock__issue=issue).select_related("clock")
    events = {event.seq: event for event in Event.objects.filter(issue=issue)}
    real = sorted(
        (step.due_at, step.at, step.clock.kind, step.level, events[step.seq].verb,
         tuple(sorted(notified(issue, step.seq))))
        for step in taken
    )  # fmt: skip
    rungs = [one for one in box.coming if one.rung is not None]
    imagined = sorted(
        (one.at, one.at, one.clock.kind, one.level, str(one.verb), tuple(sorted(one.told)))
        for one in rungs
    )
    assert imagined == real
    assert not issue.clocks.filter(stopped_at=None, next_at__isnull=False).exists()
    calls = Event.objects.filter(issue=issue, verb="call").count()
    first = 1 if "call" in box.first else 0
    assert calls == first + sum(one.verb == "call" for one in box.coming)


class TestAgreement:
    # A hundred and twenty places, hours and people take half a minute.
    @pytest.mark.slow
    @settings(
        max_examples=120,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(data=st.data())
    def test_the_box_says_what_then_happens(self, staffed, data):
        leaf, condition = data.draw(st.sampled_from(leaves()), label="matter")
        lat, lng = data.draw(st.sampled_from(POINTS), label="point")
        name, source = data.draw(st.sampled_from(REPORTERS), label="reporter")
        day = data.draw(st.sampled_from([TUESDAY, SATURDAY, HOLIDAY, MAKE_UP]), label="day")
        minute = data.draw(st.integers(0, 1439), label="minute")
        at = datetime.combine(day, time(), tzinfo=w.SHANGHAI) + timedelta(minutes=minute)
        what = matter(category=leaf, condition=condition)
        imagined = Imagined(what=what, lat=lat, lng=lng, at=at, source=source)
        with transaction.atomic():
            compare(staffed, imagined, name)
            transaction.set_rollback(True)

    def test_it_agrees_on_a_rung_that_is_disabled(self, staffed):
        disable_rung(use="limit", level=1, now=w.NOW)
        what = matter(category=w.RUBBISH)
        compare(staffed, Imagined(what=what, lat=w.IN_A1[0], lng=w.IN_A1[1], at=w.NOW), "worker")

    def test_it_agrees_where_a_unit_has_hours_of_its_own(self, staffed):
        made = create_calendar(
            code="own", name="环卫", base=Calendar.objects.get(code="default"),
            spans=[(time(6), time(14))], now=w.START,
        )  # fmt: skip
        Organization.objects.filter(code="clean").update(calendar=made)
        what = matter(category=w.RUBBISH)
        imagined = Imagined(what=what, lat=w.IN_A1[0], lng=w.IN_A1[1], at=w.NOW)
        assert would_be_facts(would_be(imagined))["handle"]["calendar"] == "own"
        compare(staffed, imagined, "worker")

    def test_whoever_is_away_is_told_beside_the_stand_in(self, staffed):
        Leave.objects.create(
            user=staffed.user("handler"), stand_in=staffed.user("other-unit"),
            entered_by=staffed.user("admin"), valid_from=w.START,
            valid_until=w.NOW + timedelta(days=30),
        )  # fmt: skip
        what = matter(category=w.RUBBISH)
        compare(staffed, Imagined(what=what, lat=w.IN_A1[0], lng=w.IN_A1[1], at=w.NOW), "worker")


class TestApi:
    ASKED = {"lat": w.IN_A1[0], "lng": w.IN_A1[1], "category": w.RUBBISH}

    def test_it_answers_the_same_facts_as_the_page(self, world, program):
        at = "2026-03-10T09:00:00+08:00"
        answer = program("admin").get("would-be/", **self.ASKED, at=at).json()
        asked = self.ASKED | {"at": "2026-03-10T09:00"}
        page = person("admin").get(reverse("rules"), asked).context["answer"]
        assert answer["unit"] == page["unit"]
        assert (answer["cell"]["code"], answer["owner"]["code"]) == (w.A1, "branch-a")
        assert [rung["reason"] for rung in answer["ladder"]] == [
            rung["reason"] for rung in page["ladder"]
        ]
        due = [datetime.fromisoformat(clock["due_at"]) for clock in answer["clocks"]]
        assert due == [clock["due_at"] for clock in page["clocks"]]
        assert set(answer) == set(page)

    @pytest.mark.parametrize("name", ["worker", "unit", "street", "leader", "nobody"])
    def test_it_is_for_whoever_reads_the_rules(self, world, program, name):
        assert program(name).get("would-be/", **self.ASKED).status_code == 403

    def test_what_is_wrong_is_said_by_field(self, world, program):
        admin = program("admin")
        for wrong, field in (
            ({"category": "X9999"}, "category"),
            ({"condition": "nothing"}, "condition"),
            ({"at": "2050-01-01T00:00:00+08:00"}, "at"),
            ({"source": "import"}, "source"),
            ({"lat": 91}, "lat"),
        ):
            answer = admin.get("would-be/", **self.ASKED | wrong)
            assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
            assert field in answer.json()["errors"]

    def test_outside_every_cell_the_districts_desk_has_it(self, world, program):
        where = {"lat": w.OUTSIDE[0], "lng": w.OUTSIDE[1], "category": w.RUBBISH}
        answer = program("auditor").get("would-be/", **where).json()
        assert answer["outside"]
        assert answer["unit"]["code"] == "desk-district"
        assert answer["later"] is None


def test_the_duty_is_called_at_night_and_the_box_says_so(staffed):
    night = datetime(2026, 3, 10, 23, 0, tzinfo=w.SHANGHAI)
    what, (lat, lng) = matter(category=COVER), w.IN_A1
    facts = would_be_facts(would_be(Imagined(what=what, lat=lat, lng=lng, at=night)))
    assert facts["critical"]
    assert facts["called"]
    assert {clock["kind"] for clock in facts["clocks"]} == {"handle", "duty"}
    called = [rung for rung in facts["ladder"] if rung["clock"] == "duty"]
    assert called[0]["at"] == night + timedelta(minutes=10)
    assert [group["name"] for group in called[0]["people"]] == ["值班人员"]
    morning = would_be(Imagined(what=what, lat=lat, lng=lng, at=w.NOW))
    assert not would_be_facts(morning)["called"]


def test_before_any_cell_was_drawn_there_is_no_answer(world):
    before = w.START - timedelta(days=1)
    imagined = Imagined(what=matter(category=w.RUBBISH), lat=0.0, lng=0.0, at=before)
    assert would_be(imagined) is None
