"""The outbox: who must be told what, through which channel, and whether it was."""

from datetime import time
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    """The ways a notice can leave; all but the first need the outside world."""

    IN_APP = "in_app", _("站内")
    EMAIL = "email", _("电子邮件")
    SMS = "sms", _("短信")
    WECOM = "wecom", _("企业微信群")
    DINGTALK = "dingtalk", _("钉钉群")
    FEISHU = "feishu", _("飞书群")
    APPRISE = "apprise", _("其他群（Apprise）")
    WEBHOOK = "webhook", _("网络回调")


PERSONAL = (Channel.EMAIL, Channel.SMS)
GROUP = (Channel.WECOM, Channel.DINGTALK, Channel.FEISHU, Channel.APPRISE, Channel.WEBHOOK)


class AllowedHost(models.Model):
    """A host that targets may lie on; what stands in no row is never called.

    `pattern`: a host name, "*.example.cn" for all below it, or an address range
    in CIDR notation.
    """

    pattern = models.CharField(
        _("主机"),
        max_length=120,
        unique=True,
        error_messages={"unique": _("这个主机已在名单中。")},
    )
    note = models.CharField(_("说明"), max_length=120, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("允许的主机")
        ordering: ClassVar[list[str]] = ["pattern"]

    def __str__(self) -> str:
        return self.pattern


class Target(models.Model):
    """A group bot or webhook that an admin allowed.

    `audience` is empty for what concerns everybody, or a plain key such as
    "org:clean"; `kinds` narrows it to some kinds of notices, empty for all.
    `address` and `secret` are sealed (`notices.secrecy`): they hold a key of the
    group. A target that answers "gone" is switched off with a reason.
    """

    channel = models.CharField(
        _("渠道"), max_length=20, choices=[(channel.value, channel.label) for channel in GROUP]
    )
    name = models.CharField(_("名称"), max_length=80, unique=True)
    audience = models.CharField(_("范围"), max_length=80, blank=True)
    kinds = models.JSONField(_("通知种类"), default=list, blank=True)
    address = models.TextField(_("地址（密文）"))
    secret = models.TextField(_("密钥（密文）"), blank=True)
    active = models.BooleanField(_("启用"), default=True)
    disabled_reason = models.CharField(_("停用原因"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("建立时间"))

    class Meta:
        verbose_name = verbose_name_plural = _("群机器人与回调")
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(channel__in=[channel.value for channel in GROUP]),
                name="target_channel_known",
                violation_error_message=_("请选择群机器人或网络回调。"),
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(address=""),
                name="target_named",
                violation_error_message=_("请写明名称和地址。"),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Notice(models.Model):
    """One fact for one person, or one target, through one channel.

    `payload` holds facts without personal data; words are made from it when the
    notice is read, in the reader's language. `key` makes a doubled notice
    impossible. `subject_key` is "<address name>:<argument>", so that this room
    needs to know nothing of what it speaks about; `aspect` says what of it, by a
    plain key. `role` is the plain key of the post by which the person is told.

    What waits and goes out together becomes the part of a notice of its own
    (kind "bundle"), named by `bundled_into`; a part shares the fate of its bundle.
    `due_at` is when its time came, after quiet hours; `next_attempt_at` when it is
    tried next. `settled_at`: the matter was settled while the notice was being sent,
    so it is not tried again.
    """

    BUNDLE: ClassVar[str] = "bundle"

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
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="notices",
        verbose_name=_("收件人"),
        null=True,
        blank=True,
    )
    target = models.ForeignKey(
        Target,
        models.PROTECT,
        related_name="notices",
        verbose_name=_("群机器人或回调"),
        null=True,
        blank=True,
        db_index=False,
    )
    role = models.CharField(_("岗位"), max_length=20, blank=True)
    aspect = models.CharField(_("事由"), max_length=20, blank=True)
    critical = models.BooleanField(_("紧急"), default=False)
    bundle = models.CharField(_("合并组"), max_length=20, blank=True)
    bundled_into = models.ForeignKey(
        "self",
        models.CASCADE,
        related_name="parts",
        verbose_name=_("合并于"),
        null=True,
        blank=True,
        db_index=False,
    )
    channel = models.CharField(
        _("渠道"), max_length=20, choices=Channel.choices, default=Channel.IN_APP
    )
    key = models.CharField(_("唯一键"), max_length=200, unique=True)
    payload = models.JSONField(_("内容"), default=dict, blank=True)
    state = models.CharField(_("状态"), max_length=12, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("尝试次数"), default=0)
    # Attempts before somebody pressed "again": the pauses start anew after them.
    earlier_attempts = models.PositiveSmallIntegerField(_("重发前的尝试"), default=0)
    due_at = models.DateTimeField(_("应发时间"), null=True, blank=True)
    next_attempt_at = models.DateTimeField(_("下次尝试"), null=True, blank=True)
    lease_until = models.DateTimeField(_("占用至"), null=True, blank=True)
    last_error = models.TextField(_("最近错误"), blank=True)
    expires_at = models.DateTimeField(_("失效时间"), null=True, blank=True)
    settled_at = models.DateTimeField(_("事项了结时间"), null=True, blank=True)
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
                condition=Q(channel__in=Channel.values),
                name="notice_channel_known",
                violation_error_message=_("通知渠道不在规定范围内。"),
            ),
            models.CheckConstraint(
                condition=Q(recipient__isnull=False, target__isnull=True)
                | Q(recipient__isnull=True, target__isnull=False),
                name="notice_one_receiver",
                violation_error_message=_("通知必须有且只有一个接收方：人员，或群机器人。"),
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
                condition=Q(
                    read_at__isnull=True, state="sent", channel="in_app", bundled_into__isnull=True
                ),
            ),
            models.Index(
                fields=["next_attempt_at", "id"],
                name="notice_waiting",
                condition=Q(state__in=["pending", "sending"]),
            ),
            models.Index(
                fields=["next_attempt_at", "id"],
                name="notice_urgent",
                condition=Q(state__in=["pending", "sending"], critical=True),
            ),
            models.Index(
                fields=["due_at"],
                name="notice_due",
                condition=Q(state__in=["pending", "sending"]),
            ),
            models.Index(
                fields=["lease_until"], name="notice_leased", condition=Q(state="sending")
            ),
            models.Index(fields=["-id"], name="notice_failed", condition=Q(state="failed")),
            models.Index(
                fields=["subject_key"],
                name="notice_open_subject",
                condition=Q(state__in=["pending", "sending"]),
            ),
            models.Index(
                fields=["recipient", "channel"],
                name="notice_held",
                condition=Q(state="pending"),
            ),
            models.Index(
                fields=["recipient", "channel", "sent_at"],
                name="notice_spoken",
                condition=Q(channel__in=["email", "sms"]),
            ),
            models.Index(
                fields=["target", "-id"],
                name="notice_of_target",
                condition=Q(target__isnull=False),
            ),
            models.Index(
                fields=["bundled_into"],
                name="notice_parts",
                condition=Q(bundled_into__isnull=False),
            ),
            # Windows of the auditor; rows come in the order of time.
            models.Index(fields=["created_at"], name="notice_created"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_key}"


