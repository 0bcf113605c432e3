"""What people do at the product's own pages, and what becomes of it: half of it is turned back before the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db import DatabaseError, transaction

from syncapp.models import Conflict, ConflictState, RunScope, SyncedObject, SyncPreferences, Trigger
from syncapp.services import conflicts, links, preferences, runs
from syncapp.services.errors import ServiceError

if TYPE_CHECKING:
    from tests.simulation.world import World


PARTED = ("vendor", "customer", "bill", "vendor_credit")


class Ourselves:
    """One person who works on the company."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.parted: list[tuple[int, int]] = []
        self.wanted: list[int] = []

    def act(self) -> None:
        name = self.world.chance.choice(("retry", "leave_out", "let_in", "part", "only_read", "review", "turn_back"))
        if words := getattr(self, name)():
            self.world.counts[f"our {name}"] += 1
            self.world.step(f"at our pages: {words}")

    # --- records -----------------------------------------------------------------------------------------------------

    def _mine(self) -> list[SyncedObject]:
        found = SyncedObject.objects.filter(company=self.world.company, kind__in=PARTED)
        return [row for row in found.order_by("pk") if row.linked and not row.excluded]

    def retry(self) -> str:
        number = links.retry(SyncedObject.objects.filter(company=self.world.company), self.world.boss)
        return f"{number} looked at again" if number else ""

    def leave_out(self) -> str:
        if not (found := self._mine()):
            return ""
        row = self.world.chance.choice(found)
        links.exclude(SyncedObject.objects.filter(pk=row.pk), self.world.boss)
        return f"{row.full_name} excluded"

    def let_in(self) -> str:
        number = links.include(SyncedObject.objects.filter(company=self.world.company), self.world.boss)
        return f"{number} included" if number else ""

    def part(self) -> str:
        if not (found := self._mine()):
            return ""
        row = self.world.chance.choice(found)
        try:
            halves = links.unlink(row, self.world.boss)
        except ServiceError:
            return ""
        self.parted.append((halves[0].pk, halves[1].pk))
        return f"{row.full_name} taken apart"

    def only_read(self) -> str:
        before = len(self.world.carried_out)
        company = type(self.world.company).objects.get(pk=self.world.company.pk)
        run = runs.request_run(company, trigger=Trigger.PERSON, scope=RunScope.READ, now=self.world.now())
        self.world.work_off(run)
        if len(self.world.carried_out) > before:
            self.world.broken.append("I5 a run that only reads has written")
        return "both sides read for a preview"

    def make_good(self) -> None:
        """Before the rest: what was taken apart is one again, and what was left out takes part."""
        for first, second in self.parted:
            pair = SyncedObject.objects.in_bulk([first, second])
            if len(pair) == 2:
                links.link(pair[first], pair[second], self.world.boss)
        links.include(SyncedObject.objects.filter(company=self.world.company), self.world.boss, create=True)

    # --- conflicts ---------------------------------------------------------------------------------------------------

    def review(self) -> str:
        number = conflicts.review(Conflict.objects.filter(company=self.world.company), self.world.boss)
        return f"{number} conflicts reviewed" if number else ""

    def bring_back(self) -> None:
        """All is quiet: a value that lost a conflict is wanted after all."""
        found = Conflict.objects.filter(company=self.world.company, field__in=("email", "phone"), object__hold_code="")
        for conflict in found.filter(state=ConflictState.OPEN).order_by("-pk")[:1]:
            try:
                conflicts.restore(conflict, self.world.boss)
            except ServiceError:
                return
            self.wanted.append(conflict.pk)
            self.world.counts["our bring_back"] += 1
            self.world.step(f"at our pages: {conflict.object}: {conflict.lost_value!r} is wanted back")

    # --- latches -----------------------------------------------------------------------------------------------------

    def turn_back(self) -> str:
        """A latch that is on: by the page, and by a statement of somebody who knows the tables."""
        latch = self.world.chance.choice(SyncPreferences.LATCHES)
        if not self.world.preferences[latch]:
            return ""
        self._refused(f"I9 {latch} was turned off at the page", lambda: self._at_the_page(latch))
        self._refused(f"I9 {latch} was turned off in the table", lambda: self._in_the_table(latch))
        return f"{latch} stays on"

    def _refused(self, otherwise: str, act: Callable[[], object]) -> None:
        try:
            act()
        except (ServiceError, DatabaseError):
            return
        self.world.broken.append(otherwise)

    def _at_the_page(self, latch: str) -> None:
        preferences.save_sync_preferences(self.world.company, self.world.boss, {latch: False}, {}, now=self.world.now())

    def _in_the_table(self, latch: str) -> None:
        with transaction.atomic():
            SyncPreferences.objects.filter(company=self.world.company).update(**{latch: False})
