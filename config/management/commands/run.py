"""Everything `make run` does once the packages are there."""

import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.messages import compile_messages

STOP_WITHIN = 20  # seconds


class Command(BaseCommand):
    help = "Migrate, load the demo into an empty database, and serve until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", default=os.environ.get("PORT", "8000"))
        parser.add_argument("--issues", type=int, default=2000, help="Demo issues to make.")
        parser.add_argument("--no-demo", action="store_true", help="Leave an empty database empty.")

    def handle(self, *_args: Any, port: str, issues: int, no_demo: bool, **_options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError("GEZHI_MODE is not embedded: see docs/operations.md for production.")
        self._step("Database")
        call_command("migrate", verbosity=0)
        self._step("Translations and static files")
        compile_messages()
        call_command("collectstatic", interactive=False, verbosity=0)
        if not no_demo:
            self._step("Demo district, if the database is empty")
            call_command("demo", issues=issues, if_empty=True, stdout=self.stdout)
        self._serve(port)

    def _step(self, name: str) -> None:
        self.stdout.write(f"· {name}")

    def _serve(self, port: str) -> None:
        manage = [sys.executable, "manage.py"]
        web = [
            sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}",
            "--workers", "1", "--threads", "8", "--no-control-socket", "--log-level", "warning",
        ]  # fmt: skip
        # Sessions of their own: Ctrl-C reaches this process alone, which then
        # stops both in order instead of all three racing.
        processes = [
            subprocess.Popen(command, cwd=settings.BASE_DIR, start_new_session=True)  # noqa: S603
            for command in (web, [*manage, "engine"])
        ]
        stopping = _Stop()
        self.stdout.write(
            f"\nGezhi 格治 → http://127.0.0.1:{port}\n"
            "Demo accounts (password gezhi-demo): worker, branch, unit, community, street, "
            "leader, district, admin, auditor\nCtrl-C stops.\n"
        )
        self.stdout.flush()
        while not stopping.asked and all(process.poll() is None for process in processes):
            time.sleep(0.2)
        failed = not stopping.asked
        _stop(processes)
        if failed:
            raise CommandError("A process ended by itself; what it said stands above.")
        self.stdout.write("Stopped.")


class _Stop:
    """Whether Ctrl-C or SIGTERM came."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGINT, self._ask)
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, _signal: int, _frame: FrameType | None) -> None:
        self.asked = True


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
