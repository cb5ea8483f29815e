"""The secret link: one answer by the reporter, without an account and without a trace of anyone."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config import logs
from issues.chain import faults
from issues.models import CallBack, Issue, SampleRule
from issues.services.calling_back import ask_call_back
from issues.services.doing import Given
from issues.services.errors import Refused
from issues.services.reporting import Report, report
from issues.services.surveying import answer_by_link
from issues.services.verbs import perform
from issues.workflow import Verb
from notices.models import Notice
from tests import racing
from tests import world as w
from tests.callers import person

ANSWER = {"contacted": "yes", "solved": "yes", "satisfaction": "basically"}
NO = {"contacted": "no", "solved": "no", "satisfaction": "not"}
SECRET = "王秀英家门口 13912340987"


def ended(world, **given):
    """An issue that ended, and the call-back that was asked for now."""
    SampleRule.objects.update_or_create(of="closed", defaults={"percent": 0})
    issue = world.walk("sign", "handle", "check", "close", **given)
    asked = ask_call_back(issue=issue, because=CallBack.Because.SAMPLE, now=timezone.now())
    issue.save()
    return asked


def fed_back(world):
    issue = world.report("street", source="hotline", external_number="1", category=w.RUBBISH)
    world.do("street", "accept", issue)
    world.do("unit", "sign", issue)
    world.do("handler", "handle", issue, outcome="fixed", note="清走了。")
    world.do("worker", "check", issue, passed=True)
    world.do("street", "feed_back", issue, note="已清运。")
    asked = issue.call_backs.get()
    CallBack.objects.filter(pk=asked.pk).update(expires_at=timezone.now() + timedelta(days=14))
    return asked


def address(asked):
    return reverse("call_back", args=[asked.token])


def ask(asked):
    return person(None).get(address(asked))


def answer(asked, **changed):
    return person(None).post(address(asked), ANSWER | changed)


def text(response):
    return response.content.decode()


def plain(response):
    """The page without the form's own token and the address that was asked for."""
    page = text(response).replace(response.wsgi_request.path, "/here/")
    return re.sub(r'="[A-Za-z0-9]{64}"', "", page)


# The page.


def test_the_page_says_which_matter_it_is_and_asks_three_things(world):
    asked = ended(world)
    response = ask(asked)
    page = text(response)
    assert response.status_code == 200
    issue = asked.issue
    for said in (issue.number, issue.category.name_zh, issue.cell.label, "已解决"):
        assert said in page
    for name, values in (
        ("contacted", ["yes", "no"]),
        ("solved", ["yes", "no"]),
        ("satisfaction", CallBack.Satisfaction.values),
    ):
        assert re.findall(rf'name="{name}" value="(\w+)"', page) == values
    assert (asked.expires_at - asked.asked_at).days == 14
    assert f"{timezone.localtime(asked.expires_at):%Y-%m-%d}" in page


def test_nothing_that_anybody_typed_and_nobody_s_name_is_on_the_page(world):
    asked = ended(
        world,
        description=SECRET,
        place=SECRET,
        contact={"name": "王秀英", "phone": "13912340987", "agreed": ["callback"]},
    )
    page = text(ask(asked))
    users = [user.username for user in world.users.values() if len(user.username) > 4]
    for hidden in ("王秀英", "139", "清运干净", asked.issue.owner.name, *users):
        assert hidden not in page, hidden


def test_the_address_is_kept_nowhere_and_told_to_nobody(world):
    asked = ended(world)
    answers = [ask(asked), answer(asked, solved=""), answer(asked), ask(asked)]
    assert [one.status_code for one in answers] == [200, 422, 302, 404]
    for one in answers:
        assert "no-store" in one["Cache-Control"]
        assert one["Referrer-Policy"] == "strict-origin"
        assert one["X-Robots-Tag"] == "noindex, nofollow"
    assert 'name="robots" content="noindex' in text(answers[0])
    assert asked.token not in answers[2].url


def test_what_is_missing_is_named_and_what_was_chosen_stays(world):
    asked = ended(world)
    response = person(None).post(address(asked), {"contacted": "no", "satisfaction": "great"})
    page = text(response)
    assert response.status_code == 422
    assert "请选择问题解决了没有。" in page
    assert "请选择满意程度。" in page
    assert re.search(r'name="contacted" value="no"[^>]* checked', page)
    assert CallBack.objects.get().answered_at is None


