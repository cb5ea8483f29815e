"""What a unit asks for, and how often it sent work back."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from grid.models import Cell
from issues.models.issue import Issue
from issues.workflow import Asked
from partyorgs.models import Organization, Responsibility


class Request(models.Model):
    """An extension, a suspension or an appeal that a unit asked for (申请).

    One waits at a time. It goes to an ordered list of deputies; `deputy` is the
    key of the one whose turn it is, `asked_users` everybody asked so far. The
    reason stands in the event `seq`.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("待审批")
        GRANTED = "granted", _("已同意")
        REFUSED = "refused", _("未同意")
        WITHDRAWN = "withdrawn", _("已撤回")
        LAPSED = "lapsed", _("已失效")

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="requests")
    kind = models.CharField(max_length=12, choices=[(str(kind), str(kind)) for kind in Asked])
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    applicant = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+"
    )
    unit = models.ForeignKey(Organization, models.PROTECT, db_index=False, related_name="+")
    asked_at = models.DateTimeField()
    seq = models.PositiveIntegerField()
    # Working minutes more that an extension asks for; the day a suspension ends.
    minutes = models.PositiveIntegerField(null=True)
    until = models.DateTimeField(null=True)
    deputy = models.CharField(max_length=20)
    asked_users = models.JSONField(default=list)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        ordering = ["asked_at", "pk"]
        verbose_name = verbose_name_plural = _("申请")
        constraints = [
            models.UniqueConstraint(
                fields=["issue"],
                condition=Q(state="waiting"),
                name="request_one_waiting",
                violation_error_message=_("已有一项申请在等审批。"),
            ),
            models.CheckConstraint(
                condition=Q(kind="extension", minutes__gt=0, until=None)
                | Q(kind="suspension", until__isnull=False, minutes=None)
                | Q(kind="appeal", minutes=None, until=None),
                name="request_says_how_much",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at=None)
                | (~Q(state="waiting") & Q(decided_at__isnull=False)),
                name="request_decided_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.issue_id} {self.kind} {self.state}"


class Return(models.Model):
    """One return of an issue by a unit (退单), and how it was decided.

    `against`: whom the final judgement found wrong, the unit that sent it back
    or the dispatcher who had sent it there; "" where nobody judged.
    """

    class How(models.TextChoices):
        DESK = "desk", _("值守台改派")
        CONFERENCE = "conference", _("街道会商")
        JUDGEMENT = "judgement", _("终审")
        TERRITORY = "territory", _("属地兜底")
        REFERRED = "referred", _("报上级")

    class Against(models.TextChoices):
        UNIT = "unit", _("承办单位")
        DISPATCHER = "dispatcher", _("派遣方")

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="sent_back")
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    unit = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=40)
    item = models.ForeignKey(
        Responsibility, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    proposed = models.ForeignKey(
        Organization, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    right_cell = models.ForeignKey(
        Cell, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    decided_seq = models.PositiveIntegerField(null=True)
    how = models.CharField(max_length=12, choices=How.choices, blank=True)
    sent_to = models.ForeignKey(
        Organization, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    against = models.CharField(max_length=12, choices=Against.choices, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = verbose_name_plural = _("退单记录")
        constraints = [
            models.UniqueConstraint(fields=["issue", "seq"], name="return_once"),
            models.UniqueConstraint(
                fields=["issue"], condition=Q(decided_at=None), name="return_one_undecided"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.issue_id}#{self.seq} {self.reason}"
