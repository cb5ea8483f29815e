"""What a log line tells, and what it never does."""

import json
import logging
import sys
import threading
import warnings

import pytest
from django.conf import settings as configured
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import User
from config import celery_app, logs

CANARY = "13912340987"
FIELDS = {"time", "level", "logger", "message", "request_id"}


def record(logger, words, *args, error=None, **extra):
    info = (type(error), error, error.__traceback__) if error else None
    return logging.getLogger(logger).makeRecord(
        logger, logging.WARNING, __file__, 12, words, args, info, extra=extra
    )


def told(*parts, **more):
    """The line as a machine reads it; always one."""
    line = logs.Json().format(record(*parts, **more))
    assert len(line.splitlines()) == 1
    assert line.isascii()
    return json.loads(line)


def raised(error):
    try:
        raise error
    except type(error) as caught:
        return caught


def test_our_rooms_are_those_that_are_installed():
    ours = {app for app in configured.INSTALLED_APPS if (configured.BASE_DIR / app).is_dir()}
    assert ours == logs.OWN


def test_a_line_has_its_fields_and_our_words_with_their_arguments():
    line = told("issues.tasks", "unused photos removed: %d", 3)
    assert set(line) == FIELDS
    assert line["message"] == "unused photos removed: 3"
    assert line["time"].endswith("+00:00")


@pytest.mark.parametrize("mark", ["\r\n", "\n", "\u2028", "\x85", "\x1b[2J", "\x0b"])
@pytest.mark.parametrize("kind", [logs.Json, logs.Plain])
def test_nothing_that_is_logged_begins_a_line_of_its_own(kind, mark):
    line = kind().format(record("issues", "one%stwo", mark))
    assert len(line.splitlines()) == 1
    assert mark not in line


@pytest.mark.parametrize("kind", [logs.Json, logs.Plain])
def test_a_library_s_arguments_are_masked_but_numbers(kind):
    line = kind().format(record("axes.handlers", "failed by %s, %d of %d", CANARY, 2, 5))
    assert CANARY not in line
    assert "2 of 5" in line
    assert "tests/test_logs.py:12" in line


@pytest.mark.parametrize(
    ("words", "args"),
    [
        (f"failed by {CANARY}", ()),
        (ValueError(CANARY), ()),
        ("%d", (CANARY,)),
        ("%(who)s %(times)d", ({"who": CANARY, "times": 2},)),
        ("no place for it", (CANARY,)),
    ],
)
def test_a_library_s_words_never_tell_a_value(words, args):
    assert CANARY not in json.dumps(told("django.request", words, *args, request=CANARY))


def test_an_exception_among_our_arguments_is_its_class_alone():
    line = told("issues", "not sent: %s", ValueError(CANARY))
    assert line["message"] == "not sent: ValueError"


@pytest.mark.parametrize("kind", [logs.Json, logs.Plain])
@pytest.mark.parametrize(
    "error", [ValidationError(CANARY), ValidationError({"phone": CANARY}), KeyError(CANARY)]
)
def test_an_exception_tells_class_and_frames_not_its_text(kind, error):
    line = kind().format(record("issues", "failed", error=raised(error)))
    assert CANARY not in line
    assert type(error).__name__ in line
    assert "tests/test_logs.py:" in line
    assert " raised" in line


def test_an_exception_tells_what_it_came_from_newest_first():
    caught = None
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as first:
            raise ValueError(CANARY) from first
    except ValueError as second:
        caught = second
    found = told("issues", "failed", error=caught)["exception"]
    assert [error["class"] for error in found] == ["builtins.ValueError", "builtins.KeyError"]


def test_a_wrong_setting_is_told_in_words():
    error = raised(ImproperlyConfigured("SECRET_KEY is missing"))
    [found] = told("gunicorn.error", "Exception in worker process", error=error)["exception"]
    assert found["text"] == "SECRET_KEY is missing"


@pytest.mark.django_db
def test_a_broken_constraint_is_named_without_the_value():
    User.objects.create(username=CANARY)
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        User.objects.create(username=CANARY)
    if connection.vendor == "postgresql":
        assert CANARY in str(caught.value), "or the test would show nothing"
    line = told("django.request", "%s: %s", "Internal Server Error", "/", error=caught.value)
    assert CANARY not in json.dumps(line)
    if connection.vendor == "postgresql":
        assert "username" in line["exception"][1]["constraint"]


