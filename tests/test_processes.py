"""The processes as an operator starts them: one command, production's refusals, a clean stop."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.running import ROOT, Running, environment, get, until
from tests.servers import free_port, servers, wait_for

# Where the container keeps its schedule; here it goes to the test folder.
BEAT_FILE = "/tmp/beat"  # noqa: S108
SECRETS = {"SECRET_KEY": "0123456789abcdef" * 4, "CONTACT_KEY": "fedcba9876543210" * 4}

COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")

pytestmark = pytest.mark.slow


def manage(*words, **env):
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT, env=environment(**env), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_one_command_serves_stops_cleanly_and_keeps_its_data(tmp_path):
    # As after `cp .env.example .env`.
    first = Running(tmp_path, GEZHI_ENV_FILE=ROOT / ".env.example")
    assert first.says("→ http://127.0.0.1"), first.said
    assert get(first.port, "/health/live")[0] == 200, "the address is printed once it answers"
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


def test_a_taken_port_is_refused_before_anything_is_done(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = manage("run", DATA_DIR=tmp_path, PORT=port)
    assert refused.returncode == 1
    assert f"Port {port} " in refused.stderr
    assert "PORT=" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "gezhi.sqlite3").exists()


def test_ctrl_c_while_loading_ends_without_a_traceback_and_can_be_repeated(tmp_path):
    running = Running(tmp_path, issues=2000)
    assert running.says("· Demo")
    time.sleep(1)
    assert running.stop() == 130, running.said
    assert "Traceback" not in running.said
    again = Running(tmp_path, issues=5)
    assert again.ready()
    assert again.stop() == 0, again.said


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


@pytest.mark.parametrize("broken", ["setup_schedule", "tick"])
def test_an_engine_whose_beat_dies_ends_and_says_so(tmp_path, broken):
    assert manage("migrate", "-v0", DATA_DIR=tmp_path).returncode == 0
    script = (
        "import django; django.setup()\n"
        "from celery.beat import PersistentScheduler\n"
        "from django.core.management import call_command\n"
        f"PersistentScheduler.{broken} = None\n"
        "call_command('engine')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT, env=environment(DATA_DIR=tmp_path, DJANGO_SETTINGS_MODULE="config.settings"),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 1, ended.stderr
    assert "the engine ended by an error" in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"CONTACT_KEY": ""}, "CONTACT_KEY"),
        ({"DEBUG": "true"}, "DEBUG"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS"),
        ({"REDIS_URL": ""}, "REDIS_URL"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
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


def commands(bind, beat_file):
    """The words of the Dockerfile and of docker-compose.yml, on an address and a file of ours."""
    cmd = re.search(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.M)
    web = [bind if word == "0.0.0.0:8000" else word for word in json.loads(cmd[1])]  # noqa: S104
    assert bind in web
    worker, beat = [
        ["-m", *found.replace('"', "").replace(BEAT_FILE, str(beat_file)).split(", ")]
        for found in re.findall(r"command: \[(celery[^\]]*)\]", COMPOSE)
    ]
    assert "command: [python, manage.py, sweep]" in COMPOSE
    return ["-m", *web], worker, beat, ["manage.py", "sweep"]


def beat_is_well(folder):
    """The health check of the container, on our file."""
    test = re.search(r'test: \[CMD-SHELL, "(find [^"]*)"\]', COMPOSE)[1]
    check = test.replace(BEAT_FILE, str(folder / "beat"))
    return subprocess.run(["sh", "-c", check], capture_output=True, check=False).returncode == 0


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
        started = commands(f"127.0.0.1:{port}", tmp_path / "beat")
        logs = [open(tmp_path / f"{n}.log", "w+") for n in range(4)]  # noqa: SIM115
        running = [
            subprocess.Popen([sys.executable, *command], cwd=ROOT, env=env, stdout=log, stderr=log)
            for command, log in zip(started, logs, strict=True)
        ]
        try:
            wait_for(port)
            assert get(port, "/health/ready")[0] == 200
            assert get(port, "/sign-in/")[0] == 200
            ping = [sys.executable, "-m", "celery", "-A", "config", "inspect", "ping"]
            assert until(lambda: subprocess.run(ping, cwd=ROOT, env=env, capture_output=True,
                                                check=False).returncode == 0)  # fmt: skip
            assert until(lambda: list(tmp_path.glob("beat*")) != [])
            assert until(
                lambda: json.loads(get(port, "/health/engine")[1])["audit_age"] is not None
            )
            assert running[3].poll() is None
            assert beat_is_well(tmp_path)
            running[2].send_signal(signal.SIGSTOP)
            for file in tmp_path.glob("beat*"):
                os.utime(file, (time.time() - 660,) * 2)
            assert not beat_is_well(tmp_path), "a beat that hangs is noticed"
            running[2].send_signal(signal.SIGCONT)
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
