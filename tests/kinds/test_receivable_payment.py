"""Customers' payments: to QuickBooks only, into the account that they came in by."""

from __future__ import annotations

from typing import Any

from syncapp.core.holds import HoldCode
from syncapp.core.records import Outcome, WriteVerb
from syncapp.core.schema import Account
from tests.kinds.support import BILLCOM, QBO, TERMS, body, code, edited_on, just_linked, only_in, planned, terms

KIND = "receivable_payment"


def test_one_received_outside_bill_is_deposited_where_the_preference_says() -> None:
    sent: dict[str, Any] = body(only_in(BILLCOM, KIND), KIND, QBO)
    assert sent["DepositToAccountRef"] == {"value": "96"}
    assert sent["CustomerRef"] == {"value": "12"} and sent["PaymentRefNum"] == "4471"
    assert sent["Line"] == [{"Amount": sent["TotalAmt"], "LinkedTxn": [{"TxnId": "220", "TxnType": "Invoice"}]}]


def test_one_received_through_bill_goes_into_clearing() -> None:
    online = {"onlinePayment": True}
    assert code(only_in(BILLCOM, KIND, online)) is HoldCode.NEEDS_MAPPING
    chosen = terms(accounts={**TERMS.accounts, "money-in-clearing": Account(906, "95")})
    sent = body(only_in(BILLCOM, KIND, online, by=chosen), KIND, QBO)
    assert sent["DepositToAccountRef"] == {"value": "95"}


def test_one_made_in_quickbooks_is_to_be_recorded_in_bill() -> None:
    decision = only_in(QBO, KIND)
    assert code(decision) is HoldCode.FLOW_NOT_IN_MATRIX
    assert decision.hold is not None and "Record it in BILL" in decision.hold.fix()


def test_a_void_in_bill_follows_and_one_in_quickbooks_does_not() -> None:
    assert planned(edited_on(BILLCOM, KIND, {"status": "VOID"})) == [(QBO, WriteVerb.RETIRE, ["active"])]
    voided = {"TotalAmt": 0, "Line": [], "PrivateNote": "Voided"}
    assert edited_on(QBO, KIND, voided).writes == ()


def test_voided_before_it_was_seen_it_does_not_sync() -> None:
    assert only_in(BILLCOM, KIND, {"status": "VOID"}).outcome is Outcome.RETIRED


def test_the_same_payment_on_both_sides_is_in_step() -> None:
    assert just_linked(KIND).outcome is Outcome.IN_STEP


def test_one_that_is_under_way_waits_until_it_is_paid() -> None:
    decision = only_in(BILLCOM, KIND, {"status": "IN_PROCESS"})
    assert decision.writes == () and decision.hold is not None
    assert "in process" in decision.hold.describe() and "shows it as paid" in decision.hold.fix()
