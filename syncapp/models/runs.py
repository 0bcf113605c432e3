"""Syncs: one row per run of one company, its log, and how far each side has been read."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

from syncapp.models.companies import Company
from syncapp.models.connections import SIDE_CHOICES
from syncapp.models.fields import ExactJSONField


class RunState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    STOPPED = "stopped", "Stopped"
    FAILED = "failed", "Failed"


class RunScope(models.TextChoices):
    ACCOUNTS = "accounts", "Import of the chart of accounts"
    READ = "read", "Reading of both sides"
    FULL = "full", "Sync"


class Trigger(models.TextChoices):
    SETUP = "setup", "Set-up"
    PERSON = "person", "Sync Now"
    CLOCK = "clock", "Sync Automatically"
    COMMAND = "command", "Command"
    WEBHOOK = "webhook", "A change in BILL or QuickBooks"


ACTIVE = (RunState.WAITING, RunState.RUNNING)


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> Self:
        return self.filter(company__in=Company.objects.visible_to(user))

    def active(self) -> Self:
        return self.filter(state__in=ACTIVE)


class SyncRun(models.Model):
    """One sync of one company, cut in slices; ``position`` is where the next slice goes on."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="runs")
    scope = models.CharField(max_length=10, choices=RunScope.choices, default=RunScope.FULL)
    trigger = models.CharField(max_length=10, choices=Trigger.choices)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.WAITING)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField("goes on at", null=True, blank=True)
    slices = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField("attempts that broke off", default=0)
    position = ExactJSONField(default=dict)
    counts = ExactJSONField(default=dict)
    calls = ExactJSONField(default=dict)
    progress = models.PositiveSmallIntegerField(default=0, help_text="Percent.")
    phase = models.CharField(max_length=120, blank=True)
    again = models.BooleanField(default=False, help_text="Asked for once more while it ran.")
    stop_code = models.CharField(max_length=40, blank=True)
    message = models.TextField(blank=True, help_text="What went wrong, and what to do.")
    let_pass = models.BooleanField(default=False, help_text="A person let it pass a guard.")

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "sync run"
        constraints = [
            models.UniqueConstraint(fields=["company"], condition=Q(state__in=ACTIVE), name="one_run_per_company")
        ]
        indexes = [models.Index(fields=["state", "not_before"], name="run_to_go_on")]

    def __str__(self) -> str:
        at = f"{self.created_at:%d %b %Y %H:%M}".lstrip("0")
        return f"{self.get_scope_display()} of {self.company}, {at}"

    @property
    def active(self) -> bool:
        return self.state in ACTIVE


class Level(models.TextChoices):
    INFO = "info", "Info"
    WARNING = "warning", "Warning"
    ERROR = "error", "Error"


class SyncLogEntryQuerySet(models.QuerySet["SyncLogEntry"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> Self:
        return self.filter(company__in=Company.objects.visible_to(user))


class SyncLogEntry(models.Model):
    """One step of a run, in words. Never edited: a database trigger refuses it."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="log")
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    level = models.CharField(max_length=10, choices=Level.choices, default=Level.INFO)
    kind = models.CharField(max_length=30, blank=True)
    message = models.TextField()

    objects = SyncLogEntryQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = "log entry"
        verbose_name_plural = "log entries"

    def __str__(self) -> str:
        return self.message


class Cursor(models.Model):
    """How far a kind has been read on a side. QuickBooks' changes have one cursor for all kinds (kind = "").

    A cursor of one kind in QuickBooks says when that kind was last read whole.
    """

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="cursors")
    side = models.CharField(max_length=10, choices=SIDE_CHOICES)
    kind = models.CharField(max_length=30, blank=True)
    read_to = models.DateTimeField(help_text="The side's own clock, less an overlap.")

    class Meta:
        ordering = ["company_id", "side", "kind"]
        constraints = [models.UniqueConstraint(fields=["company", "side", "kind"], name="one_cursor_per_kind")]

    def __str__(self) -> str:
        return f"{self.side} {self.kind}: {self.read_to:%Y-%m-%d %H:%M:%S}"


class UnreadRecord(models.Model):
    """A record of a shape we can't read: asked for again with each sync, and nothing that may be its twin is made.

    Of the kind "attachment" it is a bill whose list of files couldn't be read.
    """

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="unread_records")
    kind = models.CharField(max_length=30)
    side = models.CharField(max_length=10, choices=SIDE_CHOICES)
    remote_id = models.CharField("id there", max_length=40)
    why = models.CharField(max_length=300)
    since = models.DateTimeField()
    asked_at = models.DateTimeField("last asked for", null=True, blank=True)

    class Meta:
        ordering = ["company_id", "kind", "side", "remote_id"]
        verbose_name = "unreadable record"
        constraints = [
            models.UniqueConstraint(fields=["company", "kind", "side", "remote_id"], name="unread_record_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.remote_id} of {self.side}: {self.why}"
