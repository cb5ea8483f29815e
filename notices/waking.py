"""Tell the workers that something waits. It only hurries: the schedule comes anyway."""

import logging
import time
from functools import lru_cache

from celery import current_app
from django.conf import settings
from kombu import Connection
from kombu.pools import producers

TASK = "notices.tasks.send_notices"
EXPIRES = 10  # seconds; the schedule has come by then
# A broker that did not answer is left alone for this long.
REST = 30  # seconds
WAIT = 0.5  # seconds for a free connection of the pool
# For connections of their own, since workers may wait longer for the broker. Times in
# seconds; kombu takes 0 retries for "without end".
LIMITS = {
    "socket_connect_timeout": 0.3,
    "socket_timeout": 0.3,
    "retry_on_timeout": False,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
}

logger = logging.getLogger(__name__)
_down_until = 0.0


def wake() -> None:
    """Ask a worker to send now; a broker that is down costs one short try in REST seconds."""
    global _down_until  # noqa: PLW0603 - one memory a process is what is meant
    if not settings.REDIS_URL or time.monotonic() < _down_until:
        return
    try:
        with producers[_broker(settings.CELERY_BROKER_URL)].acquire(
            block=True, timeout=WAIT
        ) as producer:
            current_app.send_task(
                TASK, producer=producer, retry=False, ignore_result=True, expires=EXPIRES
            )
    except Exception as error:  # noqa: BLE001 - whatever the broker has, the request goes on
        _down_until = time.monotonic() + REST
        logger.warning("The broker did not take a wake-up: %s", type(error).__name__)


@lru_cache(maxsize=2)
def _broker(url: str) -> Connection:
    """The broker for wake-ups; the pool keeps its open connections by it."""
    return Connection(url, transport_options=LIMITS)
