"""Who may see what: firms, their client companies, and the people who work on them."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from syncapp.core.sides import Cohort
from syncapp.models.fields import ExactJSONField

# Reference: the set-up article's sync overview: accounts signed up before 9/15/17 keep the older matrix.
COHORT_CUT = date(2017, 9, 15)


class Firm(models.Model):
    """An accountant console; has many companies."""

    name = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    ADMINISTRATOR = "administrator", "Administrator"
    ACCOUNTANT = "accountant", "Accountant"
    CLERK = "clerk", "Clerk (looks only)"
    SUPPORT = "support", "Support (inspects every company)"


WORKING_ROLES = (Role.ADMINISTRATOR, Role.ACCOUNTANT)


class Membership(models.Model):
    """A person's role in a firm, in one company, or (support) everywhere."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, null=True, blank=True, related_name="memberships")
    company = models.ForeignKey("Company", on_delete=models.CASCADE, null=True, blank=True, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)

    class Meta:
        ordering = ["user_id", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(role=Role.SUPPORT, firm__isnull=True, company__isnull=True)
                    | (~Q(role=Role.SUPPORT) & Q(firm__isnull=False, company__isnull=True))
                    | (~Q(role=Role.SUPPORT) & Q(firm__isnull=True, company__isnull=False))
                ),
                name="membership_has_one_scope",
            ),
            models.UniqueConstraint(fields=["user", "firm"], condition=Q(firm__isnull=False), name="one_role_per_firm"),
            models.UniqueConstraint(
                fields=["user", "company"], condition=Q(company__isnull=False), name="one_role_per_company"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} of {self.firm or self.company or 'all companies'}"


def _memberships(user: AbstractUser | AnonymousUser) -> models.QuerySet[Membership]:
    if not user.is_authenticated or not user.is_active:
        return Membership.objects.none()
    return Membership.objects.filter(user_id=user.pk)


def is_support(user: AbstractUser | AnonymousUser) -> bool:
    return bool(user.is_superuser and user.is_active) or _memberships(user).filter(role=Role.SUPPORT).exists()


LEASE_FREE = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())


class CompanyQuerySet(models.QuerySet["Company"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> Self:
        """The companies this person may look at. Everything shown starts from here."""
        if is_support(user):
            return self
        mine = _memberships(user)
        return self.filter(
            Q(firm__in=mine.filter(firm__isnull=False).values("firm"))
            | Q(pk__in=mine.filter(company__isnull=False).values("company"))
        )

    def workable_by(self, user: AbstractUser | AnonymousUser) -> Self:
        """The companies this person may connect, set up, sync and correct."""
        if user.is_superuser and user.is_active:
            return self
        mine = _memberships(user).filter(role__in=WORKING_ROLES)
        return self.filter(
            Q(firm__in=mine.filter(firm__isnull=False).values("firm"))
            | Q(pk__in=mine.filter(company__isnull=False).values("company"))
        )

    def due(self, now: datetime) -> Self:
        return self.filter(
            next_sync_at__lte=now, preferences__sync_automatically=True, set_up_at__isnull=False, archived=False
        )

    def take_lease(self, pk: int, owner: uuid.UUID, ttl: timedelta) -> int | None:
        """Take the company for one run; the fencing number of this take, or None if somebody holds it.

        One conditional UPDATE decides, so two workers can't both win; a dead holder's lease lapses after ``ttl``.
        The database's clock counts: those of workers may differ.
        """
        free = LEASE_FREE | Q(lease_owner=owner)
        taken = self.filter(free, pk=pk).update(lease_owner=owner, lease_until=Now() + ttl, fence=F("fence") + 1)
        return self.values_list("fence", flat=True).get(pk=pk) if taken else None

    def renew_lease(self, pk: int, owner: uuid.UUID, fence: int, ttl: timedelta) -> bool:
        """Whether the lease is still ours; checked before anything is written anywhere."""
        return bool(self.filter(pk=pk, lease_owner=owner, fence=fence).update(lease_until=Now() + ttl))

    def give_back_lease(self, pk: int, owner: uuid.UUID, fence: int) -> None:
        self.filter(pk=pk, lease_owner=owner, fence=fence).update(lease_owner=None, lease_until=None)


class SetupStep(models.TextChoices):
    """Where a company stands in the guide's set-up."""

    CONNECT_BILLCOM = "connect-bill", "Connect BILL"
    CONNECT_QBO = "connect-quickbooks", "Connect to QuickBooks"
    IMPORT_ACCOUNTS = "import-accounts", "Import the chart of accounts"
    MAP_BANKS = "map-banks", "Match bank accounts"
    UNCATEGORIZED = "uncategorized-expenses", "Account for uncategorized expenses"
    FIRST_SYNC = "first-sync", "First full sync"
    DONE = "done", "Set up"


class Company(models.Model):
    """One client: at most one BILL connection and one QuickBooks connection; may belong to a firm."""

    firm = models.ForeignKey(Firm, on_delete=models.PROTECT, null=True, blank=True, related_name="companies")
    name = models.CharField(max_length=200)
    signed_up_on = models.DateField("signed up with BILL on", default=date.today)
    # Nothing reads it any more; it stays until no worker of an older release can be running.
    time_zone = models.CharField(max_length=60, default="America/Los_Angeles")
    setup_step = models.CharField(max_length=30, choices=SetupStep.choices, default=SetupStep.CONNECT_BILLCOM)
    set_up_at = models.DateTimeField(
        "first set up",
        null=True,
        blank=True,
        editable=False,
        help_text="The 90-day window for invoices counts from here.",
    )
    next_sync_at = models.DateTimeField(null=True, blank=True)
    not_available = ExactJSONField(
        default=dict,
        db_default="{}",
        blank=True,
        editable=False,
        help_text="Kind -> BILL's words, where the connected user's role or the plan doesn't have it.",
    )
    planned_by = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False, help_text="A digest of the terms."
    )
    archived = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    balances_read_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the balances of its bank and clearing accounts were last read from QuickBooks.",
    )

    lease_owner = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    fence = models.PositiveBigIntegerField(default=0, editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "companies"
        indexes = [models.Index(fields=["next_sync_at"], name="company_next_sync")]
        constraints = [models.UniqueConstraint(fields=["firm", "name"], name="company_name_once_per_firm")]

    def __str__(self) -> str:
        return self.name

    @property
    def cohort(self) -> Cohort:
        """Derived, never stored: moving a company under a console changes it."""
        return Cohort.A if self.firm_id is not None or self.signed_up_on < COHORT_CUT else Cohort.B

    @property
    def in_brief(self) -> str:
        """What tells its sync from another company's: how it signed up, and the preferences that decide directions."""
        place = "Under a console" if self.firm_id is not None else "Direct"
        chosen = getattr(self, "preferences", None)
        return ", ".join([f"{place} (cohort {self.cohort})", *(chosen.turned_on if chosen else [])])

    def connection(self, side: str) -> Any:
        """The connection to ``side``, or None."""
        return next((found for found in self.connections.all() if found.side == side), None)
