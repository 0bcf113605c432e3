"""Bills: both ways while unpaid, approved ones only where asked, never with another total than they have."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.core.records import Outcome, WriteVerb
from syncapp.core.sides import Cohort, Side
from syncapp.kinds import KINDS
from tests.kinds.support import (
    BILLCOM,
    QBO,
    billcom_lines,
    body,
    code,
    edited,
    edited_on,
    just_linked,
    lookup,
    one_line,
    only_in,
    payload,
    planned,
    qbo_lines,
    terms,
)

CREATE, UPDATE, RETIRE = WriteVerb.CREATE, WriteVerb.UPDATE, WriteVerb.RETIRE
BILL = KINDS["bill"]
ACCOUNT_LINE, ITEM_LINE = 0, 1


# --- which way -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cohort", Cohort)
@pytest.mark.parametrize("side", Side)
def test_an_unpaid_bill_goes_both_ways_in_both_cohorts(side: Side, cohort: Cohort) -> None:
    decision = only_in(side, "bill", by=terms(cohort=cohort))
    assert planned(decision) == [(side.other, CREATE, sorted(BILL.compared))]


def test_one_way_stops_bills_from_quickbooks_and_lets_bills_from_bill_through() -> None:
    assert code(only_in(QBO, "bill", by=terms(one_way=True))) is HoldCode.ONE_WAY
    assert only_in(BILLCOM, "bill", by=terms(one_way=True)).outcome is Outcome.WRITE


def test_one_way_beats_two_way_payments_for_bills_as_well() -> None:
    by = terms(one_way=True, two_way_payments=True, cohort=Cohort.B)
    assert code(only_in(QBO, "bill", by=by)) is HoldCode.ONE_WAY


@pytest.mark.parametrize("change", [{"PrivateNote": "x"}, {"status": "Deleted"}])
def test_one_way_shows_what_was_done_in_quickbooks_and_leaves_bill_alone(change: dict[str, Any]) -> None:
    decision = edited_on(QBO, "bill", change, by=terms(one_way=True))
    assert (code(decision), decision.writes) == (HoldCode.ONE_WAY, ())


# --- to QuickBooks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("approval", ["UNASSIGNED", "ASSIGNED", "APPROVING", "DENIED", "UNDEFINED", ""])
def test_only_approved_ones_go_where_that_is_asked(approval: str) -> None:
    by = terms(approved_only=True)
    held = only_in(BILLCOM, "bill", {"approvalStatus": approval or None}, by=by)
    assert code(held) is HoldCode.NOT_APPROVED
    assert held.hold and (approval or "unassigned").lower() in held.hold.describe()
    assert only_in(BILLCOM, "bill", {"approvalStatus": approval or None}).outcome is Outcome.WRITE


def test_an_approved_one_goes() -> None:
    assert only_in(BILLCOM, "bill", by=terms(approved_only=True)).outcome is Outcome.WRITE


def test_approval_is_asked_of_edits_too_and_of_nothing_from_quickbooks() -> None:
    by = terms(approved_only=True)
    assert code(edited("bill", {"description": "x", "approvalStatus": "ASSIGNED"}, by=by)) is HoldCode.NOT_APPROVED
    assert only_in(QBO, "bill", by=by).outcome is Outcome.WRITE


def test_taking_a_bill_away_needs_nobodys_approval() -> None:
    """An archived bill is never approved any more: it would stay owed in QuickBooks for ever."""
    decision = edited("bill", {"archived": True, "approvalStatus": "DENIED"}, by=terms(approved_only=True))
    assert planned(decision) == [(QBO, RETIRE, ["active"])]


@pytest.mark.parametrize(("amount", "held"), [("0.00", True), ("0.01", False), ("-5.00", False)])
def test_a_total_of_zero_never_goes_to_quickbooks(amount: str, held: bool) -> None:
    change = {"amount": Decimal(amount), "billLineItems": one_line(amount, chartOfAccountId="0ca01RENT00000000001")}
    assert (code(only_in(BILLCOM, "bill", change)) is HoldCode.ZERO_AMOUNT) is held


def test_a_total_of_zero_comes_to_bill() -> None:
    zero = qbo_lines({"Amount": 0}, {"Amount": 0})
    change = {"TotalAmt": 0, "Balance": 0, "Line": zero}
    assert only_in(QBO, "bill", change).outcome is Outcome.WRITE


@pytest.mark.parametrize("other", ["loc01HARBOUR00000001", ""])
def test_lines_of_several_locations_are_held(other: str) -> None:
    mixed = {"billLineItems": billcom_lines({}, {"classifications": {"locationId": other}})}
    assert code(only_in(BILLCOM, "bill", mixed)) is HoldCode.MIXED_LOCATIONS
    assert code(edited("bill", mixed)) is HoldCode.MIXED_LOCATIONS
    assert only_in(BILLCOM, "bill", mixed, by=terms(locations=False)).outcome is Outcome.WRITE


def test_a_bill_of_several_locations_can_still_be_archived() -> None:
    mixed = {"archived": True, "billLineItems": billcom_lines({}, {"classifications": {"locationId": ""}})}
    assert planned(edited("bill", mixed)) == [(QBO, RETIRE, ["active"])]


def test_the_lines_location_is_the_bills_in_quickbooks() -> None:
    sent = body(only_in(BILLCOM, "bill"), "bill", QBO)
    assert sent["DepartmentRef"] == {"value": "4"}
    details = [line[line["DetailType"]] for line in sent["Line"]]
    assert not any("DepartmentRef" in each for each in (*sent["Line"], *details))


def test_a_line_without_account_posts_to_the_unallocated_expense_account() -> None:
    lines = billcom_lines({"classifications": {"chartOfAccountId": ""}})
    decision = only_in(BILLCOM, "bill", {"billLineItems": lines})
    sent = body(decision, "bill", QBO)
    assert sent["Line"][ACCOUNT_LINE]["AccountBasedExpenseLineDetail"]["AccountRef"] == {"value": "99"}
    assert sent["Line"][ITEM_LINE]["ItemBasedExpenseLineDetail"]["ItemRef"] == {"value": "21"}


def test_without_an_unallocated_expense_account_it_is_asked_for() -> None:
    lines = {"billLineItems": billcom_lines({"classifications": {"chartOfAccountId": ""}})}
    held = only_in(BILLCOM, "bill", lines, by=terms(accounts={}))
    assert code(held) is HoldCode.NEEDS_MAPPING
    assert held.hold and "Unallocated Expense Account" in held.hold.describe()
    assert only_in(BILLCOM, "bill", by=terms(accounts={})).outcome is Outcome.WRITE


def test_it_posts_to_the_accounts_payable_account_that_was_chosen() -> None:
    assert body(only_in(BILLCOM, "bill"), "bill", QBO)["APAccountRef"] == {"value": "33"}
    memo = edited("bill", {"description": "x"})
    assert "APAccountRef" not in body(memo, "bill", QBO, current=payload("bill", QBO))


def test_lines_that_name_a_customer_do_not_become_billable_by_themselves() -> None:
    sent = body(only_in(BILLCOM, "bill"), "bill", QBO)
    assert {line[line["DetailType"]]["BillableStatus"] for line in sent["Line"]} == {"NotBillable"}


def test_a_number_that_is_too_long_is_cut_and_then_counts_as_the_same() -> None:
    number = "2026-INVOICE-00000000000077"
    change = {"invoice.invoiceNumber": number}
    assert body(only_in(BILLCOM, "bill", change), "bill", QBO)["DocNumber"] == number[:21]
    assert just_linked("bill", change, {"DocNumber": number[:21]}).writes == ()


# --- to BILL ---------------------------------------------------------------------------------------------------------


def test_bill_needs_a_number() -> None:
    assert code(only_in(QBO, "bill", {"DocNumber": None})) is HoldCode.NEEDS_NUMBER
    assert code(edited_on(QBO, "bill", {"DocNumber": None, "PrivateNote": "x"})) is HoldCode.NEEDS_NUMBER
    assert planned(edited_on(QBO, "bill", {"DocNumber": None, "status": "Deleted"})) == [(BILLCOM, RETIRE, ["active"])]


@pytest.mark.parametrize("balance", ["0", "415.49"])
@pytest.mark.parametrize("both_ways", [True, False])
def test_a_bill_first_seen_paid_is_held(balance: str, both_ways: bool) -> None:
    decision = only_in(QBO, "bill", {"Balance": Decimal(balance)}, by=terms(two_way_payments=both_ways))
    assert code(decision) is HoldCode.PAID_BEFORE_FIRST_SEEN


def test_a_bill_that_is_paid_later_stays_in_step() -> None:
    """Paying moves the balance, the version and a link of the bill, and nothing that is synced."""
    decision = edited_on(QBO, "bill", {"Balance": 0, "LinkedTxn": [{"TxnId": "190", "TxnType": "BillPaymentCheck"}]})
    assert (decision.outcome, decision.writes) == (Outcome.IN_STEP, ())


def test_a_paid_bill_of_bill_goes_to_quickbooks_before_its_payment() -> None:
    assert only_in(BILLCOM, "bill", {"dueAmount": 0, "paymentStatus": "PAID"}).outcome is Outcome.WRITE


def test_a_bill_without_due_date_is_due_at_once_in_bill() -> None:
    sent = body(only_in(QBO, "bill", {"DueDate": None}), "bill", BILLCOM)
    assert sent["dueDate"] == "2026-03-15"


def test_the_bills_location_is_every_lines_in_bill() -> None:
    sent = body(only_in(QBO, "bill"), "bill", BILLCOM)
    assert [line["classifications"]["locationId"] for line in sent["billLineItems"]] == ["loc01YARD00000000001"] * 2


# --- never another total or another currency -------------------------------------------------------------------------


def test_a_bill_with_tax_or_a_discount_is_held() -> None:
    """Its lines alone would make a smaller or a larger bill on the other side."""
    taxed = {
        "TotalAmt": Decimal("440.43"),
        "Balance": Decimal("440.43"),
        "TxnTaxDetail": {"TotalTax": Decimal("24.93")},
    }
    held = only_in(QBO, "bill", taxed)
    assert code(held) is HoldCode.FLOW_NOT_IN_MATRIX
    assert held.hold and "440.43" in held.hold.describe() and "415.50" in held.hold.describe()
    assert code(edited_on(QBO, "bill", {**taxed, "PrivateNote": "x"})) is HoldCode.FLOW_NOT_IN_MATRIX


@pytest.mark.parametrize(
    ("side", "change"), [(QBO, {"CurrencyRef.value": "EUR"}), (BILLCOM, {"exchangeRate": Decimal("1.0871")})]
)
def test_a_bill_in_another_currency_is_held(side: Side, change: dict[str, Any]) -> None:
    assert code(only_in(side, "bill", change)) is HoldCode.CURRENCY


@pytest.mark.parametrize("side", Side)
def test_the_home_currency_or_none_is_fine(side: Side) -> None:
    assert only_in(side, "bill", {"CurrencyRef": None, "exchangeRate": None}).outcome is Outcome.WRITE


# --- closed books ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("closed_on", "held"), [("2026-03-14", False), ("2026-03-15", True), ("2026-12-31", True)])
def test_nothing_is_written_into_closed_books(closed_on: str, held: bool) -> None:
    by = terms(books_closed_on=date.fromisoformat(closed_on))
    for decision in (
        only_in(BILLCOM, "bill", by=by),
        edited("bill", {"description": "x"}, by=by),
        edited("bill", {"archived": True}, by=by),
    ):
        assert (code(decision) is HoldCode.BOOKS_CLOSED) is held


def test_a_bill_is_not_moved_out_of_the_closed_period() -> None:
    decision = edited("bill", {"invoice.invoiceDate": "2026-04-02"}, by=terms(books_closed_on=date(2026, 3, 31)))
    assert code(decision) is HoldCode.BOOKS_CLOSED


def test_closed_books_of_quickbooks_do_not_stop_what_comes_from_there() -> None:
    assert only_in(QBO, "bill", by=terms(books_closed_on=date(2026, 12, 31))).outcome is Outcome.WRITE


# --- what it refers to -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("56", "vendor Brightwater Plumbing"),
        ("61", "account Rent or lease"),
        ("21", "item Copper pipe 22 mm"),
        ("5000000000000000011", "accounting class North"),
        ("13", "customer Harbour Works:Orchard Street"),
        ("4", "location Yard"),
    ],
)
def test_it_holds_a_bill_until_what_it_names_is_linked(missing: str, words: str) -> None:
    refs = lookup(without=((missing, QBO),))
    held = only_in(BILLCOM, "bill", refs=refs)
    assert code(held) is HoldCode.WAITS_FOR
    assert held.hold and held.hold.waits_for and words in held.hold.describe()


@pytest.mark.parametrize(
    ("switch", "missing"),
    [
        ("items_in_payables", "21"),
        ("classes", "5000000000000000011"),
        ("customers_in_payables", "13"),
        ("locations", "4"),
    ],
)
def test_what_is_not_in_use_is_neither_waited_for_nor_sent(switch: str, missing: str) -> None:
    by = terms(**{switch: False})
    decision = only_in(BILLCOM, "bill", by=by, refs=lookup(without=((missing, QBO),)))
    assert decision.outcome is Outcome.WRITE
    assert f"'{missing}'" not in str(body(decision, "bill", QBO, by=by))


@pytest.mark.parametrize(
    ("switch", "column"),
    [("classes", "accountingClassId"), ("customers_in_payables", "customerId"), ("locations", "locationId")],
)
def test_what_is_not_in_use_is_no_difference(switch: str, column: str) -> None:
    without = {"classifications": {column: ""}}
    ours = {"billLineItems": billcom_lines(without, without)}
    assert just_linked("bill", ours).writes
    decision = just_linked("bill", ours, by=terms(**{switch: False}))
    assert (decision.outcome, decision.writes, decision.clashes) == (Outcome.IN_STEP, (), ())


def test_a_location_is_left_alone_while_locations_are_not_in_use() -> None:
    decision = edited_on(QBO, "bill", {"DepartmentRef": None}, by=terms(locations=False))
    assert (decision.outcome, decision.writes) == (Outcome.IN_STEP, ())


# --- once it is paid -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "paid"),
    [
        (BILLCOM, {"dueAmount": Decimal("100.00"), "paymentStatus": "PARTIALLY_PAID"}),
        (BILLCOM, {"dueAmount": 0, "paymentStatus": "PAID"}),
        (QBO, {"Balance": Decimal("100.00")}),
        (QBO, {"Balance": 0}),
    ],
)
@pytest.mark.parametrize("edited_in", Side)
def test_what_is_changed_after_a_payment_is_shown_and_not_synced(
    side: Side, paid: dict[str, Any], edited_in: Side
) -> None:
    words = {BILLCOM: {"description": "Other words"}, QBO: {"PrivateNote": "Other words"}}
    changes = {each: (paid if each is side else {}) | (words[each] if each is edited_in else {}) for each in Side}
    decision = edited("bill", changes[BILLCOM], changes[QBO])
    assert planned(decision) == []
    assert code(decision) is HoldCode.FLOW_NOT_IN_MATRIX
    assert decision.hold is not None and "has been paid" in decision.hold.describe()


@pytest.mark.parametrize(
    ("billcom", "qbo"), [({"dueAmount": 0}, {}), ({}, {"Balance": 0}), ({"dueAmount": 0}, {"Balance": 0})]
)
def test_a_payment_alone_is_no_change(billcom: dict[str, Any], qbo: dict[str, Any]) -> None:
    assert edited("bill", billcom, qbo).outcome is Outcome.IN_STEP


def test_a_paid_bill_that_is_deleted_still_goes() -> None:
    decision = edited("bill", {"dueAmount": 0}, {"Balance": 0, "status": "Deleted"})
    assert planned(decision) == [(BILLCOM, RETIRE, ["active"])]


def test_paid_bills_that_differ_when_they_are_linked_stay_as_they_are_and_say_so() -> None:
    decision = just_linked("bill", {"dueAmount": 0, "description": "One"}, {"Balance": 0, "PrivateNote": "Other"})
    assert planned(decision) == []
    assert code(decision) is HoldCode.FLOW_NOT_IN_MATRIX
