"""Every command twice at once, and rows that nobody can do: no error, no double, nobody held up."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.demo.building import is_demo
from grid.models import Area
from issues.escalation.audit import audit
from issues.escalation.claims import due_clocks
from issues.models import Clock, Issue, Step
from notices.models import AllowedHost, Notice
from notices.secrecy import seal
from tests.chaos import oracle, rows
from tests.chaos.databases import on
from tests.notices.outbox import group
from tests.receivers import receiver
from worktime.models import Day

BOTH = pytest.mark.parametrize("vendor", ["postgresql", "sqlite"])
LATER = timedelta(minutes=6)


@BOTH
def test_every_command_can_run_twice_at_once(house, vendor):
    here = house(vendor)
    with receiver() as web, on(here.url):
        AllowedHost.objects.create(pattern="127.0.0.0/8")
        secret = seal("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        group(channel="webhook", address=seal(web.url()), secret=secret)
        rows.load(300, rows.past(timezone.now()))
        here.at_once("command", "sweep", "--once")
        # A sweep leaves rows that another one holds to the next.
        here.run("command", "sweep", "--once")
        here.at_once("command", "send_notices", "--once")
        # A round has its seconds; what it leaves, the next one sends.
        unsent = Notice.objects.filter(channel="webhook", due_at__lte=timezone.now())
        for _round in range(8):
            if not unsent.exclude(state="sent").exists():
                break
            here.run("command", "send_notices", "--once")
        sent = [request.headers["webhook-id"] for request in web.requests]
        owed = Notice.objects.filter(channel="webhook", due_at__lte=timezone.now())
        assert sorted(sent) == sorted(owed.values_list("key", flat=True))
        assert set(owed.values_list("state", flat=True)) == {"sent"}
        here.at_once("command", "audit_escalations")
        verdict = oracle.judge(timezone.now())
        assert verdict.well, verdict

        days = list(Day.objects.order_by("date").values_list("date", "kind"))
        here.at_once("command", "seed_calendar")
        assert list(Day.objects.order_by("date").values_list("date", "kind")) == days


@BOTH
def test_the_demo_is_built_once_however_many_build_it(house, vendor):
    here = house(vendor, empty=True)
    here.at_once("command", "demo", "--issues", "5", "--if-empty")
    with on(here.url):
        assert is_demo()
        assert Issue.objects.count() == 5
        assert Area.objects.filter(level="district").count() == 1


@BOTH
def test_rows_that_nobody_can_do_hold_nobody_up_and_are_seen(house, vendor):
    here = house(vendor)
    with on(here.url):
        rows.load(300, rows.past(timezone.now()))
        due = list(due_clocks(now=timezone.now()).order_by("next_at", "pk"))
        bad = due[60:200:60]
        for clock in bad:
            # A step that is on record already: taking it again must fail.
            Step.objects.create(
                clock=clock, level=0, due_at=clock.next_at, at=timezone.now(), seq=99
            )
        here.at_once("sweep", 40, 90, times=3)
        here.run("command", "sweep", "--once")

        parked = Clock.objects.filter(parked_at__isnull=False)
        assert set(parked.values_list("pk", flat=True)) == {clock.pk for clock in bad}
        assert set(parked.values_list("parked_error", flat=True)) == {"IntegrityError"}
        verdict = oracle.judge(timezone.now(), leave_out={clock.issue_id for clock in bad})
        assert verdict.well, verdict
        seen = {one.code: one for one in audit(now=timezone.now() + LATER).findings}["parked"]
        assert seen.count == len(bad)
        assert set(seen.examples) == {clock.issue.number for clock in bad}
