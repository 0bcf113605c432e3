"""How a company is connected to each product. Credentials are sealed, and shown nowhere."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from syncapp.core.sides import Side
from syncapp.models.companies import Company
from syncapp.models.fields import SealedJSONField

if TYPE_CHECKING:
    from datetime import timedelta

SIDE_CHOICES = [(side.value, side.label) for side in Side]


WAYS_IN = {
    "sync-token": "by a sync token",
    "user": "as a BILL user",
    "console": "through the accountant console",
    "oauth": "through Intuit's sign-in",
}
"""How a connection was made, by its ``sign_in``."""


class ConnectionState(models.TextChoices):
    CONNECTED = "connected", "Connected"
    NEEDS_RECONNECT = "needs-reconnect", "Needs reconnect"
    DISCONNECTED = "disconnected", "Disconnected"


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> Self:
        return self.filter(company__in=Company.objects.visible_to(user))

    def lost(self, pk: int, reason: str) -> None:
        """The other product no longer lets us in: say so, and wait for a person. People are told of it once."""
        live = self.filter(pk=pk, state=ConnectionState.CONNECTED)
        live.update(state=ConnectionState.NEEDS_RECONNECT, reason=reason[:500], told_at=None)

    def untold(self) -> Self:
        """Lost, and nobody has been told yet."""
        return self.filter(state=ConnectionState.NEEDS_RECONNECT, told_at__isnull=True)

    def claim_renewal(self, pk: int, owner: uuid.UUID, life: timedelta) -> bool:
        """Whether the renewal of the sign-in is this owner's alone now.

        One conditional UPDATE decides, so two workers can't both spend a refresh token; a dead one's claim lapses.
        The database's clock counts: those of workers may differ.
        """
        free = Q(renewing_until__isnull=True) | Q(renewing_until__lt=Now())
        return bool(self.filter(free, pk=pk).update(renewing_by=owner, renewing_until=Now() + life))

    def give_back_renewal(self, pk: int, owner: uuid.UUID) -> None:
        self.filter(pk=pk, renewing_by=owner).update(renewing_by=None, renewing_until=None)


class Connection(models.Model):
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="connections")
    side = models.CharField(max_length=10, choices=SIDE_CHOICES)
    remote_id = models.CharField("organization or realm id", max_length=64)
    remote_name = models.CharField("name there", max_length=1024, blank=True)
    state = models.CharField(max_length=20, choices=ConnectionState.choices, default=ConnectionState.CONNECTED)
    reason = models.CharField("why it needs a reconnect", max_length=500, blank=True)
    sign_in = models.CharField("signed in with", max_length=40, blank=True)
    connected_as = models.CharField("user there", max_length=254, blank=True)
    role = models.CharField("role there", max_length=100, blank=True)
    scopes = models.CharField(max_length=300, blank=True)
    connected_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    connected_at = models.DateTimeField(default=timezone.now)
    access_expires_at = models.DateTimeField(null=True, blank=True)
    refresh_expires_at = models.DateTimeField(null=True, blank=True)
    renewing_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Somebody is renewing the sign-in; lapses if they died."
    )
    renewing_by = models.UUIDField(null=True, blank=True, editable=False, help_text="Only who claimed it ends it.")
    told_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When people were told by mail that it was lost."
    )
    credentials = SealedJSONField(null=True, editable=False)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        ordering = ["company_id", "side"]
        constraints = [
            models.UniqueConstraint(fields=["company", "side"], name="one_connection_per_side"),
            models.UniqueConstraint(
                fields=["side", "remote_id"],
                condition=~Q(state=ConnectionState.DISCONNECTED),
                name="remote_company_connected_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company} – {self.get_side_display()}"

    @property
    def way_in(self) -> str:
        return WAYS_IN.get(self.sign_in, "")

    def renewed_by(self, owner: uuid.UUID) -> bool:
        """Whether this owner's claim stands: nobody has taken it over, and no sign-in was made anew meanwhile."""
        return self.renewing_by == owner and self.renewing_until is not None
