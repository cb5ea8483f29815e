"""The least about a resident that serves the resident: how to call back, if they asked for it.

Nothing here tells a name or a number by accident: not `str()`, not `repr()`,
not a log line. Reading one goes through `services.reveal_contact`.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents import crypto
from residents.phones import mask_phone


class Contact(models.Model):
    """How to reach the resident who reported, kept until 30 days after closing.

    Name and phone are Fernet tokens. `agreed` lists what the resident agreed
    to: "progress", "callback", "visit". An erased contact keeps its row, so
    that the record of who looked at it stays whole (PIPL art. 47, 51).
    """

    class Agreed(models.TextChoices):
        PROGRESS = "progress", _("告知进展")
        CALLBACK = "callback", _("电话回访")
        VISIT = "visit", _("上门")

    name_encrypted = models.TextField(_("姓名（加密）"), blank=True, editable=False)
    phone_encrypted = models.TextField(_("电话（加密）"), blank=True, editable=False)
    agreed = models.JSONField(_("同意的联系方式"), default=list, blank=True)
    created_at = models.DateTimeField(_("建立时间"))
    erased_at = models.DateTimeField(_("清除时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("联系方式")
        verbose_name_plural = _("联系方式")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True, phone_encrypted__gt="")
                | Q(erased_at__isnull=False, phone_encrypted="", name_encrypted=""),
                name="contact_phone_or_erased",
                violation_error_message=_("联系方式要么有电话，要么已经清除。"),
            ),
        ]

    def __str__(self) -> str:
        return f"Contact {self.pk}"

    def __repr__(self) -> str:
        return f"<Contact {self.pk}>"

    @property
    def masked_phone(self) -> str:
        """Such as 138****5678; a word instead when it is erased or its key is gone."""
        if self.erased_at is not None:
            return gettext("已清除")
        try:
            return mask_phone(crypto.decrypt(self.phone_encrypted))
        except crypto.UnreadableError:
            return gettext("无法读取")

    @property
    def agreed_words(self) -> list[str]:
        """What the resident agreed to, in the reader's language."""
        return [str(Contact.Agreed(value).label) for value in self.agreed]


class Reveal(models.Model):
    """Who looked at a full number, when and why. Rows are never changed."""

    contact = models.ForeignKey(
        Contact, models.PROTECT, related_name="reveals", verbose_name=_("联系方式")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("查看人")
    )
    reason = models.CharField(_("理由"), max_length=200)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("查看记录")
        verbose_name_plural = _("查看记录")
        ordering: ClassVar[list[str]] = ["-at", "-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="reveal_has_reason",
                violation_error_message=_("请写明查看联系方式的理由。"),
            ),
        ]

    def __str__(self) -> str:
        return f"Reveal {self.pk} of contact {self.contact_id}"
