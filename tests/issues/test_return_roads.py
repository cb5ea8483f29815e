"""Where a return leads: to the right place, to the level with the power, to the last word."""

import pytest
from django.core.exceptions import ValidationError

from issues.models import Event, Issue
from issues.services.errors import Refused
from issues.todo import narrowing_of
from issues.workflow import State
from partyorgs.models import Level, Organization, Responsibility
from tests import world as w
from tests.issues.test_returns import (
    back,
    codes,
    grey,
    last,
    refused,
    rows,
    running,
    told,
    whole,
)


class TestRightPlace:
    def moved(self, world, decide, unit, *, proposed="roads", cell=w.C1):
        issue = back(world, world.report(), reason="wrong_area", cell=cell, proposed=proposed)
        name, verb, given = decide
        world.do(name, verb, issue, unit=unit, **given)
        return whole(issue)

    DESK = ("street", "redispatch", {"reason": "unit_asked"})
    JUDGE = ("leader", "judge", {"reason": "unit_right"})

    @pytest.mark.parametrize("decide", [DESK, JUDGE])
    def test_whoever_follows_the_proposal_moves_the_issue(self, world, decide):
        issue = self.moved(world, decide, "roads")
        assert (issue.cell.code, issue.community.code, issue.street.code) == (
            w.C1, w.COMMUNITY_3, w.STREET_2,
        )  # fmt: skip
        assert (issue.owner.code, issue.district.code) == ("branch-c", w.DISTRICT)
        event = last(issue, decide[1])
        said = next(one for one in event.facts["reasons"] if one["code"] == "moved")
        assert said == {
            "code": "moved", "cell": w.C1, "name": "第一网格（基础）", "from_cell": w.A1,
            "owner": "柳岸第一网格党支部",
        }  # fmt: skip
        assert "other-branch" in told(issue, decide[1])
        assert "branch" not in told(issue, decide[1])
        assert Issue.objects.visible_to(world.scope("other-branch")).filter(pk=issue.pk).exists()
        assert not Issue.objects.visible_to(world.scope("branch")).filter(pk=issue.pk).exists()

    def test_a_unit_of_the_right_place_alone_moves_it_too(self, squads):
        issue = self.moved(squads, self.DESK, "squad-2")
        assert (issue.cell.code, issue.unit.code, issue.level) == (w.C1, "squad-2", "street")

    def test_any_other_unit_leaves_it_where_it_is(self, squads):
        issue = self.moved(squads, self.DESK, "squad-1")
        assert (issue.cell.code, issue.owner.code) == (w.A1, "branch-a")
        assert codes(last(issue, "redispatch")) == ["by_hand"]

    def test_a_return_judged_wrong_leaves_it_where_it_is(self, world):
        issue = self.moved(world, ("leader", "judge", {"reason": "unit_wrong"}), "clean")
        assert issue.cell.code == w.A1

    def test_without_such_a_return_no_unit_of_elsewhere_is_chosen(self, squads):
        world = squads
        issue = back(world, world.report())
        said = refused(world, "street", "redispatch", issue, unit="squad-2", reason="x")
        assert list(said) == ["unit"]

    def test_a_conference_can_follow_it_too(self, squads):
        world = squads
        issue = back(world, world.report())
        issue = world.do("street", "redispatch", issue, unit="clean", reason="sent_wrong")
        issue = back(world, issue, reason="wrong_area", cell=w.C1, proposed="squad-2")
        issue = world.do("leader", "confer", issue, unit="squad-2", note="会商：在柳岸。")
        assert (issue.cell.code, codes(last(issue, "confer"))) == (w.C1, ["conferred", "moved"])

    def test_a_place_that_nobody_owns_is_moved_to_all_the_same(self, world):
        world.cells[w.C1].ownerships.update(valid_until=w.NOW)
        issue = self.moved(world, self.DESK, "roads")
        assert (issue.cell.code, issue.owner) == (w.C1, None)
        assert "moved_unowned" in codes(last(issue, "redispatch"))

    def test_the_neighbour_that_it_touched_is_now_its_own_cell(self, world):
        issue = world.report()
        Issue.objects.filter(pk=issue.pk).update(
            also_cell=world.cells[w.C1], also_owner=world.orgs["branch-c"]
        )
        back(world, issue, reason="wrong_area", cell=w.C1)
        world.do("street", "redispatch", issue, unit="roads", reason="unit_asked")
        issue.refresh_from_db()
        assert (issue.cell.code, issue.also_cell, issue.also_owner) == (w.C1, None, None)


