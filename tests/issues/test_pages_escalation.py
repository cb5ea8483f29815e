"""Pages and API about what is late: banners, due times explained, tags, lines on the home page."""

from datetime import time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from issues.escalation.sweep import sweep
from issues.models import Clock, Issue
from partyorgs.models import Post
from tests import world as w
from tests.callers import person
from worktime.models import Calendar
from worktime.queries import work_calendar
from worktime.services import create_calendar, set_spans

HEAP, SURFACE = "T-CLEAN-3", "T-CLEAN-2"
COVER = "C0102"
HOUR = timedelta(hours=1)
HOUSE = {
    "calendars",
    "ladders",
    "duty",
    "parked",
    "notices_undelivered",
    "targets",
    "coverage",
    "rules",
}


def text(response):
    return response.content.decode()


def page_of(name, issue, **query):
    return person(name).get(reverse("issue", args=[issue.number]), query)


def offers(response):
    return {verb["verb"]: verb for verb in response.context["verbs"]}


def press(name, issue, verb, **given):
    address = reverse("issue_verb", args=[issue.number, verb])
    return person(name).post(address, {"version": issue.version} | given)


def counted(client, address):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def returned_three_times(world):
    """By the desk once, by the street's conference once, and raised by the third return."""
    issue, at = world.report(), w.NOW
    ways = [
        ("street", "redispatch", {"unit": "clean", "reason": "sent_wrong"}),
        ("leader", "confer", {"unit": "clean", "note": "各方会商，由它办理。"}),
    ]
    for name, verb, given in ways:
        at += HOUR
        issue = world.do("unit", "return", issue, reason="no_power", at=at)
        issue = world.do(name, verb, issue, at=at + HOUR / 2, **given)
    return world.do("unit", "return", issue, reason="no_power", at=at + HOUR)


class TestBanners:
    def test_an_order_that_waits_says_until_when(self, world):
        issue = world.do("leader", "supervise", world.report(), reason="overdue")
        page = text(page_of("unit", issue))
        due = timezone.localtime(issue.answer_due_at)
        assert f"督办单要在 {due:%Y-%m-%d}" in page
        assert f"{due:%H:%M} 前答复" in page
        assert "督办答复时限" in page
        answered = world.do("unit", "answer", issue, note="明天上午清完。")
        assert "督办单要在" not in text(page_of("unit", answered))

    def test_a_call_that_nobody_heard_stands_until_somebody_says_so(self, world):
        night = w.NOW + timedelta(hours=13)
        issue = world.report(category=COVER, at=night)
        assert issue.called_at
        response = page_of("street", issue)
        assert "已呼叫值班，还没有人点“知悉”" in text(response)
        assert offers(response)["acknowledge"]["one_tap"]
        assert press("street", issue, "acknowledge").status_code == 302
        issue.refresh_from_db()
        assert "已呼叫值班" not in text(page_of("street", issue))

    def test_a_raised_issue_says_to_which_level(self, world):
        issue = returned_three_times(world)
        assert issue.raised_to
        assert "反复退单或返工，已提为" in text(page_of("branch", issue))

    def test_the_highest_rung_is_a_tag_and_a_reminder_is_none(self, world):
        issue = world.report()
        clock = issue.clocks.get(kind="handle")
        sweep(now=clock.yellow_at)
        assert "催督办第" not in text(page_of("unit", issue))
        sweep(now=clock.due_at)
        assert "催督办第 1 级" in text(page_of("unit", issue))

    def test_a_closed_issue_has_no_banner(self, world):
        issue = returned_three_times(world)
        world.do("street", "cancel", issue, reason="void", at=w.NOW + 9 * HOUR)
        assert page_of("street", issue).context["lines"] == []


