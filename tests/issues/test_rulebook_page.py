"""The rules as people read them: who may, what stands there, how it is narrowed."""

import pytest
from django.urls import reverse

from issues.book import SYSTEM
from issues.escalation.sweep import sweep
from issues.gates import why_shut
from issues.models import Clock, Issue
from issues.presenter import rulebook
from issues.presenter.rulebook import book_facts, rule_facts
from issues.terms import ClockAct, Gate, Need
from issues.who import WHO
from issues.workflow import RULES, State, Verb
from partyorgs.models import Role
from tests import world as w
from tests.callers import person

READERS = ["admin", "auditor", "district"]


def text(response):
    return response.content.decode()


def page(name="admin", **asked):
    return person(name).get(reverse("rules"), asked)


def book(**asked):
    return {rule["verb"] for stage in page(**asked).context["stages"] for rule in stage["rules"]}


class TestWho:
    @pytest.mark.parametrize("name", READERS)
    def test_keepers_auditors_and_the_district_read(self, world, name):
        assert page(name).status_code == 200

    @pytest.mark.parametrize(
        "name", ["worker", "branch", "unit", "handler", "community", "street", "leader", "nobody"]
    )
    def test_nobody_else_does(self, world, name):
        assert page(name).status_code == 403
        asked = {"category": w.RUBBISH, "lat": w.IN_A1[0], "lng": w.IN_A1[1]}
        assert page(name, **asked).status_code == 403

    def test_the_menu_of_readers_leads_there(self, world):
        for name in READERS:
            assert f'href="{reverse("rules")}"' in text(person(name).get(reverse("home")))
        assert f'href="{reverse("rules")}"' not in text(person("worker").get(reverse("home")))


class TestWords:
    def test_every_verb_stands_in_one_stage(self):
        listed = [verb for _key, _name, verbs in rulebook.STAGES for verb in verbs]
        assert sorted(listed) == sorted(Verb)

    def test_every_key_of_the_table_has_words(self):
        assert set(rulebook.WHO) == set(WHO)
        assert set(rulebook.NEEDS) == set(Need)
        assert set(rulebook.CLOCKS) == set(ClockAct)
        assert {gate for gate in Gate if not why_shut(gate)} == set(rulebook.WHEN)
        assert all(rule_facts(rule) for rule in RULES.values())

    def test_no_post_can_use_a_verb_that_the_filter_hides_from_it(self, world):
        """Whatever seat the rule book answers with is among the posts named for the filter."""
        issue = world.report()
        names = [name for name in world.users if name != "nobody"]
        states = {}
        for state in State:
            for name in names:
                scope = world.scope(name)
                Issue.objects.filter(pk=issue.pk).update(is_open=True)
                issue.state = state
                for who, predicate in WHO.items():
                    seat = predicate(scope, issue)
                    if seat is not None:
                        assert seat.role in rulebook.WHO[who][1], (who, seat.role)
                        states.setdefault(who, set()).add(seat.role)
        assert rulebook.WHO[SYSTEM][1] == frozenset()
        assert {"desk", "unit", "checker", "leader"} <= states.keys()


class TestBook:
    def test_a_row_says_who_needs_and_tells(self, world):
        said = text(page())
        for words in (
            "退单",
            "Return",
            "承办单位的值守员或负责人",
            "应该由谁办",
            "已经终审，或已退单三次，不能再退。",
            "开始退单裁定计时",
            "不能是办理过这件事的人",
        ):
            assert words in said

    def test_it_is_narrowed_by_state_and_by_post(self, world):
        assert book() == {str(verb) for verb in Verb}
        returned = book(state="returned")
        assert {"redispatch", "judge", "confer"} <= returned
        assert not {"sign", "handle", "report"} & returned
        handler = book(state="handling", role="unit_handler")
        assert "handle" in handler
        assert not {"extend", "supervise", "remind"} & handler

    def test_an_unknown_filter_reads_as_none(self, world):
        assert book(state="nowhere", role="king") == {str(verb) for verb in Verb}

    def test_a_note_is_all_that_is_left_of_what_was_rejected(self, world):
        assert book(state="rejected", role="community_head") == {"note"}

    def test_the_ladders_stand_there_in_words(self, world):
        said = text(page("district"))
        assert "第 0 级 提醒：将到期时；通知处置人员。" in said
        assert reverse("ladders") not in said
        assert reverse("ladders") in text(page("auditor"))


