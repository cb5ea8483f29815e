"""Lists: what they hold, how they turn pages, how many queries they take."""

from datetime import timedelta

import pytest

from issues.queries import BadCursor, Filters, count_up_to, issue_page
from tests import world as w


def numbers(page):
    return [row["number"] for row in page.rows]


def all_pages(scope, filters, limit):
    seen, cursor = [], ""
    while True:
        page = issue_page(scope=scope, filters=filters, now=w.NOW, cursor=cursor, limit=limit)
        seen.append(numbers(page))
        if page.next is None:
            return seen, page
        cursor = page.next


@pytest.fixture
def seven(world):
    return [world.report(at=w.NOW + timedelta(minutes=i), description=f"第{i}件") for i in range(7)]


@pytest.mark.parametrize("name", ["worker", "street", "unit", "district", "auditor", "branch"])
@pytest.mark.parametrize("sort", ["due", "new"])
def test_pages_hold_everything_once_in_order_both_ways(world, seven, name, sort):
    scope, filters = world.scope(name), Filters(sort=sort)
    pages, last = all_pages(scope, filters, 3)
    expected = [issue.number for issue in seven]
    assert sum(pages, []) == (expected if sort == "due" else expected[::-1])
    back = issue_page(scope=scope, filters=filters, now=w.NOW, cursor=last.previous, limit=3)
    assert numbers(back) == pages[-2]
    first = issue_page(scope=scope, filters=filters, now=w.NOW, cursor=back.previous, limit=3)
    assert numbers(first) == pages[0]
    assert first.previous is None
    assert first.next is not None


def test_somebody_with_several_posts_sees_each_issue_once(world, seven):
    world.user("worker").posts.create(
        role="branch_secretary", organization=world.orgs["branch-a"], valid_from=w.START
    )
    page = issue_page(scope=world.scope("worker"), filters=Filters(), now=w.NOW)
    assert len(numbers(page)) == len(set(numbers(page))) == 7


def test_lists_show_open_issues_unless_asked_otherwise(world):
    closed = world.walk("sign", "handle", "check", "close")
    scope = world.scope("street")
    assert numbers(issue_page(scope=scope, filters=Filters(), now=w.NOW)) == []
    for state in ("all", "closed", "closed,rejected"):
        page = issue_page(scope=scope, filters=Filters(state=state), now=w.NOW)
        assert numbers(page) == [closed.number]


@pytest.mark.parametrize(
    ("narrowing", "count"),
    [
        ({"cell": w.A1}, 1), ({"cell": w.B1}, 1), ({"cell": w.C1}, 0), ({"street": w.STREET_1}, 2),
        ({"owner": "branch-b"}, 1), ({"unit": "clean"}, 2), ({"category": "E01"}, 2),
        ({"category": "S"}, 0), ({"q": "路口"}, 2), ({"q": "没有这个词"}, 0), ({"mine": True}, 0),
        ({"community": w.COMMUNITY_2}, 1), ({"state": "handling"}, 0), ({"overdue": True}, 0),
    ],
)  # fmt: skip
def test_lists_narrow(world, narrowing, count):
    world.report()
    world.report(point=w.IN_B1)
    page = issue_page(scope=world.scope("street"), filters=Filters(**narrowing), now=w.NOW)
    assert len(page.rows) == count


def test_overdue_is_what_is_due(world):
    issue = world.report()
    for moment, count in ((issue.due_at - timedelta(seconds=1), 0), (issue.due_at, 1)):
        filters = Filters(overdue=True)
        page = issue_page(scope=world.scope("street"), filters=filters, now=moment)
        assert len(page.rows) == count


def test_counting_stops(world, seven):
    assert count_up_to(scope=world.scope("street"), filters=Filters(), now=w.NOW, most=3) == 4


@pytest.mark.parametrize(
    "cursor",
    [
        "x", "!!!", "W10", "bnVsbA", "WyJkdWVfYXQiLCAieCIsIDEsIDBd", "字",
        # Thousands of "[", and as many as stay under the length that is read.
        "W1tb" * 5000, "W1tb" * 100,
    ],
)  # fmt: skip
def test_a_broken_cursor_is_said_to_be_broken(world, cursor):
    with pytest.raises(BadCursor):
        issue_page(scope=world.scope("street"), filters=Filters(), now=w.NOW, cursor=cursor)


@pytest.mark.parametrize("rows", [1, 3])
def test_a_list_takes_two_queries_however_long(world, rows, django_assert_max_num_queries):
    for _ in range(rows):
        world.report()
    scope = world.scope("worker")
    with django_assert_max_num_queries(2):
        issue_page(scope=scope, filters=Filters(), now=w.NOW)


def test_whoever_has_no_post_sees_an_empty_list(world, seven):
    assert issue_page(scope=world.scope("nobody"), filters=Filters(), now=w.NOW).rows == []