class TestWhyThen:
    def test_the_due_time_is_explained(self, world):
        # A Friday afternoon: the weekend does not count.
        issue = world.report(condition=HEAP, at=w.NOW + timedelta(days=3, hours=6))
        page = text(page_of("worker", issue))
        assert "为什么是这个时间" in page
        why = page_of("worker", issue).context["why"]
        due = timezone.localtime(issue.due_at)
        assert f"{due:%Y-%m-%d}" in why[0]
        assert any("周末" in line for line in why)

    def test_a_calendar_of_the_unit_counts_its_own_hours(self, world):
        calendar = create_calendar(
            code="night", name="夜班", base=Calendar.objects.first(), now=w.NOW
        )
        set_spans(calendar=calendar, spans=[(time(18), time(22))], now=w.NOW)
        clean = world.orgs["clean"]
        clean.calendar = calendar
        clean.save()
        now = timezone.now()
        issue = world.report(at=now)
        clock = issue.clocks.get(kind="handle")
        assert clock.calendar == "night"
        minutes = work_calendar("night").working_minutes_between(timezone.now(), clock.due_at)
        hours = f"{minutes // 60} 小时"
        response = page_of("unit", issue)
        assert hours in response.context["issue"]["due_words"]
        rows = person("unit").get(reverse("issue_list")).context["rows"]
        assert rows[0]["due_words"] == response.context["issue"]["due_words"]

    def test_a_calendar_that_has_just_changed_is_not_explained_wrongly(self, world):
        issue = world.report(condition=HEAP)
        clock = issue.clocks.get(kind="handle")
        Clock.objects.filter(pk=clock.pk).update(due_at=clock.due_at + HOUR)
        assert page_of("worker", issue).context["why"] == [
            "工作日历刚改过，到期时间会在几分钟内重新计算。"
        ]

    def test_the_main_clock_is_shown_while_an_order_waits(self, world):
        issue = world.do("leader", "supervise", world.report(condition=HEAP), reason="overdue")
        facts = page_of("unit", issue).context["issue"]
        assert facts["clock"] == "handle"
        rows = person("unit").get(reverse("issue_list")).context["rows"]
        assert rows[0]["due_words"] == facts["due_words"]

    def test_after_a_rework_the_time_given_stands_beside_the_whole(self, world):
        issue = world.walk("sign", "handle", condition=HEAP)
        issue = world.do("worker", "check", issue, passed=False, note="还有。", at=w.NOW + 4 * HOUR)
        page = text(page_of("worker", issue))
        assert "返工后给的时间；原时限 5 个工作日" in page


class TestVerbs:
    def test_what_is_rare_is_folded_and_what_is_awaited_comes_after_the_step(self, world):
        issue = world.do("leader", "supervise", world.report(), reason="overdue")
        verbs = list(offers(page_of("unit", issue)))
        assert verbs[:2] == ["sign", "answer"]
        response = page_of("leader", issue)
        rare = [verb["verb"] for verb in response.context["panel"].folded]
        assert rare[-3:] == ["raise_urgency", "force_close", "cancel"]
        assert list(offers(response))[-len(rare) :] == rare
        assert text(response).count("verb-more") == 1

    def test_the_tree_of_matters_is_sent_only_to_whoever_asks(self, world):
        issue = world.report(condition=HEAP)
        response = page_of("worker", issue)
        assert "data-category" not in text(response)
        link = offers(response)["raise_urgency"]["link"].partition("#")[0]
        opened = person("worker").get(link)
        assert 'id="id_raise_urgency_category"' in text(opened)
        assert "js/category.js" in text(opened)

    def test_two_choosers_on_one_page_do_not_share_a_name(self, world):
        issue = world.report("branch", category="")
        page = text(page_of("street", issue, open="raise_urgency"))
        assert page.count('id="id_accept_category"') == 1
        assert page.count('id="id_raise_urgency_category"') == 1

    def test_urgency_that_does_not_rise_comes_back_open_with_its_words(self, world):
        issue = world.report(condition=SURFACE)
        given = {"category": w.RUBBISH, "condition": HEAP, "reason": "worse", "note": "更多了。"}
        response = press("worker", issue, "raise_urgency", **given)
        assert response.status_code == 422
        offer = offers(response)["raise_urgency"]
        assert offer["open"]
        assert offer["category"]["condition"] == HEAP
        assert offer["category"]["errors"] == ["这种情形不比现在更紧急，请另选一种。"]
        assert offer["form"]["note"].value() == "更多了。"

    def test_by_pages_a_leader_orders_and_the_unit_answers(self, world):
        issue = world.report()
        assert press("leader", issue, "supervise").status_code == 422
        assert press("leader", issue, "supervise", reason="overdue").status_code == 302
        issue.refresh_from_db()
        response = press("unit", issue, "answer", note="")
        assert response.status_code == 422
        assert offers(response)["answer"]["open"]
        assert press("unit", issue, "answer", note="明天上午清完。").status_code == 302
        issue.refresh_from_db()
        assert issue.answer_due_at is None

    @pytest.mark.parametrize("name", ["worker", "handler", "branch", "street", "other-street"])
    def test_who_is_no_leader_gives_no_orders(self, world, name):
        issue = world.report()
        refused = press(name, issue, "supervise", reason="overdue").status_code
        assert refused in (404, 409)
        issue.refresh_from_db()
        assert issue.answer_due_at is None

    def test_a_word_to_the_unit_by_chase_and_instruction(self, world):
        issue = world.report()
        assert press("branch", issue, "chase").status_code == 302
        issue.refresh_from_db()
        assert press("leader", issue, "instruct", note="今天办完。").status_code == 302
        page = text(page_of("unit", issue))
        assert "今天办完。" in page
        assert "催办" in page


