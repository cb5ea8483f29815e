"""Where reports come from, who may say so, and what happens to those of the public first."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test.utils import override_settings
from django.urls import reverse

from issues.models import Clock, Issue
from issues.rules import allowed
from issues.services.contacts import erase_old_contacts
from issues.services.errors import KeyReused, Refused
from issues.services.reporting import Report, _digest, report
from issues.services.sources import sources_for
from notices.models import Notice
from tests import world as w
from tests.callers import person

OLD_DIGEST = "7e261f1f5f00f0590ca1f1dca6e7832a54963050c1124f2b2a7214845b39c6ed"
TICKET = "BJ20260310001"
LATER = w.NOW + timedelta(hours=1)


def verbs(world, name, issue):
    return {str(rule.verb) for rule in allowed(world.scope(name), issue)}


def running(issue):
    return Clock.objects.get(issue=issue, stopped_at=None, kind__in=Clock.MAIN).kind


def refused(refusal):
    return set(refusal.value.message_dict)


@pytest.mark.parametrize(
    ("name", "source"),
    [("worker", "worker"), ("branch", "partner"), ("unit", "partner"), ("street", "partner")],
)
def test_a_report_comes_from_its_reporters_post(world, name, source):
    assert world.report(name).source == source


@pytest.mark.parametrize(
    ("name", "source", "state"),
    [
        ("street", "public", "pending_verify"),
        ("leader", "public", "pending_verify"),
        ("district", "public", "pending_verify"),
        ("street", "inspection", "reported"),
        ("branch", "inspection", "reported"),
        ("worker", "worker", "dispatched"),
        ("street", "partner", "reported"),
    ],
)
def test_a_desk_takes_down_what_others_say(world, name, source, state):
    issue = world.report(name, source=source)
    assert (issue.source, issue.state) == (source, state)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("worker", "public"),
        ("worker", "hotline"),
        ("worker", "inspection"),
        ("unit", "public"),
        ("community", "hotline"),
        ("branch", "hotline"),
        ("street", "import"),
        ("district", "import"),
        ("street", "worker"),
        ("worker", "steward"),
        ("street", "nonsense"),
    ],
)
def test_nobody_says_a_source_that_is_not_theirs_to_say(world, name, source):
    with pytest.raises(ValidationError) as refusal:
        world.report(name, source=source, external_number=TICKET)
    assert refused(refusal) == {"source"}
    assert not Issue.objects.exists()


def test_who_has_several_posts_takes_down_by_the_one_that_may(world):
    """一肩挑: a worker's own report is dispatched at once, a ticket waits at the desk."""
    world.user("worker").posts.create(
        role="street_dispatcher", organization=world.orgs["desk-1"], valid_from=w.START
    )
    own = world.report()
    ticket = world.report(source="hotline", external_number=TICKET)
    assert (own.state, ticket.state) == ("dispatched", "reported")
    assert ticket.events.first().post.role == "street_dispatcher"


def test_the_choice_of_sources_is_the_desks(world):
    assert sources_for(world.scope("street")) == ["public", "hotline", "inspection"]
    assert sources_for(world.scope("branch")) == ["inspection"]
    assert sources_for(world.scope("worker")) == sources_for(world.scope("auditor")) == []


# Hotline tickets.


def ticket(world, name="street", number=TICKET, **given):
    return world.report(name, source="hotline", external_number=number, **given)


def test_a_ticket_keeps_its_number_and_waits_at_the_desk(world):
    issue = ticket(world)
    assert (issue.external_number, issue.state, running(issue)) == (TICKET, "reported", "accept")


def test_a_ticket_comes_once_to_a_district(world):
    first = ticket(world)
    with pytest.raises(ValidationError) as refusal:
        ticket(world, name="other-street", point=w.IN_C1)
    assert refused(refusal) == {"external_number"}
    assert first.number in str(refusal.value)
    assert Issue.objects.count() == 1


