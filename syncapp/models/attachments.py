"""Files that are attached to bills, and what became of each on its way to the other side."""

from __future__ import annotations

from typing import Self

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.utils import timezone

from syncapp.models.companies import Company
from syncapp.models.connections import SIDE_CHOICES
from syncapp.models.objects import SyncedObject


class AttachmentState(models.TextChoices):
    """Where a file is on its way."""

    WAITING = "waiting", "Waits to be sent"
    SENDING = "sending", "Being sent"
    """Said before it is sent. Where nobody sends it just now the answer was lost, and it may have arrived or not."""
    FILING = "filing", "Sent; BILL is filing it"
    SENT = "sent", "Sent"
    THERE = "there", "Was there already"
    TOO_LARGE = "too-large", "Too large"
    NOT_TAKEN = "not-taken", "Of a type that isn't taken"
    REFUSED = "refused", "Refused"


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> Self:
        return self.filter(company__in=Company.objects.visible_to(user))


class Attachment(models.Model):
    """One file of one bill; where it comes from it is known by ``remote_id``, and sent from there once.

    ``sent_at``: when it was sent for the last time, whatever came of it. ``tries``: how often that led to nothing.
    """

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="attachments")
    object = models.ForeignKey(SyncedObject, on_delete=models.CASCADE, related_name="attachments", verbose_name="bill")
    side = models.CharField("comes from", max_length=10, choices=SIDE_CHOICES)
    remote_id = models.CharField("id there", max_length=60)
    other_id = models.CharField("id on the other side", max_length=60, blank=True)
    name = models.CharField("file", max_length=1000)
    size = models.PositiveBigIntegerField("bytes", null=True, blank=True)
    state = models.CharField(max_length=10, choices=AttachmentState.choices, default=AttachmentState.WAITING)
    words = models.TextField("what was said", blank=True)
    seen_at = models.DateTimeField("first seen", default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField("failed tries", default=0, db_default=0)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["object", "side", "remote_id"], name="file_once")]
        indexes = [
            models.Index(
                fields=["company", "side"],
                condition=models.Q(state__in=["waiting", "sending", "filing"]),
                name="file_under_way",
            )
        ]

    def __str__(self) -> str:
        return self.name
