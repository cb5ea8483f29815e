"""The timeline proves itself: what is changed, taken out or cut off is found by issue number."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import ProtectedError
from django.db.utils import DatabaseError

from issues.chain import faults
from issues.models import Event, EventText, Issue
from tests import world as w

TABLE = "issues_event"


def verify():
    """What the command prints, and whether it found something wrong."""
    out, err = StringIO(), StringIO()
    try:
        call_command("verify_audit", stdout=out, stderr=err)
    except CommandError as wrong:
        return out.getvalue(), wrong.returncode == 1
    return out.getvalue(), False


@pytest.fixture
def issue(world):
    world.report(point=w.IN_B1)
    return world.walk("sign", "handle", "check", "close")


@pytest.fixture
def unguarded():
    """Somebody with the rights of the database's owner took the triggers away."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {TABLE} DISABLE TRIGGER USER")
            return
        for act in ("update", "delete"):
            cursor.execute(f"DROP TRIGGER {TABLE}_append_only_{act}")


def test_a_whole_chain_is_found_whole(issue, django_assert_num_queries):
    with django_assert_num_queries(3):
        text, wrong = verify()
    assert not wrong
    assert "核对了 2 个问题，0 个有异常" in text


def test_the_anchor_changes_with_every_event(world, issue):
    before, _wrong = verify()
    world.do("street", "note", issue, note="补记")
    assert verify()[0] != before


@pytest.mark.parametrize(
    "how",
    [
        lambda events: events.update(actor=None),
        lambda events: events.update(to_state="closed"),
        lambda events: events.update(verb="note"),
        lambda events: events.update(facts={"reason": "void"}),
        lambda events: events.update(public=False),
        lambda events: events.update(at=w.START),
        lambda events: events.update(unit=None),
        lambda events: events.update(post=None),
        lambda events: events.update(text_digest="0" * 64),
    ],
)
def test_a_changed_event_is_found(issue, unguarded, how):
    how(Event.objects.filter(issue=issue, seq=4))
    text, wrong = verify()
    assert wrong
    assert f"{issue.number} #4" in text


def test_a_changed_event_with_a_new_hash_does_not_fit_the_next(issue, unguarded):
    Event.objects.filter(issue=issue, seq=4).update(hash="f" * 64)
    assert f"{issue.number} #5" in verify()[0]


def test_a_missing_event_is_found(issue, unguarded):
    Event.objects.filter(issue=issue, seq=4).delete()
    text, wrong = verify()
    assert wrong
    assert f"{issue.number} #4: 这一条不见了" in text


def test_a_cut_off_end_is_found(issue, unguarded):
    Event.objects.filter(issue=issue, seq=7).delete()
    text, wrong = verify()
    assert wrong
    assert f"{issue.number} #6: 末尾" in text


def test_an_event_moved_to_another_issue_is_found_in_both(world, issue, unguarded):
    other = Issue.objects.exclude(pk=issue.pk).get()
    Event.objects.filter(issue=issue, seq=7).update(issue=other)
    text, wrong = verify()
    assert wrong
    assert issue.number in text
    assert other.number in text


def test_a_whole_timeline_that_is_gone_is_found(issue, unguarded):
    EventText.objects.all().delete()
    Event.objects.filter(issue=issue).delete()
    assert f"{issue.number} #0" in verify()[0]


@pytest.mark.parametrize("how", ["update", "delete", "salt"])
def test_a_changed_text_is_found(issue, how):
    texts = EventText.objects.filter(event__issue=issue, event__verb="handle")
    {"update": lambda: texts.update(text="别的话"), "delete": texts.delete,
     "salt": lambda: texts.update(salt="0" * 32)}[how]()  # fmt: skip
    text, wrong = verify()
    assert wrong
    assert f"{issue.number} #5: 说明" in text


def test_an_added_text_is_found(issue):
    event = Event.objects.get(issue=issue, seq=4)
    EventText.objects.create(event=event, text="编的", salt="0" * 32)
    assert verify()[1]


def test_a_text_erased_by_law_does_not_break_the_chain(issue):
    texts = EventText.objects.filter(event__issue=issue)
    assert texts.update(text="", erased_at=w.NOW)
    assert not verify()[1]


def test_only_the_wrong_issue_is_named(world, issue, unguarded):
    others = [world.report().number for _ in range(3)]
    Event.objects.filter(issue=issue, seq=2).update(actor=None)
    text, _wrong = verify()
    assert not any(number in text for number in others)
    assert "5 个问题，1 个有异常" in text


@pytest.mark.parametrize(
    "change",
    [
        lambda events: events.update(actor=None),
        lambda events: events.delete(),
        lambda events: events.get(seq=1).save(),
    ],
)
def test_the_database_refuses_to_change_an_event(issue, change):
    EventText.objects.all().delete()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(Event.objects.filter(issue=issue))


@pytest.mark.parametrize("sql", ["UPDATE issues_event SET seq = 99", "DELETE FROM issues_event"])
def test_the_database_refuses_raw_sql_too(issue, sql):
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert not list(faults(issue, issue.events.select_related("text")))


def test_an_issue_with_a_timeline_cannot_be_deleted(issue):
    with pytest.raises(ProtectedError):
        issue.delete()
