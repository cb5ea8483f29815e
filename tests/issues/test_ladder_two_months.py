"""Two months of a district by a fake clock: every step at its minute, exactly once.

What should happen is worked out first, by `naive` and the small rules of
`stories`, from what people will do (`plans`). Then the clock stands at every minute at
which something can happen, and at the minutes before and after; in the end what is
on record is held against what was worked out.

December 2026 is known, 2027 is a guess until the notice is loaded on 5 January:
New Year's Day turns out to be free, Saturday 9 and Sunday 31 January are worked.
"""

from datetime import date, datetime

import pytest

from issues.chain import faults
from issues.escalation import sweep as sweeping
from issues.escalation.audit import audit
from issues.escalation.reckoning import reckon_all
from issues.escalation.sweep import sweep
from issues.models import Issue
from matters.models import Category
from partyorgs.models import Duty, Responsibility
from tests import world as w
from tests.issues.plans import Plans
from tests.issues.stories import (
    COVER,
    DAYS,
    END,
    HOLIDAYS,
    LOADED,
    MAKEUPS,
    OWN_SATURDAY,
    OWN_SPANS,
    SHED,
    TABLES,
    Story,
)
from worktime.arithmetic import CalendarDay
from worktime.models import Calendar
from worktime.services import create_calendar, set_days

NOTICE = "国务院办公厅关于2027年部分节假日安排的通知"


@pytest.fixture
def district(world):
    """The world with the doers, a roster and a unit whose hours are its own."""
    for leaf in (COVER, SHED):
        Responsibility.objects.create(
            category=Category.objects.get(code=leaf),
            level="district",
            direct=True,
            area=world.areas[w.DISTRICT],
            doer=world.orgs["clean"],
            valid_from=w.START,
        )
    own = create_calendar(
        code="own", name="社区", base=Calendar.objects.get(code="default"), spans=OWN_SPANS,
        now=w.START,
    )  # fmt: skip
    set_days(calendar=own, days={OWN_SATURDAY: CalendarDay("workday")}, now=w.START)
    world.orgs["home-1"].calendar = own
    world.orgs["home-1"].save()
    for name, leader in (("street", False), ("leader", True)):
        Duty.objects.create(
            organization=world.orgs["desk-1"], user=world.user(name), leader=leader,
            starts=DAYS.moment(0), ends=DAYS.moment(END + 1440),
        )  # fmt: skip
    return world


def load_notice():
    year = (date.fromordinal(date(2027, 1, 1).toordinal() + n) for n in range(365))
    kinds = {
        day: "makeup" if day in MAKEUPS
        else "holiday" if day in HOLIDAYS
        else "weekend" if day.weekday() >= 5
        else "workday"
        for day in year
    }  # fmt: skip
    days = {day: CalendarDay(kind) for day, kind in kinds.items()}
    calendar = Calendar.objects.get(code="default")
    set_days(calendar=calendar, days=days, source=NOTICE, now=DAYS.moment(LOADED))


def live(world, stories):
    """The clock stands at every minute that matters; people and the engine do their part."""
    for at in sorted({at for story in stories for at in story.instants if at <= END}):
        now = DAYS.moment(at)
        if at == LOADED:
            load_notice()
        reckon_all(now=now)
        sweep(now=now)
        doing = [(story, row) for story in stories for row in story.script if row[0] == at]
        for story, (_at, who, verb, given) in doing:
            if verb == "report":
                story.issue = world.report(who, at=now, **given)
            else:
                world.do(who, verb, story.issue, at=now, **given)
        if doing:
            sweep(now=now)


def expected(story):
    return sorted(
        (one.kind, one.start, one.path.yellow, one.path.due, one.stopped, one.granted, one.taken)
        for one in story.clocks
    )


def recorded(story):
    number = DAYS.number
    return sorted(
        (
            clock.kind, number(clock.started_at), number(clock.yellow_at), number(clock.due_at),
            clock.stopped_at and number(clock.stopped_at), clock.granted_minutes,
            [(row.level, number(row.due_at), number(row.at)) for row in clock.rungs_taken.all()],
        )
        for clock in story.issue.clocks.prefetch_related("rungs_taken")
    )  # fmt: skip


def check_timeline(story):
    """The events say the same as the steps, and the issue shows what runs."""
    issue = Issue.objects.get(pk=story.issue.pk)
    events = list(issue.events.select_related("text"))
    assert not list(faults(issue, events))
    levels = [e for e in events if e.facts.get("by_rule") and "clock" in e.facts]
    taken_over = [e for e in events if e.verb == "fall_back"]
    steps = [e for e in levels if e.verb != "reckon"] + taken_over
    assert len(steps) == sum(len(one.taken) for one in story.clocks)
    late = [e for e in steps if "late" in e.facts]
    assert len(late) == sum(at > due for one in story.clocks for _l, due, at in one.taken)
    moved = [e for e in levels if e.verb == "reckon"]
    said = [(e.facts["clock"], e.facts["from"], e.facts["to"]) for e in moved]
    assert sorted(
        (kind, *(DAYS.number(datetime.fromisoformat(at)) for at in times)) for kind, *times in said
    ) == sorted(story.moved)
    assert {e.facts["because"]["source"] for e in moved} <= {NOTICE}
    main, answer, duty = story.main(), story.of("answer"), story.of("duty")
    assert issue.due_at == (DAYS.moment(main.path.due) if main else None)
    assert issue.escalated == (max(main.level, 0) if main else 0)
    assert issue.answer_due_at == (DAYS.moment(answer.path.due) if answer else None)
    assert issue.called_at == (DAYS.moment(duty.start) if duty else None)


@pytest.mark.slow
def test_every_step_of_two_months_comes_at_its_minute_and_once(district, monkeypatch):
    monkeypatch.setitem(sweeping.PAUSE, "sqlite", 0)
    stories = [Story(plan.rows) for plan in Plans().all()]
    live(district, stories)
    for number, story in enumerate(stories):
        assert recorded(story) == expected(story), (number, story.script)
        check_timeline(story)
    # The test itself saw what it is about.
    taken = [(one.kind, level) for s in stories for one in s.clocks for level, *_at in one.taken]
    assert {("handle", level) for level in range(5)} <= set(taken)
    assert {("check", 4), ("accept", 4), ("dispatch", 4), ("answer", 2), ("duty", 2)} <= set(taken)
    assert {("decide", level) for level in range(3)} <= set(taken)
    assert sum(len(story.moved) for story in stories) >= 5
    assert len(taken) > 150
    found = {one.code: one.count for one in audit(now=DAYS.moment(END)).findings}
    assert not sum(count for code, count in found.items() if code != "notice_unsent"), found


def test_the_notice_changes_the_days_that_it_names_and_no_others():
    before, after = (set(table["default"].worked) for table in TABLES)
    changed = {DAYS.moment(at).date() for at in before ^ after}
    assert changed == {day for day in HOLIDAYS if day.weekday() < 5} | MAKEUPS
