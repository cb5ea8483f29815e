"""Which limits run."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from issues.models.issue import Issue
from matters.models import ClockKind
from partyorgs.models import Organization


class Clock(models.Model):
    """One running limit. The database is the clock: due times are stored when it starts."""

    class Kind(models.TextChoices):
        ACCEPT = "accept", _("受理时限")
        DISPATCH = "dispatch", _("派遣时限")
        HANDLE = "handle", _("处置时限")
        CHECK = "check", _("核查时限")

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="clocks")
    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    limit_clock = models.CharField(max_length=12, choices=ClockKind.choices)
    limit_minutes = models.PositiveIntegerField()
    granted_minutes = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    yellow_at = models.DateTimeField()
    due_at = models.DateTimeField()
    provisional = models.BooleanField(default=False)
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["started_at", "pk"]
        verbose_name = verbose_name_plural = _("计时")
        constraints = [
            models.UniqueConstraint(
                fields=["issue"],
                condition=Q(stopped_at=None),
                name="clock_one_running",
                violation_error_message=_("一个问题同时只走一个时限。"),
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
        ]

    def __str__(self) -> str:
        return f"{self.issue_id} {self.kind}"

    @property
    def continuous(self) -> bool:
        return self.limit_clock == ClockKind.CONTINUOUS
