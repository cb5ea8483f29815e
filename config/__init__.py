"""The only room that knows all others: settings, addresses, engine, demo."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
