"""What is settled in QuickBooks isn't deleted there, and lines keep the account, quantity and class they have."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from syncapp.core.holds import HoldCode
from syncapp.models import Company, GLRole, RunScope, SyncedObject, SyncRun, Trigger
from syncapp.services import holds, links, terms, tie_out
from tests.services.test_funds_transfers import Books
from tests.services.test_invoices import Sales
from tests.services.test_rules import pay_in_qbo
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, choose_banks, linked, synced, writes


@pytest.fixture
def books(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Books:
    synced(company, clock)
    return Books(company, sandbox, loaded)


def there_after_archiving(books: Books, clock: Clock, path: str, entity: str, row: SyncedObject) -> bool:
    books.sandbox.person_deletes("billcom", books.organization, path, str(row.billcom_id))
    synced(books.company, clock)
    return any(each["Id"] == row.qbo_id for each in books.qbo(entity))


def test_a_bill_that_was_paid_in_quickbooks_only_stays_there_when_it_is_archived_in_bill(
    company: Company, clock: Clock, books: Books
) -> None:
    bill = books.bill("AP-9", 100)
    synced(company, clock)
    paid = pay_in_qbo(company, books.sandbox, books.realm, books.twin("bill", "Bill", bill["id"]), 100)
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill", billcom_id=bill["id"])

    assert there_after_archiving(books, clock, "bills", "Bill", row)
    row.refresh_from_db()
    assert row.hold is not None and "a payment or a credit is linked to it" in row.hold.describe()
    (line,) = next(each for each in books.qbo("BillPayment") if each["Id"] == paid["Id"])["Line"]
    assert line["LinkedTxn"][0]["TxnId"] == row.qbo_id

    books.sandbox.person_voids("qbo", books.realm, "BillPayment", paid["Id"])
    synced(company, clock)
    assert not any(each["Id"] == row.qbo_id for each in books.qbo("Bill"))
    assert writes(synced(company, clock)) == 0


def test_an_invoice_on_which_something_was_received_stays_too(
    company: Company, clock: Clock, books: Books, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    sales = Sales(company, sandbox, loaded)
    made = sales.in_bill("AI-9")
    synced(company, clock)
    row = sales.row(billcom_id=made["id"])
    there = sales.qbo("Invoice")[str(row.qbo_id)]
    link = {"Amount": 100, "LinkedTxn": [{"TxnId": there["Id"], "TxnType": "Invoice"}]}
    payment = {"CustomerRef": there["CustomerRef"], "TxnDate": "2026-10-20", "TotalAmt": 100, "Line": [link]}
    sandbox.person("qbo", sales.realm, "Payment", payment)
    synced(company, clock)

    assert there_after_archiving(books, clock, "invoices", "Invoice", row)
    row.refresh_from_db()
    assert row.hold is not None and "a payment or a credit is linked to it" in row.hold.describe()


def test_without_items_in_payables_the_account_beside_an_item_counts(
    company: Company, clock: Clock, books: Books
) -> None:
    off = {"Id": "1", "ProductAndServicesPrefs": {"ForPurchase": False}}
    books.sandbox.person("qbo", books.realm, "Preferences", off)
    synced(company, clock)
    unallocated = terms.load(company).accounts["unallocated-expense"].qbo_id
    expenses = [row for row in linked(company, "account") if row.qbo_values["account_type"] == "EXPENSE"]
    account = next(row for row in expenses if row.qbo_id != unallocated)
    item = linked(company, "item")[0]
    codes = {"chartOfAccountId": account.billcom_id, "itemId": item.billcom_id}
    bill = books.bill("II-1", 100, billLineItems=[{"amount": 100, "classifications": codes}])
    synced(company, clock)
    (line,) = books.twin("bill", "Bill", bill["id"])["Line"]
    assert line["AccountBasedExpenseLineDetail"]["AccountRef"]["value"] == account.qbo_id
    assert writes(synced(company, clock)) == 0


def test_with_items_in_payables_bill_keeps_the_account_beside_its_item(
    company: Company, clock: Clock, books: Books
) -> None:
    account = next(row for row in linked(company, "account") if row.qbo_values["account_type"] == "EXPENSE")
    codes = {"chartOfAccountId": account.billcom_id, "itemId": linked(company, "item")[0].billcom_id}
    bill = books.bill("II-2", 100, billLineItems=[{"amount": 100, "classifications": codes}])
    synced(company, clock)
    there = books.twin("bill", "Bill", bill["id"])
    assert there["Line"][0]["DetailType"] == "ItemBasedExpenseLineDetail"
    there["Line"][0]["Description"] = "Said again"
    books.sandbox.person("qbo", books.realm, "Bill", {"Id": there["Id"], "Line": there["Line"]})
    synced(company, clock)
    (line,) = books.billcom("bills", bill["id"])["billLineItems"]
    assert line["description"] == "Said again"
    assert line["classifications"] == codes
    assert writes(synced(company, clock)) == 0


def test_a_line_keeps_the_quantity_that_quickbooks_has_no_place_for(
    company: Company, clock: Clock, books: Books
) -> None:
    account = next(row for row in linked(company, "account") if row.qbo_values["account_type"] == "EXPENSE")
    line = {"amount": 100, "quantity": 4, "price": 25, "classifications": {"chartOfAccountId": account.billcom_id}}
    bill = books.bill("QP-1", 100, billLineItems=[line])
    synced(company, clock)
    there = books.twin("bill", "Bill", bill["id"])
    there["Line"][0]["Description"] = "Four of them"
    books.sandbox.person("qbo", books.realm, "Bill", {"Id": there["Id"], "Line": there["Line"]})
    synced(company, clock)
    (line,) = books.billcom("bills", bill["id"])["billLineItems"]
    assert (line["description"], line["quantity"], line["price"]) == ("Four of them", 4, 25)

    there = books.twin("bill", "Bill", bill["id"])
    there["Line"][0]["Amount"] = 90
    books.sandbox.person("qbo", books.realm, "Bill", {"Id": there["Id"], "Line": there["Line"]})
    synced(company, clock)
    (line,) = books.billcom("bills", bill["id"])["billLineItems"]
    assert line["amount"] == 90 and (line.get("quantity"), line.get("price")) != (4, 25)


def test_classes_of_invoices_go_over_once_quickbooks_keeps_them_by_line(
    company: Company, clock: Clock, books: Books, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    def classes(*, by_line: bool) -> None:
        chosen = {"ClassTrackingPerTxnLine": by_line, "ClassTrackingPerTxn": not by_line}
        sandbox.person("qbo", books.realm, "Preferences", {"Id": "1", "AccountingInfoPrefs": chosen})

    classes(by_line=False)
    synced(company, clock)
    sales, named = Sales(company, sandbox, loaded), linked(company, "accounting_class")[0]
    codes = {"itemId": sales.one("item").billcom_id, "accountingClassId": named.billcom_id}
    made = sales.in_bill("CL-1", invoiceLineItems=[{"quantity": 4, "price": 25, "classifications": codes}])
    synced(company, clock)
    row = sales.row(billcom_id=made["id"])
    assert "ClassRef" not in sales.qbo("Invoice")[str(row.qbo_id)]["Line"][0]["SalesItemLineDetail"]

    classes(by_line=True)
    synced(company, clock)
    detail = sales.qbo("Invoice")[str(row.qbo_id)]["Line"][0]["SalesItemLineDetail"]
    assert detail["ClassRef"]["value"] == named.qbo_id
    assert writes(synced(company, clock)) == 0


def test_the_ninety_days_count_from_the_first_sync_not_from_when_the_company_was_entered(
    company: Company, clock: Clock
) -> None:
    Company.objects.filter(pk=company.pk).update(created_at=clock() - timedelta(days=300), set_up_at=None)
    company.refresh_from_db()
    asked = clock() - timedelta(days=2)
    run = SyncRun.objects.create(
        company=company, trigger=Trigger.PERSON, scope=RunScope.FULL, created_at=asked, phase="Waiting to start"
    )
    assert terms.load(company).invoices_since == (asked - timedelta(days=90)).date()
    run.delete()


def test_a_credit_of_nothing_is_held_as_that(company: Company, clock: Clock, books: Books) -> None:
    credit = books.credit("ZC-1", 0)
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="vendor_credit", billcom_id=credit["id"])
    assert row.hold_code == HoldCode.ZERO_AMOUNT


def test_a_payment_of_bill_that_was_voided_in_quickbooks_says_that_the_bill_might_be_paid_twice(
    company: Company, clock: Clock, books: Books
) -> None:
    Company.objects.filter(pk=company.pk).update(signed_up_on=date(2020, 1, 1), firm=None)
    company.refresh_from_db()
    choose_banks(company, books.banks())
    payment = books.pays_online("N-16", 80)
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill_payment", billcom_id=payment["id"])
    books.sandbox.person_voids("qbo", books.realm, "BillPayment", str(row.qbo_id))
    synced(company, clock)
    row.refresh_from_db()
    assert row.hold is not None and "might be paid twice" in row.hold.describe()
    assert "Void it in BILL as well" in row.hold.fix()
    assert holds.needs_a_person().filter(pk=row.pk).exists()
    assert books.billcom("payments", payment["id"])["singleStatus"] != "VOIDED"


def test_one_that_was_entered_there_again_leaves_nothing_in_clearing_and_is_no_second_payment(
    company: Company, clock: Clock, books: Books, admin_user: User
) -> None:
    """As the page of the voided payment says: from the same clearing account, and ours is excluded."""
    choose_banks(company, books.banks())
    payment = books.pays_online("N-17", 70)
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill_payment", billcom_id=payment["id"])
    books.sandbox.person_voids("qbo", books.realm, "BillPayment", str(row.qbo_id))
    synced(company, clock)
    before = {each.pk for each in tie_out.tie_out(company, now=clock()).paid_on_one_side}
    there = books.twin("bill", "Bill", payment["billPayments"][0]["billId"])
    clearing = terms.load(company).accounts["money-out-clearing"].qbo_id
    again = {
        "VendorRef": there["VendorRef"],
        "TxnDate": "2026-10-05",
        "TotalAmt": 70,
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": clearing}},
        "Line": [{"Amount": 70, "LinkedTxn": [{"TxnId": there["Id"], "TxnType": "Bill"}]}],
    }
    books.sandbox.person("qbo", books.realm, "BillPayment", again)
    links.exclude(SyncedObject.objects.filter(pk=row.pk), admin_user)
    synced(company, clock)

    found = tie_out.tie_out(company, now=clock())
    cleared = found.clearing[GLRole.MONEY_OUT_CLEARING]
    assert not (cleared.balance or cleared.payments or cleared.unexplained)
    assert found.ties, found.summary()
    assert {each.pk for each in found.paid_on_one_side} == before
