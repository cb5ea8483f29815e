"""Views of the API. They check what comes in, call one service or query, and answer."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from grid.datum import to_wgs84
from grid.queries import find_places
from issues.api import shapes
from issues.models import Issue, Sent
from issues.presenter import words
from issues.presenter.answers import located_facts, responsible_facts
from issues.presenter.detail import issue_facts, named, photo_facts
from issues.presenter.rows import row_facts
from issues.presenter.timeline import timeline
from issues.queries import BadCursor, Filters, issue_for_reading, issue_page
from issues.services.contacts import reveal
from issues.services.doing import Given
from issues.services.photos import save_photo
from issues.services.reporting import Report, hints, report
from issues.services.verbs import perform
from issues.workflow import ASKABLE, Verb
from matters.queries import Matter, UnknownMatter, leaves, matter
from partyorgs.rules import Scope, scope_of

PROBLEM = "application/problem+json"
BAD_REQUEST = OpenApiResponse(shapes.ProblemOut, description="A field is missing or wrong.")
UNSEEN = OpenApiResponse(shapes.ProblemOut, description="No such issue, or not for the caller.")
CONFLICT = OpenApiResponse(
    shapes.ProblemOut,
    description="The rule book refuses, the version is old, or the key was used for other content.",
)
SIGN_IN = OpenApiResponse(shapes.ProblemOut, description="No valid token or session.")
FORBIDDEN = OpenApiResponse(shapes.ProblemOut, description="No post, or CSRF token missing.")
ALWAYS: dict[Any, Any] = {(401, PROBLEM): SIGN_IN, (403, PROBLEM): FORBIDDEN}

KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description=(
        "Sent again by the same user with the same key and content, it is not done again: the "
        "answer shows what it made or moved, as that is by then. Kept 30 days; 80 characters "
        "at most."
    ),
)


class Door(APIView):
    """A view that knows its caller's scope."""

    @property
    def scope(self) -> Scope:
        return scope_of(self.user, now=timezone.now())

    @property
    def user(self) -> User:
        user = self.request.user
        if not isinstance(user, User):
            raise PermissionDenied
        return user

    @property
    def key(self) -> str:
        """The key under which the request is done once; "" where none came."""
        key = self.request.headers.get("Idempotency-Key", "")
        if len(key) > Sent.LONGEST_KEY:
            raise ValidationError({"Idempotency-Key": _("提交编号最多 80 个字符。")})
        return key

    def checked(self, shape: type[shapes.Shape], data: Any) -> dict[str, Any]:
        given = shape(data=data)
        given.is_valid(raise_exception=True)
        checked: dict[str, Any] = given.validated_data
        return checked


class CellLocate(Door):
    @extend_schema(
        operation_id="cells_locate",
        parameters=[shapes.PointIn],
        responses={200: shapes.LocatedOut, (400, PROBLEM): BAD_REQUEST, **ALWAYS},
    )
    def get(self, request: Request) -> Response:
        """The cell of a point with its community, street and owner, or the nearest cell."""
        lat, lng = _point(self.checked(shapes.PointIn, request.query_params))
        return Response(located_facts(lat=lat, lng=lng, now=timezone.now()))


class Responsible(Door):
    @extend_schema(
        operation_id="responsible",
        parameters=[shapes.AnswerIn],
        responses={200: shapes.AnswerOut, (400, PROBLEM): BAD_REQUEST, **ALWAYS},
    )
    def get(self, request: Request) -> Response:
        """Who answers for a matter at a point, and by when; nothing is filed."""
        given = self.checked(shapes.AnswerIn, request.query_params)
        lat, lng = _point(given)
        return Response(
            responsible_facts(lat=lat, lng=lng, what=_matter(given), now=timezone.now())
        )


def _point(given: dict[str, Any]) -> tuple[float, float]:
    return to_wgs84(given["lat"], given["lng"], given["datum"])


