"""Where is it, who answers for it, what can it be about; signing in; problems and health."""

import pytest
from django.db import connection
from django.test import Client

from grid.models import Place
from issues.models import Issue
from matters.models import Category
from tests import world as w
from tests.callers import API, PROBLEM, Program, person


def at(point, **more):
    return {"lat": point[0], "lng": point[1]} | more


def test_a_point_is_located(program):
    found = program("outsider").get("cells/locate/", **at(w.IN_B1)).json()
    assert found == {
        "outside": False,
        "cell": {"code": w.B1, "name": "第一网格（基础）"},
        "community": {"code": w.COMMUNITY_2, "name": "稻香社区"},
        "street": {"code": w.STREET_1, "name": "青禾街道"},
        "district": {"code": w.DISTRICT, "name": "青禾区"},
        "owner": {"code": "branch-b", "name": "稻香第一网格党支部"},
        "nearest": None,
    }


def test_a_point_outside_names_the_nearest_cell_and_how_far_it_is(program):
    found = program("worker").get("cells/locate/", **at((w.LAT - 0.001, w.LNG + 0.001))).json()
    assert (found["outside"], found["cell"], found["owner"]) == (True, None, None)
    assert found["nearest"]["code"] == w.A1
    assert 105 < found["nearest"]["metres"] < 117


def test_the_datum_moves_the_point(program):
    codes = [
        program("worker").get("cells/locate/", **at(w.IN_A1, datum=datum)).json()["cell"]
        for datum in ("wgs84", "gcj02")
    ]
    assert codes[0]["code"] == w.A1
    assert codes[1] is None or codes[1]["code"] != w.A1


@pytest.mark.parametrize("datum", ["wgs84", "gcj02", "bd09"])
@pytest.mark.parametrize("lat", [-90, 0, 90])
@pytest.mark.parametrize("lng", [-180, 0, 180])
def test_the_edge_of_the_world_is_a_place_too(program, datum, lat, lng):
    answer = program("worker").get("cells/locate/", lat=lat, lng=lng, datum=datum)
    assert (answer.status_code, answer.json()["outside"]) == (200, True)


@pytest.mark.parametrize("path", ["cells/locate/", "responsible/"])
@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"lat": "nan"}, "lat"), ({"lat": "1e309"}, "lat"), ({"lat": "-inf"}, "lat"),
        ({"lng": 181}, "lng"), ({"lng": ""}, "lng"), ({"lng": "1" * 2000}, "lng"),
        ({"datum": "mars"}, "datum"),
    ],
)  # fmt: skip
def test_a_wrong_point_is_named(program, path, wrong, named):
    answer = program("worker").get(path, **at(w.IN_A1, category=w.RUBBISH) | wrong)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [named])


def test_who_answers_is_told_with_reasons_and_nothing_is_filed(program):
    found = program("outsider").get("responsible/", **at(w.IN_A1, category=w.LIFT)).json()
    assert found["owner"]["code"] == "branch-a"
    assert (found["unit"]["code"], found["doer"]["code"]) == ("home-1", "lifts")
    assert found["on_behalf"] is True
    assert found["level"] == "community"
    assert found["basis"] == "权责清单"
    assert len(found["reasons"]) == 4
    assert found["due_at"]
    assert not Issue.objects.exists()


def test_who_answers_is_said_in_the_readers_language(program):
    client = program("worker").client
    query = f"lat={w.IN_A1[0]}&lng={w.IN_A1[1]}&category={w.RUBBISH}"
    said = {
        language: client.get(
            f"{API}responsible/?{query}", headers={"Accept-Language": language}
        ).json()["category"]["name"]
        for language in ("zh-hans", "en")
    }
    leaf = Category.objects.get(code=w.RUBBISH)
    assert said == {"zh-hans": leaf.name_zh, "en": leaf.name_en}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"category": "X"}, "category"), ({"category": "E01"}, "category"),
     ({"condition": "X"}, "condition")],
)  # fmt: skip
def test_an_unknown_matter_is_named(program, wrong, named):
    query = at(w.IN_A1, category=w.RUBBISH) | wrong
    answer = program("worker").get("responsible/", **query)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [named])


