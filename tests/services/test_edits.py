"""Edits on either side, and on both at once."""

from __future__ import annotations

from typing import Any

import pytest

from syncapp.models import Company, Conflict, ConflictState, ObjectState, SyncPreferences
from syncapp.services.conflicts import restore
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, synced, writes


@pytest.fixture
def in_step(company: Company, clock: Clock) -> Company:
    synced(company, clock)
    return company


def a_vendor(company: Company) -> Any:
    return next(row for row in linked(company, "vendor") if row.qbo_values["active"])


def in_qbo(sandbox: Sandbox, loaded: dict[str, Any], entity: str, remote_id: str) -> dict[str, Any]:
    return next(each for each in sandbox.books("qbo", loaded["qbo"]["realm_id"])[entity] if each["Id"] == remote_id)


def in_billcom(sandbox: Sandbox, loaded: dict[str, Any], collection: str, remote_id: str) -> dict[str, Any]:
    books = sandbox.books("billcom", loaded["billcom"]["organization_id"])
    return next(each for each in books[collection] if each["id"] == remote_id)


def edit_qbo(sandbox: Sandbox, loaded: dict[str, Any], entity: str, **change: Any) -> None:
    sandbox.person("qbo", loaded["qbo"]["realm_id"], entity, change)


def edit_billcom(sandbox: Sandbox, loaded: dict[str, Any], collection: str, **change: Any) -> None:
    sandbox.person("billcom", loaded["billcom"]["organization_id"], collection, change)


