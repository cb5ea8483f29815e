"""The first version's data goes up to this one, and the engine takes it over."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from issues import chain
from issues.escalation.audit import audit
from issues.escalation.reckoning import reckon_all
from issues.escalation.sweep import sweep
from issues.models import Clock, Issue, Sent, Step
from notices.models import Notice
from notices.sending import send_due
from tests.chaos.databases import on
from tests.servers import servers
from worktime.models import Day
from worktime.seed import built_in

pytestmark = pytest.mark.slow

# The newest migrations of the first version; rooms that are not named have none since.
FIRST = {
    "matters": "0001_initial", "worktime": "0002_default_calendar", "notices": "0001_initial",
    "partyorgs": "0002_dated_guards", "issues": "0003_append_only",
}  # fmt: skip
NEW = {"whistles"}  # rooms that the first version did not have
KEYED = {"idempotency_key": "k1", "idempotency_digest": "d"}
NOW = timezone.now().replace(microsecond=0)
DAY = timedelta(days=1)
LATER = NOW + timedelta(minutes=6)


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_the_first_version_s_data_goes_up_and_the_sweep_takes_it_over(
    vendor, tmp_path, django_db_blocker
):
    sqlite = nullcontext({"DATABASE_URL": f"sqlite:///{tmp_path / 'gezhi.sqlite3'}"})
    database = sqlite if vendor == "sqlite" else servers()
    with django_db_blocker.unblock(), database as urls, on(urls["DATABASE_URL"]):
        FirstVersion().fill()
        days = Day.objects.values_list("date", "kind", "source").order_by("date")
        before = list(days)
        call_command("migrate", verbosity=0)
        assert list(days) == before
        keys_are_still_known()
        limits_stand_on_the_ladder()
        the_sweep_takes_them_over()


def keys_are_still_known():
    sent = Sent.objects.select_related("user").get()
    assert (sent.user.username, sent.key, sent.digest) == ("handler", "k1", "d")
    issue = Issue.objects.get(number=sent.number)
    assert (issue.number, sent.at) == ("QH-GREEN", issue.created_at)


def limits_stand_on_the_ladder():
    decides = Clock.objects.get(kind="decide", stopped_at=None)
    assert (decides.issue.number, decides.ladder.use) == ("QH-BACK", "decide")
    assert decides.issue.sent_back.get().decided_at is None
    running = Clock.objects.filter(stopped_at=None).exclude(kind="decide")
    assert {clock.issue.number for clock in running} == {
        "QH-GREEN", "QH-LATE", "QH-NOW", "QH-BACK",
    }  # fmt: skip
    for clock in running:
        assert (clock.level, clock.next_at, clock.ladder.use) == (-1, clock.yellow_at, "limit")
        assert clock.critical == clock.issue.critical == (clock.issue.number == "QH-NOW")
    closed = Clock.objects.get(issue__number="QH-CLOSED")
    assert (closed.next_at, closed.ladder) == (None, None)


def the_sweep_takes_them_over():
    # Every limit gets its calendar's stamp, and none moves: the days are the same.
    assert reckon_all(now=NOW) <= 1  # but the new one, off hours
    swept = sweep(now=NOW)
    assert swept.parked == 0
    assert levels("QH-GREEN") == levels("QH-CLOSED") == levels("QH-BACK") == []
    assert levels("QH-LATE") == [0, 1, 2]
    assert levels("QH-NOW") == [0, 1]
    assert Issue.objects.get(number="QH-LATE").answer_due_at is not None
    told = Notice.objects.filter(subject_key="issue:QH-LATE", kind="chased")
    assert [notice.recipient.username for notice in told] == ["handler"]
    assert sweep(now=NOW).steps == 0
    call_command("verify_audit", stdout=StringIO())
    send_due(now=LATER)
    assert set(Notice.objects.values_list("state", flat=True)) == {"sent"}
    found = audit(now=LATER)
    assert found.well, found


def levels(number):
    return list(Step.objects.filter(clock__issue__number=number).values_list("level", flat=True))


class FirstVersion:
    """A database as the first version left it, written by the models of its migrations."""

    def __init__(self):
        executor = MigrationExecutor(connection)
        nodes = executor.loader.graph.leaf_nodes()
        targets = [(room, FIRST.get(room, newest)) for room, newest in nodes if room not in NEW]
        executor.migrate(targets)
        self.apps = executor.loader.project_state(targets).apps

    def make(self, room, model, **fields):
        return self.apps.get_model(room, model).objects.create(**fields)

    def fill(self):
        make, since = self.make, NOW - 400 * DAY
        self.district = make("grid", "Area", code="990101", name="青禾区", level="district")
        self.unit = make("partyorgs", "Organization", code="clean", name="环卫", kind="department",
                         area=self.district)  # fmt: skip
        self.user = make("accounts", "User", username="handler", name="处置")
        self.post = make("partyorgs", "Post", user=self.user, role="unit_handler",
                         organization=self.unit, valid_from=since)  # fmt: skip
        template = make("matters", "LimitTemplate", code="T-CLEAN", name_zh="保洁", name_en="Clean")
        names = {"template": template, "name_zh": "一般", "name_en": "Usual"}
        self.usual = make("matters", "Condition", number=1, code="T-CLEAN-1", clock="working",
                          minutes=480, is_default=True, **names)  # fmt: skip
        self.now = make("matters", "Condition", number=2, code="T-CLEAN-2", clock="continuous",
                        minutes=120, **names)  # fmt: skip
        big = make("matters", "Category", code="E01", level=1, name_zh="市容", name_en="Looks",
                   kind="event")  # fmt: skip
        self.leaf = make("matters", "Category", code="E0102", level=2, name_zh="暴露垃圾",
                         name_en="Rubbish", kind="event", template=template,
                         parent=big)  # fmt: skip
        for stage in ("accept", "dispatch", "check"):
            make("matters", "StageLimit", stage=stage, clock="continuous", minutes=15)
        self.issues()
        self.notices()

    def issues(self):
        """One in time, one two working days late, one critical and just late, one closed."""
        calendar = built_in()
        hours = timedelta(hours=1)
        self.issue("QH-GREEN", self.usual, NOW - timedelta(seconds=30), calendar)
        self.issue("QH-LATE", self.usual, self.working_days_ago(2.5 + 1, calendar), calendar)
        self.issue("QH-NOW", self.now, NOW - 2.5 * hours, calendar)
        self.issue("QH-BACK", self.usual, NOW - timedelta(seconds=30), calendar, state="returned")
        self.issue("QH-CLOSED", self.usual, NOW - 30 * DAY, calendar, closed=NOW - 29 * DAY)

    def working_days_ago(self, days, calendar):
        at = NOW
        while calendar.working_minutes_between(at, NOW) < days * 480:
            at -= timedelta(minutes=30)
        return at

    def issue(self, number, condition, start, calendar, closed=None, state="dispatched"):
        start = start.astimezone(UTC)
        critical = condition.clock == "continuous"

        def due(minutes):
            if critical:
                return start + timedelta(minutes=minutes)
            return calendar.add_working_minutes(start, minutes)

        times = {"yellow_at": due(condition.minutes * 3 // 4), "due_at": due(condition.minutes)}
        state = "closed" if closed else state
        issue = self.make(
            "issues", "Issue", number=number, source="worker", state=state, is_open=not closed,
            level="district", category=self.leaf, condition=condition, critical=critical,
            description="垃圾堆在路口。", lat=30.0, lng=121.0, district=self.district,
            unit=self.unit, reporter=self.user, created_at=start, closed_at=closed,
            outcome="fixed" if closed else "", **({} if closed else times),
            **(KEYED if number == "QH-GREEN" else {}),
        )  # fmt: skip
        self.events(issue, start, closed, state)
        self.make("issues", "Assignment", issue=issue, unit=self.unit, started_at=start,
                  ended_at=closed)  # fmt: skip
        self.make(
            "issues", "Clock", issue=issue, organization=self.unit, kind="handle",
            limit_clock=condition.clock, limit_minutes=condition.minutes,
            granted_minutes=condition.minutes, started_at=start, stopped_at=closed, **times,
        )  # fmt: skip

    def events(self, issue, start, closed, state):
        verbs = [("report", start), ("dispatch", start)] + ([("close", closed)] if closed else [])
        verbs += [("return", start)] * (state == "returned")
        events, model = [], self.apps.get_model("issues", "Event")
        for verb, at in verbs:
            event = model(issue=issue, at=at, verb=verb, actor=self.user, post=self.post,
                          to_state="dispatched", unit=self.unit)  # fmt: skip
            chain.append(issue, event)
            events.append(event)
        model.objects.bulk_create(events)
        issue.save()

    def notices(self):
        for number, state in enumerate(("sent", "pending", "sending")):
            sent = state == "sent"
            self.make(
                "notices", "Notice", kind="dispatched", subject_key="issue:QH-GREEN",
                recipient=self.user, key=f"QH-GREEN:{number}", payload={"number": "QH-GREEN"},
                state=state, created_at=NOW, sent_at=NOW if sent else None,
                next_attempt_at=None if sent else datetime(2026, 1, 1, tzinfo=UTC),
                lease_until=datetime(2026, 1, 1, tzinfo=UTC) if state == "sending" else None,
            )  # fmt: skip
