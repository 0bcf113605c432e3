"""What must hold after the rest, whatever happened before: I1 to I12 of the design, from the books of both sides.

Our own tables are asked only for what they owe people: a reason where something isn't in step, a conflict where a
value was lost, and a journal entry for each write.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from syncapp.models import (
    Conflict,
    ObjectState,
    Operation,
    OperationState,
    SyncedObject,
    SyncLogEntry,
)
from tests.simulation.books import BILLCOM, ENTITIES, QBO, SIDES, Books, Shown
from tests.simulation.people import Edit
from tests.simulation.world import World, writes

# Nothing here lacks what these would ask a person for, and what is in doubt is found out.
NEVER_AT_REST = {"in-doubt", "needs-address", "needs-email", "needs-account", "needs-mapping", "currency", "excluded"}


def broken(world: World) -> list[str]:
    """Every invariant that does not hold, in words."""
    calls = world.quiet_sync_calls()
    books = world.books()
    checks = Checks(world, books)
    return [
        *(f"I3 a sync with nothing to do wrote: {each}" for each in writes(calls)),
        *checks.duplicates(),
        *checks.pairs(),
        *checks.lost_edits(),
        *checks.unfounded_conflicts(),
        *checks.directions(),
        *checks.money(),
        *checks.journal(),
        *checks.secrets(),
    ]


class Checks:
    def __init__(self, world: World, books: Books) -> None:
        self.world, self.books = world, books
        rows = list(SyncedObject.objects.filter(company=world.company).select_related("waits_for"))
        self.rows: dict[tuple[str, str, str], SyncedObject] = {}
        for row in rows:
            for side, remote_id in ((BILLCOM, row.billcom_id), (QBO, row.qbo_id)):
                if remote_id:
                    self.rows[side, row.kind, remote_id] = row
        self.conflicts = {(each.object_id, each.field) for each in Conflict.objects.filter(company=world.company)}
        self.edits: dict[tuple[str, str, str], list[Edit]] = defaultdict(list)
        for edit in world.people.edits:
            self.edits[edit.kind, edit.mark, edit.field].append(edit)

    # --- I1 ----------------------------------------------------------------------------------------------------------

    def duplicates(self) -> Iterator[str]:
        for kind in ENTITIES:
            for side in SIDES:
                for mark, found in self.books.found[side, kind].items():
                    if len(found) > 1 and mark != "nothing":
                        yield f"I1 {kind} {mark} is there {len(found)} times in {side}: {[each.id for each in found]}"

    # --- I2 ----------------------------------------------------------------------------------------------------------

    def pairs(self) -> Iterator[str]:
        for kind in ENTITIES:
            marks = {*self.books.found[BILLCOM, kind], *self.books.found[QBO, kind]} - {"nothing"}
            for mark in sorted(marks):
                yield from self._pair(kind, mark)

    def _pair(self, kind: str, mark: str) -> Iterator[str]:
        ours, theirs = ([*self.books.of(side, kind, mark), None][0] for side in SIDES)
        rows = {row.pk: row for each in (ours, theirs) if each and (row := self._row(each))}
        for row in rows.values():
            if row.state == ObjectState.HELD and (wrong := self._without_cause(row)):
                yield f"I2 {kind} {mark} is held {wrong}"
        for each in (ours, theirs):
            if each and not each.gone and self._row(each) is None:
                yield f"I2 {kind} {mark} of {each.side} was never seen"
        held = [row for row in rows.values() if row.hold_code]
        if held:
            self.world.counts[f"held {held[0].hold_code}"] += 1
            return
        differing = self._differences(ours, theirs)
        if differing:
            yield f"I2 {kind} {mark} is not in step and nothing says why: {differing}"
        elif ours and theirs and len(rows) != 1 and not (ours.gone and theirs.gone):
            yield f"I2 {kind} {mark} is on both sides and not linked"

    def _without_cause(self, row: SyncedObject) -> str:
        """What a hold says must be so."""
        preferences, code = self.world.preferences, row.hold_code
        if code in NEVER_AT_REST:
            return f"as {code}"
        if code == "one-way" and not preferences["one_way"]:
            return "because of a preference that is off"
        if code == "not-approved" and not preferences["approved_only"] and row.kind == "bill":
            return "until it is approved, which nobody asked for"
        if code == "waits-for" and row.waits_for is not None and row.waits_for.linked:
            return f"behind {row.waits_for}, which is on both sides"
        return "" if code else "without a reason"

    def _row(self, shown: Shown) -> SyncedObject | None:
        return self.rows.get((shown.side, shown.kind, shown.id))

    def _differences(self, ours: Shown | None, theirs: Shown | None) -> str:
        live = [each is not None and not each.gone for each in (ours, theirs)]
        if not any(live):
            return ""
        if not all(live):
            there, other = (BILLCOM, QBO) if live[0] else (QBO, BILLCOM)
            shown = "gone" if (ours if live[1] else theirs) else "missing"
            return f"there in {there}, {shown} in {other}"
        assert ours is not None and theirs is not None
        if ours.mark in ("operating checking",):
            return ""
        return "; ".join(
            f"{name}: {ours.values[name]!r} / {theirs.values[name]!r}"
            for name in ours.values
            if not _alike(ours.values[name], theirs.values[name])
        )

    # --- I4 ----------------------------------------------------------------------------------------------------------

    def lost_edits(self) -> Iterator[str]:
        for (kind, mark, field), edits in self.edits.items():
            shown = [each for side in SIDES for each in self.books.of(side, kind, mark)]
            rows = [row for each in shown if (row := self._row(each))]
            if any(row.hold_code for row in rows):
                continue
            if field == "approval":
                continue
            if field == "made":
                if not shown and not self._taken_away(kind, mark):
                    yield f"I4 {kind} {mark} was made and is nowhere"
                continue
            last = edits[-1]
            if any((row.pk, _OURS.get(field, field)) in self.conflicts or self._fought_over(row) for row in rows):
                continue
            yield from self._lost(last, shown)

    def _fought_over(self, row: SyncedObject) -> bool:
        """A record that one side took away while the other changed it: the conflict is about the whole."""
        return (row.pk, "active") in self.conflicts

    def _taken_away(self, kind: str, mark: str) -> bool:
        return bool(self.edits.get((kind, mark, "active")))

    def _lost(self, last: Edit, shown: list[Shown]) -> Iterator[str]:
        live = [each for each in shown if not each.gone]
        if last.field == "active":
            if live and last.value is False:
                yield f"I4 {last.kind} {last.mark} was taken away in {last.side} and is there"
            if last.value is True and len(live) < len(shown):
                yield f"I4 {last.kind} {last.mark} was brought back in {last.side} and is gone"
            return
        for each in live:
            if not _alike(each.values[last.field], last.value):
                yield (
                    f"I4 {last.kind} {last.mark}: {last.field} {last.value!r}, entered last in {last.side}, "
                    f"is {each.values[last.field]!r} in {each.side}"
                )

    def unfounded_conflicts(self) -> Iterator[str]:
        """A conflict needs two sides on which somebody entered something."""
        lost = Operation.objects.filter(company=self.world.company, state=OperationState.DROPPED, side=BILLCOM)
        unsure = {(each.object_id, name) for each in lost for name in (each.values or {}).get("changed", [])}
        by_row = {row.pk: (kind, side, remote_id) for (side, kind, remote_id), row in self.rows.items()}
        for pk, field in sorted(self.conflicts):
            kind, side, remote_id = by_row.get(pk, ("", "", ""))
            mark = self.books.marks.get((side, kind, remote_id), "")
            name = _THEIRS.get(field, field)
            if (pk, field) in unsure:
                # BILL may show our own write, whose answer was lost: that counts as BILL's word, and is on record.
                continue
            sides = {edit.side for edit in self.edits.get((kind, mark, name), [])}
            if name in ("email", "phone", "name", "due", "lines") and mark[:1].isupper() and len(sides) < 2:
                yield f"I4 {kind} {mark}: a conflict about {field}, which people entered on one side only"

    # --- I5 ----------------------------------------------------------------------------------------------------------

    def directions(self) -> Iterator[str]:
        made = {(each.side, each.kind, each.mark) for each in self.world.people.edits if each.field == "made"}
        preferences = self.world.preferences
        both_ways = preferences["two_way_payments"] or self.world.company.firm_id is None
        for each in self.books.all(BILLCOM, "bill"):
            if preferences["one_way"] and (BILLCOM, "bill", each.mark) not in made:
                yield f"I5 bill {each.mark} came to BILL although transactions go one way"
        approved = {edit.mark for edit in self.world.people.edits if edit.value == "APPROVED"}
        for each in self.books.all(QBO, "bill"):
            if preferences["approved_only"] and (QBO, "bill", each.mark) not in made and each.mark not in approved:
                yield f"I5 bill {each.mark} went to QuickBooks although nobody has approved it"
        for each in self.books.all(BILLCOM, "bill_payment"):
            own = (BILLCOM, "bill_payment", each.mark) in made
            if not own and (preferences["one_way"] or not both_ways):
                yield f"I5 the payment of {each.mark} came to BILL although payments go one way"

    # --- I6 ----------------------------------------------------------------------------------------------------------

    def money(self) -> Iterator[str]:
        """What is owed to each vendor whose bills and payments all sync."""
        for mark in {each.mark for side in SIDES for each in self.books.all(side, "vendor")}:
            if self._all_in_step(mark):
                owed = {side: self._owed(side, mark) for side in SIDES}
                if owed[BILLCOM] != owed[QBO]:
                    yield f"I6 vendor {mark} is owed {owed[BILLCOM]} in BILL and {owed[QBO]} in QuickBooks"

    def _of_vendor(self, side: str, kind: str, mark: str) -> list[Shown]:
        return [each for each in self.books.live(side, kind) if each.values["vendor"] == mark]

    def _all_in_step(self, mark: str) -> bool:
        kinds = [(side, kind) for side in SIDES for kind in ("bill", "bill_payment")]
        shown = [each for side, kind in kinds for each in self._of_vendor(side, kind, mark)]
        rows = [self._row(each) for each in shown]
        return all(row is not None and row.linked and not row.hold_code for row in rows)

    def _owed(self, side: str, mark: str) -> Decimal:
        name = "dueAmount" if side == BILLCOM else "Balance"
        return sum((Decimal(str(each.raw[name])) for each in self._of_vendor(side, "bill", mark)), Decimal(0))

    # --- I10, I12 ----------------------------------------------------------------------------------------------------

    def journal(self) -> Iterator[str]:
        for operation in Operation.objects.filter(company=self.world.company):
            if operation.state in (OperationState.PLANNED, OperationState.IN_DOUBT):
                yield f"I10 {operation} is {operation.state} at rest"
            elif operation.finished_at is None:
                yield f"I10 {operation} has no end"

    def secrets(self) -> Iterator[str]:
        texts = [each.message for each in SyncLogEntry.objects.all()]
        texts += [f"{each.payload} {each.error_words} {each.values}" for each in Operation.objects.all()]
        whole = "\n".join(texts)
        found = [each for each in self.world.secrets if each in whole]
        yield from (f"I12 a secret stands in a log or journal: {each[:6]}…" for each in found)


# Our books' words for what the product calls otherwise.
_OURS = {"due": "due_date"}
_THEIRS = {"due_date": "due"}


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(_alike(*each) for each in zip(one, other, strict=True))
    return bool(one == other)
