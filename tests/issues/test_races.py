"""Two and more people at the same second, each on a database connection of their own."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from issues.chain import faults
from issues.models import Attachment, Clock, Event, Issue
from issues.services.errors import ChangedMeanwhile, KeyReused, Refused
from issues.services.reporting import Report, Reported, report
from notices.models import Notice
from partyorgs.models import Post
from tests import racing
from tests import world as w
from tests.racing import does

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db):
    return racing.committed_world()


def reports(world, name="worker", *, key=None, **given):
    lat, lng = w.IN_A1
    said = Report(**{"description": "垃圾", "category": w.RUBBISH, "lat": lat, "lng": lng} | given)
    scope = world.scope(name)
    return lambda: report(scope=scope, given=said, key=key, now=w.NOW)


def of_kind(outcomes, kind):
    return [outcome for outcome in outcomes if isinstance(outcome, kind)]


def whole(issue):
    """The stored issue, after asking whether everything about it fits together."""
    stored = Issue.objects.get(pk=issue.pk)
    assert not list(faults(stored, stored.events.select_related("text")))
    assert Clock.objects.filter(issue=stored, stopped_at=None).count() == stored.is_open
    return stored


def photo(world, name="worker"):
    return Attachment.objects.create(
        uploader=world.user(name), digest="d", width=1, height=1, size=1, created_at=w.NOW, file="x"
    )


@pytest.mark.parametrize("version", [None, 2], ids=["unversioned", "versioned"])
def test_of_eight_people_who_handle_one_issue_one_wins(world, together, version):
    issue = world.walk("sign")
    for number in range(8):
        user = type(world.user("unit")).objects.create_user(f"hand-{number}")
        post = world.user("handler").posts.get()
        Post.objects.create(
            user=user, role=post.role, organization=post.organization, valid_from=w.START
        )
    outcomes = together(
        *(
            does(world, f"hand-{number}", "handle", issue, version=version, outcome="fixed",
                 note=f"我是 {number}")
            for number in range(8)
        )
    )  # fmt: skip
    assert len(of_kind(outcomes, Issue)) == 1, outcomes
    lost = of_kind(outcomes, Refused)
    assert len(lost) == 7, outcomes
    assert len(of_kind(lost, ChangedMeanwhile)) == (7 if version else 0)
    stored = whole(issue)
    assert (stored.state, stored.version) == ("handled", 3)
    assert Event.objects.filter(issue=issue, verb="handle").count() == 1
    assert Notice.objects.filter(subject_key=issue.subject_key, kind="handled").count() == 3


@pytest.mark.parametrize("with_photo", [False, True])
def test_five_posts_of_one_key_are_one_issue_with_one_answer(world, together, with_photo):
    given = {"attachments": [photo(world).public_id]} if with_photo else {}
    outcomes = together(*(reports(world, key="same", **given) for _ in range(5)))
    assert len(of_kind(outcomes, Reported)) == 5, outcomes
    assert len({outcome.issue.number for outcome in outcomes}) == 1
    assert sum(outcome.created for outcome in outcomes) == 1
    assert Issue.objects.count() == 1


@pytest.mark.parametrize("with_photo", [False, True])
@pytest.mark.parametrize(("name", "verb"), [("worker", "note"), ("unit", "sign")])
def test_five_posts_of_one_verb_with_one_key_are_one_event(world, together, name, verb, with_photo):
    issue = world.report()
    given = {"attachments": [photo(world, name).public_id]} if with_photo else {}
    said = does(world, name, verb, issue, key="same", note="看过。", version=1, **given)
    outcomes = together(*(said for _ in range(5)))
    assert len(of_kind(outcomes, Issue)) == 5, outcomes
    assert whole(issue).version == 2
    assert {one.version for one in outcomes} == {2}
    assert Event.objects.filter(issue=issue, verb=verb).count() == 1
    assert issue.attachments.count() == len(given)


def test_of_two_verbs_with_one_key_the_later_is_told_so(world, together):
    one, other = world.report(), world.report()
    outcomes = together(
        *(does(world, "worker", "note", issue, key="same", note="看过。") for issue in (one, other))
    )
    assert len(of_kind(outcomes, Issue)) == len(of_kind(outcomes, KeyReused)) == 1, outcomes
    assert Event.objects.filter(verb="note").count() == 1


def test_fifty_reports_at_once_get_fifty_numbers_and_their_own_reporters(world, together):
    names = ["worker", "colleague", "outsider", "branch", "street"] * 10
    outcomes = together(*(reports(world, name, description=name) for name in names))
    issues = [outcome.issue for outcome in of_kind(outcomes, Reported)]
    assert len({issue.number for issue in issues}) == 50, outcomes
    assert Issue.objects.count() == 50
    for name, issue in zip(names, issues, strict=True):
        assert whole(issue).reporter.username == name


def test_of_two_desks_that_redispatch_what_they_both_saw_one_wins(world, together):
    issue = world.report()
    outcomes = together(
        does(world, "street", "redispatch", issue, unit="roads", reason="sent_wrong", version=1),
        does(world, "leader", "redispatch", issue, unit="home-1", reason="sent_wrong", version=1),
    )
    assert len(of_kind(outcomes, Issue)) == len(of_kind(outcomes, ChangedMeanwhile)) == 1, outcomes
    stored = whole(issue)
    lead = stored.assignments.get(ended_at=None)
    assert (lead.unit_id, stored.version) == (stored.unit_id, 2)


def test_of_two_reports_that_claim_one_photo_one_gets_it(world, together):
    ids = [photo(world).public_id]
    outcomes = together(*(reports(world, attachments=ids, description=text) for text in "甲乙"))
    assert len(of_kind(outcomes, Reported)) == len(of_kind(outcomes, ValidationError)) == 1, (
        outcomes
    )
    assert Issue.objects.count() == 1
    assert Attachment.objects.get().issue == Issue.objects.get()


def wait_until_blocked():
    with connection.cursor() as cursor:
        for _ in range(500):
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted"
                " AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
            )
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    pytest.fail("the second verb never waited for the first")


def one_behind_the_other(first, second):
    """What `second` returns, begun while `first` had the row and had not committed yet."""

    def behind():
        try:
            return second()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            first()
            later = threads.submit(behind)
            wait_until_blocked()
        return later.result(timeout=20)


def test_a_verb_that_waited_reads_the_issue_as_it_is_afterwards(world):
    issue = world.report(category="")
    sent = one_behind_the_other(
        does(world, "street", "accept", issue, category=w.UNLISTED),
        does(world, "leader", "dispatch", issue, unit="roads"),
    )
    assert (sent.state, sent.condition.pk) == ("dispatched", sent.condition_id)
    assert whole(issue).clocks.get(stopped_at=None).kind == "handle"


def test_a_verb_that_waited_names_the_unit_of_afterwards(world):
    issue = world.report()
    one_behind_the_other(
        does(world, "street", "redispatch", issue, unit="roads", reason="sent_wrong"),
        does(world, "leader", "cancel", issue, reason="void"),
    )
    assert whole(issue).events.last().unit.code == "roads"


def test_who_lost_sight_of_it_while_waiting_is_told_nothing(world):
    issue = world.report()
    with pytest.raises(Issue.DoesNotExist):
        one_behind_the_other(
            does(world, "street", "redispatch", issue, unit="roads", reason="sent_wrong"),
            does(world, "unit", "sign", issue),
        )
    assert whole(issue).state == "dispatched"
