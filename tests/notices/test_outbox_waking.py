"""A wake-up after the commit hurries; a broker that is down holds nobody up."""

import socket
import time

import pytest
from django.db import transaction

from config.celery import app
from notices import failpoints, waking
from notices.models import Notice
from notices.tasks import send_notices
from tests.notices.outbox import MORNING, NIGHT, NOW, draft, listen, person, tell

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_memory(monkeypatch):
    monkeypatch.setattr(waking, "_down_until", 0.0)


@pytest.fixture
def woken(monkeypatch):
    calls = []
    monkeypatch.setattr("notices.services.wake", lambda: calls.append(1))
    return calls


def test_workers_are_woken_after_the_commit_for_what_may_go_at_once(
    woken, django_capture_on_commit_callbacks
):
    user, plain = person(email=True), person("plain")
    with django_capture_on_commit_callbacks(execute=True):
        tell(draft(plain))
        tell(draft(user, "night"), now=NIGHT)
    assert woken == []
    with django_capture_on_commit_callbacks(execute=True):
        tell(draft(user, "day"), draft(user, "day 2"), now=MORNING)
    assert woken == [1]


def test_no_broker_is_asked_where_there_is_none(settings, monkeypatch):
    settings.REDIS_URL = ""
    monkeypatch.setattr(app, "send_task", lambda *_args, **_more: pytest.fail("asked"))
    waking.wake()


@pytest.mark.parametrize("deaf", [False, True], ids=["refuses", "accepts and says nothing"])
def test_a_broker_that_is_down_costs_one_short_try(settings, deaf):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if deaf:
            server.listen()
        url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        settings.REDIS_URL = settings.CELERY_BROKER_URL = url
        began = time.monotonic()
        for _request in range(20):
            waking.wake()
        assert time.monotonic() - began < 5
        assert waking._down_until > began


def test_the_task_sends_what_waits(monkeypatch):
    mail = listen(monkeypatch, "email")
    tell(draft(person(email=True), critical=True), now=NOW)
    send_notices()
    assert len(mail.got) == 1
    assert Notice.objects.get(channel="email").state == "sent"


def test_the_schedule_names_the_task_and_lets_old_ticks_go():
    entry = app.conf.beat_schedule["send what waits in the outbox"]
    assert entry["task"] == waking.TASK == send_notices.name
    assert entry["options"]["expires"] == entry["schedule"] <= 10


@pytest.mark.parametrize(
    ("armed", "reached", "killed"),
    [
        ("", 3, 0),
        ("other", 3, 0),
        ("here", 1, 1),
        ("there, here", 1, 1),
        ("here@3", 4, 1),
        ("here:1.0", 2, 2),
        ("here:0.0", 5, 0),
    ],
)
def test_a_failpoint_strikes_where_it_is_told(monkeypatch, armed, reached, killed):
    kills = []
    monkeypatch.setattr(failpoints, "_reached", failpoints.Counter())
    monkeypatch.setattr(failpoints.os, "kill", lambda *what: kills.append(what))
    monkeypatch.setenv("GEZHI_FAILPOINT", armed)
    for _time in range(reached):
        failpoints.reach("here")
    assert len(kills) == killed


def test_a_failpoint_is_dead_in_production(monkeypatch, settings):
    settings.MODE = "production"
    monkeypatch.setenv("GEZHI_FAILPOINT", "here")
    failpoints.reach("here")


def test_a_caller_that_rolls_back_wakes_nobody(woken):
    user = person(email=True)
    with transaction.atomic():
        tell(draft(user))
        transaction.set_rollback(True)
    assert woken == []
    assert not Notice.objects.filter(channel="email").exists()
