"""More of the errors that BILL's own sync names, each brought about: held with words that help, or prevented.

Reference: spec, behaviour of BILL's sync, section 9; the numbers are those of its table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from syncapp.core.holds import HoldCode
from syncapp.models import Company, GLMapping, GLRole, ObjectState, SyncedObject
from syncapp.services import links
from tests.services.test_funds_transfers import Books
from tests.services.test_named_errors import Office, is_held_and_shown, warns_of
from tests.services.test_rules import expense_line
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, choose_banks, linked, synced, writes


class Desk(Office):
    """An office whose people also sell."""

    def active(self, kind: str, at: int = 0) -> SyncedObject:
        """One that is under no other."""
        found = linked(self.company, kind)
        return [row for row in found if row.qbo_values["active"] and not row.qbo_values.get("parent")][at]

    def sells(self, number: str, customer: SyncedObject | None = None, item: str | None = "") -> dict[str, Any]:
        line: dict[str, Any] = {"quantity": 1, "price": 60, "description": "d"}
        if item is not None:
            line["classifications"] = {"itemId": item or self.active("item").billcom_id}
        head = {"customer": {"id": (customer or self.active("customer")).billcom_id}, "invoiceNumber": number}
        dates = {"invoiceDate": "2026-10-02", "dueDate": "2026-11-02"}
        return self.enters("invoices", {**head, **dates, "invoiceLineItems": [line]})

    def receives(self, invoice: dict[str, Any]) -> dict[str, Any]:
        paid = {"paymentDate": "2026-10-20", "paymentType": "CHECK", "amount": 60}
        return self.enters("receivable-payments", {**paid, "invoices": [{"id": invoice["id"], "amount": 60}]})

    def pays_outside(self, bill: dict[str, Any]) -> dict[str, Any]:
        share = {"billId": bill["id"], "amount": 100}
        head = {"vendorId": bill["vendorId"], "processDate": "2026-10-10", "toPrintCheck": False}
        return self.enters("payments", {**head, "payments": [share]})

    def books_(self) -> Books:
        ids = {"qbo": {"realm_id": self.realm}, "billcom": {"organization_id": self.organization}}
        return Books(self.company, self.sandbox, ids)

    def inactivates(self, entity: str, row: SyncedObject) -> None:
        self.sandbox.person_deletes("qbo", self.realm, entity, str(row.qbo_id))


def name_of_a_list_in_use(desk: Desk) -> SyncedObject:
    """2: an account of that name is there, and somebody has excluded it from the sync."""
    theirs = desk.there("Account", {"Name": "Clashing Costs", "AccountType": "Expense"})
    desk.sync()
    links.unlink(desk.row("account", qbo_id=theirs["Id"]), User.objects.get(username="admin"))
    ours = SyncedObject.objects.get(company=desk.company, label="Clashing Costs", qbo_id=None)
    links.include(SyncedObject.objects.filter(pk=ours.pk), User.objects.get(username="admin"), create=True)
    desk.sync()
    return ours


def vendor_isnt_the_bills(desk: Desk) -> SyncedObject:
    """3: the bill got another vendor in QuickBooks, and was paid in BILL."""
    made = desk.bill("E-3")
    desk.sync()
    there = desk.twin("bill", "Bill", made["id"])
    other = desk.active("vendor", 1)
    payment = desk.pays_outside(made)
    desk.there("Bill", {"Id": there["Id"], "VendorRef": {"value": other.qbo_id}})
    desk.sync()
    return desk.row("bill_payment", billcom_id=payment["id"])


def customer_isnt_the_invoices(desk: Desk) -> SyncedObject:
    """4: the same of an invoice."""
    made = desk.sells("E-4")
    desk.sync()
    there = desk.twin("invoice", "Invoice", made["id"])
    payment = desk.receives(made)
    desk.there("Invoice", {"Id": there["Id"], "CustomerRef": {"value": desk.active("customer", 1).qbo_id}})
    desk.sync()
    return desk.row("receivable_payment", billcom_id=payment["id"])


def invoice_of_the_payment_deleted(desk: Desk) -> SyncedObject:
    """8: the invoice was deleted in QuickBooks, and the customer pays it in BILL."""
    made = desk.sells("E-8")
    desk.sync()
    desk.inactivates("Invoice", desk.row("invoice", billcom_id=made["id"]))
    payment = desk.receives(made)
    desk.sync()
    return desk.row("receivable_payment", billcom_id=payment["id"])


def customer_inactive(desk: Desk) -> SyncedObject:
    """9: the invoice's customer is made inactive in QuickBooks at the same time."""
    client = desk.enters("customers", {"name": "Passing Client", "email": "passing@client.example"})
    desk.sync()
    customer = desk.row("customer", billcom_id=client["id"])
    made = desk.sells("E-9", customer)
    desk.inactivates("Customer", customer)
    desk.sync()
    return desk.row("invoice", billcom_id=made["id"])


