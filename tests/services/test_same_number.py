"""Two of one vendor or customer and one number, first seen by one sync: linked if date or total is the same, too."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from syncapp.core.holds import HoldCode
from syncapp.models import Company
from syncapp.services import links
from tests.services.test_invoices import Sales
from tests.services.test_named_errors import Office
from tests.services.test_rules import bill_in_qbo
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, synced, writes


@pytest.fixture
def office(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Office:
    synced(company, clock)
    return Office(company, sandbox, loaded, clock)


def on_both(office: Office, number: str, day: str, amount: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """A bill of 77.00 of November 20 in BILL, and one of the same vendor and number in QuickBooks."""
    there = bill_in_qbo(office.company, office.sandbox, office.realm, number)
    vendor = office.row("vendor", qbo_id=there["VendorRef"]["value"])
    line = {**there["Line"][0], "Amount": amount}
    there = office.there("Bill", {"Id": there["Id"], "TxnDate": day, "Line": [line]})
    invoice = {"invoiceNumber": number, "invoiceDate": "2026-11-20"}
    return office.bill(number, 77, vendorId=vendor.billcom_id, invoice=invoice), there


@pytest.mark.parametrize(("day", "amount"), [("2026-11-20", 99), ("2026-11-25", 77)])
def test_a_bill_of_the_same_date_or_total_is_the_same_bill(office: Office, day: str, amount: float) -> None:
    ours, there = on_both(office, "DUP-1", day, amount)

    office.sync()

    assert office.row("bill", billcom_id=ours["id"]).qbo_id == there["Id"]


def test_bills_that_share_nothing_but_the_number_are_asked_about(
    office: Office, clock: Clock, admin_user: User
) -> None:
    ours, there = on_both(office, "DUP-2", "2026-11-25", 99)

    office.sync()

    mine, theirs = office.row("bill", billcom_id=ours["id"]), office.row("bill", qbo_id=there["Id"])
    assert mine.pk != theirs.pk
    assert {row.hold_code for row in (mine, theirs)} == {HoldCode.PROPOSED_MATCH}
    assert mine.hold is not None and "2026-11-20, 77.00, there 2026-11-25, 99.00" in mine.hold.describe()
    assert float(next(each for each in office.qbo("Bill") if each["Id"] == there["Id"])["TotalAmt"]) == 99
    assert float(office.billcom("bills", ours["id"])["amount"]) == 77
    assert writes(synced(office.company, clock)) == 0

    links.link(mine, theirs, admin_user)
    office.sync()
    found = office.row("bill", billcom_id=ours["id"])
    assert (found.qbo_id, found.hold_code) == (there["Id"], "")
    assert float(next(each for each in office.qbo("Bill") if each["Id"] == there["Id"])["TotalAmt"]) == 77
    assert writes(synced(office.company, clock)) == 0


def test_they_are_linked_when_one_is_corrected(office: Office) -> None:
    ours, there = on_both(office, "DUP-3", "2026-11-25", 99)
    office.sync()

    office.there("Bill", {"Id": there["Id"], "TxnDate": "2026-11-20"})
    office.sync()

    assert office.row("bill", billcom_id=ours["id"]).qbo_id == there["Id"]


def test_invoices_of_one_customer_and_number_are_asked_about_too(office: Office) -> None:
    loaded = {"qbo": {"realm_id": office.realm}, "billcom": {"organization_id": office.organization}}
    sales = Sales(office.company, office.sandbox, loaded)
    ours = sales.in_bill("DUP-4")
    there = sales.in_quickbooks("DUP-4", 431, TxnDate="2026-11-25")

    office.sync()

    held = [office.row("invoice", billcom_id=ours["id"]), office.row("invoice", qbo_id=there["Id"])]
    assert [row.hold_code for row in held] == [HoldCode.PROPOSED_MATCH] * 2
