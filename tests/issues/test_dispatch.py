"""An issue is sent by the place of its report, and by hand to whoever a person chose."""

from datetime import timedelta

import shapely

from grid.models import Cell
from grid.queries import cell_at
from grid.services import CellDraft, end_cell, save_cells
from partyorgs.models import CellOwnership, Organization
from tests import world as w

LATER = w.NOW + timedelta(hours=2)


def redraw(world):
    """The next community takes over the ground of the first cell, and another branch owns it."""
    end_cell(cell=world.cells[w.A1], at=w.NOW + timedelta(hours=1))
    code = f"{w.COMMUNITY_2}002"
    school = shapely.box(w.LNG + 0.006, w.LAT + 0.006, w.LNG + 0.008, w.LAT + 0.008)
    shape, since = w.square(0, hole=school), w.NOW + timedelta(hours=1)
    save_cells(drafts=[CellDraft(code, "第二网格（基础）", shape, "base", since)], now=since)
    cell = Cell.objects.get(code=code)
    CellOwnership.objects.create(cell=cell, organization=world.orgs["branch-b"], valid_from=since)
    return cell


def reasons(issue):
    return [reason["code"] for reason in issue.events.last().facts["reasons"]]


def test_a_border_drawn_after_the_report_does_not_move_it(world):
    issue = world.report(category="")
    new = redraw(world)
    assert cell_at(lat=issue.lat, lng=issue.lng, at=LATER).cell == new
    accepted = world.do("street", "accept", issue, at=LATER, category=w.CORRIDOR)
    assert (accepted.cell.code, accepted.owner.code) == (w.A1, "branch-a")
    # The first community's own list sends it; the second community has no such item.
    assert (accepted.unit.code, accepted.level) == ("home-1", "community")
    assert reasons(accepted) == ["item"]
    fresh = world.report("branch", at=LATER, category="")
    assert (fresh.cell, fresh.owner.code) == (new, "branch-b")


def test_an_owner_that_changed_after_the_report_does_not_get_it(world):
    issue = world.report(category="")
    CellOwnership.objects.filter(cell__code=w.A1).update(valid_until=w.NOW + timedelta(hours=1))
    accepted = world.do("street", "accept", issue, at=LATER, category=w.RUBBISH)
    assert accepted.owner.code == "branch-a"
    assert world.report(at=LATER).owner is None


def test_what_was_reported_outside_every_cell_stays_with_the_district(world):
    issue = world.report(category="", point=w.OUTSIDE)
    lat, lng = w.OUTSIDE
    shape = shapely.box(lng - 0.01, lat - 0.01, lng + 0.01, lat + 0.01)
    draft = CellDraft(f"{w.COMMUNITY_1}009", "新网格", shape, "base", w.NOW)
    save_cells(drafts=[draft], now=w.NOW)
    accepted = world.do("district", "accept", issue, at=LATER, category=w.CORRIDOR)
    assert (accepted.state, accepted.unit.code) == ("pending_dispatch", "desk-district")
    assert (accepted.cell, accepted.level) == (None, "district")
    assert reasons(accepted) == ["outside"]


def test_a_unit_chosen_by_hand_tells_the_level(world):
    everywhere = Organization.objects.create(
        code="everywhere", name="市燃气公司", kind=Organization.Kind.UTILITY
    )
    world.user("nobody").posts.create(role="unit_desk", organization=everywhere, valid_from=w.START)
    issue = world.report(category=w.UNLISTED)
    assert (issue.unit.code, issue.level) == ("desk-1", "street")
    issue = world.do("street", "dispatch", issue, unit="roads")
    levels = [issue.level]
    for unit in ("home-1", "everywhere", "desk-1"):
        issue = world.do("street", "redispatch", issue, unit=unit, reason="sent_wrong")
        issue.refresh_from_db()
        levels.append(issue.level)
    assert levels == ["district", "community", "community", "street"]
