"""What must hold after the rest, whatever happened before: I1 to I12 of the design, from the books of both sides.

Our own tables are asked only for what they owe people: a reason where something isn't in step, a conflict where a
value was lost, and a journal entry for each write.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from syncapp.core.sides import Side
from syncapp.models import (
    OPEN_STATES,
    Conflict,
    ConflictState,
    Connection,
    ObjectState,
    Operation,
    OperationState,
    SyncedObject,
    SyncPreferences,
    Verb,
)
from tests.simulation import start
from tests.simulation.books import BILLCOM, ENTITIES, QBO, SIDES, TRANSACTIONS, Books, Shown
from tests.simulation.evidence import passed_limits
from tests.simulation.people import Edit
from tests.simulation.world import World, writes

# Words like "sync-token" stand in the same place as secrets do.
SHORT = 12
TRANSFER = "BILL funds transfer"
INCOMING = f"{TRANSFER} in "
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
        *checks.wanted_back(),
        *checks.directions(),
        *checks.money(),
        *checks.clearing(),
        *checks.applications(),
        *(world.neighbour.disturbed() if world.neighbour else ()),
        *checks.latches(),
        *checks.journal(),
        *checks.made_once(),
        *passed_limits(list(world.sandbox.calls)),
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
        if code == "not-approved" and not preferences["approved_only"] and row.kind != "bill_payment":
            return "until it is approved, which nobody asked for"
        if code == "waits-for" and row.waits_for is not None and row.waits_for.linked and not row.waits_for.hold_code:
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
            if any(self._contested(row, _OURS.get(field, field)) or self._fought_over(row) for row in rows):
                continue
            yield from self._lost(last, shown)

    def _contested(self, row: SyncedObject, field: str) -> bool:
        return (row.pk, field) in self.conflicts or (row.kind, row.qbo_id, field) in self.world.forgotten

    def _fought_over(self, row: SyncedObject) -> bool:
        """A record that one side took away while the other changed it: the conflict is about the whole."""
        return (row.pk, "active") in self.conflicts

    def _taken_away(self, kind: str, mark: str) -> bool:
        return bool(self.edits.get((kind, mark, "active")))

    def _lost(self, last: Edit, shown: list[Shown]) -> Iterator[str]:
        live = [each for each in shown if not each.gone]
        if last.side == QBO and (last.kind, last.mark) in self.world.unseen:
            return  # Made since the backup and deleted before we looked: QuickBooks shows nothing of it.
        if self.world.turned_back(last):
            return
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
        if self.world.restored:
            # What was agreed on since the backup is no longer known to be.
            return
        parted = {pk for pair in self.world.ourselves.parted for pk in pair}
        by_row = {row.pk: (kind, side, remote_id) for (side, kind, remote_id), row in self.rows.items()}
        for pk, field in sorted(self.conflicts):
            if pk in parted:
                continue  # Linked anew by a person: whatever differs is a conflict.
            kind, side, remote_id = by_row.get(pk, ("", "", ""))
            mark = self.books.marks.get((side, kind, remote_id), "")
            name = _THEIRS.get(field, field)
            sides = {edit.side for edit in self.edits.get((kind, mark, name), [])}
            if name in ("email", "phone", "name", "due", "lines") and mark[:1].isupper() and len(sides) < 2:
                yield f"I4 {kind} {mark}: a conflict about {field}, which people entered on one side only"

    def wanted_back(self) -> Iterator[str]:
        """What a person wanted back is on both sides, or it says why not."""
        for conflict in Conflict.objects.filter(pk__in=self.world.ourselves.wanted).select_related("object"):
            row, lost = conflict.object, conflict.lost_value
            if conflict.state != ConflictState.RESTORED or row.hold_code:
                continue
            for side, remote_id in ((BILLCOM, row.billcom_id), (QBO, row.qbo_id)):
                shown = self.books.by_id(side, row.kind, remote_id or "")
                if shown and not shown.gone and shown.values[conflict.field] != lost:
                    yield f"I4 {row.kind} {shown.mark}: {conflict.field} {lost!r} was wanted back and isn't in {side}"

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
        for each in self.books.all(BILLCOM, "vendor_credit"):
            if (BILLCOM, "vendor_credit", each.mark) not in made:
                yield f"I5 vendor credit {each.mark} came to BILL"
        for each in self.books.all(QBO, "vendor_credit"):
            if preferences["approved_only"] and (QBO, "vendor_credit", each.mark) not in made:
                yield f"I5 vendor credit {each.mark} went to QuickBooks although nobody has said it is approved"
        for each in self.books.all(BILLCOM, "bill_payment"):
            own = (BILLCOM, "bill_payment", each.mark) in made
            if not own and (preferences["one_way"] or not both_ways):
                yield f"I5 the payment of {each.mark} came to BILL although payments go one way"

        for each in (*self.books.all(BILLCOM, "invoice"), *self.books.all(BILLCOM, "credit_memo")):
            if preferences["one_way"] and (BILLCOM, each.kind, each.mark) not in made:
                yield f"I5 {each.kind} {each.mark} came to BILL although transactions go one way"
        for each in self.books.all(BILLCOM, "receivable_payment"):
            if (BILLCOM, "receivable_payment", each.mark) not in made:
                yield f"I5 the customer's payment of {each.mark} came to BILL"

    # --- I6 ----------------------------------------------------------------------------------------------------------

    def money(self) -> Iterator[str]:
        """What is owed to each vendor whose bills and payments all sync."""
        for mark in {each.mark for side in SIDES for each in self.books.all(side, "vendor")}:
            if self._all_in_step(mark):
                owed = {side: self._owed(side, mark) for side in SIDES}
                if owed[BILLCOM] != owed[QBO]:
                    yield f"I6 vendor {mark} is owed {owed[BILLCOM]} in BILL and {owed[QBO]} in QuickBooks"

        for mark in {each.mark for side in SIDES for each in self.books.all(side, "customer")}:
            owed = {side: self._receivable(side, mark) for side in SIDES}
            if self._sales_in_step(mark) and owed[BILLCOM] != owed[QBO]:
                yield f"I6 customer {mark} owes {owed[BILLCOM]} in BILL and {owed[QBO]} in QuickBooks"

    def _receivable(self, side: str, mark: str) -> Decimal:
        """What is open on invoices, less what is left of credit memos."""
        invoices, memos = (
            [each.raw for each in self.books.live(side, kind) if each.values["customer"] == mark]
            for kind in ("invoice", "credit_memo")
        )
        due = [each["dueAmount" if side == BILLCOM else "Balance"] for each in invoices]
        left = [
            each["amount"] - each["appliedAmount"] if side == BILLCOM else each["RemainingCredit"] for each in memos
        ]
        return sum((Decimal(str(each)) for each in due), -sum((Decimal(str(each)) for each in left), Decimal(0)))

    def _sales_in_step(self, mark: str) -> bool:
        kinds = [(side, kind) for side in SIDES for kind in ("invoice", "credit_memo", "receivable_payment")]
        shown = [each for side, kind in kinds for each in self.books.live(side, kind)]
        rows = [self._row(each) for each in shown if each.values["customer"] == mark]
        return all(row is not None and row.linked and not row.hold_code for row in rows)

    def _of_vendor(self, side: str, kind: str, mark: str) -> list[Shown]:
        return [each for each in self.books.live(side, kind) if each.values.get("vendor") == mark]

    def _all_in_step(self, mark: str) -> bool:
        kinds = [(side, kind) for side in SIDES for kind in TRANSACTIONS]
        shown = [each for side, kind in kinds for each in self._of_vendor(side, kind, mark)]
        rows = [self._row(each) for each in shown]
        return all(row is not None and row.linked and not row.hold_code for row in rows)

    def _owed(self, side: str, mark: str) -> Decimal:
        """Bills, less what is left of credits."""
        bills, credits = (self._of_vendor(side, kind, mark) for kind in ("bill", "vendor_credit"))
        if side == QBO:
            figures = [each.raw["Balance"] for each in bills] + [-each.raw["Balance"] for each in credits]
        else:
            figures = [each.raw["dueAmount"] for each in bills]
            figures += [each.raw["appliedAmount"] - each.raw["amount"] for each in credits]
        return sum((Decimal(str(figure)) for figure in figures), Decimal(0))

    def applications(self) -> Iterator[str]:
        """What was applied to a bill in BILL is applied to it once in QuickBooks, and nothing else is."""
        joined: dict[str, list[Shown]] = defaultdict(list)
        for each in self.books.all(QBO, "bill_payment"):
            if each.gone and each.values["credits"] and each.values["paid"]:
                joined[each.values["paid"][0][0]].append(each)
        for mark, several in joined.items():
            if len(several) > 1:
                yield f"I1 credits are applied to bill {mark} {len(several)} times in QuickBooks"
        for bill in self.books.live(BILLCOM, "bill"):
            uses, shown = self.books.applied(bill.id), joined.pop(bill.mark, [])
            if self._asked_about(bill, uses):
                continue
            there = dict(shown[0].values["credits"]) if shown else {}
            if shown and there != uses:
                yield f"I2 {uses} is applied to bill {bill.mark} in BILL and {there} in QuickBooks"
            if uses and not shown and self._goes_over(bill):
                yield f"I2 {uses} is applied to bill {bill.mark} in BILL and nothing in QuickBooks"

    def _goes_over(self, bill: Shown) -> bool:
        """Whether what is applied to it is so in QuickBooks too: once nothing more is to be paid, or at once."""
        if self.world.preferences["credits_at_once"]:
            return True
        paid, scheduled, total = (Decimal(str(bill.raw[name])) for name in ("paidAmount", "scheduledAmount", "amount"))
        return paid + scheduled >= total

    def _asked_about(self, bill: Shown, uses: Mapping[str, Decimal]) -> bool:
        """Whether a hold says why, on the bill, a credit or what joins them. "Not yet" is no reason when it is time."""
        credits = [self._row(each) for mark in uses for each in self.books.of(BILLCOM, "vendor_credit", mark)]
        known = [row for key, row in self.rows.items() if key[1] == "bill_payment" and bill.id in key[2]]
        joining = [row for row in known if not (self._deferred(row) and self._goes_over(bill))]
        return any(row is None or row.hold_code for row in [self._row(bill), *credits, *joining])

    @staticmethod
    def _deferred(row: SyncedObject) -> bool:
        return row.hold_code == "waits-for" and row.hold_facts.get("target") == "the bill's payment"

    def clearing(self) -> Iterator[str]:
        """What BILL moved has passed between the bank and clearing once, and clearing is back at zero."""
        raws = self.books.sides[QBO]
        entries = [each for each in raws["JournalEntry"] if str(each.get("PrivateNote")).startswith(TRANSFER)]
        known = Counter((each["TxnDate"], each["PrivateNote"]) for each in entries)
        yield from (f"I1 {note} of {day} is there {times} times" for (day, note), times in known.items() if times > 1)
        kinds = ("bill_payment", "receivable_payment", "funds_transfer")
        rows = list(SyncedObject.objects.filter(company=self.world.company, kind__in=kinds))
        if any(row.hold_code for row in rows):
            return
        for row in rows:
            if row.kind == "funds_transfer" and not row.linked and row.state != ObjectState.RETIRED:
                yield f"I2 {row} of {row.date} is nowhere in QuickBooks and nothing says why"
        money_out, money_in = self._account("Bill.com Money Out Clearing"), self._account("Bill.com Money In Clearing")
        paid = [
            each["TotalAmt"]
            for each in raws["BillPayment"]
            if (each.get("CheckPayment") or {}).get("BankAccountRef", {}).get("value") == money_out
        ]
        yield from self._passed(entries, money_out, paid, "paid from")
        by_card = {each.mark for each in self.books.live(BILLCOM, "receivable_payment") if self._by_card(each)}
        received = [
            each.raw["TotalAmt"]
            for each in self.books.live(QBO, "receivable_payment")
            if each.raw["DepositToAccountRef"]["value"] == money_in and each.mark not in by_card
        ]
        yield from self._passed(entries, money_in, received, "received in")

    @staticmethod
    def _by_card(each: Shown) -> bool:
        return str(each.raw["receivablesType"]) == "CREDIT_CARD"

    def _account(self, name: str) -> str:
        (found,) = (str(each["Id"]) for each in self.books.sides[QBO]["Account"] if each["Name"] == name)
        return found

    @staticmethod
    def _passed(entries: list[Any], account: str, amounts: list[Any], words: str) -> Iterator[str]:
        """What the payments that were posted there come to has left it again."""
        there = sum((Decimal(str(each)) for each in amounts), Decimal(0))
        lines = [line for each in entries for line in each["Line"]]
        of_this = [each for each in lines if each["JournalEntryLineDetail"]["AccountRef"]["value"] == account]
        out = "Debit" if words == "paid from" else "Credit"
        signs = [1 if each["JournalEntryLineDetail"]["PostingType"] == out else -1 for each in of_this]
        amounts_left = (sign * Decimal(str(each["Amount"])) for sign, each in zip(signs, of_this, strict=True))
        left = sum(amounts_left, Decimal(0))
        if there != left:
            yield f"I6 {there} was {words} clearing and {left} was transferred"

    # --- I9, I10, I12 ------------------------------------------------------------------------------------------------

    def latches(self) -> Iterator[str]:
        now = SyncPreferences.objects.get(company=self.world.company)
        for latch in SyncPreferences.LATCHES:
            if self.world.preferences[latch] and not getattr(now, latch):
                yield f"I9 {latch} was on and is off"

    def journal(self) -> Iterator[str]:
        """Every write that a product carried out has its operation, and every operation the outcome it had there."""
        operations = {each.pk: each for each in Operation.objects.filter(company=self.world.company)}
        for operation in operations.values():
            if operation.state in OPEN_STATES:
                yield f"I10 {operation} is {operation.state} at rest"
            elif operation.finished_at is None:
                yield f"I10 {operation} has no end"
            elif operation.state == OperationState.DONE and not self.world.carried_out[operation.pk]:
                yield f"I10 {operation} is said to be done and never was"
        for pk, times in self.world.carried_out.items():
            if pk in operations:
                yield from self._outcome(operations[pk], times)
            elif not self.world.restored:
                yield f"I10 a write was carried out whose journal entry {pk} is gone"

    def _outcome(self, operation: Operation, times: int) -> Iterator[str]:
        known = (OperationState.DONE, OperationState.ADOPTED)
        if operation.state not in known and not self._written_over(operation):
            yield f"I10 {operation} was carried out and is said to be {operation.state}: {operation.error_words}"
        if times > 1 and operation.side == BILLCOM and operation.verb == Verb.CREATE:
            yield f"I10 {operation} was carried out {times} times"

    def _written_over(self, operation: Operation) -> bool:
        """Its answer was lost, and somebody has entered another value there since: nobody can know that it arrived.

        What was made and renamed is proposed to a person, by its e-mail.
        """
        row = operation.object
        if operation.state != OperationState.DROPPED or row is None:
            return False
        if operation.verb == Verb.CREATE:
            return self._renamed(
                operation.side, operation.kind, operation.values["whole"].get("name", "").split(" ")[0]
            )
        mark = self.books.marks.get((operation.side, row.kind, row.remote_id(Side(operation.side)) or ""), "")
        names = {_THEIRS.get(name, name) for name in operation.values["changed"]}
        edits = [edit for name in names for edit in self.edits.get((row.kind, mark, name), [])]
        return operation.verb == Verb.UPDATE and any(edit.side == operation.side for edit in edits)

    def _renamed(self, side: str, kind: str, mark: str) -> bool:
        return any(edit.side == side for edit in self.edits.get((kind, mark, "name"), []))

    def made_once(self) -> Iterator[str]:
        """What people haven't made, exactly one operation has."""
        if self.world.restored:
            return
        made: Counter[tuple[str, str, str]] = Counter()
        done = (OperationState.DONE, OperationState.ADOPTED)
        for operation in Operation.objects.filter(company=self.world.company, verb=Verb.CREATE, state__in=done):
            made[operation.side, operation.kind, operation.remote_id] += 1
        by_people = {(edit.side, edit.kind, edit.mark) for edit in self.world.people.edits if edit.field == "made"}
        for kind in ENTITIES:
            for side in SIDES:
                for each in self.books.all(side, kind):
                    known = (side, kind, each.id) in self.world.at_first or (side, kind, each.mark) in by_people
                    if made[side, kind, each.id] == 0 and self._renamed(side, kind, each.mark):
                        continue  # Made, its answer lost, and renamed: its write is said to be lost.
                    if not known and made[side, kind, each.id] != 1:
                        number = made[side, kind, each.id]
                        yield f"I10 {kind} {each.mark} in {side} was made by {number} operations"

    def secrets(self) -> Iterator[str]:
        """In the log, and in all tables: sign-ins are sealed there."""
        whole = "\n".join([*self.world.heard.lines, start.dump()])
        held = [str(value) for each in Connection.objects.all() for value in (each.credentials or {}).values()]
        known = {each for each in (*self.world.secrets, *held) if len(each) > SHORT}
        yield from (f"I12 a secret stands in a log or a table: {each[:6]}…" for each in known if each in whole)


# Our books' words for what the product calls otherwise.
_OURS = {"due": "due_date"}
_THEIRS = {"due_date": "due"}


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(_alike(*each) for each in zip(one, other, strict=True))
    return bool(one == other)