def item_inactive(desk: Desk) -> SyncedObject:
    """10: the same of an item."""
    income = next(row for row in linked(desk.company, "account") if row.qbo_values["account_type"] == "INCOME")
    sold = desk.enters("items", {"name": "Passing Work", "type": "SERVICE", "chartOfAccountId": income.billcom_id})
    desk.sync()
    made = desk.sells("E-10", item=sold["id"])
    desk.inactivates("Item", desk.row("item", billcom_id=sold["id"]))
    desk.sync()
    return desk.row("invoice", billcom_id=made["id"])


def class_deleted(desk: Desk) -> SyncedObject:
    """11: a class is renamed in BILL that QuickBooks has let go of behind its API's back."""
    row = desk.active("accounting_class")
    desk.sandbox.obstruct(desk.realm, "Class", str(row.qbo_id), "deleted")
    desk.enters("accounting-classes", {"id": row.billcom_id, "name": "Regrouped"})
    desk.sync()
    return row


def credit_number_in_use(desk: Desk) -> SyncedObject:
    """17: two credits of a vendor have one number in BILL, where QuickBooks compares them."""
    desk.sandbox.switch(qbo_unique_credit_numbers=True)
    for _ in range(2):
        desk.credit("E-17")
    desk.sync()
    desk.sandbox.switch(qbo_unique_credit_numbers=False)
    return desk.row("vendor_credit", number="E-17", qbo_id=None)


def credit_used_in_bill_only(desk: Desk) -> SyncedObject:
    """22: in QuickBooks the credit that a payment uses has settled another bill, so 70 is less than the bill of 100."""
    bill, other, credit = desk.bill("E-22"), desk.bill("E-22b"), desk.credit("E-22c")
    desk.sync()
    uses = [
        {"Amount": 30, "LinkedTxn": [{"TxnId": there["Id"], "TxnType": there_is}]}
        for there_is, there in (
            ("Bill", desk.twin("bill", "Bill", other["id"])),
            ("VendorCredit", desk.twin("vendor_credit", "VendorCredit", credit["id"])),
        )
    ]
    vendor = {"value": desk.vendor().qbo_id}
    desk.there("BillPayment", {"VendorRef": vendor, "PayType": "Check", "TotalAmt": 0, "Line": uses})
    payment = desk.pays(bill, 70, credit, 30)
    desk.sync()
    assert desk.twin("bill", "Bill", bill["id"])["Balance"] == 100
    return desk.row("bill_payment", billcom_id=payment["id"])


def credit_deleted(desk: Desk) -> SyncedObject:
    """7: the credit that a payment uses was deleted in QuickBooks."""
    bill, credit = desk.bill("E-7"), desk.credit("E-7c")
    desk.sync()
    desk.inactivates("VendorCredit", desk.row("vendor_credit", billcom_id=credit["id"]))
    payment = desk.pays(bill, 70, credit, 30)
    desk.sync()
    return desk.row("bill_payment", billcom_id=payment["id"])


