"""Everything `make run` does once the packages are there."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from argparse import ArgumentParser
from contextlib import suppress
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from accounts.queries import demo_users
from config.messages import compile_messages

STOP_WITHIN = 20  # seconds
AGAIN = 0.01  # seconds
INTERRUPTED = 130  # what a shell reports after Ctrl-C
ADDRESS = "127.0.0.1"


class Command(BaseCommand):
    help = "Migrate, load the demo into an empty database, and serve until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=os.environ.get("PORT") or "8000")
        parser.add_argument("--issues", type=int, default=2000, help="Demo issues to make.")
        parser.add_argument("--no-demo", action="store_true", help="Leave an empty database empty.")

    def handle(self, *_args: Any, port: int, issues: int, no_demo: bool, **_options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError("GEZHI_MODE is not embedded: see docs/operations.md for production.")
        _refuse_taken(port)
        stopping = _Stop()
        with suppress(KeyboardInterrupt):
            self._prepare(issues=issues, demo=not no_demo)
        if stopping.asked:
            self.stdout.write("\nStopped before serving. The next start goes on.")
            sys.exit(INTERRUPTED)
        self._serve(port, stopping)

    def _prepare(self, *, issues: int, demo: bool) -> None:
        self._step("Database")
        call_command("migrate", verbosity=0)
        self._step("Translations and static files")
        compile_messages()
        call_command("collectstatic", interactive=False, verbosity=0)
        if demo:
            self._step("Demo district, if the database is empty")
            call_command("demo", issues=issues, if_empty=True, stdout=self.stdout)

    def _step(self, name: str) -> None:
        self.stdout.write(f"· {name}")
        self.stdout.flush()

    def _serve(self, port: int, stopping: "_Stop") -> None:
        stopping.serving = True
        processes = _start(port)
        if _until_it_answers(port, processes, stopping):
            self._welcome(port)
        while not stopping.asked and _alive(processes):
            time.sleep(0.2)
        failed = not stopping.asked
        _stop(processes)
        if failed:
            raise CommandError("A process ended by itself; what it said stands above.")
        self.stdout.write("Stopped.")

    def _welcome(self, port: int) -> None:
        self.stdout.write(f"\nGezhi 格治 → http://{ADDRESS}:{port}")
        if demo_users().exists():
            self.stdout.write(
                "Demo accounts (password gezhi-demo): worker, branch, unit, community, street, "
                "leader, district, admin, auditor"
            )
        self.stdout.write("Ctrl-C stops.")
        self.stdout.flush()


class _Stop:
    """Whether Ctrl-C or SIGTERM came, or the terminal was closed.

    Before serving it also interrupts what runs. Python drops an interruption
    that arrives inside a finalizer or a callback: it is then sent once more.
    """

    def __init__(self) -> None:
        self.asked = self.serving = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)
        sys.unraisablehook = self._dropped

    def _ask(self, _signal: int, _frame: FrameType | None) -> None:
        self.asked = True
        if not self.serving:
            raise KeyboardInterrupt

    def _dropped(self, what: "sys.UnraisableHookArgs") -> None:
        if isinstance(what.exc_value, KeyboardInterrupt):
            threading.Timer(AGAIN, os.kill, (os.getpid(), signal.SIGINT)).start()
        else:
            sys.__unraisablehook__(what)


def _refuse_taken(port: int) -> None:
    """Raise CommandError when nobody can listen on the port, before any work is done."""
    with socket.socket() as probe:
        # As gunicorn does: connections that only linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except (OSError, OverflowError) as refusal:
            raise CommandError(
                f"Port {port} cannot be used ({refusal}). "
                "Stop what runs there, or choose another port: PORT=8001 make run"
            ) from None


def _start(port: int) -> list[subprocess.Popen[bytes]]:
    """The web process and the engine."""
    web = [
        sys.executable, "-m", "gunicorn", "config.wsgi", "--config", "config/gunicorn.py",
        "--bind", f"{ADDRESS}:{port}", "--workers", "1", "--threads", "8",
        "--no-control-socket", "--log-level", "warning",
    ]  # fmt: skip
    engine = [sys.executable, "manage.py", "engine"]
    # Sessions of their own: Ctrl-C reaches this process alone, which then
    # stops both in order instead of all three racing.
    return [
        subprocess.Popen(command, cwd=settings.BASE_DIR, start_new_session=True)  # noqa: S603
        for command in (web, engine)
    ]


def _alive(processes: list[subprocess.Popen[bytes]]) -> bool:
    return all(process.poll() is None for process in processes)


def _until_it_answers(port: int, processes: list[subprocess.Popen[bytes]], stopping: _Stop) -> bool:
    """True once the web process answers; False when a stop was asked or a process ended first."""
    # No proxy of the environment stands between this machine and itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while not stopping.asked and _alive(processes):
        with suppress(OSError), opener.open(f"http://{ADDRESS}:{port}/health/live", timeout=5):
            return True
        time.sleep(0.1)
    return False


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
