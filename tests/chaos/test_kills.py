"""Processes killed with SIGKILL at every named point: nothing is lost, nothing is done twice."""

from datetime import timedelta

import pytest
from django.utils import timezone

from issues.escalation.audit import audit
from issues.escalation.claims import due_clocks
from issues.escalation.sweep import sweep
from issues.models import Clock
from notices.models import AllowedHost, Attempt, Notice
from notices.secrecy import seal
from notices.sending import send_due
from notices.services import queue
from tests.chaos import oracle, rows
from tests.chaos.databases import on
from tests.chaos.house import kill_again_and_again
from tests.notices.outbox import draft, group
from tests.receivers import receiver

SWEEP = ["sweep.after_claim", "sweep.after_step", "sweep.after_turn", "sweep.before_commit"]
SEND = ["notices.after_claim:0.8", "notices.after_send:0.15"]
# The audit leaves the sweep its time: what it is to see must be older than that.
LATER = timedelta(minutes=6)
CLOCKS = 20_000
RETURNED = 300
NOTICES = 1000


@pytest.mark.parametrize(("vendor", "kills"), [("postgresql", 200), ("sqlite", 50)])
def test_sweeps_that_are_killed_lose_no_step_and_double_none(house, vendor, kills):
    here = house(vendor)
    with on(here.url):
        rows.load(CLOCKS, rows.past(timezone.now()))
        rows.load_returned(RETURNED, timezone.now())
        due = due_clocks(now=timezone.now()).count()
    assert due > CLOCKS * 0.8

    def begin(point):
        return here.start("sweep", 20, 60, failpoint=f"{point}:0.5")

    killed = kill_again_and_again(here, begin, SWEEP, kills=kills, at_once=2)
    with on(here.url):
        left = due_clocks(now=timezone.now()).count()
    assert left, "the last one was killed when nothing was left to do"
    here.run("sweep", 500, 500)

    now = timezone.now() + LATER
    with on(here.url):
        sweep(now=now)
        send_due(now=now)
        verdict, found = oracle.judge(now), audit(now=now)
        assert not Clock.objects.filter(parked_at__isnull=False).exists()
    print(f"\n{vendor}: {due} due limits, killed {killed}, left to the last {left}; {verdict}")
    assert sum(killed.values()) >= kills
    assert min(killed.values()) > 0
    assert verdict.well, verdict
    assert found.well, found


@pytest.mark.parametrize(("vendor", "kills"), [("postgresql", 60), ("sqlite", 20)])
def test_senders_that_are_killed_repeat_with_the_same_key_and_lose_nothing(house, vendor, kills):
    here = house(vendor)
    with receiver() as web, on(here.url):
        AllowedHost.objects.create(pattern="127.0.0.0/8")
        secret = seal("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        group(channel="webhook", address=seal(web.url()), secret=secret)
        drafts = [draft(key=f"fact {n}", audience=("x",)) for n in range(NOTICES)]
        queue(notices=drafts, now=timezone.now())
        keys = set(Notice.objects.values_list("key", flat=True))

        def begin(point):
            end_leases()
            return here.start("command", "send_notices", "--once", failpoint=point)

        killed = kill_again_and_again(here, begin, SEND, kills=kills, at_once=1)
        left = Notice.objects.exclude(state="sent").count()
        assert left, "the last one was killed when nothing was left to do"
        for _round in range(3):  # of a thousand notices each
            end_leases()
            here.run("command", "send_notices", "--once")
        assert not Notice.objects.exclude(state="sent").exists()
        got = [request.headers["webhook-id"] for request in web.requests]
        unknown = Attempt.objects.filter(ok=None).count()
    print(f"\n{vendor}: {NOTICES} notices, killed {killed}, repeated {len(got) - len(keys)}")
    assert set(got) == keys
    assert len(keys) == NOTICES
    # Whatever came twice had been tried once without anybody knowing how it ended.
    assert len(got) - len(keys) <= unknown
    assert len(got) > len(keys)


def end_leases():
    """As if the minutes of a lease had passed."""
    past = timezone.now() - timedelta(seconds=1)
    held = Notice.objects.filter(state="sending")
    held.update(lease_until=past, next_attempt_at=past)
