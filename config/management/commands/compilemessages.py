"""Compile translations; replaces Django's command, which needs GNU gettext."""

from typing import Any

from django.core.management.base import BaseCommand

from config.messages import compile_messages


class Command(BaseCommand):
    help = "Compile translations without GNU gettext."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(f"compiled: {compile_messages()}")
