"""Lists, one issue, its timeline, its verbs and its contact, through the API."""

from datetime import timedelta

import pytest

from issues.models import Issue
from residents.models import Reveal
from tests import world as w
from tests.callers import PROBLEM
from tests.issues.rows import ISSUE_FIELDS, ROW_FIELDS

CANARY_PHONE, CANARY_NAME = "13912340987", "金丝雀"
CONTACT = {"name": CANARY_NAME, "phone": CANARY_PHONE, "agreed": ["callback"]}


def numbers(answer):
    return [issue["number"] for issue in answer.json()["results"]]


@pytest.fixture
def two(world):
    return world.report(), world.report(point=w.IN_B1, place="稻香路口")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [0, 1]), ({"state": "dispatched"}, [1, 0]), ({"state": "closed"}, []),
        ({"state": "all"}, [1, 0]), ({"street": w.STREET_1}, [0, 1]), ({"street": w.STREET_2}, []),
        ({"community": w.COMMUNITY_2}, [1]), ({"cell": w.A1}, [0]), ({"unit": "clean"}, [0, 1]),
        ({"owner": "branch-b"}, [1]), ({"category": w.RUBBISH}, [0, 1]),
        ({"category": "E"}, [0, 1]), ({"category": "S"}, []), ({"overdue": "true"}, [0, 1]),
        ({"q": "稻香"}, [1]),
        ({"q": "%"}, []), ({"q": "_"}, []), ({"sort": "new"}, [1, 0]), ({"mine": "true"}, []),
        ({"cell": "x' OR 1=1 --"}, []),
    ],
)  # fmt: skip
def test_a_list_is_narrowed(two, program, query, expected):
    answer = program("street").get("issues/", **query)
    assert answer.status_code == 200
    assert numbers(answer) == [two[index].number for index in expected]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"limit": "x"}, "limit"),
        ({"limit": 10**30}, "limit"), ({"sort": "reporter"}, "sort"), ({"overdue": "?"}, "overdue"),
        ({"state": "bogus"}, "state"), ({"state": "closed,bogus"}, "state"),
        ({"cursor": "x"}, "cursor"), ({"cursor": "c" * 401}, "cursor"), ({"q": "字" * 61}, "q"),
    ],
)  # fmt: skip
def test_a_wrong_filter_is_named(program, query, named):
    answer = program("street").get("issues/", **query)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [named])


def test_pages_are_turned_by_the_addresses_in_the_answer(world, program):
    issues = [world.report(at=w.NOW + timedelta(minutes=i)).number for i in range(5)]
    client, address, seen = program("street").client, "/api/v1/issues/?limit=2&unit=clean", []
    while address:
        answer = client.get(address)
        seen += numbers(answer)
        address = answer.json()["next"]
    assert seen == issues
    assert numbers(client.get(answer.json()["previous"])) == issues[2:4]


def test_a_list_shows_rows_and_an_issue_shows_everything(two, program):
    row = program("street").get("issues/").json()["results"][0]
    assert set(row) == ROW_FIELDS
    whole = program("street").get(f"issues/{two[0].number}/").json()
    assert set(whole) == ROW_FIELDS | ISSUE_FIELDS


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_takes_as_many_queries_however_long(
    world, program, count, django_assert_num_queries
):
    for _ in range(count):
        world.report()
    program("street").get("issues/")
    with django_assert_num_queries(4):  # token, posts, rows, calendar
        program("street").get("issues/")


def test_an_issue_takes_the_same_queries_with_one_photo_or_many(
    world, program, django_assert_max_num_queries
):
    issue = world.walk("sign", "handle")
    program("street").get(f"issues/{issue.number}/")
    # Token, posts, issue, own work, helpers, linked and joined reports, clock, calendar,
    # reasons, photos.
    with django_assert_max_num_queries(11):
        program("street").get(f"issues/{issue.number}/")
    with django_assert_max_num_queries(5):
        program("street").get(f"issues/{issue.number}/events/")


