"""What a report can be about: categories, filing conditions and limits, all of it data."""

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class ClockKind(models.TextChoices):
    """How a limit runs: day and night, or in working time only."""

    CONTINUOUS = "continuous", _("连续计时")
    WORKING = "working", _("工作时计时")


def local_name(zh: str, en: str) -> str:
    """The English name for readers of English, the Chinese one for all others."""
    return en if (get_language() or "").startswith("en") and en else zh


class LimitTemplate(models.Model):
    """A family of filing conditions that many leaves share, e.g. manhole covers."""

    code = models.CharField(_("代码"), max_length=20, unique=True)
    name_zh = models.CharField(_("中文名称"), max_length=60)
    name_en = models.CharField(_("英文名称"), max_length=60)

    class Meta:
        ordering = ["code"]
        verbose_name = verbose_name_plural = _("时限模板")

    def __str__(self) -> str:
        return local_name(self.name_zh, self.name_en)


class Condition(models.Model):
    """A filing condition (立案条件) with its handling limit.

    The limit belongs to the condition, not to the leaf: a missing manhole cover
    has hours, a rattling one has days.
    """

    template = models.ForeignKey(LimitTemplate, models.PROTECT, related_name="conditions")
    number = models.PositiveSmallIntegerField(_("序号"))
    code = models.CharField(_("代码"), max_length=24, unique=True)
    name_zh = models.CharField(_("中文名称"), max_length=120)
    name_en = models.CharField(_("英文名称"), max_length=120)
    clock = models.CharField(_("计时方式"), max_length=12, choices=ClockKind.choices)
    minutes = models.PositiveIntegerField(_("时限（分钟）"))
    is_default = models.BooleanField(_("默认"), default=False)

    class Meta:
        ordering = ["template", "number"]
        verbose_name = verbose_name_plural = _("立案条件")
        constraints = [
            models.UniqueConstraint(
                fields=["template", "number"],
                name="condition_number_once",
                violation_error_message=_("这个模板里已经有同号的立案条件。"),
            ),
            models.CheckConstraint(
                condition=Q(minutes__gt=0),
                name="condition_limit_positive",
                violation_error_message=_("时限要大于零分钟。"),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return local_name(self.name_zh, self.name_en)

    @property
    def critical(self) -> bool:
        """A matter is critical when its chosen condition runs continuously."""
        return self.clock == ClockKind.CONTINUOUS


class Category(models.Model):
    """A big class (大类) or a leaf (小类) of the category tree."""

    class Kind(models.TextChoices):
        COMPONENT = "component", _("部件")
        EVENT = "event", _("事件")
        SERVICE = "service", _("服务事项")

    class Urgency(models.TextChoices):
        CRITICAL = "critical", _("紧急")
        HIGH = "high", _("较急")
        NORMAL = "normal", _("一般")
        LOW = "low", _("可缓")

    code = models.CharField(_("代码"), max_length=12, unique=True)
    level = models.PositiveSmallIntegerField(_("层级"))
    parent = models.ForeignKey("self", models.PROTECT, related_name="leaves", null=True, blank=True)
    name_zh = models.CharField(_("中文名称"), max_length=60)
    name_en = models.CharField(_("英文名称"), max_length=80)
    kind = models.CharField(_("种类"), max_length=10, choices=Kind.choices)
    urgency = models.CharField(_("紧急程度"), max_length=10, choices=Urgency.choices, blank=True)
    default_unit_zh = models.CharField(_("常见责任单位"), max_length=60, blank=True)
    template = models.ForeignKey(
        LimitTemplate, models.PROTECT, related_name="categories", null=True, blank=True
    )
    led_by_community = models.BooleanField(_("社区牵头"), default=False)
    photo_reason_zh = models.CharField(
        _("为何必须拍照（中文）"),
        max_length=200,
        blank=True,
        help_text=_("空着就不要求照片。要求照片必须写明理由。"),
    )
    photo_reason_en = models.CharField(_("为何必须拍照（英文）"), max_length=200, blank=True)
    active = models.BooleanField(_("启用"), default=True)
    position = models.PositiveIntegerField(_("顺序"), default=0)

    class Meta:
        ordering = ["position", "code"]
        verbose_name = verbose_name_plural = _("事项类别")
        constraints = [
            models.CheckConstraint(
                condition=Q(level=1, parent=None) | Q(level=2, parent__isnull=False),
                name="category_leaf_has_class",
                violation_error_message=_("小类必须属于一个大类，大类不能有上级。"),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return local_name(self.name_zh, self.name_en)

    @property
    def photo_reason(self) -> str:
        """Why a photo is required; empty when it is not."""
        return local_name(self.photo_reason_zh, self.photo_reason_en)


class CategoryCondition(models.Model):
    """A filing condition that a leaf may be filed under; the first is its default."""

    category = models.ForeignKey(Category, models.CASCADE, related_name="allowed")
    condition = models.ForeignKey(Condition, models.PROTECT, related_name="allowed_in")
    position = models.PositiveSmallIntegerField(_("顺序"))

    class Meta:
        ordering = ["category", "position"]
        verbose_name = verbose_name_plural = _("可选立案条件")
        constraints = [
            models.UniqueConstraint(
                fields=["category", "condition"],
                name="category_condition_once",
                violation_error_message=_("这个小类已经有这个立案条件。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category_id}/{self.condition_id}"


class StageLimit(models.Model):
    """The limit of a stage that belongs to no condition.

    Accept, dispatch and check; the answer to a supervision order, of a critical
    matter `answer_now`; the acknowledgement of whoever is on duty; the desk's
    decision on a return, a deputy's on a request; a whistle's answer and report-in.
    """

    class Stage(models.TextChoices):
        ACCEPT = "accept", _("受理")
        DISPATCH = "dispatch", _("派遣")
        CHECK = "check", _("核查")
        ANSWER = "answer", _("督办答复")
        ANSWER_NOW = "answer_now", _("紧急督办答复")
        DUTY = "duty", _("值班响应")
        VERIFY = "verify", _("核实")
        CLIMBED = "climbed", _("上提核查")
        CALLBACK = "callback", _("回访")
        DECIDE = "decide", _("退单裁定")
        APPROVE = "approve", _("审批")
        EMERGENCY = "emergency", _("应急处置哨")
        ENFORCEMENT = "enforcement", _("综合执法哨")
        KEY_WORK = "key_work", _("重点工作哨")

    stage = models.CharField(_("环节"), max_length=16, choices=Stage.choices, unique=True)
    clock = models.CharField(_("计时方式"), max_length=12, choices=ClockKind.choices)
    minutes = models.PositiveIntegerField(_("时限（分钟）"))

    class Meta:
        ordering = ["stage"]
        verbose_name = verbose_name_plural = _("环节时限")
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__gt=0),
                name="stage_limit_positive",
                violation_error_message=_("时限要大于零分钟。"),
            ),
        ]

    def __str__(self) -> str:
        return self.get_stage_display()