class TestList:
    def test_an_item_says_level_area_doer_and_basis(self, world):
        item = next(one for one in page().context["items"] if one["code"] == w.LIFT)
        assert (item["level"], item["area"]) == ("社区级", "禾苗社区")
        assert (item["doer"], item["supervisor"]) == ("安居物业公司", "禾苗社区居委会")
        assert item["basis"] == "权责清单"

    def test_it_is_searched_and_narrowed(self, world):
        def codes(**asked):
            return {one["code"] for one in page(**asked).context["items"]}

        assert codes() == {w.RUBBISH, w.CORRIDOR, w.LIFT}
        assert codes(q="物业") == {w.LIFT}
        assert codes(q=w.RUBBISH) == {w.RUBBISH}
        assert codes(big="S01") == {w.CORRIDOR, w.LIFT}
        assert codes(street=w.STREET_2) == {w.RUBBISH}
        assert codes(big="nothing") == codes()
        assert "清单里没有这样的条目" in text(page(q="没有这个词"))

    def test_what_ended_is_not_there(self, world):
        w.Responsibility.objects.filter(category__code=w.LIFT).update(valid_until=w.NOW)
        assert w.LIFT not in {one["code"] for one in page().context["items"]}

    def test_it_is_paged(self, world, monkeypatch):
        monkeypatch.setattr(rulebook, "ITEMS", 2)
        first = page(big="S01")
        assert first.context["next_url"] is None
        first = page()
        assert len(first.context["items"]) == 2
        last = person("admin").get(first.context["next_url"].split("#")[0])
        assert len(last.context["items"]) == 1
        assert last.context["previous_url"]
        assert page(page="999").context["page"].number == 2


class TestBox:
    ASKED = {"category": w.RUBBISH, "lat": w.IN_A1[0], "lng": w.IN_A1[1], "at": "2026-03-10T09:00"}

    def test_it_answers_without_script(self, world):
        said = text(page(**self.ASKED))
        for words in ("禾苗第一网格党支部", "区环境卫生管理中心", "处置时限", "第 2 级 督办"):
            assert words in said

    def test_and_as_a_fragment(self, world):
        client = person("admin")
        part = client.get(reverse("rules"), self.ASKED, headers={"HX-Request": "true"})
        assert "<html" not in text(part)
        assert "区环境卫生管理中心" in text(part)
        assert part["HX-Push-Url"].startswith(reverse("rules"))

    def test_a_cell_or_words_do_for_the_place(self, world):
        asked = {"category": w.RUBBISH, "cell": w.A2, "at": "2026-03-10T09:00"}
        assert page(**asked).context["answer"]["cell"]["code"] == w.A2
        assert "没有这个网格" in text(page(category=w.RUBBISH, cell="123"))
        assert "请在地图上点一下位置" in text(page(category=w.RUBBISH))

    def test_what_is_missing_or_wrong_is_said(self, world):
        point = {"lat": w.IN_A1[0], "lng": w.IN_A1[1]}
        assert "请选择什么事。" in text(page(**point))
        assert "没有这一项" in text(page(**point, category="X9999"))
        assert "请选前后两年以内的时间" in text(page(**self.ASKED | {"at": "2050-01-01T09:00"}))
        assert "请写成 2026-05-01 20:30 这样" in text(page(**self.ASKED | {"at": "明天"}))

    def test_a_report_of_the_public_waits_to_be_verified(self, world):
        answer = page(**self.ASKED, source="public").context["answer"]
        assert (answer["state"], answer["unit"]["code"]) == ("pending_verify", "desk-1")
        assert answer["later"]["code"] == "clean"
        assert answer["clocks"][0]["kind"] == "verify"
        assert not answer["handle"]["runs"]

    def test_nothing_is_written(self, world):
        page(**self.ASKED)
        sweep(now=w.NOW)
        assert not Issue.objects.exists()
        assert not Clock.objects.exists()

    def test_no_name_of_a_person_stands_in_the_answer(self, world):
        answer = page(**self.ASKED).context["answer"]
        assert {group["name"] for rung in answer["ladder"] for group in rung["people"]} <= {
            str(Role(role).label) for role in Role
        }


def test_the_stages_cover_what_the_filter_lets_through():
    for state in State:
        verbs = {rule["verb"] for stage in book_facts(state=state) for rule in stage["rules"]}
        assert verbs == {str(verb) for verb, rule in RULES.items() if state in rule.sources}
