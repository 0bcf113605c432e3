"""`manage.py sync COMPANY`: the sync of Sync Now; `--preview` writes nothing; `--why KIND RECORD` explains a record."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from syncapp.core.row_numbers import row_number
from syncapp.core.schema import Kind
from syncapp.kinds import KINDS
from syncapp.management import sync_report
from syncapp.models import Company, RunScope, RunState, SyncedObject, SyncRun, Trigger
from syncapp.services import preview, runs
from syncapp.services.errors import ServiceError
from syncapp.services.why import why


class Command(BaseCommand):
    help = "Syncs one company now. COMPANY is its number or its name."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("company", metavar="COMPANY", help="the company's number or name")
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--json", action="store_true", help="print what the sync did as JSON, for machines")
        only.add_argument("--preview", action="store_true", help="print the plan and write nothing")
        only.add_argument(
            "--why", nargs=2, metavar=("KIND", "RECORD"), help="explain one record, by id, name or number"
        )

    def handle(self, *, company: str, preview: bool, why: list[str] | None, **options: Any) -> None:
        found = self.company(company)
        try:
            if preview:
                self.show_preview(found)
            elif why:
                self.show_why(found, *why)
            else:
                self.sync(found, as_json=bool(options["json"]))
        except ServiceError as error:
            raise CommandError(error.message) from error

    def company(self, named: str) -> Company:
        number = row_number(named)
        by = Q(name__iexact=named) if number is None else Q(pk=number)
        found = list(Company.objects.filter(by)[:2])
        if len(found) != 1:
            known = ", ".join(f"{each.pk} {each.name}" for each in Company.objects.all()[:20])
            raise CommandError(f"{'No' if not found else 'More than one'} company is called {named}. Known: {known}")
        return found[0]

    def sync(self, company: Company, *, as_json: bool) -> None:
        run = runs.request_run(company, trigger=Trigger.COMMAND, now=timezone.now())
        run = runs.run_to_end(run, clock=timezone.now)
        if as_json:
            self.stdout.write(json.dumps(sync_report.whole(run), indent=1))
        else:
            self.show_run(run)
        if run.state != RunState.DONE:
            raise CommandError(run.message)

    def show_run(self, run: SyncRun) -> None:
        for entry in run.log.all():
            self.stdout.write(f"{entry.at:%H:%M:%S} {entry.level:<7} {entry.message}")
        for line in sync_report.table(run):
            self.stdout.write(line)
        calls = ", ".join(f"{number} {purse}" for purse, number in sorted(run.calls.items())) or "none"
        self.stdout.write(f"{run.get_state_display()}. API calls: {calls}.")

    def show_preview(self, company: Company) -> None:
        run = runs.request_run(company, trigger=Trigger.COMMAND, scope=RunScope.READ, now=timezone.now())
        run = runs.run_to_end(run, clock=timezone.now)
        if run.state != RunState.DONE:
            raise CommandError(run.message)
        found = preview.preview(company, now=timezone.now())
        for row in found.links:
            self.stdout.write(f"link    {row.kind:<18}{row.label}")
        for row in found.rows:
            change = f"  {row.field}: {row.before!r} -> {row.after!r}" if row.field else ""
            self.stdout.write(f"{row.verb:<8}{row.kind:<18}{row.label}  in {row.side}{change}")
        for row in found.holds:
            self.stdout.write(f"hold    {row.kind:<18}{row.label}  {row.after}")
        for name, number in sorted(found.counts.items()):
            self.stdout.write(f"{name:<40}{number:>8}")
        if found.stop:
            self.stdout.write(f"The sync would stop before it writes, because {found.stop}.")
        for kind, number in found.unseen.items():
            self.stdout.write(f"Not looked at: {number} {KINDS[kind].plural.lower()}; too many records wait.")
        if found.in_flight:
            self.stdout.write(f"Left out: {found.in_flight} with a write whose outcome isn't known yet.")
        if found.more:
            self.stdout.write("The list was cut; the counts are complete.")
        if not found.rows and not found.links:
            self.stdout.write("Nothing would be written; both sides were read just now.")

    def show_why(self, company: Company, kind: str, named: str) -> None:
        found = self.records(company, self.kind(kind), named)
        for row in found:
            for line in why(row, now=timezone.now()):
                self.stdout.write(line)

    def kind(self, named: str) -> Kind:
        """By its name, or by what people call one or many of it."""
        for kind in KINDS.values():
            if named.casefold() in (kind.name, kind.label.casefold(), kind.plural.casefold()):
                return kind
        raise CommandError(f"{named} is no kind. Kinds: {', '.join(KINDS)}")

    def records(self, company: Company, kind: Kind, named: str) -> list[SyncedObject]:
        """By id on either side or here; else by name or number, if only one is called so."""
        objects = SyncedObject.objects.of(company, kind.name)
        ids = Q(billcom_id=named) | Q(qbo_id=named)
        if (number := row_number(named)) is not None:
            ids |= Q(pk=number)
        if found := list(objects.filter(ids)):
            return found
        called = list(objects.filter(Q(label__iexact=named) | Q(number__iexact=named)).order_by("pk")[:20])
        if len(called) > 1:
            numbers = ", ".join(str(row.pk) for row in called)
            raise CommandError(f"More than one {kind.label.lower()} is called {named}. Their ids here: {numbers}")
        if not called:
            raise CommandError(f"No {kind.label.lower()} has the id {named} on either side, or that name or number.")
        return called
