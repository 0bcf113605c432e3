"""A payment in QuickBooks of which a part pays no bill: nobody's money is written down to fit."""

from __future__ import annotations

from typing import Any

from syncapp.core.holds import HoldCode
from syncapp.models import Company, SyncedObject, SyncPreferences
from tests.services.test_rules import bill_in_qbo, expense_line, pay_in_qbo
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, synced, writes


def test_a_payment_that_its_bill_no_longer_takes_up_waits_and_keeps_its_amount(
    company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]
) -> None:
    SyncPreferences.objects.filter(company=company).update(two_way_payments=True)
    realm, organization = loaded["qbo"]["realm_id"], loaded["billcom"]["organization_id"]
    synced(company, clock)
    bill = bill_in_qbo(company, sandbox, realm, "SHRUNK-1")
    synced(company, clock)
    paid = pay_in_qbo(company, sandbox, realm, bill, 120)
    less = {"Id": bill["Id"], "VendorRef": bill["VendorRef"], "Line": [expense_line(company, 80)]}
    sandbox.person("qbo", realm, "Bill", less)

    synced(company, clock)

    row = SyncedObject.objects.get(company=company, kind="bill_payment", qbo_id=paid["Id"])
    assert row.hold_code == HoldCode.FLOW_NOT_IN_MATRIX
    assert row.hold is not None and "pays no bill" in row.hold.describe()
    assert row.billcom_id is None
    assert _total(sandbox, realm, paid["Id"]) == 120
    assert writes(synced(company, clock)) == 0

    sandbox.person("qbo", realm, "BillPayment", {"Id": paid["Id"], "VendorRef": bill["VendorRef"], "TotalAmt": 80})
    synced(company, clock)

    row.refresh_from_db()
    payments = {each["id"]: each["amount"] for each in sandbox.books("billcom", organization)["payments"]}
    assert payments[row.billcom_id] == 80
    assert _total(sandbox, realm, paid["Id"]) == 80


def _total(sandbox: Sandbox, realm: str, payment_id: str) -> Any:
    return next(each for each in sandbox.books("qbo", realm)["BillPayment"] if each["Id"] == payment_id)["TotalAmt"]
