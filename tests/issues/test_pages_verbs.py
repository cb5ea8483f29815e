"""What the page of an issue offers: a field for every need, grey verbs with reasons."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from issues.models import Attachment, Issue, Request
from issues.presenter.words import last_day
from partyorgs.models import Responsibility
from tests import world as w
from tests.callers import person
from tests.photos import jpeg

HOUR = timedelta(hours=1)


@pytest.fixture
def issue(world):
    return world.report(at=timezone.now())


def page_of(name, issue, **query):
    return person(name).get(reverse("issue", args=[issue.number]), query)


def press(name, issue, verb, *, follow=False, **given):
    issue.refresh_from_db()
    address = reverse("issue_verb", args=[issue.number, verb])
    return person(name).post(address, {"version": issue.version} | given, follow=follow)


def offers(response):
    return {verb["verb"]: verb for verb in response.context["verbs"]}


def shut(response):
    return {verb["verb"]: verb["why"] for verb in response.context["panel"].shut}


def text(response):
    return response.content.decode()


def item_of(leaf):
    return Responsibility.objects.get(category__code=leaf).pk


def test_who_asked_reads_who_decides(world, issue):
    page = press("unit", issue, "ask_extension", hours=2, reason="weather", follow=True)
    said = [str(message) for message in page.context["messages"]]
    assert said == ["“申请延期”已记录。接下来：等街道主任审批。"]


class TestGrey:
    def test_a_verb_that_waits_says_why_and_is_no_button(self, world, issue):
        ask = {"hours": 2, "reason": "weather"}
        assert press("unit", issue, "ask_extension", **ask).status_code == 302
        response = page_of("unit", issue)
        why = "已有一项申请在等审批，先等结果或撤回。"
        assert shut(response) == {"ask_extension": why, "ask_suspension": why}
        page = text(response)
        assert page.count(why) == 2
        assert "do-ask_extension" not in page
        assert reverse("issue_verb", args=[issue.number, "ask_extension"]) not in page
        refused = press("unit", issue, "ask_extension", **ask)
        assert refused.status_code == 409
        assert why in text(refused)
        # A form that is filled in wrongly gets the same reason, not a general one.
        empty = press("unit", issue, "ask_extension")
        assert why in text(empty)
        assert "请看还能做什么" not in text(empty)

    def test_many_grey_verbs_lie_folded(self, world):
        old = world.report(category="C0102")
        world.do("street", "dispatch", old, unit="clean")
        response = page_of("unit", old)
        assert set(shut(response)) == {"ask_extension", "ask_suspension"}
        assert "现在不能做的（" not in text(response)
        handed = world.walk("sign")
        world.do("unit", "return", handed, reason="no_power", at=w.NOW + 2 * HOUR)
        world.do("leader", "judge", handed, unit="clean", reason="unit_wrong", at=w.NOW + 3 * HOUR)
        response = page_of("unit", handed)
        assert shut(response)["return"].startswith("已经终审")
        assert len(shut(response)) == 2
        Issue.objects.filter(pk=handed.pk).update(suspensions=1)
        response = page_of("unit", handed)
        assert set(shut(response)) == {"return", "ask_extension", "ask_suspension"}
        assert "现在不能做的（3）" in text(response)

    def test_whose_verb_it_is_not_sees_nothing_of_it(self, world, issue):
        press("unit", issue, "ask_extension", hours=2, reason="weather")
        for name in ("worker", "branch", "auditor", "street"):
            assert not {"ask_extension", "ask_suspension"} & set(shut(page_of(name, issue)))

    def test_own_work_is_grey_for_whoever_did_it(self, world):
        issue = world.report("worker", category=w.CORRIDOR)
        world.do("community", "sign", issue)
        world.do("community", "handle", issue, outcome="fixed", note="清走了。")
        assert "check" not in offers(page_of("community", issue))
        assert "check" in offers(page_of("worker", issue))


class TestOrder:
    @pytest.mark.slow
    @pytest.mark.parametrize("name", [name for name, *_seat in w.PEOPLE])
    @pytest.mark.parametrize("steps", [(), ("sign",), ("return",), ("sign", "handle")])
    def test_at_most_five_usual_buttons_stand_before_the_fold(self, world, name, steps):
        issue = world.walk(*steps)
        response = page_of(name, issue)
        if response.status_code == 404:
            return
        panel = response.context["panel"]
        assert len(panel.shown) <= 6 if panel.folded == [] else len(panel.shown) <= 5
        assert len(panel.folded) != 1
        assert panel.shown + panel.folded == sorted(
            panel.verbs, key=lambda verb: verb in panel.folded
        )
        primary = [verb for verb in panel.verbs if verb.get("primary")]
        assert primary in ([], panel.verbs[:1])

    def test_long_forms_are_sent_only_to_whoever_asks(self, world, issue):
        response = page_of("street", issue)
        page = text(response)
        assert "part_1_category" not in page
        opened = page_of("street", issue, open="split")
        assert "part_4_description" in text(opened)
        assert opened.context["panel"].opened
        first = offers(opened)["split"]["form"]["part_1_category"]
        assert first.value() == w.RUBBISH


class TestReturning:
    def test_a_return_asks_for_what_its_reason_needs(self, world, issue):
        nothing = press("unit", issue, "return", reason="not_ours")
        assert set(offers(nothing)["return"]["form"].errors) == {"item", "proposed"}
        given = {"reason": "not_ours", "proposed": "roads", "note": "清单写的是市政。"}
        refused = press("unit", issue, "return", **given)
        assert refused.status_code == 422
        form = offers(refused)["return"]["form"]
        assert form.errors["item"]
        assert (form["note"].value(), form["proposed"].value()) == ("清单写的是市政。", "roads")
        assert 'class="when-item is-wrong"' in text(refused)
        done = press("unit", issue, "return", **given, item=item_of(w.RUBBISH))
        assert done.status_code == 302
        issue.refresh_from_db()
        assert issue.state == "returned"
        assert "依据权责清单" in text(page_of("street", issue))

    def test_a_wrong_place_names_the_right_one_and_a_unit_from_there(self, world, issue):
        given = {"reason": "wrong_area", "proposed": "desk-2", "cell": w.C1}
        assert press("unit", issue, "return", **given).status_code == 302
        page = text(page_of("street", issue))
        assert "第 1 次退单" in page
        assert f"（{w.C1}）" in page

    def test_units_of_other_places_stand_last_and_say_what_they_are_for(self, world, issue):
        tried = press("unit", issue, "return", reason="wrong_area", cell=w.C1)
        form = offers(tried)["return"]["form"]
        listed = [
            (str(area), {code for code, _name in units})
            for area, units in form.fields["proposed"].choices[1:]
        ]
        beyond = [area.endswith("（只用于属地不符）") for area, _codes in listed]
        assert beyond == sorted(beyond)
        first = beyond.index(True)
        here, elsewhere = (
            frozenset().union(*(codes for _area, codes in some))
            for some in (listed[:first], listed[first:])
        )
        assert "roads" in here - elsewhere
        assert "desk-2" in elsewhere - here

    def test_what_cannot_be_done_is_no_reason(self, world, issue):
        for reason in ("other", "cannot_be_done", ""):
            refused = press("unit", issue, "return", reason=reason, proposed="roads", note="办不了")
            assert refused.status_code == 422
            assert offers(refused)["return"]["form"].errors["reason"]

    def test_the_photos_of_a_return_come_along(self, world, issue):
        given = {"reason": "no_power", "proposed": "roads", "photos": [jpeg()]}
        assert press("unit", issue, "return", **given).status_code == 302
        assert Attachment.objects.get().verb == "return"


class TestAsking:
    def test_an_extension_by_pages(self, world, issue):
        most = offers(page_of("unit", issue))["ask_extension"]["form"]["hours"].help_text
        assert "最多 4 个工作小时" in most
        for hours in ("", "0", "9", "两"):
            refused = press(
                "unit", issue, "ask_extension", hours=hours, reason="weather", note="雨"
            )
            form = offers(refused)["ask_extension"]["form"]
            assert refused.status_code == 422
            assert form.errors["hours"]
            assert form["note"].value() == "雨"
        given = {"hours": "4", "reason": "other", "note": "等配件到货。"}
        assert press("unit", issue, "ask_extension", **given).status_code == 302
        waiting = page_of("leader", issue)
        assert "申请延期 4 小时（工作时间）" in text(waiting)
        about = offers(waiting)["extend"]["about"]
        assert about["reason"] == "等配件到货。"
        assert list(offers(waiting))[:2] == ["extend", "refuse"]
        before = Issue.objects.get().due_at
        assert press("leader", issue, "extend").status_code == 302
        issue.refresh_from_db()
        assert issue.due_at > before
        assert "到期时间由" in text(page_of("worker", issue))
        assert "延期后给的时间" in text(page_of("worker", issue))

    def test_a_request_is_refused_with_words_and_withdrawn_with_one_tap(self, world, issue):
        ask = {"hours": 2, "reason": "weather"}
        press("unit", issue, "ask_extension", **ask)
        refused = press("leader", issue, "refuse", reason="")
        assert offers(refused)["refuse"]["form"].errors == {"reason": ["请写明理由。"]}
        assert press("leader", issue, "refuse", reason="不影响作业。").status_code == 302
        assert "不影响作业。" in text(page_of("unit", issue))
        press("unit", issue, "ask_extension", **ask)
        assert offers(page_of("unit", issue))["withdraw"]["one_tap"]
        assert press("unit", issue, "withdraw").status_code == 302
        assert set(Request.objects.values_list("state", flat=True)) == {"refused", "withdrawn"}

    def test_whoever_asked_does_not_grant(self, world, issue):
        press("unit", issue, "ask_extension", hours=2, reason="weather")
        for name in ("unit", "handler", "street", "branch", "worker"):
            assert "extend" not in offers(page_of(name, issue))
            assert press(name, issue, "extend").status_code == 409

    def test_a_suspension_says_until_when_to_everybody_who_sees_it(self, world, issue):
        day = timezone.localdate() + timedelta(days=30)
        refused = press("unit", issue, "ask_suspension", until="昨天", reason="waits_for_plan")
        assert offers(refused)["ask_suspension"]["form"]["until"].value() == "昨天"
        given = {"until": day.isoformat(), "reason": "waits_for_plan"}
        assert press("unit", issue, "ask_suspension", **given).status_code == 302
        assert press("leader", issue, "suspend").status_code == 302
        issue.refresh_from_db()
        assert last_day(issue.suspended_until) == day.isoformat()
        for name in ("worker", "unit", "branch"):
            page = text(page_of(name, issue))
            assert f"挂账到 {day}" in page
            assert "不计时" in page
        [row] = person("worker").get(reverse("issue_list")).context["rows"]
        assert (row["due_words"], row["light"]) == (f"挂账到 {day}", "none")
        assert press("unit", issue, "resume").status_code == 302
        assert "剩下的时限接着走" in text(page_of("worker", issue))

    def test_a_deputy_finds_what_waits(self, world, issue):
        def found(name):
            filters = {"todo": "approve"}
            rows = person(name).get(reverse("issue_list"), filters).context["rows"]
            return [row["number"] for row in rows]

        assert found("leader") == []
        press("unit", issue, "ask_extension", hours=2, reason="weather")
        assert found("leader") == [issue.number]
        assert found("district") == found("unit") == []
        firsts = {line["key"]: line["text"] for line in person("leader").get("/").context["firsts"]}
        assert firsts == {"approve": "1 件申请等您审批"}


class TestOutcomes:
    @pytest.fixture
    def signed(self, world, issue):
        return world.do("unit", "sign", issue, at=timezone.now())

    def test_planned_names_the_day_and_no_basis_the_rule(self, world, signed):
        for outcome, field in (("planned", "until"), ("no_basis", "basis")):
            given = {"outcome": outcome, "note": "写了很长一段。"}
            refused = press("handler", signed, "handle", **given)
            form = offers(refused)["handle"]["form"]
            assert refused.status_code == 422
            assert list(form.errors) == [field]
            assert form["note"].value() == "写了很长一段。"
        day = timezone.localdate() + timedelta(days=90)
        given = {"outcome": "planned", "until": day.isoformat(), "note": "列入明年计划。"}
        assert press("handler", signed, "handle", **given).status_code == 302
        assert f"计划 {day} 办好" in text(page_of("worker", signed))

    def test_other_is_put_right_before_the_closing(self, world, signed):
        press("handler", signed, "handle", outcome="other", note="说不清。")
        press("worker", signed, "check", passed="yes", way="phone")
        response = page_of("branch", signed)
        assert "close" not in offers(response)
        assert shut(response)["close"].startswith("办理结果是“其他”")
        form = offers(page_of("worker", signed))["reclassify"]["form"]
        assert "other" not in dict(form.fields["outcome"].choices)
        press("worker", signed, "reclassify", outcome="explained")
        assert "close" in offers(page_of("branch", signed))

    def test_what_is_grave_is_checked_on_the_spot_only(self, world):
        issue = world.walk("sign", "handle")
        world.do("worker", "check", issue, passed=False, note="还有。", at=w.NOW + 4 * HOUR)
        given = {"outcome": "fixed", "note": "补清了。", "at": w.NOW + 5 * HOUR}
        world.do("handler", "handle", issue, **given)
        form = offers(page_of("worker", issue))["check"]["form"]
        assert [code for code, _name in form.fields["way"].choices] == ["on_site"]
        refused = press("worker", issue, "check", passed="yes", way="phone")
        assert refused.status_code == 422


class TestJoint:
    def test_a_split_keeps_what_was_typed_and_puts_errors_at_their_block(self, world, issue):
        given = {
            "part_1_category": w.RUBBISH, "part_1_description": "垃圾。",
            "part_2_category": "", "part_2_description": "楼道堆物。",
        }  # fmt: skip
        refused = press("street", issue, "split", **given)
        assert refused.status_code == 422
        form = offers(refused)["split"]["form"]
        assert form.errors["part_2_category"]
        assert form["part_2_description"].value() == "楼道堆物。"
        done = press("street", issue, "split", **given | {"part_2_category": w.CORRIDOR})
        assert done.status_code == 302
        other = Issue.objects.get(split_from=issue)
        page = text(page_of("street", issue))
        assert f"拆出 {other.number}" in page
        assert reverse("issue", args=[other.number]) in page

    def test_a_merge_names_no_report_of_the_street_next_door(self, world, issue):
        beside = world.report(at=timezone.now())
        Issue.objects.filter(pk=beside.pk).update(
            street=world.areas[w.STREET_2], community=None, cell=None, owner=None
        )
        assert beside.number not in text(page_of("street", issue, open="merge"))
        assert beside.number in text(page_of("district", issue, open="merge"))

    def test_a_merge_offers_what_is_near_and_says_where_it_went(self, world, issue):
        other = world.report(at=timezone.now())
        opened = page_of("street", issue, open="merge")
        assert f'<option value="{other.number}"' in text(opened)
        refused = press("street", issue, "merge", into="QH-000000-AAAAA")
        assert offers(refused)["merge"]["form"]["into"].value() == "QH-000000-AAAAA"
        assert press("street", issue, "merge", into=other.number).status_code == 302
        assert f"已并入 {other.number}" in text(page_of("worker", issue))
        assert "有问题并入" in text(page_of("worker", other))

    def test_an_open_part_keeps_the_issue_open_and_is_named(self, world, issue):
        given = {"unit": "roads", "note": "派一台吊车。"}
        assert press("unit", issue, "add_part", **given).status_code == 302
        press("unit", issue, "sign")
        response = page_of("unit", issue)
        assert "handle" not in offers(response)
        assert shut(response)["handle"].startswith("还有协办单位没有完成")
        assert "协办还没有完成：区市政养护中心" in text(response)
        assert press("other-unit", issue, "complete_part", note="吊走了。").status_code == 302
        assert "handle" in offers(page_of("unit", issue))

    def test_another_cell_is_chosen_from_those_around(self, world, issue):
        opened = page_of("worker", issue, open="touch")
        assert f'<option value="{w.A2}"' in text(opened)
        assert press("worker", issue, "touch", cell=w.A2).status_code == 302
        assert "也涉及" in text(page_of("worker", issue))


def test_a_second_tap_on_joining_says_so(world, issue):
    assert press("colleague", issue, "join").status_code == 302
    again = press("colleague", issue, "join")
    assert again.status_code in (409, 422)
    assert "加入过" in text(again)


def test_a_call_back_asks_for_everything_when_it_counts(world):
    issue = world.report("street", source="hotline", external_number="RX-1", at=timezone.now())
    now = timezone.now()
    for name, verb, given in (
        ("street", "accept", {}),
        ("unit", "sign", {}),
        ("handler", "handle", {"outcome": "fixed", "note": "好了。"}),
        ("worker", "check", {"passed": True}),
        ("street", "feed_back", {"note": "已办好。"}),
    ):
        world.do(name, verb, issue, at=now, **given)
    refused = press("street", issue, "call_back", valid="yes", solved="yes")
    assert set(offers(refused)["call_back"]["form"].errors) == {"contacted", "satisfaction"}
    given = {"valid": "yes", "contacted": "yes", "solved": "yes", "satisfaction": "satisfied"}
    assert press("street", issue, "call_back", **given).status_code == 302
    page = text(page_of("street", issue))
    assert "已解决。" in page
    assert "RX-1" in page


@pytest.mark.slow
@pytest.mark.parametrize("steps", [(), ("sign",), ("return",), ("sign", "handle")])
@pytest.mark.parametrize("name", ["unit", "street", "leader", "worker", "community"])
def test_every_page_stands_in_english_with_every_form_open(world, name, steps):
    issue, client = world.walk(*steps), person(name)
    client.cookies["django_language"] = "en"
    address = reverse("issue", args=[issue.number])
    response = client.get(address)
    for verb in offers(response):
        assert client.get(address, {"open": verb}).status_code == 200, verb
