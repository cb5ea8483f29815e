"""Where somebody had to act alone: each case on record, each relaxation dated."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from grid.models import Area
from issues.models.issue import Issue
from partyorgs.models import Dated, DatedQuerySet, ends_after_start


class Deviation(models.Model):
    """One exception from "another person checks" (例外), for the auditor's monthly list.

    The event `seq` says who and why. `settled_at`: when a second person has
    looked after all, where that is possible.
    """

    class Kind(models.TextChoices):
        OTHER_CHECKER = "other_checker", _("一肩挑：改由上报人或值守台核查")
        CLIMBED = "climbed", _("本级无人可核查：上提一级")
        UNCHECKED = "unchecked", _("未核查结案")
        ACTED_FIRST = "acted_first", _("值班先行处置，事后补签")
        FORCED = "forced", _("强制结案")
        RELAXED = "relaxed", _("按区里放宽的规则核查")

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="deviations")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    at = models.DateTimeField()
    seq = models.PositiveIntegerField()
    street = models.ForeignKey(Area, models.PROTECT, null=True, db_index=False, related_name="+")
    district = models.ForeignKey(Area, models.PROTECT, null=True, db_index=False, related_name="+")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = verbose_name_plural = _("例外")
        constraints = [
            models.UniqueConstraint(fields=["issue", "seq", "kind"], name="deviation_once")
        ]
        indexes = [
            models.Index(fields=["district", "-at"], name="deviation_of_district"),
            models.Index(fields=["street", "-at"], name="deviation_of_street"),
            # What was closed by force is public, the latest first.
            models.Index(fields=["kind", "-id"], name="deviation_of_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.issue_id} {self.kind}"


class Relaxation(Dated):
    """A rule that the district has relaxed for a small street, for a time."""

    class What(models.TextChoices):
        BRANCH_CHECKS = "branch_checks", _("办理人所在党支部的其他人可以核查")

    street = models.ForeignKey(Area, models.PROTECT, related_name="+")
    what = models.CharField(_("放宽什么"), max_length=16, choices=What.choices)
    reason = models.CharField(_("理由"), max_length=200)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+"
    )

    objects = DatedQuerySet["Relaxation"].as_manager()

    class Meta:
        ordering = ["street", "-valid_from"]
        verbose_name = verbose_name_plural = _("放宽的规则")
        constraints = [
            ends_after_start("relaxation_ends_after_start"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=False),
                name="relaxation_has_an_end",
                violation_error_message=_("放宽规则要有结束时间。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.street_id} {self.what}"


class SampleRule(models.Model):
    """How many of a hundred issues that ended this way are called back or checked again."""

    class Of(models.TextChoices):
        CLOSED = "closed", _("结案后回访")
        SETTLED = "settled", _("即办即结后抽查")
        UNCHECKED = "unchecked", _("未核查结案后抽查")
        FORCED = "forced", _("强制结案后回访")

    of = models.CharField(_("哪一类"), max_length=10, choices=Of.choices, unique=True)
    percent = models.PositiveSmallIntegerField(_("比例（%）"))

    class Meta:
        ordering = ["of"]
        verbose_name = verbose_name_plural = _("抽样规则")
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__lte=100),
                name="sample_at_most_all",
                violation_error_message=_("比例是 0 到 100 的整数。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.of} {self.percent}%"
