"""The ladder's page and the parked steps: who reads, who changes, what comes back when wrong."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from issues.escalation.sweep import sweep
from issues.models import Clock, Ladder, Rung, Step
from issues.presenter.ladders import rung_sentence
from issues.rungs import DEFAULTS
from issues.services.ladders import disable_rung
from tests import world as w
from tests.callers import person


def text(response):
    return response.content.decode()


def current(use="limit"):
    return Ladder.objects.get(use=use, replaced_at=None)


def typed(use="limit", **changed):
    """The form as the page gives it out; `changed` by the name of the field, "2-share"."""
    form = person("admin").get(reverse("ladder_edit", args=[use])).context["form"]
    data = {"seen": current(use).version}
    for field in form.management_form:
        data[field.html_name] = field.value()
    for rung in form:
        for field in rung:
            if (value := field.value()) is not None and value is not False:
                data[field.html_name] = value
    return data | {f"rungs-{name}": value for name, value in changed.items()}


def save(data, use="limit", name="admin", follow=False):
    return person(name).post(reverse("ladder_edit", args=[use]), data, follow=follow)


class TestReading:
    def test_each_rung_is_a_sentence(self, world):
        page = text(person("admin").get(reverse("ladders")))
        for said in (
            "第 0 级 提醒：将到期时；通知处置人员。",
            "第 1 级 催办：到期时；通知处置人员、承办单位值守员。",
            "第 2 级 督办：超过时限的 50 %，且至少 1 个工作日；通知承办单位负责人，抄送党支部。",
            "第 3 级 上报领导：超过时限的 100 %，且至少 3 个工作日；",
            "通知街道分管领导；不紧急的每天汇总两次。",
            "第 2 级 呼叫值班：超过时限的 100 %；通知带班领导。",
            # Whom an act of the rule book tells stands in its row.
            "第 2 级 属地兜底：超过时限的 100 %；通知承办单位、街道领导、党支部。",
            "第 1 级 转下一位审批：到期时；通知审批人。",
            "第 1 级 未核查结案：到期时；通知上报人、承办单位、区网格中心。",
            "第 1 级 上报领导：到期时；通知区网格中心，抄送街道领导。",
            "第 1 级 上报领导：到期时；通知被吹哨单位，抄送区网格中心。",
            "退单裁定时限",
            "审批时限",
            "上提核查时限",
            "补签时限",
            "应哨、报到时限",
        ):
            assert said in page

    def test_auditors_read_and_change_nothing(self, world):
        page = text(person("auditor").get(reverse("ladders")))
        assert "第 0 级 提醒" in page
        assert reverse("ladder_edit", args=["limit"]) not in page
        assert save(typed(), name="auditor").status_code == 403

    @pytest.mark.parametrize("name", ["worker", "unit", "street", "leader", "district", "branch"])
    def test_nobody_else_comes_in(self, world, name):
        assert person(name).get(reverse("ladders")).status_code == 403
        assert save(typed(), name=name).status_code == 403
        address = reverse("ladder_rung", args=["limit", 1])
        assert person(name).post(address, {"act": "disable"}).status_code == 403
        assert not Rung.objects.filter(disabled_at__isnull=False).exists()

    def test_a_share_without_an_amount_and_an_amount_without_a_share(self, world):
        share = Rung(level=5, act="chase", base="due", share=30, tells=["desk"])
        assert rung_sentence(share) == "第 5 级 催办：超过时限的 30 %；通知街道值守台。"
        amount = Rung(level=5, act="chase", base="due", minutes=90, tells=["desk"])
        assert "超时至少 1 小时 30 分（工作时间）" in rung_sentence(amount)


class TestChanging:
    def test_a_change_is_a_new_version_and_running_limits_keep_theirs(self, world):
        clock = world.report().clocks.get(kind="handle")
        page = text(save(typed(**{"2-share": "80", "2-days": "2", "2-hours": "1.5"}), follow=True))
        rung = current().rungs.get(level=2)
        assert (current().version, rung.share, rung.minutes) == (2, 80, 2 * 480 + 90)
        clock.refresh_from_db()
        assert clock.ladder.version == 1
        assert "正在走的时限仍按原来的规定" in page
        assert "以前的版本" in page
        assert "超过时限的 50 %" in page

    @pytest.mark.parametrize("use", sorted(DEFAULTS))
    def test_every_ladder_can_be_changed_as_it_comes(self, world, use):
        last = len(DEFAULTS[use]) - 1
        assert "没有改动" in text(save(typed(use), use, follow=True))
        assert save(typed(use, **{f"{last}-share": "250"}), use).status_code == 302
        assert current(use).version == 2
        assert current(use).rungs.last().share == 250

    def test_an_act_of_the_rule_book_tells_by_itself(self, world):
        form = person("admin").get(reverse("ladder_edit", args=["decide"])).context["form"]
        assert "“属地兜底”自己会通知有关的人" in str(form.forms[0]["tells"].help_text)
        answer = save(typed("decide", **{"2-tells": ["leader"]}), "decide")
        assert answer.status_code == 422
        assert "请不要再选" in text(answer)
        # Where every act is one of those, there is nobody to choose.
        form = person("admin").get(reverse("ladder_edit", args=["approve"])).context["form"]
        assert not {"tells", "copies", "digest"} & set(form.forms[0].fields)

    def test_what_was_stored_comes_back_into_the_form_as_it_was(self, world):
        before = current()
        Rung.objects.filter(ladder=before, level=2).update(minutes=500)
        assert "没有改动" in text(save(typed(), follow=True))
        assert current() == before

    def test_a_rung_can_be_added_and_removed(self, world):
        added = typed(
            **{
                "5-level": "5", "5-act": "escalate", "5-base": "due", "5-share": "300",
                "5-days": "9", "5-tells": ["district_desk"], "3-DELETE": "on",
            }
        )  # fmt: skip
        assert save(added).status_code == 302
        assert list(current().rungs.values_list("level", flat=True)) == [0, 1, 2, 4, 5]

    @pytest.mark.parametrize(
        ("changed", "place", "said"),
        [
            ({"2-tells": []}, (2, "tells"), "没有写通知谁"),
            ({"2-share": "5000"}, (2, "share"), ""),
            ({"2-act": ""}, (2, "act"), ""),
            ({"2-act": "call"}, (2, "act"), ""),
            ({"2-tells": ["nobody"]}, (2, "tells"), ""),
            ({"2-base": "yellow"}, (2, "base"), "不能再往后推"),
            ({"2-level": "1"}, (2, "level"), "不能早于前一级"),
            ({"3-share": "10"}, (3, "level"), "不能早于前一级"),
        ],
    )
    def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(
        self, world, changed, place, said
    ):
        answer = save(typed(**{"0-copies": ["owner"]} | changed))
        assert answer.status_code == 422
        form = answer.context["form"]
        row, field = place
        assert any(said in error for error in form.forms[row].errors[field])
        assert f'href="#{form.forms[row][field].auto_id}"' in text(answer)
        assert form.forms[0]["copies"].value() == ["owner"]
        for name, value in changed.items():
            row, _dash, field = name.partition("-")
            assert form.forms[int(row)][field].value() == value
        assert current().version == 1

    def test_removing_all_of_it_is_refused(self, world):
        data = typed("duty", **{"0-DELETE": "on", "1-DELETE": "on"})
        answer = save(data, "duty")
        assert answer.status_code == 422
        assert "阶梯至少要有一级" in text(answer)

    def test_two_admins_do_not_overwrite_each_other_unseen(self, world):
        first, second = typed(**{"2-share": "60"}), typed(**{"2-share": "70"})
        assert save(first).status_code == 302
        answer = save(second)
        assert answer.status_code == 422
        assert "别人刚改过" in text(answer)
        assert answer.context["form"].forms[2]["share"].value() == "70"
        assert current().rungs.get(level=2).share == 60

    def test_a_use_that_does_not_exist(self, world):
        assert person("admin").get(reverse("ladder_edit", args=["nowhere"])).status_code == 404


class TestSwitchingOff:
    def switch(self, act, level=1):
        address = reverse("ladder_rung", args=["limit", level])
        return person("admin").post(address, {"act": act}, follow=True)

    def test_a_rung_is_disabled_at_once_and_comes_back(self, world):
        page = text(person("admin").get(reverse("ladders")))
        assert "所有正在走的时限也立刻不再执行" in page
        assert "第 1 级已停用" in text(self.switch("disable"))
        assert current().rungs.get(level=1).disabled_at
        assert "没有改动" in text(self.switch("disable"))
        assert "第 1 级已恢复" in text(self.switch("enable"))
        assert current().rungs.get(level=1).disabled_at is None

    def test_a_disabled_rung_stays_disabled_in_a_new_version(self, world):
        disable_rung(use="limit", level=1, now=w.NOW)
        assert save(typed(**{"2-share": "60"})).status_code == 302
        assert current().rungs.get(level=1).disabled_at == w.NOW


class TestParked:
    @pytest.fixture
    def clock(self, world):
        clock = world.report().clocks.get(kind="handle")
        # A step that is on record already: taking it again must fail.
        Step.objects.create(clock=clock, level=0, due_at=w.NOW, at=clock.yellow_at, seq=99)
        sweep(now=clock.yellow_at)
        clock.refresh_from_db()
        assert clock.parked_at
        return clock

    def test_it_is_listed_with_its_cause_and_without_the_issue(self, clock):
        response = person("admin").get(reverse("parked"))
        page = text(response)
        assert clock.issue.number in page
        assert "处置时限" in page
        assert "IntegrityError" in page
        # An admin sees no issues, so there is nothing to open.
        assert reverse("issue", args=[clock.issue.number]) not in page

    def test_an_auditor_sees_the_issue_and_may_not_try_again(self, clock):
        page = text(person("auditor").get(reverse("parked")))
        assert reverse("issue", args=[clock.issue.number]) in page
        assert "再试</" not in page
        assert person("auditor").post(reverse("parked_retry"), {"id": clock.pk}).status_code == 403

    def test_another_try_lets_the_sweep_take_it(self, clock):
        Step.objects.filter(clock=clock).delete()
        page = text(person("admin").post(reverse("parked_retry"), {"id": clock.pk}, follow=True))
        assert "1 个步骤会在一分钟内再试" in page
        assert "没有搁置的步骤" in page
        assert sweep(now=clock.yellow_at).steps == 1

    def test_what_still_fails_is_parked_again(self, clock):
        person("admin").post(reverse("parked_retry"), {"id": clock.pk})
        assert sweep(now=clock.yellow_at).parked == 1

    @pytest.mark.parametrize("ids", [[], ["x"], ["9" * 30], ["-1"], ["²"]])
    def test_what_names_no_parked_clock_changes_nothing(self, clock, ids):
        answer = person("admin").post(reverse("parked_retry"), {"id": ids}, follow=True)
        assert "没有要再试的步骤" in text(answer)
        assert Clock.objects.get(pk=clock.pk).parked_at

    def test_a_clock_that_stopped_meanwhile_is_left_alone(self, clock):
        Clock.objects.filter(pk=clock.pk).update(stopped_at=timezone.now() + timedelta(hours=1))
        person("admin").post(reverse("parked_retry"), {"id": clock.pk})
        assert Clock.objects.get(pk=clock.pk).parked_at
