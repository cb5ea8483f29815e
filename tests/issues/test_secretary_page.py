"""The branch secretary's page: what is stuck, what can be done, what waits to be ended."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from issues.models import Issue
from partyorgs.models import Post
from tests import world as w
from tests.callers import person


def text(response):
    return response.content.decode()


def page(name="branch"):
    return person(name).get(reverse("branch"))


@pytest.fixture
def now():
    """The pages ask the real clock: reports here are of this very moment."""
    return timezone.now()


def late(world, now, **given):
    return world.report(at=now - timedelta(days=40), **given)


class TestWho:
    def test_secretaries_come_in_by_a_tab(self, world):
        assert page().status_code == 200
        assert f'href="{reverse("branch")}"' in text(person("branch").get(reverse("home")))

    @pytest.mark.parametrize(
        "name", ["worker", "unit", "community", "street", "leader", "district", "admin", "nobody"]
    )
    def test_nobody_else_does(self, world, name):
        assert page(name).status_code == 403
        assert f'href="{reverse("branch")}"' not in text(person(name).get(reverse("home")))

    def test_an_empty_page_says_what_will_come(self, world):
        said = text(page())
        for words in ("没有卡住的", "没有等结案的", "没有等核查的"):
            assert words in said

    def test_more_posts_than_tabs_leave_the_rest_in_the_menu(self, world):
        branch = world.user("branch")
        Post.objects.create(
            user=branch, role="street_leader", area=world.areas[w.STREET_1], valid_from=w.START
        )
        Post.objects.create(
            user=branch, role="grid_worker", cell=world.cells[w.A1], valid_from=w.START
        )
        context = person("branch").get(reverse("home")).context
        assert len(context["nav"]) == 5
        urls = {item["url"] for item in context["menu"]}
        assert {reverse("my_cell"), reverse("responsible")} <= urls


class TestStuck:
    def test_what_is_late_or_sent_back_in_own_cells(self, world, now):
        issue = late(world, now)
        back = world.report(at=now)
        world.do("unit", "return", back, at=now, reason="no_power")
        late(world, now, point=w.IN_C1)
        world.report(at=now)
        numbers = {row["number"] for row in page().context["stuck"]}
        assert numbers == {issue.number, back.number}

    def test_one_tap_chases_and_comes_back(self, world, now):
        issue = late(world, now)
        address = reverse("issue_verb", args=[issue.number, "chase"])
        assert address in text(page())
        sent = {"back": "branch", "version": issue.version}
        assert person("branch").post(address, sent)["Location"] == reverse("branch")
        issue = Issue.objects.get(pk=issue.pk)
        note = {"note": "居民在等。", "back": "branch", "version": issue.version}
        assert person("branch").post(address, note)["Location"] == reverse("branch")
        chased = issue.events.filter(verb="chase").select_related("text")
        assert [getattr(event, "text", None) and event.text.text for event in chased] == [
            None,
            "居民在等。",
        ]

    def test_joint_work_opens_the_form_on_the_issues_page(self, world, now):
        late(world, now)
        row = page().context["stuck"][0]
        opened = person("branch").get(row["joint_url"].split("#")[0])
        verbs = {verb["verb"]: verb for verb in opened.context["verbs"]}
        assert verbs["add_part"]["open"]

    def test_what_was_sent_back_is_chased_but_not_shared_out(self, world, now):
        back = world.report(at=now)
        world.do("unit", "return", back, at=now, reason="no_power")
        row = page().context["stuck"][0]
        assert row["chase"]
        assert not row["joint_url"]

    def test_many_are_cut_off_with_a_way_to_all(self, world, now, monkeypatch):
        monkeypatch.setattr("issues.presenter.secretary.STUCK", 1)
        late(world, now)
        late(world, now)
        context = page().context
        assert len(context["stuck"]) == 1
        assert len(person("branch").get(context["more_url"]).context["rows"]) == 2


class TestEnding:
    def test_what_waits_to_be_checked_and_to_be_closed(self, world, now):
        waiting = world.walk("sign", "handle")
        checked = world.walk("sign", "handle", "check")
        world.walk("sign", "handle", point=w.IN_C1)
        context = page().context
        assert [row["number"] for row in context["checks"]] == [waiting.number]
        assert [row["number"] for row in context["closes"]] == [checked.number]


def test_three_rows_cost_no_more_queries_than_one(world, now):
    def one_of_each():
        late(world, now)
        world.walk("sign", "handle")
        world.walk("sign", "handle", "check")

    def counted():
        client = person("branch")
        with CaptureQueriesContext(connection) as seen:
            assert client.get(reverse("branch")).status_code == 200
        return len(seen)

    one_of_each()
    few = counted()
    one_of_each()
    one_of_each()
    assert counted() == few
    assert few <= 15
