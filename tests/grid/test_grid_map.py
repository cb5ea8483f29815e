"""Cells for the map: who may ask, what comes, and how it is drawn."""

import pytest
import shapely
from django.contrib.auth import get_user_model
from django.urls import reverse
from shapely.geometry import shape

from grid.queries import cells_geojson
from tests.grid.partition import SOUTH, STEP, WEST, make_community, make_partition

STREET, COMMUNITY = "990777001", "990777001001"


@pytest.fixture
def drafts(db):
    return make_partition()


@pytest.fixture
def signed_in(client, db):
    client.force_login(get_user_model().objects.create_user(username="map", password="x" * 20))
    return client


def codes(client, **query) -> list[str]:
    answer = client.get(reverse("map_cells"), query)
    assert answer.status_code == 200
    return [feature["properties"]["code"] for feature in answer.json()["features"]]


def test_a_street_a_community_and_a_box_give_their_cells(signed_in, drafts):
    everything = sorted(draft.code for draft in drafts)
    assert codes(signed_in, street=STREET) == everything
    assert codes(signed_in, community=COMMUNITY) == everything
    box = (WEST, SOUTH, WEST + STEP, SOUTH + STEP)
    inside = codes(signed_in, bbox=",".join(str(side) for side in box))
    assert set(inside) >= {d.code for d in drafts if d.geometry.intersects(shapely.box(*box))}
    assert len(inside) < len(drafts)


def test_a_feature_says_what_it_is(signed_in, drafts):
    answer = signed_in.get(reverse("map_cells"), {"street": STREET})
    assert answer["Content-Type"] == "application/geo+json"
    first = answer.json()["features"][0]
    assert first["properties"] == {
        "code": f"{COMMUNITY}001",
        "name": "第001网格",
        "kind": next(draft.kind for draft in drafts if draft.code == f"{COMMUNITY}001"),
        "community": COMMUNITY,
        "community_name": "望河社区",
    }


def test_the_drawing_is_two_metres_exact_and_leaves_no_gap(drafts):
    drawn = {
        feature["id"]: shape(feature["geometry"])
        for feature in cells_geojson(street=STREET)["features"]
    }
    for draft in drafts:
        assert shapely.hausdorff_distance(drawn[draft.code], draft.geometry) < 1e-4
    before = shapely.union_all([draft.geometry for draft in drafts]).area
    assert shapely.union_all(list(drawn.values())).area == pytest.approx(before, rel=1e-4)


def test_a_map_is_one_query_whether_it_has_few_cells_or_many(drafts, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert len(cells_geojson(street=STREET)["features"]) == len(drafts)
    with django_assert_num_queries(1):
        assert cells_geojson(community="990777001999")["features"] == []


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"bbox": "1,2,3"},
        {"bbox": "a,b,c,d"},
        {"bbox": "nan,1,2,3"},
        {"bbox": "120,30,119,31"},
        {"bbox": "100,20,120,40"},
        {"bbox": "1e999,0,1e999,1"},
    ],
)
def test_a_question_that_makes_no_sense_is_answered_so(signed_in, query):
    answer = signed_in.get(reverse("map_cells"), query)
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_a_street_that_does_not_exist_has_no_cells(signed_in):
    assert codes(signed_in, street="000000000") == []


def test_nobody_sees_the_map_without_signing_in(client, db):
    make_community()
    answer = client.get(reverse("map_cells"), {"street": STREET})
    assert answer.status_code == 302
    assert reverse("sign_in") in answer["Location"]


def test_the_map_is_only_read(signed_in):
    assert signed_in.post(reverse("map_cells")).status_code == 405
