"""A server started as `make run` starts it, in a data folder of its own."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.servers import free_port

ROOT = Path(__file__).resolve().parent.parent


def environment(**extra):
    """This process's environment without settings, and no .env of the checkout."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GEZHI", "DATABASE", "REDIS"))}
    kept |= {"PYTHONUNBUFFERED": "1", "GEZHI_ENV_FILE": os.devnull}
    return kept | {key: str(value) for key, value in extra.items()}


def get(port, path):
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"http://127.0.0.1:{port}{path}", headers={"X-Forwarded-Proto": "https"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def until(check, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return True
        time.sleep(0.2)
    return False


class Running:
    """`manage.py run` in a data folder of its own.

    What it says is read all the time: a full pipe would stop the server.
    """

    def __init__(self, folder, *, issues=30, **variables):
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run", "--issues", str(issues)],
            cwd=ROOT, text=True, env=environment(DATA_DIR=folder, PORT=self.port, **variables),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.said = ""
        self._lines = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.said += line
            self._lines.put(line)
        self._lines.put(None)

    def says(self, words):
        """Wait until a line holds these words; False when it ends without."""
        while (line := self._lines.get()) is not None:
            if words in line:
                return True
        return False

    def ready(self):
        def answers():
            if self.process.poll() is not None:
                raise RuntimeError(self.said)
            try:
                return get(self.port, "/health/ready")[0] == 200
            except OSError:
                return False

        return until(answers, 120)

    def stop(self):
        """Its exit code after Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=40)
        self._reader.join(timeout=10)
        return self.process.returncode
