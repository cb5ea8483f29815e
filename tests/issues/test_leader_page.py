"""The leaders' page: what waits for their word, what is critical, where things are stuck."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from issues.models import Clock, Issue, Request
from matters.models import CategoryCondition
from partyorgs.models import Leave
from tests import world as w
from tests.callers import person

HOUR = timedelta(hours=1)


def text(response):
    return response.content.decode()


def page(name="leader"):
    return person(name).get(reverse("leader"))


@pytest.fixture
def now():
    """The pages ask the real clock: reports here are of this very moment."""
    return timezone.now()


def asked(world, now, kind="ask_extension", **given):
    issue = world.report(at=now)
    usual = {"ask_extension": {"hours": 1, "reason": "weather"}}
    return world.do("unit", kind, issue, at=now, **usual.get(kind, {}), **given)


def late(world, now, **given):
    issue = world.report(at=now - timedelta(days=40), **given)
    assert issue.due_at < now
    return issue


class TestWho:
    @pytest.mark.parametrize("name", ["leader", "district"])
    def test_leaders_and_the_district_come_in(self, world, name):
        assert page(name).status_code == 200
        assert f'href="{reverse("leader")}"' in text(person(name).get(reverse("home")))

    @pytest.mark.parametrize(
        "name",
        ["worker", "branch", "unit", "community", "street", "admin", "auditor", "nobody"],
    )
    def test_nobody_else_does(self, world, name):
        assert page(name).status_code == 403
        assert f'href="{reverse("leader")}"' not in text(person(name).get(reverse("home")))

    def test_an_empty_page_says_what_will_come(self, world):
        said = text(page())
        for words in ("没有等您审批的", "现在没有在办的紧急事项", "没有超时的"):
            assert words in said


class TestApprovals:
    def test_it_says_what_is_asked_by_whom_why_and_until_when(self, world, now):
        issue = asked(world, now, note="雨停再清。")
        one = page().context["approvals"][0]
        assert (one["number"], one["unit"]) == (issue.number, "区环境卫生管理中心")
        assert one["asked"] == "延期 1 小时（工作时间）"
        assert "天气原因不能施工" in one["reason"]
        assert "雨停再清" in one["reason"]
        assert one["limit"]
        assert one["until"] > one["due_at"]
        assert one["answer_by"] is not None

    def test_a_grant_from_here_is_done_and_comes_back_here(self, world, now):
        issue = asked(world, now)
        one = page().context["approvals"][0]
        address = reverse("issue_verb", args=[issue.number, one["grant"]])
        sent = {"version": one["version"], "back": "leader"}
        answer = person("leader").post(address, sent)
        assert (answer.status_code, answer["Location"]) == (302, reverse("leader"))
        assert Request.objects.get(issue=issue).state == "granted"
        granted = Issue.objects.get(pk=issue.pk).due_at
        assert abs(granted - one["until"]) < timedelta(minutes=2)
        assert page().context["approvals"] == []

    def test_a_refusal_needs_a_reason(self, world, now):
        issue = asked(world, now)
        address = reverse("issue_verb", args=[issue.number, "refuse"])
        assert person("leader").post(address, {"back": "leader"}).status_code == 422
        sent = {"reason": "先清主路。", "back": "leader"}
        assert person("leader").post(address, sent)["Location"] == reverse("leader")
        assert Request.objects.get(issue=issue).state == "refused"

    def test_only_a_page_of_ours_is_come_back_to(self, world, now):
        issue = asked(world, now)
        address = reverse("issue_verb", args=[issue.number, "extend"])
        answer = person("leader").post(address, {"back": "//evil.example/"})
        assert answer["Location"] == reverse("issue", args=[issue.number])

    def test_a_suspension_says_until_which_day(self, world, now):
        until = timezone.localdate(now) + timedelta(days=30)
        asked(world, now, "ask_suspension", until=until, reason="waits_for_plan")
        one = page().context["approvals"][0]
        assert (one["kind"], one["grant"]) == ("suspension", "suspend")
        assert timezone.localtime(one["until"]).date() in (until, until + timedelta(days=1))
        assert "挂账到" in text(page())

    def test_what_waits_for_another_does_not_stand_here(self, world, now):
        asked(world, now)
        assert len(page("leader").context["approvals"]) == 1
        assert page("district").context["approvals"] == []

    def test_a_stand_in_has_it_too(self, world, now):
        asked(world, now)
        district = world.user("district")
        Leave.objects.create(
            user=world.user("leader"), stand_in=district, entered_by=district,
            valid_from=now - HOUR, valid_until=now + HOUR,
        )  # fmt: skip
        assert len(page("district").context["approvals"]) == 1

    def test_ones_own_request_is_grey_with_the_reason(self, world, now):
        asked(world, now)
        Request.objects.update(applicant=world.user("leader"))
        one = page().context["approvals"][0]
        assert one["shut"] == "申请人和审批人不能是同一个人。"
        assert "/extend/" not in text(page())


class TestCritical:
    def test_it_stands_there_with_state_unit_and_light(self, world, now):
        issue = world.report(at=now, **_critical())
        rows = page().context["critical"]
        assert [row["number"] for row in rows] == [issue.number]
        said = text(page())
        assert issue.unit.name in said
        assert rows[0]["light"] in ("green", "yellow", "red")

    def test_what_is_another_streets_or_not_critical_does_not(self, world, now):
        world.report(at=now, point=w.IN_C1, **_critical())
        world.report(at=now)
        assert page("leader").context["critical"] == []
        assert len(page("district").context["critical"]) == 1

    def test_what_lies_outside_every_cell_is_the_districts(self, world, now):
        world.report(at=now, point=w.OUTSIDE, **_critical())
        assert page("leader").context["critical"] == []
        answer = page("district")
        assert (answer.status_code, len(answer.context["critical"])) == (200, 1)


def _critical():
    """A leaf with a condition that is critical, and needs no photo."""
    rows = CategoryCondition.objects.filter(condition__clock="continuous")
    rows = rows.select_related("category", "condition").order_by("category__code", "position")
    row = next(row for row in rows if not row.category.photo_reason)
    return {"category": row.category.code, "condition": row.condition.code}


class TestStuck:
    def test_by_unit_with_counts_and_a_way_to_the_list(self, world, now):
        late(world, now)
        late(world, now)
        world.report(at=now)
        units = page().context["stuck"]
        assert [unit["name"] for unit in units] == ["区环境卫生管理中心"]
        assert units[0]["words"] == ["2 件已超时"]
        assert len(units[0]["rows"]) == 2
        listed = person("leader").get(units[0]["late_url"])
        assert len(listed.context["rows"]) == 2

    def test_a_return_and_its_overdue_decision(self, world, now):
        issue = world.report(at=now)
        world.do("unit", "return", issue, at=now, reason="no_power")
        assert page().context["stuck"][0]["words"] == ["1 件已退单"]
        Clock.objects.filter(kind="decide").update(
            started_at=now - 3 * HOUR, yellow_at=now - 2 * HOUR, due_at=now - HOUR
        )
        assert page().context["stuck"][0]["words"] == ["1 件已退单", "1 件退单没有按时裁定"]

    def test_a_few_of_each_and_another_streets_none(self, world, now):
        for _time in range(5):
            late(world, now)
        late(world, now, point=w.IN_C1)
        unit = page().context["stuck"][0]
        assert (unit["words"], len(unit["rows"])) == (["5 件已超时"], 3)
        assert page("district").context["stuck"][0]["words"] == ["6 件已超时"]

    def test_no_persons_name_stands_on_the_page(self, world, now):
        late(world, now)
        asked(world, now)
        said = text(page())
        for name in ("handler", "colleague", "worker"):
            assert f">{name}<" not in said

    def test_an_instruction_is_one_text(self, world, now):
        issue = late(world, now)
        assert reverse("issue_verb", args=[issue.number, "instruct"]) in text(page())
        address = reverse("issue_verb", args=[issue.number, "instruct"])
        sent = {"note": "今天办好。", "back": "leader", "version": issue.version}
        assert person("leader").post(address, sent)["Location"] == reverse("leader")
        assert issue.events.filter(verb="instruct").count() == 1


class TestQueries:
    def counted(self):
        client = person("leader")
        with CaptureQueriesContext(connection) as seen:
            assert client.get(reverse("leader")).status_code == 200
        return len(seen)

    def test_three_of_each_cost_no_more_than_one(self, world, now):
        def one_of_each():
            asked(world, now)
            world.report(at=now, **_critical())
            late(world, now)
            returned = world.report(at=now)
            world.do("unit", "return", returned, at=now, reason="no_power")

        one_of_each()
        few = self.counted()
        one_of_each()
        one_of_each()
        assert len(page().context["approvals"]) == 3
        assert self.counted() == few
        assert few <= 25
