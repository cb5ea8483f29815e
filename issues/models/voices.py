"""What reporters add and answer: who joined, and what a call-back found."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from issues.models.issue import Issue


class Joining(models.Model):
    """Somebody who met the same problem and joined this report; they are told the result."""

    issue = models.ForeignKey(Issue, models.PROTECT, db_index=False, related_name="joinings")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = verbose_name_plural = _("合并上报")
        constraints = [
            models.UniqueConstraint(
                fields=["issue", "user"],
                name="joining_once",
                violation_error_message=_("您已经加入过这个问题。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} → {self.issue_id}"


class CallBack(models.Model):
    """One call-back (回访): asked for by the hotline's rule, by sample or by hand, then answered.

    Answered by staff, or by the reporter through the secret link that `token`
    makes; `by` None is the reporter. Only valid ones count in the three rates.
    """

    class Because(models.TextChoices):
        HOTLINE = "hotline", _("热线工单")
        SAMPLE = "sample", _("抽样")

    class Satisfaction(models.TextChoices):
        SATISFIED = "satisfied", _("满意")
        BASICALLY = "basically", _("基本满意")
        SO_SO = "so_so", _("感觉一般")
        NOT = "not", _("不满意")

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="call_backs")
    because = models.CharField(max_length=10, choices=Because.choices)
    token = models.CharField(max_length=64, unique=True)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    valid = models.BooleanField(_("有效回访"), null=True)
    contacted = models.BooleanField(_("是否联系"), null=True)
    solved = models.BooleanField(_("是否解决"), null=True)
    satisfaction = models.CharField(
        _("满意程度"), max_length=10, choices=Satisfaction.choices, blank=True
    )

    class Meta:
        ordering = ["asked_at", "pk"]
        verbose_name = verbose_name_plural = _("回访")
        constraints = [
            models.UniqueConstraint(
                fields=["issue"], condition=Q(answered_at=None), name="call_back_one_waiting"
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None, valid=None)
                | Q(answered_at__isnull=False, valid=False)
                | (
                    Q(answered_at__isnull=False, valid=True, contacted__isnull=False)
                    & Q(solved__isnull=False)
                    & ~Q(satisfaction="")
                ),
                name="call_back_valid_says_all",
                violation_error_message=_("有效回访要写明是否联系、是否解决、是否满意。"),
            ),
        ]
        indexes = [models.Index(fields=["answered_at"], name="call_back_by_time")]

    def __str__(self) -> str:
        return f"call-back of {self.issue_id}"
