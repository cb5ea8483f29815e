"""What has served its purpose goes: contacts, keys, photos that nobody named."""

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from issues import tasks
from issues.models import Attachment, Sent
from issues.services.contacts import erase_old_contacts
from issues.services.photos import remove_unused, save_photo
from issues.services.upkeep import forget_keys
from residents.models import Contact
from residents.services import create_contact
from tests import world as w
from tests.photos import jpeg

CONTACT = {"name": "金丝雀", "phone": "13987654321", "agreed": ["callback"]}
SECOND = timedelta(seconds=1)
KEPT = timedelta(days=30)
CLOSED, ORPHANED = "30 days after closing", "30 days without an issue"
REOPENED = "90 days after closing, reopened"


def ended(world, verb="cancel", *, at):
    """An issue with a contact that this verb ended at that instant."""
    before = at - timedelta(hours=1)
    issue = world.report(at=before, contact=CONTACT, category="" if verb == "reject" else w.RUBBISH)
    if verb == "close":
        world.do("unit", "sign", issue, at=before)
        world.do("handler", "handle", issue, at=before, outcome="fixed", note="好了")
        world.do("worker", "check", issue, at=before, passed=True)
        return world.do("branch", "close", issue, at=at)
    return world.do("street", verb, issue, at=at, reason="void")


def counts(erased):
    """By rule; reopened issues have tests of their own (test_reopen.py)."""
    found = {run.rule: run.contacts for run in erased}
    assert found.pop(REOPENED) == 0
    return found


def is_erased(issue):
    contact = Contact.objects.get(pk=issue.contact_id)
    emptied = (contact.name_encrypted, contact.phone_encrypted, contact.agreed) == ("", "", [])
    assert emptied == (contact.erased_at is not None)
    return emptied


@pytest.mark.parametrize("verb", ["close", "reject", "cancel"])
@pytest.mark.parametrize(
    ("later", "gone"),
    [(KEPT - timedelta(minutes=1), False), (KEPT, False), (KEPT + SECOND, True)],
)
def test_a_contact_is_erased_thirty_days_after_its_issue_ended(world, verb, later, gone):
    issue = ended(world, verb, at=w.NOW)
    erased = erase_old_contacts(now=w.NOW + later)
    assert counts(erased) == {CLOSED: int(gone), ORPHANED: 0}
    assert is_erased(issue) is gone


def test_an_open_issue_keeps_its_contact_however_old(world):
    issue = world.report(contact=CONTACT)
    assert counts(erase_old_contacts(now=w.NOW + timedelta(days=400))) == {CLOSED: 0, ORPHANED: 0}
    assert not is_erased(issue)


def test_a_contact_without_an_issue_goes_after_thirty_days_too(world):
    old = create_contact(**CONTACT, now=w.NOW - KEPT - SECOND)
    fresh = create_contact(**CONTACT, now=w.NOW - KEPT + SECOND)
    assert counts(erase_old_contacts(now=w.NOW)) == {CLOSED: 0, ORPHANED: 1}
    erased = set(Contact.objects.filter(erased_at=w.NOW).values_list("pk", flat=True))
    assert erased == {old.pk}
    assert Contact.objects.filter(pk=fresh.pk, erased_at=None).exists()


def test_a_run_counts_by_rule_and_the_next_run_finds_nothing(world):
    for _ in range(2):
        ended(world, at=w.NOW)
    create_contact(**CONTACT, now=w.NOW)
    later = w.NOW + KEPT + SECOND
    assert counts(erase_old_contacts(now=later)) == {CLOSED: 2, ORPHANED: 1}
    assert counts(erase_old_contacts(now=later + SECOND)) == {CLOSED: 0, ORPHANED: 0}
    assert set(Contact.objects.values_list("erased_at", flat=True)) == {later}


def test_the_daily_task_logs_the_counts_by_rule_and_nothing_else(world, caplog):
    ended(world, at=timezone.now() - KEPT - SECOND)
    with caplog.at_level(logging.INFO, logger="issues.tasks"):
        tasks.erase_contacts()
    assert [record.getMessage() for record in caplog.records if record.name == "issues.tasks"] == [
        f"contacts erased: 1 (rule: {CLOSED})",
        f"contacts erased: 0 (rule: {REOPENED})",
        f"contacts erased: 0 (rule: {ORPHANED})",
    ]
    assert "13987654321" not in caplog.text


def test_keys_are_forgotten_after_thirty_days_and_may_then_come_again(world):
    old = world.report(key="old", at=w.NOW - KEPT - SECOND)
    fresh = world.report(key="fresh", at=w.NOW - KEPT + SECOND)
    assert forget_keys(now=w.NOW) == 1
    assert forget_keys(now=w.NOW) == 0
    assert Sent.objects.get().key == "fresh"
    assert world.report(key="fresh", at=w.NOW - KEPT + SECOND).pk == fresh.pk
    assert world.report(key="old", at=w.NOW).pk != old.pk


def photo(world, *, at):
    upload = jpeg()
    return save_photo(uploader=world.user("worker"), upload=upload, size=upload.size, now=at)


def test_photos_that_no_report_named_go_with_their_files(world, django_capture_on_commit_callbacks):
    old = photo(world, at=w.NOW - timedelta(hours=48, seconds=1))
    fresh = photo(world, at=w.NOW - timedelta(hours=47, minutes=59))
    named = photo(world, at=w.NOW - timedelta(days=5))
    world.report(attachments=[named.public_id])
    with django_capture_on_commit_callbacks(execute=True):
        assert remove_unused(now=w.NOW) == 1
    assert set(Attachment.objects.all()) == {fresh, named}
    for kept in (fresh, named):
        assert kept.file.storage.exists(kept.file.name)
    # The field forgets the name of a file it deleted, so ask by the name of before.
    assert not fresh.file.storage.exists(f"photos/{old.public_id.hex[:2]}/{old.public_id.hex}.jpg")


def test_the_tidying_task_says_what_it_removed(world, caplog):
    photo(world, at=timezone.now() - timedelta(days=3))
    world.report(key="k", at=timezone.now() - KEPT - SECOND)
    with caplog.at_level(logging.INFO, logger="issues.tasks"):
        tasks.tidy()
    said = [record.getMessage() for record in caplog.records if record.name == "issues.tasks"]
    assert said == ["unused photos removed: 1", "idempotency keys forgotten: 1"]
    assert not Sent.objects.exists()
