"""Two and more at the same moment, each on a database connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from django.db import connection

from issues import rungs
from issues.models import Issue, Ladder
from issues.services.doing import Given
from issues.services.ladders import set_ladder
from issues.services.verbs import perform
from issues.workflow import Verb
from tests import world as w


def committed_world() -> w.World:
    """The small world where every connection sees it; tests like these empty all tables.

    So what migrations had filled is filled again. Fails off PostgreSQL: a skipped
    race would look like a passed one.
    """
    if connection.vendor != "postgresql":
        pytest.fail("Races need PostgreSQL: set DATABASE_URL, or run with -m 'not postgres'.")
    built = w.build()
    for use in rungs.DEFAULTS:
        if not Ladder.objects.filter(use=use).exists():
            set_ladder(use=use, rungs=rungs.rows(use), now=w.NOW)
    return built


def together(*calls: Callable[[], object]) -> list:
    """Runs calls at the same moment in threads; what each returned or raised, in order."""
    barrier = Barrier(len(calls), timeout=20)

    def one(call: Callable[[], object]) -> object:
        try:
            connection.ensure_connection()
            barrier.wait()
            return call()
        except Exception as error:  # noqa: BLE001  (the outcome is what the test asks about)
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(one, calls))


def does(
    world: w.World,
    name: str,
    verb: str,
    issue: Issue,
    *,
    at: datetime = w.NOW,
    key: str | None = None,
    **given,
) -> Callable[[], Issue]:
    """A call for `together`: somebody's verb, by the posts held before the others move."""
    scope, said = world.scope(name, now=at), Given(**given)
    return lambda: perform(
        scope=scope, number=issue.number, verb=Verb(verb), given=said, key=key, now=at
    )


def again(times: int) -> pytest.MarkDecorator:
    """Runs the race so often, as it may go another way each time; once in `make test`."""
    more = (pytest.param(number, marks=pytest.mark.slow) for number in range(1, times))
    return pytest.mark.parametrize("again", [0, *more])
