"""Credit memos both ways, and what they make of what customers owe, to the cent on both sides."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from syncapp.core.holds import HoldCode
from syncapp.models import Company, SyncedObject
from syncapp.services import tie_out
from tests.services.test_invoices import Sales
from tests.support.sandbox import Sandbox
from tests.support.syncing import Clock, synced, writes

MEMOS = "credit-memos"


class Credits(Sales):
    def memo(self, number: str, amount: float = 30, day: str = "2026-10-02") -> dict[str, Any]:
        line = {"quantity": 1, "price": amount, "description": "Returned"}
        line["classifications"] = {"itemId": self.one("item").billcom_id}
        head = {"customerId": self.one("customer").billcom_id, "referenceNumber": number, "creditDate": day}
        return self.sandbox.person("billcom", self.organization, MEMOS, {**head, "creditMemoLineItems": [line]})

    def memo_in_quickbooks(self, number: str, amount: float = 30) -> dict[str, Any]:
        detail = {"ItemRef": {"value": self.one("item").qbo_id}}
        line = {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
        head = {"CustomerRef": {"value": self.one("customer").qbo_id}, "DocNumber": number, "TxnDate": "2026-10-02"}
        return self.sandbox.person("qbo", self.realm, "CreditMemo", {**head, "Line": [line]})

    def apply_in_quickbooks(
        self, invoice: str, settled: float, memo: str, used: float, received: float = 0
    ) -> dict[str, Any]:
        lines = [
            {"Amount": amount, "LinkedTxn": [{"TxnId": each, "TxnType": kind}]}
            for each, kind, amount in ((invoice, "Invoice", settled), (memo, "CreditMemo", used))
        ]
        customer = {"value": self.one("customer").qbo_id}
        head = {"CustomerRef": customer, "TxnDate": "2026-10-20", "TotalAmt": received}
        return self.sandbox.person("qbo", self.realm, "Payment", {**head, "Line": lines})

    def twin(self, kind: str, entity: str, billcom_id: str) -> dict[str, Any]:
        row = self.row(kind, billcom_id=billcom_id)
        assert row.linked, row.hold
        return self.qbo(entity)[str(row.qbo_id)]

    def settled(self, clock: Clock) -> None:
        """Both sides tie out, and nothing is left to do."""
        found = tie_out.tie_out(self.company, now=timezone.now())
        assert found.ties, found.summary()
        assert writes(synced(self.company, clock)) == 0


@pytest.fixture
def credits(company: Company, clock: Clock, sandbox: Sandbox, loaded: dict[str, Any]) -> Credits:
    synced(company, clock)
    return Credits(company, sandbox, loaded)


def test_a_credit_memo_of_bill_is_made_changed_and_taken_away(company: Company, clock: Clock, credits: Credits) -> None:
    made = credits.memo("CM-1")
    synced(company, clock)
    there = credits.twin("credit_memo", "CreditMemo", made["id"])
    assert (there["DocNumber"], there["TotalAmt"], there["RemainingCredit"]) == ("CM-1", 30, 30)
    credits.settled(clock)

    credits.sandbox.person("billcom", credits.organization, MEMOS, {"id": made["id"], "referenceNumber": "CM-1A"})
    synced(company, clock)
    assert credits.twin("credit_memo", "CreditMemo", made["id"])["DocNumber"] == "CM-1A"

    credits.sandbox.person_deletes("billcom", credits.organization, MEMOS, made["id"])
    synced(company, clock)
    assert there["Id"] not in credits.qbo("CreditMemo")
    credits.settled(clock)


def test_a_credit_memo_of_quickbooks_is_made_changed_and_taken_away(
    company: Company, clock: Clock, credits: Credits
) -> None:
    made = credits.memo_in_quickbooks("CM-2")
    synced(company, clock)
    row = credits.row("credit_memo", qbo_id=made["Id"])
    there = credits.billcom(MEMOS)[str(row.billcom_id)]
    assert (there["referenceNumber"], there["amount"], there["status"]) == ("CM-2", 30, "NOT_APPLIED")
    credits.settled(clock)

    line = {**made["Line"][0], "Amount": 45}
    line["SalesItemLineDetail"] = {**line["SalesItemLineDetail"], "Qty": 1, "UnitPrice": 45}
    change = {"Id": made["Id"], "CustomerRef": made["CustomerRef"], "Line": [line]}
    credits.sandbox.person("qbo", credits.realm, "CreditMemo", change)
    synced(company, clock)
    assert credits.billcom(MEMOS)[str(row.billcom_id)]["amount"] == 45
    credits.settled(clock)

    credits.sandbox.person_deletes("qbo", credits.realm, "CreditMemo", made["Id"])
    synced(company, clock)
    assert credits.billcom(MEMOS)[str(row.billcom_id)]["archived"] is True
    credits.settled(clock)


def test_the_same_credit_memo_on_both_sides_is_linked(company: Company, clock: Clock, credits: Credits) -> None:
    ours, theirs = credits.memo("CM-3"), credits.memo_in_quickbooks("CM-3")
    before = len(credits.qbo("CreditMemo")), len(credits.billcom(MEMOS))
    synced(company, clock)
    assert credits.row("credit_memo", billcom_id=ours["id"]).qbo_id == theirs["Id"]
    assert (len(credits.qbo("CreditMemo")), len(credits.billcom(MEMOS))) == before


def test_what_it_is_applied_to_stays_each_products_own_and_the_customer_owes_the_same(
    company: Company, clock: Clock, credits: Credits
) -> None:
    memo, invoice = credits.memo("CM-4"), credits.in_bill("I-40")
    synced(company, clock)
    uses = [{"invoiceId": invoice["id"], "amount": 30}]
    credits.sandbox.person("billcom", credits.organization, MEMOS, {"id": memo["id"], "usage": uses})

    synced(company, clock)

    assert credits.billcom("invoices")[invoice["id"]]["dueAmount"] == 70
    assert credits.twin("invoice", "Invoice", invoice["id"])["Balance"] == 100
    assert not SyncedObject.objects.filter(kind__in=("credit_memo", "invoice"), hold_code="rejected").exists()
    credits.settled(clock)


def test_what_quickbooks_applies_is_explained_and_nothing_is_recorded_for_it(
    company: Company, clock: Clock, credits: Credits
) -> None:
    memo, invoice = credits.memo_in_quickbooks("CM-5"), credits.in_quickbooks("I-50")
    synced(company, clock)
    applied = credits.apply_in_quickbooks(invoice["Id"], 30, memo["Id"], 30)

    synced(company, clock)

    row = credits.row("receivable_payment", qbo_id=applied["Id"])
    assert row.hold_code == HoldCode.FLOW_NOT_IN_MATRIX and row.billcom_id is None
    assert row.hold is not None and "only applies a credit memo" in row.hold.fix()
    credits.settled(clock)


def test_a_payment_that_quickbooks_shows_with_the_credit_memo_in_it_is_linked_and_left(
    company: Company, clock: Clock, credits: Credits
) -> None:
    """70 received on 100, and 30 credited: in QuickBooks by one payment, in BILL one after the other."""
    memo, invoice = credits.memo("CM-6"), credits.in_bill("I-60")
    synced(company, clock)
    ids = [
        credits.twin(kind, entity, made["id"])["Id"]
        for kind, entity, made in (("invoice", "Invoice", invoice), ("credit_memo", "CreditMemo", memo))
    ]
    there = credits.apply_in_quickbooks(ids[0], 100, ids[1], 30, 70)
    uses = [{"invoiceId": invoice["id"], "amount": 30}]
    credits.sandbox.person("billcom", credits.organization, MEMOS, {"id": memo["id"], "usage": uses})
    paid = credits.received(invoice, 70)

    run = synced(company, clock)

    assert writes(run) == 0
    row = credits.row("receivable_payment", billcom_id=paid)
    assert (row.qbo_id, row.hold_code) == (there["Id"], "")
    assert credits.qbo("Payment")[there["Id"]]["TotalAmt"] == 70
    credits.settled(clock)


def test_what_was_applied_in_quickbooks_before_it_was_first_seen_stays_there(
    company: Company, clock: Clock, credits: Credits
) -> None:
    memo, invoice = credits.memo_in_quickbooks("CM-7"), credits.in_quickbooks("I-70")
    credits.apply_in_quickbooks(invoice["Id"], 30, memo["Id"], 30)

    synced(company, clock)

    row = credits.row("credit_memo", qbo_id=memo["Id"])
    assert (row.hold_code, row.billcom_id) == (HoldCode.FLOW_NOT_IN_MATRIX, None)
    credits.settled(clock)


def test_a_company_that_started_before_2019_syncs_none(company: Company, clock: Clock, credits: Credits) -> None:
    company.signed_up_on = date(2018, 6, 1)
    company.save(update_fields=["signed_up_on"])
    made = credits.memo("CM-8")
    before = len(credits.qbo("CreditMemo"))

    synced(company, clock)

    row = credits.row("credit_memo", billcom_id=made["id"])
    assert (row.hold_code, len(credits.qbo("CreditMemo"))) == (HoldCode.FLOW_NOT_IN_MATRIX, before)
    credits.settled(clock)


@pytest.mark.parametrize("kept", ["credit memo", "invoice"])
def test_what_bill_applies_while_one_of_the_two_is_held_is_explained(
    company: Company, clock: Clock, credits: Credits, kept: str
) -> None:
    """The books are closed on the day of the one, so it is in BILL alone."""
    credits.sandbox.person(
        "qbo", credits.realm, "Preferences", {"AccountingInfoPrefs": {"BookCloseDate": "2026-10-05"}}
    )
    memo = credits.memo("CM-9", 30, *([] if kept == "credit memo" else ["2026-10-20"]))
    invoice = credits.in_bill("I-90", invoiceDate="2026-10-20" if kept == "credit memo" else "2026-10-02")
    synced(company, clock)
    uses = [{"invoiceId": invoice["id"], "amount": 30}]
    credits.sandbox.person("billcom", credits.organization, MEMOS, {"id": memo["id"], "usage": uses})

    synced(company, clock)

    row = credits.row("credit_memo", billcom_id=memo["id"])
    assert (row.hold_code == HoldCode.BOOKS_CLOSED) is (kept == "credit memo")
    credits.settled(clock)