@pytest.mark.parametrize("verb", ["reject", "cancel"])
def test_a_ticket_that_was_refused_or_void_may_be_sent_again(world, verb):
    world.do("street", verb, ticket(world), reason="写错了")
    assert ticket(world).state == "reported"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"source": "hotline"}, "external_number"),
        ({"source": "hotline", "external_number": "  "}, "external_number"),
        ({"source": "hotline", "external_number": "9" * 41}, "external_number"),
        ({"source": "hotline", "external_number": "11010519491231002X"}, "external_number"),
        ({"external_number": TICKET}, "external_number"),
        ({"source": "public", "external_number": TICKET}, "external_number"),
    ],
)
def test_only_tickets_have_a_number_and_every_ticket_has_one(world, given, field):
    with pytest.raises(ValidationError) as refusal:
        world.report("street", **given)
    assert refused(refusal) == {field}


# Sent twice.


def test_what_was_sent_before_these_fields_came_has_the_digest_it_had(db):
    """Kept digests of 30 days must still be recognized after an upgrade."""
    given = Report(description="垃圾", lat=30.0, lng=121.0)
    with override_settings(SECRET_KEY="k"):  # noqa: S106
        assert _digest(given) == OLD_DIGEST


@pytest.mark.parametrize("changed", [{"source": "inspection"}, {"external_number": "2"}])
def test_another_source_or_number_is_another_content(world, changed):
    lat, lng = w.IN_A1
    said = {"description": "垃圾", "lat": lat, "lng": lng, "source": "hotline"}
    sent = {"scope": world.scope("street"), "key": "k", "now": w.NOW}
    first = report(given=Report(**said, external_number="1"), **sent)
    again = report(given=Report(**said, external_number="1"), **sent)
    assert (first.issue.pk, again.created) == (again.issue.pk, False)
    with pytest.raises(KeyReused):
        report(given=Report(**said | {"external_number": "1"} | changed), **sent)


# Public reports are verified before they are filed (DOMAIN.md §2.4).


def public(world, **given):
    return world.report("street", source="public", **given)


def test_a_public_report_waits_for_somebody_to_look(world):
    issue = public(world)
    assert (issue.state, running(issue), issue.unit.code) == ("pending_verify", "verify", "desk-1")
    assert issue.events.get().to_state == "pending_verify"
    told = Notice.objects.filter(subject_key=issue.subject_key, recipient__isnull=False)
    assert set(told.values_list("recipient__username", "kind")) == {
        ("worker", "to_verify"),
        ("colleague", "to_verify"),
    }


@pytest.mark.parametrize("name", ["worker", "colleague", "community", "street", "leader"])
def test_who_may_verify(world, name):
    issue = public(world)
    assert "verify" in verbs(world, name, issue)
    done = world.do(name, "verify", issue, passed=True)
    assert (done.state, running(done)) == ("reported", "accept")


@pytest.mark.parametrize("name", ["outsider", "branch", "unit", "other-street", "auditor", "admin"])
def test_who_may_not_verify(world, name):
    issue = public(world)
    assert "verify" not in verbs(world, name, issue)
    with pytest.raises((Refused, Issue.DoesNotExist)):
        world.do(name, "verify", issue, passed=True)


def test_nobody_accepts_what_was_not_verified(world):
    with pytest.raises(Refused):
        world.do("street", "accept", public(world))


def test_a_verifier_can_say_what_it_is_and_the_desk_files_it(world):
    issue = world.do("worker", "verify", public(world, category=""), passed=True, category=w.LIFT)
    assert (issue.state, issue.category.code) == ("reported", w.LIFT)
    told = Notice.objects.filter(subject_key=issue.subject_key, kind="verified")
    assert "street" in set(told.values_list("recipient__username", flat=True))
    assert world.do("street", "accept", issue).state == "dispatched"


def test_what_is_not_so_ends_with_a_reason_and_its_contact_is_erased(world):
    issue = public(world, contact={"phone": "13912340987", "agreed": ["callback"]})
    with pytest.raises(ValidationError) as refusal:
        world.do("worker", "verify", issue, passed=False)
    assert refused(refusal) == {"note"}
    ended = world.do("worker", "verify", issue, at=LATER, passed=False, note="现场没有垃圾。")
    assert (ended.state, ended.closed_at, ended.due_at) == ("rejected", LATER, None)
    assert not ended.clocks.filter(stopped_at=None).exists()
    assert not ended.assignments.filter(ended_at=None).exists()
    told = Notice.objects.filter(subject_key=issue.subject_key, kind="rejected")
    assert set(told.values_list("recipient__username", flat=True)) >= {"street"}
    erase_old_contacts(now=LATER + timedelta(days=31))
    ended.contact.refresh_from_db()
    assert ended.contact.erased_at


