"""Joint tasks and matters on the border: one lead unit, helpers with parts of their own."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from issues.models import Assignment, Issue
from issues.rules import allowed, offer_of
from issues.services.errors import Refused
from issues.workflow import RULES, Verb
from notices.models import Notice
from partyorgs.models import CellOwnership, Organization, Post
from tests import world as w
from tests.issues.invariants import check

HOUR = timedelta(hours=1)


def later(hours):
    return w.NOW + hours * HOUR


@pytest.fixture
def committee(world):
    """An owners' committee without an account, registered as a partner of the community."""
    return Organization.objects.create(
        code="owners-1", name="禾苗小区业主委员会", kind=Organization.Kind.PARTNER,
        area=world.areas[w.COMMUNITY_1],
    )  # fmt: skip


@pytest.fixture
def firm(world):
    """The property firm with somebody who signs in."""
    return staffed(world, "nobody", "lifts")


def staffed(world, name, code):
    unit = world.orgs[code]
    Post.objects.create(
        user=world.user(name), role="unit_desk", organization=unit, valid_from=w.START
    )
    return unit


def shown(world, name, issue, *, at):
    stored = Issue.objects.get(pk=issue.pk)
    return {str(rule.verb) for rule in allowed(world.scope(name, now=at), stored)}


def sees(world, name, issue, *, at):
    return Issue.objects.visible_to(world.scope(name, now=at)).filter(pk=issue.pk).exists()


def told(kind):
    rows = Notice.objects.filter(kind=kind, recipient__isnull=False)
    return set(rows.values_list("recipient__username", flat=True))


def part_of(issue):
    return Assignment.objects.get(issue=issue, role="helper")


def ask(world, issue, *, by="unit", unit="roads", note="修好路缘石。", at=None):
    return world.do(by, "add_part", issue, unit=unit, note=note, at=at or later(2))


def test_an_open_part_keeps_the_issue_from_being_handled(world):
    issue = world.walk("sign")
    ask(world, issue)
    check(issue)
    assert Issue.objects.get(pk=issue.pk).open_parts == 1
    with pytest.raises(Refused) as refused:
        world.do("handler", "handle", issue, at=later(3), outcome="fixed", note="已清运。")
    assert "协办" in refused.value.sentence()
    done = world.do("other-unit", "complete_part", issue, at=later(4), note="路缘石已修好。")
    check(done)
    assert done.open_parts == 0
    after = world.do("handler", "handle", issue, at=later(5), outcome="fixed", note="已清运。")
    assert after.state == "handled"


def test_a_helper_sees_what_it_was_asked_to_and_is_told(world):
    issue = world.walk("sign")
    assert not sees(world, "other-unit", issue, at=later(2))
    ask(world, issue)
    assert sees(world, "other-unit", issue, at=later(3))
    assert told("part_asked") == {"other-unit"}
    assert "complete_part" in shown(world, "other-unit", issue, at=later(3))
    assert part_of(issue).part == "修好路缘石。"


def test_a_partner_sees_only_what_it_was_invited_to(world, firm):
    invited, other = world.report(), world.report("colleague")
    ask(world, invited, by="branch", unit="lifts", note="开门引路。", at=later(1))
    at = later(2)
    seen = Issue.objects.visible_to(world.scope("nobody", now=at))
    assert list(seen) == [Issue.objects.get(pk=invited.pk)]
    assert not sees(world, "nobody", other, at=at)
    with pytest.raises(Issue.DoesNotExist):
        world.do("nobody", "complete_part", other, at=at, note="做完了。")


@pytest.mark.parametrize("name", ["unit", "community", "branch", "street", "leader", "district"])
def test_lead_unit_community_branch_and_desks_convene(world, name):
    issue = world.walk("sign")
    assert ask(world, issue, by=name).open_parts == 1


@pytest.mark.parametrize("name", ["worker", "colleague", "handler"])
def test_others_who_see_it_do_not_convene(world, name):
    issue = world.walk("sign")
    assert "add_part" not in shown(world, name, issue, at=later(2))
    with pytest.raises(Refused):
        ask(world, issue, by=name)


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("nowhere", "没有这个单位"),
        ("branch-a", "党组织"),
        ("clean", "已经是主办"),
        ("desk-2", "没有这个单位"),
    ],
)
def test_who_cannot_help_is_refused(world, unit, said):
    issue = world.walk("sign")
    with pytest.raises(ValidationError) as refused:
        ask(world, issue, unit=unit)
    assert said in refused.value.message_dict["unit"][0]
    check(issue)


def test_a_part_is_short_and_free_of_id_numbers(world):
    issue = world.walk("sign")
    for note in ("字" * 201, "找 11010519491231002X 开门"):
        with pytest.raises(ValidationError) as refused:
            ask(world, issue, note=note)
        assert "note" in refused.value.message_dict
    assert ask(world, issue, note="字" * 200).open_parts == 1


def test_for_a_helper_without_an_account_the_convener_records(world, committee):
    issue = world.walk("sign")
    ask(world, issue, by="community", unit="owners-1", note="动员住户把杂物搬开。")
    assert told("part_asked") == set()
    done = world.do("community", "complete_part", issue, at=later(3), note="业委会已经搬开。")
    check(done)
    event = done.events.get(verb="complete_part")
    assert event.on_behalf_of == committee
    assert event.unit == world.orgs["clean"]
    assert event.actor.username == "community"


def test_for_a_helper_with_an_account_the_convener_does_not(world):
    issue = world.walk("sign")
    ask(world, issue)
    assert "complete_part" not in shown(world, "street", issue, at=later(3))
    with pytest.raises(Refused):
        world.do("street", "complete_part", issue, at=later(3), note="应该做完了。")


