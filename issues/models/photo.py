"""Photos of reports and verbs."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from issues.models.issue import Issue


def attachment_path(attachment: "Attachment", _name: str) -> str:
    """A random name of our own: what the sender called the file is never used."""
    name = attachment.public_id.hex
    return f"photos/{name[:2]}/{name}.jpg"


class Attachment(models.Model):
    """A photo, uploaded first and then named by a report or a verb."""

    MAX_PER_ISSUE: ClassVar[int] = 9

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    uploader = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    issue = models.ForeignKey(Issue, models.PROTECT, null=True, related_name="attachments")
    verb = models.CharField(max_length=20, blank=True)
    file = models.FileField(upload_to=attachment_path)
    digest = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        verbose_name = verbose_name_plural = _("照片")
        indexes = [
            models.Index(fields=["created_at"], condition=Q(issue=None), name="attachment_unused"),
            # The same picture shown for two issues.
            models.Index(
                fields=["digest"], condition=Q(issue__isnull=False), name="attachment_same"
            ),
        ]

    def __str__(self) -> str:
        return str(self.public_id)
