"""When the engine's health is red, when it only says "behind", and who is told on the page."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from issues.escalation.pulse import beat
from issues.escalation.state import Trouble, engine_state
from issues.models import Clock, Step
from notices.models import Attempt, Notice
from tests import world as w
from tests.callers import person


@pytest.fixture(autouse=True)
def _ask_afresh(db):
    cache.clear()
    yield
    cache.clear()


def ago(**given):
    return w.NOW - timedelta(**given)


def state():
    return engine_state(now=w.NOW)


@pytest.fixture
def swept(world):
    """The engine swept a moment ago and nothing waits."""
    Notice.objects.all().delete()
    Clock.objects.update(next_at=None)
    beat("sweep", now=ago(seconds=20), facts={"steps": 0})


@pytest.fixture
def clock(world, swept):
    world.report(at=ago(days=3))
    Notice.objects.all().delete()
    Clock.objects.update(next_at=None)
    return Clock.objects.get(stopped_at=None)


def waits(world, since, **more):
    return Notice.objects.create(
        kind="dispatched", subject_key="issue:x", key=f"k{Notice.objects.count()}",
        recipient=world.user("worker"), channel="email", state="pending", created_at=since,
        due_at=since, next_attempt_at=since, **more,
    )  # fmt: skip


def due(clock, since):
    Clock.objects.filter(pk=clock.pk).update(next_at=since)


def test_an_engine_that_sweeps_and_owes_nothing_is_well(swept):
    assert (state().status, state().ok, state().troubles) == ("well", True, ())


def test_an_engine_that_never_swept_is_red(world):
    assert state().troubles[0] == Trouble.SWEEP_STOPPED
    assert not state().ok


@pytest.mark.parametrize(("seconds", "ok"), [(180, True), (181, False)])
def test_a_sweep_older_than_three_minutes_is_red(swept, seconds, ok):
    beat("sweep", now=ago(seconds=seconds))
    assert (state().ok, state().sweeping) == (ok, ok)


@pytest.mark.parametrize(("seconds", "ok"), [(180, True), (181, False)])
def test_a_step_due_for_three_minutes_that_no_sweep_takes_is_red(clock, seconds, ok):
    due(clock, ago(seconds=seconds))
    assert state().ok is ok
    assert state().troubles == (() if ok else (Trouble.STEPS_STUCK,))


def test_a_backlog_that_is_worked_on_is_behind_and_not_dead(clock):
    due(clock, ago(hours=2))
    beat("sweep", now=ago(seconds=1), facts={"steps": 500, "parked": 0})
    assert (state().status, state().ok, state().sweeping) == ("behind", True, True)


@pytest.mark.parametrize(("seconds", "ok"), [(60, True), (61, False)])
def test_an_idle_sweep_does_not_turn_a_working_one_red(clock, seconds, ok):
    due(clock, ago(hours=2))
    at = ago(seconds=seconds)
    Step.objects.create(clock=clock, level=0, due_at=ago(hours=3), at=at, seq=1)
    beat("sweep", now=ago(seconds=1), facts={"steps": 0, "parked": 0})
    assert state().ok is ok


def test_a_backlog_is_no_excuse_for_a_sweep_that_stopped(clock):
    due(clock, ago(hours=2))
    beat("sweep", now=ago(minutes=4), facts={"steps": 500, "parked": 0})
    assert state().troubles == (Trouble.SWEEP_STOPPED,)


def test_steps_to_come_stopped_clocks_and_parked_ones_are_not_waited_for(clock):
    due(clock, w.NOW + timedelta(seconds=1))
    assert state().due_since is None
    due(clock, ago(hours=1))
    Clock.objects.update(parked_at=ago(hours=1))
    assert (state().due_since, state().parked, state().ok) == (None, 1, True)
    Clock.objects.update(parked_at=None, stopped_at=ago(minutes=1))
    assert (state().due_since, state().parked) == (None, 0)


@pytest.mark.parametrize(("seconds", "ok"), [(180, True), (181, False)])
def test_a_notice_that_nobody_tries_is_red_after_three_minutes(world, swept, seconds, ok):
    waits(world, ago(seconds=seconds))
    assert state().troubles == (() if ok else (Trouble.NOTICES_STUCK,))


def test_a_notice_whose_time_has_not_come_is_not_waited_for(world, swept):
    notice = waits(world, ago(hours=8))
    Notice.objects.filter(pk=notice.pk).update(next_attempt_at=w.NOW + timedelta(minutes=1))
    assert state().unsent_since is None


def test_a_pile_of_notices_that_is_sent_is_behind_and_not_dead(world, swept):
    waits(world, ago(hours=1))
    other = waits(world, ago(hours=1))
    Attempt.objects.create(notice=other, number=1, at=ago(seconds=30))
    assert (state().status, state().ok) == ("behind", True)


def test_what_the_audit_found_is_told(swept):
    beat("audit", now=ago(minutes=10), facts={"problems": 3})
    assert state().audit_problems == 3
    assert state().seconds_since(state().audited_at) == 600


def test_it_takes_few_queries_each_by_an_index(clock):
    due(clock, ago(minutes=1))
    with CaptureQueriesContext(connection) as asked:
        state()
    assert len(asked) <= 7


def test_the_address_is_red_and_green_again_with_the_next_sweep(swept):
    now = timezone.now()
    beat("sweep", now=now - timedelta(minutes=10))
    red = Client().get("/health/engine")
    assert (red.status_code, red.json()["status"]) == (503, "red")
    assert red.json()["troubles"] == ["sweep_stopped"]
    assert 600 <= red.json()["sweep_age"] < 660
    beat("sweep", now=now)
    green = Client().get("/health/engine")
    assert green.status_code == 200
    assert set(green.json()) == {
        "ok", "status", "troubles", "sweeping", "sweep_age", "oldest_due_step_age",
        "oldest_unsent_notice_age", "parked", "undelivered", "audit_age", "audit_problems",
    }  # fmt: skip
    assert green.json()["audit_age"] is None


def test_the_address_of_a_database_without_the_tables_is_red(swept):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE issues_pulse RENAME TO issues_pulse_away")
    answer = Client().get("/health/engine")
    assert (answer.status_code, answer.json()) == (503, {"ok": False, "database": False})


BANNER = "后台还没有巡检过"


@pytest.mark.parametrize(
    ("username", "told"),
    [("admin", True), ("auditor", False), ("street", False), ("worker", False)],
)
def test_admins_alone_are_told_on_every_page(world, username, told):
    client = person(username)
    for address in ("/", "/account/", "/responsible/", "/notices/"):
        assert (BANNER in client.get(address).content.decode()) is told, address
    assert BANNER not in Client().get("/sign-in/").content.decode()


def test_the_banner_goes_with_the_trouble(world):
    assert BANNER in person("admin").get("/account/").content.decode()
    beat("sweep", now=timezone.now())
    Notice.objects.all().delete()
    cache.clear()
    assert "message--error" not in person("admin").get("/account/").content.decode()


def test_the_banner_tells_what_waits_for_a_person(clock, world):
    beat("sweep", now=timezone.now())
    beat("audit", now=timezone.now(), facts={"problems": 2})
    Clock.objects.update(parked_at=w.NOW)
    shown = person("admin").get("/account/").content.decode()
    assert "1 个时限因出错被搁置" in shown
    assert 'href="/parked/"' in shown
    assert "audit_escalations" in shown


def test_the_banner_tells_of_notices_that_were_not_delivered(world, swept):
    beat("sweep", now=timezone.now())
    notice = waits(world, ago(minutes=1))
    Notice.objects.filter(pk=notice.pk).update(state="failed", next_attempt_at=None)
    client = person("admin")
    shown = client.get("/account/").content.decode()
    assert "1 条通知没有送达" in shown
    assert 'href="/notices/undelivered/"' in shown
    assert client.get("/notices/undelivered/").status_code == 200


def test_pages_ask_once_in_a_while(world):
    client = person("admin")
    client.get("/account/")
    with CaptureQueriesContext(connection) as asked:
        client.get("/account/")
    assert not [query for query in asked if "issues_pulse" in query["sql"]]
