"""Load on a server that runs here: a few clients, each on one kept connection."""

import http.client
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.servers import free_port, wait_for

CLIENTS = 8
WORKERS = 2
Request = tuple[str, str, bytes | None, dict[str, str]]
Make = Callable[[int, int], Request]


@dataclass(frozen=True)
class Result:
    """Answers of one run: how many, over how many seconds, each one's milliseconds."""

    seconds: float
    milliseconds: list[float]
    failures: int

    @property
    def rate(self) -> float:
        return len(self.milliseconds) / self.seconds

    def line(self, name: str) -> str:
        failed = f"  FAILED {self.failures}" if self.failures else ""
        if len(self.milliseconds) < 2:
            return f"  {name:<44}  too few answers{failed}"
        cuts = statistics.quantiles(self.milliseconds, n=20)
        return (
            f"  {name:<44}{self.rate:>8,.0f}/s   p50 {cuts[9]:6.1f} ms   p95 {cuts[18]:6.1f} ms"
            f"{failed}"
        )


@contextmanager
def web() -> Iterator[int]:
    """gunicorn with two workers on a free port of this machine."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}",
         "--workers", str(WORKERS), "--threads", "4", "--no-control-socket",
         "--log-level", "error", "--keep-alive", "60"],
        env=os.environ | {"CONN_MAX_AGE": "600"},
    )  # fmt: skip
    try:
        wait_for(port)
        time.sleep(2)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def run(port: int, make: Make, *, seconds: float) -> Result:
    """Eight clients ask one after the other for `seconds`; make(client, n) is a request.

    Every answer but a 2xx is a failure, a redirect to the sign-in page too, and so is none.
    """
    times: list[list[float]] = [[] for _ in range(CLIENTS)]
    failures = [0] * CLIENTS
    barrier = threading.Barrier(CLIENTS)

    def client(me: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        barrier.wait()
        end = time.perf_counter() + seconds
        n = 0
        while time.perf_counter() < end:
            request = make(me, n)
            begun = time.perf_counter()
            failures[me] += not _answered(connection, request)
            times[me].append((time.perf_counter() - begun) * 1000)
            n += 1
        connection.close()

    threads = [threading.Thread(target=client, args=(me,)) for me in range(CLIENTS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Result(time.perf_counter() - begun, [ms for row in times for ms in row], sum(failures))


def _answered(connection: http.client.HTTPConnection, request: Request) -> bool:
    """Whether the request was answered with a 2xx; a broken connection opens anew next time."""
    method, path, body, headers = request
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return False
    return 200 <= answer.status < 300


def commits(*, seconds: float) -> Result:
    """The physical limit of a store: eight connections commit bare rows, one at a time."""
    from django.db import connection  # noqa: PLC0415 - Django is set up by the caller

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_row (id bigserial PRIMARY KEY, body text)")
    times: list[list[float]] = [[] for _ in range(CLIENTS)]
    barrier = threading.Barrier(CLIENTS)

    def client(me: int) -> None:
        with connection.cursor() as cursor:
            barrier.wait()
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                begun = time.perf_counter()
                cursor.execute("INSERT INTO bench_row (body) VALUES ('x')")
                times[me].append((time.perf_counter() - begun) * 1000)
        connection.close()

    threads = [threading.Thread(target=client, args=(me,)) for me in range(CLIENTS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - begun
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_row")
    return Result(spent, [ms for row in times for ms in row], 0)
