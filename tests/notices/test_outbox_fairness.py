"""Nobody waits for long because of somebody else: slow receivers, floods, what is settled."""

from datetime import timedelta

import pytest
from django.utils import timezone

from issues.escalation.audit import audit
from notices import sending, tasks
from notices.claiming import LEASE, claim
from notices.models import Notice
from notices.outcomes import begin
from notices.sending import send_due
from notices.services import give_up, supersede
from tests.notices.outbox import (
    MORNING,
    NIGHT,
    NOW,
    SUBJECT,
    draft,
    group,
    listen,
    person,
    tell,
)

pytestmark = pytest.mark.django_db
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def mail(monkeypatch):
    return listen(monkeypatch, "email")


def states(**found):
    outside = Notice.objects.exclude(channel="in_app").filter(**found).order_by("pk")
    return list(outside.values_list("state", flat=True))


def test_a_call_whose_time_is_over_begins_nothing_new_and_gives_the_rest_back(mail):
    tell(*(draft(person(f"p{n}", email=True)) for n in range(5)))
    sent = send_due(now=NOW, threads=2, seconds=0)
    assert (sent.sent, len(mail.got)) == (2, 2)
    waiting = Notice.objects.filter(channel="email", state="pending")
    assert list(waiting.values_list("lease_until", "attempts")) == [(None, 0)] * 3
    assert send_due(now=NOW + SECOND).sent == 3, "the rest is due at once"


def test_a_receiver_that_is_slow_and_well_lets_the_others_go_first(mail, monkeypatch):
    monkeypatch.setattr(sending, "SLOW", -1.0)
    bot = listen(monkeypatch, "wecom")
    group()
    tell(*(draft(audience=("x",), key=f"{n}") for n in range(50)))
    tell(draft(person(email=True)), now=NOW + SECOND)
    sent = send_due(now=NOW + SECOND)
    assert (sent.sent, len(bot.got), len(mail.got)) == (2, 1, 1)


def test_there_is_one_sender_in_a_process(mail):
    tell(draft(person(email=True), critical=True), now=timezone.now())
    with tasks.SENDER:
        tasks.send_notices()
    assert mail.got == []
    tasks.send_notices()
    tasks.send_notices()
    assert len(mail.got) == 1


def test_what_is_critical_is_claimed_first(mail):
    tell(*(draft(person(f"p{n}", email=True)) for n in range(3)))
    tell(draft(person("fire", email=True), critical=True), now=NOW + SECOND)
    (first,) = claim(now=NOW + SECOND, limit=1).rows
    assert first.critical
    rest = claim(now=NOW + SECOND, limit=10).rows
    assert {row.recipient.username for row in rest} == {"p0", "p1", "p2"}


def test_one_that_a_dead_sender_held_waits_for_the_morning_as_nobodys(mail):
    before = NIGHT.replace(hour=21, minute=59)
    tell(draft(person(email=True)), now=before)
    begin(claim(now=before, limit=1).rows, now=before)
    assert send_due(now=before + LEASE).sent == 0
    row = Notice.objects.get(channel="email")
    assert (row.state, row.lease_until, row.next_attempt_at) == ("pending", None, MORNING)
    codes = {finding.code: finding.count for finding in audit(now=NIGHT).findings}
    assert codes["lease_too_old"] == codes["notice_unsent"] == 0
    assert send_due(now=MORNING).sent == 1


def test_events_to_a_webhook_are_never_taken_back(monkeypatch):
    hook = listen(monkeypatch, "webhook")
    group(channel="webhook")
    group("bot", channel="wecom")
    tell(draft(audience=("x",)))
    assert supersede(subject_keys=[SUBJECT], now=NOW) == 1
    assert states(channel="wecom") == ["superseded"]
    send_due(now=NOW)
    assert len(hook.got) == 1


def test_what_is_settled_in_part_takes_back_that_part(mail):
    user = person(email=True)
    for aspect in ("handle", "answer", ""):
        tell(draft(user, aspect or "whole", kind="chased", aspect=aspect))
    assert supersede(subject_keys=[SUBJECT], aspects=["answer"], kinds=["called"], now=NOW) == 0
    assert supersede(subject_keys=[SUBJECT], aspects=["answer"], now=NOW) == 1
    assert states() == ["pending", "superseded", "pending"]
    assert supersede(subject_keys=[SUBJECT], now=NOW) == 2


def test_an_aspect_is_short():
    with pytest.raises(ValueError, match="up to 20"):
        draft(person(), aspect="a" * 21)


def test_parts_that_ended_before_are_not_given_up_with_their_bundle(mail):
    user = person(email=True)
    tell(draft(user, "1"), draft(user, "2", subject_key="issue:other"), draft(user, "3"))
    claim(now=NOW, limit=10)
    supersede(subject_keys=["issue:other"], now=NOW)
    bundle = Notice.objects.filter(kind="bundle")
    bundle.update(state="failed", lease_until=None)
    assert give_up(notices=bundle) == 1
    assert states() == ["expired", "superseded", "expired", "expired"]
