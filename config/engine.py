"""The embedded engine: one process with a Celery worker and a beat thread.

`celery worker -B` with an in-memory broker forks its beat, which then publishes
into a memory that nobody reads; a thread shares the worker's.
"""

import logging
import threading

from celery.beat import EmbeddedService
from celery.worker import state

from config.celery import app

log = logging.getLogger(__name__)
FAILED = 1  # exit code


def run_engine(*, threads: int = 2) -> None:
    """Work until SIGTERM or SIGINT; the beat stops with the worker.

    Raises RuntimeError when the beat ended by itself: without it nothing is
    swept, and whoever started this process must know.
    """
    beat = EmbeddedService(app, thread=True)
    stopping, died = threading.Event(), threading.Event()

    def watch() -> None:
        beat.join()  # type: ignore[union-attr]
        if not stopping.is_set():
            died.set()
            # The worker looks at this once a second.
            state.should_stop = FAILED  # type: ignore[assignment]

    worker = app.Worker(pool="threads", concurrency=threads, without_mingle=True, quiet=True)
    beat.start()  # type: ignore[union-attr]
    threading.Thread(target=watch, daemon=True, name="Watch").start()
    log.info("engine started")
    try:
        worker.start()
    finally:
        stopping.set()
        if beat.is_alive():  # type: ignore[union-attr]
            beat.stop()
        log.info("engine stopped")
    if died.is_set():
        raise RuntimeError("The beat ended by itself.")
