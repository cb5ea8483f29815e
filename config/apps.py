from celery.signals import beat_init, setup_logging, worker_init
from django.apps import AppConfig

from config.safety import refuse_unsafe_start


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        """Let Celery's own processes refuse an unsafe start as the web process does."""
        worker_init.connect(refuse_unsafe_start, weak=False)
        beat_init.connect(refuse_unsafe_start, weak=False)
        setup_logging.connect(keep_logging, weak=False)


def keep_logging(**_signal: object) -> None:
    """A receiver keeps Celery from replacing the logging that the settings describe."""
