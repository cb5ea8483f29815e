"""Similar open reports, as the report page and the API offer them to join."""

from typing import Any

from django.utils.translation import gettext as _

from issues.alike import Alike
from issues.presenter import words
from issues.presenter.steps import state_words
from matters.models import local_name

Fact = dict[str, Any]
EXCERPT = 60  # characters


def similar_facts(found: list[Alike]) -> list[Fact]:
    """Number, matter, how far, how long ago, what became of it, and its first words."""
    return [_fact(one) for one in found]


def _fact(one: Alike) -> Fact:
    row = one.row
    text = row["description"]
    return {
        "number": row["number"],
        "category": {
            "code": row["category__code"],
            "name": local_name(row["category__name_zh"], row["category__name_en"]),
        },
        "metres": round(one.metres),
        "minutes": one.minutes,
        "ago": _ago(one.minutes),
        "state": row["state"],
        "state_name": state_words(row["state"], checked=row["checked_at"] is not None),
        "place": row["place_text"],
        "excerpt": text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…",
        "own": one.own,
        "joined": one.joined,
        "may_join": one.may_join,
    }


def _ago(minutes: int) -> str:
    if minutes < 1:
        return _("刚刚")
    return _("%(amount)s前") % {"amount": words.amount_words(minutes)}
