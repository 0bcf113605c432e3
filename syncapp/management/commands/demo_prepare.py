"""What `manage.py demo` runs first: tables, people, companies and their first syncs. It may run again.

With `--once` each company is synced even if it has been before, and what happened is printed in full.
"""

from __future__ import annotations

import json
import secrets
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from syncapp import tasks
from syncapp.management.demonstration import TO_TRY
from syncapp.services import demo


class Command(BaseCommand):
    help = "Prepares the database for the demonstration, over a running sandbox. Called by `manage.py demo`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--companies", type=Path, required=True, help="what the sandbox answered for each")
        parser.add_argument("--once", action="store_true", help="sync each company fully and print what happened")

    def handle(self, *, companies: Path, once: bool, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        tasks.ensure_schedules()
        loaded: dict[str, Any] = json.loads(companies.read_text())
        password = kept_password(companies.with_name("password"))
        people = demo.prepare(list(loaded.values()), password=password, now=timezone.now())
        to_sync = [shown for name, shown in loaded.items() if name != TO_TRY]
        if once:
            ties = demo.run_once(to_sync, now=timezone.now(), write=self.stdout.write)
            sys.exit(0 if ties else 1)
        call_command("collectstatic", interactive=False, verbosity=0)
        demo.show(to_sync, now=timezone.now(), write=self.say)
        self.say(f"  {loaded[TO_TRY]['name']:<20} not connected: it is there for trying Get Started by hand")
        self.stdout.write(f"Sign in with the password {password} as")
        for name, may in people:
            self.stdout.write(f"  {name:<28} {may}")

    def say(self, line: str) -> None:
        """At once: the first syncs take a while."""
        self.stdout.write(line)
        self.stdout.flush()


def kept_password(path: Path) -> str:
    """One password for all people of this demonstration, made once, so that it works again next time."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(9))
    return path.read_text()
