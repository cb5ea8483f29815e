"""What the processes print: one line an event, and nothing that a person typed.

Our own rooms write their messages without personal data. A library does not
know our promise: its words are printed with every argument but numbers masked,
words that may already hold a value are withheld, and the place that spoke is
named instead. Of an exception only class and frames are printed: its text may
hold what was typed (PostgreSQL: `Key (phone)=(…) already exists`).
"""

import logging
import os
import re
import secrets
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.config import dictConfig
from pathlib import Path
from types import TracebackType
from typing import Any

from celery import current_task
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pythonjsonlogger.json import JsonFormatter

OWN = frozenset(
    {
        "accounts", "config", "grid", "issues", "matters", "notices", "partyorgs", "residents",
        "whistles",
        "worktime",
    }
)  # fmt: skip
# What our own lines may carry beside their words.
EXTRAS = ("method", "route", "status", "ms")
# Their text is written for the operator and holds settings' names, never what people typed.
SPEAKING = (ImproperlyConfigured,)
# Templates that hold nothing but arguments.
KNOWN = {"django.request": "the request ended in a bug"}
MASK = "…"
WITHHELD = "(text withheld)"
MAX_FRAMES = 40
MAX_CHAIN = 5
HOME = Path(__file__).resolve().parent.parent
GIVEN_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
WARNED = re.compile(r".+?:\d+: \w+")

log = logging.getLogger(__name__)
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def request_id_from(given: str | None) -> str:
    """The caller's X-Request-ID when it looks like one, else a new one."""
    return given if given and GIVEN_ID.fullmatch(given) else secrets.token_hex(16)


def request_over(**_signal: object) -> None:
    """Forget the id: what the thread says next belongs to no request."""
    request_id.set(None)


def configure(config: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG: the settings' loggers, and all that would speak past them."""
    dictConfig(config)
    # An answer of 500 or 503 that a view chose stands in the line of its request.
    logging.getLogger("django.request").addFilter(lambda record: bool(record.exc_info))
    logging.captureWarnings(True)
    # A line that cannot be written must not print its arguments instead.
    logging.raiseExceptions = False
    threading.excepthook = _thread_ended


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    error = ended.exc_value
    if error is not None and not isinstance(error, SystemExit):
        log.error("a thread ended", exc_info=(ended.exc_type, error, ended.exc_traceback))


def say(words: str, *_stream: object) -> None:
    """A line from inside a signal handler, where loggers may be locked."""
    record = logging.makeLogRecord(
        {"name": __name__, "levelno": logging.INFO, "levelname": "INFO", "msg": words}
    )
    os.write(1, f"{formatter().format(record)}\n".encode())


def formatter() -> logging.Formatter:
    """The formatter that LOG_FORMAT names."""
    return Plain() if settings.LOG_FORMAT == "plain" else Json()


class Json(JsonFormatter):
    """One JSON object a line, in ASCII: nothing that was logged can begin a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        return self.serialize_log_record(facts(record))


class Plain(logging.Formatter):
    """The same facts for a person at a terminal; control characters stand as escapes."""

    def format(self, record: logging.LogRecord) -> str:
        told = facts(record)
        marks = [
            f"{key}={told[key]}"
            for key in ("ms", "request_id", "task", "task_id", "at")
            if told.get(key) is not None
        ]
        words = (told["time"], told["level"], told["logger"], told["message"], *marks)
        lines = [" ".join(str(word) for word in words)]
        for error in told.get("exception", ()):
            lines += [f"  {_named(error)}", *(f"    {frame}" for frame in error["at"])]
        return "\n".join(_on_one_line(line) for line in lines)


def facts(record: logging.LogRecord) -> dict[str, Any]:
    """All that a line tells; nothing else of a record is ever printed."""
    told: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        "message": _words(record),
        "request_id": request_id.get(),
    }
    if current_task:
        told |= {"task": current_task.name, "task_id": current_task.request.id}
    if _is_own(record):
        told |= {key: getattr(record, key) for key in EXTRAS if hasattr(record, key)}
    else:
        told["at"] = f"{_short(record.pathname)}:{record.lineno}"
    if record.exc_info and record.exc_info[1] is not None:
        told["exception"] = list(_errors(record.exc_info[1], record.exc_info[2]))
    return told


def _is_own(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in OWN


def _words(record: logging.LogRecord) -> str:
    if not isinstance(record.msg, str):
        return f"({type(record.msg).__name__})"
    if record.name in KNOWN:
        return KNOWN[record.name]
    if record.name == "py.warnings":
        warned = WARNED.match(str(record.args[0])) if isinstance(record.args, tuple) else None
        return _short(warned[0]) if warned else WITHHELD
    if _is_own(record):
        return _filled(record.msg, record.args, _without_error_text)
    return _filled(record.msg, record.args, _masked) if record.args else WITHHELD


def _filled(template: str, args: Any, shown: Any) -> str:
    """The template with its arguments as `shown` shows them; bare when they do not fit."""
    if not args:
        return template
    fitting = (
        {key: shown(value) for key, value in args.items()}
        if isinstance(args, Mapping)
        else tuple(shown(value) for value in args)
    )
    try:
        return template % fitting
    except (TypeError, ValueError, KeyError):
        return template


def _without_error_text(value: object) -> object:
    return type(value).__name__ if isinstance(value, BaseException) else value


def _masked(value: object) -> object:
    if isinstance(value, int | float):
        return value
    return type(value).__name__ if isinstance(value, BaseException) else MASK


def _errors(error: BaseException, trace: TracebackType | None) -> Iterator[dict[str, Any]]:
    """The exception and those it came from, newest first."""
    found: BaseException | None = error
    for _number in range(MAX_CHAIN):
        if found is None:
            return
        yield _error(found, trace)
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
        trace = found.__traceback__ if found else None


def _error(error: BaseException, trace: TracebackType | None) -> dict[str, Any]:
    kind = type(error)
    told: dict[str, Any] = {"class": f"{kind.__module__}.{kind.__qualname__}"}
    if isinstance(error, SPEAKING) or settings.DEBUG:
        told["text"] = str(error)
    # psycopg names the constraint apart from the values that broke it.
    if constraint := getattr(getattr(error, "diag", None), "constraint_name", None):
        told["constraint"] = constraint
    frames = [
        f"{_short(frame.f_code.co_filename)}:{line} {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(trace)
    ]
    return told | {"at": frames[-MAX_FRAMES:]}


def _named(error: Mapping[str, Any]) -> str:
    parts = (error["class"], error.get("constraint"), error.get("text"))
    return " ".join(part for part in parts if part)


def _short(path: str) -> str:
    """A file's path from our folder, or from the folder of the packages."""
    return path.rpartition("/site-packages/")[2].removeprefix(f"{HOME}/")


def _on_one_line(text: str) -> str:
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
