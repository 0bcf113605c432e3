"""What the products allow, shared by all workers: calls set aside, calls counted, who waits, who was warned."""

from __future__ import annotations

from typing import Self

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.db.models import F, Q

from syncapp.core.budgets import Budget
from syncapp.models.companies import Company
from syncapp.models.runs import ACTIVE, SyncRun

BUDGETS = {
    Budget.BILLCOM_CALLS: "BILL calls",
    Budget.BILLCOM_LOG_INS: "BILL log-ins",
    Budget.QBO_METERED: "QuickBooks metered calls",
}
BUDGET_CHOICES = [(budget.value, label) for budget, label in BUDGETS.items()]


class ApiBudgetQuerySet(models.QuerySet["ApiBudget"]):
    def free(self) -> Self:
        """Shares with something left that nobody holds."""
        return self.filter(holder__isnull=True, used__lt=F("size"))


class ApiBudget(models.Model):
    """One share of a budget's period, set aside for one worker process at a time, so that no row is everybody's.

    A share's number can be given once only: who adds one has seen the sum of all before it. ``used`` counts when the
    holder gives it back; what a killed worker held counts as used.
    """

    budget = models.CharField(max_length=20, choices=BUDGET_CHOICES)
    owner = models.CharField("developer key's fingerprint", max_length=32, blank=True)
    begins_at = models.DateTimeField("hour or month")
    number = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    used = models.PositiveIntegerField(default=0)
    holder = models.UUIDField(null=True, blank=True)

    objects = ApiBudgetQuerySet.as_manager()

    class Meta:
        ordering = ["begins_at", "budget", "owner", "number"]
        constraints = [
            models.UniqueConstraint(fields=["budget", "owner", "begins_at", "number"], name="budget_share_once"),
            models.CheckConstraint(condition=Q(used__lte=F("size")), name="budget_share_not_overdrawn"),
        ]

    def __str__(self) -> str:
        return f"{self.get_budget_display()} from {self.begins_at:%Y-%m-%d %H:%M}, share {self.number}"


class MeteredCallsQuerySet(models.QuerySet["MeteredCalls"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> Self:
        return self.filter(company__in=Company.objects.visible_to(user))


class MeteredCalls(models.Model):
    """What one company cost of QuickBooks' metered calls on one day (UTC)."""

    company = models.ForeignKey(Company, on_delete=models.SET_NULL, null=True, related_name="metered_calls")
    day = models.DateField()
    calls = models.PositiveIntegerField(default=0)

    objects = MeteredCallsQuerySet.as_manager()

    class Meta:
        ordering = ["-day", "company_id"]
        constraints = [models.UniqueConstraint(fields=["company", "day"], name="metered_calls_once_a_day")]
        indexes = [models.Index(fields=["day"], name="metered_calls_by_day")]

    def __str__(self) -> str:
        return f"{self.company}, {self.day:%Y-%m-%d}: {self.calls}"


class BudgetWaitQuerySet(models.QuerySet["BudgetWait"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> Self:
        return self.filter(run__company__in=Company.objects.visible_to(user))

    def in_line(self) -> Self:
        """Runs that wait for room, first come first."""
        return self.filter(served=False, run__state__in=ACTIVE).order_by("since", "pk")


class BudgetWait(models.Model):
    """A run that met a limit. ``served``: its turn has come since; should it wait again, then at its old place."""

    run = models.OneToOneField(SyncRun, on_delete=models.CASCADE, related_name="wait_for_room")
    budget = models.CharField(max_length=20, choices=BUDGET_CHOICES)
    owner = models.CharField(max_length=32, blank=True)
    since = models.DateTimeField()
    until = models.DateTimeField()
    served = models.BooleanField(default=False)

    objects = BudgetWaitQuerySet.as_manager()

    class Meta:
        ordering = ["since", "pk"]

    def __str__(self) -> str:
        return f"{self.run} waits for {self.get_budget_display()}"


class BudgetWarning(models.Model):
    """A warning about one month's metered calls, given once."""

    month = models.DateField()
    step = models.CharField(max_length=20)
    given_at = models.DateTimeField()

    class Meta:
        ordering = ["-given_at"]
        constraints = [models.UniqueConstraint(fields=["month", "step"], name="budget_warning_once")]

    def __str__(self) -> str:
        return f"{self.month:%B %Y}: {self.step}"