def test_an_issue_is_walked_to_closed_with_the_verbs_it_offers(program):
    lat, lng = w.IN_A1
    body = {"description": "垃圾", "category": w.RUBBISH, "lat": lat, "lng": lng}
    number = program("worker").post("issues/", body).json()["number"]
    steps = [
        ("unit", "sign", {}, "handling"),
        ("handler", "handle", {"outcome": "fixed", "note": "已清运。"}, "handled"),
        ("worker", "check", {"passed": True, "way": "on_site"}, "handled"),
        ("branch", "close", {}, "closed"),
    ]
    for name, verb, given, state in steps:
        seen = program(name).get(f"issues/{number}/").json()
        assert verb in [offered["verb"] for offered in seen["verbs"]]
        done = program(name).post(f"issues/{number}/{verb}/", given | {"version": seen["version"]})
        assert (done.status_code, done.json()["state"]) == (200, state)
        assert done.json()["version"] == seen["version"] + 1
    events = program("worker").get(f"issues/{number}/events/").json()
    assert [event["verb"] for event in events] == [
        "report", "accept", "dispatch", "sign", "handle", "check", "close",
    ]  # fmt: skip
    assert [event["seq"] for event in events] == [1, 2, 3, 4, 5, 6, 7]


CELL = ["touch", "note", "raise_urgency"]
UNIT = ["sign", "return", "join", "ask_suspension", "add_part", *CELL]
DESK = ["redispatch", "split", "cancel", "merge", "join", "add_part", *CELL, "chase"]
LEADING = [*DESK[:2], "force_close", *DESK[2:], "supervise", "instruct"]


@pytest.mark.parametrize(
    ("name", "verb", "given", "now_allowed"),
    [
        ("worker", "sign", {}, CELL),
        ("unit", "handle", {"outcome": "fixed", "note": "好"}, UNIT),
        ("handler", "return", {"reason": "not_ours"}, ["sign", "join", *CELL]),
        ("branch", "close", {}, ["join", "add_part", *CELL, "chase"]),
        ("auditor", "note", {"note": "看过"}, []),
        ("street", "accept", {}, DESK),
        ("district", "check", {"passed": True}, LEADING),
    ],
)
def test_a_refusal_says_what_is_allowed_now(two, program, name, verb, given, now_allowed):
    answer = program(name).post(f"issues/{two[0].number}/{verb}/", given)
    assert (answer.status_code, answer["Content-Type"]) == (409, PROBLEM)
    assert (answer.json()["code"], answer.json()["verbs"]) == ("refused", now_allowed)
    assert Issue.objects.get(pk=two[0].pk).version == 1


def verbs_of(answer, key="verbs"):
    return {one["verb"]: one for one in answer.json()[key]}


def test_a_grey_verb_is_named_with_its_reason_and_refused_with_the_same_words(world, program):
    issue = world.report(category="C0102")
    world.do("street", "dispatch", issue, unit="clean")
    seen = program("unit").get(f"issues/{issue.number}/")
    shut = verbs_of(seen, "shut")
    assert set(shut) == {"ask_extension", "ask_suspension"}
    assert not set(shut) & set(verbs_of(seen))
    assert shut["ask_suspension"]["name"] == "申请挂账"
    body = {"until": "2026-05-01", "reason": "weather"}
    refused = program("unit").post(f"issues/{issue.number}/ask_suspension/", body)
    assert refused.status_code == 409
    assert refused.json()["detail"] == shut["ask_suspension"]["why"]
    assert refused.json()["detail"] == "紧急事项不能延期，也不能挂账。"


def test_what_is_not_ones_own_is_neither_open_nor_grey(world, program):
    issue = world.report(category="C0102")
    world.do("street", "dispatch", issue, unit="clean")
    for name in ("worker", "branch", "auditor"):
        seen = program(name).get(f"issues/{issue.number}/")
        assert not {"ask_extension", "sign"} & {*verbs_of(seen), *verbs_of(seen, "shut")}, name


def test_a_verb_offers_the_choices_that_will_be_taken(world, program):
    issue = world.walk("sign", "handle")
    check = verbs_of(program("worker").get(f"issues/{issue.number}/"))["check"]
    assert [way["code"] for way in check["ways"]] == ["on_site", "photo", "phone"]
    grave = world.report(category="C0102")
    grave = world.do("street", "dispatch", grave, unit="roads")
    grave = world.do("other-unit", "sign", grave)
    world.do("other-unit", "handle", grave, outcome="fixed", note="好了。")
    check = verbs_of(program("worker").get(f"issues/{grave.number}/"))["check"]
    assert [way["code"] for way in check["ways"]] == ["on_site"]