class TestPower:
    @pytest.fixture
    def corridor(self, world):
        """A matter of the community, dispatched to its committee."""
        return world.report(category=w.CORRIDOR)

    def test_it_goes_to_the_next_level_at_once(self, world, corridor):
        due = corridor.due_at
        issue = back(world, corridor, by="community", reason="no_power", proposed="desk-1")
        assert [e.verb for e in issue.events.order_by("seq")][-2:] == ["return", "refer_up"]
        assert (issue.state, issue.unit.code, issue.level, issue.raised_to) == (
            "dispatched", "desk-1", "street", "street",
        )  # fmt: skip
        assert (issue.returns, issue.due_at) == (1, due)
        event, (row,) = last(issue, "refer_up"), rows(whole(issue))
        assert (row.reason, row.how, row.sent_to.code) == ("no_power", "referred", "desk-1")
        assert (row.decided_seq, row.item) == (event.seq, None)
        assert event.facts["by_rule"] is True
        assert (event.facts["from_level"], event.facts["to_level"]) == ("community", "street")
        assert codes(event) == ["to_power"]
        assert told(issue, "refer_up") == ["branch", "street"]
        assert not issue.clocks.filter(kind="decide").exists()

    def test_a_level_that_the_list_names_goes_first(self, world, corridor):
        Responsibility.objects.create(
            category=corridor.category, level="district", area=world.areas[w.DISTRICT],
            doer=world.orgs["clean"], valid_from=w.START,
        )  # fmt: skip
        issue = back(world, corridor, by="community", reason="no_power", proposed="desk-1")
        assert (issue.unit.code, issue.level) == ("desk-district", "district")

    def test_a_level_without_a_desk_is_passed_over(self, world, corridor):
        Organization.objects.filter(code="desk-1").update(active=False)
        issue = back(world, corridor, by="community", reason="no_power")
        assert issue.unit.code == "desk-district"

    def test_above_the_district_nobody_stands_so_the_desk_decides(self, world):
        issue = back(world, world.report(), reason="no_power")
        assert issue.state == "returned"
        assert running(whole(issue), "decide")

    def test_the_third_goes_one_level_up_with_an_order_and_not_two(self, world, corridor):
        issue = corridor
        Issue.objects.filter(pk=issue.pk).update(returns=2)
        issue = back(world, issue, by="community", reason="no_power")
        assert [e.verb for e in issue.events.order_by("seq")][-3:] == [
            "return", "raise", "refer_up",
        ]  # fmt: skip
        assert (issue.level, issue.unit.code) == ("street", "desk-1")
        assert last(issue, "refer_up").facts["order"] == "returns"
        assert issue.answer_due_at
        assert grey(world, "street", "return", issue) in ("at_unit", "returnable")


class TestTugOfWar:
    """Scenario 6 of DOMAIN.md §10: three returns, one level up, the fourth is refused."""

    def test_from_the_first_return_to_the_last_word(self, world):
        issue = world.report()
        due, at = issue.due_at, w.NOW
        issue = back(world, issue, at=at)
        issue = world.do("street", "redispatch", issue, at=at, unit="roads", reason="unit_asked")
        issue = back(world, issue, at=at, by="other-unit", proposed="clean",
                     reason="overlapping_duty")  # fmt: skip
        issue = world.do("leader", "confer", issue, at=at, unit="clean", note="会商：环卫办。")
        assert not issue.raised_to
        issue = back(world, issue, at=at)
        event = issue.events.get(verb="raise")
        assert (issue.returns, issue.raised_to, issue.level) == (3, "district", "district")
        assert (event.facts["because"], event.actor) == ("returns", None)
        assert told(issue, "raise") == ["district"]
        issue = world.do("district", "judge", issue, at=at, unit="roads", reason="unit_right")
        assert (issue.state, issue.unit.code, issue.judged) == ("dispatched", "roads", True)
        assert (issue.due_at, issue.answer_due_at > at) == (due, True)
        for name in ("other-unit", "district"):
            before = issue.version
            with pytest.raises((Refused, ValidationError)):
                world.do(name, "return", issue, at=at, reason="not_ours", proposed="clean")
            assert Issue.objects.get(pk=issue.pk).version == before
        assert [(row.unit.code, row.how, row.against) for row in rows(whole(issue))] == [
            ("clean", "desk", "dispatcher"),
            ("roads", "conference", "unit"),
            ("clean", "judgement", "dispatcher"),
        ]
        assert Event.objects.filter(issue=issue, verb="raise").count() == 1

    def test_raised_from_the_community_the_district_judges_and_sees_it_on_its_list(self, world):
        issue = world.report(category=w.CORRIDOR)
        Issue.objects.filter(pk=issue.pk).update(returns=2)
        issue = back(world, issue, by="community")
        assert (issue.level, issue.raised_to) == ("street", "street")
        assert "district" in told(issue, "return")

        def listed(name):
            found = narrowing_of("returned", scope=world.scope(name), now=w.NOW)
            return Issue.objects.filter(found, pk=issue.pk).exists()

        assert {name: listed(name) for name in ("street", "leader", "district")} == {
            "street": False, "leader": False, "district": True,
        }  # fmt: skip
        # The street has conferred already: its leader has said the street's word.
        assert grey(world, "leader", "judge", issue) is None
        issue = world.do("district", "judge", issue, unit="home-1", reason="unit_wrong")
        assert (issue.unit.code, issue.level) == ("home-1", Level.COMMUNITY)
        assert issue.state == State.DISPATCHED
