"""`manage.py sync_matrix [COMPANY]`: which kinds flow which way, for a company or for every set of preferences."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import product
from typing import Any

from django.core.management.base import BaseCommand

from syncapp.core.schema import Terms
from syncapp.core.sides import Cohort
from syncapp.management.commands.sync import Command as SyncCommand
from syncapp.services import overview, terms

CHOICES = (
    *("one_way", "two_way_payments", "classes", "locations", "items_in_payables", "customers_in_payables"),
    *("credit_memos", "sales_tax"),
)
"""What the directions depend on, besides the cohort."""


class Command(BaseCommand):
    help = "Prints the directions of every kind, and the rule that forbids one. Without COMPANY: for all preferences."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("company", metavar="COMPANY", nargs="?", help="the company's number or name")

    def handle(self, *, company: str | None, **options: Any) -> None:
        if company is not None:
            self.show_company(terms.load(SyncCommand().company(company)))
            return
        head = f"{'cohort':<8}{' '.join(f'{name:<22}' for name in CHOICES)}"
        for number, given in enumerate(every_terms()):
            if number == 0:
                kinds = " ".join(f"{each.kind.label:<19}" for each in overview.flows(given))
                self.stdout.write(f"{head}{kinds}".rstrip())
            chosen = " ".join(f"{'on' if getattr(given, name) else 'off':<22}" for name in CHOICES)
            signs = " ".join(f"{each.sign:<19}" for each in overview.flows(given))
            self.stdout.write(f"{given.cohort.value:<8}{chosen}{signs}".rstrip())

    def show_company(self, given: Terms) -> None:
        for each in overview.flows(given):
            self.stdout.write(f"{each.kind.label:<20}{each.sign:<4}".rstrip())
            for direction in (each.to_qbo, each.to_billcom):
                if not direction.flows:
                    self.stdout.write(f"    not to {direction.towards.label}: {direction.rule}: {direction.why}")
        for words in overview.conditions(given):
            self.stdout.write(words)


def every_terms() -> Iterator[Terms]:
    """All combinations of cohort and of the preferences that decide directions."""
    for cohort in Cohort:
        for values in product((False, True), repeat=len(CHOICES)):
            chosen: dict[str, Any] = dict(zip(CHOICES, values, strict=True))
            yield Terms(cohort=cohort, **chosen)
