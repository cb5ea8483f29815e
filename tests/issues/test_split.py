"""Split: one report with several problems becomes linked issues, each with leaf and unit."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from issues.models import Event, Issue, Joining
from issues.services.errors import Refused
from notices.models import Notice
from partyorgs.models import Responsibility
from tests import world as w
from tests.issues.invariants import check

LATER = w.NOW + timedelta(hours=1)
COVER = "C0102"
THREE = [
    {"category": w.RUBBISH, "description": "路口垃圾没清。"},
    {"category": w.CORRIDOR, "description": "楼道里堆了旧家具。"},
    {"category": COVER, "description": "井盖不见了。"},
]


@pytest.fixture
def unsure(world):
    """A report of three problems, without a leaf."""
    return world.report(category="", description="垃圾没清，楼道有堆物，井盖也没了。")


def split(world, issue, parts=THREE, by="street", **given):
    return world.do(by, "split", issue, at=LATER, parts=parts, **given)


def stored(issue):
    check(issue)
    return Issue.objects.get(pk=issue.pk)


def others(issue):
    return list(Issue.objects.filter(split_from=issue).order_by("pk"))


def refused(world, issue, parts):
    before = Event.objects.count(), Issue.objects.count()
    with pytest.raises(ValidationError) as bad:
        split(world, issue, parts)
    assert (Event.objects.count(), Issue.objects.count()) == before
    return set(bad.value.message_dict)


def test_each_part_has_its_own_leaf_and_unit(world, unsure):
    split(world, unsure)
    kept, (hall, cover) = stored(unsure), others(unsure)
    assert (kept.category.code, kept.state) == (w.RUBBISH, "reported")
    assert (hall.category.code, hall.unit.code, hall.state) == (w.CORRIDOR, "home-1", "dispatched")
    # Nobody stands in the list for covers: that part waits at the desk, with a clock.
    assert (cover.category.code, cover.unit.code, cover.state) == (
        COVER, "desk-1", "pending_dispatch"
    )  # fmt: skip
    assert cover.critical
    for issue in (hall, cover):
        stored(issue)


def test_the_new_ones_lie_where_the_report_lies_and_are_its_reporters(world, unsure):
    split(world, unsure)
    for new in others(unsure):
        for column in (
            "lat", "lng", "datum", "place_text", "cell_id", "community_id", "street_id",
            "district_id", "owner_id", "reporter_id", "source",
        ):  # fmt: skip
            assert getattr(new, column) == getattr(unsure, column), column
        assert new.created_at == LATER
        assert new.number != unsure.number


def test_every_timeline_names_the_others(world, unsure):
    split(world, unsure)
    new = others(unsure)
    event = unsure.events.get(verb="split")
    assert event.facts["split"] == [issue.number for issue in new]
    assert event.text.text == THREE[0]["description"]
    for issue in new:
        first = issue.events.first()
        assert (first.verb, first.facts["split_from"]) == ("report", unsure.number)
        assert [reason["code"] for reason in first.facts["reasons"]] == ["cell_base", "owner"]


def test_what_the_reporter_wrote_stays_as_it_was(world, unsure):
    split(world, unsure)
    assert stored(unsure).description == "垃圾没清，楼道有堆物，井盖也没了。"
    assert [issue.description for issue in others(unsure)] == ["楼道里堆了旧家具。", "井盖不见了。"]


def test_the_contact_stays_with_the_first_alone(world):
    issue = world.report(category="", contact={"phone": "13912340987", "agreed": ["callback"]})
    split(world, issue)
    assert stored(issue).contact is not None
    assert [new.contact for new in others(issue)] == [None, None]


def test_the_reporter_is_told(world, unsure):
    split(world, unsure)
    notice = Notice.objects.get(
        subject_key=unsure.subject_key, kind="split", recipient__isnull=False
    )
    assert notice.recipient.username == "worker"
    hall = others(unsure)[0]
    assert Notice.objects.filter(subject_key=hall.subject_key, kind="dispatched").exists()


def test_who_joined_hears_of_every_part(world, unsure):
    world.do("colleague", "join", unsure)
    merged = world.report("branch", category="")
    world.do("street", "merge", merged, into=unsure.number)
    split(world, unsure)
    for new in others(unsure):
        joined = Joining.objects.filter(issue=new).values_list("user__username", flat=True)
        assert set(joined) == {"colleague", "branch"}


class TestWhereTheFirstPartGoes:
    def test_to_accept_it_waits_for_its_desk(self, world, unsure):
        split(world, unsure)
        assert unsure.clocks.get(stopped_at=None).started_at == w.NOW
        assert world.do("street", "accept", unsure, at=LATER).unit.code == "clean"

    def test_with_the_same_leaf_it_stays_where_it_is(self, world):
        issue = world.report()
        split(world, issue, THREE[:2])
        kept = stored(issue)
        assert (kept.state, kept.unit.code, kept.due_at) == ("dispatched", "clean", issue.due_at)

    def test_with_another_leaf_it_goes_to_whoever_answers_for_that(self, world):
        issue = world.report()
        split(world, issue, [THREE[1], THREE[0]])
        kept = stored(issue)
        assert (kept.state, kept.unit.code, kept.level) == ("dispatched", "home-1", "community")
        assert kept.events.last().verb == "redispatch"
        assert kept.clocks.get(stopped_at=None).started_at == LATER

    def test_what_a_helper_was_asked_for_stays_open(self, world):
        issue = world.report()
        world.do("unit", "add_part", issue, unit="roads", note="补好路面。")
        split(world, issue, [THREE[1], THREE[0]])
        kept = stored(issue)
        assert (kept.unit.code, kept.open_parts) == ("home-1", 1)
        done = world.do("other-unit", "complete_part", kept, at=LATER, note="补好了。")
        assert done.open_parts == 0

    def test_what_waits_for_dispatch_is_sent_by_rule(self, world):
        issue = world.report(category=w.UNLISTED)
        assert issue.state == "pending_dispatch"
        split(world, issue, THREE[:2])
        kept = stored(issue)
        assert (kept.state, kept.unit.code) == ("dispatched", "clean")

    def test_what_no_rule_can_send_goes_to_the_desk(self, world):
        issue = world.report()
        split(world, issue, [{"category": w.UNLISTED, "description": "另一件事"}, THREE[1]])
        kept = stored(issue)
        assert (kept.state, kept.unit.code) == ("dispatched", "desk-1")

    def test_a_district_matter_goes_to_the_districts_desk(self, world):
        Responsibility.objects.filter(category__code=w.RUBBISH).update(direct=False)
        issue = world.report(category=w.UNLISTED)
        split(world, issue, THREE[:2])
        kept = stored(issue)
        assert (kept.state, kept.unit.code, kept.level) == (
            "pending_dispatch", "desk-district", "district"
        )  # fmt: skip
        clock = kept.clocks.get(stopped_at=None)
        assert (clock.kind, clock.organization.code) == ("dispatch", "desk-district")

    def test_a_return_is_decided_by_it(self, world):
        issue = world.walk("return")
        split(world, issue, [THREE[1], THREE[0]])
        kept = stored(issue)
        assert (kept.state, kept.unit.code) == ("dispatched", "home-1")
        assert kept.sent_back.get().sent_to.code == "home-1"

    def test_a_return_of_the_same_leaf_still_waits_for_its_decision(self, world):
        issue = world.walk("return")
        split(world, issue, THREE[:2])
        assert stored(issue).state == "returned"

    def test_what_was_returned_twice_is_still_the_conferences(self, world):
        issue = world.walk("return")
        world.do("street", "redispatch", issue, at=LATER, unit="roads", reason="sent_wrong")
        world.do("other-unit", "return", issue, at=LATER, reason="not_ours", proposed="clean")
        split(world, issue, [THREE[1], THREE[0]])
        assert stored(issue).state == "returned"

    def test_another_condition_brings_its_own_limit(self, world):
        issue = world.report()
        conditions = list(issue.category.allowed.order_by("position"))
        slower = conditions[-1].condition
        assert slower.pk != issue.condition_id
        part = THREE[0] | {"condition": slower.code}
        split(world, issue, [part, THREE[1]])
        kept = stored(issue)
        clock = kept.clocks.get(stopped_at=None)
        assert (kept.condition_id, clock.limit_minutes) == (slower.pk, slower.minutes)


class TestWhatIsRefused:
    @pytest.mark.parametrize("parts", [[], THREE[:1], THREE * 4], ids=["none", "one", "twelve"])
    def test_fewer_than_two_or_more_than_nine(self, world, unsure, parts):
        assert refused(world, unsure, parts) == {"parts"}

    def test_a_bad_part_is_named_and_changes_nothing(self, world, unsure):
        parts = [THREE[0], {"category": "X9999", "description": ""}, {"description": "没有类别"}]
        assert refused(world, unsure, parts) == {
            "parts.1.category", "parts.1.description", "parts.2.category"
        }  # fmt: skip

    def test_a_condition_of_another_leaf(self, world, unsure):
        parts = [THREE[0], THREE[1] | {"condition": "T-COVER-1"}]
        assert refused(world, unsure, parts) == {"parts.1.condition"}

    def test_an_id_number_in_a_part(self, world, unsure):
        parts = [THREE[0], THREE[1] | {"description": "住户 11010519491231002X 的家具"}]
        assert refused(world, unsure, parts) == {"parts.1.description"}

    def test_a_part_that_is_too_long(self, world, unsure):
        parts = [THREE[0] | {"description": "长" * 2001}, THREE[1]]
        assert refused(world, unsure, parts) == {"parts.0.description"}

    def test_what_is_critical_does_not_become_uncritical_by_it(self, world):
        cover = world.report(category=COVER)
        assert refused(world, cover, THREE[:2]) == {"parts"}
        split(world, cover, THREE)
        assert [issue.critical for issue in (stored(cover), *others(cover))] == [False, False, True]

    @pytest.mark.parametrize("name", ["worker", "branch", "unit", "other-street", "auditor"])
    def test_anybody_but_the_desk(self, world, unsure, name):
        with pytest.raises((Refused, Issue.DoesNotExist)):
            split(world, unsure, by=name)
        assert not others(unsure)

    def test_what_is_already_in_hand(self, world):
        with pytest.raises(Refused):
            split(world, world.walk("sign"))


def test_a_critical_part_calls_the_duty_at_night(world, unsure):
    night = w.NOW.replace(hour=23)
    world.do("street", "split", unsure, at=night, parts=THREE)
    cover = others(unsure)[-1]
    assert cover.called_at == night
    stored(cover)
