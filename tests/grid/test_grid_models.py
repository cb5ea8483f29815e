"""The database keeps what the services promise."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from grid.models import Area, Cell, Place
from grid.services import AreaDraft, CellDraft, PlaceDraft, save_areas, save_cells, save_places
from tests.grid.partition import START, make_community, make_partition

pytestmark = pytest.mark.django_db


def refused(row) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=row.pk is None)


def test_the_length_of_a_code_goes_with_the_level():
    district = make_community().parent.parent
    refused(Area(code="99077", name="短", level="district"))
    refused(Area(code="9907770", name="长", level="street", parent=district))
    refused(Area(code="990779", name="有上级", level="district", parent=district))
    refused(Area(code="990777009", name="没有上级", level="street"))


def test_a_cell_has_a_boundary_and_an_end_after_its_beginning():
    drafts = make_partition()
    cell = Cell.objects.get(code=drafts[3].code)
    cell.valid_until = START
    refused(cell)
    cell = Cell.objects.get(code=drafts[3].code)
    cell.boundary, cell.shape, cell.min_lng = None, None, None
    refused(cell)


def test_messages_of_constraints_are_for_people():
    cell = Cell.objects.get(code=make_partition()[3].code)
    cell.valid_until = START - timedelta(days=1)
    with pytest.raises(ValidationError, match="停用时间要晚于启用时间"):
        cell.full_clean()
    area = Area(code="99x", name="区", level="district")
    with pytest.raises(ValidationError, match="数字"):
        area.full_clean()


def test_a_code_is_given_once():
    draft = make_partition()[3]
    cell = Cell.objects.get(code=draft.code)
    cell.pk = None
    refused(cell)


@pytest.mark.parametrize("code", ["99077700100100x", "990777001009001", "9907770010010010"])
def test_a_service_refuses_a_code_that_fits_nowhere(code):
    draft = make_partition()[3]
    with pytest.raises(ValidationError):
        save_cells(drafts=[CellDraft(code, "错", draft.geometry)], now=START)


def test_a_service_refuses_a_parent_or_a_cell_that_is_not_there():
    make_community()
    with pytest.raises(ValidationError, match="990778"):
        save_areas(drafts=[AreaDraft("990778001", "街", "street", "990778")])
    with pytest.raises(ValidationError, match="请先导入它"):
        save_places(drafts=[PlaceDraft("某地", "compound", 29, 119, cell_code="990777001001999")])


def test_a_place_is_once_in_a_cell():
    cell = Cell.objects.get(code=make_partition()[3].code)
    save_places(drafts=[PlaceDraft("梅园", "compound", 29, 119, cell_code=cell.code)])
    refused(Place(name="梅园", kind="landmark", lat=29, lng=119, cell=cell))
    refused(Place(name="兰园", kind="landmark", lat=91, lng=119, cell=cell))