def test_no_answer_without_the_form_s_own_token(world):
    client = Client(enforce_csrf_checks=True)
    asked = ended(world)
    assert client.post(address(asked), ANSWER).status_code == 403
    assert CallBack.objects.get().answered_at is None
    page = text(client.get(address(asked)))
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    sent = client.post(address(asked), ANSWER | {"csrfmiddlewaretoken": token})
    assert sent.status_code == 302


# One answer.


def test_an_answer_is_recorded_without_an_actor_and_thanked_for(world):
    asked = ended(world)
    sent = answer(asked)
    assert sent.url == reverse("call_back_done")
    assert "谢谢" in text(person(None).get(sent.url))
    asked.refresh_from_db()
    assert (asked.valid, asked.contacted, asked.solved, asked.satisfaction, asked.by) == (
        True, True, True, "basically", None,
    )  # fmt: skip
    issue = Issue.objects.get()
    event = issue.events.last()
    assert (event.verb, event.actor, event.post) == ("survey", None, None)
    assert event.facts["by_link"] is True
    assert (issue.state, issue.survey_asked) == ("closed", False)
    assert not list(faults(issue, issue.events.select_related("text")))


def test_a_ticket_that_is_solved_ends_by_the_link(world):
    asked = fed_back(world)
    answer(asked)
    issue = Issue.objects.get()
    assert (issue.state, issue.events.last().verb) == ("closed", "call_back")
    assert issue.closed_at
    assert not issue.clocks.filter(stopped_at=None).exists()


def test_a_ticket_that_is_not_solved_goes_back_by_the_link(world):
    asked = fed_back(world)
    person(None).post(address(asked), NO)
    issue = Issue.objects.get()
    assert (issue.state, issue.reworks, issue.outcome) == ("handling", 1, "")
    assert issue.events.last().facts["by_link"] is True


@pytest.mark.parametrize("make", [ended, fed_back])
def test_the_unit_and_the_desk_hear_of_the_answer(world, make):
    """As the page that says thanks promises."""
    asked = make(world)
    answer(asked)
    kinds = ("surveyed", "called_back")
    told = Notice.objects.filter(subject_key=asked.issue.subject_key, kind__in=kinds)
    assert {"unit", "street"} <= set(told.values_list("recipient__username", flat=True))


def test_nothing_that_is_printed_holds_the_secret(world, caplog):
    """Not what the framework says of an answer it refuses, nor the line of the request."""
    asked = ended(world)
    with caplog.at_level("DEBUG"):
        ask(asked)
        answer(asked, solved="")
        Client(enforce_csrf_checks=True).post(address(asked), ANSWER)
        person(None).put(address(asked))
        answer(asked)
        ask(asked)
    assert {record.name for record in caplog.records} >= {"config.access", "django.security.csrf"}
    for record in caplog.records:
        for kind in (logs.Json, logs.Plain):
            assert asked.token not in kind().format(record)


def test_a_link_that_is_used_expired_or_unknown_is_one_same_page(world):
    used = ended(world)
    answer(used)
    expired = ended(world)
    CallBack.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
    by_staff = ended(world)
    world.do("street", "survey", by_staff.issue, at=timezone.now(), valid=False)
    pages = [ask(used), ask(expired), ask(by_staff), person(None).get("/callback/nothing/")]
    pages += [answer(used), answer(expired), answer(by_staff)]
    assert {page.status_code for page in pages} == {404}
    assert len({plain(page) for page in pages}) == 1
    assert CallBack.objects.filter(answered_at=None).get() == expired
    assert Issue.objects.get(pk=used.issue_id).events.filter(verb="survey").count() == 1


def test_the_link_works_whoever_is_signed_in(world):
    asked = ended(world)
    assert person("worker").get(address(asked)).status_code == 200
    person("worker").post(address(asked), ANSWER)
    asked.refresh_from_db()
    assert asked.by is None
    assert Issue.objects.get().events.last().actor is None


def test_after_the_link_was_used_staff_have_nothing_left_to_ask(world):
    asked = ended(world)
    answer(asked)
    with pytest.raises(Refused):
        world.do("street", "survey", asked.issue, at=timezone.now(), valid=False)


# The link in the hands of the desk.


