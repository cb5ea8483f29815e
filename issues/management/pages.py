"""A page of docs/ that is written from a rule book: what the commands that do it share."""

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _


class PageCommand(BaseCommand):
    """Writes a page; `--check` only says whether it is as it would be written."""

    def written(self) -> tuple[Path, str]:
        """Where the page stands, and its text."""
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help=_("只核对文件是否与办理规则一致，不写入。")
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        path, text = self.written()
        short = path.relative_to(path.parents[1])
        if not options["check"]:
            path.write_text(text, encoding="utf-8")
            self.stdout.write(_("已写入 %(path)s。") % {"path": short})
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            command = type(self).__module__.rsplit(".", 1)[-1]
            said = _("%(path)s 与办理规则不一致，请运行 manage.py %(command)s。")
            raise CommandError(said % {"path": short, "command": command})


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table in Markdown, line by line."""
    head = list(head)
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def first_line(who: Any) -> str:
    """The sentence that a function's docstring begins with."""
    return str(who.__doc__).strip().splitlines()[0]