def test_an_old_version_is_refused_and_nothing_is_lost(world, two, program):
    world.do("unit", "sign", two[0])
    body = {"reason": "void", "version": 1}
    answer = program("street").post(f"issues/{two[0].number}/cancel/", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "changed_meanwhile")
    assert "cancel" in answer.json()["verbs"]
    assert Issue.objects.get(pk=two[0].pk).state == "handling"


@pytest.mark.parametrize(
    ("name", "verb", "given", "named"),
    [
        ("street", "cancel", {}, ["reason"]),
        ("street", "redispatch", {}, ["reason", "unit"]),
        ("street", "redispatch", {"reason": "sent_wrong", "unit": "desk-2"}, ["unit"]),
        ("street", "redispatch", {"reason": "sent_wrong", "unit": "branch-a"}, ["unit"]),
        ("worker", "note", {"note": " "}, ["note"]),
        ("worker", "note", {"note": "11010519491231002X"}, ["note"]),
        ("worker", "note", {"note": "字" * 1001}, ["note"]),
        ("unit", "sign", {"version": 0}, ["version"]),
        ("unit", "sign", {"version": "x"}, ["version"]),
        ("unit", "sign", {"state": "closed"}, ["state"]),
        ("unit", "sign", {"due_at": "2030-01-01", "reporter": 1}, ["due_at", "reporter"]),
        ("unit", "sign", {"outcome": "great"}, ["outcome"]),
        ("unit", "return", {"reason": "no_power"}, ["proposed"]),
        ("unit", "return", {"reason": "not_ours", "proposed": "roads"}, ["item"]),
        ("unit", "return", {"reason": "wrong_area", "proposed": "roads"}, ["cell"]),
        ("unit", "return", {"reason": "not_ours", "proposed": "roads", "item": "x"}, ["item"]),
        ("unit", "ask_suspension", {"reason": "weather"}, ["until"]),
        ("unit", "ask_suspension", {"reason": "weather", "until": "soon"}, ["until"]),
        ("street", "split", {"parts": []}, ["parts"]),
        ("street", "split", {"parts": [{"category": w.LIFT}]}, ["parts.0.description"]),
        (
            "street",
            "split",
            {"parts": [{"category": w.LIFT, "description": "一", "state": "x"}]},
            ["parts.0.state"],
        ),
        ("street", "merge", {}, ["into"]),
        ("worker", "touch", {"cell": "1"}, ["cell"]),
    ],
)
def test_what_a_verb_lacks_is_named(two, program, name, verb, given, named):
    answer = program(name).post(f"issues/{two[0].number}/{verb}/", given)
    assert (answer.status_code, sorted(answer.json()["errors"])) == (400, named)
    assert Issue.objects.get(pk=two[0].pk).version == 1


ROADS = [
    ("get", ""), ("get", "events/"), ("post", "contact/"), ("post", "note/"), ("post", "cancel/"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "road"), ROADS)
@pytest.mark.parametrize("name", ["outsider", "other-branch", "other-unit", "admin", "nobody"])
def test_what_one_may_not_see_is_what_does_not_exist(two, program, name, method, road):
    body = {"post": {"note": "x", "reason": "试试看"} if road == "note/" else {"reason": "试试看"}}
    args = [body[method]] if method in body else []
    call = getattr(program(name), method)
    unseen = call(f"issues/{two[0].number}/{road}", *args)
    missing = call(f"issues/QH-260310-AAAAA/{road}", *args)
    assert unseen.status_code == missing.status_code == 404
    assert unseen.content == missing.content
    # Each answer names its own request; nothing else differs.
    assert unseen.headers.pop("X-Request-ID") != missing.headers.pop("X-Request-ID")
    assert unseen.headers == missing.headers


@pytest.mark.parametrize("verb", ["report", "fly", "delete", "SIGN"])
def test_a_verb_that_is_not_in_the_book_is_not_found(two, program, verb):
    assert program("unit").post(f"issues/{two[0].number}/{verb}/", {}).status_code == 404


def test_an_internal_note_is_hidden_from_a_reporter_without_reach(world, program):
    issue = world.report("outsider")
    world.do("street", "note", issue, note="内部：先查承包商")
    for name, sees in (("outsider", False), ("worker", True), ("auditor", True)):
        answer = program(name).get(f"issues/{issue.number}/events/")
        assert ("内部：先查承包商" in answer.content.decode()) is sees


