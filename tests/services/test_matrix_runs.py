"""Every cell of the sync matrix by a run: a record is made, changed and taken away on each side, and the other side is
looked at each time.

One company for each set of preferences on which directions depend. What is expected is ``expected`` of test_overview,
written down by hand from the matrix; a test there holds it against all sets of preferences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from syncapp.core.schema import Terms
from syncapp.core.sides import Cohort, Side
from syncapp.kinds import KINDS
from syncapp.models import Company, SyncedObject, SyncPreferences
from syncapp.services import overview, terms
from tests.services.test_credit_memos import MEMOS, Credits
from tests.services.test_funds_transfers import Books
from tests.services.test_overview import expected
from tests.services.test_rules import bill_in_qbo, expense_line, pay_in_qbo
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, choose_banks, linked, synced, writes

ADDRESS = {"line1": "1 Main St", "city": "Reno", "stateOrProvince": "NV", "zipOrPostalCode": "89501", "country": "US"}
THERE = {"Line1": "1 Main St", "City": "Reno", "PostalCode": "89501", "Country": "US"}
Record = dict[str, Any]
Made = dict[tuple[str, Side], str]


class Firm:
    """What people do in both products, kind by kind."""

    def __init__(self, company: Company, sandbox: Sandbox, loaded: dict[str, Any]) -> None:
        self.company, self.sandbox = company, sandbox
        self.books, self.sales = Books(company, sandbox, loaded), Credits(company, sandbox, loaded)
        self.realm, self.organization = self.books.realm, self.books.organization

    def enters(self, side: Side, entity: str, record: Record) -> str:
        made = self.sandbox.person(side, self.of(side), entity, record)
        return str(made["id" if side is Side.BILLCOM else "Id"])

    def of(self, side: Side) -> str:
        return self.organization if side is Side.BILLCOM else self.realm

    def account(self, kind: str) -> SyncedObject:
        return next(row for row in linked(self.company, "account") if row.qbo_values["account_type"] == kind)

    def record(self, side: Side, entity: str, remote_id: str) -> Record | None:
        name = "id" if side is Side.BILLCOM else "Id"
        found = self.sandbox.books(side, self.of(side))[entity]
        return next((each for each in found if each[name] == remote_id), None)

    def settled_bill(self, number: str) -> Record:
        """A bill that was made in BILL, and is in QuickBooks."""
        return self.books.bill(number)

    def pays_outside(self) -> str:
        bill = self.books.billcom("bills", self.paid_in_bill)
        share = {"billId": bill["id"], "amount": 100}
        head = {"vendorId": bill["vendorId"], "processDate": "2026-10-10", "toPrintCheck": False}
        return self.enters(Side.BILLCOM, "payments", {**head, "payments": [share]})

    def pays_there(self) -> str:
        bill = self.books.twin("bill", "Bill", self.paid_there)
        return str(pay_in_qbo(self.company, self.sandbox, self.realm, bill, 100)["Id"])

    def before(self) -> None:
        """What payments need: bills and invoices in both products."""
        self.paid_in_bill, self.paid_there = (str(self.books.bill(number)["id"]) for number in ("M-1", "M-2"))
        self.received_in_bill, self.received_there = (
            self.sales.in_bill(number, price=price) for number, price in (("M-3", 25), ("M-4", 27))
        )

    def receives_there(self) -> str:
        row = self.sales.row(billcom_id=self.received_there["id"])
        there = self.sales.qbo("Invoice")[str(row.qbo_id)]
        line = {"Amount": 100, "LinkedTxn": [{"TxnId": there["Id"], "TxnType": "Invoice"}]}
        head = {"CustomerRef": there["CustomerRef"], "TxnDate": "2026-10-20", "TotalAmt": 100}
        return self.enters(Side.QBO, "Payment", {**head, "Line": [line]})

    def credit_there(self) -> str:
        vendor = {"VendorRef": {"value": self.books.vendor().qbo_id}, "DocNumber": "M-9", "TxnDate": "2026-10-02"}
        return self.enters(Side.QBO, "VendorCredit", {**vendor, "Line": [expense_line(self.company, 31)]})

    def journal_there(self) -> str:
        lines = [
            {"DetailType": "JournalEntryLineDetail", "Amount": 5, "JournalEntryLineDetail": each}
            for each in (
                {"PostingType": posting, "AccountRef": {"value": self.account("EXPENSE").qbo_id}}
                for posting in ("Debit", "Credit")
            )
        ]
        return self.enters(Side.QBO, "JournalEntry", {"TxnDate": "2026-10-02", "Line": lines})

    def takes_away(self, side: Side, entity: str, remote_id: str) -> None:
        if entity in ("payments", "BillPayment"):
            self.sandbox.person_voids(side, self.of(side), entity, remote_id)
        else:
            self.sandbox.person_deletes(side, self.of(side), entity, remote_id)


@dataclass(frozen=True)
class Cell:
    """One kind: how it is made on each side, what of it is changed there, and where that shows.

    ``change``: side -> (what is sent, field, value), None where the product changes nothing of the kind.
    ``stays``: the sides on which it may be taken away and stays on the other, by the matrix.
    """

    path: str
    entity: str
    make: dict[Side, Callable[[Firm], str]]
    change: dict[Side, Record] | None
    field: str = ""
    stays: frozenset[Side] = frozenset()
    retired: frozenset[Side] = frozenset(Side)


B, Q = Side.BILLCOM, Side.QBO


def named(path: str, entity: str, billcom: Record, qbo: Record, field: str, change: dict[Side, Record]) -> Cell:
    return Cell(
        path,
        entity,
        {
            B: lambda firm: firm.enters(B, path, {"name": f"Ours {path}", **billcom}),
            Q: lambda firm: firm.enters(Q, entity, qbo),
        },
        change,
        field,
    )


def item(firm: Firm, side: Side) -> str:
    income = firm.account("INCOME")
    record: Record
    if side is B:
        record = {"name": "Ours items", "type": "SERVICE", "chartOfAccountId": income.billcom_id, "price": 5}
        return firm.enters(B, "items", record)
    record = {"Name": "Theirs items", "Type": "Service", "IncomeAccountRef": {"value": income.qbo_id}, "UnitPrice": 5}
    return firm.enters(Q, "Item", record)


def tax_code(firm: Firm) -> str:
    rate = firm.enters(Q, "TaxRate", {"Name": "Theirs", "RateValue": 6, "Active": True})
    rates = {"TaxRateDetail": [{"TaxRateRef": {"value": rate}}]}
    return firm.enters(Q, "TaxCode", {"Name": "Theirs", "Taxable": True, "Active": True, "SalesTaxRateList": rates})


PHONE: dict[Side, Record] = {B: {"phone": "(555) 010-7001"}, Q: {"PrimaryPhone": {"FreeFormNumber": "(555) 010-7002"}}}
NAME: dict[Side, Record] = {B: {"name": "Ours renamed"}, Q: {"Name": "Theirs renamed"}}
CELLS: dict[str, Cell] = {
    "account": named(
        "chart-of-accounts",
        "Account",
        {"account": {"type": "EXPENSE"}},
        {"Name": "Theirs", "AccountType": "Expense"},
        "description",
        {B: {"description": "ours"}, Q: {"Description": "theirs"}},
    ),
    "accounting_class": named("accounting-classes", "Class", {}, {"Name": "Theirs classes"}, "name", NAME),
    "location": named("locations", "Department", {}, {"Name": "Theirs locations"}, "name", NAME),
    "term": Cell(
        "payment-terms",
        "Term",
        {
            B: lambda firm: firm.enters(B, "payment-terms", {"name": "Ours 77", "daysDue": 77}),
            Q: lambda firm: firm.enters(Q, "Term", {"Name": "Theirs 78", "DueDays": 78}),
        },
        {B: {"name": "Ours renamed"}, Q: {"Name": "Theirs renamed"}},
        "name",
        stays=frozenset({Q}),  # BILL's can't be archived.
        retired=frozenset({Q}),
    ),
    "vendor": named(
        "vendors", "Vendor", {"address": ADDRESS}, {"DisplayName": "Theirs vendor", "BillAddr": THERE}, "phone", PHONE
    ),
    "customer": named(
        "customers",
        "Customer",
        {"email": "ours@client.example"},
        {"DisplayName": "Theirs client", "PrimaryEmailAddr": {"Address": "theirs@client.example"}},
        "phone",
        PHONE,
    ),
    "item": Cell(
        "items",
        "Item",
        {B: lambda firm: item(firm, B), Q: lambda firm: item(firm, Q)},
        {B: {"price": 7}, Q: {"UnitPrice": 8}},
        "price",
    ),
    "sales_tax": Cell(
        "items",
        "TaxCode",
        {B: lambda firm: firm.enters(B, "items", {"name": "Ours", "type": "SALES_TAX", "percentage": 5}), Q: tax_code},
        {B: {"name": "Ours renamed"}, Q: {"Name": "Theirs renamed"}},
        "name",
    ),
    "bill": Cell(
        "bills",
        "Bill",
        {
            B: lambda firm: str(firm.books.bill("M-5")["id"]),
            Q: lambda firm: str(bill_in_qbo(firm.company, firm.sandbox, firm.realm, "M-6")["Id"]),
        },
        {B: {"dueDate": "2026-12-01"}, Q: {"DueDate": "2026-12-02"}},
        "due_date",
    ),
    "vendor_credit": Cell(
        "vendor-credits",
        "VendorCredit",
        {B: lambda firm: str(firm.books.credit("M-8")["id"]), Q: Firm.credit_there},
        {B: {"description": "ours"}, Q: {"PrivateNote": "theirs"}},
        "description",
    ),
    "bill_payment": Cell("payments", "BillPayment", {B: Firm.pays_outside, Q: Firm.pays_there}, None),
    "funds_transfer": Cell(
        "payments",
        "JournalEntry",
        {B: lambda firm: str(firm.books.pays_online("M-7", 70)["id"]), Q: Firm.journal_there},
        None,
        stays=frozenset({B}),  # Another gives back what was voided.
    ),
    "invoice": Cell(
        "invoices",
        "Invoice",
        {
            B: lambda firm: str(firm.sales.in_bill("M-10", price=26)["id"]),
            Q: lambda firm: str(firm.sales.in_quickbooks("M-11", 111)["Id"]),
        },
        {B: {"dueDate": "2026-12-03"}, Q: {"DueDate": "2026-12-04"}},
        "due_date",
        stays=frozenset({Q}),  # Matrix, row invoice: a deletion in QuickBooks doesn't flow.
    ),
    "receivable_payment": Cell(
        "receivable-payments",
        "Payment",
        {B: lambda firm: firm.sales.received(firm.received_in_bill, 40), Q: Firm.receives_there},
        None,
        retired=frozenset({Q}),  # BILL's API takes none back.
    ),
    "credit_memo": Cell(
        MEMOS,
        "CreditMemo",
        {
            B: lambda firm: str(firm.sales.memo("M-12", 32)["id"]),
            Q: lambda firm: str(firm.sales.memo_in_quickbooks("M-13", 33)["Id"]),
        },
        {B: {"referenceNumber": "M-12A"}, Q: {"DocNumber": "M-13A"}},
        "number",
    ),
}


SETS: dict[str, dict[str, Any]] = {
    "console": {},
    "console, two-way payments": {"two_way_payments": True, "payment_terms": True},
    "console, one-way": {"one_way": True},
    "direct": {"signed_up_on": date(2020, 1, 1), "payment_terms": True},
    "direct, one-way": {"signed_up_on": date(2020, 1, 1), "one_way": True},
    "console, before credit memos": {"signed_up_on": date(2018, 1, 1), "console": True},
    "console, neither classes nor locations": {"off": True},
}
OFF = {
    "AccountingInfoPrefs": {"TrackDepartments": False, "ClassTrackingPerTxnLine": False, "ClassTrackingPerTxn": False}
}
TAXES = {"TaxPrefs": {"UsingSalesTax": True}}


def test_no_kind_is_without_its_cells() -> None:
    assert set(CELLS) == set(KINDS)


@pytest.mark.parametrize("chosen", SETS)
def test_each_cell_is_what_a_run_does(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], chosen: str
) -> None:
    choose_banks(
        company, [each["id"] for each in sandbox.books("billcom", loaded["billcom"]["organization_id"])["banks"]]
    )
    synced(company, clock)
    firm = Firm(company, sandbox, loaded)
    _choose(firm, **SETS[chosen])
    firm.before()
    synced(company, clock)
    company.refresh_from_db()
    now = terms.load(company)
    flows = {line.name: line for line in overview.lines(now)}
    signs = {name: expected(name, now) for name in CELLS}
    made = {(name, side): make(firm) for name, cell in CELLS.items() for side, make in cell.make.items()}
    synced(company, clock)

    wrong: list[str] = []
    known: dict[tuple[str, Side], int] = {
        key: row.pk for key, remote_id in made.items() if (row := _row(company, *key, remote_id))
    }
    for (name, side), remote_id in made.items():
        row = _row(company, name, side, remote_id)
        rule = (flows[name].to_qbo if side is B else flows[name].to_billcom).rule
        if _goes(signs[name], side):
            there = row is not None and row.linked and firm.record(side.other, *_other(firm, name, side, row))
            _note(wrong, bool(there), name, side, "made", row)
        else:
            held = row is None or (not row.linked and row.hold_code == rule)
            _note(wrong, held, name, side, "made", row)

    changed = [(name, side) for name, cell in CELLS.items() if cell.change for side in Side]
    values = {key: _change(firm, *key, made[key]) for key in changed}
    synced(company, clock)
    for name, side in changed:
        row = _row(company, name, side, made[name, side])
        if _goes(signs[name], side):
            shown = (getattr(row, f"{side.other}_values", None) or {}).get(CELLS[name].field)
            _note(wrong, str(shown) == str(values[name, side]), name, side, "changed", row)

    sandbox.switch(billcom_void_at_once=True)
    for (name, side), remote_id in made.items():
        if side in CELLS[name].retired:
            firm.takes_away(side, CELLS[name].path if side is B else CELLS[name].entity, remote_id)
    synced(company, clock)
    for name, side in made:
        row = SyncedObject.objects.filter(pk=known.get((name, side), 0)).first()
        if _goes(signs[name], side) and side in CELLS[name].retired:
            gone = row is not None and _is_gone(firm, name, side, row)
            _note(wrong, gone != _stays(name, side, now), name, side, "taken away", row)
    assert not wrong, "\n".join(wrong)
    assert writes(synced(company, clock)) == 0


def _choose(firm: Firm, *, off: bool = False, console: bool = False, **given: Any) -> None:
    company = Company.objects.filter(pk=firm.company.pk)
    if day := given.pop("signed_up_on", None):
        company.update(signed_up_on=day, **({} if console else {"firm": None}))
    firm.sandbox.person("qbo", firm.realm, "Preferences", {"Id": "1", **(OFF if off else TAXES)})
    if given:
        SyncPreferences.objects.filter(company=firm.company).update(**given)
    firm.company.refresh_from_db()


def _goes(sign: str, side: Side) -> bool:
    return sign == "⇄" or sign == ("→Q" if side is B else "→B")


def _row(company: Company, name: str, side: Side, remote_id: str) -> SyncedObject | None:
    found = SyncedObject.objects.of(company, name)
    if name == "funds_transfer" and side is B:
        payment = SyncedObject.objects.filter(company=company, kind="bill_payment", billcom_id=remote_id).first()
        return payment.part_of if payment else found.filter(state="retired").first()
    return found.filter(**{f"{side}_id": remote_id}).first()


def _other(firm: Firm, name: str, side: Side, row: SyncedObject) -> tuple[str, str]:
    return (CELLS[name].entity, str(row.qbo_id)) if side is B else (CELLS[name].path, str(row.billcom_id))


def _change(firm: Firm, name: str, side: Side, remote_id: str) -> Any:
    cell = CELLS[name]
    assert cell.change is not None
    sent = cell.change[side]
    if side is B:
        firm.enters(B, cell.path, {"id": remote_id, **sent})
    else:
        shown = firm.record(Q, cell.entity, remote_id)
        assert shown is not None
        always: Record = {key: shown[key] for key in ("VendorRef", "CustomerRef", "DocNumber") if key in shown}
        firm.enters(Q, cell.entity, {**always, "Id": remote_id, **sent})
    (value,) = sent.values()
    return value["FreeFormNumber"] if isinstance(value, dict) else value


def _is_gone(firm: Firm, name: str, side: Side, row: SyncedObject) -> bool:
    """As the other product's books have it."""
    if row.remote_id(side.other) is None:
        return row.state == "retired"
    there = firm.record(side.other, *_other(firm, name, side, row))
    if there is None:
        return True
    if side is B:
        return there.get("Active") is False or str(there.get("PrivateNote", "")).lower().startswith("void")
    return (
        bool(there.get("archived"))
        or there.get("status") in ("VOID", "VOIDED")
        or there.get("singleStatus") == "VOIDED"
    )


def _stays(name: str, side: Side, now: Terms) -> bool:
    """Matrix, row void: of offline payments both ways in cohort B, else to QuickBooks only."""
    return side in CELLS[name].stays or (name == "bill_payment" and side is Q and now.cohort is Cohort.A)


def _note(wrong: list[str], right: bool, name: str, side: Side, step: str, row: SyncedObject | None) -> None:
    if not right:
        why = f"{row.state} {row.hold_code} {row.hold_facts}" if row else "no row"
        wrong.append(f"{name}, {step} in {side.label}: {why}")
