"""A verb sent again with the same Idempotency-Key is answered again and not done again."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from issues.models import Event, Sent
from issues.services.upkeep import forget_keys
from tests import world as w
from tests.callers import PROBLEM
from tests.issues.invariants import check
from tests.photos import jpeg

KEY = {"Idempotency-Key": "k1"}
# Verbs that a program can do twice, and one that leads on to the next state.
TWICE = [
    ("worker", "note", {"note": "去看过了。"}),
    ("street", "chase", {"note": "请抓紧。"}),
    ("unit", "add_part", {"unit": "roads", "note": "请封路。"}),
    ("unit", "sign", {}),
]


@pytest.fixture
def issue(world):
    return world.report()


def lines(issue, verb):
    return Event.objects.filter(issue=issue, verb=verb).count()


@pytest.mark.parametrize(("name", "verb", "given"), TWICE)
@pytest.mark.parametrize("version", [{}, {"version": 1}], ids=["unversioned", "versioned"])
def test_a_verb_sent_again_is_done_once(program, issue, name, verb, given, version):
    where = f"issues/{issue.number}/{verb}/"
    first = program(name).post(where, given | version, **KEY)
    again = program(name).post(where, given | version, **KEY)
    assert (first.status_code, again.status_code) == (200, 200), again.content.decode()
    assert again.json() == first.json()
    assert again.json()["version"] == 2
    assert lines(issue, verb) == 1
    check(issue)


def test_what_comes_again_later_shows_the_issue_as_it_is_by_then(world, program, issue):
    where = f"issues/{issue.number}/sign/"
    program("unit").post(where, {"version": 1}, **KEY)
    world.do("handler", "handle", issue, outcome="fixed", note="好了。")
    again = program("unit").post(where, {"version": 1}, **KEY)
    assert (again.status_code, again.json()["state"]) == (200, "handled")
    # The version says what the caller saw, not what is asked.
    assert program("unit").post(where, {"version": 3}, **KEY).status_code == 200
    assert lines(issue, "sign") == 1


def test_without_a_key_or_with_another_it_is_another_note(program, issue):
    where, said = f"issues/{issue.number}/note/", {"note": "去看过了。"}
    for key in ({}, {}, KEY, {"Idempotency-Key": "k2"}):
        assert program("worker").post(where, said, **key).status_code == 200
    assert lines(issue, "note") == 4


def test_the_same_key_of_somebody_else_is_another_note(program, issue):
    for name in ("worker", "colleague"):
        answer = program(name).post(f"issues/{issue.number}/note/", {"note": "看过。"}, **KEY)
        assert answer.status_code == 200
    assert lines(issue, "note") == 2


def test_the_same_key_for_another_request_is_a_conflict(world, program, issue):
    other = world.report().number
    said = {"note": "去看过了。"}
    program("street").post(f"issues/{issue.number}/note/", said, **KEY)
    lat, lng = w.IN_A1
    report = {"category": w.RUBBISH, "description": "垃圾", "lat": lat, "lng": lng}
    for where, given in (
        (f"issues/{issue.number}/note/", {"note": "另一句。"}),
        (f"issues/{issue.number}/chase/", said),
        (f"issues/{other}/note/", said),
        ("issues/", report),
    ):
        answer = program("street").post(where, given, **KEY)
        assert (answer.status_code, answer["Content-Type"]) == (409, PROBLEM), where
        assert answer.json()["code"] == "key_reused"
    assert Event.objects.filter(verb__in=["note", "chase"]).count() == 1
    assert Sent.objects.count() == 1


def test_the_key_of_a_report_is_taken_for_its_verbs(program):
    lat, lng = w.IN_A1
    report = {"category": w.RUBBISH, "description": "垃圾", "lat": lat, "lng": lng}
    number = program("worker").post("issues/", report, **KEY).json()["number"]
    answer = program("worker").post(f"issues/{number}/note/", {"note": "看过。"}, **KEY)
    assert (answer.status_code, answer.json()["code"]) == (409, "key_reused")
    assert program("worker").post("issues/", report, **KEY).json()["number"] == number


def test_photos_are_part_of_a_verb_by_what_they_show(program, issue):
    worker, where = program("worker"), f"issues/{issue.number}/note/"

    def note(**kinds):
        photo = worker.upload(jpeg(**kinds)).json()["id"]
        return {"note": "看过。", "attachments": [photo]}

    said = note()
    answers = [worker.post(where, given, **KEY) for given in (said, said, note())]
    assert [answer.status_code for answer in answers] == [200] * 3, answers[1].content.decode()
    assert worker.post(where, note(colour="navy"), **KEY).status_code == 409
    assert (lines(issue, "note"), issue.attachments.count()) == (1, 1)


def test_what_was_refused_leaves_its_key_free(program, issue):
    unit, where = program("unit"), f"issues/{issue.number}"
    assert unit.post(f"{where}/note/", {"note": ""}, **KEY).status_code == 400
    assert unit.post(f"{where}/close/", **KEY).status_code == 409
    assert unit.post(f"{where}/sign/", {"version": 7}, **KEY).json()["code"] == "changed_meanwhile"
    assert not Sent.objects.exists()
    assert unit.post(f"{where}/sign/", **KEY).status_code == 200


def test_what_is_not_seen_any_more_is_not_shown_again(world, program, issue):
    where, said = f"issues/{issue.number}/note/", {"note": "看过。"}
    assert program("worker").post(where, said, **KEY).status_code == 200
    world.user("worker").posts.update(valid_until=w.NOW)
    assert program("worker").post(where, said, **KEY).status_code == 404
    assert program("outsider").post(where, said, **KEY).status_code == 404
    assert lines(issue, "note") == 1


def test_a_key_is_80_characters_at_most(program, issue):
    key = {"Idempotency-Key": "k" * 81}
    answer = program("worker").post(f"issues/{issue.number}/note/", {"note": "看过。"}, **key)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["Idempotency-Key"])
    assert lines(issue, "note") == 0


def test_a_key_is_forgotten_after_thirty_days(world, issue):
    for at in (w.NOW, w.NOW + timedelta(days=29), w.NOW + timedelta(days=31)):
        forget_keys(now=at)
        world.do("worker", "note", issue, key="k", at=at, note="看过。")
    assert lines(issue, "note") == 2


def test_a_key_costs_two_queries_at_most(program, issue):
    worker, where = program("worker"), f"issues/{issue.number}/note/"
    worker.get("categories/")

    def cost(**key):
        photo = worker.upload(jpeg()).json()["id"]
        with CaptureQueriesContext(connection) as seen:
            answer = worker.post(where, {"note": "看过。", "attachments": [photo]}, **key)
        assert answer.status_code == 200
        return len(seen)

    cost()
    assert cost(**KEY) <= cost() + 2
