"""Calendars: what each day is, and which hours of a working day are worked."""

from datetime import time
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

DEFAULT = "default"
MIDNIGHT = time(0, 0)


class Calendar(models.Model):
    """A set of days and spans. `stamp` is new after every change.

    `version` counts the changes for people; readers cache by `stamp`, which
    unlike a count never comes back with other content after a rollback.
    """

    code = models.SlugField(_("代码"), unique=True)
    name = models.CharField(_("名称"), max_length=100)
    version = models.PositiveIntegerField(_("版本"), default=1, editable=False)
    stamp = models.UUIDField(_("版本标记"), default=uuid4, editable=False)

    class Meta:
        verbose_name = _("工作日历")
        verbose_name_plural = _("工作日历")

    def __str__(self) -> str:
        return self.name


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
