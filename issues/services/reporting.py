"""The verb report (上报): from a point and a few words to a dispatched issue."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from grid.datum import to_wgs84
from grid.models import Place
from issues.book import target
from issues.dispatch import Position, desk_for, position, route
from issues.models import Issue, Sent
from issues.numbers import new_number
from issues.services.errors import MayNotReport
from issues.services.once import Sending, digest_of, once, shown
from issues.services.photos import attach, own_unused
from issues.services.sending import send_by_rule
from issues.services.settling import settle_in_report
from issues.services.sources import HEARD_OF, external_number, own_source, reporting_seat
from issues.services.turn import Turn
from issues.services.words import MAX_DESCRIPTION, MAX_PLACE, cleaned
from issues.who import may_report
from issues.workflow import RULES, State, Verb
from matters.queries import Matter, UnknownMatter, matter
from partyorgs.rules import CELL_ROLES, Scope, Seat
from residents.models import Contact
from residents.screening import find_phones
from residents.services import create_contact


@dataclass(frozen=True)
class Report:
    """What a reporter gives. Degrees in `datum`; empty texts mean "not given".

    `source`: a value of Issue.Source, where a desk takes down what others say;
    `external_number`: the ticket's number there. `settled`: what was done on the
    spot (即办即结).
    """

    description: str
    lat: float
    lng: float
    datum: str = "wgs84"
    category: str = ""
    condition: str = ""
    place: str = ""
    place_id: int | None = None
    attachments: Sequence[UUID | str] = ()
    contact: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    external_number: str = ""
    settled: str = ""


# What a report can say since it is more than a worker's.
LATER = ("source", "external_number", "settled")


@dataclass(frozen=True)
class Reported:
    """The issue, and the turn that made it; None when an earlier call with the key did."""

    issue: Issue
    turn: Turn | None = None

    @property
    def created(self) -> bool:
        return self.turn is not None


def report(
    *,
    scope: Scope,
    given: Report,
    key: str | None = None,
    imported: bool = False,
    now: datetime,
) -> Reported:
    """Report a problem at a place.

    Locates the point, finds the owner, and stores the issue with its first
    event. A cell worker's report with a category is accepted and dispatched in
    the same transaction, or settled with what was done on the spot; what the
    public reports is verified first; others wait at the desk. Queues notices,
    starts the clock, takes the photos.

    `key`: sent twice by the same user with the same content it gives the same
    issue. `imported`: from a file of a desk's. Raises MayNotReport,
    ValidationError by field, KeyReused.
    """
    first = may_report(scope)
    if first is None:
        raise MayNotReport
    seat = reporting_seat(scope, first, source=given.source, imported=imported)
    sending = Sending(scope.user, key, _digest(given), now) if key else None

    def made() -> Reported:
        turn = _numbered(scope=scope, seat=seat, given=given, sending=sending, now=now)
        return Reported(turn.issue, turn)

    def again(sent: Sent) -> Reported:
        return Reported(Issue.objects.get(number=sent.number))

    return once(made, sending=sending, again=again)


def _numbered(
    *, scope: Scope, seat: Seat, given: Report, sending: Sending | None, now: datetime
) -> Turn:
    """The turn that stored the issue; once more with another number when that one is taken.

    Of 24 million numbers a day, 5,000 reports meet one that is taken every other day.
    """
    try:
        with transaction.atomic():
            return _made(scope=scope, seat=seat, given=given, sending=sending, now=now)
    except IntegrityError:
        if sending and sending.earlier():
            raise
    with transaction.atomic():
        return _made(scope=scope, seat=seat, given=given, sending=sending, now=now)


def hints(given: Report) -> list[str]:
    """What the reporter may want to change: phone numbers belong to the contact field."""
    if find_phones(f"{given.description}\n{given.place}"):
        return [_("说明里有电话号码：请移到联系方式，那里会加密保存并按时清除。")]
    return []


def _digest(given: Report) -> str:
    said: list[Any] = [
        given.category, given.condition, given.description.strip(), given.place.strip(),
        repr(float(given.lat)), repr(float(given.lng)), given.datum,
        shown(given.attachments),
        sorted((str(name), str(value)) for name, value in given.contact.items()),
    ]  # fmt: skip
    # Only where given, so that what was sent before these came has the digest it had.
    rest = {name: getattr(given, name).strip() for name in LATER}
    said += [[name, value] for name, value in rest.items() if value]
    return digest_of(said)


def _made(
    *, scope: Scope, seat: Seat, given: Report, sending: Sending | None, now: datetime
) -> Turn:
    number = new_number(at=now)
    if sending:
        # Before the photos: sent a second time they are in use.
        sending.keep(f"issue:{number}")
    description = cleaned(given.description, field="description", longest=MAX_DESCRIPTION)
    if not description:
        raise ValidationError({"description": _("请写一句话说明情况。")})
    what = _matter(given)
    lat, lng = _point(given)
    photos = own_unused(uploader=scope.user, ids=given.attachments)
    source = given.source or own_source(seat)
    if what and what.category.photo_reason and not photos and source not in HEARD_OF:
        raise ValidationError({"attachments": what.category.photo_reason})
    where = position(lat=lat, lng=lng, at=now)
    if where.district is None:
        raise ValidationError({"lat": _("还没有划分任何网格，请联系管理员导入网格。")})
    issue = Issue(
        number=number,
        source=source,
        external_number=external_number(
            given.external_number, source=source, district=where.district
        ),
        description=description,
        category=what.category if what else None,
        condition=what.condition if what else None,
        critical=what.condition.critical if what else False,
        lat=lat,
        lng=lng,
        datum=given.datum,
        place_text=cleaned(given.place, field="place", longest=MAX_PLACE),
        place=_place(given),
        reporter=scope.user,
        contact=_contact(given, now=now),
        created_at=now,
    )
    put_at(issue, where)
    turn = Turn(issue, scope=scope, seat=seat, now=now)
    if given.settled.strip():
        take_in(turn, where=where, what=None)
        settle_in_report(turn, given.settled, photos=given.attachments)
    else:
        take_in(turn, where=where, what=what if seat.role in CELL_ROLES else None)
    turn.save()
    attach(issue=issue, photos=photos, verb=Verb.REPORT)
    turn.photos = photos
    return turn


def take_in(turn: Turn, *, where: Position, what: Matter | None) -> None:
    """The first event, and where the report goes by itself; "what would happen" reads this too.

    What the public reports is looked at before it is filed (DOMAIN.md §2.4).
    `what`: filed under it and sent by the responsibility list at once; None waits
    at the desk.
    """
    rule = RULES[Verb.REPORT]
    verified = turn.issue.source != Issue.Source.PUBLIC
    turn.apply(
        rule,
        to=target(rule, state=State.REPORTED, passed=verified),
        passed=verified,
        facts={"reasons": list(where.reasons)},
    )
    if what is None:
        turn.issue.unit, turn.issue.level = desk_for(where)
        return
    turn.apply(RULES[Verb.ACCEPT], to=State.PENDING_DISPATCH, facts={"by_rule": True})
    found = route(category=what.category, place=where, at=turn.now)
    send_by_rule(turn, found=found, where=where)


def _matter(given: Report) -> Matter | None:
    if not given.category:
        return None
    try:
        return matter(category=given.category, condition=given.condition)
    except UnknownMatter as unknown:
        sentences = {
            "category": _("没有这个事项类别，请重新选择。"),
            "condition": _("这个类别没有这一种情形，请重新选择。"),
        }
        raise ValidationError({unknown.field: sentences[unknown.field]}) from unknown


def _point(given: Report) -> tuple[float, float]:
    inside = math.isfinite(given.lat) and math.isfinite(given.lng)
    if not inside or abs(given.lat) > 90 or abs(given.lng) > 180:
        raise ValidationError({"lat": _("坐标不对，请在地图上重新选点。")})
    try:
        return to_wgs84(given.lat, given.lng, given.datum)
    except ValueError as problem:
        raise ValidationError({"datum": str(problem)}) from problem


def _place(given: Report) -> Place | None:
    if given.place_id is None:
        return None
    return Place.objects.filter(pk=given.place_id).first()


def _contact(given: Report, *, now: datetime) -> Contact | None:
    if not any(given.contact.values()):
        return None
    try:
        return create_contact(
            name=str(given.contact.get("name") or ""),
            phone=str(given.contact.get("phone") or ""),
            agreed=given.contact.get("agreed") or [],
            now=now,
        )
    except ValidationError as bad:
        raise ValidationError(
            {f"contact_{name}": sentences for name, sentences in bad.message_dict.items()}
        ) from bad


def put_at(issue: Issue, where: Position) -> None:
    """Write down where it lies and whose that is."""
    issue.cell = where.cell
    issue.community = where.community
    issue.street = where.street
    issue.district = where.district
    issue.owner = where.owner