def _matter(given: dict[str, Any]) -> Matter:
    try:
        return matter(category=given["category"], condition=given.get("condition", ""))
    except UnknownMatter as unknown:
        raise ValidationError({unknown.field: _("没有这一项，请重新选择。")}) from unknown


class Categories(Door):
    @extend_schema(
        operation_id="categories",
        responses={200: shapes.CategoryOut(many=True), **ALWAYS},
    )
    def get(self, _request: Request) -> Response:
        """Every active leaf with its filing conditions, the default one first."""
        return Response([_category(leaf) for leaf in leaves()])


def _category(leaf: Any) -> dict[str, Any]:
    return {
        "code": leaf.code,
        "name": leaf.name,
        "class_code": leaf.parent.code,
        "class_name": leaf.parent.name,
        "kind": leaf.kind,
        "urgency": leaf.urgency,
        "photo_reason": leaf.photo_reason,
        "conditions": [
            {
                "code": allowed.condition.code,
                "name": allowed.condition.name,
                "critical": allowed.condition.critical,
                "limit": words.limit_words(
                    allowed.condition.minutes, continuous=allowed.condition.critical
                ),
            }
            for allowed in leaf.allowed.all()
        ],
    }


class Places(Door):
    @extend_schema(
        operation_id="places",
        parameters=[OpenApiParameter("q", OpenApiTypes.STR, required=True)],
        responses={200: shapes.PlaceOut(many=True), (400, PROBLEM): BAD_REQUEST, **ALWAYS},
    )
    def get(self, request: Request) -> Response:
        """Places whose name or alias holds the words, the likeliest first."""
        found = find_places(str(request.query_params.get("q", ""))[:60])
        return Response(
            [
                {
                    "id": place.pk,
                    "name": str(place),
                    "kind": place.kind,
                    "lat": place.lat,
                    "lng": place.lng,
                    "cell": named(place.cell),
                }
                for place in found
            ]
        )


class Attachments(Door):
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="attachments_create",
        request={"multipart/form-data": shapes.AttachmentIn},
        responses={201: shapes.AttachmentOut, (400, PROBLEM): BAD_REQUEST, **ALWAYS},
    )
    def post(self, request: Request) -> Response:
        """Upload a photo first; name its id in a report or verb within 48 hours."""
        given = self.checked(shapes.AttachmentIn, request.data)
        photo = save_photo(
            uploader=self.user,
            upload=given["file"],
            size=given["file"].size,
            now=timezone.now(),
        )
        url = request.build_absolute_uri(reverse("attachment", args=[photo.public_id]))
        return Response(photo_facts(photo) | {"url": url}, status=201)


class Issues(Door):
    @extend_schema(
        operation_id="issues_list",
        parameters=[shapes.FiltersIn],
        responses={200: shapes.IssuePage, (400, PROBLEM): BAD_REQUEST, **ALWAYS},
    )
    def get(self, request: Request) -> Response:
        """What the caller may see: open issues, the late first, unless asked otherwise."""
        given = self.checked(shapes.FiltersIn, request.query_params)
        limit, cursor = given.pop("limit"), given.pop("cursor", "")
        now = timezone.now()
        try:
            page = issue_page(
                scope=self.scope, filters=Filters(**given), now=now, cursor=cursor, limit=limit
            )
        except BadCursor as bad:
            raise ValidationError({"cursor": _("这一页的地址不对，请从第一页开始。")}) from bad
        return Response(
            {
                "results": row_facts(page.rows, now=now),
                "next": _page_url(request, page.next),
                "previous": _page_url(request, page.previous),
            }
        )

    @extend_schema(
        operation_id="issues_create",
        request=shapes.ReportIn,
        parameters=[KEY],
        responses={
            200: OpenApiResponse(shapes.IssueOut, description="Reported earlier with this key."),
            201: shapes.IssueOut,
            (400, PROBLEM): BAD_REQUEST,
            (409, PROBLEM): OpenApiResponse(
                shapes.ProblemOut, description="Key used for other content."
            ),
            **ALWAYS,
        },
    )
    def post(self, request: Request) -> Response:
        """Report a problem; a cell worker's is accepted and dispatched at once."""
        given = Report(**self.checked(shapes.ReportIn, request.data))
        key, now, scope = self.key, timezone.now(), self.scope
        try:
            done = report(scope=scope, given=given, key=key, now=now)
        except ValidationError as bad:
            raise ValidationError(_api_names(bad)) from bad
        facts = issue_facts(done.issue, scope=scope, now=now, turn=done.turn)
        facts["hints"] = hints(given)
        return Response(facts, status=201 if done.created else 200)


