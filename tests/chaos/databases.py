"""Whose database the ORM speaks to."""

from contextlib import contextmanager
from unittest.mock import patch

from django.db import connections
from django.db.utils import ConnectionHandler

from config import settings


@contextmanager
def on(url):
    """Let the ORM of this process speak to that database, threads that it starts too."""
    with patch.dict(settings.env.ENVIRON, DATABASE_URL=url):
        there = ConnectionHandler({"default": settings.database()}).settings["default"]
    before = connections["default"]
    with patch.dict(connections.settings, default=there):
        connections["default"] = connections.create_connection("default")
        try:
            yield
        finally:
            connections["default"].close()
            connections["default"] = before
