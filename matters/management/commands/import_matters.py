"""Import categories, filing conditions and limits from a folder of CSV files."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from matters.importing import BadMatters, read_folder
from matters.services import save_matters

DATA = Path(__file__).resolve().parents[2] / "data"


class Command(BaseCommand):
    help = "Import categories, filing conditions and limits from DIR (default: the project's own)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=DATA)
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *_args: Any, folder: Path, dry_run: bool, **_options: Any) -> None:
        try:
            matters = read_folder(folder)
        except BadMatters as bad:
            raise CommandError(
                _("什么都没有写入。请改正后重试：") + "\n" + "\n".join(bad.errors)
            ) from bad
        with transaction.atomic():
            saved = save_matters(matters=matters)
            transaction.set_rollback(dry_run)
        counts = {"made": saved.made, "changed": saved.changed, "off": saved.switched_off}
        line = _("新建 %(made)d，修改 %(changed)d，停用 %(off)d。") % counts
        self.stdout.write((_("试运行，未写入：") if dry_run else "") + line)
