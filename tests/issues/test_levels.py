"""Community, street, district: who has it, how it goes up, what waits for the district's desk."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from issues.escalation.sweep import sweep
from issues.models import Clock, Issue
from issues.presenter.timeline import timeline
from issues.queries import Filters, issue_page
from issues.rules import offer_of
from issues.services.errors import Refused
from issues.todo import narrowing_of
from issues.workflow import RULES, Verb
from partyorgs.models import Organization, Post, Responsibility
from tests import world as w
from tests.issues.test_returns import codes, grey, last, refused, rows, running, told, whole

HOUR = timedelta(hours=1)


@pytest.fixture
def corridor(world):
    """A matter of the community, sent to its committee by the list."""
    return world.report(category=w.CORRIDOR)


@pytest.fixture
def waiting(world):
    """A matter of the district that is not marked for direct dispatch."""
    Responsibility.objects.filter(category__code=w.RUBBISH).update(direct=False)
    return world.report()


@pytest.fixture
def firm(world):
    """A property firm of the community that signs by itself, and a squad of the whole street."""
    for code, area, kind in (
        ("firm", w.COMMUNITY_1, "property_firm"),
        ("squad", w.STREET_1, "partner"),
        ("firm-2", w.COMMUNITY_2, "property_firm"),
        ("everywhere", None, "partner"),
    ):
        unit = Organization.objects.create(
            code=code, name=code, kind=kind, area=world.areas.get(area or "")
        )
        user = type(world.user("unit")).objects.create_user(code, password="gezhi-test", name=code)
        Post.objects.create(user=user, role="unit_desk", organization=unit, valid_from=w.START)
        world.users[code], world.orgs[code] = user, unit
    return world


def listed(world, name, issue, key):
    """Whether the issue stands on this person's list of what to do."""
    found = narrowing_of(key, scope=world.scope(name), now=w.NOW)
    here = Issue.objects.filter(found, pk=issue.pk).exists()
    page = issue_page(scope=world.scope(name), filters=Filters(todo=key), now=w.NOW)
    assert here == (issue.number in [row["number"] for row in page.rows])
    return here


