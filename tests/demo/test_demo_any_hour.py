"""Whenever the demo is built, every issue in it could have come about by the rule book."""

from datetime import timedelta

import pytest

from config.demo.building import build
from issues.models import Issue
from tests.demo.conftest import ISSUES, SMALL, UNTIL, clear
from tests.issues import invariants


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 7))
def test_at_another_hour_and_by_another_seed_the_rule_book_holds(db, seed):
    clear()
    until = UNTIL + timedelta(days=seed, hours=7 * seed)
    build(size=SMALL, issues=ISSUES, seed=seed, until=until, say=str)
    for issue in Issue.objects.all():
        invariants.check(issue)