def test_an_email_edited_in_quickbooks_shows_in_bill(
    in_step: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    row = a_vendor(in_step)
    edit_qbo(sandbox, loaded, "Vendor", Id=row.qbo_id, PrimaryEmailAddr={"Address": "new@vendor.example"})

    synced(in_step, clock)

    assert in_billcom(sandbox, loaded, "vendors", row.billcom_id)["email"] == "new@vendor.example"
    assert writes(synced(in_step, clock)) == 0


def test_an_email_edited_in_bill_shows_in_quickbooks(
    in_step: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    row = a_vendor(in_step)
    edit_billcom(sandbox, loaded, "vendors", id=row.billcom_id, email="other@vendor.example")

    synced(in_step, clock)

    shown = in_qbo(sandbox, loaded, "Vendor", row.qbo_id)
    assert shown["PrimaryEmailAddr"]["Address"] == "other@vendor.example"


@pytest.mark.parametrize(("master", "kept"), [("billcom", "bill@vendor.example"), ("qbo", "qbo@vendor.example")])
def test_where_both_edited_the_master_wins_and_both_values_are_on_record(
    in_step: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], master: str, kept: str
) -> None:
    SyncPreferences.objects.filter(company=in_step).update(master=master)
    row = a_vendor(in_step)
    edit_qbo(sandbox, loaded, "Vendor", Id=row.qbo_id, PrimaryEmailAddr={"Address": "qbo@vendor.example"})
    edit_billcom(sandbox, loaded, "vendors", id=row.billcom_id, email="bill@vendor.example")

    synced(in_step, clock)

    assert in_qbo(sandbox, loaded, "Vendor", row.qbo_id)["PrimaryEmailAddr"]["Address"] == kept
    assert in_billcom(sandbox, loaded, "vendors", row.billcom_id)["email"] == kept
    conflict = Conflict.objects.get(object=row, field="email")
    assert (conflict.billcom_value, conflict.qbo_value) == ("bill@vendor.example", "qbo@vendor.example")
    assert conflict.kept == master


def test_edits_of_different_fields_are_merged(
    in_step: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    row = a_vendor(in_step)
    edit_qbo(sandbox, loaded, "Vendor", Id=row.qbo_id, AcctNum="C-77")
    edit_billcom(sandbox, loaded, "vendors", id=row.billcom_id, email="merged@vendor.example")

    synced(in_step, clock)

    assert in_billcom(sandbox, loaded, "vendors", row.billcom_id)["accountNumber"] == "C-77"
    shown = in_qbo(sandbox, loaded, "Vendor", row.qbo_id)
    assert (shown["AcctNum"], shown["PrimaryEmailAddr"]["Address"]) == ("C-77", "merged@vendor.example")
    assert not Conflict.objects.filter(object=row, field__in=["email", "account_number"]).exists()


def test_a_lost_value_can_be_brought_back(
    in_step: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_user: Any
) -> None:
    row = a_vendor(in_step)
    edit_qbo(sandbox, loaded, "Vendor", Id=row.qbo_id, PrimaryEmailAddr={"Address": "qbo@vendor.example"})
    edit_billcom(sandbox, loaded, "vendors", id=row.billcom_id, email="bill@vendor.example")
    synced(in_step, clock)

    restore(Conflict.objects.get(object=row, field="email"), admin_user)
    synced(in_step, clock)

    assert in_billcom(sandbox, loaded, "vendors", row.billcom_id)["email"] == "qbo@vendor.example"
    shown = in_qbo(sandbox, loaded, "Vendor", row.qbo_id)
    assert shown["PrimaryEmailAddr"]["Address"] == "qbo@vendor.example"


def test_no_restored_value_is_written_against_one_way_sync(
    in_step: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any], admin_user: Any
) -> None:
    """The wish is given back with the reason, and the conflict is open again."""
    bill = next(
        row for row in linked(in_step, "bill") if row.qbo_values["active"] and row.qbo_values["open"] == row.amount
    )
    edit_qbo(sandbox, loaded, "Bill", Id=bill.qbo_id, PrivateNote="As QuickBooks says")
    edit_billcom(sandbox, loaded, "bills", id=bill.billcom_id, description="As BILL says")
    synced(in_step, clock)
    conflict = Conflict.objects.get(object=bill, field="description")
    SyncPreferences.objects.filter(company=in_step).update(one_way=True)

    restore(conflict, admin_user)
    run = synced(in_step, clock)

    conflict.refresh_from_db()
    bill.refresh_from_db()
    assert writes(run) == 0
    assert (conflict.state, bill.wanted, bill.state) == (ConflictState.OPEN, {}, ObjectState.LINKED)
    assert run.log.filter(message__contains="1-Way Transactions Sync is on").exists()
    assert in_billcom(sandbox, loaded, "bills", str(bill.billcom_id))["description"] == "As BILL says"


def test_a_vendor_made_inactive_in_quickbooks_is_archived_in_bill_without_a_rename(
    in_step: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    row = a_vendor(in_step)
    edit_qbo(sandbox, loaded, "Vendor", Id=row.qbo_id, Active=False)

    synced(in_step, clock)

    shown = in_billcom(sandbox, loaded, "vendors", row.billcom_id)
    assert shown["archived"] is True
    assert "deleted" not in shown["name"]


def test_a_new_bill_in_quickbooks_arrives_in_bill_with_its_vendor(
    in_step: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    realm = loaded["qbo"]["realm_id"]
    address = {"Line1": "1 New St", "Country": "US"}
    vendor = sandbox.person("qbo", realm, "Vendor", {"DisplayName": "Fresh Start Bakery Goods", "BillAddr": address})
    account = next(row for row in linked(in_step, "account") if row.qbo_values["account_type"] == "EXPENSE")
    detail = {"AccountRef": {"value": account.qbo_id}}
    line = {"DetailType": "AccountBasedExpenseLineDetail", "Amount": 42.5, "AccountBasedExpenseLineDetail": detail}
    bill = {"VendorRef": {"value": vendor["Id"]}, "DocNumber": "N-1", "TxnDate": "2026-10-01", "Line": [line]}
    sandbox.person("qbo", realm, "Bill", bill)

    synced(in_step, clock)

    books = sandbox.books("billcom", loaded["billcom"]["organization_id"])
    shown = [each for each in books["bills"] if each["invoice"]["invoiceNumber"] == "N-1"]
    assert [each["amount"] for each in shown] == [42.5]
    assert shown[0]["vendorName"] == "Fresh Start Bakery Goods"
