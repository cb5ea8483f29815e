"""Outcomes ask for what they need, and a check is done the way the matter asks for."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from issues.models import Clock, Event, Issue
from issues.services.errors import Refused
from issues.services.photos import attach, save_photo
from tests import world as w
from tests.photos import jpeg

HOUR = timedelta(hours=1)
COVER = "C0102"  # critical in its first condition


def handled(world, *, at=None, issue=None, **given):
    issue = issue or world.walk("sign")
    given = {"outcome": "fixed", "note": "已清运。"} | given
    return world.do("handler", "handle", issue, at=at or w.NOW + 2 * HOUR, **given)


def facts(issue, verb):
    return Event.objects.filter(issue=issue, verb=verb).latest("seq").facts


@pytest.mark.parametrize("outcome", ["fixed", "explained", "mediated", "other"])
def test_a_plain_outcome_needs_its_note_alone(world, outcome):
    issue = world.walk("sign")
    with pytest.raises(ValidationError) as refused:
        handled(world, issue=issue, outcome=outcome, note="")
    assert [*refused.value.message_dict] == ["note"]
    issue = handled(world, issue=issue, outcome=outcome)
    assert (issue.outcome, issue.planned_for) == (outcome, None)


@pytest.mark.parametrize("until", [None, date(2026, 3, 9), date(2026, 3, 10)])
def test_planned_needs_a_day_to_come(world, until):
    issue = world.walk("sign")
    with pytest.raises(ValidationError) as refused:
        handled(world, issue=issue, outcome="planned", until=until)
    assert [*refused.value.message_dict] == ["until"]
    issue.refresh_from_db()
    assert (issue.state, issue.outcome) == ("handling", "")


def test_planned_keeps_its_day(world):
    issue = handled(world, outcome="planned", until=date(2026, 3, 11))
    assert Issue.objects.get(pk=issue.pk).planned_for == date(2026, 3, 11)
    assert facts(issue, "handle")["until"] == "2026-03-11"


def test_no_basis_needs_the_rule(world):
    issue = world.walk("sign")
    with pytest.raises(ValidationError) as refused:
        handled(world, issue=issue, outcome="no_basis")
    assert [*refused.value.message_dict] == ["basis"]
    handled(world, issue=issue, outcome="no_basis", basis="《市容条例》第三条")
    assert facts(issue, "handle")["basis"] == "《市容条例》第三条"


def test_settled_is_not_said_by_handling(world):
    with pytest.raises(ValidationError):
        handled(world, outcome="settled")


# -- other is re-classified before the end


def test_other_cannot_be_closed(world):
    issue = handled(world, outcome="other")
    issue = world.do("worker", "check", issue, at=w.NOW + 3 * HOUR, passed=True)
    with pytest.raises(Refused) as refused:
        world.do("branch", "close", issue, at=w.NOW + 4 * HOUR)
    assert "其他" in refused.value.sentence()
    issue = world.do("worker", "reclassify", issue, at=w.NOW + 4 * HOUR, outcome="explained")
    issue = world.do("branch", "close", issue, at=w.NOW + 5 * HOUR)
    assert (issue.state, issue.outcome) == ("closed", "explained")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"outcome": "other"}, "outcome"),
        ({"outcome": "settled"}, "outcome"),
        ({"outcome": "planned"}, "until"),
        ({"outcome": "no_basis"}, "basis"),
    ],
)
def test_reclassifying_asks_for_the_same(world, given, field):
    issue = handled(world, outcome="other")
    with pytest.raises(ValidationError) as refused:
        world.do("worker", "reclassify", issue, at=w.NOW + 3 * HOUR, **given)
    assert [*refused.value.message_dict] == [field]


@pytest.mark.parametrize("name", ["handler", "unit", "community", "auditor"])
def test_only_who_checks_reclassifies(world, name):
    issue = handled(world, outcome="other")
    with pytest.raises(Refused):
        world.do(name, "reclassify", issue, at=w.NOW + 3 * HOUR, outcome="fixed")


def test_a_definite_outcome_is_not_reclassified(world):
    issue = handled(world)
    with pytest.raises(Refused):
        world.do("worker", "reclassify", issue, at=w.NOW + 3 * HOUR, outcome="explained")


# -- the way of a check


@pytest.mark.parametrize("way", ["on_site", "photo", "phone"])
def test_a_plain_matter_is_checked_any_way(world, way):
    issue = handled(world)
    assert not issue.must_visit
    issue = world.do("worker", "check", issue, at=w.NOW + 3 * HOUR, passed=True, way=way)
    assert issue.checked_at == w.NOW + 3 * HOUR
    assert {"passed": True, "way": way}.items() <= facts(issue, "check").items()


@pytest.mark.parametrize("way", ["", "by_ear"])
def test_a_check_names_its_way(world, way):
    issue = handled(world)
    with pytest.raises(ValidationError) as refused:
        world.do("worker", "check", issue, at=w.NOW + 3 * HOUR, passed=True, way=way)
    assert [*refused.value.message_dict] == ["way"]


def refused_from_afar(world, issue, at):
    for way in ("photo", "phone"):
        with pytest.raises(ValidationError) as refused:
            world.do("colleague", "check", issue, at=at, passed=True, way=way)
        assert [*refused.value.message_dict] == ["way"]
    issue = world.do("colleague", "check", issue, at=at, passed=True, way="on_site")
    assert issue.checked_at == at


def test_rework_is_checked_on_site(world):
    issue = world.do("worker", "check", handled(world), at=w.NOW + 3 * HOUR, passed=False,
                     note="还有一堆。")  # fmt: skip
    assert (issue.state, issue.reworks, issue.outcome, issue.handled_at) == (
        "handling", 1, "", None,
    )  # fmt: skip
    issue = handled(world, issue=issue, at=w.NOW + 4 * HOUR)
    assert issue.must_visit
    assert facts(issue, "handle")["must_visit"] == ["rework"]
    refused_from_afar(world, issue, w.NOW + 5 * HOUR)


def test_what_is_critical_is_checked_on_site(world):
    issue = world.walk("sign")
    Issue.objects.filter(pk=issue.pk).update(critical=True)
    issue = handled(world, issue=issue)
    assert facts(issue, "handle")["must_visit"] == ["critical"]
    refused_from_afar(world, issue, w.NOW + 3 * HOUR)


def photo(world, name, **picture):
    return save_photo(uploader=world.user(name), upload=jpeg(**picture), size=1, now=w.NOW)


def test_a_photo_that_another_issue_has_asks_for_a_visit(world):
    attach(issue=world.report(), photos=[photo(world, "worker")], verb="report")
    issue = handled(world, attachments=[photo(world, "handler").public_id])
    assert facts(issue, "handle")["must_visit"] == ["photo"]
    refused_from_afar(world, issue, w.NOW + 3 * HOUR)


def test_a_photo_of_its_own_does_not(world):
    issue = world.walk("sign")
    attach(issue=issue, photos=[photo(world, "worker")], verb="report")
    # Uploaded, but part of no issue.
    photo(world, "colleague")
    issue = handled(world, issue=issue, attachments=[photo(world, "handler").public_id])
    assert not issue.must_visit


def test_so_does_one_that_was_added_while_the_work_went_on(world):
    attach(issue=world.report(), photos=[photo(world, "worker")], verb="report")
    issue = world.walk("sign")
    shown = [photo(world, "handler").public_id]
    world.do("handler", "note", issue, at=w.NOW + HOUR, note="已清运。", attachments=shown)
    issue = handled(world, issue=issue)
    assert facts(issue, "handle")["must_visit"] == ["photo"]
    refused_from_afar(world, issue, w.NOW + 3 * HOUR)


def test_two_reports_of_one_matter_may_show_the_same(world):
    issue = world.walk("sign")
    for one in (world.report(), issue):
        attach(issue=one, photos=[photo(world, "worker")], verb="report")
    issue = handled(world, issue=issue)
    assert not issue.must_visit


def test_an_open_part_keeps_the_issue_open(world):
    issue = world.walk("sign", "handle", "check")
    Issue.objects.filter(pk=issue.pk).update(open_parts=1)
    with pytest.raises(Refused):
        world.do("branch", "close", issue, at=w.NOW + 5 * HOUR)
    assert Clock.objects.get(issue=issue, stopped_at=None).kind == "check"
