"""Similar open reports: near, recent, of the same matter, and only what the asker may see."""

from datetime import timedelta
from math import acos, cos, degrees, radians, sin
from random import Random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from issues import alike
from issues.alike import Question, box_around, metres_between, pairs_of, same_words, similar
from issues.models import Issue
from tests import world as w

LAT, LNG = w.IN_A1
# Degrees of latitude for so many metres.
METRE = degrees(1 / alike.EARTH)
LATER = w.NOW + timedelta(hours=2)
BULKY = "E0103"  # another leaf of the same big class as RUBBISH

places = st.tuples(st.floats(3, 54), st.floats(73, 135))
steps = st.tuples(st.floats(-0.01, 0.01), st.floats(-0.01, 0.01))
texts = st.text(st.sampled_from("路口垃圾没清堆aB1 ，。"), max_size=30)


def ask(world, name="colleague", *, text="", wide=False, category=w.RUBBISH, at=LATER, **more):
    lat, lng = more.pop("point", w.IN_A1)
    question = Question(lat, lng, category, text, wide)
    return similar(scope=world.scope(name, now=at), asked=question, now=at, **more)


def numbers(found):
    return [one.row["number"] for one in found]


def off(metres):
    """A point so many metres north of the usual one."""
    return LAT + metres * METRE, LNG


class TestWhatIsFound:
    def test_the_same_leaf_nearby_says_how_far_and_how_long_ago(self, world):
        issue = world.report(point=off(30))
        [found] = ask(world)
        assert found.row["number"] == issue.number
        assert found.metres == pytest.approx(30, abs=0.01)
        assert (found.minutes, found.own, found.joined, found.may_join) == (120, False, False, True)

    @pytest.mark.parametrize(("metres", "wide", "seen"), [
        (49.9, False, True), (50.1, False, False), (50.1, True, True),
        (199.9, True, True), (200.1, True, False),
    ])  # fmt: skip
    def test_as_far_as_it_reaches_and_no_farther(self, world, metres, wide, seen):
        world.report(point=off(metres))
        assert bool(ask(world, wide=wide)) == seen

    @pytest.mark.parametrize(("after", "wide", "seen"), [
        (timedelta(hours=24), False, True), (timedelta(hours=24, seconds=1), False, False),
        (timedelta(hours=24, seconds=1), True, True), (timedelta(days=7), True, True),
        (timedelta(days=7, seconds=1), True, False),
    ])  # fmt: skip
    def test_as_long_ago_as_it_reaches(self, world, after, wide, seen):
        world.report()
        assert bool(ask(world, wide=wide, at=w.NOW + after)) == seen

    def test_another_leaf_only_on_demand_and_with_the_same_words(self, world):
        world.report(category=BULKY, description="路口垃圾没人清。")
        assert not ask(world, text="路口垃圾没人清")
        assert ask(world, text="路口垃圾没人清", wide=True)
        assert not ask(world, text="广告牌要掉了", wide=True)
        assert not ask(world, wide=True)

    def test_another_class_never(self, world):
        world.report(category=w.CORRIDOR, description="路口垃圾没人清。")
        assert not ask(world, text="路口垃圾没人清。", wide=True)

    def test_what_is_over_or_merged_is_not_offered(self, world):
        stays, goes, void = (world.report() for _ in range(3))
        world.do("street", "merge", goes, into=stays.number)
        world.do("street", "cancel", void, reason="void")
        assert numbers(ask(world)) == [stays.number]

    def test_without_a_leaf_or_with_an_unknown_one_nothing(self, world):
        world.report(category="")
        assert not ask(world, category="")
        assert not ask(world, category="X9999", wide=True)

    def test_a_point_that_is_none_finds_nothing(self, world):
        world.report()
        assert not ask(world, point=(float("nan"), LNG))

    def test_the_same_words_and_the_nearer_place_come_first(self, world):
        same = world.report(point=off(10), description="东门路口垃圾堆没清")
        near = world.report(point=off(2), description="绿化带里有纸箱")
        far = world.report(point=off(45), description="绿化带里有纸箱")
        assert numbers(ask(world, text="东门路口垃圾堆")) == [
            same.number, near.number, far.number
        ]  # fmt: skip
        assert numbers(ask(world))[0] == near.number

    def test_no_more_than_a_hand_full(self, world):
        for _ in range(8):
            world.report()
        assert len(ask(world)) == 5


class TestWhoSeesIt:
    def test_nobody_is_offered_what_they_may_not_see(self, world):
        world.report()
        assert not ask(world, "outsider")
        assert not ask(world, "admin")
        assert not ask(world, "nobody")

    def test_at_the_border_only_ones_own_side_is_offered(self, world):
        border = w.LNG + w.SIDE
        near = (w.LAT + 0.003, border - 5e-5)
        beyond = (w.LAT + 0.003, border + 5e-5)
        ours, theirs = world.report(point=near), world.report("branch", point=beyond)
        assert theirs.cell.code == w.A2
        assert numbers(ask(world, "colleague", point=near)) == [ours.number]
        # The branch owns both cells.
        assert set(numbers(ask(world, "branch", point=near))) == {ours.number, theirs.number}

    def test_the_own_report_is_shown_but_not_to_join(self, world):
        world.report("colleague")
        [found] = ask(world)
        assert found.own
        assert not found.may_join
        assert not ask(world, own=False)

    def test_what_one_joined_is_shown_but_not_to_join_again(self, world):
        issue = world.report()
        world.do("colleague", "join", issue)
        [found] = ask(world)
        assert found.joined
        assert not found.may_join


