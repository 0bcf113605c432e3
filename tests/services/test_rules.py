"""Rules of the matrix, from one product's books to the other's."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from syncapp.core.holds import HoldCode
from syncapp.models import Company, GLRole, SyncedObject, SyncPreferences
from syncapp.services import holds, links, setup
from syncapp.services.errors import ServiceError
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, synced, writes


def expense_line(company: Company, amount: float) -> dict[str, Any]:
    account = next(row for row in linked(company, "account") if row.qbo_values["account_type"] == "EXPENSE")
    detail = {"AccountRef": {"value": account.qbo_id}}
    return {
        "DetailType": "AccountBasedExpenseLineDetail",
        "Amount": amount,
        "AccountBasedExpenseLineDetail": detail,
    }


def bill_in_qbo(company: Company, sandbox: Sandbox, realm: str, number: str) -> dict[str, Any]:
    vendor = next(row for row in linked(company, "vendor") if row.qbo_values["active"])
    line = expense_line(company, 120)
    bill = {"VendorRef": {"value": vendor.qbo_id}, "DocNumber": number, "TxnDate": "2026-10-01", "Line": [line]}
    return sandbox.person("qbo", realm, "Bill", bill)


def pay_in_qbo(company: Company, sandbox: Sandbox, realm: str, bill: dict[str, Any], amount: float) -> dict[str, Any]:
    bank = setup.account_choices(company, GLRole.BANK_ACCOUNT).first()
    line = {"Amount": amount, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}
    payment = {
        "VendorRef": bill["VendorRef"],
        "TotalAmt": amount,
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": bank.qbo_id}},
        "TxnDate": "2026-10-05",
        "Line": [line],
    }
    return sandbox.person("qbo", realm, "BillPayment", payment)


def test_a_bill_paid_before_it_was_first_seen_comes_in_where_a_person_wants_it(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_user: User
) -> None:
    """With its payment after it, so that BILL shows open what QuickBooks shows open."""
    SyncPreferences.objects.filter(company=company).update(two_way_payments=True)
    synced(company, clock)
    realm, organization = loaded["qbo"]["realm_id"], loaded["billcom"]["organization_id"]
    bill = bill_in_qbo(company, sandbox, realm, "PAID-1")
    pay_in_qbo(company, sandbox, realm, bill, 50)
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill", qbo_id=bill["Id"])
    assert row.hold_code == HoldCode.PAID_BEFORE_FIRST_SEEN

    assert links.let_in(SyncedObject.objects.filter(company=company), admin_user) >= 1
    synced(company, clock)

    row.refresh_from_db()
    shown = next(each for each in sandbox.books("billcom", organization)["bills"] if each["id"] == row.billcom_id)
    assert (shown["amount"], shown["dueAmount"]) == (120, 70)
    assert row.hold_code == ""
    assert writes(synced(company, clock)) == 0


def test_without_payments_both_ways_such_a_bill_stays_out(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_user: User
) -> None:
    synced(company, clock)
    bill = bill_in_qbo(company, sandbox, loaded["qbo"]["realm_id"], "PAID-2")
    pay_in_qbo(company, sandbox, loaded["qbo"]["realm_id"], bill, 50)
    synced(company, clock)

    with pytest.raises(ServiceError, match="2-Way AP Payment Sync"):
        links.let_in(SyncedObject.objects.filter(company=company), admin_user)
    SyncedObject.objects.filter(company=company, qbo_id=bill["Id"]).update(included=True, needs_look=True)

    assert writes(synced(company, clock)) == 0
    assert SyncedObject.objects.get(company=company, qbo_id=bill["Id"], kind="bill").billcom_id is None


def test_a_paid_bill_edited_in_quickbooks_says_why_it_stays_as_it_is_in_bill(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    SyncPreferences.objects.filter(company=company).update(two_way_payments=True)
    synced(company, clock)
    realm, organization = loaded["qbo"]["realm_id"], loaded["billcom"]["organization_id"]
    bill = bill_in_qbo(company, sandbox, realm, "EDIT-1")
    synced(company, clock)
    pay_in_qbo(company, sandbox, realm, bill, 120)
    synced(company, clock)

    sandbox.person("qbo", realm, "Bill", {"Id": bill["Id"], "PrivateNote": "Recoded after the payment"})
    run = synced(company, clock)

    row = SyncedObject.objects.get(company=company, kind="bill", qbo_id=bill["Id"])
    assert writes(run) == 0
    assert row.hold_code == HoldCode.FLOW_NOT_IN_MATRIX
    assert row.hold is not None and "has been paid" in row.hold.describe()
    shown = next(each for each in sandbox.books("billcom", organization)["bills"] if each["id"] == row.billcom_id)
    assert shown.get("description", "") != "Recoded after the payment"


def test_a_payment_from_a_card_is_a_card_payment_in_quickbooks(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    realm, organization = loaded["qbo"]["realm_id"], loaded["billcom"]["organization_id"]
    made = {"Name": "Office card", "AccountType": "Credit Card", "AccountSubType": "CreditCard"}
    card = sandbox.person("qbo", realm, "Account", made)
    synced(company, clock)
    setup.set_account(company, GLRole.DEFAULT_BANK, SyncedObject.objects.get(company=company, qbo_id=card["Id"]))
    bills = [row for row in linked(company, "bill") if row.qbo_values["active"] and row.billcom_values["active"]]
    bill = next(row for row in bills if row.billcom_values["open"] == row.qbo_values["open"] == row.amount)
    payment = {
        "vendorId": bill.billcom_values["vendor"],
        "processDate": "2026-11-01",
        "toPrintCheck": False,
        "payments": [{"billId": bill.billcom_id, "amount": 10}],
    }
    recorded = sandbox.person("billcom", organization, "payments", payment)

    synced(company, clock)

    row = SyncedObject.objects.get(company=company, kind="bill_payment", billcom_id=recorded["id"])
    shown = next(each for each in sandbox.books("qbo", realm)["BillPayment"] if each["Id"] == row.qbo_id)
    assert shown["PayType"] == "CreditCard"
    assert shown["CreditCardPayment"]["CCAccountRef"]["value"] == card["Id"]
    assert writes(synced(company, clock)) == 0


def test_bill_gets_one_of_several_addresses_and_quickbooks_keeps_them_all(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    synced(company, clock)
    realm, organization = loaded["qbo"]["realm_id"], loaded["billcom"]["organization_id"]
    row = next(each for each in linked(company, "vendor") if each.qbo_values["active"])
    both = "first@vendor.example, second@vendor.example"
    sandbox.person("qbo", realm, "Vendor", {"Id": row.qbo_id, "PrimaryEmailAddr": {"Address": both}})

    synced(company, clock)

    vendors = sandbox.books("billcom", organization)["vendors"]
    assert next(each["email"] for each in vendors if each["id"] == row.billcom_id) == "first@vendor.example"
    kept = next(each for each in sandbox.books("qbo", realm)["Vendor"] if each["Id"] == row.qbo_id)
    assert kept["PrimaryEmailAddr"]["Address"] == both
    assert writes(synced(company, clock)) == 0


def test_a_text_that_has_to_be_cut_is_in_the_log(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    synced(company, clock)
    row = next(each for each in linked(company, "bill") if each.amount == each.qbo_values["open"] and each.synced_at)
    number = "A number that is far longer than QuickBooks can keep"
    vendor = row.billcom_values["vendor"]
    bill = {
        "vendorId": vendor,
        "dueDate": "2026-11-30",
        "invoice": {"invoiceNumber": number, "invoiceDate": "2026-11-01"},
        "billLineItems": [{"amount": 12, "description": "Cut"}],
    }
    sandbox.person("billcom", loaded["billcom"]["organization_id"], "bills", bill)

    run = synced(company, clock)

    assert run.log.filter(message__contains="Number is cut to 21 characters in QuickBooks Online").exists()
    assert writes(synced(company, clock)) == 0


def test_what_the_role_in_bill_doesnt_allow_is_held_as_that(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], lists_only_read: None
) -> None:
    made = {"Name": "Rope and twine", "AccountType": "Expense", "AccountSubType": "SuppliesMaterials"}
    sandbox.person("qbo", loaded["qbo"]["realm_id"], "Account", made)

    synced(company, clock)

    row = SyncedObject.objects.get(company=company, kind="account", label="Rope and twine")
    assert row.hold_code == HoldCode.PLAN_OR_ROLE
    assert row.hold is not None and "permission" in row.hold.describe()
    assert "Administrator" in row.hold.fix()


def test_a_bill_lowered_to_zero_in_bill_keeps_its_amount_in_quickbooks_until_a_person_acts(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    synced(company, clock)
    realm, organization = loaded["qbo"]["realm_id"], loaded["billcom"]["organization_id"]
    bill = bill_in_qbo(company, sandbox, realm, "ZERO-1")
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="bill", qbo_id=bill["Id"])
    shown = next(each for each in sandbox.books("billcom", organization)["bills"] if each["id"] == row.billcom_id)
    (line,) = shown["billLineItems"]
    codes = {name: value for name, value in line["classifications"].items() if value}

    def enters(amount: float) -> None:
        lines = [{"id": line["id"], "amount": amount, "classifications": codes}]
        sandbox.person("billcom", organization, "bills", {"id": row.billcom_id, "billLineItems": lines})
        synced(company, clock)
        row.refresh_from_db()

    def there() -> dict[str, Any]:
        return next(each for each in sandbox.books("qbo", realm)["Bill"] if each["Id"] == bill["Id"])

    enters(0)
    assert (row.hold_code, there()["TotalAmt"]) == (HoldCode.ZERO_AMOUNT, 120)
    assert holds.needs_a_person().filter(pk=row.pk).exists()

    enters(90)
    assert (row.hold_code, there()["TotalAmt"]) == ("", 90)
