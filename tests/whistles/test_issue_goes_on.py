"""What becomes of a whistle, and of who sees the issue by it, when the issue goes its own way."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from issues.models import Issue
from issues.workflow import State
from partyorgs.models import Organization, Post
from tests import world as w
from tests.callers import Program, person
from tests.whistles.conftest import HOUR, MINUTE, fresh
from tests.whistles.helping import clock_of, running, told, whole
from whistles.queries import units_to_call
from whistles.services.errors import ActRefused

ENDS = {
    "cancel": ("street", {"reason": "void"}),
    "force_close": ("leader", {"reason": "cannot_be_done"}),
}


def sees(world, name, issue, *, at=w.NOW + HOUR):
    return Issue.objects.visible_to(world.scope(name, now=at)).filter(pk=issue.pk).exists()


def ends(world, issue, verb):
    name, given = ENDS[verb]
    world.do(name, verb, issue, at=w.NOW + MINUTE, **given)


@pytest.mark.parametrize("verb", ENDS)
def test_nobody_is_called_to_what_has_ended(world, whistles, issue, verb):
    whistle = whistles.blow("street", issue)
    ends(world, issue, verb)
    with pytest.raises(ActRefused) as refused:
        whistles.do("leader", "approve", whistle, at=w.NOW + HOUR)
    assert "事项已经结束" in refused.value.sentence()
    assert told(whistle, "whistle_called") == set()
    assert not sees(world, "other-unit", issue)
    gone = whistles.do("leader", "refuse", whistle, at=w.NOW + HOUR, reason="已经办结。")
    whole(gone)


def test_what_was_blown_first_is_confirmed_and_closed_after_the_end(world, whistles, issue):
    whistle = whistles.blow(
        "street", issue, verb="blow_now", kind="emergency", units=["roads"], lead="roads"
    )
    whistles.do("other-unit", "answer", whistle, answer="already_there", roles="队长")
    ends(world, issue, "force_close")
    whistles.do("leader", "approve", whistle, at=w.NOW + HOUR)
    closed = whistles.do("street", "close", whistle, at=w.NOW + HOUR)
    whole(closed)
    assert closed.state == "closed"


@pytest.mark.parametrize("verb", ENDS)
def test_called_units_look_on_until_the_whistle_ends(world, whistles, issue, verb):
    whistle = whistles.blown(issue, units=["roads"], lead="roads")
    ends(world, issue, verb)
    assert sees(world, "other-unit", issue)
    whistles.do("other-unit", "answer", whistle, at=w.NOW + HOUR, answer="will_come")
    whole(whistles.do("street", "close", whistle, at=w.NOW + HOUR))
    assert not sees(world, "other-unit", issue, at=w.NOW + 2 * HOUR)


def test_they_see_it_when_it_is_taken_up_again(world, whistles, issue):
    whistle = whistles.blown(issue)
    ends(world, issue, "force_close")
    world.do("worker", "reopen", issue, reason="not_fixed", at=w.NOW + HOUR)
    whole(whistle)
    assert sees(world, "other-unit", issue, at=w.NOW + 2 * HOUR)


def test_a_called_unit_that_had_the_issue_sees_it_after_a_redispatch(world, whistles, issue):
    assert issue.unit.code == "clean"
    whistle = whistles.blown(issue)
    world.do("street", "redispatch", issue, unit="desk-1", reason="sent_wrong", at=w.NOW + MINUTE)
    assert sees(world, "unit", issue)
    whistles.do("unit", "answer", whistle, at=w.NOW + HOUR, answer="will_come")
    whistles.do("leader", "waive", whistle, at=w.NOW + HOUR, unit="roads", reason="不用了。")
    whole(whistles.do("street", "close", whistle, at=w.NOW + HOUR))
    assert not sees(world, "unit", issue, at=w.NOW + 2 * HOUR)


def test_a_unit_that_was_let_off_looks_on_no_more(world, whistles, issue):
    whistle = whistles.blown(issue)
    whistles.do("leader", "waive", whistle, unit="roads", reason="不用了。")
    assert not sees(world, "other-unit", issue)
    assert person("other-unit").get(f"/issues/{issue.number}/").status_code == 404
    assert Program("other-unit").get(f"issues/{issue.number}/").status_code == 404


def test_page_and_api_show_a_called_unit_the_one_issue(world, whistles, issue):
    beside = world.report("colleague")
    whistles.blown(issue, units=["roads"], lead="roads")
    for number, status in ((issue.number, 200), (beside.number, 404)):
        assert person("other-unit").get(f"/issues/{number}/").status_code == status
        assert Program("other-unit").get(f"issues/{number}/").status_code == status
    for name in ("outsider", "other-street", "other-branch"):
        assert person(name).get(f"/issues/{issue.number}/").status_code == 404


def test_what_has_a_running_whistle_is_not_merged_although_everybody_came(world, whistles, issue):
    other = world.report("colleague")
    whistle = whistles.blown(issue, units=["roads"], lead="roads")
    whistles.do("other-unit", "answer", whistle, answer="already_there", roles="队长")
    assert running(whistle) == set()
    with pytest.raises(ValidationError) as refused:
        world.do("street", "merge", issue, into=other.number, at=w.NOW + HOUR)
    assert "吹哨" in refused.value.message_dict["into"][0]
    whistles.do("street", "close", whistle, at=w.NOW + HOUR)
    merged = world.do("street", "merge", issue, into=other.number, at=w.NOW + 2 * HOUR)
    assert merged.state == State.MERGED


def test_nor_is_what_a_whistle_is_proposed_for(world, whistles, issue):
    other = world.report("colleague")
    whistle = whistles.blow("street", issue)
    with pytest.raises(ValidationError):
        world.do("street", "merge", issue, into=other.number, at=w.NOW + HOUR)
    whistles.do("street", "withdraw", whistle, at=w.NOW + HOUR)
    assert world.do("street", "merge", issue, into=other.number, at=w.NOW + HOUR)


def test_its_limits_run_on_while_the_issue_is_suspended(world, whistles):
    issue, at = world.walk("sign"), w.NOW + 2 * HOUR
    until = (w.NOW + timedelta(days=30)).date()
    world.do("unit", "ask_suspension", issue, until=until, reason="weather", at=at)
    whistle = whistles.blown(issue, at=at)
    due = clock_of(whistle, "whistle_answer", "roads").due_at
    world.do("leader", "suspend", issue, at=at + MINUTE)
    whole(whistle)
    assert clock_of(whistle, "whistle_answer", "roads").due_at == due
    whistles.do("unit", "answer", whistle, at=at + HOUR, answer="will_come")
    assert fresh(issue).state == State.SUSPENDED
    whole(whistle)


def test_the_form_lists_only_units_that_can_answer(world, whistles, issue):
    squad = Organization.objects.create(
        code="squad", name="区抢修队", kind="department", area=world.areas[w.DISTRICT]
    )
    Post.objects.create(
        user=world.user("nobody"), role="unit_handler", organization=squad, valid_from=w.START
    )
    assert squad not in units_to_call(issue, at=w.NOW)
    with pytest.raises(ValidationError):
        whistles.blow("street", issue, units=["squad"], lead="squad")
    Post.objects.filter(organization=squad).update(role="unit_desk")
    assert squad in units_to_call(issue, at=w.NOW)
