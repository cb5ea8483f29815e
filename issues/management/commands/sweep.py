"""The sweep and its audit without Celery: `manage.py sweep`, any number of them at once."""

import logging
import signal
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone
from django.utils.translation import gettext as _

from issues import tasks
from issues.escalation.rounds import one_round

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """Takes the steps that have come and audits, again and again until SIGTERM or Ctrl-C."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help=_("只做一轮。"))
        parser.add_argument("--every", type=float, default=30.0, help=_("每隔多少秒做一轮。"))

    def handle(self, *_args: Any, once: bool, every: float, **_options: Any) -> None:
        if once:
            self._round()
            return
        stopping = threading.Event()

        def stop(_signal: int, _frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        while not stopping.is_set():
            _do(tasks.sweep)
            _do(tasks.audit)
            stopping.wait(every)

    def _round(self) -> None:
        done = one_round(now=timezone.now())
        swept = done.swept
        facts = {"steps": swept.steps, "parked": swept.parked, "moved": done.moved}
        self.stdout.write(
            _("执行 %(steps)d 步，搁置 %(parked)d 个，重算 %(moved)d 个到期时间。") % facts
        )


def _do(task: Callable[[], None]) -> None:
    """What fails now, a database that is away say, is tried again with the next round."""
    try:
        task()
    except Exception:
        log.exception("a round failed")
    close_old_connections()
