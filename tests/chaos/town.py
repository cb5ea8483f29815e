"""A house in production: web, beat and worker as docker-compose.yml starts them."""

import http.client
import json
import signal
import statistics
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress

import pytest
import redis
from celery import Celery
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from accounts.services import issue_token
from issues.escalation.claims import due_clocks
from notices.models import Notice
from tests import servers
from tests import world as w
from tests.running import ROOT, environment, until

STOP_WITHIN = 30  # seconds


class Broker:
    """A Redis-like server that can be stopped and started again, empty, where it was."""

    def __init__(self, folder):
        self.folder = folder
        self.port = servers.free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.server = None

    def start(self):
        self.server = servers.redis(self.folder, self.port)
        self.server.__enter__()

    def stop(self):
        if self.server:
            self.server.__exit__(None, None, None)
            self.server = None

    @property
    def client(self):
        return redis.Redis.from_url(self.url)

    def fill_up(self):
        """Leave no room in 4 MB: every further write is refused."""
        client = self.client
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "4mb")
        for size in (10_000, 100, 1):
            with suppress(redis.exceptions.OutOfMemoryError):
                for n in range(10_000):
                    client.set(f"junk:{size}:{n}", b"x" * size)
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            client.lpush("celery", b"x")

    def make_room(self):
        self.client.flushall()
        self.client.config_set("maxmemory", 0)


class Town:
    """Processes on one house. `start` begins one more, `stop` ends all."""

    def __init__(self, house):
        self.house = house
        self.port = servers.free_port()
        self.broker = Broker(house.folder)
        self.env = environment(
            GEZHI_MODE="production", DATA_DIR=house.folder, ALLOWED_HOSTS="127.0.0.1",
            BEHIND_PROXY="true", SECRET_KEY=settings.SECRET_KEY, CONTACT_KEY=settings.CONTACT_KEY,
            DATABASE_URL=house.url, REDIS_URL=self.broker.url,
        )  # fmt: skip
        self.running = []
        self.token = issue_token(user=User.objects.get(username="worker"), now=timezone.now())

    def start(self, *words):
        with self.house.log.open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *words], cwd=ROOT, env=self.env, stdout=log, stderr=log
            )
        self.running.append(process)
        return process

    def web(self):
        address = f"127.0.0.1:{self.port}"
        self.start(
            "gunicorn", "config.wsgi", "--config", "config/gunicorn.py", "--bind", address,
            "--workers", "1", "--threads", "4", "--no-control-socket",
        )  # fmt: skip
        servers.wait_for(self.port)
        # The first request imports the addresses; it is nobody's measure.
        assert report(self.port, self.token)[0] == 201

    def beat(self):
        schedule = self.house.folder / f"beat-{len(self.running)}"
        return self.start("celery", "--quiet", "-A", "config", "beat", "--schedule", str(schedule))

    def worker(self):
        return self.start(
            "celery", "--quiet", "-A", "config", "worker", "--concurrency", "1",
            "--without-mingle", "-n", f"worker{len(self.running)}@%h",
        )  # fmt: skip

    def workers(self):
        """How many workers answer."""
        return len(Celery(broker=self.broker.url).control.ping(timeout=1))

    def stop(self, processes=None):
        for process in processes or self.running:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in list(processes or self.running):
            process.wait(STOP_WITHIN)
            self.running.remove(process)

    @property
    def said(self):
        return self.house.log.read_text(encoding="utf-8")[-6000:]


def caught_up(before):
    """Nothing is due, and whatever was queued before that instant has left."""
    now = timezone.now()
    waiting = Notice.objects.filter(
        created_at__lt=before, state__in=["pending", "sending"], next_attempt_at__lte=now
    )
    return not due_clocks(now=now).exists() and not waiting.exists()


def catches_up(before, *, within):
    """Seconds until that is so; None when it took longer than `within`."""
    began = time.monotonic()
    return time.monotonic() - began if until(lambda: caught_up(before), within) else None


def report(port, token):
    """Report rubbish over HTTP: the status, 0 for no answer, and the milliseconds it took."""
    lat, lng = w.IN_A1
    body = {"category": w.RUBBISH, "description": "垃圾堆在路口。", "lat": lat, "lng": lng}
    headers = {
        "Authorization": f"Token {token}", "Content-Type": "application/json",
        "X-Forwarded-Proto": "https",
    }  # fmt: skip
    begun = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/api/v1/issues/", json.dumps(body), headers)
        status = connection.getresponse().status
    except OSError:
        status = 0
    finally:
        connection.close()
    return status, (time.perf_counter() - begun) * 1000


@contextmanager
def reporting(port, token, *, pause=0.1):
    """Reports one after the other all the while; yields the growing list of their answers."""
    answers, over = [], threading.Event()

    def go():
        while not over.is_set():
            answers.append(report(port, token))
            over.wait(pause)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join()


def refused(answers):
    return [status for status, _milliseconds in answers if status != 201]


def p95(answers):
    return statistics.quantiles([milliseconds for _status, milliseconds in answers], n=20)[18]
