"""Doors ask the rules: who reports, lists, keeps the house and sees what is not covered."""

import pytest

from issues.rules import may_list, may_see_coverage, overseen_area
from issues.who import may_report
from partyorgs.rules import may_configure, works_in_cell
from tests import world as w

PEOPLE = [name for name, *_seat in w.PEOPLE] + ["nobody"]
CELL = {"worker", "colleague", "outsider"}
ONLOOKERS = {"admin", "auditor"}


@pytest.mark.parametrize("name", PEOPLE)
def test_each_post_opens_its_own_doors(world, name):
    scope = world.scope(name)
    assert (may_report(scope) is not None) == (name not in ONLOOKERS | {"nobody"})
    assert may_list(scope) == (name not in {"admin", "nobody"})
    assert works_in_cell(scope) == (name in CELL)
    assert may_configure(scope) == (name == "admin")
    assert may_see_coverage(scope) == (name in ONLOOKERS)
    assert overseen_area(scope) == (w.DISTRICT if name in ONLOOKERS else "")


def test_a_superuser_without_a_post_keeps_the_house_and_sees_no_issues(world):
    world.user("admin").posts.all().delete()
    scope = world.scope("admin")
    assert may_configure(scope)
    assert may_see_coverage(scope)
    assert not may_list(scope)
    assert may_report(scope) is None
