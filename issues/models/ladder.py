"""The ladder: who hears of a limit that is not kept, and when. Data, in versions."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Ladder(models.Model):
    """One version of the rungs for some clocks; a changed ladder is a new row.

    A clock keeps the version it started with, so an edit holds for clocks that
    start from then on.
    """

    class Use(models.TextChoices):
        LIMIT = "limit", _("受理、派遣、处置、核查时限")
        ANSWER = "answer", _("督办答复时限")
        DUTY = "duty", _("值班响应时限")
        DECIDE = "decide", _("退单裁定时限")
        APPROVE = "approve", _("审批时限")
        CLIMBED = "climbed", _("上提核查时限")
        COUNTERSIGN = "countersign", _("补签时限")
        WHISTLE = "whistle", _("应哨、报到时限")

    use = models.CharField(_("用于"), max_length=16, choices=Use.choices)
    version = models.PositiveIntegerField(_("版本"))
    created_at = models.DateTimeField(_("生效时间"))
    replaced_at = models.DateTimeField(_("停用时间"), null=True)

    class Meta:
        ordering = ["use", "-version"]
        verbose_name = verbose_name_plural = _("催督办阶梯")
        constraints = [
            models.UniqueConstraint(fields=["use", "version"], name="ladder_version_once"),
            models.UniqueConstraint(
                fields=["use"],
                condition=Q(replaced_at=None),
                name="ladder_one_current",
                violation_error_message=_("同一种时限同时只有一套阶梯。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_use_display()} v{self.version}"


class Rung(models.Model):
    """One step of a ladder: when it comes, what it does, whom it tells.

    It comes at yellow, or after due by `share` percent of the limit and by
    `minutes` of working time, whichever is later; on a clock that runs day and
    night by the share alone. `tells` and `copies` are keys of
    `issues.services.people` and `issues.services.calling`.
    """

    class Base(models.TextChoices):
        YELLOW = "yellow", _("将到期")
        DUE = "due", _("到期")

    class Act(models.TextChoices):
        REMIND = "remind", _("提醒")
        CHASE = "chase", _("催办")
        SUPERVISE = "supervise", _("督办")
        ESCALATE = "escalate", _("上报领导")
        CALL = "call", _("呼叫值班")
        FALL_BACK = "fall_back", _("属地兜底")
        NEXT_DEPUTY = "next_deputy", _("转下一位审批")
        LAPSE = "lapse", _("未核查结案")

    ladder = models.ForeignKey(Ladder, models.CASCADE, related_name="rungs")
    level = models.PositiveSmallIntegerField(_("级"))
    act = models.CharField(_("做什么"), max_length=16, choices=Act.choices)
    base = models.CharField(_("从何时算"), max_length=8, choices=Base.choices)
    share = models.PositiveSmallIntegerField(_("超过时限的百分比"), default=0)
    minutes = models.PositiveIntegerField(_("至少超过（工作分钟）"), default=0)
    tells = models.JSONField(_("通知谁"), default=list)
    copies = models.JSONField(_("抄送谁"), default=list, blank=True)
    digest = models.BooleanField(_("非紧急的每天汇总两次"), default=False)
    disabled_at = models.DateTimeField(_("停用时间"), null=True, blank=True)

    class Meta:
        ordering = ["ladder", "level"]
        verbose_name = verbose_name_plural = _("阶梯的一级")
        constraints = [
            models.UniqueConstraint(fields=["ladder", "level"], name="rung_once"),
            models.CheckConstraint(
                condition=~Q(base="yellow") | Q(share=0, minutes=0),
                name="rung_yellow_is_exact",
                violation_error_message=_("“将到期”这一级不能再往后推。"),
            ),
        ]

    def __str__(self) -> str:
        return f"L{self.level} {self.get_act_display()}"
