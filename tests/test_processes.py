"""The processes as an operator starts them: one command, production's refusals, a clean stop."""

import re
import subprocess
import sys
import time

import pytest

from tests.running import ROOT, Running, environment, get, until
from tests.servers import free_port, servers, wait_for

# Where the container keeps its schedule; here it goes to the test folder.
BEAT_FILE = "/tmp/beat"  # noqa: S108
SECRETS = {"SECRET_KEY": "0123456789abcdef" * 4, "CONTACT_KEY": "fedcba9876543210" * 4}

pytestmark = pytest.mark.slow


def manage(*words, **env):
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT, env=environment(**env), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_one_command_serves_stops_cleanly_and_keeps_its_data(tmp_path):
    first = Running(tmp_path)
    assert first.ready()
    assert get(first.port, "/sign-in/")[0] == 200
    assert first.stop() == 0, first.said
    assert f"http://127.0.0.1:{first.port}" in first.said
    assert "gezhi-demo" in first.said
    began = time.monotonic()
    second = Running(tmp_path)
    assert second.ready()
    assert time.monotonic() - began < 60
    assert second.stop() == 0, second.said
    counted = manage("shell", "-v0", "-c",
                     "from issues.models import Issue; print(Issue.objects.count())",
                     DATA_DIR=tmp_path)  # fmt: skip
    assert counted.stdout.strip() == "30"


def test_the_embedded_engine_runs_what_its_beat_sends(tmp_path):
    assert manage("migrate", "-v0", DATA_DIR=tmp_path).returncode == 0
    script = (
        "import django; django.setup()\n"
        "from config.celery import app\n"
        "from config.engine import run_engine\n"
        "app.conf.beat_schedule = {'tick': {'task': 'issues.tasks.tidy', 'schedule': 1.0}}\n"
        "run_engine()\n"
    )
    engine = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT, env=environment(DATA_DIR=tmp_path, DJANGO_SETTINGS_MODULE="config.settings"),
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    time.sleep(8)
    engine.terminate()
    said, _ = engine.communicate(timeout=30)
    assert "unused photos removed: 0" in said, said
    assert engine.returncode == 0


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"CONTACT_KEY": ""}, "CONTACT_KEY"),
        ({"DEBUG": "true"}, "DEBUG"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS"),
        ({"REDIS_URL": ""}, "REDIS_URL"),
        ({"GEZHI_MODE": "Production"}, "GEZHI_MODE"),
    ],
)
def test_production_refuses_an_unsafe_start_and_says_which_setting(tmp_path, broken, word):
    good = {
        "GEZHI_MODE": "production", "DATA_DIR": tmp_path, "ALLOWED_HOSTS": "gezhi.test",
        "REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": "sqlite:////tmp/none.sqlite3",
    } | SECRETS  # fmt: skip
    refused = manage("check", **(good | broken))
    assert refused.returncode != 0
    assert word in refused.stderr.splitlines()[-1]


def test_production_runs_by_hand_as_compose_would(tmp_path):
    """The processes of docker-compose.yml against a real PostgreSQL and Redis."""
    with servers() as urls:
        env = environment(
            GEZHI_MODE="production", DATA_DIR=tmp_path, ALLOWED_HOSTS="127.0.0.1",
            BEHIND_PROXY="true", FIRST_ADMIN_PASSWORD="a-long-enough-word-7", **SECRETS, **urls,
        )  # fmt: skip
        for words in (["migrate", "-v0"], ["collectstatic", "-v0", "--noinput"],
                      ["first_admin", "--username", "boss", "--name", "管理员"],
                      ["check", "--deploy", "--fail-level", "WARNING"]):  # fmt: skip
            done = subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=env,
                                  capture_output=True, text=True, check=False)  # fmt: skip
            assert done.returncode == 0, done.stderr + done.stdout
        port = free_port()
        compose = (ROOT / "docker-compose.yml").read_text()
        worker, beat = re.findall(r"command: \[(celery[^\]]*)\]", compose)
        commands = [
            ["-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2",
             "--no-control-socket"],
            ["-m", *worker.replace('"', "").split(", ")],
            ["-m", *beat.replace('"', "").replace(BEAT_FILE, str(tmp_path / "beat")).split(", ")],
        ]  # fmt: skip
        logs = [open(tmp_path / f"{n}.log", "w+") for n in range(3)]  # noqa: SIM115
        running = [
            subprocess.Popen([sys.executable, *command], cwd=ROOT, env=env, stdout=log, stderr=log)
            for command, log in zip(commands, logs, strict=True)
        ]
        try:
            wait_for(port)
            assert get(port, "/health/ready")[0] == 200
            assert get(port, "/sign-in/")[0] == 200
            ping = [sys.executable, "-m", "celery", "-A", "config", "inspect", "ping"]
            assert until(lambda: subprocess.run(ping, cwd=ROOT, env=env, capture_output=True,
                                                check=False).returncode == 0)  # fmt: skip
            assert until(lambda: list(tmp_path.glob("beat*")) != [])
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(30)
            for log in logs:
                log.close()


def test_production_refuses_demo_accounts(tmp_path):
    with servers() as urls:
        env = {"GEZHI_MODE": "production", "DATA_DIR": tmp_path, "ALLOWED_HOSTS": "x"}
        env |= SECRETS | urls
        assert manage("migrate", "-v0", **env).returncode == 0
        made = manage("shell", "-v0", "-c",
                      "from accounts.models import User; "
                      "User.objects.create_user(username='worker', password=None, is_demo=True)",
                      **env)  # fmt: skip
        assert made.returncode == 0, made.stderr
        refused = subprocess.run(
            [sys.executable, "-c", "import config.wsgi"], cwd=ROOT,
            env=environment(**env), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert refused.returncode != 0
        assert "Demo accounts" in refused.stderr
