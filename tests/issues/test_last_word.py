"""A final judgement ends the argument: nobody goes round it, and it ends with what it named."""

from datetime import timedelta

import pytest

from issues.models import Issue
from issues.presenter.timeline import timeline
from issues.services.errors import Refused
from partyorgs.models import Leave, Organization, Post
from tests import world as w
from tests.issues import invariants
from tests.issues.test_returns import back, codes, grey, last, refused, told, whole

HOUR = timedelta(hours=1)


def judged(world, *, category=w.CORRIDOR, by="community", unit="home-1"):
    """Sent back by its unit, which must do it after all."""
    issue = back(world, world.report(category=category), by=by, proposed="desk-1")
    return world.do("leader", "judge", issue, unit=unit, reason="unit_wrong")


def leave(world, code):
    """Everybody of a unit goes."""
    Post.objects.filter(organization=world.orgs[code]).update(valid_until=w.NOW)


class TestNobodyGoesRoundIt:
    def test_the_community_neither_passes_it_on_nor_up(self, squads):
        """Whoever got it so could not send it back, and the desk could not send it on."""
        issue = judged(squads)
        for verb, given in (("arrange", {"unit": "squad-1"}), ("refer_up", {"reason": "no_power"})):
            assert grey(squads, "community", verb, issue) == "undisputed"
            with pytest.raises(Refused, match="已经终审"):
                squads.do("community", verb, issue, **given)
        # What it cannot do alone it asks helpers for.
        helped = squads.do("community", "add_part", issue, unit="squad-1", note="清楼道。")
        assert helped.open_parts == 1

    def test_the_second_return_needs_the_conference_for_whoever_would_refer_it_up_too(self, world):
        issue = back(world, world.report(category=w.CORRIDOR), by="community", proposed="desk-1")
        assert grey(world, "community", "refer_up", issue) == ""
        issue = world.do("street", "redispatch", issue, unit="home-1", reason="sent_wrong")
        issue = back(world, issue, by="community", proposed="desk-1")
        assert grey(world, "community", "refer_up", issue) == "undisputed"
        with pytest.raises(Refused, match="会商决定"):
            world.do("community", "refer_up", issue, reason="no_power")
        issue = world.do("leader", "confer", issue, unit="home-1", note="会商：社区先办。")
        assert grey(world, "community", "refer_up", issue) == ""


class TestNobodyJudgesAnOwnReturn:
    @pytest.fixture
    def hats(self, world):
        """The street's leader answers for the unit too."""
        Post.objects.create(
            user=world.user("leader"), role="unit_desk", organization=world.orgs["clean"],
            valid_from=w.START,
        )  # fmt: skip
        return world

    def returned(self, world, *names):
        issue = world.report()
        for name in names:
            if issue.state == "returned":
                issue = world.do("street", "redispatch", issue, unit="clean", reason="sent_wrong")
            issue = back(world, issue, by=name)
        return issue

    def test_neither_by_judging_nor_in_the_conference(self, hats):
        issue = self.returned(hats, "leader", "unit")
        for verb, given in (("confer", {"note": "会商。"}), ("judge", {"reason": "unit_right"})):
            assert grey(hats, "leader", verb, issue) == "own_return"
            with pytest.raises(Refused, match="由别人来做"):
                hats.do("leader", verb, issue, unit="roads", **given)
        issue = hats.do("district", "confer", issue, unit="roads", note="会商：市政办。")
        assert issue.unit.code == "roads"

    def test_nor_does_whoever_stands_in_for_them(self, hats):
        issue = self.returned(hats, "leader", "unit")
        Leave.objects.create(
            user=hats.user("leader"), stand_in=hats.user("branch"), valid_from=w.NOW,
            valid_until=w.NOW + HOUR, entered_by=hats.user("admin"),
        )  # fmt: skip
        assert grey(hats, "branch", "confer", issue) == "own_return"

    def test_of_another_s_return_the_leader_decides(self, hats):
        issue = self.returned(hats, "unit", "unit")
        assert grey(hats, "leader", "confer", issue) == ""
        assert grey(hats, "leader", "judge", issue) == ""


