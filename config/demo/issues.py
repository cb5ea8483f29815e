"""Many issues, in chunks that depend on nothing but the seed and their own number."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context
from random import Random

from django.db import connection, connections, transaction

from config.demo.rows import FirstIds, Life, next_sequences, number_rows, store
from config.demo.scenes import STAGED_ISSUES, Stage, is_staged
from config.demo.skew import arrivals
from config.demo.story import tell
from config.demo.world import World, home_share

CHUNK = 500
# Ids set aside for one issue's rows, so that chunks need not know of each other.
EVENTS, ASSIGNMENTS, CLOCKS, STEPS, RETURNS = 40, 8, 12, 24, 4
MANY = 20_000
PROCESSES = min(8, os.cpu_count() or 1)
HISTORY = timedelta(days=730)
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Plan:
    """Everything a chunk needs; `times` are POSIX times in order."""

    world: World
    stage: Stage
    times: list[float]
    staged: int
    seed: int

    @property
    def count(self) -> int:
        return len(self.times) + self.staged


_plan: list[Plan] = []


def make_issues(
    *, world: World, count: int, seed: int, until: datetime, prefix: str, progress: Progress
) -> None:
    """Store `count` issues of the two years before `until`.

    Above MANY, PostgreSQL takes them from several processes, each chunk in a
    transaction of its own; otherwise in the caller's process and transaction.
    """
    staged = STAGED_ISSUES if is_staged(count) else 0
    stage = Stage(world, until=until, seed=seed, prefix=prefix, home_share=home_share(count))
    times = arrivals(count=count - staged, seed=seed, since=until - HISTORY, until=until)
    plan = Plan(world, stage, times, staged, seed)
    chunks = range(0, count, CHUNK)
    made = 0
    for size in _in_turn(plan, chunks) if not _spread(count) else _side_by_side(plan, chunks):
        made += size
        progress(made, count)
    next_sequences()


def _spread(count: int) -> bool:
    return count > MANY and connection.vendor == "postgresql" and not connection.in_atomic_block


def _in_turn(plan: Plan, chunks: range) -> Iterator[int]:
    for start in chunks:
        with transaction.atomic():
            size = write_chunk(plan, start)
        yield size


def _side_by_side(plan: Plan, chunks: range) -> Iterator[int]:
    """Forked processes inherit the plan and open connections of their own."""
    _plan[:] = [plan]
    connections.close_all()
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("fork")) as pool:
        yield from pool.map(_write_alone, chunks)
    _plan.clear()


def _write_alone(start: int) -> int:
    with transaction.atomic():
        return write_chunk(_plan[0], start)


def write_chunk(plan: Plan, start: int) -> int:
    """Tell and store the issues from `start` on; returns how many."""
    lives = list(tell_chunk(plan, start))
    number_rows(lives, FirstIds(
        issue=1 + start, event=1 + start * EVENTS, assignment=1 + start * ASSIGNMENTS,
        clock=1 + start * CLOCKS, step=1 + start * STEPS, returned=1 + start * RETURNS,
    ))  # fmt: skip
    store(lives)
    return len(lives)


def tell_chunk(plan: Plan, start: int) -> Iterator[Life]:
    rng = Random(f"{plan.seed}:{start}")  # noqa: S311 - a demo, not a secret
    end = min(start + CHUNK, plan.count)
    for index in range(start, min(end, len(plan.times))):
        scene = plan.stage.ordinary(index, plan.times[index], rng)
        yield tell(scene, world=plan.world, rng=rng)
    if end == plan.count and plan.staged:
        for scene in plan.stage.staged(len(plan.times), rng):
            yield tell(scene, world=plan.world, rng=rng)
