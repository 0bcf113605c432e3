"""Invoices both ways, and what customers pay on them, to the cent on both sides."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from syncapp.core.holds import HoldCode
from syncapp.models import Company, GLRole, ObjectState, SyncedObject, SyncPreferences
from syncapp.services import links, setup, tie_out
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, synced, writes

DAY = "2026-10-02"


class Sales:
    """The books of both sides, and what people enter in them."""

    def __init__(self, company: Company, sandbox: Sandbox, loaded: dict[str, Any]) -> None:
        self.company, self.sandbox = company, sandbox
        self.realm, self.organization = loaded["qbo"]["realm_id"], loaded["billcom"]["organization_id"]

    def one(self, kind: str) -> SyncedObject:
        return next(row for row in linked(self.company, kind) if row.qbo_values["active"] and row.billcom_id)

    def billcom(self, entity: str) -> dict[str, dict[str, Any]]:
        return {each["id"]: each for each in self.sandbox.books("billcom", self.organization)[entity]}

    def qbo(self, entity: str) -> dict[str, dict[str, Any]]:
        return {each["Id"]: each for each in self.sandbox.books("qbo", self.realm)[entity]}

    def in_bill(self, number: str, quantity: float = 4, price: float = 25, **more: Any) -> dict[str, Any]:
        line = {"quantity": quantity, "price": price, "description": "Work"}
        line["classifications"] = {"itemId": self.one("item").billcom_id}
        invoice = {
            "customer": {"id": self.one("customer").billcom_id},
            "invoiceNumber": number,
            "invoiceDate": DAY,
            "dueDate": "2026-11-01",
            "invoiceLineItems": [line],
        }
        return self.sandbox.person("billcom", self.organization, "invoices", {**invoice, **more})

    def in_quickbooks(self, number: str, amount: float = 100, **more: Any) -> dict[str, Any]:
        detail = {"ItemRef": {"value": self.one("item").qbo_id}}
        invoice = {
            "CustomerRef": {"value": self.one("customer").qbo_id},
            "DocNumber": number,
            "TxnDate": DAY,
            "Line": [{"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}],
        }
        return self.sandbox.person("qbo", self.realm, "Invoice", {**invoice, **more})

    def received(self, invoice: dict[str, Any], amount: float) -> str:
        paid = {"paymentDate": "2026-10-20", "paymentType": "CHECK", "amount": amount}
        paid["invoices"] = [{"id": invoice["id"], "amount": amount}]
        return str(self.sandbox.person("billcom", self.organization, "receivable-payments", paid)["id"])

    def row(self, kind: str = "invoice", **ids: str) -> SyncedObject:
        return SyncedObject.objects.get(company=self.company, kind=kind, **ids)


@pytest.fixture
def sales(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Sales:
    synced(company, clock)
    return Sales(company, sandbox, loaded)


def test_an_invoice_of_bill_is_made_changed_and_taken_away(company: Company, clock: Clock, sales: Sales) -> None:
    made = sales.in_bill("I-1")
    synced(company, clock)
    row = sales.row(billcom_id=made["id"])
    there = sales.qbo("Invoice")[str(row.qbo_id)]
    assert (there["DocNumber"], there["TotalAmt"], there["Balance"]) == ("I-1", 100, 100)
    assert writes(synced(company, clock)) == 0

    line = {**made["invoiceLineItems"][0], "price": 30}
    change = {"id": made["id"], "customer": {"id": made["customerId"]}, "invoiceLineItems": [line]}
    sales.sandbox.person("billcom", sales.organization, "invoices", change)
    synced(company, clock)
    assert sales.qbo("Invoice")[str(row.qbo_id)]["TotalAmt"] == 120
    assert writes(synced(company, clock)) == 0

    sales.sandbox.person_deletes("billcom", sales.organization, "invoices", made["id"])
    synced(company, clock)
    assert row.qbo_id not in sales.qbo("Invoice")
    assert writes(synced(company, clock)) == 0


def test_an_invoice_of_quickbooks_is_made_and_changed_and_stays_when_it_is_deleted(
    company: Company, clock: Clock, sales: Sales
) -> None:
    made = sales.in_quickbooks("I-2")
    synced(company, clock)
    row = sales.row(qbo_id=made["Id"])
    there = sales.billcom("invoices")[str(row.billcom_id)]
    assert (there["invoiceNumber"], there["totalAmount"], there["status"]) == ("I-2", 100, "OPEN")

    change = {"Id": made["Id"], "DueDate": "2026-12-24", "CustomerRef": made["CustomerRef"]}
    sales.sandbox.person("qbo", sales.realm, "Invoice", change)
    synced(company, clock)
    assert sales.billcom("invoices")[str(row.billcom_id)]["dueDate"] == "2026-12-24"
    assert writes(synced(company, clock)) == 0

    sales.sandbox.person_deletes("qbo", sales.realm, "Invoice", made["Id"])
    synced(company, clock)
    row.refresh_from_db()
    assert sales.billcom("invoices")[str(row.billcom_id)]["archived"] is False
    assert row.state == ObjectState.HELD and row.hold is not None and "stays in BILL" in row.hold.describe()


def test_the_same_invoice_on_both_sides_is_linked(company: Company, clock: Clock, sales: Sales) -> None:
    ours, theirs = sales.in_bill("I-3"), sales.in_quickbooks("I-3")
    before = len(sales.qbo("Invoice"))
    synced(company, clock)
    assert sales.row(billcom_id=ours["id"]).qbo_id == theirs["Id"]
    assert len(sales.qbo("Invoice")) == before


def test_what_a_customer_pays_in_bill_pays_the_invoice_in_quickbooks(
    company: Company, clock: Clock, sales: Sales
) -> None:
    made = sales.in_bill("I-4")
    payment = sales.received(made, 60)
    synced(company, clock)
    row = sales.row("receivable_payment", billcom_id=payment)
    paid = sales.qbo("Payment")[str(row.qbo_id)]
    invoice = sales.qbo("Invoice")[str(sales.row(billcom_id=made["id"]).qbo_id)]
    assert (paid["TotalAmt"], paid["UnappliedAmt"], invoice["Balance"]) == (60, 0, 40)
    deposit_to = company.gl_mappings.get(role=GLRole.DEPOSIT_TO).account
    assert deposit_to is not None and paid["DepositToAccountRef"]["value"] == deposit_to.qbo_id
    assert writes(synced(company, clock)) == 0

    sales.sandbox.person_voids("billcom", sales.organization, "receivable-payments", payment)
    synced(company, clock)
    assert sales.qbo("Invoice")[invoice["Id"]]["Balance"] == 100
    assert sales.qbo("Payment")[paid["Id"]]["TotalAmt"] == 0
    assert writes(synced(company, clock)) == 0


def test_a_payment_made_in_quickbooks_is_to_be_recorded_in_bill(company: Company, clock: Clock, sales: Sales) -> None:
    made = sales.in_quickbooks("I-5")
    synced(company, clock)
    link = {"Amount": 100, "LinkedTxn": [{"TxnId": made["Id"], "TxnType": "Invoice"}]}
    payment = {"CustomerRef": made["CustomerRef"], "TotalAmt": 100, "TxnDate": "2026-10-20", "Line": [link]}
    paid = sales.sandbox.person("qbo", sales.realm, "Payment", payment)
    synced(company, clock)
    row = sales.row("receivable_payment", qbo_id=paid["Id"])
    assert row.hold is not None and "Record it in BILL" in row.hold.fix()

    ours = sales.billcom("invoices")[str(sales.row(qbo_id=made["Id"]).billcom_id)]
    recorded = sales.received(ours, 100)
    synced(company, clock)
    row.refresh_from_db()
    assert (row.billcom_id, row.hold_code) == (recorded, "")


def test_an_old_invoice_is_held_until_it_is_touched_or_included(
    company: Company, clock: Clock, sales: Sales, admin_user: User
) -> None:
    made, other = sales.in_quickbooks("I-6"), sales.in_quickbooks("I-7")
    Company.objects.filter(pk=company.pk).update(set_up_at=timezone.now() + timedelta(days=100))
    company.refresh_from_db()
    synced(company, clock)
    rows = [sales.row(qbo_id=each["Id"]) for each in (made, other)]
    assert [row.hold_code for row in rows] == [HoldCode.OLDER_THAN_90_DAYS] * 2
    assert links.may_be_let_in(rows[0])

    assert links.let_in(SyncedObject.objects.filter(pk=rows[0].pk), admin_user) == 1
    synced(company, clock)

    for row in rows:
        row.refresh_from_db()
    assert rows[0].linked and rows[0].hold_code == ""
    assert rows[1].hold_code == HoldCode.OLDER_THAN_90_DAYS and not rows[1].linked

    Company.objects.filter(pk=company.pk).update(set_up_at=timezone.now() + timedelta(days=80))
    company.refresh_from_db()
    change = {"Id": other["Id"], "DueDate": "2026-12-24", "CustomerRef": other["CustomerRef"]}
    sales.sandbox.person("qbo", sales.realm, "Invoice", change)
    synced(company, clock)
    rows[1].refresh_from_db()
    assert rows[1].linked


def test_what_customers_owe_ties_out_and_what_is_held_explains_the_rest(
    company: Company, clock: Clock, sales: Sales
) -> None:
    """One of BILL with a payment, one of QuickBooks, and one that was paid in QuickBooks alone."""
    sales.received(sales.in_bill("I-11"), 60)
    sales.in_quickbooks("I-12", 70)
    paid_there = sales.in_quickbooks("I-13", 80)
    synced(company, clock)
    link = {"Amount": 30, "LinkedTxn": [{"TxnId": paid_there["Id"], "TxnType": "Invoice"}]}
    payment = {"CustomerRef": paid_there["CustomerRef"], "TotalAmt": 30, "TxnDate": "2026-10-20", "Line": [link]}
    sales.sandbox.person("qbo", sales.realm, "Payment", payment)
    synced(company, clock)

    found = tie_out.tie_out(company, now=timezone.now()).receivables

    (row,) = found.rows
    assert (row.billcom_open, row.qbo_open, row.difference) == (Decimal(190), Decimal(160), Decimal(0))
    assert [(each.kind, each.amount) for each in found.held] == [("receivable_payment", Decimal(30))]
    assert found.bridge[0] == ("Open receivables in QuickBooks Online", Decimal(160))
    assert found.bridge[-1] == ("Open receivables in BILL", Decimal(190))


def test_with_one_way_sync_no_invoice_comes_to_bill(company: Company, clock: Clock, sales: Sales) -> None:
    SyncPreferences.objects.filter(company=company).update(one_way=True)
    made = sales.in_quickbooks("I-8", 70)
    ours = sales.in_bill("I-9")
    synced(company, clock)
    assert sales.row(qbo_id=made["Id"]).hold_code == HoldCode.ONE_WAY
    assert sales.row(billcom_id=ours["id"]).linked


def test_without_an_account_to_deposit_to_the_payment_waits(company: Company, clock: Clock, sales: Sales) -> None:
    setup.set_account(company, GLRole.DEPOSIT_TO, None)
    payment = sales.received(sales.in_bill("I-10"), 100)
    synced(company, clock)
    row = sales.row("receivable_payment", billcom_id=payment)
    assert (row.hold_code, row.linked) == (HoldCode.NEEDS_MAPPING, False)


def test_a_line_without_an_item_is_of_the_one_that_is_sold_to_the_unallocated_income_account(
    company: Company, clock: Clock, sales: Sales
) -> None:
    income = next(row for row in linked(company, "account") if row.qbo_values["account_type"] == "OTHER_INCOME")
    line = {"quantity": 2, "price": 30, "description": "Work", "classifications": {}}
    made = sales.in_bill("I-30", invoiceLineItems=[line])
    setup.set_account(company, GLRole.UNALLOCATED_INCOME, income)
    synced(company, clock)
    row = sales.row(billcom_id=made["id"])
    assert row.hold is not None and "just one active product or service" in row.hold.fix()

    item = {"Name": "Other work", "Type": "Service", "IncomeAccountRef": {"value": income.qbo_id}}
    item = sales.sandbox.person("qbo", sales.realm, "Item", item)
    synced(company, clock)
    links.retry(SyncedObject.objects.filter(pk=row.pk), User.objects.create_superuser("boss", "boss@example.com"))
    synced(company, clock)

    row.refresh_from_db()
    assert row.linked and not row.hold_code
    there = sales.qbo("Invoice")[str(row.qbo_id)]
    assert there["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"] == item["Id"]
    assert writes(synced(company, clock)) == 0
    assert sales.billcom("invoices")[made["id"]]["invoiceLineItems"][0].get("classifications", {}) == {}

    sales.sandbox.person("qbo", sales.realm, "Item", {**item, "Id": "", "Name": "More work"})
    synced(company, clock)
    second = sales.in_bill("I-31", invoiceLineItems=[line])
    synced(company, clock)
    assert "no item" in (sales.row(billcom_id=second["id"]).hold or "").describe()  # type: ignore[union-attr]


def test_what_is_received_posts_against_the_receivables_account_of_the_preference(
    company: Company, clock: Clock, sales: Sales
) -> None:
    other = {"Name": "Other receivables", "AccountType": "Accounts Receivable"}
    sales.sandbox.person("qbo", sales.realm, "Account", other)
    synced(company, clock)
    chosen = next(
        row
        for row in SyncedObject.objects.of(company, "account")
        if row.qbo_raw and row.qbo_raw.get("AccountType") == "Accounts Receivable" and row.label != other["Name"]
    )
    setup.set_account(company, GLRole.ACCOUNTS_RECEIVABLE, chosen)
    invoice = sales.in_bill("I-32")
    payment = sales.received(invoice, 100)
    synced(company, clock)
    paid = sales.row("receivable_payment", billcom_id=payment)
    assert sales.qbo("Payment")[str(paid.qbo_id)]["ARAccountRef"]["value"] == chosen.qbo_id


def test_a_payment_against_another_account_than_its_invoices_is_held_with_quickbooks_words(
    company: Company, clock: Clock, sales: Sales
) -> None:
    made = {"Name": "A/R Two", "AccountType": "Accounts Receivable"}
    other = sales.sandbox.person("qbo", sales.realm, "Account", made)
    synced(company, clock)
    chosen = sales.row("account", qbo_id=other["Id"])
    setup.set_account(company, GLRole.ACCOUNTS_RECEIVABLE, chosen)
    invoice = sales.in_bill("AR-1")
    synced(company, clock)
    payment = sales.received(invoice, 100)
    synced(company, clock)
    row = sales.row("receivable_payment", billcom_id=payment)
    assert row.hold_code == HoldCode.REJECTED
    assert row.hold is not None and "must be the one of its invoices" in row.hold.describe()
    accounts = sales.qbo("Account").values()
    assert next(each for each in accounts if each["Id"] == other["Id"])["CurrentBalance"] == 0
