"""Reads the State Council's yearly notice on holidays (国务院办公厅关于…部分节假日安排的通知).

Plain Python without Django. The notice says for each holiday on which dates
people are off and on which weekend days they work instead; all other days are
as their weekday. Nothing is guessed: what contradicts itself is a problem.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from worktime.arithmetic import CalendarDay

HOLIDAYS = ("元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节")
NEW_YEAR = "元旦"
WEEKDAYS = "一二三四五六日"
SATURDAY = 5
DECEMBER = 12
NUMERALS = {
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}

_NAME = (
    "元旦节?|春节|清明节?|(?:五一)?(?:国际)?劳动节|端午节?|中秋节?|国庆节?"
    "|[\u4e00-\u9fff]{2,12}纪念日"
)
_HEADING = re.compile(rf"((?:{_NAME})(?:[、和与及](?:{_NAME}))*)(?::|(?=\d))")
_DAY = r"(?:\d{4}年)?(?:\d{1,2}月)?\d{1,2}日(?:\([^()]*\))?"
_TO = "[至到~—–-]"
_FILLER = "(?:全国|均|都|正常|照常)*"
_PHRASE = re.compile(rf"({_DAY}(?:(?:{_TO}+|[、和及与,]){_DAY})*){_FILLER}(放假|补休|上班)")
_TOKEN = re.compile(rf"({_TO}+)?(?:(\d{{4}})年)?(?:(\d{{1,2}})月)?(\d{{1,2}})日(?:\(([^()]*)\))?")
_COUNT = re.compile(r"(?:共|放假|连休)(\d{1,2}|[一二两三四五六七八九十]{1,3})天")
_WEEKDAY = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天])")
_TITLE = re.compile(r"国务院办公厅关于(\d{4})年.{0,12}?节假日.{0,8}?通知")
_YEAR = re.compile(r"(\d{4})年(?:部分)?(?:法定)?(?:节假日|元旦|放假)")
_SIGNED = re.compile(r"国务院办公厅\d{4}年\d{1,2}月\d{1,2}日")
_ADVICE = ("鼓励", "建议", "可以")


def gettext_noop(text: str) -> str:
    """Marks a text for translation; Django's own would ask for settings."""
    return text


NO_YEAR = gettext_noop("没有读到是哪一年的通知，请连标题一起粘贴，或填写年份。")
OTHER_YEAR = gettext_noop("标题写的是 %(found)s 年，填写的是 %(year)s 年，请核对。")
NOTHING = gettext_noop("没有读到节日和日期，请粘贴通知的正文。")
MISSING = gettext_noop("没有读到这些节日：%(names)s。请粘贴完整的通知。")
NOT_READ = gettext_noop("这一句没有读懂，请核对：%(sentence)s")
NO_SUCH_DATE = gettext_noop("没有这一天：%(sentence)s")
BACKWARDS = gettext_noop("结束日期早于开始日期：%(sentence)s")
OUTSIDE = gettext_noop("%(day)s 不在 %(year)s 年，请核对：%(sentence)s")
WEEKDAY = gettext_noop("%(day)s 不是星期%(said)s，请核对日期或年份：%(sentence)s")
COUNT = gettext_noop("写的是共 %(said)s 天，按日期数是 %(found)s 天：%(sentence)s")
NOT_WEEKEND = gettext_noop("%(day)s 本来就是工作日，不用调休上班，请核对：%(sentence)s")
BOTH = gettext_noop("%(day)s 既写了放假又写了上班，请核对。")


@dataclass(frozen=True)
class Problem:
    """What keeps a notice from being taken: a text to translate, and its facts."""

    text: str
    facts: dict[str, object]


@dataclass(frozen=True)
class Notice:
    """What a notice says: every day of its year, none of them a guess.

    `days` also has days of the December before that a New Year's holiday takes
    in. It may be used only when there are no `problems`. `unread` are sentences
    with dates that say neither who is off nor who works.
    """

    year: int | None
    title: str
    days: dict[date, CalendarDay]
    problems: tuple[Problem, ...]
    unread: tuple[str, ...]


