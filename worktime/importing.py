"""What a notice or a table would change in a calendar, before anything is written."""

from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

from django.utils.translation import gettext as _

from worktime import dayfile, notice, wording
from worktime.arithmetic import CalendarDay
from worktime.models import Calendar
from worktime.queries import Difference, differences, stamp_of


@dataclass(frozen=True)
class Proposal:
    """Days as somebody announced them; to be used only without `problems`.

    `unread` are sentences of a notice that nothing was taken from.
    """

    days: dict[date, CalendarDay]
    source: str
    problems: list[str]
    unread: tuple[str, ...] = ()

    def count(self, kind: str) -> int:
        """How many of the days are of this kind."""
        return sum(fact.kind == kind for fact in self.days.values())


def from_notice(text: str, *, year: int | None = None) -> Proposal:
    """What the State Council's notice says; `year` where the text does not say it."""
    read = notice.read(text, year=year)
    source = read.title or _("%s 年节假日安排的通知") % read.year
    problems = [wording.problem_text(problem) for problem in read.problems]
    return Proposal(read.days, source, problems, read.unread)


def from_table(text: str, *, source: str, year: int | None = None) -> Proposal:
    """What a CSV table says; with `year`, of all other days of it that they are ordinary."""
    days, problems = dayfile.read_days(text)
    if year is not None:
        if other := sorted(day for day in days if day.year != year):
            problems.append(
                _("%(day)s 不在 %(year)s 年；整年导入时表里只能有这一年的日期。")
                % {"day": other[0], "year": year}
            )
        days = notice.every_day(year) | days
    return Proposal(days, source, problems)


@dataclass(frozen=True)
class Preview:
    """What would change; `seen` is other when the calendar or the proposal is."""

    proposal: Proposal
    differences: list[Difference]
    seen: str

    @property
    def visible(self) -> list[Difference]:
        """Dates whose kind or name changes; the others are only no longer a guess."""
        return [row for row in self.differences if row.before[:2] != row.after[:2]]

    @property
    def confirmed_only(self) -> int:
        """How many dates stay as they are, but become official."""
        return len(self.differences) - len(self.visible)


def preview(calendar: Calendar, proposal: Proposal) -> Preview:
    """What the proposal would change in the calendar as it is now."""
    told = repr((stamp_of(calendar.code), proposal.source, sorted(proposal.days.items())))
    seen = blake2b(told.encode(), digest_size=16).hexdigest()
    return Preview(proposal, differences(calendar, proposal.days), seen)
