"""The leaders' page shows the whistles that wait for a leader's approval."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.callers import person


def page(name="leader"):
    answer = person(name).get(reverse("leader"))
    assert answer.status_code == 200
    return answer.content.decode()


def counted():
    client = person("leader")
    with CaptureQueriesContext(connection) as seen:
        client.get(reverse("leader"))
    return len(seen)


def test_a_proposed_whistle_waits_there_until_it_is_approved(world, whistles):
    now = timezone.now()
    assert "等我批的吹哨" not in page()
    whistle = whistles.blow("street", world.report(at=now), at=now)
    address = reverse("whistle", args=[whistle.number])
    assert address in page()
    assert address in page("district")
    whistles.do("leader", "approve", whistle, at=now)
    assert address not in page()


def test_three_cost_no_more_queries_than_one(world, whistles):
    now = timezone.now()
    whistles.blow("street", world.report(at=now), at=now)
    few = counted()
    for _time in range(2):
        whistles.blow("street", world.report(at=now), at=now)
    assert counted() == few
