"""What the tests of areas, cells and places share."""

import json
import os
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

# Files that cannot be part of the project; named by a folder, or not collected at all.
collect_ignore = [] if os.environ.get("GEZHI_REAL_DATA") else ["test_grid_real_files.py"]


class Import:
    """Runs an import command and keeps what it said."""

    def __init__(self, folder):
        self.folder = folder

    def file(self, content: str | bytes | dict | list, name: str = "given.csv") -> str:
        path = self.folder / name
        if isinstance(content, dict):
            content = json.dumps(content, ensure_ascii=False)
        if isinstance(content, list):
            content = "\n".join(content) + "\n"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def __call__(self, command: str, content, *options: str) -> str:
        """What it said on both streams; CommandError as it comes."""
        out = StringIO()
        call_command(command, self.file(content), *options, stdout=out, stderr=out, no_color=True)
        return out.getvalue()

    def refused(self, command: str, content, *options: str) -> str:
        """What a refused import said, with the last word of the refusal."""
        out = StringIO()
        path = self.file(content)
        with pytest.raises(CommandError) as refusal:
            call_command(command, path, *options, stdout=out, stderr=out, no_color=True)
        assert "没有写入任何数据" in str(refusal.value)
        return out.getvalue() + str(refusal.value)


@pytest.fixture
def run_import(db, tmp_path) -> Import:
    return Import(tmp_path)
