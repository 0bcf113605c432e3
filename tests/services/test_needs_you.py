"""Which held records ask for somebody, and which can stay as they are."""

from __future__ import annotations

from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.models import Company, SyncedObject, SyncPreferences
from syncapp.services import holds
from syncapp.views.results import OWN_WORDS, hold_rows
from tests.services.test_invoices import Sales
from tests.services.test_rules import bill_in_qbo, pay_in_qbo
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, synced


@pytest.fixture
def sales(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Sales:
    synced(company, clock)
    return Sales(company, sandbox, loaded)


def _asked_for(row: SyncedObject) -> bool:
    return holds.needs_a_person().filter(pk=row.pk).exists()


def _receives_in_quickbooks(sales: Sales, invoice: dict[str, Any]) -> SyncedObject:
    line = {"Amount": 40, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    payment = {"CustomerRef": invoice["CustomerRef"], "TxnDate": "2026-10-20", "TotalAmt": 40, "Line": [line]}
    made = sales.sandbox.person("qbo", sales.realm, "Payment", payment)
    synced(sales.company, Clock())
    return sales.row("receivable_payment", qbo_id=made["Id"])


def test_what_a_customer_paid_in_quickbooks_needs_you_where_bill_has_the_invoice(
    company: Company, clock: Clock, sales: Sales
) -> None:
    ours = sales.in_bill("N-1")
    synced(company, clock)
    row = sales.row(billcom_id=ours["id"])
    paid = _receives_in_quickbooks(sales, sales.qbo("Invoice")[str(row.qbo_id)])
    assert paid.hold_code == HoldCode.FLOW_NOT_IN_MATRIX
    assert _asked_for(paid)
    asked = {row.title: row.fix for row in hold_rows(company) if not row.settled}
    assert asked["Doesn't sync this way"] == OWN_WORDS


def test_what_was_paid_on_an_invoice_that_bill_never_had_can_stay(company: Company, clock: Clock, sales: Sales) -> None:
    invoice = sales.in_quickbooks("N-2")
    paid = _receives_in_quickbooks(sales, invoice)
    held = sales.row(qbo_id=invoice["Id"])
    assert (paid.hold_code, held.hold_code) == (HoldCode.FLOW_NOT_IN_MATRIX, HoldCode.FLOW_NOT_IN_MATRIX)
    assert not _asked_for(paid) and not _asked_for(held)


def test_an_invoice_line_without_an_item_needs_you(company: Company, clock: Clock, sales: Sales) -> None:
    made = sales.in_bill("N-3", invoiceLineItems=[{"quantity": 1, "price": 55, "description": "Work"}])
    synced(company, clock)
    row = sales.row(billcom_id=made["id"])
    assert row.hold is not None and "names no item" in row.hold.describe()
    assert _asked_for(row)


def test_linked_ones_that_differ_need_you_unless_somebody_excluded_them(
    company: Company, clock: Clock, sales: Sales
) -> None:
    made = sales.in_quickbooks("N-4")
    synced(company, clock)
    row = sales.row(qbo_id=made["Id"])
    sales.sandbox.person_deletes("qbo", sales.realm, "Invoice", made["Id"])
    synced(company, clock)
    row.refresh_from_db()
    assert row.linked and row.hold_code == HoldCode.FLOW_NOT_IN_MATRIX
    assert _asked_for(row)
    SyncedObject.objects.filter(pk=row.pk).update(hold_code=HoldCode.EXCLUDED, excluded=True)
    assert not _asked_for(row)


@pytest.mark.parametrize("preference", ["", "one_way"])
def test_a_payment_of_a_bill_that_is_in_both_needs_you_and_another_can_stay(
    company: Company, clock: Clock, sales: Sales, preference: str
) -> None:
    bill = bill_in_qbo(company, sales.sandbox, sales.realm, "N-5")
    synced(company, clock)
    if preference:
        SyncPreferences.objects.filter(company=company).update(**{preference: True})
    seen = pay_in_qbo(company, sales.sandbox, sales.realm, bill, 50)
    paid_before = bill_in_qbo(company, sales.sandbox, sales.realm, "N-6")
    unseen = pay_in_qbo(company, sales.sandbox, sales.realm, paid_before, 50)
    synced(company, clock)
    assert _asked_for(sales.row("bill_payment", qbo_id=seen["Id"]))
    assert not _asked_for(sales.row("bill_payment", qbo_id=unseen["Id"]))


def test_what_waits_for_one_that_needs_you_does_too(company: Company, sales: Sales) -> None:
    held = {"company": company, "kind": "bill", "state": "held"}
    rule = {"rule": "A line is odd."}
    asks = SyncedObject.objects.create(
        **held, qbo_id="n1", hold_code="flow-not-in-matrix", hold_facts={**rule, "act": "always"}
    )
    settled = SyncedObject.objects.create(**held, qbo_id="n2", hold_code="flow-not-in-matrix", hold_facts=rule)
    first, second, alone = (
        SyncedObject.objects.create(**held, qbo_id=f"n{at}", hold_code="waits-for", waits_for=target)
        for at, target in ((3, asks), (4, settled), (5, None))
    )
    assert [_asked_for(each) for each in (asks, settled, first, second, alone)] == [True, False, True, False, True]
