"""The outbox: who must be told what, through which channel, and whether it was."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Notice(models.Model):
    """One fact for one person through one channel.

    `payload` holds facts without personal data; words are made from it when the
    notice is read, in the reader's language. `key` makes a doubled notice
    impossible. `subject_key` is "<address name>:<argument>", so that this room
    needs to know nothing of what it speaks about.
    """

    class Channel(models.TextChoices):
        IN_APP = "in_app", _("站内")

    class State(models.TextChoices):
        PENDING = "pending", _("待发送")
        SENDING = "sending", _("发送中")
        SENT = "sent", _("已发送")
        FAILED = "failed", _("发送失败")
        SUPERSEDED = "superseded", _("已被后续通知取代")
        EXPIRED = "expired", _("已过期")

    kind = models.CharField(_("种类"), max_length=40)
    subject_key = models.CharField(_("对象"), max_length=80)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices", verbose_name=_("收件人")
    )
    channel = models.CharField(
        _("渠道"), max_length=20, choices=Channel.choices, default=Channel.IN_APP
    )
    key = models.CharField(_("唯一键"), max_length=200, unique=True)
    payload = models.JSONField(_("内容"), default=dict, blank=True)
    state = models.CharField(_("状态"), max_length=12, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("尝试次数"), default=0)
    next_attempt_at = models.DateTimeField(_("下次尝试"), null=True, blank=True)
    lease_until = models.DateTimeField(_("占用至"), null=True, blank=True)
    last_error = models.TextField(_("最近错误"), blank=True)
    created_at = models.DateTimeField(_("建立时间"))
    sent_at = models.DateTimeField(_("发送时间"), null=True, blank=True)
    read_at = models.DateTimeField(_("阅读时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("通知")
        verbose_name_plural = _("通知")
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(
                    state__in=["pending", "sending", "sent", "failed", "superseded", "expired"]
                ),
                name="notice_state_known",
                violation_error_message=_("通知状态不在规定范围内。"),
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["in_app"]),
                name="notice_channel_known",
                violation_error_message=_("通知渠道不在规定范围内。"),
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False),
                name="notice_sent_has_time",
                violation_error_message=_("已发送的通知必须有发送时间。"),
            ),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(lease_until__isnull=False),
                name="notice_sending_has_lease",
                violation_error_message=_("发送中的通知必须有占用期限。"),
            ),
            models.CheckConstraint(
                condition=~Q(kind="") & ~Q(key="") & ~Q(subject_key=""),
                name="notice_named",
                violation_error_message=_("通知必须写明种类、对象和唯一键。"),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["recipient", "-id"], name="notice_list"),
            models.Index(
                fields=["recipient"],
                name="notice_unread",
                condition=Q(read_at__isnull=True, state="sent"),
            ),
            models.Index(
                fields=["next_attempt_at", "id"],
                name="notice_waiting",
                condition=Q(state__in=["pending", "sending"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_key}"
