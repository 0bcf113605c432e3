"""`manage.py tie_out COMPANY`: what is open on both sides, one by one; exit 1 where they differ unexplained."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from syncapp.management.commands.sync import Command as SyncCommand
from syncapp.services.errors import ServiceError
from syncapp.services.tie_out import Compared, tie_out


class Command(BaseCommand):
    help = "Compares both sides' open payables and receivables, read live. COMPANY is its number or its name."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("company", metavar="COMPANY")

    def handle(self, *, company: str, **options: Any) -> None:
        try:
            found = tie_out(SyncCommand().company(company), now=timezone.now())
        except ServiceError as error:
            raise CommandError(error.message) from error
        for each in found.both:
            self._write(each)
        for line in found.summary():
            self.stdout.write(line)
        if not found.ties:
            sys.exit(1)

    def _write(self, compared: Compared) -> None:
        party = compared.account.party.capitalize()
        self.stdout.write(f"{party:<40}{'BILL':>14}{'QuickBooks':>14}{'explained':>14}{'difference':>14}")
        for row in compared.rows:
            self.stdout.write(
                f"{row.party[:39]:<40}{row.billcom_open:>14,.2f}{row.qbo_open:>14,.2f}"
                f"{row.explained:>14,.2f}{row.difference:>14,.2f}"
            )
        self.stdout.write("")