def test_every_leaf_is_listed_with_its_conditions_in_a_few_queries(
    program, django_assert_max_num_queries
):
    program("worker").get("categories/")
    with django_assert_max_num_queries(4):
        leaves = program("worker").get("categories/").json()
    assert {leaf["code"] for leaf in leaves} == set(
        Category.objects.filter(level=2, active=True).values_list("code", flat=True)
    )
    assert all(leaf["conditions"] and leaf["class_name"] for leaf in leaves)


def test_places_are_found_by_words(world, program):
    Place.objects.create(
        name="青禾花园", kind="compound", lat=w.IN_A1[0], lng=w.IN_A1[1], cell=world.cells[w.A1],
        search="\n青禾花园\n",
    )  # fmt: skip
    found = program("outsider").get("places/", q="青禾花园3号楼2单元").json()
    assert [(place["name"], place["cell"]["code"]) for place in found] == [("青禾花园", w.A1)]
    for words in ("", "%", "没有", "x" * 500):
        assert program("outsider").get("places/", q=words).json() == []


def test_a_token_opens_the_api_and_nothing_else(world):
    program = Program(None)
    given = program.post("token/", {"username": "worker", "password": "gezhi-test"})
    token = given.json()["token"]
    client = Client(headers={"Authorization": f"Token {token}"})
    assert client.get(f"{API}issues/").status_code == 200
    assert client.get("/issues/").status_code == 302
    world.user("worker").set_password("another-word-7")
    world.user("worker").save()
    assert client.get(f"{API}issues/").status_code == 401


@pytest.mark.parametrize("path", ["issues/", "issues/X/", "categories/", "schema/"])
def test_without_a_token_the_api_asks_for_one(world, path):
    answer = Program(None).get(path)
    assert (answer.status_code, answer["Content-Type"]) == (401, PROBLEM)
    assert answer["WWW-Authenticate"] == "Token"


PROBLEMS = [
    ("get", "/api/v1/nowhere/", 404), ("get", "/api/", 404), ("get", "/api/v1/issues/X/", 404),
    ("get", "/api/v1/issues/%00/", 404), ("get", "/api/v1/issues/?q=%00", 400),
    ("get", "/api/v1/places/?q=%00", 400), ("put", "/api/v1/issues/", 405),
    ("delete", "/api/v1/issues/X/", 405), ("get", "/api/v1/issues/?format=xml", 404),
    ("get", "/api/v1/issues/?limit=-1", 400),
]  # fmt: skip


@pytest.mark.parametrize(("method", "address", "status"), PROBLEMS)
def test_whatever_is_wrong_is_said_as_problem_json(program, method, address, status):
    answer = getattr(program("worker").client, method)(address)
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM)
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]


@pytest.mark.parametrize("address", ["/map/cells/?street=%00", "/issues/?q=%00", "/issues/%00/"])
def test_no_address_of_a_page_is_an_error_of_ours(program, address):
    assert person("worker").get(address).status_code in (400, 404)


def test_an_error_of_ours_tells_nothing_about_itself(program):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE matters_category RENAME TO gone")
    answer = program("worker").get("categories/")
    assert (answer.status_code, answer["Content-Type"]) == (500, PROBLEM)
    for word in ("Traceback", "matters_category", "django", "SELECT"):
        assert word not in answer.content.decode()


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_health_needs_no_sign_in_and_tells_only_what_it_is_asked(world, path):
    answer = Client().get(path)
    assert answer.status_code == 200
    assert set(answer.json()) <= {"live", "ready", "database", "migrated"}
    assert Client().post(path).status_code == 405


def test_no_cookie_comes_with_an_answer_to_a_program(program):
    answer = program("worker").get("issues/")
    assert not answer.cookies
    assert "Access-Control-Allow-Origin" not in answer
