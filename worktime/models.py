"""Calendars: what each day is, which hours of a working day are worked, and what changed."""

from datetime import time
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

DEFAULT = "default"
MIDNIGHT = time(0, 0)
# Codes that are addresses of pages.
RESERVED = frozenset({"new"})


class Calendar(models.Model):
    """A set of days and spans. `stamp` is new after every change of its own.

    `version` counts the changes for people; readers cache by `stamp`, which
    unlike a count never comes back with other content after a rollback. With a
    `base` the days are those of the base under its own days; the spans are its
    own. A base has no base.
    """

    code = models.SlugField(_("代码"), unique=True)
    name = models.CharField(_("名称"), max_length=100)
    base = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="derived",
        verbose_name=_("沿用日期的日历"),
        help_text=_("放假和调休跟着那个日历走，这里可以单独改个别日期；工作时段各用各的。"),
    )
    version = models.PositiveIntegerField(_("版本"), default=1, editable=False)
    stamp = models.UUIDField(_("版本标记"), default=uuid4, editable=False)

    class Meta:
        verbose_name = _("工作日历")
        verbose_name_plural = _("工作日历")
        constraints = (
            models.CheckConstraint(
                condition=Q(base__isnull=True) | ~Q(base=F("id")),
                name="worktime_calendar_base_other",
                violation_error_message=_("日历不能沿用自己的日期，请选别的日历或留空。"),
            ),
        )

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a code that is an address, and a base that has or would be a second step."""
        if self.code in RESERVED:
            raise ValidationError({"code": _("这个代码留给页面地址用，请换一个。")})
        if self.base is None:
            return
        if self.base_id == self.pk:
            raise ValidationError({"base": _("日历不能沿用自己的日期，请选别的日历或留空。")})
        if self.base.base_id is not None:
            raise ValidationError(
                {"base": _("“%(name)s”自己也沿用别的日历，请直接选那个日历。")},
                params={"name": self.base.name},
            )
        if self.pk and self.derived.exists():
            raise ValidationError({"base": _("别的日历正沿用这个日历，它不能再沿用其他日历。")})


class DayKind(models.TextChoices):
    """What a date is."""

    WORKDAY = "workday", _("工作日")
    WEEKEND = "weekend", _("周末")
    HOLIDAY = "holiday", _("节假日")
    MAKEUP = "makeup", _("调休上班日")


class Day(models.Model):
    """What one date is in a calendar; `name` is the holiday, also of a make-up workday."""

    calendar = models.ForeignKey(
        Calendar, models.CASCADE, related_name="days", verbose_name=_("工作日历")
    )
    date = models.DateField(_("日期"))
    kind = models.CharField(_("类型"), max_length=10, choices=DayKind.choices)
    name = models.CharField(_("节日名称"), max_length=50, blank=True)
    source = models.CharField(_("来源"), max_length=100, default="manual")
    provisional = models.BooleanField(_("暂定"), default=False)

    class Meta:
        verbose_name = _("日期")
        verbose_name_plural = _("日期")
        ordering = ("date",)
        constraints = (
            models.UniqueConstraint(
                fields=["calendar", "date"],
                name="worktime_day_once",
                violation_error_message=_("这个日历里已有这一天，请修改已有的那一条。"),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=DayKind.values),
                name="worktime_day_kind",
                violation_error_message=_("日期类型不对，请选择工作日、周末、节假日或调休上班日。"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.date:%Y-%m-%d} {self.get_kind_display()}"


class Span(models.Model):
    """Hours worked on every working day: [starts, ends), an end of 00:00 is 24:00."""

    calendar = models.ForeignKey(
        Calendar, models.CASCADE, related_name="spans", verbose_name=_("工作日历")
    )
    starts = models.TimeField(_("开始"))
    ends = models.TimeField(_("结束"), help_text=_("00:00 表示当天 24:00。"))

    class Meta:
        verbose_name = _("工作时段")
        verbose_name_plural = _("工作时段")
        ordering = ("starts",)
        constraints = (
            models.UniqueConstraint(
                fields=["calendar", "starts"],
                name="worktime_span_once",
                violation_error_message=_("已有同一时间开始的时段，请修改已有的那一条。"),
            ),
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")) | Q(ends=MIDNIGHT),
                name="worktime_span_forward",
                violation_error_message=_("结束要晚于开始；跨过零点的时段请拆成两段。"),
            ),
        )

    def __str__(self) -> str:
        ends = "24:00" if self.ends == MIDNIGHT else f"{self.ends:%H:%M}"
        return f"{self.starts:%H:%M}–{ends}"

    def clean(self) -> None:
        """Refuse a span that shares time with another span of its calendar."""
        if self.calendar_id is None or self.starts is None or self.ends is None:
            return
        others = Span.objects.filter(calendar_id=self.calendar_id).exclude(pk=self.pk)
        others = others.filter(Q(ends__gt=self.starts) | Q(ends=MIDNIGHT))
        if self.ends != MIDNIGHT:
            others = others.filter(starts__lt=self.ends)
        if other := others.first():
            raise ValidationError(
                _("与时段 %(span)s 重叠，请先修改那一段。"), params={"span": str(other)}
            )


class Change(models.Model):
    """One change of a calendar; rows are only added. `days` counts the days that became other.

    `first` and `last` are the dates touched, none where spans or the base changed;
    `source` says who announced it, such as the title of the notice.
    """

    class Kind(models.TextChoices):
        DAYS = "days", _("日期")
        SPANS = "spans", _("工作时段")
        SEED = "seed", _("程序自带的安排")
        BASE = "base", _("沿用的日历")

    calendar = models.ForeignKey(
        Calendar, models.CASCADE, related_name="changes", verbose_name=_("工作日历")
    )
    version = models.PositiveIntegerField(_("版本"))
    at = models.DateTimeField(_("时间"))
    kind = models.CharField(_("改了什么"), max_length=5, choices=Kind.choices)
    first = models.DateField(_("最早日期"), null=True, blank=True)
    last = models.DateField(_("最晚日期"), null=True, blank=True)
    days = models.PositiveIntegerField(_("天数"), default=0)
    source = models.CharField(_("来源"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("日历变更")
        verbose_name_plural = _("日历变更")
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=["calendar", "version"],
                name="worktime_change_once",
                violation_error_message=_("这个版本的变更已经记下，请不要重复登记。"),
            ),
        )
        indexes = (models.Index(fields=["calendar", "at"], name="worktime_change_at"),)

    def __str__(self) -> str:
        return f"{self.calendar} v{self.version}"