class TestReferUp:
    def test_the_community_refers_up_to_the_street_and_the_street_to_the_district(
        self, world, corridor
    ):
        number, due = corridor.number, corridor.due_at
        issue = world.do("community", "refer_up", corridor, reason="needs_money", note="要修楼道门")
        assert (issue.state, issue.unit.code, issue.level, issue.raised_to) == (
            "dispatched", "desk-1", "street", "street",
        )  # fmt: skip
        event = last(issue, "refer_up")
        assert event.facts == {
            "from_level": "community", "to_level": "street", "reason": "needs_money",
            "reasons": [{"code": "referred_up", "unit": "青禾街道值守台"}],
        }  # fmt: skip
        assert event.text.text == "要修楼道门"
        assert event.post.role == "community_head"
        assert told(issue, "refer_up") == ["branch", "street"]
        issue = world.do("street", "refer_up", issue, reason="楼道是历史遗留，要区里定。")
        assert (issue.number, issue.unit.code, issue.level, issue.raised_to) == (
            number, "desk-district", "district", "district",
        )  # fmt: skip
        assert (issue.due_at, issue.returns) == (due, 0)
        assert [e.verb for e in issue.events.order_by("seq")][-2:] == ["refer_up"] * 2
        assert grey(world, "street", "refer_up", issue) == "below_district"
        with pytest.raises(Refused, match="没有更上一级"):
            world.do("street", "refer_up", issue, reason="x")
        whole(issue)

    def test_it_needs_a_reason(self, world, corridor):
        assert "reason" in refused(world, "community", "refer_up", corridor)

    def test_who_may(self, world, corridor):
        names = ["worker", "branch", "unit", "street", "leader", "district", "auditor"]
        shut = {name: grey(world, name, "refer_up", corridor) for name in names}
        assert shut == dict.fromkeys(names)
        assert grey(world, "community", "refer_up", corridor) == ""
        at_street = world.do("community", "refer_up", corridor, reason="no_power")
        may = {"community": None, "street": "", "leader": "", "district": None}
        assert {name: grey(world, name, "refer_up", at_street) for name in may} == may

    def test_what_waits_for_dispatch_is_handled_from_then_on(self, world):
        issue = world.report(category=w.UNLISTED)
        assert running(issue, "dispatch")
        at = w.NOW + HOUR
        issue = world.do("street", "refer_up", issue, at=at, reason="needs_several")
        assert (issue.state, issue.unit.code) == ("dispatched", "desk-district")
        assert running(issue, "dispatch") is None
        clock = running(issue, "handle")
        assert (clock.started_at, clock.due_at) == (at, issue.due_at)
        assert issue.assignments.get(ended_at=None).unit.code == "desk-district"
        whole(issue)

    def test_what_was_returned_is_decided_by_it(self, world, corridor):
        issue = world.do("community", "return", corridor, reason="not_ours")
        issue = world.do("community", "refer_up", issue, reason="no_power")
        (row,) = rows(whole(issue))
        assert (row.how, row.sent_to.code, row.decided_seq) == (
            "referred", "desk-1", last(issue, "refer_up").seq,
        )  # fmt: skip

    def test_without_a_desk_above_it_says_so(self, world, corridor):
        Organization.objects.filter(code__in=["desk-1", "desk-district"]).update(active=False)
        said = refused(world, "community", "refer_up", corridor, reason="no_power")
        assert "没有值守台" in said["reason"][0]

    def test_what_is_late_comes_with_an_order(self, world, corridor):
        at = corridor.due_at + HOUR
        issue = world.do("community", "refer_up", corridor, at=at, reason="no_power")
        assert last(issue, "refer_up").facts["order"] is True
        assert running(issue, "answer").organization.code == "desk-1"

    def test_it_stands_on_the_lists_of_the_level_that_has_it(self, world, corridor):
        issue = world.do("community", "refer_up", corridor, reason="no_power")
        assert listed(world, "street", issue, "sign")
        assert listed(world, "street", issue, "raised")
        assert not listed(world, "community", issue, "sign")


class TestArrange:
    def test_the_community_passes_it_to_a_firm_and_the_clock_goes_on(self, firm):
        world = firm
        issue = world.report(category=w.CORRIDOR)
        due, clock = issue.due_at, running(issue, "handle")
        issue = world.do("community", "arrange", issue, at=w.NOW + HOUR, unit="firm", note="请清理")
        assert (issue.state, issue.unit.code, issue.level) == ("dispatched", "firm", "community")
        clock.refresh_from_db()
        assert (issue.due_at, clock.stopped_at, clock.organization.code) == (due, None, "firm")
        event = last(issue, "arrange")
        assert (codes(event), event.text.text) == (["arranged"], "请清理")
        assert told(issue, "arrange") == ["branch", "firm"]
        issue = world.do("firm", "sign", issue, at=w.NOW + HOUR)
        assert issue.state == "handling"
        whole(issue)

    def test_a_unit_of_the_street_is_near_enough(self, firm):
        issue = firm.do("community", "arrange", firm.report(category=w.CORRIDOR), unit="squad")
        assert (issue.unit.code, issue.level) == ("squad", "street")

    @pytest.mark.parametrize(
        "unit", ["", "clean", "firm-2", "everywhere", "branch-a", "lifts", "home-1", "desk-1"]
    )
    def test_what_it_may_not_be(self, firm, unit):
        issue = firm.report(category=w.CORRIDOR)
        assert list(refused(firm, "community", "arrange", issue, unit=unit)) == ["unit"]

    def test_only_the_head_of_the_community_that_has_it(self, firm):
        issue = firm.report(category=w.CORRIDOR)
        names = ["worker", "branch", "street", "leader", "district"]
        assert {name: grey(firm, name, "arrange", issue) for name in names} == dict.fromkeys(names)
        assert grey(firm, "community", "arrange", issue) == ""
        issue = firm.do("community", "arrange", issue, unit="firm")
        # The firm has it now: the community takes part no more than by looking on.
        assert grey(firm, "community", "arrange", issue) is None

    def test_the_firm_can_send_it_back(self, firm):
        issue = firm.do("community", "arrange", firm.report(category=w.CORRIDOR), unit="firm")
        issue = firm.do("firm", "return", issue, reason="not_ours", proposed="home-1")
        assert (issue.state, rows(issue)[0].proposed.code) == ("returned", "home-1")


