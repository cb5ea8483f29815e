"""The API of whistles: the same table, the same words, the same refusals as the pages."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from partyorgs.models import Responsibility
from whistles.models import Whistle


@pytest.fixture
def issue(world):
    return world.report(at=timezone.now() - timedelta(hours=1))


def body(issue, **given):
    usual = {
        "issue": issue.number, "kind": "emergency", "reason": "路面塌陷。", "place": "青禾路口",
        "units": ["roads"],
    }  # fmt: skip
    return usual | given


def read(answer, status):
    assert answer.status_code == status, answer.content.decode()
    return json.loads(answer.content)


def test_a_whistle_from_call_to_report_in(program, issue):
    made = read(program("street").post("whistles/", body(issue, at_once=True)), 201)
    assert (made["state"], made["unapproved"]) == ("blown", True)
    where = f"whistles/{made['number']}/"
    assert [row["number"] for row in read(program("other-unit").get("whistles/"), 200)] == [
        made["number"]
    ]
    facts = read(program("other-unit").get(where), 200)
    assert {verb["verb"] for verb in facts["verbs"]} >= {"answer", "rate"}
    assert facts["calls"][0]["due_words"]
    assert read(program("leader").post(f"{where}approve/"), 200)["approved_at"]
    come = read(program("other-unit").post(f"{where}answer/", {"answer": "will_come"}), 200)
    assert come["calls"][0]["answer"] == "will_come"
    there = read(program("other-unit").post(f"{where}arrive/", {"roles": "养护队长"}), 200)
    assert there["calls"][0]["arrived_roles"] == "养护队长"
    closed = read(program("street").post(f"{where}close/"), 200)
    assert closed["state"] == "closed"
    assert read(program("street").get("whistles/"), 200) == []
    assert read(program("street").get("whistles/", running="false"), 200)


def test_a_refusal_says_why_and_what_else(program, issue):
    number = read(program("street").post("whistles/", body(issue, at_once=True)), 201)["number"]
    said = read(program("street").post(f"whistles/{number}/close/"), 409)
    assert "补批" in said["detail"]
    assert "rate" in said["verbs"]
    facts = read(program("street").get(f"whistles/{number}/"), 200)
    assert [one["verb"] for one in facts["shut"]] == ["close"]
    assert facts["shut"][0]["why"] == said["detail"]
    again = read(program("branch").post("whistles/", body(issue)), 409)
    assert "已经有一个哨" in again["detail"]


def test_bad_fields_are_named(program, issue):
    for given, field in (
        ({"units": ["nowhere"]}, "units"),
        ({"kind": "picnic"}, "kind"),
        ({"points": 3}, "points"),
        ({"kind": "enforcement"}, "meet_at"),
    ):
        errors = read(program("street").post("whistles/", body(issue, **given)), 400)["errors"]
        assert field in errors, given


def test_not_ours_needs_its_item(program, issue):
    number = read(program("street").post("whistles/", body(issue, at_once=True)), 201)["number"]
    where = f"whistles/{number}/answer/"
    errors = read(program("other-unit").post(where, {"answer": "not_ours"}), 400)["errors"]
    assert "item" in errors
    item = Responsibility.objects.get(doer__code="clean").pk
    read(program("other-unit").post(where, {"answer": "not_ours", "item": item}), 200)


@pytest.mark.parametrize("name", ["outsider", "other-street", "other-branch", "admin", "nobody"])
def test_what_is_not_seen_does_not_exist(program, whistles, issue, name):
    number = whistles.blow("street", issue, at=timezone.now()).number
    for address in (f"whistles/{number}/", "whistles/W260310-AAAAA/"):
        assert program(name).get(address).status_code == 404
        assert program(name).post(f"{address}approve/").status_code == 404
    assert program(name).post("whistles/", body(issue)).status_code == 404
    assert Whistle.objects.count() == 1


def test_unknown_acts_and_beginnings_are_404(program, whistles, issue):
    number = whistles.blow("street", issue, at=timezone.now()).number
    for deed in ("propose", "blow_now", "dance"):
        assert program("leader").post(f"whistles/{number}/{deed}/").status_code == 404
