"""`manage.py worker`: django-q2's cluster under a watchdog that starts it again when it has died or hung."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections
from django.utils import timezone

from syncapp import tasks
from syncapp.management.supervisor import Program, Supervisor
from syncapp.management.watchdog import Watchdog

#: Beyond the time-out at which django-q2's guard ends a task by itself.
MARGIN = timedelta(seconds=60)


class Command(BaseCommand):
    help = "Runs a cluster of queue workers and starts it again when it dies or hangs. Any number of hosts may run one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--grace",
            type=float,
            default=settings.SLICE_SECONDS + 15,
            help="seconds a cluster may take to finish what it is at when asked to end (default: %(default)s)",
        )

        parser.add_argument(
            "--patience",
            type=float,
            default=60,
            help="seconds a task may wait, with nothing being fetched, until the cluster counts as hung (default: 60)",
        )

    def handle(self, *, grace: float, patience: float, **options: Any) -> None:
        # A wrong key would show only in the middle of a sync.
        self.check(databases=["default"], tags=[Tags.database])
        tasks.ensure_schedules()
        with Supervisor(say=self.say) as supervisor:
            supervisor.start(self.cluster(grace, patience))
            supervisor.run()

    def cluster(self, grace: float, patience: float) -> Program:
        watchdog = Watchdog(
            retry=timedelta(seconds=settings.Q_CLUSTER["retry"]),
            # A slice ends soon after its time, and the next task is fetched at once.
            between=timedelta(seconds=2 * settings.SLICE_SECONDS),
            running=timedelta(seconds=settings.Q_CLUSTER["timeout"]) + MARGIN,
            waiting=timedelta(seconds=patience),
        )
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"]
        return Program(
            name="queue cluster",
            command=command,
            stalled=lambda: self.stalled(watchdog),
            settle=patience,
            grace=grace,
        )

    def stalled(self, watchdog: Watchdog) -> bool:
        close_old_connections()
        try:
            return watchdog.stalled(tasks.queue(), timezone.now())
        except Error as error:
            # Where the database cannot be asked, the cluster is no worse off than we are.
            self.say(f"The queue cannot be looked at: {error}")
            return False

    def say(self, line: str) -> None:
        self.stdout.write(f"{timezone.now():%Y-%m-%d %H:%M:%S} {line}")
        self.stdout.flush()