def test_a_helping_unit_sees_the_issue_and_may_add_a_note(world, program):
    item = world.orgs["clean"].does.get()
    item.helpers.add(world.orgs["roads"])
    issue = world.report()
    seen = program("other-unit").get(f"issues/{issue.number}/").json()
    assert [verb["verb"] for verb in seen["verbs"]] == ["join", *CELL]
    done = program("other-unit").post(f"issues/{issue.number}/note/", {"note": "已派吊车。"})
    assert done.status_code == 200
    assert (
        "已派吊车" in program("other-unit").get(f"issues/{issue.number}/events/").content.decode()
    )


@pytest.fixture
def called_back(world):
    return world.report(contact=CONTACT)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("unit", 200), ("handler", 200), ("street", 200), ("worker", 403), ("colleague", 403),
        ("branch", 403), ("community", 403), ("leader", 403), ("district", 403), ("auditor", 403),
        ("outsider", 404), ("other-unit", 404), ("other-street", 404), ("admin", 404),
        ("nobody", 404),
    ],
)  # fmt: skip
def test_who_may_look_at_a_contact(called_back, program, name, status):
    answer = program(name).post(f"issues/{called_back.number}/contact/", {"reason": "电话回访"})
    assert answer.status_code == status
    assert Reveal.objects.count() == (1 if status == 200 else 0)
    assert (CANARY_PHONE in answer.content.decode()) is (status == 200)
    facts = program(name).get(f"issues/{called_back.number}/").json()
    expected = {"phone": "139****0987", "agreed": ["电话回访"], "erased": False}
    assert facts.get("contact") == (expected if status == 200 else None)


@pytest.mark.parametrize("name", ["worker", "branch", "leader", "auditor"])
def test_a_refusal_does_not_tell_whether_there_is_a_contact(world, called_back, program, name):
    without = world.report()
    answers = [
        program(name).post(f"issues/{issue.number}/contact/", {"reason": "电话回访"})
        for issue in (called_back, without)
    ]
    assert answers[0].content == answers[1].content


def test_the_districts_desk_looks_at_what_it_triages_itself(world, program):
    outside = world.report(point=w.OUTSIDE, contact=CONTACT)
    path = f"issues/{outside.number}/contact/"
    assert program("district").post(path, {"reason": "电话回访"}).status_code == 200
    assert program("street").post(path, {"reason": "电话回访"}).status_code == 404


def test_each_look_is_written_down_with_its_reason(called_back, program):
    path = f"issues/{called_back.number}/"
    given = program("unit").post(f"{path}contact/", {"reason": "约时间上门"})
    assert given.json() == {"name": CANARY_NAME, "phone": CANARY_PHONE}
    shown = program("street").get(f"{path}events/").json()
    assert [(e["actor"], e["text"]) for e in shown if e["verb"] == "reveal"] == [
        ("unit", "约时间上门")
    ]
    others = program("worker").get(f"{path}events/").json()
    assert "reveal" not in {event["verb"] for event in others}


@pytest.mark.parametrize("reason", ["", " ", "x", "11010519491231002X", "打13812345678"])
def test_a_look_needs_a_reason(called_back, program, reason):
    answer = program("unit").post(f"issues/{called_back.number}/contact/", {"reason": reason})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["reason"])
    assert not Reveal.objects.exists()


def test_there_is_nothing_to_look_at_without_a_contact(world, program):
    path = f"issues/{world.report().number}/contact/"
    assert program("unit").post(path, {"reason": "电话回访"}).status_code == 404


def test_a_contact_whose_key_is_gone_is_no_error_of_ours(called_back, program, settings):
    settings.CONTACT_KEY = "another key " * 5
    answer = program("unit").post(f"issues/{called_back.number}/contact/", {"reason": "电话回访"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["reason"])
    assert not Reveal.objects.exists()


def test_a_post_that_begins_or_ends_counts_at_the_next_request(world, two, program):
    worker = program("worker")
    assert worker.get(f"issues/{two[0].number}/").status_code == 200
    world.user("worker").posts.update(valid_until=w.NOW)
    assert worker.get(f"issues/{two[0].number}/").status_code == 404
    assert worker.get("issues/").json()["results"] == []
