"""gunicorn's settings that hold wherever it runs: `gunicorn --config config/gunicorn.py …`."""

import logging
import sys

from gunicorn.config import Config
from gunicorn.glogging import Logger

from config.logs import formatter


class OurLogger(Logger):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's own words on stdout in our format."""

    def setup(self, cfg: Config) -> None:
        """Replace the handlers that the command line asked for."""
        super().setup(cfg)
        for handler in list(self.error_log.handlers):
            self.error_log.removeHandler(handler)
        stdout = logging.StreamHandler(sys.stdout)
        stdout.setFormatter(formatter())
        self.error_log.addHandler(stdout)

    def access(self, *_facts: object) -> None:
        """Nothing: its line holds addresses as typed; config.middleware.watched prints ours."""


logger_class = OurLogger
