"""The sweep beside the raw claim of the same machine, and the auditor.

The sweep takes 15,000 due rungs out of 200,000 running clocks: step, event,
notices and the next rung of each. Beside it the floor: claim rows with SKIP
LOCKED, write a history row each, and nothing else.
"""

import statistics
import time
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from issues.escalation.audit import audit
from issues.escalation.sweep import sweep
from issues.models import Clock, Event, Ladder, Step
from notices.models import Notice

RUNNING, DUE = 200_000, 15_000
RAW_BATCH = 1000

COPIES = """
INSERT INTO issues_issue ({columns})
SELECT {values} FROM issues_issue AS one, generate_series(1, %s) AS n
WHERE one.id = ANY(%s)
"""


def main(*, running: int = RUNNING, due: int = DUE) -> None:
    """Print rows a second of the raw claim and of the sweep, and the auditor's time."""
    _fill(running, due)
    raw = _raw()
    _due_again(due)
    before = Step.objects.count(), Event.objects.count(), Notice.objects.count()
    begun = time.perf_counter()
    swept = sweep(now=timezone.now())
    spent = time.perf_counter() - begun
    made = (
        Step.objects.count() - before[0],
        Event.objects.count() - before[1],
        Notice.objects.count() - before[2],
    )
    print(f"\nsweep: {running:,} running clocks, {due:,} due")
    print(f"  raw claim with a history row {raw:>10,.0f} rows/s")
    print(f"  sweep                        {swept.steps / spent:>10,.0f} steps/s in {spent:.1f} s")
    print(
        f"  wrote {made[0]:,} steps, {made[1]:,} events, {made[2]:,} notices; parked {swept.parked}"
    )
    times = [_audited() for _ in range(5)]
    print(f"  auditor {statistics.median(times) * 1000:,.0f} ms (median of 5)")


def _audited() -> float:
    begun = time.perf_counter()
    audit(now=timezone.now())
    return time.perf_counter() - begun


def _fill(running: int, due: int) -> None:
    """Copies of the demo's open issues that are with a unit, each with a clock on the ladder."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(id) FROM (SELECT id FROM issues_issue "
            "WHERE state IN ('dispatched', 'handling') ORDER BY id LIMIT 500) AS chosen"
        )
        (patterns,) = cursor.fetchone()
        cursor.execute(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_name = 'issues_issue' AND column_name <> 'id' ORDER BY ordinal_position"
        )
        columns = [name for (name,) in cursor.fetchall()]
        own = {
            "number": "'SW-' || one.id || '-' || n",
            "contact_id": "NULL",
            "event_count": "0",
            "last_hash": "''",
            "escalated": "0",
            "answer_due_at": "NULL",
            "called_at": "NULL",
        }
        values = ", ".join(own.get(name, f"one.{name}") for name in columns)
        sql = COPIES.format(columns=", ".join(columns), values=values)
        cursor.execute(sql, [-(-running // len(patterns)), patterns])
        ladder = Ladder.objects.get(use="limit", replaced_at=None)
        cursor.execute(
            "INSERT INTO issues_clock (issue_id, organization_id, kind, limit_clock, calendar,"
            " calendar_stamp, critical, limit_minutes, granted_minutes, started_at, yellow_at,"
            " due_at, provisional, ladder_id, level, next_at, parked_error, subject)"
            " SELECT id, unit_id, 'handle', 'working', 'default', '', critical, 960, 960,"
            " now() - interval '2 days', now() + interval '1 day', now() + interval '2 days',"
            " false, %s, -1, now() + interval '1 day', '', ''"
            " FROM issues_issue WHERE number LIKE 'SW-%%'",
            [ladder.pk],
        )
        cursor.execute("CREATE TABLE bench_history (clock bigint, at timestamptz)")
    _due_again(due)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _due_again(due: int) -> None:
    """Let so many clocks of the copies be due for their first rung."""
    keys = Clock.objects.filter(issue__number__startswith="SW-", level=-1).order_by("pk")
    chosen = list(keys.values_list("pk", flat=True)[:due])
    at = timezone.now() - timedelta(seconds=30)
    Clock.objects.filter(pk__in=chosen).update(next_at=at, yellow_at=at)


def _raw() -> float:
    """Rows a second of the floor: claim, mark, one history row each."""
    begun, rows = time.perf_counter(), 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "WITH taken AS (SELECT id FROM issues_clock WHERE next_at <= now()"
                " AND stopped_at IS NULL AND parked_at IS NULL ORDER BY next_at LIMIT %s"
                " FOR UPDATE SKIP LOCKED), moved AS (UPDATE issues_clock SET next_at ="
                " now() + interval '1 day' FROM taken WHERE issues_clock.id = taken.id"
                " RETURNING issues_clock.id)"
                " INSERT INTO bench_history SELECT id, now() FROM moved",
                [RAW_BATCH],
            )
            done: int = cursor.rowcount
        rows += done
        if done < RAW_BATCH:
            return rows / (time.perf_counter() - begun)