class Attempt(models.Model):
    """One try to send a notice, written before it so that a crash leaves a trace.

    Without `ended_at` the process ended in between: nobody knows whether it arrived.
    """

    notice = models.ForeignKey(
        Notice, models.CASCADE, related_name="tries", verbose_name=_("通知"), db_index=False
    )
    number = models.PositiveSmallIntegerField(_("第几次"))
    at = models.DateTimeField(_("开始"))
    ended_at = models.DateTimeField(_("结束"), null=True, blank=True)
    ok = models.BooleanField(_("成功"), null=True, blank=True)
    error = models.CharField(_("错误"), max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("发送尝试")
        ordering: ClassVar[list[str]] = ["notice", "number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["notice", "number"],
                name="attempt_once",
                violation_error_message=_("这一次尝试已经记录。"),
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ok__isnull=True)
                | Q(ended_at__isnull=False, ok__isnull=False),
                name="attempt_ended_with_outcome",
                violation_error_message=_("结束的尝试必须写明是否成功。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notice_id}/{self.number}"


class ChannelChoice(models.Model):
    """What a person said about a channel, and where it reaches them.

    `enabled` None: as the posts of the person have it (`RoleChannel`). Without an
    address nothing is sent. `address` is sealed (`notices.secrecy`).
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="channel_choices",
        verbose_name=_("用户"),
    )
    channel = models.CharField(
        _("渠道"), max_length=20, choices=[(channel.value, channel.label) for channel in PERSONAL]
    )
    enabled = models.BooleanField(_("启用"), null=True, blank=True)
    address = models.TextField(_("地址（密文）"), blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("渠道选择")
        ordering: ClassVar[list[str]] = ["user", "channel"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["user", "channel"],
                name="choice_once",
                violation_error_message=_("这个渠道已经选择过。"),
            ),
            models.CheckConstraint(
                condition=Q(channel__in=[channel.value for channel in PERSONAL]),
                name="choice_channel_known",
                violation_error_message=_("请选择电子邮件或短信。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.channel}"


class QuietHours(models.Model):
    """When ordinary notices wait until the morning, in the time of the installation.

    Without a row: 22:00 to 07:00. The same start and end: never.
    """

    STARTS: ClassVar[time] = time(22)
    ENDS: ClassVar[time] = time(7)

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="quiet_hours",
        verbose_name=_("用户"),
    )
    starts = models.TimeField(_("开始"), default=STARTS)
    ends = models.TimeField(_("结束"), default=ENDS)

    class Meta:
        verbose_name = verbose_name_plural = _("免打扰时段")

    def __str__(self) -> str:
        return f"{self.starts:%H:%M}-{self.ends:%H:%M}"


class RoleChannel(models.Model):
    """A channel that a post has by default, beside the product itself."""

    role = models.CharField(_("岗位"), max_length=20)
    channel = models.CharField(
        _("渠道"), max_length=20, choices=[(channel.value, channel.label) for channel in PERSONAL]
    )

    class Meta:
        verbose_name = verbose_name_plural = _("岗位默认渠道")
        ordering: ClassVar[list[str]] = ["role", "channel"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["role", "channel"],
                name="role_channel_once",
                violation_error_message=_("这个岗位已有这个渠道。"),
            ),
            models.CheckConstraint(
                condition=Q(channel__in=[channel.value for channel in PERSONAL]) & ~Q(role=""),
                name="role_channel_known",
                violation_error_message=_("请写明岗位，并选择电子邮件或短信。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.channel}"
