"""The outbox beside bare requests of the same machine, to the same receiver.

Webhooks to one receiver: claimed, their attempts on record, signed, sent and
marked. The floor is as many bare POSTs by as many threads.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
from django.utils import timezone

from notices.channels.webhook import new_secret
from notices.models import AllowedHost, Notice, Target
from notices.secrecy import seal
from notices.sending import send_due
from notices.services import Draft, queue
from notices.tasks import THREADS

NOTICES = 2000


def main(*, notices: int = NOTICES) -> None:
    """Print messages a second of the floor and of the outbox."""
    with _receiver() as url:
        floor = _bare(url, notices)
        target = _target(url)
        now = timezone.now()
        queue(notices=[_draft(number) for number in range(notices)], now=now)
        begun = time.perf_counter()
        sent = 0
        while moved := send_due(now=timezone.now(), limit=1000, threads=THREADS).sent:
            sent += moved
        spent = time.perf_counter() - begun
        left = Notice.objects.filter(target=target).exclude(state=Notice.State.SENT).count()
    print(f"\noutbox: {notices:,} webhooks to one receiver, {THREADS} threads")
    print(f"  bare requests {floor:>8,.0f}/s")
    print(f"  outbox        {sent / spent:>8,.0f}/s, not sent: {left}")


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:  # noqa: N802 - the name that http.server calls
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_said: Any) -> None:
        """Nothing: thousands of lines would be the slowest part."""


@contextmanager
def _receiver() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook"
    finally:
        server.shutdown()


def _bare(url: str, count: int) -> float:
    begun = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda _n: requests.post(url, json={"n": 1}, timeout=10), range(count)))
    return count / (time.perf_counter() - begun)


def _target(url: str) -> Target:
    AllowedHost.objects.get_or_create(pattern="127.0.0.0/8")
    return Target.objects.create(
        channel="webhook",
        name="bench",
        address=seal(url),
        secret=seal(new_secret()),
        created_at=timezone.now(),
    )


def _draft(number: int) -> Draft:
    return Draft(
        kind="chased",
        subject_key=f"issue:BENCH-{number}",
        key=f"bench:{number}",
        audience=("issues",),
        payload={"number": f"BENCH-{number}", "place": "bench"},
    )
