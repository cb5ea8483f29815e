"""POST issues/: taken once, checked, located; and the address it answers with."""

import pytest

from issues.models import Issue
from residents.models import Contact
from tests import world as w
from tests.callers import PROBLEM
from tests.photos import jpeg

ID_NUMBER = "11010519491231002X"


def given(**more):
    lat, lng = w.IN_A1
    fields = {"category": w.RUBBISH, "description": "垃圾堆在路口。", "lat": lat, "lng": lng}
    return fields | more


def photo_id(program, name="worker", **kinds):
    return program(name).upload(jpeg(**kinds)).json()["id"]


def test_a_report_is_answered_with_the_dispatched_issue(program):
    answer = program("worker").post("issues/", given(place="3号楼"))
    assert answer.status_code == 201
    issue = answer.json()
    assert issue["state"] == "dispatched"
    assert issue["cell"] == {"code": w.A1, "name": "第一网格（基础）"}
    assert issue["owner"]["code"] == "branch-a"
    assert issue["unit"]["code"] == "clean"
    assert issue["light"] == "green"
    assert issue["place"] == "3号楼"
    assert [verb["verb"] for verb in issue["verbs"]] == ["touch", "note", "raise_urgency"]
    assert issue["version"] == 1
    assert len(issue["dispatch_reasons"]) == 3
    assert issue["hints"] == []
    assert program("worker").get(f"issues/{issue['number']}/").json()["number"] == issue["number"]


def test_the_same_key_and_content_give_the_same_issue(program):
    first = program("worker").post("issues/", given(), **{"Idempotency-Key": "a1"})
    again = program("worker").post("issues/", given(), **{"Idempotency-Key": "a1"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["number"] == again.json()["number"]
    assert Issue.objects.count() == 1


def test_a_resend_gives_the_issue_as_it_is_now(world, program):
    first = program("worker").post("issues/", given(), **{"Idempotency-Key": "a1"}).json()
    world.do("unit", "sign", Issue.objects.get(number=first["number"]))
    again = program("worker").post("issues/", given(), **{"Idempotency-Key": "a1"})
    assert again.json()["state"] == "handling"


def test_the_same_content_with_another_key_is_another_report(program):
    for key in ("a1", "a2"):
        assert (
            program("worker").post("issues/", given(), **{"Idempotency-Key": key}).status_code
            == 201
        )
    assert Issue.objects.count() == 2


def test_the_same_key_of_somebody_else_is_another_report(program):
    for name in ("worker", "colleague"):
        answer = program(name).post("issues/", given(), **{"Idempotency-Key": "a1"})
        assert answer.status_code == 201


@pytest.mark.parametrize(
    "other",
    [
        {"description": "另一件事"},
        {"category": w.CORRIDOR},
        {"lat": w.IN_A1[0] + 1e-6},
        {"place": "别处"},
        {"contact": {"phone": "13812345678", "agreed": ["callback"]}},
    ],
)
def test_the_same_key_with_other_content_is_a_conflict(program, other):
    program("worker").post("issues/", given(), **{"Idempotency-Key": "a1"})
    answer = program("worker").post("issues/", given(**other), **{"Idempotency-Key": "a1"})
    assert answer.status_code == 409
    assert answer["Content-Type"] == PROBLEM
    assert answer.json()["code"] == "key_reused"
    assert Issue.objects.count() == 1


def test_photos_are_part_of_the_content_by_what_they_show(program):
    shown = given(attachments=[photo_id(program)])
    assert program("worker").post("issues/", shown, **{"Idempotency-Key": "k"}).status_code == 201
    same = given(attachments=[photo_id(program)])
    other = given(attachments=[photo_id(program, colour="navy")])
    assert program("worker").post("issues/", same, **{"Idempotency-Key": "k"}).status_code == 200
    assert program("worker").post("issues/", other, **{"Idempotency-Key": "k"}).status_code == 409


def test_a_key_is_80_characters_at_most(program):
    answer = program("worker").post("issues/", given(), **{"Idempotency-Key": "k" * 81})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["Idempotency-Key"])


@pytest.mark.parametrize("field", ["state", "owner", "reporter", "number", "place_id", "unit"])
def test_what_a_report_does_not_know_is_refused_by_name(program, field):
    answer = program("worker").post("issues/", given(**{field: "x"}))
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Issue.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"description": ""}, "description"),
        ({"description": "\u200b\u200b"}, "description"),
        ({"description": "字" * 2001}, "description"),
        ({"description": "\0"}, "description"),
        ({"description": None}, "description"),
        ({"description": f"当事人{ID_NUMBER}"}, "description"),
        ({"place": f"{ID_NUMBER[:6]} {ID_NUMBER[6:]}"}, "place"),
        ({"place": "长" * 201}, "place"),
        ({"lat": 90.1}, "lat"),
        ({"lng": -180.1}, "lng"),
        ({"lat": "abc"}, "lat"),
        ({"lat": None}, "lat"),
        ({"lat": 10**400}, "lat"),
        ({"lng": "nan"}, "lng"),
        ({"lng": "inf"}, "lng"),
        ({"datum": "mars"}, "datum"),
        ({"category": "E9999"}, "category"),
        ({"category": "E01"}, "category"),
        ({"condition": "T-NONE-1"}, "condition"),
        ({"attachments": ["x"]}, "attachments.0"),
        ({"attachments": ["00000000-0000-4000-8000-000000000000"]}, "attachments"),
        ({"contact": {"phone": "123", "agreed": ["callback"]}}, "contact.phone"),
        ({"contact": {"phone": "13812345678", "agreed": []}}, "contact.agreed"),
        ({"contact": {"phone": "13812345678", "agreed": ["sms"]}}, "contact.agreed.0"),
        ({"contact": {"phone": "13812345678", "agreed": ["visit"], "id": "1"}}, "contact.id"),
    ],
)
def test_what_is_wrong_is_named_by_field(program, wrong, named):
    answer = program("worker").post("issues/", given(**wrong))
    assert answer.status_code == 400
    assert answer["Content-Type"] == PROBLEM
    assert list(answer.json()["errors"]) == [named]
    assert answer.json()["detail"]
    assert not Issue.objects.exists()
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        "", "null", "[]", '"x"', "{", '{"lat": NaN}', '{"lat": 1e309}', "[" * 100_000,
        '{"lat": 1' + "0" * 5000 + "}", b"\xff\xfe",
        '{"description": "' + "x" * (2 * 1024 * 1024) + '"}',
    ],
    ids=lambda body: str(body[:12]),
)  # fmt: skip
def test_no_body_is_too_broken_for_an_answer(program, body):
    answer = program("worker").post("issues/", body)
    assert answer.status_code == 400
    assert answer["Content-Type"] == PROBLEM


