"""Beginnings for tests of organizations, owners and posts."""

import csv
import threading
from collections.abc import Callable, Iterable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections


@pytest.fixture
def together() -> Callable[..., list]:
    """Runs acts at the same moment, each on a connection of its own.

    Gives back what each returned or raised, in order. Fails off PostgreSQL: a
    skipped race test would look like a passed one.
    """
    if connection.vendor != "postgresql":
        pytest.fail('races need PostgreSQL: set DATABASE_URL, or deselect with -m "not postgres"')

    def run(*acts: Callable[[], object]) -> list:
        barrier = threading.Barrier(len(acts))
        outcomes: list = [None] * len(acts)

        def run_one(number: int) -> None:
            try:
                connection.ensure_connection()
                barrier.wait(timeout=10)
                outcomes[number] = acts[number]()
            except Exception as error:  # noqa: BLE001
                outcomes[number] = error
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run_one, args=(n,)) for n in range(len(acts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        return outcomes

    return run


class Importer:
    """Writes a CSV file, runs the command, and keeps what it said."""

    def __init__(self, folder: Path, command: str, columns: str) -> None:
        self.folder, self.command, self.columns = folder, command, columns.split(",")
        self.out = self.err = self.failure = ""

    def __call__(self, lines: Iterable[str], *, columns: str = "", dry_run: bool = False) -> bool:
        """Whether the file went in; lines are comma-separated values."""
        path = self.folder / "file.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns.split(",") if columns else self.columns)
            writer.writerows(line.split(",") for line in lines)
        out, err = StringIO(), StringIO()
        self.failure = ""
        try:
            call_command(self.command, str(path), dry_run=dry_run, stdout=out, stderr=err)
        except CommandError as error:
            self.failure = str(error)
        self.out, self.err = out.getvalue(), err.getvalue()
        return not self.failure


@pytest.fixture
def import_owners(tmp_path, world) -> Importer:
    return Importer(tmp_path, "import_owners", "cell_code,branch_code,branch_name,from")


@pytest.fixture
def import_responsibilities(tmp_path, world) -> Importer:
    columns = "category_code,area_code,level,unit_code,unit_name,supervisor_code,basis"
    return Importer(tmp_path, "import_responsibilities", columns)


@pytest.fixture
def import_posts(tmp_path, world) -> Importer:
    columns = "username,name,role,organization_code,cell_code,area_code,from,until"
    return Importer(tmp_path, "import_posts", columns)
