"""`manage.py sync_matrix [COMPANY]`: what flows which way, for a company or for every set of preferences."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from syncapp.core.schema import Terms
from syncapp.core.sides import Cohort
from syncapp.management.commands.sync import Command as SyncCommand
from syncapp.models import Attachments
from syncapp.services import overview, terms

SWITCH = (False, True)
CHOICES: Mapping[str, tuple[Any, ...]] = {
    **dict.fromkeys(("one_way", "two_way_payments", "classes", "locations", "items_in_payables"), SWITCH),
    **dict.fromkeys(("customers_in_payables", "credit_memos", "sales_tax", "payment_terms"), SWITCH),
    "attachments": tuple(Attachments.values),
}
"""What the directions depend on, besides the cohort."""


class Command(BaseCommand):
    help = "Prints what flows which way, and the rule that forbids it. Without COMPANY: for all preferences."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("company", metavar="COMPANY", nargs="?", help="the company's number or name")
        parser.add_argument("--company", dest="named", metavar="COMPANY", help="the same")

    def handle(self, *, company: str | None = None, named: str | None = None, **options: Any) -> None:
        if company and named and company != named:
            raise CommandError("Name one company.")
        if found := company or named:
            self.show_company(terms.load(SyncCommand().company(found)))
            return
        head = f"{'cohort':<8}{' '.join(f'{name:<22}' for name in CHOICES)}"
        for number, given in enumerate(every_terms()):
            signs = overview.lines(given)
            if number == 0:
                self.stdout.write(f"{head}{' '.join(f'{each.label:<{_width(each)}}' for each in signs)}".rstrip())
            chosen = " ".join(f"{_word(getattr(given, name)):<22}" for name in CHOICES)
            shown = " ".join(f"{each.sign:<{_width(each)}}" for each in signs)
            self.stdout.write(f"{given.cohort.value:<8}{chosen}{shown}".rstrip())

    def show_company(self, given: Terms) -> None:
        for each in overview.lines(given):
            self.stdout.write(f"{each.label:<34}{each.sign:<4}{each.note}".rstrip())
            for direction in (each.to_qbo, each.to_billcom):
                if not direction.flows:
                    self.stdout.write(f"    not to {direction.towards.label}: {direction.rule}: {direction.why}")
        for words in overview.conditions(given):
            self.stdout.write(words)


def _width(line: overview.Line) -> int:
    return max(19, len(line.label))


def _word(value: Any) -> str:
    return {True: "on", False: "off"}.get(value, str(value))


def every_terms() -> Iterator[Terms]:
    """All combinations of cohort and of the preferences that decide directions."""
    for cohort in Cohort:
        for values in product(*CHOICES.values()):
            yield Terms(cohort=cohort, **dict(zip(CHOICES, values, strict=True)))