def test_of_several_parts_the_one_is_named(world, committee):
    issue = world.walk("sign")
    ask(world, issue, note="修好路缘石。")
    ask(world, issue, note="补画标线。")
    ask(world, issue, by="community", unit="owners-1", note="搬开杂物。")
    first, second, third = Assignment.objects.filter(issue=issue, role="helper").order_by("pk")
    with pytest.raises(ValidationError) as refused:
        world.do("other-unit", "complete_part", issue, at=later(3), note="做完了。")
    assert "part" in refused.value.message_dict
    with pytest.raises(ValidationError):
        world.do("other-unit", "complete_part", issue, at=later(3), note="完。", part=third.pk)
    done = world.do("other-unit", "complete_part", issue, at=later(3), note="完。", part=second.pk)
    assert done.open_parts == 2
    # Only one is left to this unit, so it need not be named.
    done = world.do("other-unit", "complete_part", issue, at=later(4), note="完。")
    assert done.open_parts == 1
    first.refresh_from_db()
    assert first.done_at == later(4)
    check(done)
    with pytest.raises(Refused):
        world.do("other-unit", "complete_part", issue, at=later(5), note="再完。")


def test_a_part_is_dropped_with_a_reason(world):
    issue = world.walk("sign")
    ask(world, issue)
    part = part_of(issue)
    with pytest.raises(ValidationError):
        world.do("unit", "drop_part", issue, at=later(3), part=part.pk)
    with pytest.raises(ValidationError):
        world.do("unit", "drop_part", issue, at=later(3), part=part.pk + 999, reason="不用了。")
    dropped = world.do("unit", "drop_part", issue, at=later(3), part=part.pk, reason="不用了。")
    check(dropped)
    assert dropped.open_parts == 0
    assert told("part_dropped") == {"other-unit"}
    assert not sees(world, "other-unit", issue, at=later(4))


def test_parts_survive_a_redispatch(world):
    issue = world.walk("sign")
    ask(world, issue, unit="lifts", by="street", note="开门引路。")
    moved = world.do("street", "redispatch", issue, at=later(3), unit="roads", reason="sent_wrong")
    check(moved)
    assert moved.open_parts == 1
    assert part_of(issue).ended_at is None
    lead = Assignment.objects.get(issue=issue, role="lead", ended_at=None)
    assert lead.unit == world.orgs["roads"]


def test_whatever_ends_the_issue_ends_its_parts(world):
    issue = world.walk("sign")
    ask(world, issue)
    ended = world.do("leader", "force_close", issue, at=later(3), reason="cannot_be_done")
    check(ended)
    assert ended.open_parts == 0
    assert part_of(issue).ended_at is not None
    assert not sees(world, "other-unit", issue, at=later(4))


def test_a_settlement_on_the_spot_waits_for_the_parts(world):
    issue = world.report(category=w.CORRIDOR)
    ask(world, issue, by="community", unit="roads", note="补一块地砖。", at=later(1))
    offer = offer_of(
        world.scope("community", now=later(2)),
        RULES[Verb.SETTLE],
        Issue.objects.get(pk=issue.pk),
    )
    assert offer.shut == "parts_done"


def test_whoever_helped_does_not_check(world):
    Post.objects.create(
        user=world.user("other-unit"), role="grid_worker", cell=world.cells[w.A1],
        valid_from=w.START,
    )  # fmt: skip
    issue = world.walk("sign")
    ask(world, issue)
    world.do("other-unit", "complete_part", issue, at=later(3), note="路缘石已修好。")
    world.do("handler", "handle", issue, at=later(4), outcome="fixed", note="已清运。")
    with pytest.raises(Refused) as refused:
        world.do("other-unit", "check", issue, at=later(5), passed=True)
    assert "办理过" in refused.value.sentence()


def test_a_matter_on_the_border_is_the_neighbours_too(world):
    issue = world.walk("sign")
    assert not sees(world, "outsider", issue, at=later(2))
    touched = world.do("worker", "touch", issue, at=later(2), cell=w.C1)
    check(touched)
    assert (touched.cell.code, touched.owner.code) == (w.A1, "branch-a")
    assert (touched.also_cell.code, touched.also_owner.code) == (w.C1, "branch-c")
    assert told("touched") == {"outsider", "other-branch"}
    assert sees(world, "outsider", issue, at=later(3))
    assert sees(world, "other-branch", issue, at=later(3))


def test_the_neighbour_is_the_owner_of_that_day(world):
    issue = world.walk("sign")
    held = CellOwnership.objects.get(cell=world.cells[w.C1])
    held.valid_until = later(1)
    held.save()
    CellOwnership.objects.create(
        cell=world.cells[w.C1], organization=world.orgs["branch-b"], valid_from=later(1)
    )
    touched = world.do("worker", "touch", issue, at=later(2), cell=w.C1)
    assert touched.also_owner == world.orgs["branch-b"]


@pytest.mark.parametrize("code", [w.A1, "990101009009009", "不是代码"])
def test_what_is_no_neighbour_is_refused(world, code):
    issue = world.walk("sign")
    with pytest.raises(ValidationError) as refused:
        world.do("worker", "touch", issue, at=later(2), cell=code)
    assert "cell" in refused.value.message_dict


def test_a_cell_that_ended_or_is_named_already_is_refused(world):
    issue = world.walk("sign")
    world.do("worker", "touch", issue, at=later(2), cell=w.A2)
    with pytest.raises(ValidationError):
        world.do("worker", "touch", issue, at=later(3), cell=w.A2)
    cell = world.cells[w.C1]
    cell.valid_until = later(1)
    cell.save(update_fields=["valid_until"])
    with pytest.raises(ValidationError):
        world.do("worker", "touch", issue, at=later(3), cell=w.C1)
