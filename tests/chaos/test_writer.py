"""Somebody reports while a sweep of 15,000 limits runs: the report is taken."""

from datetime import timedelta

import pytest
from django.utils import timezone

from issues.escalation.claims import due_clocks
from tests.chaos import oracle, rows
from tests.chaos.databases import on
from tests.chaos.town import Town, p95, refused, reporting
from tests.running import environment, until

DUE = 15_000
MINUTE = timedelta(minutes=1)
ALONE = 60


@pytest.mark.parametrize("vendor", ["postgresql", "sqlite"])
def test_reports_are_taken_beside_a_big_sweep(house, vendor):
    here = house(vendor)
    with on(here.url):
        town = Town(here)
        # One machine with one process for the web, as `make run` has it; SQLite has no other.
        town.env = environment(
            GEZHI_MODE="embedded", DATA_DIR=here.folder, DATABASE_URL=here.url,
            SECRET_KEY=town.env["SECRET_KEY"], CONTACT_KEY=town.env["CONTACT_KEY"],
        )  # fmt: skip
        rows.load(DUE, rows.coming(timezone.now() - MINUTE, 50))
        assert due_clocks(now=timezone.now()).count() == DUE
        try:
            town.web()
            with reporting(town.port, town.token, pause=0) as alone:
                assert until(lambda: len(alone) >= ALONE, 120)
            sweeping = here.start("command", "sweep", "--once")
            with reporting(town.port, town.token, pause=0) as beside:
                sweeping.join(240)
            here.ended_well(sweeping)
        finally:
            town.stop()
        here.run("command", "sweep", "--once")
        verdict = oracle.judge(timezone.now())
    print(
        f"\n{vendor}: a report takes {p95(alone):.0f} ms (p95 of {len(alone)}), "
        f"beside a sweep {p95(beside):.0f} ms (p95 of {len(beside)}); {verdict}"
    )
    assert refused(alone) == refused(beside) == []
    assert verdict.well, verdict
