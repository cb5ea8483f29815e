"""Returns: reasons that can be looked up, who decides, and when the argument ends (§4.4, §4.5)."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from grid.services import end_cell
from issues.chain import faults
from issues.escalation.sweep import sweep
from issues.models import Clock, Issue, Return
from issues.presenter.timeline import timeline
from issues.presenter.words import sentence
from issues.rules import offer_of
from issues.services.errors import Refused
from issues.services.returning import fall_back
from issues.workflow import RULES, Verb
from matters.models import Category
from notices.models import Notice
from partyorgs.models import Organization, Responsibility
from tests import world as w
from worktime.queries import work_calendar

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ROAD = "E0110"


def hours(at, count):
    return work_calendar().add_working_minutes(at, count * 60)


def rows(issue):
    return list(issue.sent_back.order_by("seq"))


def running(issue, kind):
    return issue.clocks.filter(kind=kind, stopped_at=None).first()


def item_of(leaf):
    return Responsibility.objects.get(category__code=leaf)


def last(issue, verb):
    return issue.events.filter(verb=verb).order_by("seq").last()


def codes(event):
    return [reason["code"] for reason in event.facts["reasons"]]


def told(issue, verb):
    """Who was told of the last event of this verb, in the product."""
    key = f"{issue.number}:{last(issue, verb).seq}|"
    rows = Notice.objects.filter(key__startswith=key, channel="in_app", recipient__isnull=False)
    return sorted(rows.values_list("recipient__username", flat=True))


def whole(issue):
    """The issue as stored, with an unbroken timeline and a row for every return."""
    stored = Issue.objects.get(pk=issue.pk)
    events = list(stored.events.select_related("text").order_by("seq"))
    assert not list(faults(stored, events))
    assert stored.returns == stored.sent_back.count() == sum(e.verb == "return" for e in events)
    waiting = stored.sent_back.filter(decided_at=None).count()
    assert waiting == (stored.state == "returned") == bool(running(stored, "decide"))
    mains = stored.clocks.filter(stopped_at=None, kind__in=Clock.MAIN).count()
    assert mains == stored.is_open
    return stored


def grey(world, name, verb, issue, *, at=w.NOW):
    """The gate that keeps the verb shut; "" where it is open, None where it is not shown."""
    offer = offer_of(world.scope(name, now=at), RULES[Verb(verb)], Issue.objects.get(pk=issue.pk))
    return offer.shut if offer else None


def refused(world, name, verb, issue, **given):
    """The fields that refuse, with their sentences; nothing has changed."""
    version = Issue.objects.get(pk=issue.pk).version
    with pytest.raises(ValidationError) as no, transaction.atomic():
        world.do(name, verb, issue, **given)
    assert Issue.objects.get(pk=issue.pk).version == version
    return no.value.message_dict


def back(world, issue, *, at=w.NOW, by="unit", reason="not_ours", **given):
    return world.do(by, "return", issue, at=at, reason=reason, **given)


def twice(world, issue, *, at=w.NOW):
    """Returned, sent again, returned again."""
    issue = back(world, issue, at=at)
    issue = world.do("street", "redispatch", issue, at=at, unit="clean", reason="sent_wrong")
    return back(world, issue, at=at)


def thrice(world, issue, *, at=w.NOW):
    issue = twice(world, issue, at=at)
    issue = world.do("leader", "confer", issue, at=at, unit="clean", note="会商：仍由环卫办。")
    return back(world, issue, at=at)


class TestReasons:
    def test_a_return_keeps_what_it_rests_on(self, world):
        issue = back(world, world.report())
        event, item = last(issue, "return"), item_of(w.RUBBISH)
        (row,) = rows(issue)
        assert (row.seq, row.at, row.unit.code, row.reason) == (
            event.seq, w.NOW, "clean", "not_ours",
        )  # fmt: skip
        assert (row.item, row.proposed.code, row.right_cell) == (item, "roads", None)
        assert (row.decided_at, row.how, row.against) == (None, "", "")
        assert event.facts == {
            "reason": "not_ours",
            "reasons": [
                {"code": "rests_on", "item": item.pk, "category": w.RUBBISH, "leaf": "暴露垃圾",
                 "level": "district", "area": "青禾区", "unit": "区环境卫生管理中心",
                 "basis": "权责清单"},
                {"code": "proposed", "unit": "区市政养护中心", "unit_code": "roads"},
            ],
        }  # fmt: skip
        whole(issue)

    def test_the_timeline_says_it_with_the_names_of_that_day(self, world):
        issue = back(world, world.report())
        Organization.objects.filter(code="roads").update(name="改了名的中心")
        entry = timeline(Issue.objects.get(pk=issue.pk), scope=world.scope("street"))[-1]
        assert entry["reason"] == "不属于本单位职责"
        assert entry["reasons"] == [
            "依据权责清单（区级，青禾区）“暴露垃圾”：由“区环境卫生管理中心”承办。",
            "建议由“区市政养护中心”办理。",
        ]

    def test_every_sentence_of_a_decision_has_words(self):
        facts = {"unit": "甲", "doer": "乙", "cell": "9", "name": "丙", "owner": "丁",
                 "area": "戊", "leaf": "己", "level": "street"}  # fmt: skip
        for code in (
            "rests_on", "right_place", "proposed", "to_power", "referred_up", "arranged",
            "conferred", "judged", "against_unit", "against_dispatcher", "moved",
            "moved_unowned", "territory", "by_hand",
        ):  # fmt: skip
            said = sentence(facts | {"code": code})
            assert said != code
            assert "%" not in said

    def test_the_reason_is_one_of_the_list(self, world):
        issue = world.report()
        for reason in ("办不了", "cannot", "sent_wrong"):
            assert "申请延期、挂账或会商" in refused(
                world, "unit", "return", issue, reason=reason
            )["reason"][0]  # fmt: skip
        assert "reason" in refused(world, "unit", "return", issue, reason="")

    @pytest.mark.parametrize("reason", ["not_ours", "overlapping_duty"])
    def test_what_is_not_ours_rests_on_an_item_of_the_list(self, world, reason):
        issue, other = world.report(), item_of(w.CORRIDOR)
        for item in (None, 0, other.pk, 999_999):
            said = refused(world, "unit", "return", issue, reason=reason, item=item)
            assert "清单" in said["item"][0] or "另选一条" in said["item"][0]
        issue = back(world, issue, reason=reason, item=item_of(w.RUBBISH).pk)
        assert rows(issue)[0].item == item_of(w.RUBBISH)

    def test_the_item_of_the_proposed_unit_is_one_too(self, world):
        own = Responsibility.objects.create(
            category=Category.objects.get(code=ROAD), level="district", direct=True,
            area=world.areas[w.DISTRICT], doer=world.orgs["roads"], valid_from=w.START,
        )  # fmt: skip
        issue = world.report()
        said = refused(world, "unit", "return", issue, reason="not_ours", item=own.pk,
                       proposed="home-1")  # fmt: skip
        assert list(said) == ["item"]
        assert rows(back(world, issue, item=own.pk))[0].item == own

    def test_an_item_of_elsewhere_or_of_before_is_none(self, world):
        issue, now = world.report(), item_of(w.RUBBISH)
        there = Responsibility.objects.create(
            category=now.category, level="street", area=world.areas[w.STREET_2],
            doer=world.orgs["roads"], valid_from=w.START,
        )  # fmt: skip
        before = Responsibility.objects.create(
            category=now.category, level="street", area=world.areas[w.STREET_1],
            doer=world.orgs["roads"], valid_from=w.START, valid_until=w.NOW,
        )  # fmt: skip
        for item in (there, before):
            assert list(refused(world, "unit", "return", issue, reason="not_ours", item=item.pk)
                        ) == ["item"]  # fmt: skip

    def test_the_proposed_unit_is_another_that_serves_here_and_can_sign(self, world):
        issue = world.report()
        for unit in ("", "clean", "desk-2", "branch-a", "lifts", "none"):
            said = refused(world, "unit", "return", issue, reason="not_ours", proposed=unit)
            assert list(said) == ["proposed"], unit
        for unit in ("roads", "home-1", "desk-1"):
            with transaction.atomic():
                assert rows(back(world, issue, proposed=unit))[0].proposed.code == unit
                transaction.set_rollback(True)

    def test_a_wrong_area_needs_the_right_place(self, world):
        issue = world.report()
        for cell in ("", "none", w.A1):
            said = refused(world, "unit", "return", issue, reason="wrong_area", cell=cell)
            assert list(said) == ["cell"], cell
        end_cell(cell=world.cells[w.B1], at=w.NOW - HOUR)
        assert "cell" in refused(world, "unit", "return", issue, reason="wrong_area", cell=w.B1)
        issue = back(world, issue, reason="wrong_area", cell=w.C1, item=None)
        row = rows(issue)[0]
        assert (row.right_cell.code, row.item) == (w.C1, None)
        assert codes(last(issue, "return")) == ["right_place", "proposed"]

    def test_for_a_wrong_area_the_unit_is_one_of_the_right_place(self, squads):
        world = squads
        issue = world.report()
        given = {"reason": "wrong_area", "cell": w.C1}
        assert "proposed" in refused(world, "unit", "return", issue, proposed="squad-1", **given)
        issue = back(world, issue, proposed="squad-2", **given)
        assert rows(issue)[0].proposed.code == "squad-2"

    def test_what_the_reason_does_not_ask_for_is_left_out(self, world):
        issue = back(world, world.report(), cell=w.C1)
        assert rows(issue)[0].right_cell is None

    def test_who_may_send_it_back(self, world):
        issue = world.report()
        names = ["worker", "branch", "handler", "street", "leader", "district", "auditor"]
        assert {name: grey(world, name, "return", issue) for name in names} == dict.fromkeys(names)
        assert grey(world, "unit", "return", issue) == ""
        with pytest.raises(Issue.DoesNotExist):
            world.do("other-unit", "return", issue, reason="not_ours")

    def test_a_desk_decides_on_returns_and_sends_nothing_back_itself(self, world):
        issue = world.do("street", "dispatch", world.report(category=ROAD), unit="desk-1")
        assert grey(world, "street", "return", issue) == "at_unit"
        with pytest.raises(Refused, match="值守台不退单"):
            world.do("street", "return", issue, reason="not_ours")


class TestClocks:
    def test_the_limit_runs_on_and_the_desk_has_two_hours(self, world):
        issue = world.report()
        due, clock = issue.due_at, running(issue, "handle")
        at = w.NOW + HOUR
        issue = back(world, issue, at=at)
        assert (issue.due_at, running(issue, "handle")) == (due, clock)
        assert running(issue, "decide").due_at == hours(at, 2)
        assert told(issue, "return") == ["branch", "street"]
        sweep(now=hours(at, 2))
        chased = last(issue, "chase")
        assert (chased.facts["clock"], chased.at) == ("decide", hours(at, 2))
        assert told(issue, "chase") == ["leader", "street"]

    def test_who_decided_in_time_is_not_chased(self, world):
        issue = back(world, world.report(condition="T-CLEAN-3"))
        issue = world.do(
            "street", "redispatch", issue, at=w.NOW + HOUR, unit="roads", reason="unit_asked"
        )
        assert running(issue, "decide") is None
        sweep(now=hours(w.NOW, 4))
        assert not issue.events.filter(verb__in=("chase", "fall_back")).exists()
        assert running(issue, "handle").organization == world.orgs["roads"]

    def test_after_four_hours_of_silence_the_territory_takes_it(self, world):
        issue = world.report()
        due = issue.due_at
        back(world, issue)
        sweep(now=hours(w.NOW, 4) - MINUTE)
        assert not issue.events.filter(verb="fall_back").exists()
        late = hours(w.NOW, 4)
        sweep(now=late)
        sweep(now=late + MINUTE)
        issue = whole(issue)
        event = issue.events.get(verb="fall_back")
        assert (issue.state, issue.unit.code, issue.level) == ("dispatched", "desk-1", "street")
        assert (issue.due_at, event.actor, event.post) == (due, None, None)
        assert (event.at, codes(event)) == (late, ["territory"])
        (row,) = rows(issue)
        assert (row.how, row.sent_to.code, row.decided_seq, row.decided_at) == (
            "territory", "desk-1", event.seq, late,
        )  # fmt: skip
        assert told(issue, "fall_back") == ["branch", "leader", "street"]
        lead = issue.assignments.get(ended_at=None)
        assert (lead.unit.code, lead.role) == ("desk-1", "lead")
        assert world.do("street", "sign", issue, at=late + HOUR).state == "handling"

    def test_outside_every_street_the_district_takes_it(self, world):
        issue = world.report(point=w.OUTSIDE)
        issue = world.do("district", "dispatch", issue, unit="clean")
        back(world, issue)
        sweep(now=hours(w.NOW, 4))
        issue = whole(issue)
        assert (issue.unit.code, issue.level) == ("desk-district", "district")

    def test_without_any_desk_it_is_raised_so_that_somebody_hears_of_it(self, world):
        issue = back(world, world.report())
        Organization.objects.filter(kind="desk").update(active=False)
        issue = fall_back(issue=Issue.objects.get(pk=issue.pk), now=hours(w.NOW, 4))
        assert (issue.state, issue.raised_to) == ("returned", "district")
        event = last(issue, "raise")
        entry = timeline(issue, scope=world.scope("street"))[-1]
        assert (entry["seq"], entry["verb"]) == (event.seq, "raise")
        assert entry["reasons"] == ["没有人裁定退单，属地也没有值守台，自动提级到区。"]

    def test_what_is_decided_already_does_not_fall_back(self, world):
        issue = world.report()
        version = issue.version
        assert fall_back(issue=issue, now=hours(w.NOW, 4)).version == version

    def test_what_comes_late_comes_with_an_order(self, world):
        issue = world.report()
        back(world, issue, at=issue.due_at - MINUTE)
        late = hours(issue.due_at - MINUTE, 4)
        sweep(now=late)
        issue = whole(issue)
        assert last(issue, "fall_back").facts["order"] is True
        assert running(issue, "answer").organization == world.orgs["desk-1"]
        assert issue.answer_due_at

    def test_a_return_at_night_calls_the_desk(self, world):
        issue = world.do("street", "dispatch", world.report(category="C0102"), unit="clean")
        night = w.NOW + timedelta(hours=13)
        issue = back(world, issue, at=night, reason="no_power")
        assert issue.called_at == night


class TestDecisions:
    def test_the_desk_sends_it_on_and_the_row_says_so(self, world):
        issue = back(world, world.report())
        issue = world.do("street", "redispatch", issue, unit="roads", reason="unit_asked")
        event = last(issue, "redispatch")
        (row,) = rows(whole(issue))
        assert (row.how, row.sent_to.code, row.decided_seq) == ("desk", "roads", event.seq)
        assert (row.against, issue.judged) == ("", False)
        assert event.facts == {
            "reason": "unit_asked",
            "reasons": [{"code": "by_hand", "unit": "区市政养护中心"}],
        }

    def test_the_second_needs_a_conference_of_the_street(self, world):
        issue = twice(world, world.report())
        assert told(issue, "return") == ["branch", "leader", "street"]
        assert grey(world, "street", "redispatch", issue) == "undisputed"
        assert grey(world, "street", "confer", issue) is None
        with pytest.raises(Refused, match="会商决定"):
            world.do("street", "redispatch", issue, unit="roads", reason="x")
        assert "note" in refused(world, "leader", "confer", issue, unit="roads")
        assert "unit" in refused(world, "leader", "confer", issue, unit="branch-a", note="x")
        issue = world.do("leader", "confer", issue, unit="roads", note="环卫、市政：市政办。")
        event, row = last(issue, "confer"), rows(whole(issue))[1]
        assert (row.how, row.sent_to.code, row.against) == ("conference", "roads", "")
        assert (event.text.text, codes(event)) == ("环卫、市政：市政办。", ["conferred"])
        assert (issue.state, issue.unit.code, issue.judged) == ("dispatched", "roads", False)

    def test_a_first_return_needs_none(self, world):
        assert grey(world, "leader", "confer", back(world, world.report())) is None

    def test_the_judgement_counts_against_the_unit_that_must_do_it_after_all(self, world):
        issue = back(world, world.report())
        issue = world.do(
            "leader", "judge", issue, unit="clean", reason="unit_wrong", note="清单第 3 条"
        )
        (row,) = rows(whole(issue))
        assert (row.how, row.against, issue.judged) == ("judgement", "unit", True)
        event = last(issue, "judge")
        assert (event.facts["against"], event.facts["reason"]) == ("unit", "unit_wrong")
        assert codes(event) == ["judged", "against_unit"]
        assert grey(world, "unit", "return", issue) == "returnable"
        with pytest.raises(Refused, match="不能再退"):
            back(world, issue)

    def test_or_against_whoever_sent_it_there(self, world):
        issue = back(world, world.report())
        issue = world.do("leader", "judge", issue, unit="roads", reason="unit_right")
        (row,) = rows(whole(issue))
        assert (row.how, row.against, row.sent_to.code) == ("judgement", "dispatcher", "roads")
        assert codes(last(issue, "judge")) == ["judged", "against_dispatcher"]

    def test_the_judgement_is_of_every_return_before_it(self, world):
        issue = back(world, world.report())
        issue = world.do("street", "redispatch", issue, unit="roads", reason="unit_asked")
        issue = back(world, issue, by="other-unit", proposed="clean")
        world.do("leader", "judge", issue, unit="clean", reason="unit_right")
        assert [(row.unit.code, row.against) for row in rows(issue)] == [
            ("clean", "unit"), ("roads", "dispatcher"),
        ]  # fmt: skip

    def test_where_nobody_could_know_it_counts_against_nobody(self, world):
        issue = back(world, world.report())
        issue = world.do("leader", "judge", issue, unit="roads", reason="nobody_clear")
        assert (rows(issue)[0].against, issue.judged) == ("", True)
        assert codes(last(issue, "judge")) == ["judged"]

    def test_the_reason_and_the_unit_say_the_same(self, world):
        issue = back(world, world.report())
        for unit, reason in (("roads", "unit_wrong"), ("clean", "unit_right")):
            assert list(refused(world, "leader", "judge", issue, unit=unit, reason=reason)) == [
                "unit"
            ]
        # In words of one's own.
        world.do("leader", "judge", issue, unit="roads", reason="设施是市政的。")
        assert rows(issue)[0].against == "dispatcher"

    def test_who_judges(self, world):
        issue = back(world, world.report())
        may = {"leader": "", "district": "", "street": None, "unit": None, "branch": None}
        assert {name: grey(world, name, "judge", issue) for name in may} == may
        with pytest.raises(Issue.DoesNotExist):
            world.do("other-street", "judge", issue, unit="roads", reason="unit_right")

    def test_from_the_third_on_only_the_district_judges_and_with_an_order(self, world):
        issue = thrice(world, world.report())
        may = {"leader": None, "district": "", "street": None}
        assert {name: grey(world, name, "judge", issue) for name in may} == may
        for name in ("leader", "street"):
            assert grey(world, name, "redispatch", issue) == "undisputed"
            assert grey(world, name, "confer", issue) is None
        issue = world.do("district", "judge", issue, unit="clean", reason="unit_wrong")
        assert last(issue, "judge").facts["order"] == "returns"
        order = running(issue, "answer")
        assert (order.organization.code, order.due_at) == ("clean", issue.answer_due_at)
        assert [row.against for row in rows(whole(issue))] == ["unit"] * 3
        said = timeline(issue, scope=world.scope("street"))[-1]["reasons"]
        assert "已退单三次，附督办单，承办单位要按期答复。" in said
        issue = world.do("unit", "answer", issue, note="明天清运。")
        assert issue.answer_due_at is None

    def test_a_return_that_nobody_decided_waits_no_more(self, world):
        for verb, name, given in (
            ("cancel", "street", {"reason": "void"}),
            ("force_close", "leader", {"reason": "cannot_be_done"}),
        ):
            issue = back(world, world.report())
            world.do(name, verb, issue, **given)
            (row,) = rows(whole(issue))
            assert (row.how, row.sent_to, row.decided_at) == ("", None, w.NOW)
            assert row.decided_seq == last(issue, verb).seq

    def test_what_was_returned_before_rows_were_kept_can_be_decided(self, world):
        issue = back(world, world.report())
        Return.objects.filter(issue=issue).delete()
        issue = world.do("leader", "judge", issue, unit="roads", reason="unit_right")
        assert (issue.state, issue.judged) == ("dispatched", True)