class TestLists:
    def test_tags_say_what_a_row_waits_for(self, world):
        ordered = world.do("leader", "supervise", world.report(), reason="overdue")
        raised = returned_three_times(world)
        called = world.report(category=COVER, at=w.NOW + timedelta(hours=13))
        plain = world.report()
        rows = person("leader").get(reverse("issue_list")).context["rows"]
        tags = {row["number"]: row["tags"] for row in rows}
        assert tags == {
            ordered.number: ["督办"],
            raised.number: ["提级"],
            called.number: ["呼叫"],
            plain.number: [],
        }

    def test_the_api_says_the_same(self, world, program):
        issue = world.do("leader", "supervise", world.report(), reason="overdue")
        facts = program("leader").get(f"issues/{issue.number}/").json()
        assert facts["answer_due_at"] == timezone.localtime(issue.answer_due_at).isoformat()
        assert (facts["escalated"], facts["raised_to"], facts["called"]) == (0, "", False)
        [row] = program("leader").get("issues/").json()["results"]
        assert row["answer_due_at"] == facts["answer_due_at"]


class TestHome:
    def firsts(self, name):
        return {
            line["key"]: line["text"] for line in person(name).get("/").context.get("firsts", [])
        }

    def test_what_cannot_wait_stands_on_top_of_those_who_must_act(self, world):
        world.do("leader", "supervise", world.report(), reason="overdue")
        returned_three_times(world)
        world.report(category=COVER, at=w.NOW + timedelta(hours=13))
        assert self.firsts("unit") == {"answer": "1 件督办等着答复"}
        assert set(self.firsts("street")) | set(self.firsts("district")) == {"called", "raised"}
        for name in ("worker", "branch", "other-unit", "other-street", "auditor"):
            assert self.firsts(name) == {}, name

    def test_a_line_opens_its_list(self, world):
        issue = world.do("leader", "supervise", world.report(), reason="overdue")
        [line] = person("unit").get("/").context["firsts"]
        rows = person("unit").get(line["url"]).context["rows"]
        assert [row["number"] for row in rows] == [issue.number]

    def test_a_handler_answers_no_orders(self, world):
        world.do("leader", "supervise", world.report(), reason="overdue")
        assert self.firsts("handler") == {}

    @pytest.mark.parametrize("name", ["unit", "street", "leader", "district"])
    def test_where_there_is_nothing_one_query_says_so(self, world, name):
        world.report()
        client = person(name)
        quiet = counted(client, "/")
        assert quiet <= 24
        Issue.objects.update(answer_due_at=w.NOW, called_at=w.NOW)
        assert counted(client, "/") <= min(quiet + 4, 25 + 3)


class TestTheHouse:
    def tiles(self, name="admin"):
        return person(name).get("/").context["tiles"]

    def test_an_admin_finds_every_page_that_is_kept(self, world):
        addresses = {tile["url"] for tile in self.tiles()}
        assert {reverse(name) for name in HOUSE} <= addresses

    def test_what_needs_a_hand_says_so(self, world):
        issue = world.report()
        assert not self.named("搁置的步骤")["warn"]
        Clock.objects.filter(issue=issue).update(parked_at=w.NOW, parked_error="KeyError")
        tile = self.named("搁置的步骤")
        assert (tile["warn"], tile["note"]) == (True, "1 个步骤出错，等您处理")
        assert "请处理：" in text(person("admin").get("/"))

    def named(self, label):
        return next(tile for tile in self.tiles() if tile["label"] == label)

    def test_an_admin_by_post_has_the_same_pages_without_the_backstage(self, world):
        user = world.user("nobody")
        Post.objects.create(
            user=user, role="admin", area=world.areas[w.DISTRICT], valid_from=w.START
        )
        addresses = {tile["url"] for tile in self.tiles("nobody")}
        assert addresses == {reverse(name) for name in HOUSE}

    def test_nobody_else_has_them(self, world):
        for name in ("worker", "street", "leader", "district", "auditor"):
            assert "tiles" not in person(name).get("/").context, name


def test_the_account_menu_leads_to_duty_leave_and_settings(world):
    page = text(person("unit").get("/"))
    for name in ("duty", "leave", "notice_settings", "calendars"):
        assert f'class="menu-item" href="{reverse(name)}"' in page
    outside = text(person("nobody").get("/"))
    assert f'class="menu-item" href="{reverse("duty")}"' not in outside
    assert f'class="menu-item" href="{reverse("notice_settings")}"' in outside
