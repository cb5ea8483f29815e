"""The examples of docs/imports.md go in as they stand, in the order of the page."""

import re
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from grid.models import Cell
from partyorgs.models import CellOwnership
from tests.world import SCHOOL

pytestmark = pytest.mark.django_db
PAGE = Path(settings.BASE_DIR) / "docs" / "imports.md"
EXAMPLE = re.compile(r"^## (import_\w+)$.*?```(csv|json)\n(.*?)```", re.DOTALL | re.MULTILINE)


def test_every_example_of_the_page_can_be_imported_and_changes_nothing_again(world, tmp_path):
    CellOwnership.objects.filter(cell__code=SCHOOL).delete()
    Cell.objects.filter(code=SCHOOL).delete()
    commands = []
    for command, kind, text in EXAMPLE.findall(PAGE.read_text(encoding="utf-8")):
        if command == "import_matters":
            continue
        path = tmp_path / f"{command}.{kind}"
        path.write_text(text, encoding="utf-8")
        for _turn in (1, 2):
            out = StringIO()
            more = {"username": "street"} if command == "import_tickets" else {}
            call_command(command, str(path), stdout=out, stderr=StringIO(), **more)
        assert "新增 0，修改 0" in out.getvalue(), command
        commands.append(command)
    assert len(commands) == 8