def amount_of_an_approved_bill(desk: Desk) -> SyncedObject:
    """28: approved in BILL, which lets nobody change its amount then, and changed in QuickBooks."""
    made = desk.bill("E-28")
    desk.sandbox.person_approves(desk.organization, made["id"])
    desk.sync()
    row = desk.row("bill", billcom_id=made["id"])
    there = desk.twin("bill", "Bill", made["id"])
    desk.sandbox.switch(billcom_approved_bill_edits="no-amount")
    desk.there("Bill", {"Id": there["Id"], "Line": [{**there["Line"][0], "Amount": 140}]})
    desk.sync()
    desk.sandbox.switch(billcom_approved_bill_edits="all")
    return row


def vendor_of_the_network(desk: Desk) -> SyncedObject:
    """29: the vendor has joined the BILL network, and is edited in QuickBooks."""
    row = desk.active("vendor")
    desk.enters("vendors", {"id": row.billcom_id, "networkStatus": "CONNECTED"})
    desk.there("Vendor", {"Id": row.qbo_id, "PrimaryPhone": {"FreeFormNumber": "(555) 010-7029"}})
    desk.sync()
    return row


def deposit_to_of_another_type(desk: Desk) -> SyncedObject:
    """20, 21: the account that receipts are deposited to was given another type in QuickBooks."""
    chosen = GLMapping.objects.get(company=desk.company, role=GLRole.DEPOSIT_TO)
    fresh = desk.there("Account", {"Name": "Till", "AccountType": "Other Current Asset"})
    desk.sync()
    chosen.account = desk.row("account", qbo_id=fresh["Id"])
    chosen.save()
    desk.there("Account", {"Id": fresh["Id"], "Name": "Till", "AccountType": "Expense"})
    payment = desk.receives(desk.sells("E-21"))
    desk.sync()
    return desk.row("receivable_payment", billcom_id=payment["id"])


def bank_without_account(desk: Desk) -> SyncedObject:
    """24: BILL drew from a bank account that stands for no account in QuickBooks."""
    books = desk.books_()
    choose_banks(desk.company, books.banks())
    GLMapping.objects.filter(company=desk.company, role=GLRole.BANK_ACCOUNT).update(account=None)
    payment = books.pays_online("E-24", 70)
    desk.sync()
    transfer = desk.row("bill_payment", billcom_id=payment["id"]).part_of
    assert transfer is not None
    return transfer


def invoice_not_there(desk: Desk) -> SyncedObject:
    """25: the invoice that was paid never came over, since a line names no item."""
    payment = desk.receives(desk.sells("E-25", item=None))
    desk.sync()
    return desk.row("receivable_payment", billcom_id=payment["id"])


def under_opening_balance(desk: Desk) -> SyncedObject:
    """37: Opening Balance Equity has no sub-accounts."""
    opening = SyncedObject.objects.get(company=desk.company, kind="account", label="Opening Balance Equity")
    made = desk.enters(
        "chart-of-accounts", {"name": "Below", "account": {"type": "EQUITY"}, "parentId": opening.billcom_id}
    )
    desk.sync()
    return desk.row("account", billcom_id=made["id"])


def item_without_account(desk: Desk) -> SyncedObject:
    """38."""
    made = desk.enters("items", {"name": "Unposted Work", "type": "SERVICE"})
    desk.sync()
    return desk.row("item", billcom_id=made["id"])


def project_edited(desk: Desk) -> SyncedObject:
    """42: a project of QuickBooks, edited in BILL."""
    parent = desk.active("customer")
    head = {"DisplayName": "Kitchen", "Job": True, "IsProject": True, "ParentRef": {"value": parent.qbo_id}}
    made = desk.there("Customer", {**head, "PrimaryEmailAddr": {"Address": "kitchen@client.example"}})
    desk.sync()
    row = desk.row("customer", qbo_id=made["Id"])
    desk.enters("customers", {"id": row.billcom_id, "phone": "(555) 010-7003"})
    desk.sync()
    return row


