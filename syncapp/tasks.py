"""Entry points of the queue. A task only wakes somebody up: runs, attempts and leases are rows of our own.

The only importer of django_q.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone
from django_q.models import OrmQ, Schedule
from django_q.tasks import async_task

from syncapp.services import budget_report, notices, runs, subscriptions, webhooks


def enqueue(run: Any) -> None:
    """Wake a worker for this run; call it when the run's row is committed."""
    async_task("syncapp.tasks.wake", run.pk, task_name=f"run {run.pk}"[:100])


def wake(run_id: int) -> None:
    """Work on a run for one slice, and ask for the next one."""
    if runs.work_slice(run_id, clock=timezone.now):
        async_task("syncapp.tasks.wake", run_id, task_name=f"run {run_id}"[:100])


def dispatch() -> None:
    """Every minute: start what is due, wake what waits or lost its worker, look at what came in, tell what was lost."""
    now = timezone.now()
    runs.start_due(now)
    # What was fetched is not asleep: nobody holds the company, so whoever fetched it may be dead.
    asleep = {row.name() for row in OrmQ.objects.filter(lock__lt=timezone.now())}
    for run in runs.runs_to_wake(now):
        if f"run {run.pk}" not in asleep:
            enqueue(run)
    look_at_webhooks()
    webhooks.remove_old(now)
    budget_report.warn(now)
    budget_report.remove_old(now)
    for connection_id in subscriptions.take_due(now):
        async_task("syncapp.tasks.check_subscription", connection_id, task_name=f"subscription {connection_id}")
    notices.tell_of_lost_connections(now)


def wake_for_webhooks() -> None:
    """Something came in. Should this be lost, the dispatcher finds it."""
    async_task("syncapp.tasks.look_at_webhooks", task_name="webhooks")


def look_at_webhooks() -> None:
    for run in webhooks.start_runs(timezone.now()):
        enqueue(run)


def check_subscription(connection_id: int) -> None:
    subscriptions.check(connection_id, clock=timezone.now)


def ensure_schedules() -> None:
    """The one schedule there is."""
    Schedule.objects.update_or_create(
        name="dispatch",
        defaults={"func": "syncapp.tasks.dispatch", "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1},
    )


def queue() -> Iterable[tuple[int, datetime]]:
    """(id, lock) of every queued task: a lock in the past waits since then."""
    return list(OrmQ.objects.values_list("pk", "lock"))


def oldest_waiting(now: datetime) -> datetime | None:
    """Since when the task at the head of the queue waits, or None where nothing does."""
    return OrmQ.objects.filter(lock__lt=now).order_by("lock").values_list("lock", flat=True).first()
