"""Send waiting notices without Celery."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from notices.sending import send_due
from notices.tasks import THREADS

PAUSE = 5  # seconds


class Command(BaseCommand):
    help = "Send waiting notices: again and again until stopped, or --once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="Send what is due now and end.")

    def handle(self, *_args: Any, once: bool, **_options: Any) -> None:
        while True:
            sent = send_due(now=timezone.now(), threads=THREADS)
            if once or sent.shown or sent.sent or sent.failed:
                self.stdout.write(
                    f"shown {sent.shown}, sent {sent.sent}, "
                    f"failed attempts {sent.failed}, settled {sent.settled}"
                )
            if once:
                return
            time.sleep(PAUSE)
