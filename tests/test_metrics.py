"""What /metrics tells, and to whom."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from issues.escalation.pulse import beat
from issues.models import Clock

TOKEN = "a-token-of-the-scraper"
FAR = {"REMOTE_ADDR": "10.1.2.3"}

pytestmark = pytest.mark.django_db


def ask(*, token=None, headers=None, **extra):
    given = dict(headers or {})
    if token is not None:
        given["Authorization"] = token
    return Client(**extra).get("/metrics", headers=given)


def values(answer):
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.content.decode())
    return {sample.name: sample.value for family in families for sample in family.samples}


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_this_machine_may_ask_without_a_token(address):
    assert ask(REMOTE_ADDR=address).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Via"])
def test_a_proxy_on_this_machine_is_not_this_machine(header):
    assert ask(headers={header: "127.0.0.1"}).status_code == 404


def test_behind_a_proxy_the_token_alone_counts(settings):
    settings.BEHIND_PROXY, settings.METRICS_TOKEN = True, TOKEN
    assert ask().status_code == 404
    assert ask(token=f"Bearer {TOKEN}").status_code == 200


@pytest.mark.parametrize(
    "given",
    [None, "", "Bearer", "Bearer ", f"Token {TOKEN}", f"Bearer {TOKEN}x", "Bearer 错", TOKEN],
)
def test_from_elsewhere_a_wrong_token_gets_what_an_unknown_address_gets(settings, given):
    settings.METRICS_TOKEN = TOKEN
    assert ask(token=given, **FAR).status_code == 404


def test_from_elsewhere_the_token_opens(settings):
    settings.METRICS_TOKEN = TOKEN
    assert ask(token=f"Bearer {TOKEN}", **FAR).status_code == 200


@pytest.mark.parametrize("given", ["Bearer ", "Bearer", ""])
def test_without_a_token_in_the_settings_none_opens(settings, given):
    settings.METRICS_TOKEN = ""
    assert ask(token=given, **FAR).status_code == 404


def test_the_values_are_those_of_the_database(world):
    world.report()
    now = timezone.now()
    Clock.objects.filter(stopped_at=None).update(next_at=now - timedelta(minutes=10))
    beat("sweep", now=now - timedelta(seconds=30))
    found = values(ask())
    assert found["gezhi_running_clocks"] == Clock.objects.filter(stopped_at=None).count() == 1
    assert 30 <= found["gezhi_sweep_age_seconds"] < 90
    assert 600 <= found["gezhi_oldest_due_step_seconds"] < 660
    assert found["gezhi_engine_ok"] == 0
    assert found["gezhi_parked_steps"] == 0
    assert "gezhi_audit_age_seconds" not in found, "there was no audit"
    beat("audit", now=now, facts={"problems": 4})
    assert values(ask())["gezhi_audit_problems"] == 4


def test_every_value_is_there_once_the_engine_has_done_its_rounds(world):
    beat("sweep", now=timezone.now())
    beat("audit", now=timezone.now(), facts={"problems": 0})
    assert set(values(ask())) == {
        f"gezhi_{name}"
        for name in (
            "build_info", "engine_ok", "sweep_age_seconds", "oldest_due_step_seconds",
            "running_clocks", "parked_steps", "oldest_unsent_notice_seconds",
            "undelivered_notices", "audit_age_seconds", "audit_problems",
        )
    }  # fmt: skip


def test_a_scrape_takes_eight_queries_at_most(world):
    with CaptureQueriesContext(connection) as asked:
        ask()
    assert len(asked) <= 8
