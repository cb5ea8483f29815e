"""What must come of a report by itself, worked out from what people do with it.

Two tables of days, one before and one after the notice for 2027: until 5 January
the year is a guess; then New Year's Day is free, and Saturday 9 and Sunday 31
January are worked. The rules are those of the words, not of the code.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from math import ceil

from tests import world as w
from tests.issues.naive import Days, Ladder, ladder

FIRST, COUNT = date(2026, 11, 30), 260
HOLIDAYS = {date(2027, 1, 1), *(date(2027, 2, day) for day in range(5, 12))}
MAKEUPS = {date(2027, 1, 9), date(2027, 1, 31)}
OWN_SATURDAY = date(2026, 12, 5)
OWN_SPANS = ((time(8, 30), time(11, 30)), (time(13), time(17)))


def guessed(day):
    return day.weekday() < 5


def announced(day):
    return day in MAKEUPS or (day.weekday() < 5 and day not in HOLIDAYS)


def with_saturday(works):
    return lambda day: day == OWN_SATURDAY or works(day)


# Before and after the notice: everybody's days, and those of the community's own calendar.
TABLES = [
    {
        "default": Days(FIRST, COUNT, works=works),
        "own": Days(FIRST, COUNT, works=with_saturday(works), spans=OWN_SPANS),
    }
    for works in (guessed, announced)
]
DAYS = TABLES[0]["default"]  # for turning moments into numbers and back


def minute(month, day, hour=9, least=0):
    year = 2026 if month == 12 else 2027
    return DAYS.number(datetime(year, month, day, hour, least, tzinfo=w.SHANGHAI))


BEGIN, LOADED, END = minute(12, 1), minute(1, 5, 10, 30), minute(2, 5, 0)

# The limits of the conditions used here: minutes, and whether they run day and night.
LIMITS = {
    "T-CLEAN-1": (240, False), "T-CLEAN-2": (120, False), "T-CLEAN-3": (2400, False),
    "T-COVER-1": (120, True), "T-ROAD-1": (120, True), "T-ROAD-2": (2400, False),
    "T-SAFE-1": (120, True), "T-SAFE-2": (480, False), "T-SAFE-3": (4800, False),
    "T-ORDER-3": (7200, False), "T-TRAP-1": (30, True),
}  # fmt: skip
STAGES = {
    "accept": (15, True), "dispatch": (15, True), "check": (480, False),
    # Two working hours to decide on a return; as long again, and the territory takes it.
    "decide": (120, False),
}  # fmt: skip
COVER, SHED, LIFT_TRAP = "C0102", "E0101", "S0101"
# Leaf: the condition that it is filed under unless another is named, and who does it.
LEAVES = {
    w.RUBBISH: ("T-CLEAN-1", "clean"), COVER: ("T-COVER-1", "clean"),
    SHED: ("T-ORDER-3", "clean"), w.CORRIDOR: ("T-SAFE-2", "home-1"),
    w.UNLISTED: ("T-ROAD-2", None), LIFT_TRAP: ("T-TRAP-1", None),
}  # fmt: skip
DESK = {"clean": "unit", "roads": "other-unit", "home-1": "community", "desk-1": "street"}


@dataclass
class Running:
    """A limit as it should be: what has come of it is in `taken`: level, due, when."""

    kind: str
    start: int
    limit: int
    granted: int
    continuous: bool
    critical: bool
    calendar: str
    path: Ladder | None = None
    level: int = -1
    stopped: int | None = None
    taken: list[tuple[int, int, int]] = field(default_factory=list)

    def put(self, tables):
        use = self.kind if self.kind in ("answer", "duty", "decide") else "limit"
        self.path = ladder(
            tables[self.calendar], self.start, limit=self.limit, granted=self.granted,
            continuous=self.continuous, critical=self.critical, use=use,
        )  # fmt: skip

    def coming(self):
        """The next rung: when, and which."""
        left = [(at, level) for level, at in self.path.rungs.items() if level > self.level]
        return min(left, key=lambda rung: rung[1], default=None)


def is_turn(level, one):
    """The rung by which the territory takes what nobody decided on."""
    return one.kind == "decide" and level == 2


def told_first(row):
    """What only tells comes before what moves the issue in the same minute."""
    at, level, one = row
    return at, is_turn(level, one)


class Story:
    """One report: what people will do with it, and what must come of it by itself.

    `script`: (when, who, verb, what is given with it), in the order of time.
    """

    def __init__(self, script):
        self.script = [row for row in script if row[0] < END]
        self.clocks, self.moved, self.instants = [], [], set()
        self.unit, self.condition, self.critical, self.who = "desk-1", "", False, ""
        self.returns = 0
        self.issue = None
        self.tables, self.now = TABLES[0], BEGIN
        for at, who, verb, given in [*self.script, (END, "", "", {})]:
            if self.tables is TABLES[0] and at >= LOADED:
                self.live_until(LOADED - 1)
                self.reload()
            self.live_until(at)
            if verb:
                self.now, self.who = at, who
                self.watch(at)
                getattr(self, f"on_{verb}")(at, **given)
                self.live_until(at)

    # What happens by itself.

    def live_until(self, until):
        """Every rung that comes up to this minute, in the order of time."""
        while True:
            coming = [(*rung, one) for one in self.running() if (rung := one.coming())]
            at, level, one = min(coming, key=told_first, default=(END + 1, 0, None))
            if at > until:
                return
            self.now = max(self.now, at)
            one.taken.append((level, at, self.now))
            one.level = level
            self.watch(at, self.now)
            if (
                level == 2
                and one.kind in ("accept", "dispatch", "handle")
                and not self.of("answer")
            ):
                self.begin("answer", self.now)
            if is_turn(level, one):
                self.territory(self.now)
            if level and one.kind in ("accept", "dispatch", "handle", "answer"):
                # Late and critical: off hours the duty hears of it, until somebody answers.
                self.call(self.now)

    def territory(self, at):
        """Nobody decided on the return: the street's desk has it from now on."""
        self.move(at, "desk-1")

    def reload(self):
        """The notice is there: what runs on working time is counted anew from its start."""
        self.tables, self.now = TABLES[1], LOADED
        self.watch(LOADED)
        for one in self.running():
            if not one.continuous:
                before = one.path
                one.put(self.tables)
                # Where it would have gone on: nothing may come there any more.
                self.watch(*before.rungs.values())
                if one.path.due != before.due:
                    self.moved.append((one.kind, before.due, one.path.due))

    def watch(self, *instants):
        self.instants |= {at + n for at in instants for n in (-1, 0, 1)}

    def running(self):
        return [one for one in self.clocks if one.stopped is None]

    def of(self, *kinds):
        return next((one for one in self.running() if one.kind in kinds), None)

    def main(self):
        return self.of("accept", "dispatch", "handle", "check")

    def begin(self, kind, at, granted=None):
        limit, continuous = STAGES.get(kind) or LIMITS.get(self.condition, (0, False))
        if kind == "answer":
            limit, continuous = (60, True) if self.critical else (480, False)
        elif kind == "duty":
            limit, continuous = 10, True
        calendar = "own" if self.unit == "home-1" else "default"
        granted = granted or limit
        one = Running(kind, at, limit, granted, continuous, self.critical, calendar)
        one.put(self.tables)
        self.clocks.append(one)
        self.watch(at)

    def end(self, at, *kinds):
        for one in self.running():
            if one.kind in kinds or not kinds:
                one.stopped = at
                # Where it would have gone on: nothing may come there.
                self.watch(*one.path.rungs.values())

    def end_main(self, at):
        self.end(at, "accept", "dispatch", "handle", "check")

    def call(self, at):
        """Off hours of the unit what is critical calls the duty, once at a time."""
        calendar = self.tables["own" if self.unit == "home-1" else "default"]
        if self.critical and not calendar.works_at(at) and not self.of("duty"):
            self.begin("duty", at)

    # What people do.

    def file(self, category, condition=""):
        self.condition = condition or LEAVES[category][0]
        self.critical = LIMITS[self.condition][1]
        return LEAVES[category][1]

    def send(self, at, unit):
        if unit:
            self.unit = unit
        self.begin("handle" if unit else "dispatch", at)

    def on_report(self, at, category="", condition=""):
        unit = self.file(category, condition) if category else None
        if category and self.who == "worker":
            self.send(at, unit)
        else:
            self.begin("accept", at)
        self.call(at)

    def on_accept(self, at, category, condition=""):
        heard = self.of("duty")
        self.end(at)
        unit = self.file(category, condition)
        self.send(at, unit)
        if unit or not heard:
            self.call(at)

    def on_dispatch(self, at, unit):
        self.end(at)
        self.send(at, unit)
        self.call(at)

    def move(self, at, unit):
        late, returned = self.main().path.due <= at, self.of("decide")
        self.end(at, "answer", "duty", "decide")
        self.unit = unit
        if late or (returned and self.returns >= 3):
            # The new unit owes an answer: the steps of the limit were the old one's.
            self.begin("answer", at)
        self.call(at)

    def on_redispatch(self, at, unit, reason):
        self.move(at, unit)

    def on_confer(self, at, unit, note):
        self.move(at, unit)

    def on_judge(self, at, unit, reason):
        self.move(at, unit)

    def on_sign(self, at):
        self.end(at, "duty")

    def on_acknowledge(self, at):
        self.end(at, "duty")

    def on_return(self, at, reason, proposed):
        self.returns += 1
        self.end(at, "duty")
        self.begin("decide", at)
        self.call(at)

    def on_answer(self, at, note):
        self.end(at, "answer")

    def on_supervise(self, at, reason):
        self.end(at, "answer")
        self.begin("answer", at)

    def on_handle(self, at, outcome, note):
        self.end(at)
        self.begin("check", at)

    def on_check(self, at, passed, note=""):
        if passed:
            return
        self.end_main(at)
        limit, continuous = LIMITS[self.condition]
        last = [one for one in self.clocks if one.kind == "handle"][-1]
        calendar = self.tables["own" if self.unit == "home-1" else "default"]
        left = last.path.due - last.stopped
        if not continuous:
            left = calendar.between(last.stopped, last.path.due)
        self.begin("handle", at, granted=max(left, ceil(limit / 4)))
        self.call(at)

    def on_raise_urgency(self, at, condition, reason, category=""):
        kind = self.main().kind
        self.end_main(at)
        self.condition, self.critical = condition, LIMITS[condition][1]
        self.begin(kind, at)
        self.call(at)

    def on_close(self, at):
        self.end(at)

    def on_cancel(self, at, reason):
        self.end(at)

    def on_reject(self, at, reason):
        self.end(at)
