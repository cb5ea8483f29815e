"""What a program sent with a key of its own (提交编号), so that it is done once."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Sent(models.Model):
    """One request that was done: a report, a verb, an act of a higher room. Kept 30 days.

    `digest`: of what was asked, keyed. `subject`: what it made or moved, by a plain
    key such as "issue:QH-…" or "whistle:W…".
    """

    LONGEST_KEY = 80

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+"
    )
    key = models.CharField(max_length=LONGEST_KEY)
    digest = models.CharField(max_length=64)
    subject = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        verbose_name = verbose_name_plural = _("提交编号")
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="sent_once"),
        ]

    def __str__(self) -> str:
        return f"{self.key} → {self.subject}"

    @property
    def number(self) -> str:
        """QH-… of "issue:QH-…"."""
        return self.subject.partition(":")[2]
