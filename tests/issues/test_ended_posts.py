"""Rights are read at every request: a post that ends, ends what is open in the browser too."""

from django.urls import reverse
from django.utils import timezone

from tests import world as w
from tests.callers import person


def listed(client):
    return [row["number"] for row in client.get(reverse("issue_list")).context["rows"]]


def test_a_post_that_ends_takes_the_open_session_along(world, program):
    issue = world.report()
    page, token = person("worker"), program("worker")
    address, resource = reverse("issue", args=[issue.number]), f"issues/{issue.number}/"
    assert page.get(address).status_code == 200
    assert listed(page) == [issue.number]
    assert token.get(resource).status_code == 200

    world.user("worker").posts.update(valid_until=timezone.now())

    assert page.get(address).status_code == 404
    assert listed(page) == []
    assert page.post(reverse("issue_verb", args=[issue.number, "note"])).status_code == 404
    assert page.get(reverse("report")).status_code == 403
    assert "您还没有岗位" in page.get(reverse("home")).content.decode()
    assert token.get(resource).status_code == 404
    assert token.get("issues/").json()["results"] == []


def test_a_post_that_moves_takes_the_open_session_along(world):
    here, there = world.report(), world.report("outsider", point=w.IN_C1)
    page, now = person("branch"), timezone.now()
    assert listed(page) == [here.number]
    posts = world.user("branch").posts
    posts.update(valid_until=now)
    posts.create(role="branch_secretary", organization=world.orgs["branch-c"], valid_from=now)
    assert listed(page) == [there.number]
