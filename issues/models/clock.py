"""Which limits run, and which steps of their ladders were taken."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from issues.models.issue import Issue
from issues.models.ladder import Ladder
from matters.models import ClockKind
from partyorgs.models import Organization


class Clock(models.Model):
    """One running limit. The database is the clock: due times are stored when it starts.

    One main clock runs (or is paused) for an open issue; beside it an order may
    wait for its answer, a call for the duty's acknowledgement, a return or a
    request for a decision, a night's act for a countersignature, a whistle for
    each unit. `next_at` is when the next rung of its ladder comes: the sweep reads
    that column alone.
    """

    class Kind(models.TextChoices):
        VERIFY = "verify", _("核实时限")
        ACCEPT = "accept", _("受理时限")
        DISPATCH = "dispatch", _("派遣时限")
        HANDLE = "handle", _("处置时限")
        CHECK = "check", _("核查时限")
        CLIMBED = "climbed", _("上提核查时限")
        CALLBACK = "callback", _("回访时限")
        ANSWER = "answer", _("督办答复时限")
        DUTY = "duty", _("值班响应时限")
        DECIDE = "decide", _("退单裁定时限")
        APPROVE = "approve", _("审批时限")
        COUNTERSIGN = "countersign", _("补签时限")
        WHISTLE_ANSWER = "whistle_answer", _("应哨时限")
        WHISTLE_ARRIVE = "whistle_arrive", _("报到时限")
        WHISTLE_APPROVE = "whistle_approve", _("吹哨批准时限")

    MAIN = (
        Kind.VERIFY, Kind.ACCEPT, Kind.DISPATCH, Kind.HANDLE, Kind.CHECK, Kind.CLIMBED,
        Kind.CALLBACK,
    )  # fmt: skip
    # Whistles call several units at once, each with a limit of its own; in an emergency
    # they are approved after the fact.
    WHISTLES = (Kind.WHISTLE_ANSWER, Kind.WHISTLE_ARRIVE, Kind.WHISTLE_APPROVE)

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="clocks")
    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    kind = models.CharField(max_length=16, choices=Kind.choices)
    # What else the limit is of, by a plain key of a higher room, such as "whistle:W2026…:unit".
    subject = models.CharField(max_length=80, blank=True)
    limit_clock = models.CharField(max_length=12, choices=ClockKind.choices)
    # Whose days and hours count, and the state of that calendar when it was last asked.
    calendar = models.CharField(max_length=50, default="default")
    calendar_stamp = models.CharField(max_length=32, blank=True)
    critical = models.BooleanField(default=False)
    limit_minutes = models.PositiveIntegerField()
    granted_minutes = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    yellow_at = models.DateTimeField()
    due_at = models.DateTimeField()
    provisional = models.BooleanField(default=False)
    stopped_at = models.DateTimeField(null=True)
    # Held still while the issue is suspended; `next_at` is then when it wakes.
    paused_at = models.DateTimeField(null=True)

    ladder = models.ForeignKey(Ladder, models.PROTECT, null=True, db_index=False, related_name="+")
    level = models.SmallIntegerField(default=-1)
    next_at = models.DateTimeField(null=True)
    parked_at = models.DateTimeField(null=True)
    parked_error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["started_at", "pk"]
        verbose_name = verbose_name_plural = _("计时")
        constraints = [
            models.UniqueConstraint(
                fields=["issue"],
                condition=Q(
                    stopped_at=None,
                    kind__in=[
                        "verify",
                        "accept",
                        "dispatch",
                        "handle",
                        "check",
                        "climbed",
                        "callback",
                    ],
                ),  # fmt: skip
                name="clock_one_running",
                violation_error_message=_("一个问题同时只走一个时限。"),
            ),
            models.UniqueConstraint(
                fields=["issue", "kind", "subject"],
                condition=Q(stopped_at=None),
                name="clock_one_of_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(due_at__gte=F("started_at"), yellow_at__lte=F("due_at")),
                name="clock_in_order",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], condition=Q(stopped_at=None), name="clock_running_due"
            ),
            models.Index(
                fields=["next_at", "id"],
                condition=Q(stopped_at=None, parked_at=None, next_at__isnull=False),
                name="clock_next_step",
            ),
            models.Index(
                fields=["calendar", "calendar_stamp"],
                condition=Q(stopped_at=None),
                name="clock_by_calendar",
            ),
            models.Index(
                fields=["parked_at"],
                condition=Q(stopped_at=None, parked_at__isnull=False),
                name="clock_parked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.issue_id} {self.kind}"

    @property
    def continuous(self) -> bool:
        return self.limit_clock == ClockKind.CONTINUOUS


class Step(models.Model):
    """One rung that was taken, at most once a clock.

    `due_at` is when it should have come, `at` when it was recorded; `seq` is its
    event's number. `owed`: how many notices it queued. `skipped`: its rule had
    been disabled, so nothing but a line in the timeline came of it.
    """

    clock = models.ForeignKey(Clock, models.PROTECT, db_index=False, related_name="rungs_taken")
    level = models.SmallIntegerField()
    due_at = models.DateTimeField()
    at = models.DateTimeField()
    seq = models.PositiveIntegerField()
    owed = models.PositiveSmallIntegerField(default=0)
    skipped = models.BooleanField(default=False)

    class Meta:
        ordering = ["clock", "level"]
        verbose_name = verbose_name_plural = _("催督办记录")
        constraints = [
            models.UniqueConstraint(fields=["clock", "level"], name="step_once"),
            models.CheckConstraint(condition=Q(at__gte=F("due_at")), name="step_not_early"),
        ]
        indexes = [models.Index(fields=["at"], name="step_by_time")]

    def __str__(self) -> str:
        return f"{self.clock_id} L{self.level}"


class Pulse(models.Model):
    """When a part of the engine last did its round, and what it found."""

    name = models.CharField(max_length=20, unique=True)
    at = models.DateTimeField()
    facts = models.JSONField(default=dict)

    class Meta:
        verbose_name = verbose_name_plural = _("运行心跳")

    def __str__(self) -> str:
        return self.name
