from celery.apps import worker
from celery.signals import beat_init, setup_logging, worker_init
from django.apps import AppConfig
from django.core.signals import request_finished

from config.logs import request_over, say
from config.safety import refuse_unsafe_start


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        """Let Celery's own processes refuse an unsafe start as the web process does."""
        request_finished.connect(request_over)
        worker_init.connect(refuse_unsafe_start, weak=False)
        beat_init.connect(refuse_unsafe_start, weak=False)
        setup_logging.connect(keep_logging, weak=False)


def keep_logging(**_signal: object) -> None:
    """A receiver keeps Celery from replacing the logging that the settings describe.

    What its worker writes to the terminal at shutdown becomes a line like all others.
    """
    worker.safe_say = say  # type: ignore[attr-defined]
