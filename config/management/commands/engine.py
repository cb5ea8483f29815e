"""Run the embedded engine."""

import logging
import sys
from typing import Any

from django.core.management.base import BaseCommand

from config.engine import run_engine

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Run the embedded engine: Celery worker and beat in one process."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            run_engine()
        except Exception:
            # Python would print the texts of exceptions, which may hold what people typed.
            log.exception("the engine ended by an error")
            sys.exit(1)