def test_a_form_is_no_report(program):
    answer = program("worker").client.post("/api/v1/issues/", {"lat": "30"})
    assert (answer.status_code, answer["Content-Type"]) == (415, PROBLEM)


def test_a_point_of_another_datum_is_moved(program):
    issue = program("worker").post("issues/", given(datum="gcj02")).json()
    assert 0.001 < abs(issue["lat"] - w.IN_A1[0]) < 0.01
    assert Issue.objects.get().datum == "gcj02"


def test_a_point_outside_every_cell_waits_at_the_districts_desk(program):
    lat, lng = w.OUTSIDE
    issue = program("worker").post("issues/", given(lat=lat, lng=lng)).json()
    assert (issue["state"], issue["cell"], issue["unit"]["code"]) == (
        "pending_dispatch",
        None,
        "desk-district",
    )


def test_a_phone_number_in_the_words_is_pointed_out(program):
    for said in ({"description": "请打 138 1234 5678"}, {"place": "3号楼 13812345678"}):
        assert program("worker").post("issues/", given(**said)).json()["hints"]


def test_a_category_may_be_left_out(program):
    body = given()
    del body["category"]
    assert program("worker").post("issues/", body).json()["state"] == "reported"


@pytest.mark.parametrize("name", ["admin", "auditor", "nobody"])
def test_onlookers_do_not_report(program, name):
    answer = program(name).post("issues/", given())
    assert (answer.status_code, answer.json()["code"]) == (403, "no_post")


def test_a_taken_number_is_drawn_again(world, program, monkeypatch):
    taken = world.report().number
    numbers = iter([taken, "QH-260310-ZZZZZ"])
    monkeypatch.setattr("issues.services.reporting.new_number", lambda *, at: next(numbers))
    assert program("worker").post("issues/", given()).json()["number"] == "QH-260310-ZZZZZ"


@pytest.mark.parametrize("earlier", [0, 3])
def test_a_report_takes_few_queries_however_many_came_before(
    world, program, earlier, django_assert_max_num_queries
):
    for _ in range(earlier):
        world.report()
    worker = program("worker")
    worker.get("categories/")
    with django_assert_max_num_queries(22):
        assert worker.post("issues/", given(), **{"Idempotency-Key": "a1"}).status_code == 201
