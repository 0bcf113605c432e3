"""`manage.py demo`: the sandbox, the web server and a worker, in one go; `--once`: full syncs, and out again."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from syncapp.management.demonstration import Demonstration
from syncapp.management.supervisor import NotReady, Supervisor, free_port

WEB_PORT, SANDBOX_PORT = 8000, 8001


class Command(BaseCommand):
    help = "Runs the demonstration: companies in the sandbox, the web server and a worker. Ctrl-C ends it."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="sync each company fully, print what happened, and end")
        folder = settings.BASE_DIR / "var" / "demo"
        parser.add_argument("--folder", type=Path, default=folder, help="where the sandbox's books and the logs go")

    def handle(self, *, once: bool, folder: Path, **options: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        demo = Demonstration(folder, web_port=free_port(WEB_PORT), sandbox_port=free_port(SANDBOX_PORT))
        try:
            with Supervisor(say=self.say) as supervisor:
                code = self.run_once(supervisor, demo) if once else self.run_on(supervisor, demo)
        except NotReady as error:
            raise CommandError(str(error)) from error
        if code:
            sys.exit(code)

    def run_once(self, supervisor: Supervisor, demo: Demonstration) -> int:
        supervisor.start(demo.sandbox())
        demo.load_companies()
        demo.write_environment_file()
        return supervisor.run_to_end(demo.prepare("--once"))

    def run_on(self, supervisor: Supervisor, demo: Demonstration) -> int:
        supervisor.start(demo.sandbox())
        demo.load_companies()
        demo.write_environment_file()
        if code := supervisor.run_to_end(demo.prepare()):
            return code
        supervisor.start(demo.web())
        supervisor.start(demo.worker())
        if not supervisor.stopping:
            self.welcome(demo)
            supervisor.run()
        self.say("Ending …")
        return 0

    def welcome(self, demo: Demonstration) -> None:
        self.say(f"Tieout:       {demo.web_url}")
        self.say(f"The sandbox:  {demo.sandbox_url}  (both products, as their users see them)")
        self.say("              Its first page, under Credentials, has what Get Started asks for.")
        self.say(f"Logs:         {demo.folder}")
        self.say(f'Commands:     TIEOUT_ENV_FILE="{demo.environment_file}" {sys.executable} manage.py help')
        self.say("Ctrl-C ends it.")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