def bill_in_euros(desk: Desk) -> SyncedObject:
    """43: the company uses several currencies, and amounts go over as they are."""
    desk.there("Preferences", {"CurrencyPrefs": {"MultiCurrencyEnabled": True}})
    line = expense_line(desk.company, 90)
    vendor = desk.there("Vendor", {"DisplayName": "Quai Verre", "CurrencyRef": {"value": "EUR"}})
    head = {"VendorRef": {"value": vendor["Id"]}, "CurrencyRef": {"value": "EUR"}, "ExchangeRate": 1.1}
    made = desk.there("Bill", {**head, "DocNumber": "E-43", "TxnDate": "2026-10-01", "Line": [line]})
    desk.sync()
    return desk.row("bill", qbo_id=made["Id"])


def character_not_taken(desk: Desk) -> SyncedObject:
    """+b: a colon stands between a customer and a job, so no vendor's name has one."""
    address = {"line1": "1 Main St", "city": "Reno", "zipOrPostalCode": "89501", "country": "US"}
    made = desk.enters("vendors", {"name": "Glass: Cut & Sons", "address": address})
    desk.sync()
    return desk.row("vendor", billcom_id=made["id"])


CASES: list[tuple[str, Callable[[Desk], SyncedObject], HoldCode, str, str]] = [
    ("2", name_of_a_list_in_use, HoldCode.NAME_TAKEN, "already has a record with this name", "Rename one of the two"),
    ("3", vendor_isnt_the_bills, HoldCode.REJECTED, "bill E-3: the vendor there is another", "Give bill E-3 the same"),
    ("4", customer_isnt_the_invoices, HoldCode.REJECTED, "E-4: the customer there is another", "Give invoice E-4 the"),
    ("7", credit_deleted, HoldCode.REJECTED, "was deleted or made inactive", "choose another"),
    ("8", invoice_of_the_payment_deleted, HoldCode.REJECTED, "deleted or made inactive", "or choose another"),
    ("9", customer_inactive, HoldCode.REJECTED, "deleted or made inactive", "Make that active again"),
    ("10", item_inactive, HoldCode.REJECTED, "deleted or made inactive", "Make that active again"),
    ("11", class_deleted, HoldCode.REJECTED, "deleted or made inactive", "Make that active again"),
    ("17", credit_number_in_use, HoldCode.NUMBER_TAKEN, "a transaction with this number", "Change the number"),
    ("22", credit_used_in_bill_only, HoldCode.REJECTED, "come to less than the bills they pay", "Find the credit in"),
    ("28", amount_of_an_approved_bill, HoldCode.REJECTED, "what was approved can't be changed", "Change it in BILL"),
    ("29", vendor_of_the_network, HoldCode.FLOW_NOT_IN_MATRIX, "connected in the BILL network", "in BILL instead"),
    ("20, 21", deposit_to_of_another_type, HoldCode.REJECTED, "take deposits in", "Choose a Bank or Other Current"),
    ("24", bank_without_account, HoldCode.NEEDS_MAPPING, "GL Account For Bank Account", "Choose the account"),
    ("25", invoice_not_there, HoldCode.WAITS_FOR, "refers to invoice E-25", "this record follows by itself"),
    ("37", under_opening_balance, HoldCode.REJECTED, "without sub-accounts", "Use another account"),
    (
        "38",
        item_without_account,
        HoldCode.NEEDS_ACCOUNT,
        "This item has no account",
        "Choose the account on the record",
    ),
    ("43", bill_in_euros, HoldCode.CURRENCY, "EUR", "currency"),
    ("+b", character_not_taken, HoldCode.REJECTED, "characters", "Correct the field"),
    ("42", project_edited, HoldCode.FLOW_NOT_IN_MATRIX, "kept in QuickBooks", "Make the change in QuickBooks"),
]


