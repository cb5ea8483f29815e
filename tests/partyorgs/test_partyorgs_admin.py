"""The configuration pages: saves go through the services, refusals stand in the form."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.core.exceptions import ValidationError
from django.utils import timezone

from matters.models import Category
from partyorgs import services
from partyorgs.models import CellOwnership, Organization, Post, Responsibility
from tests.world import A1, C1, DISTRICT, RUBBISH, STREET_1, UNLISTED

pytestmark = pytest.mark.django_db
ADMIN = "/admin/partyorgs/"


@pytest.fixture
def desk(client, world):
    client.force_login(world.user("admin"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def moment(name, at):
    local = timezone.localtime(at)
    return {f"{name}_0": f"{local:%Y-%m-%d}", f"{name}_1": f"{local:%H:%M:%S}"}


def said(response):
    form = response.context["adminform"].form
    return [text for errors in form.errors.values() for text in errors]


def test_only_a_superuser_comes_in(client, world):
    client.force_login(world.user("worker"), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"{ADMIN}post/").status_code == 302


@pytest.mark.parametrize("room", ["organization", "cellownership", "post", "responsibility"])
def test_every_page_opens_and_searches_and_nothing_can_be_deleted(desk, world, room):
    model = {
        "organization": Organization,
        "cellownership": CellOwnership,
        "post": Post,
        "responsibility": Responsibility,
    }[room]
    row = model.objects.first()
    assert desk.get(f"{ADMIN}{room}/?q=a").status_code == 200
    assert desk.get(f"{ADMIN}{room}/add/").status_code == 200
    assert desk.get(f"{ADMIN}{room}/{row.pk}/change/").status_code == 200
    assert desk.post(f"{ADMIN}{room}/{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_handover_is_a_new_row_and_ends_the_running_one(desk, world):
    now = timezone.now().replace(microsecond=0)
    given = {"cell": world.cells[A1].pk, "organization": world.orgs["branch-b"].pk}
    response = desk.post(f"{ADMIN}cellownership/add/", given | moment("valid_from", now))
    assert response.status_code == 302
    rows = CellOwnership.objects.filter(cell__code=A1)
    assert [(row.organization.code, row.valid_until) for row in rows] == [
        ("branch-a", now),
        ("branch-b", None),
    ]


def test_a_refused_handover_says_why_in_the_form(desk, world):
    given = {"cell": world.cells[A1].pk, "organization": world.orgs["clean"].pk}
    response = desk.post(f"{ADMIN}cellownership/add/", given | moment("valid_from", timezone.now()))
    assert response.status_code == 200
    assert "不是党组织" in said(response)[0]
    assert CellOwnership.objects.filter(cell__code=A1).count() == 1


def test_an_ownership_is_never_rewritten(desk, world):
    row = CellOwnership.objects.get(cell__code=A1)
    response = desk.post(f"{ADMIN}cellownership/{row.pk}/change/", {})
    assert response.status_code == 403


def test_whoever_comes_a_moment_late_reads_a_sentence(desk, world, monkeypatch):
    def late(**_given):
        raise ValidationError("刚刚被别人改动")

    tries = iter([lambda **_given: None, late])
    monkeypatch.setattr(services, "hand_over_cell", lambda **given: next(tries)(**given))
    given = {"cell": world.cells[A1].pk, "organization": world.orgs["branch-b"].pk}
    response = desk.post(f"{ADMIN}cellownership/add/", given | moment("valid_from", timezone.now()))
    assert response.status_code == 302
    assert "刚刚被别人改动" in [str(message) for message in get_messages(response.wsgi_request)]


def test_a_post_is_given_refused_and_ended(desk, world):
    now = timezone.now().replace(microsecond=0)
    given = {"user": world.user("nobody").pk, "role": "grid_worker", "duty_field": ""}
    given |= moment("valid_from", now - timedelta(days=1)) | {
        "valid_until_0": "",
        "valid_until_1": "",
    }
    response = desk.post(f"{ADMIN}post/add/", given | {"area": world.areas[STREET_1].pk})
    assert "要设在一个网格" in said(response)[0]
    response = desk.post(f"{ADMIN}post/add/", given)
    assert "一个网格、一个区域或一个组织" in said(response)[0]
    response = desk.post(f"{ADMIN}post/add/", given | {"cell": world.cells[C1].pk})
    assert response.status_code == 302, said(response)
    post = Post.objects.get(user=world.user("nobody"))
    page = f"{ADMIN}post/{post.pk}/change/"
    response = desk.post(page, {"valid_until_0": "", "valid_until_1": ""})
    assert "请写结束时间" in said(response)[0]
    response = desk.post(page, moment("valid_until", now) | {"role": "admin"})
    assert response.status_code == 302, said(response)
    post.refresh_from_db()
    assert (post.valid_until, post.role) == (now, "grid_worker")
    response = desk.post(page, moment("valid_until", now + timedelta(days=9)))
    assert "请写新的开始时间" in said(response)[0]


def test_an_item_is_opened_with_helpers_and_ended(desk, world):
    now = timezone.now().replace(microsecond=0)
    given = {
        "category": Category.objects.get(code=UNLISTED).pk,
        "level": "district",
        "area": world.areas[DISTRICT].pk,
        "doer": world.orgs["clean"].pk,
        "supervisor": "",
        "helpers": [world.orgs["roads"].pk],
        "basis": "条例",
    } | moment("valid_from", now - timedelta(days=1))
    response = desk.post(f"{ADMIN}responsibility/add/", given)
    assert response.status_code == 302, said(response)
    item = Responsibility.objects.get(category__code=UNLISTED)
    assert [unit.code for unit in item.helpers.all()] == ["roads"]
    assert not item.direct
    page = f"{ADMIN}responsibility/{item.pk}/change/"
    assert desk.post(page, moment("valid_until", now)).status_code == 302
    item.refresh_from_db()
    assert item.valid_until == now
    again = moment("valid_from", now + timedelta(hours=1)) | {"direct": "on"}
    assert desk.post(f"{ADMIN}responsibility/add/", given | again).status_code == 302
    assert Responsibility.objects.get(category__code=UNLISTED, valid_until=None).direct
    given["category"] = Category.objects.get(code=RUBBISH).parent_id
    response = desk.post(f"{ADMIN}responsibility/add/", given)
    assert "大类" in said(response)[0]


def test_an_organization_is_made_and_its_refusals_stand_at_their_fields(desk, world):
    given = {"code": "new", "name": "新支部", "kind": "branch", "phone": "", "active": "on"}
    assert desk.post(f"{ADMIN}organization/add/", given).status_code == 302
    made = Organization.objects.get(code="new")
    assert made.active
    desk_without_area = given | {"code": "d", "kind": "desk"}
    response = desk.post(f"{ADMIN}organization/add/", desk_without_area)
    assert "area" in response.context["adminform"].form.errors
    owner = world.orgs["branch-a"]
    given = {"name": owner.name, "kind": "branch", "area": owner.area_id, "phone": "010"}
    response = desk.post(f"{ADMIN}organization/{owner.pk}/change/", given)
    assert "active" in response.context["adminform"].form.errors
    response = desk.post(f"{ADMIN}organization/{owner.pk}/change/", given | {"active": "on"})
    assert response.status_code == 302
    owner.refresh_from_db()
    assert owner.phone == "010"