class TestAUnitThatIsNoMore:
    def test_while_somebody_works_there_it_stays(self, world):
        issue = judged(world, category=w.RUBBISH, by="unit", unit="clean")
        Post.objects.filter(user=world.user("unit")).update(valid_until=w.NOW)
        assert grey(world, "street", "redispatch", issue) == "undisputed"

    @pytest.mark.parametrize("how", ["posts", "unit", "account"])
    def test_the_desk_hands_it_over_and_the_timeline_says_why(self, world, how):
        issue = judged(world, category=w.RUBBISH, by="unit", unit="clean")
        due = issue.due_at
        if how == "posts":
            leave(world, "clean")
        elif how == "unit":
            Organization.objects.filter(code="clean").update(active=False)
        else:
            world.user("handler").posts.all().delete()
            type(world.user("unit")).objects.filter(username="unit").update(is_active=False)
        issue = world.do("street", "redispatch", issue, at=w.NOW + HOUR, unit="roads",
                         reason="机构改革，环卫并入市政。")  # fmt: skip
        assert (issue.state, issue.unit.code, issue.due_at) == ("dispatched", "roads", due)
        assert codes(last(issue, "redispatch")) == ["by_hand", "deserted"]
        said = timeline(Issue.objects.get(pk=issue.pk), scope=world.scope("street"))[-1]["reasons"]
        assert said[1].startswith("终审确定的“区环境卫生管理中心”已经没有人办理")
        assert told(issue, "redispatch") == ["branch", "other-unit"]
        invariants.check(whole(issue))

    def test_whoever_comes_after_was_not_judged(self, world):
        issue = judged(world, category=w.RUBBISH, by="unit", unit="clean")
        leave(world, "clean")
        issue = world.do("street", "redispatch", issue, unit="roads", reason="sent_wrong")
        assert not issue.judged
        assert grey(world, "other-unit", "return", issue) == ""
        assert grey(world, "street", "redispatch", issue) == ""
        # What was judged of the return stays on record.
        assert [row.against for row in issue.sent_back.all()] == ["unit"]

    def test_in_hand_too_and_from_the_third_return_on(self, world):
        issue = judged(world, category=w.RUBBISH, by="unit", unit="clean")
        world.do("unit", "sign", issue)
        Issue.objects.filter(pk=issue.pk).update(returns=3)
        leave(world, "clean")
        issue = world.do("street", "redispatch", issue, unit="roads", reason="sent_wrong")
        assert (issue.state, issue.judged) == ("dispatched", False)
        assert grey(world, "other-unit", "return", issue) == "returnable"


class TestAnotherMatter:
    PARTS = (
        {"category": w.UNLISTED, "description": "路面有坑。"},
        {"category": w.CORRIDOR, "description": "楼道堆物。"},
    )

    def test_what_is_filed_as_another_matter_can_be_sent_on(self, world):
        """Else the desk, to which no rule sends it, could neither return nor redispatch it."""
        issue = judged(world, category=w.RUBBISH, by="unit", unit="clean")
        issue = world.do("street", "split", issue, parts=self.PARTS)
        assert (issue.unit.code, issue.judged) == ("desk-1", False)
        assert grey(world, "street", "redispatch", issue) == ""
        invariants.check(issue)

    def test_of_the_same_matter_the_judgement_holds(self, world):
        issue = judged(world, category=w.RUBBISH, by="unit", unit="clean")
        same = {"category": w.RUBBISH, "description": "垃圾。"}
        issue = world.do("street", "split", issue, parts=[same, self.PARTS[1]])
        assert (issue.unit.code, issue.judged) == ("clean", True)
        invariants.check(issue)

    def test_what_was_merged_and_is_its_own_again_the_desk_decides_anew(self, world):
        issue = judged(world, category=w.RUBBISH, by="unit", unit="clean")
        other = world.report()
        world.do("street", "merge", issue, into=other.number)
        issue = world.do("street", "unmerge", issue, reason="不是同一处。")
        issue = world.do("street", "dispatch", issue, unit="roads")
        assert codes(last(issue, "dispatch")) == ["by_hand"]
        assert grey(world, "other-unit", "return", issue) == ""
        invariants.check(issue)


def test_what_is_with_the_unit_already_is_not_sent_there_again(world):
    """It would lose the order that the leader gave, and its signature."""
    issue = world.do("leader", "supervise", world.report(), reason="important")
    said = refused(world, "street", "redispatch", issue, unit="clean", reason="sent_wrong")
    assert said == {"unit": ["已经在这个单位，请选别的单位。"]}
    assert Issue.objects.get(pk=issue.pk).answer_due_at
    # Sent back, it can be sent there all the same.
    issue = world.do("street", "redispatch", back(world, issue), unit="clean", reason="sent_wrong")
    assert issue.state == "dispatched"
