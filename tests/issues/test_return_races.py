"""A return is decided once, whoever decides at the same moment (DOMAIN.md §4.4)."""

import pytest

from issues.escalation.sweep import sweep
from issues.services.errors import Refused
from tests import racing
from tests import world as w
from tests.issues.test_returns import back, hours, rows, twice, whole
from tests.racing import does

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db):
    return racing.committed_world()


def test_the_desk_and_the_clock_at_once_are_one_decision(world, together):
    for _again in range(4):
        issue = back(world, world.report())
        late = hours(w.NOW, 4)
        desk = does(world, "street", "redispatch", issue, at=late, unit="roads", reason="x")
        together(desk, lambda at=late: sweep(now=at))
        sweep(now=late)
        (row,) = rows(whole(issue))
        decided = [event.verb for event in issue.events.all()
                   if event.verb in ("redispatch", "fall_back")]  # fmt: skip
        # After the territory took it the desk may still send it on; never the other way round.
        assert decided in (["redispatch"], ["fall_back"], ["fall_back", "redispatch"])
        assert row.how == {"redispatch": "desk", "fall_back": "territory"}[decided[0]]


def test_two_decisions_at_once_are_one(world, together):
    for _again in range(4):
        issue = twice(world, world.report())
        outcomes = together(
            does(world, "leader", "confer", issue, unit="roads", note="会商决定。"),
            does(world, "district", "judge", issue, unit="clean", reason="unit_wrong"),
        )
        assert sum(isinstance(one, Refused) for one in outcomes) == 1
        row = rows(whole(issue))[1]
        assert (row.how, row.sent_to.code) in {("conference", "roads"), ("judgement", "clean")}


def test_two_clicks_return_once(world, together):
    issue = world.report()
    item = issue.category.responsibilities.get().pk
    given = {"reason": "not_ours", "proposed": "roads", "item": item}
    outcomes = together(*(does(world, "unit", "return", issue, **given) for _click in range(2)))
    assert sum(isinstance(one, Refused) for one in outcomes) == 1
    assert whole(issue).returns == 1