class TestDirect:
    def test_a_district_matter_waits_at_the_districts_desk(self, world, waiting):
        assert (waiting.state, waiting.unit.code, waiting.level) == (
            "pending_dispatch", "desk-district", "district",
        )  # fmt: skip
        event = waiting.events.order_by("seq").last()
        assert [reason["code"] for reason in event.facts["reasons"]] == ["item", "not_direct"]
        said = timeline(waiting, scope=world.scope("district"))[-1]["reasons"]
        assert said[-1] == "区级事项，没有标为直派，由区值守台派遣。"

    def test_it_stands_on_the_districts_list_alone(self, world, waiting):
        at = {name: listed(world, name, waiting, "dispatch") for name in
              ("street", "leader", "district", "other-street")}  # fmt: skip
        assert at == {"street": False, "leader": False, "district": True, "other-street": False}

    def test_the_desk_where_it_waits_is_told(self, world, waiting):
        assert told(waiting, "accept") == ["district"]
        assert told(world.report(category=w.UNLISTED), "accept") == ["street"]
        # What is sent at once is its unit's.
        assert told(world.report(category=w.CORRIDOR), "accept") == []

    def test_the_streets_own_stands_on_the_streets(self, world):
        issue = world.report(category=w.UNLISTED)
        at = {name: listed(world, name, issue, "dispatch") for name in
              ("street", "leader", "district")}  # fmt: skip
        assert at == {"street": True, "leader": True, "district": False}

    def test_a_person_of_both_desks_has_both(self, world, waiting):
        world.user("street").posts.create(
            role="district_desk", organization=world.orgs["desk-district"], valid_from=w.START
        )
        assert listed(world, "street", waiting, "dispatch")
        assert listed(world, "street", world.report(category=w.UNLISTED), "dispatch")

    def test_only_the_district_dispatches_it(self, world, waiting):
        assert grey(world, "street", "dispatch", waiting) is None
        with pytest.raises(Refused), transaction.atomic():
            world.do("street", "dispatch", waiting, unit="clean")
        issue = world.do("district", "dispatch", waiting, unit="clean")
        assert (issue.state, issue.level) == ("dispatched", "district")

    def test_marked_for_direct_dispatch_it_goes_straight_to_its_unit(self, world):
        issue = world.report()
        assert (issue.state, issue.unit.code) == ("dispatched", "clean")

    def test_its_clock_chases_until_somebody_sends_it(self, world, waiting):
        clock = running(waiting, "dispatch")
        assert clock.kind in Clock.MAIN
        sweep(now=clock.due_at)
        assert last(waiting, "chase").facts["clock"] == "dispatch"


def test_a_level_is_never_skipped_by_somebody_who_has_no_part(world):
    issue = world.report(category=w.CORRIDOR)
    for name in ("worker", "branch", "unit", "other-street", "nobody"):
        scope = world.scope(name)
        assert offer_of(scope, RULES[Verb.REFER_UP], issue) is None
        with pytest.raises((Refused, Issue.DoesNotExist, ValidationError)), transaction.atomic():
            world.do(name, "refer_up", issue, reason="no_power")
