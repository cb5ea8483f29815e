"""Whistles: which units are called together over one issue, what they answered, how it went."""

from typing import Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from grid.models import Area
from issues.models import Issue
from partyorgs.models import Organization, Post, Responsibility, Role
from partyorgs.rules import Scope
from whistles.workflow import RUNNING, Standing

LEAST, MOST = 1, 5


class WhistleQuerySet(models.QuerySet["Whistle"]):
    """Whistles; `visible_to` is the only door to them."""

    def visible_to(self, scope: Scope) -> Self:
        """Its street, community, district and owning branch, the called units, the lead unit.

        What is closed the area's admins see too: they may write it into the
        responsibility list. What was never blown no unit sees.
        """
        if not scope.seats:
            return self.none()
        seen = Q(pk__in=[])
        for column in ("district", "street", "community", "owner"):
            if ids := scope.reach(PLURALS[column]):
                seen |= Q(**{f"{column}__in": sorted(ids)})
        if units := sorted(scope.reach("units")):
            called = Call.objects.filter(unit__in=units).values("whistle_id")
            seen |= Q(pk__in=called, blown_at__isnull=False)
            seen |= Q(issue__unit__in=units, blown_at__isnull=False)
        for seat in scope.seats:
            if seat.role == Role.ADMIN and seat.post.area:
                code = seat.post.area.code
                for column in ("district", "street", "community"):
                    seen |= Q(**{f"{column}__code__startswith": code}, state=Standing.CLOSED)
        return self.filter(seen)


PLURALS = {
    "district": "districts",
    "street": "streets",
    "community": "communities",
    "owner": "owners",
}


