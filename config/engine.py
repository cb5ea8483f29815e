"""The embedded engine: one process with a Celery worker and a beat thread.

`celery worker -B` with an in-memory broker forks its beat, which then publishes
into a memory that nobody reads; a thread shares the worker's.
"""

import logging

from celery.beat import EmbeddedService

from config.celery import app

log = logging.getLogger(__name__)


def run_engine(*, threads: int = 2) -> None:
    """Work until SIGTERM or SIGINT; the beat stops with the worker."""
    beat = EmbeddedService(app, thread=True)
    worker = app.Worker(pool="threads", concurrency=threads, without_mingle=True, quiet=True)
    beat.start()  # type: ignore[union-attr]
    log.info("engine started")
    try:
        worker.start()
    finally:
        beat.stop()
        log.info("engine stopped")
