"""Every verb and act × whoever has nothing to do with it, by page and by API.

The matrix of addresses asks one verb of each door; these ask all of them.
"""

import json

import pytest
from django.urls import reverse

from issues.models import Issue
from issues.rules import offers
from issues.workflow import ASKABLE, RULES, State
from tests import world as w
from tests.callers import person
from tests.routes import NOWHERE, proposed_whistle
from whistles.models import Whistle
from whistles.rules import around
from whistles.rules import offers as act_offers
from whistles.workflow import ASKABLE as ACTS
from whistles.workflow import RULES as ACT_RULES

# Who does not see the report of street 1 and its whistle at all; who reads it and does nothing.
BLIND = ["outsider", "other-street", "other-unit", "admin"]
READER = "auditor"
GIVEN = {
    "note": "看过。", "reason": "说不清。", "unit": "roads", "proposed": "roads", "item": 1,
    "cell": w.B1, "outcome": "fixed", "passed": True, "way": "on_site", "category": w.RUBBISH,
    "hours": 1, "until": "2999-01-01", "into": NOWHERE["number"], "part": 1, "valid": False,
}  # fmt: skip
ACT_GIVEN = {"reason": "说不清。", "unit": "roads", "answer": "will_come", "must_come": True}


@pytest.fixture
def number(world):
    return world.report().number


@pytest.fixture
def whistle(world):
    return proposed_whistle(world)


def by_page(client, name, **address):
    return client.post(reverse(name, kwargs=address), GIVEN | ACT_GIVEN)


def by_api(client, name, given, **address):
    body = json.dumps(given)
    return client.post(reverse(name, kwargs=address), body, content_type="application/json")


@pytest.mark.slow
@pytest.mark.parametrize("name", BLIND)
def test_no_verb_reaches_what_one_does_not_see(world, number, name):
    client, before = person(name), Issue.objects.values().get(number=number)
    for verb in RULES:
        where = {"number": number, "verb": verb}
        assert by_api(client, "api_verb", GIVEN, **where).status_code == 404, verb
        assert by_page(client, "issue_verb", **where).status_code == 404, verb
    assert Issue.objects.values().get(number=number) == before


@pytest.mark.parametrize("name", BLIND)
def test_no_act_reaches_a_whistle_that_one_does_not_see(world, whistle, name):
    client, before = person(name), Whistle.objects.values().get(number=whistle)
    for deed in ACT_RULES:
        where = {"whistle_number": whistle, "deed": deed}
        assert by_api(client, "api_whistle_act", ACT_GIVEN, **where).status_code == 404, deed
        assert by_page(client, "whistle_act", **where).status_code == 404, deed
    assert Whistle.objects.values().get(number=whistle) == before


@pytest.mark.slow
def test_an_auditor_reads_and_does_nothing(world, number, whistle):
    client, before = person(READER), Issue.objects.values().get(number=number)
    for verb in ASKABLE:
        answer = by_api(client, "api_verb", GIVEN, number=number, verb=verb)
        assert answer.status_code == 409, verb
        # A form that was never offered is told so too, or what it cannot choose from.
        answer = by_page(client, "issue_verb", number=number, verb=verb)
        assert answer.status_code in (409, 422), verb
    for deed in ACTS:
        where = {"whistle_number": whistle, "deed": deed}
        assert by_api(client, "api_whistle_act", ACT_GIVEN, **where).status_code == 409, deed
    assert Issue.objects.values().get(number=number) == before


@pytest.mark.parametrize("state", State)
def test_whoever_only_looks_on_is_offered_nothing_in_any_state(world, number, state):
    issue = Issue.objects.get(number=number)
    issue.state = state
    for name in (READER, "admin", "nobody"):
        assert not list(offers(world.scope(name), issue)), name


def test_nor_anything_of_a_whistle(world, whistle):
    seen = around(Whistle.objects.get(number=whistle))
    for name in (READER, "admin", "nobody"):
        assert not list(act_offers(world.scope(name), seen)), name


def test_what_comes_by_itself_is_nobodys_to_ask_for(world, number):
    client = person("street")
    for verb in RULES.keys() - set(ASKABLE):
        assert by_api(client, "api_verb", GIVEN, number=number, verb=verb).status_code == 404, verb
        assert by_page(client, "issue_verb", number=number, verb=verb).status_code == 404, verb
