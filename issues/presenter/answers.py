"""谁负责: which branch, unit and limit a place and a matter have, without filing anything."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from issues import clocks
from issues.dispatch import Position, position, route
from issues.presenter import words
from issues.presenter.detail import Fact, named
from matters.queries import Matter
from partyorgs.models import Organization
from worktime.queries import work_calendar


def located_facts(*, lat: float, lng: float, now: datetime) -> Fact:
    """Cell, community, street and owner of a WGS-84 point, or the nearest cell."""
    return place_facts(position(lat=lat, lng=lng, at=now))


def owner_facts(*, lat: float, lng: float, now: datetime) -> Fact:
    """Cell and owner of a point with phone and reasons, before a matter is chosen."""
    place = position(lat=lat, lng=lng, at=now)
    return place_facts(place) | {
        "owner_phone": place.owner.phone if place.owner else "",
        "reasons": [words.sentence(reason) for reason in place.reasons],
    }


def place_facts(place: Position) -> Fact:
    """Cell, areas and owner by code and name; outside every cell the nearest one."""
    nearest, metres = place.nearest, place.metres
    return {
        "outside": place.cell is None,
        "cell": named(place.cell),
        "community": named(place.community),
        "street": named(place.street),
        "district": named(place.district),
        "owner": named(place.owner),
        "nearest": named(nearest) | {"metres": round(metres)}  # type: ignore[operator]
        if nearest and metres is not None
        else None,
    }


def responsible_facts(*, lat: float, lng: float, what: Matter, now: datetime) -> Fact:
    """Who would get this matter at this point if it were reported now, and by when."""
    place = position(lat=lat, lng=lng, at=now)
    found = route(category=what.category, place=place, at=now)
    limit = clocks.Limit(what.condition.minutes, what.condition.critical)
    due = clocks.start(limit, at=now, calendar=work_calendar())
    reasons = list(place.reasons) if place.cell else []
    return place_facts(place) | {
        "owner_phone": place.owner.phone if place.owner else "",
        "unit": _unit(found.unit),
        "doer": _unit(found.doer),
        "on_behalf": found.on_behalf,
        "helpers": [named(helper) for helper in found.helpers],
        "level": found.level,
        "level_name": words.level_name(found.level),
        "category": {"code": what.category.code, "name": what.category.name},
        "condition": {"code": what.condition.code, "name": what.condition.name},
        "critical": what.condition.critical,
        "limit": words.limit_words(limit.minutes, continuous=limit.continuous),
        "due_at": timezone.localtime(due.due_at),
        "provisional": due.provisional,
        "basis": found.item.basis if found.item else "",
        "reasons": [words.sentence(reason) for reason in (*reasons, *found.reasons)],
    }


def _unit(unit: Organization | None) -> dict[str, Any] | None:
    return {"code": unit.code, "name": unit.name, "phone": unit.phone} if unit else None
