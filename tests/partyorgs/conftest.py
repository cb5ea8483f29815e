"""Beginnings for tests of organizations, owners and posts."""

import csv
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


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
