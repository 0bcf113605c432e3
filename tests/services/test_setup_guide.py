"""The set-up guide, sentence by sentence: what it says of preferences and of the first sync is what a company gets.

Each test names its sentence.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from syncapp.core.holds import HoldCode
from syncapp.core.sides import Side
from syncapp.models import (
    AccountingPreferences,
    Company,
    GLRole,
    RunState,
    SetupStep,
    SyncedObject,
    SyncPreferences,
    Trigger,
)
from syncapp.services import links, preferences, runs, setup, terms
from syncapp.services.errors import ServiceError
from tests.services.test_between import new_vendor
from tests.services.test_funds_transfers import Books
from tests.services.test_invoices import Sales
from tests.services.test_rules import bill_in_qbo, pay_in_qbo
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, choose_banks, synced


@pytest.fixture
def books(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Books:
    synced(company, clock)
    Company.objects.filter(pk=company.pk).update(setup_step=SetupStep.DONE)
    company.refresh_from_db()
    return Books(company, sandbox, loaded)


@pytest.fixture
def sales(company: Company, sandbox: Sandbox, loaded: dict[str, Any], books: Books) -> Sales:
    return Sales(company, sandbox, loaded)


def prefer(company: Company, user: User, clock: Clock, **changes: Any) -> None:
    preferences.save_sync_preferences(company, user, changes, {}, now=clock())


def account_of(company: Company, role: str) -> str:
    """The QuickBooks account that is chosen for a role."""
    return terms.load(company).accounts[role].qbo_id


def twin_of(company: Company, kind: str, billcom_id: str) -> SyncedObject:
    return SyncedObject.objects.get(company=company, kind=kind, billcom_id=billcom_id)


# --- Sync preferences ------------------------------------------------------------------------------------------------


def test_some_fields_will_be_pre_filled(company: Company, books: Books) -> None:
    """Some fields will be pre-filled, review to ensure the correct accounts have been selected."""
    company.gl_mappings.all().delete()
    setup.prefill(company)
    chosen = terms.load(company).accounts
    assert {GLRole.ACCOUNTS_PAYABLE, GLRole.DEPOSIT_TO, GLRole.MONEY_OUT_CLEARING} <= set(chosen)


def test_payments_are_deposited_to_the_account_of_that_type_whatever_its_name(
    company: Company, clock: Clock, books: Books, sandbox: Sandbox
) -> None:
    """Undeposited Funds is named "Payments to deposit" in newer companies."""
    there = sandbox.books("qbo", books.realm)["Account"]
    own = next(each for each in there if each.get("AccountSubType") == "UndepositedFunds")
    sandbox.person("qbo", books.realm, "Account", {"Id": own["Id"], "Name": "Payments to deposit"})
    synced(company, clock)
    company.gl_mappings.all().delete()
    setup.prefill(company)
    assert account_of(company, GLRole.DEPOSIT_TO) == own["Id"]


@pytest.mark.parametrize("automatically", [True, False])
def test_the_sync_is_run_at_least_once_daily(
    company: Company, clock: Clock, books: Books, admin_user: User, automatically: bool
) -> None:
    """Sync Automatically: checking this box ensures that the sync is run at least once daily."""
    prefer(company, admin_user, clock, sync_automatically=automatically)
    synced(company, clock)
    clock.wait(25 * 3600)

    assert runs.start_due(clock()) == int(automatically)
    assert company.runs.filter(trigger=Trigger.CLOCK).exists() == automatically


def test_the_sync_can_always_be_run_more_often(company: Company, clock: Clock, books: Books) -> None:
    """However, the sync can always be run more often manually via the Sync Now button."""
    for _ in range(3):
        assert synced(company, clock).state == RunState.DONE


@pytest.mark.parametrize("latch", SyncPreferences.LATCHES)
def test_these_settings_are_not_reversible(
    company: Company, clock: Clock, books: Books, admin_user: User, latch: str
) -> None:
    """Sync Only Approved: once turned on it can not be turned off. 1-Way: this change is irreversible."""
    prefer(company, admin_user, clock, **{latch: True})
    with pytest.raises(ServiceError, match="can't be turned off again"):
        prefer(company, admin_user, clock, **{latch: False})
    assert getattr(SyncPreferences.objects.get(company=company), latch)


def test_only_bills_that_have_been_fully_approved_sync(
    company: Company, clock: Clock, books: Books, admin_user: User
) -> None:
    """This allows only those bills that have been fully Approved to sync to the accounting software."""
    prefer(company, admin_user, clock, approved_only=True)
    bill = books.bill("G-1")
    synced(company, clock)
    row = twin_of(company, "bill", bill["id"])
    assert (row.hold_code, row.qbo_id) == (HoldCode.NOT_APPROVED, None)

    books.sandbox.person_approves(books.organization, bill["id"])
    synced(company, clock)
    row.refresh_from_db()
    assert row.linked


def test_one_way_keeps_transactions_from_bill_and_lists_still_go_two_ways(
    company: Company, clock: Clock, books: Books, admin_user: User
) -> None:
    """Prevents transactions from syncing to Bill.com. List items (vendors, accounts, customers) still sync 2 ways."""
    prefer(company, admin_user, clock, one_way=True)
    bill = bill_in_qbo(company, books.sandbox, books.realm, "G-2")
    address = {"Line1": "9 Hill", "City": "Dover", "PostalCode": "19901", "Country": "US"}
    books.sandbox.person("qbo", books.realm, "Vendor", {"DisplayName": "Mill Stone", "BillAddr": address})
    books.sandbox.person("qbo", books.realm, "Account", {"Name": "Twine", "AccountType": "Expense"})
    new_vendor(books.sandbox, {"billcom": {"organization_id": books.organization}}, "Quay Rope Works")
    mine = books.bill("G-3")

    synced(company, clock)

    held = SyncedObject.objects.get(company=company, kind="bill", qbo_id=bill["Id"])
    assert (held.hold_code, held.billcom_id) == (HoldCode.ONE_WAY, None)
    assert twin_of(company, "bill", mine["id"]).linked
    for name in ("Mill Stone", "Twine", "Quay Rope Works"):
        assert SyncedObject.objects.get(company=company, label=name).linked


def test_one_way_only_applies_to_bills_invoices_and_payments(
    company: Company, clock: Clock, sales: Sales, admin_user: User
) -> None:
    """This only applies to bills/invoices and payments."""
    prefer(company, admin_user, clock, one_way=True)
    theirs, ours = sales.in_quickbooks("G-20", 70), sales.in_bill("G-21")
    payment = sales.received(ours, 100)

    synced(company, clock)

    held = SyncedObject.objects.get(company=company, kind="invoice", qbo_id=theirs["Id"])
    assert (held.hold_code, held.billcom_id) == (HoldCode.ONE_WAY, None)
    assert twin_of(company, "invoice", ours["id"]).linked
    assert twin_of(company, "receivable_payment", payment).linked


@pytest.mark.parametrize("both_ways", [True, False])
def test_ap_payments_of_the_accounting_software_come_to_bill(
    company: Company, clock: Clock, books: Books, admin_user: User, both_ways: bool
) -> None:
    """2-Way AP Payment Sync: this allows AP payments in your accounting software to sync to Bill.com."""
    prefer(company, admin_user, clock, two_way_payments=both_ways)
    bill = bill_in_qbo(company, books.sandbox, books.realm, "G-4")
    synced(company, clock)
    paid = pay_in_qbo(company, books.sandbox, books.realm, bill, 120)
    synced(company, clock)

    row = SyncedObject.objects.get(company=company, kind="bill_payment", qbo_id=paid["Id"])
    assert row.linked == both_ways
    assert (row.hold_code == "") == both_ways


def test_bills_with_no_gl_account_post_to_the_unallocated_expense_account(
    company: Company, clock: Clock, books: Books
) -> None:
    """Unallocated Expense Account: this is where bills with no GL accounts specified will post to during the sync."""
    bill = books.enters(
        "bills",
        {
            "vendorId": books.vendor().billcom_id,
            "dueDate": "2026-10-30",
            "invoice": {"invoiceNumber": "G-5", "invoiceDate": "2026-10-01"},
            "billLineItems": [{"amount": 40}],
        },
    )
    synced(company, clock)

    (line,) = [each for each in books.twin("bill", "Bill", bill["id"])["Line"] if each.get("Amount")]
    posted = line["AccountBasedExpenseLineDetail"]["AccountRef"]["value"]
    assert posted == account_of(company, GLRole.UNALLOCATED_EXPENSE)


def test_payments_made_outside_post_from_the_default_bank_account(company: Company, clock: Clock, books: Books) -> None:
    """The default bank account is used to record any payments made outside of Bill.com."""
    bill = books.bill("G-6")
    share = {"billId": bill["id"], "amount": 100}
    paid = {"vendorId": bill["vendorId"], "processDate": "2026-10-10", "toPrintCheck": False, "payments": [share]}
    payment = books.enters("payments", paid)
    synced(company, clock)

    there = books.twin("bill_payment", "BillPayment", payment["id"])
    assert there["CheckPayment"]["BankAccountRef"]["value"] == account_of(company, GLRole.DEFAULT_BANK)


def test_payments_received_outside_are_recorded_in_the_deposit_to_account(
    company: Company, clock: Clock, sales: Sales
) -> None:
    """Deposit To: this is the default account to record payments received outside of Bill.com."""
    payment = sales.received(sales.in_bill("G-22"), 40)

    synced(company, clock)

    there = sales.qbo("Payment")[str(twin_of(company, "receivable_payment", payment).qbo_id)]
    assert there["DepositToAccountRef"]["value"] == account_of(company, GLRole.DEPOSIT_TO)


def test_funds_transfers_post_to_the_gl_account_of_the_bank_account(
    company: Company, clock: Clock, books: Books
) -> None:
    """GL Account For Bank Account: where funds transfers for payments made through the bank account will post."""
    choose_banks(company, books.banks())
    before = books.balance("Operating Checking")
    books.pays_online("G-7", 70, date.today())
    synced(company, clock)

    assert books.balance("Operating Checking") == before - 70
    assert books.clearing() == 0


@pytest.mark.parametrize("master", list(Side))
def test_only_the_values_of_the_master_are_kept(
    company: Company, clock: Clock, books: Books, admin_user: User, master: Side
) -> None:
    """Updated with different values in both before the next sync: only the values of the record set as master stay."""
    prefer(company, admin_user, clock, master=master)
    row = books.vendor()
    theirs = {"Id": row.qbo_id, "PrimaryPhone": {"FreeFormNumber": "(555) 010-7002"}}
    books.enters("vendors", {"id": row.billcom_id, "phone": "(555) 010-7001"})
    books.sandbox.person("qbo", books.realm, "Vendor", theirs)

    synced(company, clock)

    row.refresh_from_db()
    kept = "(555) 010-7001" if master is Side.BILLCOM else "(555) 010-7002"
    assert row.billcom_values["phone"] == row.qbo_values["phone"] == kept
    assert row.conflicts.filter(field="phone", kept=master).exists()


# --- Accounting preferences ------------------------------------------------------------------------------------------

IN_QUICKBOOKS: dict[str, dict[str, Any]] = {
    "locations": {"AccountingInfoPrefs": {"TrackDepartments": False}},
    "classes": {"AccountingInfoPrefs": {"ClassTrackingPerTxnLine": False, "ClassTrackingPerTxn": False}},
    "customers_in_payables": {"VendorAndPurchasesPrefs": {"TrackingByCustomer": False}},
}


@pytest.mark.parametrize("switch", AccountingPreferences.SWITCHES)
def test_they_are_set_by_what_is_set_in_quickbooks(company: Company, clock: Clock, books: Books, switch: str) -> None:
    """The following settings will be set based on settings within QuickBooks Online."""
    assert getattr(terms.load(company), switch)
    if switch not in IN_QUICKBOOKS:
        return
    books.sandbox.person("qbo", books.realm, "Preferences", {"Id": "1", **IN_QUICKBOOKS[switch]})
    synced(company, clock)
    assert not getattr(terms.load(company), switch)


@pytest.mark.parametrize("switch", IN_QUICKBOOKS)
def test_others_can_be_turned_on_in_addition(
    company: Company, clock: Clock, books: Books, admin_user: User, switch: str
) -> None:
    """Turn on any other settings that will need to be available, save, and run another sync."""
    books.sandbox.person("qbo", books.realm, "Preferences", {"Id": "1", **IN_QUICKBOOKS[switch]})
    synced(company, clock)
    preferences.save_accounting_preferences(company, admin_user, {switch: True}, now=clock())
    synced(company, clock)
    assert getattr(terms.load(company), switch)


def test_what_is_on_in_quickbooks_is_turned_off_there(
    company: Company, clock: Clock, books: Books, admin_user: User
) -> None:
    """To set additional preferences: never fewer than QuickBooks has."""
    with pytest.raises(ServiceError, match="turned off there"):
        preferences.save_accounting_preferences(company, admin_user, {"classes": False}, now=clock())


# --- Things to know --------------------------------------------------------------------------------------------------


def test_only_invoices_of_the_last_ninety_days_are_pulled_in(
    company: Company, clock: Clock, sales: Sales, admin_user: User
) -> None:
    """The sync will only pull in invoices created or updated within the last 90 days from the first set-up."""
    Company.objects.filter(pk=company.pk).update(set_up_at=clock() + timedelta(days=91))
    company.refresh_from_db()
    made = sales.in_quickbooks("G-23")

    synced(company, clock)

    row = sales.row(qbo_id=made["Id"])
    assert (row.hold_code, row.billcom_id) == (HoldCode.OLDER_THAN_90_DAYS, None)

    Company.objects.filter(pk=company.pk).update(set_up_at=clock() + timedelta(days=89))
    company.refresh_from_db()
    links.retry(SyncedObject.objects.filter(pk=row.pk), admin_user)
    synced(company, clock)
    row.refresh_from_db()
    assert row.linked


def test_an_older_invoice_comes_after_edit_and_save(
    company: Company, clock: Clock, sales: Sales, sandbox: Sandbox
) -> None:
    """Select Edit and then Save on the invoice: the next sync will now pull in that invoice due to the update."""
    made = sales.in_quickbooks("G-24")
    Company.objects.filter(pk=company.pk).update(set_up_at=clock() + timedelta(days=95))
    company.refresh_from_db()
    synced(company, clock)
    row = sales.row(qbo_id=made["Id"])
    assert row.hold_code == HoldCode.OLDER_THAN_90_DAYS

    sandbox.clock(advance=10 * 86_400)
    try:
        clock.wait(10 * 86_400)
        sandbox.save_as_it_stands(sales.realm, "Invoice", made["Id"])
        synced(company, clock)
    finally:
        sandbox.clock(real=True)

    row.refresh_from_db()
    assert row.linked


def test_the_first_sync_brings_active_and_inactive_ones(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    """The initial sync will bring in both active and inactive objects. This allows future updates to sync."""
    realm = loaded["qbo"]["realm_id"]
    address = {"Line1": "9 Hill", "City": "Dover", "PostalCode": "19901", "Country": "US"}
    entered: dict[str, dict[str, Any]] = {
        "Vendor": {"DisplayName": "Mill Stone", "BillAddr": address},
        "Account": {"Name": "Twine", "AccountType": "Expense"},
        "Customer": {"DisplayName": "Harbor Inn", "PrimaryEmailAddr": {"Address": "inn@example.com"}},
    }
    made = {entity: sandbox.person("qbo", realm, entity, record)["Id"] for entity, record in entered.items()}
    for entity, remote_id in made.items():
        sandbox.person_deletes("qbo", realm, entity, remote_id)

    synced(company, clock)
    rows = {entity: SyncedObject.objects.get(kind=entity.lower(), qbo_id=made[entity]) for entity in made}
    assert all(row.linked and row.billcom_values["active"] is False for row in rows.values())

    sandbox.person("qbo", realm, "Vendor", {"Id": made["Vendor"], "Active": True})
    synced(company, clock)
    rows["Vendor"].refresh_from_db()
    assert rows["Vendor"].billcom_values["active"] is True


def test_what_the_role_or_plan_does_not_have_is_said(
    company: Company, clock: Clock, books: Books, lists_only_read: None
) -> None:
    """If you don't see the described feature, you may not have access to it by your role or plan; contact the
    Administrator of your Bill.com account.
    """
    books.sandbox.person("qbo", books.realm, "Account", {"Name": "Twine", "AccountType": "Expense"})
    synced(company, clock)
    row = SyncedObject.objects.get(company=company, kind="account", label="Twine")
    assert row.hold is not None and row.hold_code == HoldCode.PLAN_OR_ROLE
    assert "Administrator of the BILL account" in row.hold.fix()
