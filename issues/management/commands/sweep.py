"""The sweep without Celery: `manage.py sweep`, any number of them at once."""

import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from issues.escalation.reckoning import reckon_all
from issues.escalation.sweep import sweep


class Command(BaseCommand):
    """Takes the steps that have come, again and again until SIGTERM or Ctrl-C."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help=_("只做一轮。"))
        parser.add_argument("--every", type=float, default=30.0, help=_("每隔多少秒做一轮。"))

    def handle(self, *_args: Any, once: bool, every: float, **_options: Any) -> None:
        stopping = threading.Event()

        def stop(_signal: int, _frame: FrameType | None) -> None:
            stopping.set()

        if not once:
            signal.signal(signal.SIGTERM, stop)
            signal.signal(signal.SIGINT, stop)
        while not stopping.is_set():
            self._round()
            if once:
                break
            stopping.wait(every)

    def _round(self) -> None:
        now = timezone.now()
        moved = reckon_all(now=now)
        swept = sweep(now=now)
        facts = {"steps": swept.steps, "parked": swept.parked, "moved": moved}
        self.stdout.write(
            _("执行 %(steps)d 步，搁置 %(parked)d 个，重算 %(moved)d 个到期时间。") % facts
        )