def test_a_desk_may_refuse_a_public_report_without_a_look(world):
    assert world.do("street", "reject", public(world), reason="not_a_matter").state == "rejected"


# 即办即结, in one form.


def test_a_worker_reports_and_resolves_a_trivial_matter_in_one(world):
    issue = world.report(settled="顺手清走了。")
    assert (issue.state, issue.outcome) == ("closed_unchecked", "settled")
    assert not issue.clocks.exists()
    assert [event.verb for event in issue.events.order_by("seq")] == ["report", "settle"]


@pytest.mark.parametrize(
    ("name", "given", "field"),
    [
        ("street", {}, "settled"),
        ("branch", {}, "settled"),
        ("worker", {"category": ""}, "category"),
        ("street", {"source": "public"}, "settled"),
        ("worker", {"settled": "找 11010519491231002X 清走了"}, "settled"),
    ],
)
def test_nobody_else_and_nothing_else_is_settled_in_the_report(world, name, given, field):
    with pytest.raises(ValidationError) as refusal:
        world.report(name, **{"settled": "清走了。"} | given)
    assert refused(refusal) == {field}
    assert not Issue.objects.exists()


# The page and the API.


TYPED = {
    "key": "11111111-1111-4111-8111-111111111111",
    "category": w.RUBBISH,
    "description": "垃圾堆在路口，没人清。",
    "lat": str(w.IN_A1[0]),
    "lng": str(w.IN_A1[1]),
    "place_text": "东门",
}


def page(name):
    return person(name).get(reverse("report")).content.decode()


def test_the_form_offers_what_a_post_may_say(world):
    for name, sources, settles in (
        ("worker", [], True),
        ("branch", ["", "inspection"], False),
        ("street", ["", "public", "hotline", "inspection"], False),
        ("unit", [], False),
    ):
        shown = page(name)
        select = re.search(r'<select name="source".*?</select>', shown, re.DOTALL)
        values = re.findall(r'<option value="(\w*)"', select[0]) if select else []
        assert (values, 'name="settled"' in shown) == (sources, settles), name


def test_a_ticket_is_taken_down_on_the_page(world):
    client = person("street")
    missing = client.post(reverse("report"), TYPED | {"source": "hotline"})
    assert missing.status_code == 422
    assert "请填写热线工单的编号。" in missing.content.decode()
    assert re.search(r'value="hotline"[^>]* selected', missing.content.decode())
    sent = client.post(reverse("report"), TYPED | {"source": "hotline", "external_number": "1"})
    issue = Issue.objects.get()
    assert sent.url == reverse("issue", args=[issue.number])
    assert (issue.source, issue.external_number) == ("hotline", "1")
    assert client.get(sent.url).status_code == 200


def test_what_was_done_on_the_spot_is_sent_with_the_report(world):
    client = person("worker")
    sent = client.post(reverse("report"), TYPED | {"settled": "顺手清走了。"})
    assert Issue.objects.get().state == "closed_unchecked"
    assert client.get(sent.url).status_code == 200


def test_a_public_report_by_page_leads_to_a_page_that_says_who_looks_first(world):
    sent = person("street").post(reverse("report"), TYPED | {"source": "public"})
    assert Issue.objects.get().state == "pending_verify"
    assert person("street").get(sent.url).status_code == 200
    assert person("worker").get(sent.url).status_code == 200


def test_the_api_takes_them_too(program):
    lat, lng = w.IN_A1
    said = {"description": "垃圾", "lat": lat, "lng": lng, "category": w.RUBBISH}
    sent = program("street").post(
        "issues/", said | {"source": "hotline", "external_number": TICKET}
    )
    assert (sent.status_code, sent.json()["source"]) == (201, "hotline")
    again = program("street").post(
        "issues/", said | {"source": "hotline", "external_number": TICKET}
    )
    assert again.status_code == 400
    assert set(again.json()["errors"]) == {"external_number"}
    settled = program("worker").post("issues/", said | {"settled": "清走了"})
    assert settled.json()["state"] == "closed_unchecked"
    for wrong in ({"source": "nonsense"}, {"source": "import"}):
        assert program("street").post("issues/", said | wrong).status_code == 400
