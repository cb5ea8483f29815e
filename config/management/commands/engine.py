"""Run the embedded engine."""

from typing import Any

from django.core.management.base import BaseCommand

from config.engine import run_engine


class Command(BaseCommand):
    help = "Run the embedded engine: Celery worker and beat in one process."

    def handle(self, *_args: Any, **_options: Any) -> None:
        run_engine()
