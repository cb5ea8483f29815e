"""What happened to an issue, line by line."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from issues.models.issue import Issue
from partyorgs.models import Organization, Post


class Event(models.Model):
    """One line of an issue's timeline: append-only, each chained to the one before.

    Triggers refuse every change (migration 0002). Free text stands beside in
    `EventText` and enters the hash as a salted digest, so that it can be erased
    by law without breaking the chain.
    """

    issue = models.ForeignKey(Issue, models.PROTECT, db_index=False, related_name="events")
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    verb = models.CharField(max_length=20)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    post = models.ForeignKey(Post, models.PROTECT, null=True, db_index=False, related_name="+")
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20)
    unit = models.ForeignKey(
        Organization, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    on_behalf_of = models.ForeignKey(
        Organization, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    facts = models.JSONField(default=dict)
    public = models.BooleanField(default=True)
    text_digest = models.CharField(max_length=64, blank=True)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["issue", "seq"]
        verbose_name = verbose_name_plural = _("办理记录")
        constraints = [
            models.UniqueConstraint(fields=["issue", "seq"], name="event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.issue_id}#{self.seq} {self.verb}"


class EventText(models.Model):
    """The free text of an event, erasable; the event keeps its salted digest."""

    event = models.OneToOneField(Event, models.PROTECT, primary_key=True, related_name="text")
    text = models.TextField()
    salt = models.CharField(max_length=32)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("办理说明")

    def __str__(self) -> str:
        return f"text of {self.event_id}"