@pytest.mark.parametrize(
    ("brought_about", "code", "meaning", "fix"),
    [pytest.param(*case, id=f"{number} {code}") for number, *case in CASES for code in [case[1]]],
)
def test_a_named_error_is_a_hold_whose_page_says_what_happened_and_what_to_do(
    company: Company,
    clock: Clock,
    sandbox: Sandbox,
    loaded: dict[str, Any],
    admin_client: Client,
    brought_about: Callable[[Desk], SyncedObject],
    code: HoldCode,
    meaning: str,
    fix: str,
) -> None:
    synced(company, clock)
    row = brought_about(Desk(company, sandbox, loaded, clock))

    is_held_and_shown(row, admin_client, code, meaning, fix)
    assert writes(synced(company, clock)) == 0


@pytest.fixture
def desk(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Desk:
    synced(company, clock)
    return Desk(company, sandbox, loaded, clock)


def test_lines_of_bill_are_never_billable(desk: Desk) -> None:
    """39: only some accounts take billable lines; a line of BILL names its customer and isn't billable."""
    income = next(row for row in linked(desk.company, "account") if row.qbo_values["account_type"] == "INCOME")
    codes = {"chartOfAccountId": income.billcom_id, "customerId": desk.active("customer").billcom_id}
    made = desk.bill("E-39", billLineItems=[{"amount": 40, "classifications": codes}])
    desk.sync()
    (line,) = desk.twin("bill", "Bill", made["id"])["Line"]
    detail = line["AccountBasedExpenseLineDetail"]
    assert (detail["BillableStatus"], detail["CustomerRef"]["value"]) == ("NotBillable", desk.active("customer").qbo_id)


def test_a_journal_entry_of_ours_takes_no_number_of_others(desk: Desk) -> None:
    """15: a funds transfer has no number, so none can be in use."""
    desk.there("Preferences", warns_of("JournalEntry"))
    books = desk.books_()
    choose_banks(desk.company, books.banks())
    for number in ("E-15", "E-15b"):
        books.pays_online(number, 70)
        desk.sync()
    assert all(not each.get("DocNumber") for each in books.transfers())
    assert books.clearing() == 0


def test_a_special_account_is_never_taken_away(desk: Desk) -> None:
    """35: Opening Balance Equity, archived in BILL, stays as it is in QuickBooks, and the record says so."""
    row = SyncedObject.objects.get(company=desk.company, kind="account", label="Opening Balance Equity")
    desk.archives("chart-of-accounts", row.billcom_id)
    desk.sync()
    row.refresh_from_db()
    assert row.hold is not None and "QuickBooks makes itself" in row.hold.describe()
    assert next(each for each in desk.qbo("Account") if each["Id"] == row.qbo_id)["Active"] is True


def test_an_equity_account_of_bill_is_none_of_opening_balance(desk: Desk) -> None:
    """36: there is one account of that detail type, and what is made from BILL has another."""
    made = desk.enters("chart-of-accounts", {"name": "Partner's Share", "account": {"type": "EQUITY"}})
    desk.sync()
    there = desk.twin("account", "Account", made["id"])
    assert (there["AccountType"], there["AccountSubType"] == "OpeningBalanceEquity") == ("Equity", False)


def test_categories_are_no_items(desk: Desk) -> None:
    """41: a category of QuickBooks never becomes an item in BILL, so that nothing there can name it."""
    made = desk.there("Item", {"Name": "Woodwork", "Type": "Category"})
    desk.sync()
    held = desk.row("item", qbo_id=made["Id"]).hold
    assert held is not None and "Categories" in held.describe()
    assert "Woodwork" not in {each["name"] for each in desk.sandbox.books("billcom", desk.organization)["items"]}


def test_a_long_ship_via_keeps_no_invoice_out(desk: Desk) -> None:
    """46: it isn't among what goes over."""
    detail = {"ItemRef": {"value": desk.active("item").qbo_id}}
    line = {"Amount": 60, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    head = {"CustomerRef": {"value": desk.active("customer").qbo_id}, "DocNumber": "E-46", "TxnDate": "2026-10-02"}
    ship = {"ShipMethodRef": {"value": "Overland freight, insured", "name": "Overland freight, insured"}}
    made = desk.there("Invoice", {**head, **ship, "Line": [line]})
    desk.sync()
    assert desk.row("invoice", qbo_id=made["Id"]).state == ObjectState.LINKED