class TestHowQuick:
    def test_where_nothing_is_near_it_is_one_query(self, world, django_assert_num_queries):
        scope = world.scope("colleague", now=LATER)
        question = Question(LAT, LNG, w.RUBBISH)
        with django_assert_num_queries(1):
            assert not similar(scope=scope, asked=question, now=LATER)

    def test_it_reads_the_index_of_open_reports_by_leaf(self, world):
        with CaptureQueriesContext(connection) as queries:
            ask(world)
        sql = next(query["sql"] for query in queries if "BETWEEN" in query["sql"])
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET enable_seqscan = off")
                cursor.execute(f"EXPLAIN {sql}")
            else:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = "\n".join(str(row) for row in cursor.fetchall())
        assert "issue_alike" in plan


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_what_looking_at_every_report_finds(world, seed):
    """Three hundred reports on a field of two hundred metres, against the plain definition."""
    random = Random(seed)
    leaves = [world.report(category=code).category for code in (w.RUBBISH, BULKY, w.CORRIDOR)]
    Issue.objects.bulk_create(
        Issue(
            number=f"T-{at}", source="worker", state="dispatched", unit=world.orgs["clean"],
            due_at=w.NOW, reporter=world.user("worker"), cell=world.cells[w.A1],
            street=world.areas[w.STREET_1], district=world.areas[w.DISTRICT], description="垃圾",
            lat=LAT + random.uniform(-100, 100) * METRE,
            lng=LNG + random.uniform(-100, 100) * METRE / cos(radians(LAT)),
            created_at=LATER - timedelta(minutes=random.randint(-30, 30 * 60)),
            category=random.choice(leaves),
        )
        for at in range(300)
    )  # fmt: skip
    every = list(Issue.objects.select_related("category"))
    for _ in range(20):
        point = (LAT + random.uniform(-80, 80) * METRE, LNG + random.uniform(-80, 80) * METRE)
        expected = {
            issue.number
            for issue in every
            if issue.category.code == w.RUBBISH
            and timedelta() <= LATER - issue.created_at <= timedelta(hours=24)
            and plain_metres(*point, issue.lat, issue.lng) <= 50
        }
        assert set(numbers(ask(world, "street", point=point, most=1000))) == expected


def plain_metres(lat, lng, other_lat, other_lng):
    """By points on a ball, in another way than the product's."""
    one, other = (
        (cos(radians(a)) * cos(radians(b)), cos(radians(a)) * sin(radians(b)), sin(radians(a)))
        for a, b in ((lat, lng), (other_lat, other_lng))
    )
    chord = sum((x - y) ** 2 for x, y in zip(one, other, strict=True))
    return alike.EARTH * acos(max(-1.0, min(1.0, 1 - chord / 2))) if chord > 1e-9 else (
        alike.EARTH * chord**0.5
    )  # fmt: skip


@given(places, steps)
def test_metres_are_those_of_points_on_a_ball(place, step):
    lat, lng = place
    other = lat + step[0], lng + step[1]
    metres = metres_between(lat, lng, *other)
    assert metres == pytest.approx(plain_metres(lat, lng, *other), rel=1e-4, abs=0.01)
    assert metres == pytest.approx(metres_between(*other, lat, lng), abs=1e-6)


@given(places, steps, st.sampled_from([50, 200, 1000]))
def test_the_box_holds_everything_within_reach(place, step, metres):
    lat, lng = place[0] + step[0], place[1] + step[1]
    south, west, north, east = box_around(*place, metres=metres)
    if metres_between(*place, lat, lng) <= metres:
        assert south <= lat <= north
        assert west <= lng <= east


def test_near_a_pole_the_box_goes_all_around():
    _south, west, _north, east = box_around(89.99, 0, metres=200)
    assert (west, east) == (-180, 180)


@given(texts, texts)
def test_words_agree_from_nothing_to_all_and_both_ways(one, other):
    agreed = same_words(one, other)
    assert 0 <= agreed <= 1
    assert agreed == same_words(other, one)
    assert agreed == (1 if pairs_of(one) else 0) if pairs_of(one) == pairs_of(other) else agreed < 1


def test_case_spaces_and_punctuation_do_not_count():
    assert same_words("3号楼 LED 灯，不亮。", "3号楼led灯不亮") == 1
    assert same_words("，。", "，。") == 0
    assert same_words("灯", "灯") == 1
    assert same_words("路灯不亮", "路灯坏了") == pytest.approx(1 / 3)
