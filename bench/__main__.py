"""`make bench`: the whole run on PostgreSQL; `--smoke` shows in a minute that it works.

Needs DATABASE_URL of an empty PostgreSQL (`make bench` starts one that syncs).
Clients, web processes and database share the machine's cores: read ratios.
Exits with 1 when a request failed: what fails fast is no speed.
"""

import argparse
import json
import os
import random
import sys
import time
from functools import partial

import django

from bench import due_times, load, locate
from bench.load import Make, Request, Result

SIZES = (10_000, 100_000, 1_000_000)


def main() -> int:
    """Print what was measured; the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--smoke", action="store_true")
    arguments.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    given = arguments.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - after setup

    from bench import escalation, outbox  # noqa: PLC0415

    seconds = 3.0 if given.smoke else 15.0
    sizes = [300] if given.smoke else given.sizes
    call_command("migrate", verbosity=0)
    due_times.main()
    locate.main([200] if given.smoke else [1500, 35000])
    failures = 0
    for index, size in enumerate(sizes):
        _more_issues(size, first=index == 0)
        with load.web() as port:
            bench = Bench(port, seconds)
            print(f"\n{size:,} issues, {load.WORKERS} gunicorn workers, {load.CLIENTS} clients")
            bench.lists()
            if index == 0:
                bench.reports()
            failures += bench.failures
    outbox.main(notices=100 if given.smoke else outbox.NOTICES)
    if given.smoke:
        escalation.main(running=1000, due=300)
    else:
        escalation.main()
    if failures:
        print(f"\n{failures} requests failed", file=sys.stderr)
    return 1 if failures else 0


def _more_issues(size: int, *, first: bool) -> None:
    """The demo district with `size` issues in all."""
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    begun = time.perf_counter()
    if not first:
        call_command("flush", interactive=False, verbosity=0)
    call_command("demo", issues=size, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    print(f"\ndemo with {size:,} issues made in {time.perf_counter() - begun:,.0f} s")


class Bench:
    """Requests as the demo's people would send them."""

    def __init__(self, port: int, seconds: float) -> None:
        self.port = port
        self.seconds = seconds
        self.failures = 0
        self.dice = random.Random(7)
        self.points = self._points()
        self.tokens = {name: self._token(name) for name in ("worker", "street", "district")}
        self.session = self._session("street")

    def _run(self, name: str, make: Make) -> Result:
        warm = load.run(self.port, make, seconds=min(2.0, self.seconds))
        result = load.run(self.port, make, seconds=self.seconds)
        self.failures += warm.failures + result.failures
        print(result.line(name), flush=True)
        return result

    def lists(self) -> None:
        """A street's list, page and API, beside an empty view of the same process."""
        empty = self._run("empty view (/health/live)", partial(self._get, "/health/live", {}))
        cookie = {"Cookie": self.session}
        page = self._run(
            "street's list page (HTML, 25 rows)", partial(self._get, "/issues/", cookie)
        )
        token = {"Authorization": f"Token {self.tokens['street']}"}
        self._run("street's list (API, 25 rows)", partial(self._get, "/api/v1/issues/", token))
        self._run(
            "street's list, newest of all states (API)",
            partial(self._get, "/api/v1/issues/?state=all", token),
        )
        print(f"    the page costs {empty.rate / page.rate:.1f} empty views")

    def reports(self) -> None:
        """Look-ups and reports, beside bare commits of one row."""
        self._run("locate over the API", self._locate)
        bare = load.commits(seconds=self.seconds)
        print(bare.line("bare INSERT commits, no web"))
        reports = self._run("reports accepted and dispatched (API)", self._report)
        print(f"    a report costs {bare.rate / reports.rate:.1f} bare commits")

    def _get(self, path: str, headers: dict[str, str], _client: int, _n: int) -> Request:
        return "GET", path, None, headers

    def _locate(self, _client: int, _n: int) -> Request:
        lat, lng = self.dice.choice(self.points)
        path = f"/api/v1/cells/locate/?lat={lat}&lng={lng}"
        return "GET", path, None, {"Authorization": f"Token {self.tokens['worker']}"}

    def _report(self, client: int, n: int) -> Request:
        lat, lng = self.dice.choice(self.points)
        body = {
            "category": "E0102", "description": f"路口垃圾满溢，第 {client}-{n} 次。",
            "lat": lat, "lng": lng,
        }  # fmt: skip
        headers = {
            "Authorization": f"Token {self.tokens['worker']}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"{self.port}-{client}-{time.time_ns()}",
        }
        return "POST", "/api/v1/issues/", json.dumps(body).encode(), headers

    def _points(self) -> list[tuple[float, float]]:
        from issues.models import Issue  # noqa: PLC0415

        return list(Issue.objects.order_by("pk").values_list("lat", "lng")[:2000])

    def _token(self, username: str) -> str:
        from django.utils import timezone  # noqa: PLC0415

        from accounts.models import User  # noqa: PLC0415
        from accounts.services import issue_token  # noqa: PLC0415

        return issue_token(user=User.objects.get(username=username), now=timezone.now())

    def _session(self, username: str) -> str:
        """A session cookie, made as signing in makes it."""
        from django.conf import settings  # noqa: PLC0415
        from django.test import Client  # noqa: PLC0415

        from accounts.models import User  # noqa: PLC0415

        client = Client()
        client.force_login(
            User.objects.get(username=username), backend=settings.AUTHENTICATION_BACKENDS[1]
        )
        return (
            f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
        )


if __name__ == "__main__":
    sys.exit(main())
