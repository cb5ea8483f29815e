"""Redis only hurries: without it, or with an empty or a full one, nothing is lost."""

import signal
from datetime import timedelta

import pytest
from django.db.models import F, Max
from django.utils import timezone

from issues.escalation.claims import due_clocks
from issues.models import Pulse, Step
from notices.models import AllowedHost
from notices.secrecy import seal
from tests.chaos import oracle, rows
from tests.chaos.databases import on
from tests.chaos.town import Town, catches_up, caught_up, refused, reporting
from tests.notices.outbox import group
from tests.receivers import receiver
from tests.running import get, until

# What is promised once the system is back.
MINUTE = 60  # seconds
SECOND = timedelta(seconds=1)
# Enough that a beat has tried to send something meanwhile.
REPORTS = 100


@pytest.fixture(scope="module")
def town(house, django_db_blocker):
    """Web, one beat and one worker; whatever a group should hear goes to a receiver."""
    with django_db_blocker.unblock(), receiver() as web:
        here = house("postgresql")
        with on(here.url):
            AllowedHost.objects.create(pattern="127.0.0.0/8")
            secret = seal("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            group(channel="webhook", address=seal(web.url()), secret=secret)
            made = Town(here)
            made.heard = web.requests
            made.broker.start()
            try:
                made.web()
                made.first_beat, made.first_worker = made.beat(), made.worker()
                assert until(lambda: made.workers() == 1)
                assert until(lambda: Pulse.objects.filter(name="sweep").exists()), made.said
                yield made
            finally:
                made.stop()
                made.broker.stop()


def all_is_well(town):
    verdict = oracle.judge(timezone.now())
    assert verdict.well, verdict
    assert all(process.poll() is None for process in town.running), town.said
    return verdict


def has_reported(answers, more):
    enough = len(answers) + more
    assert until(lambda: len(answers) >= enough, 120)


def test_two_beats_and_three_workers_take_each_step_once(town):
    more = [town.beat(), town.worker(), town.worker()]
    assert until(lambda: town.workers() == 3), town.said
    first, seconds = timezone.now() + 5 * SECOND, 35
    rows.load(1500, rows.coming(first, seconds))
    assert until(lambda: timezone.now() > first + seconds * SECOND and caught_up(first), 120)
    town.stop(more)
    late = Step.objects.aggregate(most=Max(F("at") - F("due_at")))["most"]
    print(
        f"\ntwo beats, three workers: {all_is_well(town)}; latest by {late.total_seconds():.0f} s"
    )
    assert late <= MINUTE * SECOND


def test_without_redis_reports_go_on_and_the_rest_is_caught_up(town):
    with reporting(town.port, town.token) as answers:
        town.broker.stop()
        rows.load(300, rows.past(timezone.now()))
        has_reported(answers, REPORTS)
        assert due_clocks(now=timezone.now()).exists()
        back = timezone.now()
        town.broker.start()
        took = catches_up(back, within=MINUTE)
    assert took is not None, town.said
    print(f"\nRedis came back empty: {len(answers)} reports, caught up after {took:.0f} s")
    assert refused(answers) == []
    all_is_well(town)


def test_a_full_redis_holds_no_report_up_and_the_rest_is_caught_up(town):
    with reporting(town.port, town.token) as answers:
        town.broker.fill_up()
        rows.load(300, rows.past(timezone.now()))
        has_reported(answers, REPORTS)
        back = timezone.now()
        town.broker.make_room()
        took = catches_up(back, within=MINUTE)
    assert took is not None, town.said
    print(f"\nRedis was full: {len(answers)} reports, caught up after {took:.0f} s")
    assert refused(answers) == []
    all_is_well(town)


def test_whatever_redis_forgets_the_database_knows(town):
    rows.load(300, rows.past(timezone.now()))
    town.broker.client.flushall()
    took = catches_up(timezone.now(), within=MINUTE)
    assert took is not None, town.said
    print(f"\nRedis flushed: caught up after {took:.0f} s")
    all_is_well(town)
    assert town.heard


def test_a_beat_that_stands_still_turns_the_health_red_until_it_goes_on(town):
    assert get(town.port, "/health/engine")[0] == 200
    town.first_beat.send_signal(signal.SIGSTOP)

    def red():
        # Four minutes pass.
        Pulse.objects.filter(name="sweep").update(at=timezone.now() - timedelta(minutes=4))
        return get(town.port, "/health/engine")[0] == 503

    assert until(red)
    town.first_beat.send_signal(signal.SIGCONT)
    assert until(lambda: get(town.port, "/health/engine")[0] == 200, MINUTE)