def test_a_warning_of_python_tells_where_and_which_kind(capsys):
    text = warnings.formatwarning(CANARY, RuntimeWarning, "/x/y.py", 7)
    assert told("py.warnings", "%s", text)["message"] == "/x/y.py:7: RuntimeWarning"


def test_a_task_names_itself_in_its_lines():
    lines = []

    @celery_app.task(name="tests.speaking")
    def speaking():
        lines.append(told("issues", "at work"))

    speaking.apply()
    assert lines[0]["task"] == "tests.speaking"
    assert lines[0]["task_id"]


def test_a_thread_that_dies_speaks_through_the_log(caplog, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", logs._thread_ended)
    thread = threading.Thread(target=lambda: [][1])
    thread.start()
    thread.join()
    assert caplog.records[-1].exc_info[0] is IndexError


def test_python_s_own_complaints_go_through_the_log():
    assert logging.getLogger("py.warnings").handlers or logging._warnings_showwarning
    assert logging.raiseExceptions is False
    assert threading.excepthook is not sys.__excepthook__


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO)

    def of_request():
        made = [json.loads(logs.Json().format(found)) for found in caplog.records]
        caplog.clear()
        return made

    return of_request


@pytest.mark.parametrize(
    "given", ["x" * 7, "x" * 65, "bad id 12", "bad\nid-12", "字字字字字字字字", ""]
)
def test_a_request_id_of_another_form_is_replaced(given):
    answer = Client(headers={"X-Request-ID": given}).get("/health/live")
    assert len(answer["X-Request-ID"]) == 32
    assert given not in answer["X-Request-ID"] or given == ""


def test_a_request_id_is_taken_over_and_forgotten_after():
    answer = Client(headers={"X-Request-ID": "edge-0001"}).get("/health/live")
    assert answer["X-Request-ID"] == "edge-0001"
    assert logs.request_id.get() is None


@pytest.mark.django_db
def test_one_line_a_request_names_the_route_and_nothing_typed(world, lines):
    client = Client()
    client.force_login(world.user("worker"))
    number = world.report().number
    lines()
    client.get(f"/issues/{number}/?q={CANARY}")
    [line] = lines()
    assert set(line) == FIELDS | {"method", "route", "status", "ms"}
    assert (line["method"], line["route"], line["status"]) == ("GET", "issue", 200)
    assert CANARY not in json.dumps(line)
    assert number not in json.dumps(line)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "address", "route", "status"),
    [
        ("get", f"/{CANARY}/", None, 404),
        ("get", "/report/", "report", 302),
        ("post", "/sign-in/", "sign_in", 200),
        ("get", "/api/v1/issues/", "api_issues", 401),
    ],
)
def test_refused_requests_take_one_line_too(lines, method, address, route, status):
    getattr(Client(), method)(address, {"username": CANARY, "password": CANARY})
    written = [line for line in lines() if line["logger"] == "config.access"]
    assert [(line["route"], line["status"]) for line in written] == [(route, status)]


@pytest.mark.django_db
def test_a_foreign_host_is_noted_without_its_name(lines):
    Client().get("/sign-in/", headers={"Host": f"{CANARY}.example"})
    found = lines()
    assert "django.security.DisallowedHost" in {line["logger"] for line in found}
    assert CANARY not in json.dumps(found)
    assert len({line["request_id"] for line in found}) == 1


@pytest.mark.django_db
def test_a_sign_in_that_failed_is_noted_without_the_name(lines):
    Client().post("/sign-in/", {"username": CANARY, "password": CANARY})
    found = lines()
    assert any(line["logger"].startswith("axes") for line in found)
    assert CANARY not in json.dumps(found)


def test_a_red_health_is_no_bug(lines, db):
    assert Client().get("/health/engine").status_code == 503
    assert [line["logger"] for line in lines()] == ["config.access"]


def test_a_method_of_one_s_own_is_not_repeated(lines):
    Client().generic(CANARY, "/health/live")
    assert {line.get("method") for line in lines()} >= {"other"}
