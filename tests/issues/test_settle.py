"""即办即结: what is fixed on the spot ends unchecked, is counted apart, and is sampled."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from issues.models import Clock, Issue, SampleRule
from issues.services.errors import Refused
from issues.services.photos import save_photo
from issues.services.reporting import Report, report
from matters.models import Category
from tests import world as w
from tests.issues.test_returns import grey, last, refused, running, told, whole
from tests.photos import jpeg

HOUR = timedelta(hours=1)
DONE = "已当场清扫干净。"


@pytest.fixture
def all_sampled(db):
    SampleRule.objects.update_or_create(of=SampleRule.Of.SETTLED, defaults={"percent": 100})


@pytest.fixture
def none_sampled(db):
    SampleRule.objects.update_or_create(of=SampleRule.Of.SETTLED, defaults={"percent": 0})


def said(world, name="worker", **given):
    """What a report that is settled at once is refused for; nothing is stored."""
    before = Issue.objects.count()
    with pytest.raises(ValidationError) as no, transaction.atomic():
        world.report(name, **({"settled": DONE} | given))
    assert Issue.objects.count() == before
    return no.value.message_dict


class TestInOneForm:
    def test_a_report_that_says_what_was_done_ends_at_once(self, world):
        issue = whole(world.report(settled=DONE))
        assert (issue.state, issue.is_open, issue.outcome) == (
            "closed_unchecked", False, "settled",
        )  # fmt: skip
        assert (issue.closed_at, issue.due_at, issue.checked_at) == (w.NOW, None, None)
        assert [event.verb for event in issue.events.order_by("seq")] == ["report", "settle"]
        event = last(issue, "settle")
        assert (event.text.text, event.actor.username, event.facts["outcome"]) == (
            DONE, "worker", "settled",
        )  # fmt: skip
        assert not Clock.objects.filter(issue=issue).exists()
        assert not issue.assignments.exists()
        assert told(issue, "settle") == ["branch"]

    def test_it_is_counted_apart_from_what_was_handled(self, world):
        assert world.report(settled=DONE).handled_at is None

    def test_it_needs_a_category(self, world):
        assert list(said(world, category="")) == ["category"]

    @pytest.mark.parametrize("leaf", [w.LIFT, "S0101", "C0102"])
    def test_what_is_urgent_or_critical_is_not_trivial(self, world, leaf):
        assert "不能即办即结" in said(world, category=leaf)["settled"][0]

    @pytest.mark.parametrize("name", ["street", "branch", "community", "unit", "district"])
    def test_only_those_who_work_in_the_cell_settle(self, world, name):
        assert list(said(world, name)) == ["settled"]

    def test_what_the_public_reports_is_verified_first(self, world):
        assert "settled" in said(world, "street", source="public")

    def test_an_id_number_is_refused_where_it_was_written(self, world):
        assert list(said(world, settled="已处理，证号 110101199003071233。")) == ["settled"]

    def test_sent_twice_it_is_one(self, world):
        first = world.report(settled=DONE, key="k1")
        again = report(
            scope=world.scope("worker"),
            given=Report(
                description="垃圾堆在路口，没人清。",
                category=w.RUBBISH,
                settled=DONE,
                lat=w.IN_A1[0],
                lng=w.IN_A1[1],
            ),  # fmt: skip
            key="k1",
            now=w.NOW + HOUR,
        )
        assert (again.issue, again.created) == (first, False)


class TestSampled:
    def test_all(self, world, all_sampled):
        issue = world.report(settled=DONE)
        assert issue.sampled
        may = {"worker": "own_work", "colleague": "", "branch": "", "street": ""}
        assert {name: grey(world, name, "spot_check", issue) for name in may} == may

    def test_none(self, world, none_sampled):
        issue = world.report(settled=DONE)
        assert not issue.sampled
        assert grey(world, "colleague", "spot_check", issue) is None


class TestByTheCommunity:
    @pytest.fixture
    def corridor(self, world):
        return world.report(category=w.CORRIDOR)

    def test_the_head_settles_what_the_community_has(self, world, corridor):
        at = w.NOW + HOUR
        issue = whole(world.do("community", "settle", corridor, at=at, note="已请住户搬走。"))
        assert (issue.state, issue.outcome, issue.closed_at) == ("closed_unchecked", "settled", at)
        assert (issue.unit.code, issue.is_open) == ("home-1", False)
        assert not issue.clocks.filter(stopped_at=None).exists()
        assert not issue.assignments.filter(ended_at=None).exists()
        assert told(issue, "settle") == ["branch", "worker"]

    def test_while_handling_too(self, world, corridor):
        issue = world.do("community", "sign", corridor)
        assert world.do("community", "settle", issue, note=DONE).state == "closed_unchecked"

    def test_it_says_what_was_done(self, world, corridor):
        assert "note" in refused(world, "community", "settle", corridor)

    def test_who_may(self, world, corridor):
        names = ["worker", "branch", "unit", "street", "leader", "district", "auditor"]
        shut = {name: grey(world, name, "settle", corridor) for name in names}
        assert shut == dict.fromkeys(names)
        # Of another unit's matter neither.
        assert grey(world, "community", "settle", world.report()) is None

    def test_a_hotline_ticket_ends_by_its_call_back_only(self, world):
        ticket = {"source": "hotline", "external_number": "HL-7", "category": w.CORRIDOR}
        issue = world.do("street", "accept", world.report("street", **ticket))
        assert issue.unit.code == "home-1"
        assert grey(world, "community", "settle", issue) == "not_hotline"
        with pytest.raises(Refused, match="回访"):
            world.do("community", "settle", issue, note=DONE)

    def test_not_after_a_rework(self, world, corridor):
        Issue.objects.filter(pk=corridor.pk).update(reworks=1)
        assert grey(world, "community", "settle", corridor) == "trivial"
        with pytest.raises(Refused, match="返过工"):
            world.do("community", "settle", corridor, note=DONE)

    @pytest.mark.parametrize("urgency", ["critical", "high"])
    def test_not_what_is_urgent(self, world, corridor, urgency):
        Category.objects.filter(code=w.CORRIDOR).update(urgency=urgency)
        assert grey(world, "community", "settle", corridor) == "trivial"

    def test_not_while_a_helpers_part_is_open(self, world, corridor):
        Issue.objects.filter(pk=corridor.pk).update(open_parts=1)
        assert grey(world, "community", "settle", corridor) == "parts_done"

    def test_late_is_late(self, world, corridor):
        at = corridor.due_at + HOUR
        assert world.do("community", "settle", corridor, at=at, note=DONE).was_late

    def test_nobody_settles_what_was_sent_back(self, world, corridor):
        issue = world.do("community", "return", corridor, reason="not_ours")
        assert grey(world, "community", "settle", issue) is None
        assert running(issue, "decide")


def test_the_reporter_settles_what_is_not_filed_yet(world):
    issue = world.report(category="")
    assert grey(world, "worker", "settle", issue) == "trivial"
    Issue.objects.filter(pk=issue.pk).update(category=Category.objects.get(code=w.RUBBISH))
    assert grey(world, "colleague", "settle", issue) is None
    issue = whole(world.do("worker", "settle", issue, note=DONE))
    assert (issue.state, issue.unit.code) == ("closed_unchecked", "desk-1")


class TestPhotosOfAnotherIssue:
    """What is shown by a photo that another issue has is looked at on the spot (DOMAIN.md §4.5)."""

    @pytest.fixture
    def shown(self, world, none_sampled):
        def again(name):
            photo = save_photo(uploader=world.user(name), upload=jpeg(), size=1, now=w.NOW)
            return [photo.public_id]

        world.report(attachments=again("worker"))
        return again

    def looked_at(self, world, issue):
        assert (issue.sampled, issue.must_visit) == (True, True)
        assert last(issue, "settle").facts["must_visit"] == ["photo"]
        with pytest.raises(ValidationError) as refused:
            world.do("colleague", "spot_check", issue, passed=True, way="photo")
        assert [*refused.value.message_dict] == ["way"]
        world.do("colleague", "spot_check", issue, passed=True, way="on_site")

    def test_in_one_form(self, world, shown):
        issue = world.report(settled=DONE, attachments=shown("worker"))
        self.looked_at(world, issue)

    def test_by_the_community(self, world, shown):
        issue = world.report(category=w.CORRIDOR)
        photos = shown("community")
        self.looked_at(world, world.do("community", "settle", issue, note=DONE, attachments=photos))
