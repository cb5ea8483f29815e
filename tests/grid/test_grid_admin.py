"""Configuration pages for superusers."""

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from grid.models import Area, Cell, Place
from grid.queries import find_places
from grid.services import PlaceDraft, save_places
from tests.grid.partition import make_partition


@pytest.fixture
def boss(client, db):
    user = get_user_model().objects.create_user(
        username="boss", password="x" * 20, is_staff=True, is_superuser=True
    )
    client.force_login(user)
    return client


@pytest.mark.parametrize("model", [Area, Cell, Place])
def test_lists_and_pages_open(boss, model):
    code = make_partition()[3].code
    save_places(drafts=[PlaceDraft("梅园", "compound", 30.2, 119.9, cell_code=code)])
    name = model._meta.model_name
    assert boss.get(reverse(f"admin:grid_{name}_changelist")).status_code == 200
    row = model.objects.first()
    assert boss.get(reverse(f"admin:grid_{name}_change", args=[row.pk])).status_code == 200


def test_a_cell_is_neither_drawn_nor_deleted_by_hand(boss):
    make_partition()
    cell = Cell.objects.first()
    assert boss.get(reverse("admin:grid_cell_add")).status_code == 403
    assert boss.post(reverse("admin:grid_cell_delete", args=[cell.pk])).status_code == 403


def test_a_place_saved_by_hand_is_found(boss):
    cell = Cell.objects.get(code=make_partition()[3].code)
    given = {"name": "兰园", "kind": "compound", "lat": 30.2, "lng": 119.9, "cell": cell.pk}
    answer = boss.post(reverse("admin:grid_place_add"), given | {"aliases": "老粮站"})
    assert answer.status_code == 302
    assert [place.name for place in find_places("老粮站")] == ["兰园"]


def test_an_area_is_renamed_but_neither_moved_nor_deleted(boss):
    make_partition()
    area = Area.objects.get(level="community", code__startswith="990777")
    other = Area.objects.filter(level="street").exclude(pk=area.parent_id).first()
    page = reverse("admin:grid_area_change", args=[area.pk])
    moved = {"name": "新名", "code": "990777001999", "level": "street", "parent": other.pk}
    assert boss.post(page, moved).status_code == 302
    after = Area.objects.get(pk=area.pk)
    assert after.name == "新名"
    assert (after.code, after.level, after.parent) == (area.code, area.level, area.parent)
    assert boss.post(reverse("admin:grid_area_delete", args=[area.pk])).status_code == 403


@pytest.mark.parametrize("model", [Area, Cell])
def test_no_list_offers_to_delete(boss, model):
    make_partition()
    page = reverse(f"admin:grid_{model._meta.model_name}_changelist")
    chosen = {"action": "delete_selected", "_selected_action": [model.objects.first().pk]}
    before = model.objects.count()
    boss.post(page, chosen | {"post": "yes"})
    assert model.objects.count() == before
    assert "delete_selected" not in boss.get(page).content.decode()
