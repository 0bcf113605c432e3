"""Which accounts of QuickBooks money is posted to: named, mapped, the only one, or asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.models import Company, SyncedObject
from tests.services.test_funds_transfers import Books
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, choose_banks, synced, writes


@pytest.fixture
def books(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Books:
    found = Books(company, sandbox, loaded)
    choose_banks(company, found.banks())
    synced(company, clock)
    return found


@pytest.fixture
def told(books: Books) -> Iterator[None]:
    """BILL shows of recorded payments what they were recorded with."""
    books.sandbox.switch(billcom_payments_show_reference=True)
    yield
    books.sandbox.switch(billcom_payments_show_reference=False)


def recorded(books: Books, number: str, **more: Any) -> dict[str, Any]:
    """A bill of 100 that is paid outside BILL."""
    bill = books.bill(number, 100)
    paid = {"vendorId": bill["vendorId"], "processDate": "2026-10-10", "toPrintCheck": False}
    return books.enters("payments", {**paid, "payments": [{"billId": bill["id"], "amount": 100}], **more})


def row_of(company: Company, payment: dict[str, Any]) -> SyncedObject:
    return SyncedObject.objects.get(company=company, kind="bill_payment", billcom_id=payment["id"])


def test_a_payment_waits_for_the_account_that_it_names(
    company: Company, clock: Clock, books: Books, told: None
) -> None:
    """And isn't posted from the default bank account meanwhile."""
    named = books.enters("chart-of-accounts", {"name": "Payroll bank"})
    payment = recorded(books, "NA-1", classifications={"chartOfAccountId": named["id"]})
    synced(company, clock)
    account = SyncedObject.objects.get(company=company, kind="account", billcom_id=named["id"])
    assert account.qbo_id is None
    row = row_of(company, payment)
    assert (row.qbo_id, row.hold_code, row.waits_for_id) == (None, HoldCode.WAITS_FOR, account.pk)
    assert row.hold is not None and "Payroll bank" in row.hold.describe()

    books.enters("chart-of-accounts", {"id": named["id"], "account": {"type": "BANK"}})
    synced(company, clock)

    account.refresh_from_db()
    there = books.twin("bill_payment", "BillPayment", payment["id"])
    assert account.qbo_id and there["CheckPayment"]["BankAccountRef"]["value"] == account.qbo_id
    assert writes(synced(company, clock)) == 0
