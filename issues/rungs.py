"""The ladders that an installation starts with. Plain Python.

Level, act, base, share of the limit in percent, working minutes at least,
whom it tells, who gets a copy, whether what is not critical waits for a digest.
"""

from typing import Any

FIELDS = ("level", "act", "base", "share", "minutes", "tells", "copies", "digest")
DAY = 480  # working minutes

# What a rung can do and whom it can tell, by the clock that the ladder is for.
ACTS = {
    "limit": ("remind", "chase", "supervise", "escalate"),
    "answer": ("remind", "chase", "escalate"),
    "duty": ("call",),
    "decide": ("remind", "chase", "escalate", "fall_back"),
    "approve": ("next_deputy",),
    "climbed": ("remind", "chase", "escalate", "lapse"),
    "countersign": ("remind", "escalate"),
    "whistle": ("remind", "chase", "escalate"),
}
PEOPLE = (
    "handler", "unit_desk", "unit_head", "owner", "desk", "field_leader", "leader",
    "district_desk",
)  # fmt: skip
TELLS: dict[str, tuple[str, ...]] = {
    "limit": PEOPLE,
    "answer": PEOPLE,
    "duty": ("next_on_duty", "leader_on_duty"),
    "decide": PEOPLE,
    "approve": (),
    "climbed": PEOPLE,
    "countersign": PEOPLE,
    "whistle": ("called_unit", *PEOPLE),
}

# Acts that are turns of the rule book: its row says whom they tell, the rung does not.
TURNS = ("fall_back", "next_deputy", "lapse")

DEFAULTS: dict[str, list[tuple[Any, ...]]] = {
    "limit": [
        (0, "remind", "yellow", 0, 0, ["handler"], [], False),
        (1, "chase", "due", 0, 0, ["handler", "unit_desk"], [], False),
        (2, "supervise", "due", 50, DAY, ["unit_head"], ["owner"], False),
        (3, "escalate", "due", 100, 3 * DAY, ["field_leader"], [], True),
        (4, "escalate", "due", 200, 5 * DAY, ["district_desk"], [], True),
    ],
    "answer": [
        (0, "remind", "yellow", 0, 0, ["unit_head"], [], False),
        (1, "chase", "due", 0, 0, ["unit_head", "unit_desk"], ["owner"], False),
        (2, "escalate", "due", 100, DAY, ["field_leader"], [], False),
    ],
    "duty": [
        (1, "call", "due", 0, 0, ["next_on_duty"], [], False),
        (2, "call", "due", 100, 0, ["leader_on_duty"], [], False),
    ],
    # Two working hours for the desk; after four the territory takes it.
    "decide": [
        (0, "remind", "yellow", 0, 0, ["desk"], [], False),
        (1, "chase", "due", 0, 0, ["desk", "leader"], [], False),
        (2, "fall_back", "due", 100, 0, [], [], False),
    ],
    "approve": [(1, "next_deputy", "due", 0, 0, [], [], False)],
    "climbed": [
        (0, "remind", "yellow", 0, 0, ["district_desk"], [], False),
        (1, "lapse", "due", 0, 0, [], [], False),
        # What may not lapse waits for a person: the district and the street hear of it again.
        (2, "escalate", "due", 100, 3 * DAY, ["district_desk"], ["leader"], False),
        (3, "escalate", "due", 200, 6 * DAY, ["district_desk"], ["leader"], False),
    ],
    "countersign": [(1, "escalate", "due", 0, 0, ["district_desk"], ["leader"], False)],
    "whistle": [(1, "escalate", "due", 0, 0, ["called_unit"], ["district_desk"], False)],
}


def rows(use: str) -> list[dict[str, Any]]:
    """The rungs of one ladder, by the names of their columns."""
    return [dict(zip(FIELDS, row, strict=True)) for row in DEFAULTS[use]]
