"""The product's settings, with a run in it that kills whoever works on it, as an out-of-memory kill does."""

from __future__ import annotations

import os
import signal
from typing import Any

from django.apps import AppConfig

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

POISON = "Poison"


class PoisonConfig(AppConfig):
    name = "tests.support"

    def ready(self) -> None:
        from syncapp.models import Company
        from syncapp.services import stages

        work = stages.work

        def poisonous(context: Any, save: Any) -> bool:
            if context.company.name == POISON:
                # The dead worker's lease lapses at once: the test needn't wait for it.
                Company.objects.filter(pk=context.company.pk).update(lease_until=None)
                os.kill(os.getpid(), signal.SIGKILL)
            return work(context, save)

        stages.work = poisonous


INSTALLED_APPS = [*INSTALLED_APPS, "tests.support.poison.PoisonConfig"]
