"""The API of whistles: the same table, the same words, the same refusals as the pages."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from partyorgs.models import Responsibility
from tests.whistles.helping import lines, whole
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


KEY = {"Idempotency-Key": "k1"}


def test_a_whistle_and_its_acts_sent_again_are_done_once(program, issue):
    blown = [
        program("street").post("whistles/", body(issue, at_once=True), **KEY) for _ in range(2)
    ]
    made, again = read(blown[0], 201), read(blown[1], 200)
    assert made == again
    where = f"whistles/{made['number']}/"
    for name, deed, given in (
        ("leader", "approve", {}),
        ("other-unit", "answer", {"answer": "will_come"}),
        ("street", "rate", {"unit": "roads", "speed": 5, "work": 5, "result": 5}),
    ):
        key = {"Idempotency-Key": deed}
        first = read(program(name).post(f"{where}{deed}/", given, **key), 200)
        assert read(program(name).post(f"{where}{deed}/", given, **key), 200) == first
    whistle = Whistle.objects.get()
    told = ["whistle_blown", "whistle_confirmed", "whistle_will_come", "whistle_rated_unit"]
    assert lines(whistle) == told
    whole(whistle)


def test_a_key_is_one_persons_and_for_one_act(program, issue):
    number = read(program("street").post("whistles/", body(issue, at_once=True), **KEY), 201)[
        "number"
    ]
    where = f"whistles/{number}/answer/"
    said = {"answer": "will_come"}
    read(program("other-unit").post(where, said, **KEY), 200)
    for address, given in (
        (where, {"answer": "already_there", "roles": "队长"}),
        (f"whistles/{number}/arrive/", {"roles": "队长"}),
    ):
        answer = read(program("other-unit").post(address, given, **KEY), 409)
        assert answer["code"] == "key_reused"
    other = read(program("street").post("whistles/", body(issue, reason="别的。"), **KEY), 409)
    assert other["code"] == "key_reused"
    # What was refused leaves its key free.
    free = {"Idempotency-Key": "k2"}
    read(program("other-unit").post(where, said, **free), 409)
    read(program("other-unit").post(f"whistles/{number}/arrive/", {"roles": "队长"}, **free), 200)
    assert len(lines(Whistle.objects.get())) == 3