class Whistle(models.Model):
    """One whistle over one issue: why, where, when, who is called.

    The area columns are the issue's at that moment. `proposed_post`: the post by
    which it was proposed; `approve_by`: until when an emergency, blown at once,
    has to be approved.
    """

    class Kind(models.TextChoices):
        EMERGENCY = "emergency", _("应急处置哨")
        ENFORCEMENT = "enforcement", _("综合执法哨")
        KEY_WORK = "key_work", _("重点工作哨")

    number = models.CharField(_("编号"), max_length=20, unique=True)
    issue = models.ForeignKey(Issue, models.PROTECT, related_name="whistles")
    kind = models.CharField(_("哨的类型"), max_length=12, choices=Kind.choices)
    state = models.CharField(_("状态"), max_length=10)
    reason = models.CharField(_("吹哨理由"), max_length=300)
    place_text = models.CharField(_("到场地点"), max_length=200)
    meet_at = models.DateTimeField(_("到场时间"))

    district = models.ForeignKey(Area, models.PROTECT, null=True, db_index=False, related_name="+")
    street = models.ForeignKey(Area, models.PROTECT, null=True, db_index=False, related_name="+")
    community = models.ForeignKey(Area, models.PROTECT, null=True, db_index=False, related_name="+")
    owner = models.ForeignKey(
        Organization, models.PROTECT, null=True, db_index=False, related_name="+"
    )

    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+"
    )
    proposed_post = models.ForeignKey(Post, models.PROTECT, db_index=False, related_name="+")
    proposed_at = models.DateTimeField(_("提出时间"))
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    approved_at = models.DateTimeField(_("批准时间"), null=True)
    approve_by = models.DateTimeField(_("补批期限"), null=True)
    blown_at = models.DateTimeField(_("吹哨时间"), null=True)
    ended_at = models.DateTimeField(_("收哨时间"), null=True)
    # The item of the responsibility list that its outcome became.
    became = models.ForeignKey(
        Responsibility, models.PROTECT, null=True, db_index=False, related_name="+"
    )

    objects = WhistleQuerySet.as_manager()

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        verbose_name = verbose_name_plural = _("吹哨")
        constraints = [
            models.UniqueConstraint(
                fields=["issue"],
                condition=Q(state__in=[str(one) for one in sorted(RUNNING)]),
                name="whistle_one_running",
                violation_error_message=_("这件事已经有一个哨，收哨以后才能再吹。"),
            ),
            models.CheckConstraint(
                condition=Q(state__in=[str(one) for one in sorted(Standing)]),
                name="whistle_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["blown", "closed"]) | Q(blown_at__isnull=False),
                name="whistle_blown_when",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[str(one) for one in sorted(RUNNING)], ended_at=None)
                | (~Q(state__in=[str(one) for one in sorted(RUNNING)]) & Q(ended_at__isnull=False)),
                name="whistle_ended_when",
            ),
        ]
        indexes = [
            models.Index(fields=["district", "-proposed_at"], name="whistle_of_district"),
            models.Index(fields=["street", "-proposed_at"], name="whistle_of_street"),
            models.Index(fields=["community", "-proposed_at"], name="whistle_of_community"),
            models.Index(fields=["owner", "-proposed_at"], name="whistle_of_owner"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def subject_key(self) -> str:
        """How a notice and an assignment name this whistle."""
        return f"whistle:{self.number}"

    @property
    def proposers(self) -> frozenset[int]:
        """Who proposed it, and whom they stood in for."""
        return frozenset({self.proposed_by_id, self.proposed_post.user_id})


class Call(models.Model):
    """One unit that a whistle calls, and what it answered.

    `judged`: what the district said of a "not ours". `arrived_roles`: who reported
    in, by role; a statement of the unit, never a position.
    """

    class Answer(models.TextChoices):
        WILL_COME = "will_come", _("马上到场")
        ALREADY_THERE = "already_there", _("已在现场")
        NOT_OURS = "not_ours", _("不属于本单位职责")

    class Judged(models.TextChoices):
        MUST_COME = "must_come", _("应当到场")
        EXCUSED = "excused", _("不必到场")

    whistle = models.ForeignKey(Whistle, models.PROTECT, db_index=False, related_name="calls")
    unit = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    lead = models.BooleanField(_("牵头"), default=False)
    answer = models.CharField(_("应哨"), max_length=14, choices=Answer.choices, blank=True)
    answered_at = models.DateTimeField(null=True)
    item = models.ForeignKey(
        Responsibility, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    judged = models.CharField(_("裁定"), max_length=10, choices=Judged.choices, blank=True)
    judged_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(_("报到时间"), null=True)
    arrived_roles = models.CharField(_("到场岗位"), max_length=200, blank=True)
    waived_at = models.DateTimeField(null=True)
    waived_reason = models.CharField(_("免应哨理由"), max_length=300, blank=True)

    class Meta:
        ordering = ["-lead", "pk"]
        verbose_name = verbose_name_plural = _("被吹哨单位")
        constraints = [
            models.UniqueConstraint(fields=["whistle", "unit"], name="call_once"),
            models.UniqueConstraint(
                fields=["whistle"], condition=Q(lead=True), name="call_one_lead"
            ),
            models.CheckConstraint(
                condition=~Q(answer="not_ours") | Q(item__isnull=False),
                name="call_not_ours_by_the_list",
                violation_error_message=_("“不属于本单位职责”要依据权责清单的一条。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.whistle_id} {self.unit_id} {self.answer}"

    @property
    def subject(self) -> str:
        """How a clock names this call; `whistle` and `unit` are read already."""
        return f"{self.whistle.subject_key}:{self.unit.code}"

    @property
    def unanswered(self) -> bool:
        """Whether the unit owes an answer."""
        return not self.answer and self.waived_at is None

    @property
    def disputed(self) -> bool:
        """Whether a "not ours" waits for the district's judgement."""
        return self.answer == self.Answer.NOT_OURS and not self.judged and self.waived_at is None

    @property
    def coming(self) -> bool:
        """Whether the unit said that it comes and has not reported in."""
        owes = self.answer == self.Answer.WILL_COME and self.arrived_at is None
        return owes and self.waived_at is None


def _mark(label: Any) -> "models.PositiveSmallIntegerField[int | None, int | None]":
    return models.PositiveSmallIntegerField(
        label,
        null=True,
        validators=[MinValueValidator(LEAST), MaxValueValidator(MOST)],
    )


class Rating(models.Model):
    """How one side found the other, 1 to 5 (评哨): organizations, never persons.

    From the street of a called unit: speed, work, result. From the unit of the
    whistle: was it right, was it clear.
    """

    class Of(models.TextChoices):
        UNIT = "unit", _("对被吹哨单位")
        WHISTLE = "whistle", _("对吹哨方")

    whistle = models.ForeignKey(Whistle, models.PROTECT, db_index=False, related_name="ratings")
    unit = models.ForeignKey(Organization, models.PROTECT, db_index=False, related_name="+")
    of = models.CharField(max_length=8, choices=Of.choices)
    at = models.DateTimeField()
    speed = _mark(_("到场速度"))
    work = _mark(_("处置过程"))
    result = _mark(_("处置结果"))
    right = _mark(_("吹得准不准"))
    clear = _mark(_("说得清不清"))

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = verbose_name_plural = _("评哨")
        constraints = [
            models.UniqueConstraint(fields=["whistle", "unit", "of"], name="rating_once"),
            models.CheckConstraint(
                condition=Q(
                    of="unit", speed__range=(1, 5), work__range=(1, 5), result__range=(1, 5),
                    right=None, clear=None,
                )
                | Q(
                    of="whistle", right__range=(1, 5), clear__range=(1, 5),
                    speed=None, work=None, result=None,
                ),
                name="rating_one_to_five",
                violation_error_message=_("评价是 1 到 5。"),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.whistle_id} {self.unit_id} {self.of}"
