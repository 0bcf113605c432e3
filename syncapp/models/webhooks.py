"""What the two products told us had changed, and what BILL was asked to tell us."""

from __future__ import annotations

import uuid
from typing import Self

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

from syncapp.models.companies import Company
from syncapp.models.connections import SIDE_CHOICES, Connection
from syncapp.models.fields import SealedJSONField


class Outcome(models.TextChoices):
    """What came of an event."""

    WAITS = "waits", "Waits for its sync"
    STARTED = "started", "Started a sync"
    READ = "read", "Read already"
    NOT_SYNCED = "not-synced", "Of a kind that isn't synced"
    BY_HAND = "by-hand", "The company syncs by hand only"
    NOT_READY = "not-ready", "The company isn't set up or connected"
    STOPPED = "stopped", "The last sync waits for a person"
    UNKNOWN = "unknown", "No such company here"


class WebhookEventQuerySet(models.QuerySet["WebhookEvent"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> Self:
        return self.filter(company__in=Company.objects.visible_to(user))

    def waiting(self) -> Self:
        return self.filter(outcome=Outcome.WAITS)


class WebhookEvent(models.Model):
    """One change a product told us of; only a hint to read, so nothing of the record itself is kept."""

    side = models.CharField(max_length=10, choices=SIDE_CHOICES)
    event_id = models.CharField(
        max_length=100, help_text="The product's own, or made of what an event without one says."
    )
    remote_company = models.CharField("organization or realm id", max_length=64)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    what = models.CharField(max_length=100, help_text="As the product names it: bill.updated, qbo.vendor.created.v1.")
    remote_id = models.CharField("record there", max_length=64, blank=True)
    happened_at = models.DateTimeField(null=True, blank=True, help_text="By the product's clock.")
    received_at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITS)
    handled_at = models.DateTimeField(null=True, blank=True)

    objects = WebhookEventQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-pk"]
        verbose_name = "notification"
        constraints = [models.UniqueConstraint(fields=["side", "event_id"], name="event_once")]
        indexes = [
            models.Index(fields=["side", "remote_company"], condition=Q(outcome=Outcome.WAITS), name="event_waiting"),
            models.Index(fields=["received_at"], name="event_received"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.remote_id}".strip()


class Subscription(models.Model):
    """BILL tells an organization's changes to whoever subscribed; each subscription signs with a key of its own."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="subscription")
    organization_id = models.CharField(max_length=64, blank=True)
    remote_id = models.CharField("id at BILL", max_length=64, blank=True)
    url = models.CharField("told at", max_length=500, blank=True)
    # Saved before it is used: a request repeated with it answers as the first did, security key and all.
    request_id = models.UUIDField(default=uuid.uuid4, editable=False)
    security_key = SealedJSONField(null=True, editable=False)
    switched_on_at = models.DateTimeField(
        "switched on again",
        null=True,
        blank=True,
        help_text="BILL had switched it off, as we didn't answer for a while.",
    )
    next_check_at = models.DateTimeField(default=timezone.now)
    trouble = models.CharField(max_length=500, blank=True, help_text="Why there is none; the daily sync does without.")

    class Meta:
        ordering = ["pk"]
        verbose_name = "BILL subscription"
        indexes = [models.Index(fields=["remote_id"], name="subscription_remote")]

    def __str__(self) -> str:
        return f"{self.connection.company} – {self.remote_id or 'none yet'}"
