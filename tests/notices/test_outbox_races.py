"""Two senders at the same second, each on a connection of its own."""

import threading
from collections import Counter

import pytest
from django.db import OperationalError, connection, connections, transaction

from notices.channels.interface import Result
from notices.claiming import claim
from notices.models import Attempt, Notice
from notices.outcomes import begin, finish
from notices.sending import send_due
from notices.services import give_up, supersede
from tests.notices.outbox import NOW, SUBJECT, draft, group, listen, person, tell
from tests.running import until

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def at_once(count):
    """Sends in several threads until nothing is due; what each did."""
    barrier = threading.Barrier(count)
    outcomes = []

    def run():
        try:
            barrier.wait(timeout=10)
            outcomes.append(send_due(now=NOW))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(outcomes) == count
    return outcomes


def test_each_notice_leaves_once_whoever_sends(monkeypatch):
    mail, bot = listen(monkeypatch, "email"), listen(monkeypatch, "wecom")
    users = [person(f"p{n}", email=True) for n in range(30)]
    group()
    tell(*(draft(user) for user in users))
    tell(*(draft(audience=("x",), key=f"g{n}") for n in range(100)))
    at_once(3)
    # A row that another sender held is taken at the next look.
    send_due(now=NOW)
    told = Counter(mail.keys + bot.keys)
    assert len(told) == 130
    assert set(told.values()) == {1}
    assert Attempt.objects.count() == 130
    assert not Notice.objects.exclude(state="sent").exists()


def test_one_person_is_spoken_to_by_one_sender_and_not_too_often(monkeypatch):
    sms = listen(monkeypatch, "sms")
    users = [person(f"p{n}", sms=True) for n in range(5)]
    tell(*(draft(user, f"{n}") for n in range(8) for user in users))
    at_once(3)
    send_due(now=NOW)
    assert len(sms.got) == 5
    assert {message.title for message, _to in sms.got} == {"您有 8 条通知"}


def test_what_waits_in_the_product_is_shown_once():
    users = [person(f"p{n}") for n in range(5)]
    tell(*(
        draft(user, f"{n}", bundle="digest", hold_until=NOW) for n in range(4) for user in users
    ))  # fmt: skip
    Notice.objects.update(state="pending", sent_at=None, next_attempt_at=NOW, attempts=0)
    at_once(3)
    send_due(now=NOW)
    assert Notice.objects.filter(kind="bundle", state="sent").count() == 5
    assert Notice.objects.filter(bundled_into__isnull=False, state="sent").count() == 20


def waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


@pytest.mark.parametrize("end", ["finish", "give_up"])
def test_who_settles_and_who_ends_a_bundle_do_not_wait_for_each_other(end):
    """A part lies before a notice of the same matter, and its bundle after both."""
    user, other = person("a", email=True), person("b", email=True)
    tell(draft(user, "1"), draft(user, "2"), draft(other, "3"))
    rows = claim(now=NOW, limit=10).rows
    jobs = begin(rows, now=NOW)
    if end == "give_up":
        Notice.objects.filter(state="sending").update(state="failed", lease_until=None)
        Notice.objects.filter(recipient=other, state="failed").update(state="pending")
    problems = []

    def run():
        try:
            if end == "finish":
                finish([(job, Result(ok=True)) for job in jobs], now=NOW)
            else:
                give_up(notices=Notice.objects.exclude(channel="in_app"))
        except OperationalError as problem:
            problems.append(problem)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        part = Notice.objects.filter(bundled_into__isnull=False).order_by("pk").first()
        Notice.objects.select_for_update().get(pk=part.pk)
        thread.start()
        assert until(waits_for_a_lock)
        supersede(subject_keys=[SUBJECT], now=NOW)
    thread.join()
    assert problems == []
    parts = Notice.objects.filter(bundled_into__isnull=False)
    assert set(parts.values_list("state", flat=True)) == {"superseded"}
