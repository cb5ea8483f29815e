"""Which loggers print, and how much; the lines themselves are made in `config.logs`."""

from typing import Any


def to_stdout(*, level: str) -> dict[str, Any]:
    """The LOGGING setting: one handler prints everything from `level` on."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": "config.logs.formatter"}},
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "formatter": "lines",
                "stream": "ext://sys.stdout",
            }
        },
        "root": {"handlers": ["stdout"], "level": level},
        # Named loggers lose the handlers that Django gives them: none mails or prints beside
        # ours. What a visitor did wrong stands in the line of the request.
        "loggers": {
            # Both would print addresses of targets, which hold their keys.
            "apprise": {"level": "CRITICAL"},
            "urllib3": {"level": "ERROR"},
            "celery": {"level": "WARNING"},
            "django": {"level": "INFO"},
            "django.request": {"level": "ERROR"},
            "django.server": {"level": "ERROR", "propagate": True},
            "kombu": {"level": "ERROR"},
        },
    }