def _api_names(bad: ValidationError) -> dict[str, list[str]]:
    """The service's field names as the API's: contact_phone is contact.phone here."""
    named = bad.message_dict.items()
    return {name.replace("contact_", "contact.", 1): texts for name, texts in named}


def _page_url(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    query = request.query_params.copy()
    query["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


class OneIssue(Door):
    @extend_schema(
        operation_id="issues_read",
        responses={200: shapes.IssueOut, (404, PROBLEM): UNSEEN, **ALWAYS},
    )
    def get(self, _request: Request, number: str) -> Response:
        """An issue with its facts, the verbs allowed now and why it is where it is."""
        scope = self.scope
        issue = _read(scope, number)
        return Response(issue_facts(issue, scope=scope, now=timezone.now()))


class IssueEvents(Door):
    @extend_schema(
        operation_id="issues_events",
        responses={200: shapes.EventOut(many=True), (404, PROBLEM): UNSEEN, **ALWAYS},
    )
    def get(self, _request: Request, number: str) -> Response:
        """The timeline, oldest first."""
        scope = self.scope
        return Response(timeline(_read(scope, number), scope=scope))


class IssueContact(Door):
    @extend_schema(
        operation_id="issues_contact",
        request=shapes.RevealIn,
        responses={
            200: shapes.PlainContact,
            (400, PROBLEM): BAD_REQUEST,
            (404, PROBLEM): UNSEEN,
            **ALWAYS,
        },
    )
    def post(self, request: Request, number: str) -> Response:
        """The full number, for a reason that is logged."""
        given = self.checked(shapes.RevealIn, request.data)
        try:
            plain = reveal(
                scope=self.scope, number=number, reason=given["reason"], now=timezone.now()
            )
        except Issue.DoesNotExist as unseen:
            raise Http404 from unseen
        return Response({"name": plain.name, "phone": plain.phone})


class IssueVerb(Door):
    @extend_schema(
        operation_id="issues_verb",
        request=shapes.VerbIn,
        parameters=[
            OpenApiParameter(
                "verb",
                OpenApiTypes.STR,
                OpenApiParameter.PATH,
                enum=[str(verb) for verb in ASKABLE],
            ),
            KEY,
        ],
        responses={
            200: shapes.IssueOut,
            (400, PROBLEM): BAD_REQUEST,
            (404, PROBLEM): UNSEEN,
            (409, PROBLEM): CONFLICT,
            **ALWAYS,
        },
    )
    def post(self, request: Request, number: str, verb: str) -> Response:
        """Do a verb of the rule book on the issue."""
        given = self.checked(shapes.VerbIn, request.data)
        if verb not in ASKABLE:
            raise Http404
        key, now, scope = self.key, timezone.now(), self.scope
        try:
            issue = perform(
                scope=scope, number=number, verb=Verb(verb), given=Given(**given), key=key, now=now
            )
        except Issue.DoesNotExist as unseen:
            raise Http404 from unseen
        return Response(issue_facts(issue, scope=scope, now=now))


def _read(scope: Scope, number: str) -> Issue:
    try:
        return issue_for_reading(scope=scope, number=number)
    except Issue.DoesNotExist as unseen:
        raise Http404 from unseen
