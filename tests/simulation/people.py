"""People at both products' own pages: what they make, change and take away, and a list of all of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from syncapp.sandbox.world import Sandbox
from tests.simulation.books import BILLCOM, LISTS, QBO, SIDES, Books, Shown, entity
from tests.simulation.company import HOURS, TAX_CODE
from tests.simulation.payloads import (
    ADDRESS,
    PARTY,
    QBO_ADDRESS,
    bill_payload,
    credit_payload,
    invoice_payload,
    line_payload,
    memo_payload,
    party_field,
    sales_line,
)

TRIES = 4
LATELY = 8
WORDS = ("Birch", "Oak", "Quay", "Rope", "Works", "Mill", "Harbor", "Linen")


@dataclass(frozen=True)
class Edit:
    """What a person entered on one side. ``field`` is "made" or "active" for the record as a whole."""

    number: int
    side: str
    kind: str
    mark: str
    field: str
    value: Any


class CannotBe(Exception):
    """There is nothing this could be done to, or the product doesn't allow it to anybody."""


class People:
    def __init__(self, sandbox: Sandbox, ids: dict[str, str], chance: random.Random, look: Callable[[], Books]) -> None:
        self.sandbox, self.ids, self.chance, self.look = sandbox, ids, chance, look
        self.edits: list[Edit] = []
        self.serial = 0
        self.amounts: set[Decimal] = set()
        # Made on both sides under one name: they keep it, and stay. Renamed or taken away on one side before they
        # are linked, they would rightly be two.
        self.twins: set[str] = set()

    # --- what anybody can do -----------------------------------------------------------------------------------------

    def act(self, *, during_sync: bool = False) -> str:
        """One thing, at random; its words. Empty: it could not be done.

        Nobody enters one thing on both sides while a sync is between reading the one and the other: it would see
        one of the two only, and rightly carry it over.
        """
        possible = {name: weight for name, weight in _ACTS.items() if not (during_sync and name.startswith("same_"))}
        if during_sync:
            possible["contest"] *= 5
        names, weights = zip(*possible.items(), strict=True)
        for _ in range(TRIES):
            (name,) = self.chance.choices(names, weights)
            side = self.chance.choice(SIDES)
            try:
                return f"{side}: {getattr(self, name)(side)}"
            except (CannotBe, ValueError, LookupError):
                continue
        return ""

    def note(self, side: str, kind: str, mark: str, name: str, value: Any) -> None:
        self.edits.append(Edit(len(self.edits), side, kind, mark, name, value))

    def mark(self, letter: str) -> str:
        self.serial += 1
        return f"{letter}{self.serial:04d}"

    def save(self, side: str, kind: str, payload: dict[str, Any], remote_id: str = "") -> dict[str, Any]:
        product: Any = self.sandbox.billcom if side == BILLCOM else self.sandbox.qbo
        identified = {"id" if side == BILLCOM else "Id": remote_id} if remote_id else {}
        return product.person_save(self.ids[side], entity(side, kind), {**payload, **identified})

    def pick(self, side: str, kind: str, test: Callable[[Shown], bool] = lambda each: True) -> Shown:
        found = [each for each in self.look().live(side, kind) if test(each)]
        if not found:
            raise CannotBe
        # What one person works on, another one often does too.
        lately = {edit.mark for edit in self.edits[-LATELY:]}
        if self.chance.random() < 0.5:
            found = [each for each in found if each.mark in lately] or found
        return self.chance.choice(found)

    # --- lists -------------------------------------------------------------------------------------------------------

    def new_party(self, side: str, kind: str = "", name: str = "") -> str:
        kind = kind or self.chance.choice(("vendor", "vendor", "customer"))
        name = name or f"{self.mark(kind[0].upper())} {self.chance.choice(WORDS)}"
        mark = name.split()[0]
        values = {"name": name, "email": f"{mark}@{side}.example".lower()}
        if self.chance.random() < 0.5:
            values["phone"] = f"(555) 555-{self.chance.randrange(10000):04d}"
        payload: dict[str, Any] = {}
        for field, value in values.items():
            payload |= party_field(side, field, value)
        if kind == "vendor":
            payload |= {"address": ADDRESS} if side == BILLCOM else {"BillAddr": QBO_ADDRESS}
        self.save(side, kind, payload)
        self.note(side, kind, mark, "made", True)
        for field, value in values.items():
            self.note(side, kind, mark, field, value)
        return f"new {kind} {name}"

    def same_party_on_both(self, side: str) -> str:
        name = f"{self.mark('V')} {self.chance.choice(WORDS)}"
        self.new_party(BILLCOM, "vendor", name)
        self.new_party(QBO, "vendor", name)
        self.twins.add(name.split()[0])
        return f"vendor {name} on both sides"

    def edit_party(self, side: str) -> str:
        kind = self.chance.choice(("vendor", "vendor", "customer"))
        found = self.pick(side, kind)
        name = self.chance.choice(("email", "phone") if found.mark in self.twins else tuple(PARTY))
        number = self.chance.randrange(10000)
        value = {
            "email": f"{found.mark}.{number}@{side}.example".lower(),
            "phone": f"(555) 555-{number:04d}",
            "name": f"{found.mark} {self.chance.choice(WORDS)} {number}",
        }[name]
        self.save(side, kind, party_field(side, name, value), found.id)
        self.note(side, kind, found.mark, name, value)
        return f"{kind} {found.mark}: {name} {value}"

    def contest(self, side: str) -> str:
        """Somebody changes what somebody else has just changed on the other side."""
        last = [edit for edit in self.edits[-LATELY:] if edit.field in ("email", "phone") and edit.side != side]
        if not last:
            raise CannotBe
        edit, number = last[-1], self.chance.randrange(10000)
        found = next((each for each in self.look().of(side, edit.kind, edit.mark) if not each.gone), None)
        if found is None:
            raise CannotBe
        value = f"{edit.mark}.{number}@{side}.example".lower() if edit.field == "email" else f"(555) 556-{number:04d}"
        self.save(side, edit.kind, party_field(side, edit.field, value), found.id)
        self.note(side, edit.kind, edit.mark, edit.field, value)
        return f"{edit.kind} {edit.mark}: {edit.field} {value}, too"

    def new_listed(self, side: str) -> str:
        kind, letter = self.chance.choice((("account", "A"), ("accounting_class", "K"), ("location", "L")))
        mark = self.mark(letter)
        name = f"{mark} {self.chance.choice(WORDS)}"
        payload: dict[str, Any] = {"name": name} if side == BILLCOM else {"Name": name}
        if kind == "account":
            payload |= {"account": {"type": "EXPENSE"}} if side == BILLCOM else {"AccountType": "Expense"}
            if self.chance.random() < 0.5:
                above = self.pick(side, kind, lambda each: each.values["name"] in ("Advertising", "Automobile"))
                ref = {"ParentRef": {"value": above.id}, "SubAccount": True}
                payload |= {"parentId": above.id} if side == BILLCOM else ref
        self.save(side, kind, payload)
        self.note(side, kind, mark, "made", True)
        self.note(side, kind, mark, "name", name)
        return f"new {kind} {name}"

    def rename_listed(self, side: str) -> str:
        kind = self.chance.choice(("account", "accounting_class", "location"))
        found = self.pick(side, kind, self._may_go)
        name = f"{found.mark} {self.chance.choice(WORDS)} {self.chance.randrange(10000)}"
        payload = {"name": name}
        if side == QBO:
            payload = {"Name": name, **{key: found.raw[key] for key in ("AccountType",) if key in found.raw}}
        self.save(side, kind, payload, found.id)
        self.note(side, kind, found.mark, "name", name)
        return f"{kind} {found.mark} is now {name}"

    def retire_listed(self, side: str) -> str:
        kind = self.chance.choice(LISTS)
        found = self.pick(side, kind, self._may_go)
        self._product(side).person_delete(self.ids[side], entity(side, kind), found.id)
        self.note(side, kind, found.mark, "active", False)
        return f"{kind} {found.mark} retired"

    def restore_listed(self, side: str) -> str:
        kind = self.chance.choice(LISTS)
        gone = [each for each in self.look().all(side, kind) if each.gone and _ours(each.mark)]
        if not gone:
            raise CannotBe
        found = self.chance.choice(gone)
        if side == BILLCOM:
            self.sandbox.billcom.person_restore(self.ids[side], entity(side, kind), found.id)
        else:
            self.save(side, kind, {"Active": True}, found.id)
        self.note(side, kind, found.mark, "active", True)
        return f"{kind} {found.mark} restored"

    # --- bills -------------------------------------------------------------------------------------------------------

    def new_bill(self, side: str) -> str:
        paid = self.pick(side, "vendor", lambda each: _ours(each.mark))
        mark = self.mark("B")
        day = self._today() - timedelta(days=self.chance.randrange(60))
        lines = [self._line(side) for _ in range(self.chance.choice((1, 1, 2)))]
        place = self._maybe(side, "location", 0.2)
        due = day + timedelta(days=30)
        self.save(side, "bill", bill_payload(side, paid.id, mark, day, due, lines, place))
        self._made(side, "bill", mark)
        return f"new bill {mark} of {paid.mark}"

    def same_bill_on_both(self, side: str) -> str:
        """The same paper arrived at both: only its lines' words differ by who typed them."""
        other = BILLCOM if side == QBO else QBO
        books = self.look()
        there = {each.mark for each in books.live(other, "vendor") if each.mark[0] == "V"}
        vendor = self.pick(side, "vendor", lambda each: each.mark in there)
        accounts = {each.mark for each in books.live(other, "account") if _is_expense(other, each)}
        account = self.pick(side, "account", lambda each: each.mark in accounts and _is_expense(side, each)).mark
        mark, day = self.mark("B"), self._today() - timedelta(days=self.chance.randrange(30))
        amount = Decimal(self.chance.randrange(1000, 90000)).scaleb(-2)
        for each in (side, other):
            ids = [books.of(each, kind, found)[0].id for kind, found in (("vendor", vendor.mark), ("account", account))]
            line = (amount, "As on the paper", ids[1], "", "")
            self.save(each, "bill", bill_payload(each, ids[0], mark, day, day + timedelta(days=30), [line], ""))
            self._made(each, "bill", mark)
        self.twins.add(mark)
        return f"bill {mark} of {vendor.mark} on both sides"

    def edit_bill(self, side: str) -> str:
        found = self.pick(side, "bill")
        what = self.chance.choice(("due", "lines", "lines"))
        if what == "due":
            day = (self._today() + timedelta(days=self.chance.randrange(90))).isoformat()
            self.save(side, "bill", {"dueDate": day} if side == BILLCOM else {"DueDate": day}, found.id)
        else:
            self.save(side, "bill", self._other_lines(side, "billLineItems", found), found.id)
        value = self._seen(side, "bill", found.id).values[what]
        self.note(side, "bill", found.mark, what, value)
        return f"bill {found.mark}: {what}"

    def _other_lines(self, side: str, in_billcom: str, found: Shown) -> dict[str, Any]:
        name = in_billcom if side == BILLCOM else "Line"
        lines = [dict(each) for each in found.raw[name]]
        amount = "amount" if side == BILLCOM else "Amount"
        act = self.chance.random()
        if act < 0.3:
            lines.append(line_payload(side, *self._line(side)))
        elif act < 0.5 and len(lines) > 1:
            lines.pop()
        else:
            lines[0][amount] = Decimal(lines[0][amount]) + self.chance.randrange(1, 500)
        return {name: lines} if side == BILLCOM else {name: lines, "VendorRef": found.raw["VendorRef"]}

    def delete_bill(self, side: str) -> str:
        found = self.pick(side, "bill", self._may_go)
        self._product(side).person_delete(self.ids[side], entity(side, "bill"), found.id)
        self.note(side, "bill", found.mark, "active", False)
        return f"bill {found.mark} taken away"

    def decide_bill(self, side: str) -> str:
        """Approvers work in BILL only."""
        found = self.pick(BILLCOM, "bill")
        state = self.chance.choice(("APPROVED", "APPROVED", "APPROVED", "DENIED"))
        self.sandbox.billcom.person_approve(self.ids[BILLCOM], found.id, state)
        self.note(BILLCOM, "bill", found.mark, "approval", state)
        return f"bill {found.mark} {state.lower()}"

    # --- vendor credits ----------------------------------------------------------------------------------------------

    def new_credit(self, side: str) -> str:
        """Most are entered in BILL: from QuickBooks none goes over."""
        side = side if self.chance.random() < 0.3 else BILLCOM
        whose = self.pick(side, "vendor", lambda each: _ours(each.mark))
        mark = self.mark("R")
        lines = [self._line(side) for _ in range(self.chance.choice((1, 1, 2)))]
        if self.chance.random() < 0.8:
            lines = [(*each[:-1], "") for each in lines]
        day = self._today() - timedelta(days=self.chance.randrange(60))
        self.save(side, "vendor_credit", credit_payload(side, whose.id, mark, day, lines))
        self._made(side, "vendor_credit", mark)
        return f"new credit {mark} of {whose.mark}"

    def edit_credit(self, side: str) -> str:
        side = side if self.chance.random() < 0.3 else BILLCOM
        found = self.pick(side, "vendor_credit")
        what = self.chance.choice(("date", "lines"))
        if what == "date":
            day = (self._today() - timedelta(days=self.chance.randrange(90))).isoformat()
            change: dict[str, Any] = {"creditDate": day} if side == BILLCOM else {"TxnDate": day}
        else:
            change = self._other_lines(side, "vendorCreditLineItems", found)
        if side == QBO:
            change["VendorRef"] = found.raw["VendorRef"]
        self.save(side, "vendor_credit", change, found.id)
        value = self._seen(side, "vendor_credit", found.id).values[what]
        self.note(side, "vendor_credit", found.mark, what, value)
        return f"credit {found.mark}: {what}"

    def delete_credit(self, side: str) -> str:
        found = self.pick(side, "vendor_credit", self._may_go)
        self._product(side).person_delete(self.ids[side], entity(side, "vendor_credit"), found.id)
        self.note(side, "vendor_credit", found.mark, "active", False)
        return f"credit {found.mark} taken away"

    def pay_with_credit(self, side: str) -> str:
        """In BILL: how credits are used goes from there to QuickBooks."""
        left = {
            each.raw["vendorId"]: (each, rest)
            for each in self.look().live(BILLCOM, "vendor_credit")
            if (rest := Decimal(str(each.raw["amount"])) - Decimal(str(each.raw["appliedAmount"]))) > 0
        }
        found = self.pick(
            BILLCOM, "bill", lambda each: each.raw["vendorId"] in left and Decimal(str(each.raw["dueAmount"])) > 1
        )
        credit, rest = left[found.raw["vendorId"]]
        due = Decimal(str(found.raw["dueAmount"]))
        used = min(rest, (due / 2).quantize(Decimal("0.01")))
        amount = due - used
        while amount in self.amounts:
            amount -= Decimal("0.01")
        payment = self._payment(BILLCOM, found, amount)
        if "payments" not in payment:
            raise CannotBe
        payment["payments"][0]["vendorCredits"] = [{"id": credit.id, "amount": used}]
        self.save(BILLCOM, "bill_payment", payment)
        self.amounts.add(amount)
        self.note(BILLCOM, "bill_payment", f"{amount:.2f}", "made", True)
        return f"{amount} paid on bill {found.mark}, and {used} of credit {credit.mark}"

    def apply_credit(self, side: str) -> str:
        """In BILL, to a bill itself; what it had of other credits is taken off it."""
        credit = self.pick(BILLCOM, "vendor_credit", lambda each: _left(each) > 0)
        whose = credit.raw["vendorId"]
        found = self.pick(BILLCOM, "bill", lambda each: each.raw["vendorId"] == whose and _due(each) > 1)
        used = min(_left(credit), _due(found))
        if self.chance.random() < 0.5:
            used = (used / 2).quantize(Decimal("0.01"))
        self._apply(found, [{"id": credit.id, "amount": used}])
        return f"{used} of credit {credit.mark} applied to bill {found.mark}"

    def take_credit_off(self, side: str) -> str:
        found = self.pick(BILLCOM, "bill", lambda each: bool(self.look().applied(each.id)))
        self._apply(found, [])
        return f"bill {found.mark} lost what credits were applied to it"

    def move_credit(self, side: str) -> str:
        """From one bill to another of the same vendor; where that has credits of its own, the two change theirs."""
        found = self.pick(BILLCOM, "bill", lambda each: bool(self.look().applied(each.id)))
        room = _due(found) + self._used(found)
        other = self.pick(
            BILLCOM,
            "bill",
            lambda each: (
                each.id != found.id
                and each.raw["vendorId"] == found.raw["vendorId"]
                and self._used(found) <= _due(each) + self._used(each)
                and self._used(each) <= room
            ),
        )
        uses, others = self._uses(found), self._uses(other)
        for bill in (found, other):
            self._apply(bill, [])
        self._apply(other, uses)
        if others:
            self._apply(found, others)
        return f"bills {found.mark} and {other.mark} changed what credits were applied to them"

    def _uses(self, bill: Shown) -> list[dict[str, Any]]:
        return [
            {"id": self.look().of(BILLCOM, "vendor_credit", mark)[0].id, "amount": amount}
            for mark, amount in self.look().applied(bill.id).items()
        ]

    def _used(self, bill: Shown) -> Decimal:
        return sum(self.look().applied(bill.id).values(), Decimal())

    def _apply(self, bill: Shown, uses: list[dict[str, Any]]) -> None:
        self.save(BILLCOM, "bill", {"vendorCredits": uses}, bill.id)

    # --- invoices ----------------------------------------------------------------------------------------------------

    def new_invoice(self, side: str) -> str:
        customer = self.pick(side, "customer", lambda each: _ours(each.mark))
        mark = self.mark("I")
        lines = [self._sale(side) for _ in range(self.chance.choice((1, 1, 2)))]
        self._enter_invoice(side, customer.id, mark, lines, self._taxed(side, lines))
        return f"new invoice {mark} of {customer.mark}"

    def same_invoice_on_both(self, side: str) -> str:
        other = BILLCOM if side == QBO else QBO
        there = {each.mark: each.id for each in self.look().live(other, "customer")}
        customer = self.pick(side, "customer", lambda each: _ours(each.mark) and each.mark in there)
        mark, price = self.mark("I"), Decimal(self.chance.randrange(100, 9000)).scaleb(-2)
        for each, whose in ((side, customer.id), (other, there[customer.mark])):
            line = sales_line(each, self._item(each), Decimal(2), price, "As agreed", "")
            self._enter_invoice(each, whose, mark, [line], {})
        self.twins.add(mark)
        return f"invoice {mark} of {customer.mark} on both sides"

    def _enter_invoice(
        self, side: str, customer: str, mark: str, lines: list[dict[str, Any]], tax: dict[str, Any]
    ) -> None:
        day = self._today()
        payload = invoice_payload(side, customer, mark, day, day + timedelta(days=30), lines)
        self.save(side, "invoice", {**payload, **tax})
        self._made(side, "invoice", mark)

    def _taxed(self, side: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
        """In QuickBooks some of it has sales tax, mostly on all lines; on some only, BILL would reckon another."""
        if side == BILLCOM or self.chance.random() < 0.7:
            return {}
        for line in lines:
            if self.chance.random() < 0.9:
                line["SalesItemLineDetail"]["TaxCodeRef"] = {"value": "TAX"}
        return {"TxnTaxDetail": {"TxnTaxCodeRef": {"value": TAX_CODE}}}

    def _sale(self, side: str) -> dict[str, Any]:
        quantity, price = Decimal(self.chance.randrange(1, 9)), Decimal(self.chance.randrange(100, 9000)).scaleb(-2)
        words = f"{self.chance.choice(WORDS)} {self.chance.randrange(1000)}"
        return sales_line(side, self._item(side), quantity, price, words, self._maybe(side, "accounting_class", 0.3))

    def _item(self, side: str) -> str:
        entity, id, name = ("items", "id", "name") if side == BILLCOM else ("Item", "Id", "Name")
        (item,) = (each for each in self.look().sides[side][entity] if each[name] == HOURS)
        return str(item[id])

    def edit_invoice(self, side: str) -> str:
        found = self.pick(side, "invoice")
        what = self.chance.choice(("due", "lines"))
        if what == "due":
            day = (self._today() + timedelta(days=self.chance.randrange(90))).isoformat()
            change: dict[str, Any] = {"dueDate": day} if side == BILLCOM else {"DueDate": day}
        else:
            name = "invoiceLineItems" if side == BILLCOM else "Line"
            lines = [each for each in found.raw[name] if each.get("DetailType") in (None, "SalesItemLineDetail")]
            change = {
                name: [*lines[1:], self._sale(side)] if self.chance.random() < 0.5 else [*lines, self._sale(side)]
            }
        if side == QBO:
            change["CustomerRef"] = found.raw["CustomerRef"]
        elif "invoiceLineItems" in change:
            change["customer"] = {"id": found.raw["customerId"]}
        self.save(side, "invoice", change, found.id)
        self.note(side, "invoice", found.mark, what, self._seen(side, "invoice", found.id).values[what])
        return f"invoice {found.mark}: {what}"

    def delete_invoice(self, side: str) -> str:
        """In QuickBooks, too: there it stays in BILL."""
        found = self.pick(side, "invoice", self._may_go)
        self._product(side).person_delete(self.ids[side], entity(side, "invoice"), found.id)
        self.note(side, "invoice", found.mark, "active", False)
        return f"invoice {found.mark} taken away"

    # --- credit memos ------------------------------------------------------------------------------------------------

    def new_memo(self, side: str) -> str:
        customer = self.pick(side, "customer", lambda each: _ours(each.mark))
        mark = self.mark("M")
        lines = [self._sale(side) for _ in range(self.chance.choice((1, 1, 2)))]
        payload = memo_payload(side, customer.id, mark, self._today(), lines)
        self.save(side, "credit_memo", {**payload, **self._taxed(side, lines)})
        self._made(side, "credit_memo", mark)
        return f"new credit memo {mark} of {customer.mark}"

    def edit_memo(self, side: str) -> str:
        found = self.pick(side, "credit_memo")
        what = self.chance.choice(("date", "lines"))
        day = (self._today() - timedelta(days=self.chance.randrange(30))).isoformat()
        if what == "date":
            change: dict[str, Any] = {"creditDate": day} if side == BILLCOM else {"TxnDate": day}
        else:
            change = {"creditMemoLineItems" if side == BILLCOM else "Line": [self._sale(side)]}
        if side == QBO:
            change["CustomerRef"] = found.raw["CustomerRef"]
        self.save(side, "credit_memo", change, found.id)
        self.note(side, "credit_memo", found.mark, what, self._seen(side, "credit_memo", found.id).values[what])
        return f"credit memo {found.mark}: {what}"

    def delete_memo(self, side: str) -> str:
        found = self.pick(side, "credit_memo", self._may_go)
        self._product(side).person_delete(self.ids[side], entity(side, "credit_memo"), found.id)
        self.note(side, "credit_memo", found.mark, "active", False)
        return f"credit memo {found.mark} taken away"

    def apply_memo(self, side: str) -> str:
        """To an invoice of the same customer, in one of the products: it stays there."""
        memo = self.pick(side, "credit_memo", lambda each: not _applied(side, each))
        whose = memo.values["customer"]
        due = "dueAmount" if side == BILLCOM else "Balance"
        invoice = self.pick(side, "invoice", lambda each: each.values["customer"] == whose and each.raw[due] > 1)
        total = Decimal(str(memo.raw["amount" if side == BILLCOM else "TotalAmt"]))
        used = min(total, Decimal(str(invoice.raw[due])))
        if side == BILLCOM:
            self.save(side, "credit_memo", {"usage": [{"invoiceId": invoice.id, "amount": used}]}, memo.id)
        else:
            pair = ((invoice.id, "Invoice"), (memo.id, "CreditMemo"))
            lines = [{"Amount": used, "LinkedTxn": [{"TxnId": each, "TxnType": kind}]} for each, kind in pair]
            head = {"CustomerRef": memo.raw["CustomerRef"], "TotalAmt": 0, "TxnDate": self._today().isoformat()}
            self.save(side, "receivable_payment", {**head, "Line": lines})
            self.note(side, "receivable_payment", "nothing", "made", True)
        return f"{used} of credit memo {memo.mark} applied to invoice {invoice.mark}"

    def receive(self, side: str) -> str:
        """Mostly in BILL: what is received in QuickBooks stays there."""
        side = side if self.chance.random() < 0.3 else BILLCOM
        due = "dueAmount" if side == BILLCOM else "Balance"
        found = self.pick(side, "invoice", lambda each: Decimal(str(each.raw[due])) > 1)
        amount = Decimal(str(found.raw[due]))
        if self.chance.random() < 0.3:
            amount = (amount / 2).quantize(Decimal("0.01"))
        while amount in self.amounts:
            amount -= Decimal("0.01")
        self.save(side, "receivable_payment", self._received(side, found, amount))
        self.amounts.add(amount)
        self.note(side, "receivable_payment", f"{amount:.2f}", "made", True)
        return f"{amount} received on invoice {found.mark}"

    def _received(self, side: str, found: Shown, amount: Decimal) -> dict[str, Any]:
        day = self._today().isoformat()
        if side == BILLCOM:
            invoices = [{"id": found.id, "amount": amount}]
            if self.chance.random() < 0.4:
                by = self.chance.choice(("BANK_ACCOUNT", "BANK_ACCOUNT", "CARD_ACCOUNT"))
                return {"paymentDate": day, "fundingAccount": {"type": by}, "invoices": invoices}
            return {"paymentDate": day, "paymentType": "CHECK", "amount": amount, "invoices": invoices}
        link = {"Amount": amount, "LinkedTxn": [{"TxnId": found.id, "TxnType": "Invoice"}]}
        return {"CustomerRef": found.raw["CustomerRef"], "TotalAmt": amount, "TxnDate": day, "Line": [link]}

    def void_received(self, side: str) -> str:
        side = side if self.chance.random() < 0.3 else BILLCOM
        found = self.pick(side, "receivable_payment")
        self._product(side).person_void(self.ids[side], entity(side, "receivable_payment"), found.id)
        self.note(side, "receivable_payment", found.mark, "active", False)
        return f"payment of {found.mark} by a customer voided"

    # --- payments ----------------------------------------------------------------------------------------------------

    def pay(self, side: str) -> str:
        due = "dueAmount" if side == BILLCOM else "Balance"
        found = self.pick(side, "bill", lambda each: Decimal(str(each.raw[due])) > 1)
        amount = Decimal(str(found.raw[due]))
        if self.chance.random() < 0.3:
            amount = (amount / 2).quantize(Decimal("0.01"))
        while amount in self.amounts:
            amount -= Decimal("0.01")
        self.save(side, "bill_payment", self._payment(side, found, amount))
        self.amounts.add(amount)
        self.note(side, "bill_payment", f"{amount:.2f}", "made", True)
        return f"{amount} paid on bill {found.mark}"

    def _payment(self, side: str, found: Shown, amount: Decimal) -> dict[str, Any]:
        day = self._today().isoformat()
        if side == BILLCOM and self.chance.random() < 0.3:
            bank = {"type": "BANK_ACCOUNT", "id": self.sandbox.billcom.books(self.ids[side])["banks"][0]["id"]}
            return {"billId": found.id, "processDate": day, "amount": amount, "fundingAccount": bank}
        if side == BILLCOM:
            shares = [{"billId": found.id, "amount": amount}]
            vendor = found.raw["vendorId"]
            return {"vendorId": vendor, "processDate": day, "toPrintCheck": False, "payments": shares}
        bank_account = self.pick(side, "account", lambda each: each.values["name"] == "Operating Checking")
        return {
            "VendorRef": found.raw["VendorRef"],
            "PayType": "Check",
            "CheckPayment": {"BankAccountRef": {"value": bank_account.id}},
            "TotalAmt": amount,
            "TxnDate": day,
            "Line": [{"Amount": amount, "LinkedTxn": [{"TxnId": found.id, "TxnType": "Bill"}]}],
        }

    def void_payment(self, side: str) -> str:
        found = self._to_void(side)
        self._product(side).person_void(self.ids[side], entity(side, "bill_payment"), found.id)
        self.note(side, "bill_payment", found.mark, "active", False)
        return f"payment of {found.mark} voided"

    def _to_void(self, side: str) -> Shown:
        """In BILL one that it has drawn already, if there is one: what was transferred for it has to come back."""
        today = self._today().isoformat()
        if side == BILLCOM:
            with suppress(CannotBe):
                return self.pick(
                    side,
                    "bill_payment",
                    lambda each: bool(each.raw.get("onlinePayment")) and each.raw["processDate"] < today,
                )
        return self.pick(side, "bill_payment")

    # --- settings ----------------------------------------------------------------------------------------------------

    def close_books(self, side: str) -> str:
        day = (self._today() - timedelta(days=self.chance.choice((20, 45)))).isoformat()
        self.sandbox.qbo.person_save(
            self.ids[QBO], "Preferences", {"Id": "1", "AccountingInfoPrefs": {"BookCloseDate": day}}
        )
        return f"books closed on {day}"

    def _may_go(self, shown: Shown) -> bool:
        return _ours(shown.mark) and shown.mark not in self.twins

    # --- pieces ------------------------------------------------------------------------------------------------------

    def _product(self, side: str) -> Any:
        return self.sandbox.billcom if side == BILLCOM else self.sandbox.qbo

    def _today(self) -> date:
        return self.sandbox.clock.now().date()

    def _seen(self, side: str, kind: str, remote_id: str) -> Shown:
        found = self.look().by_id(side, kind, remote_id)
        if found is None:
            raise CannotBe
        return found

    def _made(self, side: str, kind: str, mark: str) -> None:
        (found,) = self.look().of(side, kind, mark)
        self.note(side, kind, mark, "made", True)
        for name in ("due", "lines", "date"):
            if name in found.values:
                self.note(side, kind, mark, name, found.values[name])

    def _maybe(self, side: str, kind: str, likely: float) -> str:
        if self.chance.random() >= likely:
            return ""
        return self.pick(side, kind).id

    def _line(self, side: str) -> tuple[Decimal, str, str, str, str]:
        account = self.pick(side, "account", lambda each: _is_expense(side, each))
        amount = Decimal(self.chance.randrange(1000, 90000)).scaleb(-2)
        words = f"{self.chance.choice(WORDS)} {self.chance.randrange(1000)}"
        customers = self.look().live(side, "customer")
        customer = self.chance.choice(customers).id if customers and self.chance.random() < 0.2 else ""
        return amount, words, account.id, self._maybe(side, "accounting_class", 0.3), customer


def _ours(mark: str) -> bool:
    return mark[:1].isupper()


def _left(credit: Shown) -> Decimal:
    return Decimal(str(credit.raw["amount"])) - Decimal(str(credit.raw["appliedAmount"]))


def _applied(side: str, memo: Shown) -> bool:
    if side == BILLCOM:
        return bool(memo.raw["appliedAmount"])
    return bool(memo.raw["RemainingCredit"] < memo.raw["TotalAmt"])


def _due(bill: Shown) -> Decimal:
    return Decimal(str(bill.raw["dueAmount"])) - Decimal(str(bill.raw["scheduledAmount"]))


def _is_expense(side: str, account: Shown) -> bool:
    if side == BILLCOM:
        return (account.raw.get("account") or {}).get("type") == "EXPENSE"
    return account.raw["AccountType"] == "Expense"


_ACTS = {
    "new_party": 6,
    "same_party_on_both": 2,
    "edit_party": 8,
    "contest": 3,
    "new_listed": 2,
    "rename_listed": 2,
    "retire_listed": 2,
    "restore_listed": 2,
    "new_bill": 10,
    "same_bill_on_both": 1,
    "edit_bill": 7,
    "delete_bill": 2,
    "decide_bill": 2,
    "new_credit": 4,
    "edit_credit": 3,
    "delete_credit": 1,
    "pay_with_credit": 4,
    "apply_credit": 4,
    "take_credit_off": 0.5,
    "move_credit": 6,
    "pay": 6,
    "void_payment": 2,
    "new_invoice": 7,
    "same_invoice_on_both": 1,
    "edit_invoice": 4,
    "delete_invoice": 1,
    "new_memo": 3,
    "edit_memo": 2,
    "delete_memo": 0.5,
    "apply_memo": 1.5,
    "receive": 4,
    "void_received": 1,
    "close_books": 0.3,
}