def read(text: str, *, year: int | None = None) -> Notice:
    """The notice in `text`; `year` where it does not say its year itself."""
    plain = _plain(text)
    title = _TITLE.search(plain)
    found = title or _YEAR.search(plain)
    said = int(found[1]) if found else None
    problems = []
    if year is None and said is None:
        problems.append(Problem(NO_YEAR, {}))
    elif None not in (year, said) and year != said:
        problems.append(Problem(OTHER_YEAR, {"found": said, "year": year}))
    known = year or said
    if problems or known is None:
        return Notice(known, title[0] if title else "", {}, tuple(problems), ())
    reader = _Reader(known)
    for names, body in _items(plain):
        reader.take(names, body)
    reader.finish()
    return Notice(
        year=known,
        title=title[0] if title else "",
        days=reader.days(),
        problems=tuple(reader.problems),
        unread=tuple(reader.unread),
    )


def every_day(year: int) -> dict[date, CalendarDay]:
    """The days of a year that is known to have no holidays but those said apart."""
    first = date(year, 1, 1)
    count = (date(year + 1, 1, 1) - first).days
    days = (first + timedelta(days=number) for number in range(count))
    return {day: CalendarDay("weekend" if _weekend(day) else "workday") for day in days}


@dataclass
class _Reader:
    """Collects what the items say about one year."""

    year: int
    off: dict[date, str] = field(default_factory=dict)
    work: dict[date, str] = field(default_factory=dict)
    joined: list[tuple[str, list[date]]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def take(self, names: tuple[str, ...], body: str) -> None:
        """One holiday, or several that are one."""
        name, anchor = "、".join(names), None
        for sentence in filter(None, re.split("[。;]", body)):
            anchor = self._sentence(name, sentence, anchor) or anchor
        if anchor:
            self.names.update(names)

    def finish(self) -> None:
        """What can be said only when everything is read."""
        for name, days in self.joined:
            self._join_weekend(name, days)
        for day in sorted(self.off.keys() & self.work.keys()):
            self.problems.append(Problem(BOTH, {"day": day}))
        missing = [name for name in HOLIDAYS if name not in self.names]
        if len(missing) == len(HOLIDAYS):
            self.problems.append(Problem(NOTHING, {}))
        elif missing:
            self.problems.append(Problem(MISSING, {"names": "、".join(missing)}))

    def days(self) -> dict[date, CalendarDay]:
        """Every day of the year, and what the holidays take of the one before."""
        off = {day: CalendarDay("holiday", name) for day, name in self.off.items()}
        work = {day: CalendarDay("makeup", name) for day, name in self.work.items()}
        return every_day(self.year) | off | work

    def _sentence(self, name: str, sentence: str, anchor: date | None) -> date | None:
        """Takes one sentence; returns the first day off in it."""
        phrases = [] if sentence.startswith(_ADVICE) else list(_PHRASE.finditer(sentence))
        dates = len(_TOKEN.findall(sentence))
        if sum(len(_TOKEN.findall(phrase[1])) for phrase in phrases) < dates:
            verbs = any(verb in sentence for verb in ("放假", "补休", "上班"))
            if verbs and not sentence.startswith(_ADVICE):
                self.problems.append(Problem(NOT_READ, {"sentence": sentence}))
            else:
                self.unread.append(sentence)
        off: list[date] = []
        for phrase in phrases:
            if phrase[2] == "上班":
                days = self._dates(phrase[1], sentence, near=off[0] if off else anchor)
                self._makeup(name, days, sentence)
            else:
                off += self._dates(phrase[1], sentence, near=None, name=name)
        for day in off:
            self.off.setdefault(day, name)
        self._count(off, sentence)
        if off and "连休" in sentence:
            self.joined.append((name, off))
        return off[0] if off else None

    def _makeup(self, name: str, days: list[date], sentence: str) -> None:
        for day in days:
            if not _weekend(day):
                self.problems.append(Problem(NOT_WEEKEND, {"day": day, "sentence": sentence}))
            self.work[day] = name

    def _count(self, off: list[date], sentence: str) -> None:
        said = _COUNT.search(sentence)
        if not said or not off:
            return
        number = _number(said[1])
        whole = len(off) + (len(_weekend_around(off)) if "连休" in sentence else 0)
        if number not in (len(off), whole):
            facts = {"said": number, "found": len(off), "sentence": sentence}
            self.problems.append(Problem(COUNT, facts))

    def _dates(self, text: str, sentence: str, *, near: date | None, name: str = "") -> list[date]:
        """The dates of a phrase; near `near` where they name no year, else in the year."""
        days: list[date] = []
        month: int | None = None
        for token in _TOKEN.finditer(text):
            to, year, said_month, number, note = token.groups()
            month = int(said_month) if said_month else month
            day = self._day(year, month, int(number), after=days[-1] if to and days else None,
                            near=near, name=name)  # fmt: skip
            if day is None:
                self.problems.append(Problem(NO_SUCH_DATE, {"sentence": sentence}))
                continue
            self._check(day, note, sentence)
            if not to or not days:
                days.append(day)
            elif day <= days[-1]:
                self.problems.append(Problem(BACKWARDS, {"sentence": sentence}))
            else:
                days += _run(days[-1], day)
        return days

    def _day(
        self, year: str | None, month: int | None, number: int, *,
        after: date | None, near: date | None, name: str,
    ) -> date | None:  # fmt: skip
        """The date; of a New Year's holiday a December is that of the year before."""
        if month is None:
            return None
        if year:
            return _date(int(year), month, number)
        if after:
            day = _date(after.year, month, number)
            turned = day is not None and day < after and after.year < self.year
            return _date(after.year + 1, month, number) if turned else day
        if near:
            years = (near.year - 1, near.year, near.year + 1)
            days = filter(None, (_date(other, month, number) for other in years))
            return min(days, key=lambda day: abs(day - near), default=None)
        before = NEW_YEAR in name and month == DECEMBER
        return _date(self.year - before, month, number)

    def _check(self, day: date, note: str | None, sentence: str) -> None:
        december = date(self.year - 1, DECEMBER, 1)
        if not december <= day < date(self.year + 1, 1, 1):
            facts = {"day": day, "year": self.year, "sentence": sentence}
            self.problems.append(Problem(OUTSIDE, facts))
        for said in _WEEKDAY.findall(note or ""):
            if WEEKDAYS.index("日" if said == "天" else said) != day.weekday():
                facts = {"day": day, "said": said, "sentence": sentence}
                self.problems.append(Problem(WEEKDAY, facts))

    def _join_weekend(self, name: str, days: list[date]) -> None:
        for day in _weekend_around(days):
            if day not in self.work:
                self.off.setdefault(day, name)


def _plain(text: str) -> str:
    """Half-width, without spaces, line breaks and what cannot be seen."""
    normal = unicodedata.normalize("NFKC", text)
    seen = (sign for sign in normal if not sign.isspace() and unicodedata.category(sign) != "Cf")
    return _SIGNED.sub("。", "".join(seen))


def _items(plain: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The holidays by their headings, each with what is said about it."""
    headings = list(_HEADING.finditer(plain))
    ends = [*(heading.start() for heading in headings), len(plain)][1:]
    for heading, end in zip(headings, ends, strict=False):
        names = tuple(map(_name, re.split("[、和与及]", heading[1])))
        yield names, re.sub("[一二三四五六七八九十]+、$", "", plain[heading.end() : end])


def _name(said: str) -> str:
    """The name as calendars have it: 清明 is 清明节."""
    return next((name for name in HOLIDAYS if name[:2] in said), said)


def _number(said: str) -> int:
    if said.isdecimal():
        return int(said)
    tens, ten, ones = said.rpartition("十")
    return (NUMERALS.get(tens, 1) * 10 if ten else 0) + NUMERALS.get(ones, 0)


def _run(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range(1, (last - first).days + 1)]


def _weekend_around(days: list[date]) -> list[date]:
    """The Saturdays and Sundays that touch the days off."""
    around = []
    for edge, step in ((min(days), -1), (max(days), 1)):
        day = edge + timedelta(days=step)
        while _weekend(day):
            around.append(day)
            day += timedelta(days=step)
    return around


def _weekend(day: date) -> bool:
    return day.weekday() >= SATURDAY


def _date(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None
