"""Every address of the product with something to put into it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import ApiToken
from accounts.services import issue_token
from issues.models import CallBack, Issue
from issues.services.calling_back import ask_call_back
from issues.services.photos import attach, save_photo
from notices.models import AllowedHost, Notice, Target
from notices.secrecy import seal
from partyorgs.models import Leave
from tests import world as w
from tests.photos import jpeg
from whistles.services.blowing import begin
from whistles.services.doing import Given
from whistles.workflow import Act

NOWHERE = {
    "number": "QH-260310-AAAAA",
    "public_id": "00000000-0000-4000-8000-000000000000",
    "token_id": 10**12,
    "notice_id": 10**12,
    "code": "nowhere",
    "leave_id": 10**12,
    "target_id": 10**12,
    "relaxation_id": 10**12,
    "host_id": 10**12,
    "use": "nowhere",
    "level": 1,
    "day": "2026-02-30",
    "calendar": "nowhere",
    "year": 2026,
    "token": "nowhere",
    "whistle_number": "W260310-AAAAA",
    "deed": "withdraw",
}
LAT, LNG = w.IN_A1
POINT = {"lat": LAT, "lng": LNG}
QUERIES = {
    "api_locate": POINT,
    "api_responsible": POINT | {"category": w.RUBBISH},
    "api_would_be": POINT | {"category": w.RUBBISH},
    "api_places": {"q": "青禾"},
    "place_search": {"q": "青禾"},
    "map_cells": {"street": w.STREET_1},
}
REPORT = POINT | {"category": w.RUBBISH, "description": "垃圾"}
BODIES = {
    "api_token": {"username": "colleague", "password": "gezhi-test"},
    "api_issues": REPORT,
    "api_similar": POINT | {"category": w.RUBBISH},
    "api_contact": {"reason": "电话回访"},
    "api_verb": {"note": "看过"},
    "issue_contact": {"reason": "电话回访"},
    "issue_verb": {"note": "看过"},
    "language": {"language": "en"},
    "notice_settings": {"starts": "25:00"},
    "notice_settings_test": {"channel": "email"},
    "suggestion": {"text": "字太小", "page": "/"},
    "api_whistles": {
        "issue": "QH-260310-AAAAA",
        "kind": "emergency",
        "reason": "塌陷",
        "place": "路口",
        "units": ["roads"],
    },
}


def route_names() -> set[str]:
    """The names of all addresses but the admin's; an address without a name is named by itself."""
    return {name for name, _pattern in _walk(get_resolver().url_patterns, "")}


def _walk(patterns: list, before: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        address = f"{before}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            if not address.startswith("admin/"):
                yield from _walk(pattern.url_patterns, address)
        else:
            yield pattern.name or address, pattern


def arguments(name: str) -> tuple[str, ...]:
    pattern = dict(_walk(get_resolver().url_patterns, ""))[name]
    return tuple(pattern.pattern.converters)


@dataclass
class Things:
    """An issue of the worker's with photo and contact; a notice and a token of the colleague's."""

    values: dict[str, object] = field(default_factory=dict)

    def address(self, name: str, *, missing: bool = False) -> str:
        known = NOWHERE if missing else self.values
        wanted = {argument: known.get(argument, "note") for argument in arguments(name)}
        return reverse(name, kwargs=wanted)


def things(world: w.World) -> Things:
    issue = world.report(contact={"phone": "13912340987", "agreed": ["callback"]})
    colleague = world.user("colleague")
    issue_token(user=colleague, now=timezone.now())
    photo = save_photo(uploader=world.user("worker"), upload=jpeg(), size=1, now=w.NOW)
    attach(issue=issue, photos=[photo], verb="report")
    notice = Notice.objects.create(
        kind="dispatched", subject_key=issue.subject_key, recipient=colleague, key="k",
        state="sent", created_at=w.NOW, sent_at=w.NOW,
    )  # fmt: skip
    target = Target.objects.create(
        channel="webhook", name="回调", address=seal("https://a.example/"), created_at=w.NOW
    )
    away = Leave.objects.create(
        user=colleague, stand_in=world.user("nobody"), entered_by=colleague,
        valid_from=timezone.now(), valid_until=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    return Things(
        {
            "target_id": target.pk,
            "relaxation_id": 10**12,
            "host_id": AllowedHost.objects.create(pattern="a.example").pk,
            "act": "off",
            "use": "limit",
            "level": 1,
            "number": issue.number,
            "public_id": str(photo.public_id),
            "token_id": ApiToken.objects.get(user=colleague).pk,
            "notice_id": notice.pk,
            "code": "desk-1",
            "leave_id": away.pk,
            "calendar": "default",
            "year": 2026,
            "day": "2026-03-10",
            "token": asked_back(world),
            "whistle_number": proposed_whistle(world),
            "deed": "withdraw",
        }
    )


def proposed_whistle(world: w.World) -> str:
    """The number of a whistle that the street's dispatcher proposed over another issue."""
    given = Given(
        kind="key_work", reason="占道经营反复。", place="青禾路口", units=["roads"],
        meet_at=w.NOW + timedelta(hours=1),
    )  # fmt: skip
    scope, issue = world.scope("street"), world.report().number
    begun = begin(scope=scope, issue=issue, act=Act.PROPOSE, given=given, now=w.NOW)
    return begun.whistle.number


def asked_back(world: w.World) -> str:
    """The secret link's token of another issue, closed and drawn for a call-back."""
    issue = world.report()
    Issue.objects.filter(pk=issue.pk).update(
        state="closed", is_open=False, outcome="fixed", due_at=None, closed_at=w.NOW,
        survey_asked=True,
    )  # fmt: skip
    now = timezone.now()
    return ask_call_back(issue=issue, because=CallBack.Because.SAMPLE, now=now).token