def link_on_page(name, issue):
    page = text(person(name).get(f"/issues/{issue.number}/"))
    found = re.search(r'value="(http[^"]*/callback/[^"]*)" readonly', page)
    return found and found[1]


def test_the_page_gives_the_whole_link_to_whoever_makes_the_call_back(world):
    asked = ended(world)
    assert link_on_page("street", asked.issue) == f"http://testserver{address(asked)}"
    for name in ("worker", "branch", "unit", "community", "auditor"):
        page = text(person(name).get(f"/issues/{asked.issue.number}/"))
        assert asked.token not in page, name


@pytest.mark.parametrize("make", [ended, fed_back])
def test_an_expired_link_is_renewed_by_the_desk(world, make):
    asked = make(world)
    CallBack.objects.filter(pk=asked.pk).update(expires_at=timezone.now())
    assert ask(asked).status_code == 404
    assert "重发回访链接" in text(person("street").get(f"/issues/{asked.issue.number}/"))
    sent = person("street").post(f"/issues/{asked.issue.number}/renew_link/")
    assert sent.status_code == 302
    again = CallBack.objects.get()
    assert (again.pk, again.because) == (asked.pk, asked.because)
    assert again.token != asked.token
    assert ask(asked).status_code == 404
    assert link_on_page("street", asked.issue) == f"http://testserver{address(again)}"
    event = asked.issue.events.last()
    assert (event.verb, event.public) == ("renew_link", False)
    assert answer(again).status_code == 302


def test_a_link_that_is_good_or_answered_is_not_renewed(world):
    asked = ended(world)
    for _ in range(2):
        with pytest.raises(Refused):
            world.do("street", "renew_link", asked.issue, at=timezone.now())
        answer(asked)


@pytest.mark.parametrize("name", ["worker", "branch", "unit", "handler"])
def test_only_the_desk_renews_a_link(world, name):
    asked = ended(world)
    CallBack.objects.filter(pk=asked.pk).update(expires_at=timezone.now())
    with pytest.raises(Refused):
        world.do(name, "renew_link", asked.issue, at=timezone.now())


# Two at the same second.


@pytest.fixture
def committed(transactional_db):
    return racing.committed_world()


def by_link(asked):
    given = Given(contacted=True, solved=True, satisfaction="satisfied")
    return lambda: answer_by_link(token=asked.token, given=given, now=timezone.now())


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("make", [ended, fed_back])
def test_of_five_answers_by_one_link_one_counts(committed, together, make):
    asked = make(committed)
    outcomes = together(*[by_link(asked)] * 5)
    assert len([one for one in outcomes if isinstance(one, Issue)]) == 1, outcomes
    assert len([one for one in outcomes if isinstance(one, CallBack.DoesNotExist)]) == 4, outcomes
    issue = Issue.objects.get()
    assert issue.events.filter(verb__in=["survey", "call_back"]).count() == 1
    assert not list(faults(issue, issue.events.select_related("text")))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_the_reporter_and_the_desk_one_answers(committed, together):
    asked = fed_back(committed)
    scope, now = committed.scope("street"), timezone.now()
    given = Given(valid=True, contacted=True, solved=False, satisfaction="not")
    outcomes = together(
        by_link(asked),
        lambda: perform(
            scope=scope, number=asked.issue.number, verb=Verb.CALL_BACK, given=given, now=now
        ),
    )
    assert len([one for one in outcomes if isinstance(one, Issue)]) == 1, outcomes
    assert len([one for one in outcomes if isinstance(one, CallBack.DoesNotExist | Refused)]) == 1
    issue = Issue.objects.get()
    assert (issue.state, issue.reworks) in (("closed", 0), ("handling", 1))
    assert issue.call_backs.filter(answered_at__isnull=False).count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_desks_that_take_down_one_ticket_one_does(committed, together):
    lat, lng = w.IN_A1
    said = Report("垃圾", lat, lng, source="hotline", external_number="HL-1")
    scopes = [committed.scope("street"), committed.scope("leader")]
    outcomes = together(
        *[lambda scope=scope: report(scope=scope, given=said, now=w.NOW) for scope in scopes]
    )
    lost = [one for one in outcomes if isinstance(one, ValidationError)]
    assert [set(one.message_dict) for one in lost] == [{"external_number"}], outcomes
    assert Issue.objects.get().external_number == "HL-1"
