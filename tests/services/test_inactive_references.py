"""A change that names what QuickBooks has out of use is refused once, and says so."""

from __future__ import annotations

from typing import Any

from syncapp.models import Company, SyncedObject
from tests.services.test_edits import edit_billcom
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, linked, synced, writes


def unpaid_bill(company: Company) -> SyncedObject:
    return next(
        row
        for row in linked(company, "bill")
        if row.qbo_values["active"]
        and row.qbo_values["open"] == row.qbo_values["total"]
        and row.billcom_raw["paymentStatus"] == "UNPAID"
    )


def unused_expense(company: Company) -> SyncedObject:
    used = {line["account"] for row in linked(company, "bill") for line in row.qbo_values["lines"]}
    accounts = [row for row in linked(company, "account") if row.qbo_raw["AccountType"] == "Expense"]
    return next(row for row in accounts if row.qbo_values["active"] and row.qbo_id not in used)


def test_a_bill_moved_to_an_account_out_of_use_in_quickbooks_is_held_and_not_tried_for_ever(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    synced(company, clock)
    bill, account = unpaid_bill(company), unused_expense(company)
    old = bill.billcom_raw["billLineItems"][0]
    moved = {
        "id": old["id"],
        "amount": float(old["amount"]),
        "classifications": {"chartOfAccountId": account.billcom_id},
    }
    edit_billcom(sandbox, loaded, "bills", id=bill.billcom_id, billLineItems=[moved])
    sandbox.person_deletes("qbo", loaded["qbo"]["realm_id"], "Account", str(account.qbo_id))

    first = synced(company, clock)

    bill.refresh_from_db()
    assert bill.hold_code == "rejected"
    assert bill.hold_facts["code"] == "610"
    assert writes(first) <= 2, "the account's end in BILL, and the bill once"
    assert writes(synced(company, clock)) == 0
