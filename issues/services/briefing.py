"""Sending the 08:00 brief: once a working day, one notice a person and one a group."""

from collections.abc import Mapping
from datetime import datetime, time

from django.db import transaction
from django.utils import timezone

from issues.briefs.chairs import Chair, Kind, Seated, desk_codes, everybody
from issues.briefs.daily import OPENS, Day, Figures, day_at, figures_for, figures_of_all
from notices.models import Notice, Target
from notices.services import Draft, Fact, queue
from worktime.queries import work_calendar

KIND = "brief"
# Whoever was not told by noon has seen the day's work on the home page.
CLOSES = time(12)
Found = Mapping[tuple[str, int], Figures]


def brief_due(*, now: datetime) -> bool:
    """Whether the brief may leave now: from 08:00 to noon of a working day.

    Not at 08:00 alone, so that a system that was down then catches up. Days are
    those of the default calendar: none leaves on days off, one does on a
    make-up Saturday.
    """
    local = timezone.localtime(now, timezone.get_default_timezone())
    return OPENS <= local.time() < CLOSES and work_calendar().day(local.date()).works


@transaction.atomic
def send_briefs(*, now: datetime) -> int:
    """Queue today's brief for everybody who gets one; how many people that was.

    0 when none is due or today's has left. Any number may call this at once and
    as often as they like: all notices are written together under keys of the day.
    """
    if not brief_due(now=now):
        return 0
    people = everybody(at=now)
    subject = _subject(now)
    if not people or _told(people[0], subject):
        return 0
    day = day_at(now, calendar=work_calendar())
    found = figures_of_all(day=day)
    told = [_to_person(person, found, subject=subject, day=day) for person in people]
    chairs = dict.fromkeys(chair for person in people for chair in person.chairs)
    told += _to_groups(list(chairs), found, subject=subject, day=day)
    queue(notices=told, now=now)
    return len(people)


def _subject(now: datetime) -> str:
    """The address of the day's brief, which is the key of its notices too."""
    return f"brief_day:{timezone.localdate(now, timezone.get_default_timezone()).isoformat()}"


def _told(person: Seated, subject: str) -> bool:
    """Whether today's brief has left: one person stands for all, who are told together."""
    told = Notice.objects.filter(recipient_id=person.user_id, kind=KIND, subject_key=subject)
    return told.exists()


def _to_person(person: Seated, found: Found, *, subject: str, day: Day) -> Draft:
    """The widest chair's counts; the page tells of the others."""
    chair = person.chairs[0]
    return Draft(
        kind=KIND,
        subject_key=subject,
        recipient_id=person.user_id,
        role=person.role,
        key=subject,
        payload=_payload(chair, figures_for(chair, found)),
        expires_at=day.ends,
    )


def _to_groups(chairs: list[Chair], found: Found, *, subject: str, day: Day) -> list[Draft]:
    """One draft a chair that a group listens to, and the district's.

    Groups that listen to everything would otherwise hear two thousand briefs.
    """
    listening = set(Target.objects.filter(active=True).values_list("audience", flat=True))
    if not listening:
        return []
    # A unit's head sees the units below too; its group hears of the whole family.
    widest = {(chair.kind, chair.code): chair for chair in sorted(chairs, key=_reach)}
    codes = {chair: f"org:{code}" for chair, code in desk_codes(widest.values()).items()}
    return [
        Draft(
            kind=KIND,
            subject_key=subject,
            audience=(audience,),
            key=f"{subject}:{chair.kind}:{chair.code}",
            payload=_payload(chair, figures_for(chair, found)),
            expires_at=day.ends,
        )
        for chair, audience in codes.items()
        if audience in listening or chair.kind is Kind.DISTRICT
    ]


def _reach(chair: Chair) -> int:
    return len(chair.ids)


def _payload(chair: Chair, figures: Figures) -> dict[str, Fact]:
    return {
        "place": chair.name,
        "late": figures.late,
        "today": figures.today,
        "returned": figures.returned,
        "critical": figures.critical,
    }
