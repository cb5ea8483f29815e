"""One person with posts on both sides (一肩挑), or who stands in, judges and rates nothing own."""

import pytest
from django.core.exceptions import ValidationError

from partyorgs.models import Leave, Post, Responsibility
from tests import world as w
from tests.callers import person
from tests.whistles.conftest import HOUR
from tests.whistles.helping import call_of, shown
from whistles.models import Rating
from whistles.services.errors import ActRefused

OF_UNIT = {"speed": 5, "work": 5, "result": 5}
OF_WHISTLE = {"right": 5, "clear": 5}


def also(world, name, role, code):
    return Post.objects.create(
        user=world.user(name), role=role, organization=world.orgs[code], valid_from=w.START
    )


def stands_in(world, name, *, absent, until=w.NOW + 48 * HOUR):
    return Leave.objects.create(
        user=world.user(absent), stand_in=world.user(name), entered_by=world.user(absent),
        valid_from=w.START, valid_until=until,
    )  # fmt: skip


def listed():
    return Responsibility.objects.get(doer__code="clean").pk


def not_ours(whistles, whistle, name="other-unit", **given):
    return whistles.do(name, "answer", whistle, answer="not_ours", item=listed(), **given)


def refused_as_own(whistles, name, verb, whistle, **given):
    with pytest.raises(ActRefused) as refused:
        whistles.do(name, verb, whistle, **given)
    return refused.value.sentence()


@pytest.mark.parametrize("role", ["unit_desk", "unit_handler", "unit_head"])
def test_whoever_works_in_a_called_unit_does_not_rate_it(world, whistles, issue, role):
    also(world, "street", role, "roads")
    whistle = whistles.blown(issue)
    with pytest.raises(ValidationError) as refused:
        whistles.do("street", "rate", whistle, unit="roads", **OF_UNIT)
    assert "unit" in refused.value.message_dict
    assert whistles.do("street", "rate", whistle, unit="clean", **OF_UNIT)
    assert "rate" not in shown(world, "street", whistle, at=w.NOW)
    whistles.do("leader", "rate", whistle, unit="roads", **OF_UNIT)
    assert set(Rating.objects.values_list("unit__code", "of")) == {
        ("clean", "unit"), ("roads", "unit"),
    }  # fmt: skip


@pytest.mark.parametrize("role", ["street_dispatcher", "branch_secretary"])
def test_whoever_may_blow_does_not_rate_the_whistle_for_a_unit(world, whistles, issue, role):
    also(world, "other-unit", role, "desk-1" if role == "street_dispatcher" else "branch-a")
    whistle = whistles.blown(issue)
    with pytest.raises(ValidationError) as refused:
        whistles.do("other-unit", "rate", whistle, **OF_WHISTLE)
    assert "right" in refused.value.message_dict
    # In the unit somebody else does.
    also(world, "nobody", "unit_desk", "roads")
    assert whistles.do("nobody", "rate", whistle, **OF_WHISTLE)


def test_nor_whoever_blew_it_in_a_post_that_has_ended(world, whistles, issue):
    also(world, "branch", "unit_desk", "roads")
    whistle = whistles.blow("branch", issue)
    whistles.do("leader", "approve", whistle)
    Post.objects.filter(user__username="branch", role="branch_secretary").update(valid_until=w.NOW)
    assert "answer" in shown(world, "branch", whistle, at=w.NOW)
    assert "rate" not in shown(world, "branch", whistle, at=w.NOW)


def test_a_stand_in_for_the_unit_does_not_rate_it(world, whistles, issue):
    stands_in(world, "street", absent="other-unit")
    whistle = whistles.blown(issue)
    with pytest.raises(ValidationError):
        whistles.do("street", "rate", whistle, unit="roads", **OF_UNIT)


def test_whoever_answered_as_a_stand_in_does_not_rate_it_when_back(world, whistles, issue):
    stands_in(world, "leader", absent="other-unit", until=w.NOW + HOUR)
    whistle = whistles.blown(issue)
    whistles.do("leader", "answer", whistle, answer="will_come")
    with pytest.raises(ValidationError):
        whistles.do("leader", "rate", whistle, at=w.NOW + 2 * HOUR, unit="roads", **OF_UNIT)
    assert whistles.do("street", "rate", whistle, at=w.NOW + 2 * HOUR, unit="roads", **OF_UNIT)


def test_nobody_judges_the_answer_of_their_own_unit(world, whistles, issue):
    also(world, "district", "unit_desk", "roads")
    whistle = whistles.blown(issue)
    not_ours(whistles, whistle, "district", unit="roads")
    said = refused_as_own(whistles, "district", "judge", whistle, must_come=False, reason="不归。")
    assert "本单位" in said
    text = person("district").get(f"/whistles/{whistle.number}/").content.decode()
    assert said in text
    assert f'action="/whistles/{whistle.number}/judge/"' not in text
    # No dead end: another of the district's desk, or the approver lets it off.
    whistles.do("leader", "waive", whistle, unit="roads", reason="由环卫处置。")
    assert call_of(whistle, "roads").waived_at


def test_of_two_answers_only_the_others_is_judged(world, whistles, issue):
    also(world, "district", "unit_desk", "roads")
    whistle = whistles.blown(issue)
    for name in ("other-unit", "unit"):
        not_ours(whistles, whistle, name)
    with pytest.raises(ValidationError) as refused:
        whistles.do("district", "judge", whistle, unit="roads", must_come=False, reason="不归。")
    assert "unit" in refused.value.message_dict
    # Only one is left to this person, so it need not be named.
    whistles.do("district", "judge", whistle, must_come=True, reason="归环卫。")
    assert call_of(whistle, "clean").judged == "must_come"


def test_whoever_proposed_does_not_judge(world, whistles, issue):
    also(world, "district", "street_dispatcher", "desk-1")
    whistle = whistles.blow("district", issue)
    whistles.do("leader", "approve", whistle)
    not_ours(whistles, whistle)
    said = refused_as_own(whistles, "district", "judge", whistle, must_come=True, reason="归。")
    assert "同一个人" in said


def test_the_approver_does_not_let_the_own_unit_off(world, whistles, issue):
    also(world, "leader", "unit_desk", "roads")
    whistle = whistles.blown(issue, units=["roads"], lead="roads")
    said = refused_as_own(whistles, "leader", "waive", whistle, unit="roads", reason="不来了。")
    assert "本单位" in said
    assert whistles.do("district", "waive", whistle, unit="roads", reason="不用了。")


def test_a_proposal_is_taken_back_by_the_side_that_made_it(world, whistles, issue):
    whistle = whistles.blow("branch", issue)
    assert "withdraw" not in shown(world, "street", whistle, at=w.NOW)
    with pytest.raises(ActRefused):
        whistles.do("street", "withdraw", whistle)
    also(world, "nobody", "branch_secretary", "branch-a")
    assert whistles.do("nobody", "withdraw", whistle).state == "withdrawn"
