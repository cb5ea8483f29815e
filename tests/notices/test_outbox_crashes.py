"""A sender killed with SIGKILL: each notice still leaves, with the same key."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from notices.models import AllowedHost, Attempt, Notice
from notices.secrecy import seal
from tests.notices.outbox import draft, group, tell

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]
COUNT = 3


class Web(BaseHTTPRequestHandler):
    got: list[str]

    def do_POST(self):  # noqa: N802 - the base class names it
        self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append(self.headers["webhook-id"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_args):
        pass


@pytest.fixture
def web():
    """A webhook's receiver on a port of its own; the ids it got, in order."""
    handler = type("Handler", (Web,), {"got": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        AllowedHost.objects.create(pattern="127.0.0.0/8")
        group(
            channel="webhook",
            address=seal(f"http://127.0.0.1:{server.server_port}/hook"),
            secret=seal("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        )
        yield handler.got
        server.shutdown()


@pytest.fixture
def sender(tmp_path):
    """Runs the command in a process of its own on this test's database.

    An in-memory SQLite cannot be shared with a process, so it is copied to a file
    and back.
    """
    name = connection.settings_dict["NAME"]
    in_memory = connection.vendor == "sqlite"
    file = tmp_path / "outbox.sqlite3"
    env = {k: v for k, v in os.environ.items() if not k.startswith("GEZHI")}
    env |= {"GEZHI_MODE": "test", "GEZHI_ENV_FILE": os.devnull}
    env["SECRET_KEY"] = settings.SECRET_KEY

    def run(failpoint=""):
        if in_memory:
            connection.ensure_connection()
            file.unlink(missing_ok=True)
            connection.connection.execute(f"VACUUM INTO '{file}'")
            env["DATABASE_URL"] = f"sqlite:///{file}"
        else:
            base = os.environ["DATABASE_URL"].rpartition("/")[0]
            env["DATABASE_URL"] = f"{base}/{name}"
        done = subprocess.run(
            [sys.executable, "manage.py", "send_notices", "--once"],
            cwd=ROOT, env=env | ({"GEZHI_FAILPOINT": failpoint} if failpoint else {}),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if in_memory:
            _copy_back(file)
        return done

    return run


def _copy_back(file):
    with connection.cursor() as cursor:
        cursor.execute("ATTACH DATABASE %s AS away", [str(file)])
        for model in (Attempt, Notice):
            cursor.execute(f"DELETE FROM main.{model._meta.db_table}")  # noqa: S608
        for model in (Notice, Attempt):
            table = model._meta.db_table
            cursor.execute(f"INSERT INTO main.{table} SELECT * FROM away.{table}")  # noqa: S608
        cursor.execute("DETACH DATABASE away")


def time_passes(minutes=5):
    for notice in Notice.objects.filter(state="sending"):
        notice.lease_until -= timedelta(minutes=minutes)
        notice.next_attempt_at -= timedelta(minutes=minutes)
        notice.save()


@pytest.mark.parametrize(
    "failpoint", ["notices.after_claim", "notices.after_send", "notices.after_send@2"]
)
def test_a_killed_sender_loses_nothing_and_repeats_with_the_same_key(web, sender, failpoint):
    tell(*(draft(key=f"fact {n}", audience=("x",)) for n in range(COUNT)))
    keys = set(Notice.objects.values_list("key", flat=True))

    assert sender(failpoint).returncode == -signal.SIGKILL
    interrupted = set(Notice.objects.filter(state="sending").values_list("key", flat=True))
    assert interrupted
    time_passes()
    finished = sender()

    assert finished.returncode == 0, finished.stderr
    assert set(web) == keys
    assert not Notice.objects.exclude(state="sent").exists()
    tried = {
        notice.key: list(notice.tries.order_by("number").values_list("number", "ok"))
        for notice in Notice.objects.all()
    }
    for key, attempts in tried.items():
        assert attempts[-1][1] is True
        assert all(ok is None for _number, ok in attempts[:-1])
        assert len(attempts) == 1 or key in interrupted
    if failpoint != "notices.after_claim":
        assert any(len(attempts) == 2 for attempts in tried.values())


def test_killed_again_and_again_everything_leaves(web, sender):
    tell(*(draft(key=f"fact {n}", audience=("x",)) for n in range(COUNT)))
    keys = set(Notice.objects.values_list("key", flat=True))
    rounds = 0
    while Notice.objects.exclude(state="sent").exists():
        sender("notices.after_send@2")
        time_passes()
        rounds += 1
        assert rounds < 20
    assert set(web) == keys
