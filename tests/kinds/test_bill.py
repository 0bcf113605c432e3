"""Bills: both ways while unpaid, approved ones only where asked, never with another total than they have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.core.planning import decide
from syncapp.core.records import Outcome, Seen, WriteVerb
from syncapp.core.schema import Keys, Lookup, Raw
from syncapp.core.sides import Cohort, Side
from syncapp.kinds import KINDS
from tests.kinds.support import (
    BILLCOM,
    LOOKUP,
    QBO,
    TERMS,
    body,
    code,
    edited,
    edited_on,
    in_step,
    just_linked,
    lookup,
    only_in,
    payload,
    planned,
    shown,
    terms,
    view,
)

CREATE, UPDATE, RETIRE = WriteVerb.CREATE, WriteVerb.UPDATE, WriteVerb.RETIRE
BILL = KINDS["bill"]
ACCOUNT_LINE, ITEM_LINE = 0, 1


def billcom_lines(*changes: Mapping[str, Any]) -> list[Raw]:
    """BILL's two lines; each change merged into one of them, classifications too."""
    lines = payload("bill", BILLCOM)["billLineItems"]
    for line, change in zip(lines, changes, strict=False):
        codes = {**line["classifications"], **change.get("classifications", {})}
        line |= {**change, "classifications": {name: value for name, value in codes.items() if value}}
    return list(lines)


def qbo_lines(*changes: Mapping[str, Any]) -> list[Raw]:
    lines = payload("bill", QBO)["Line"]
    for line, change in zip(lines, changes, strict=False):
        line |= change
    return list(lines)


def one_line(amount: str, **classifications: str) -> list[Raw]:
    return [{"id": "bli9", "amount": Decimal(amount), "description": "", "classifications": classifications}]


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


# --- edits -----------------------------------------------------------------------------------------------------------


def test_an_edit_in_bill_is_a_sparse_update_of_quickbooks() -> None:
    decision = edited("bill", {"dueDate": "2026-05-01"})
    assert planned(decision) == [(QBO, UPDATE, ["due_date"])]
    assert body(decision, "bill", QBO, current=payload("bill", QBO)) == {"DueDate": "2026-05-01"}


def test_an_edit_in_quickbooks_replaces_the_whole_bill_and_keeps_what_is_not_ours() -> None:
    """PUT replaces the bill, so all of it goes along: line ids, coding that isn't mapped, the order's number."""
    current = payload("bill", BILLCOM)
    sent = body(edited_on(QBO, "bill", {"PrivateNote": "changed"}), "bill", BILLCOM, current=current)
    assert sent["description"] == "changed"
    assert sent["purchaseOrderNumber"] == "PO-77"
    assert sent["payFromChartOfAccountId"] == "0ca01CHECKING0000001"
    assert sent["classifications"] == {"departmentId": "0de01WORKS0000000001"}
    assert [line["id"] for line in sent["billLineItems"]] == ["bli01LINE0000000001", "bli01LINE0000000002"]
    assert sent["billLineItems"] == current["billLineItems"]


def test_a_bill_with_approvers_keeps_them_when_it_is_replaced() -> None:
    """Reference: https://developer.bill.com/hc/reference/updatebill: once set it must be set again."""
    decision = edited_on(QBO, "bill", {"PrivateNote": "changed"})
    assert body(decision, "bill", BILLCOM, current=payload("bill", BILLCOM))["billApprovals"] is True
    alone = payload("bill", BILLCOM, {"approvers": None})
    assert "billApprovals" not in body(decision, "bill", BILLCOM, current=alone)


def test_the_locations_of_a_mixed_bill_survive_an_edit_from_quickbooks() -> None:
    """It may have become mixed while locations were not in use; the bill as a whole then has none."""
    mixed = {"billLineItems": billcom_lines({}, {"classifications": {"locationId": "loc01HARBOUR00000001"}})}
    was = in_step(BILL, shown("bill", BILLCOM, mixed), shown("bill", QBO))
    pair = Seen(1, view("bill", BILLCOM, mixed), view("bill", QBO, {"PrivateNote": "changed"}), was)
    sent = body(decide(BILL, pair, TERMS, LOOKUP), "bill", BILLCOM, current=payload("bill", BILLCOM, mixed))
    assert sent["description"] == "changed"
    assert sent["billLineItems"] == mixed["billLineItems"]


def test_a_location_taken_off_in_quickbooks_is_taken_off_every_line() -> None:
    sent = body(edited_on(QBO, "bill", {"DepartmentRef": None}), "bill", BILLCOM, current=payload("bill", BILLCOM))
    assert not any("locationId" in line["classifications"] for line in sent["billLineItems"])


def test_a_location_taken_off_in_bill_is_cleared_outright_in_quickbooks() -> None:
    none = {"classifications": {"locationId": ""}}
    decision = edited("bill", {"billLineItems": billcom_lines(none, none)})
    assert planned(decision) == [(QBO, UPDATE, ["location"])]
    assert body(decision, "bill", QBO, current=payload("bill", QBO)) == {"DepartmentRef": None}


def test_both_sides_editing_lines_is_one_conflict_and_lines_stay_whole() -> None:
    ours = billcom_lines({"amount": Decimal("341.50")})
    theirs = qbo_lines({}, {"Description": "Pipe"})
    decision = edited("bill", {"billLineItems": ours, "amount": Decimal("416.50")}, {"Line": theirs})
    assert planned(decision) == [(QBO, UPDATE, ["lines"])]
    assert [(clash.field, clash.kept) for clash in decision.clashes] == [("lines", BILLCOM)]


def test_different_fields_of_both_sides_are_merged() -> None:
    decision = edited("bill", {"dueDate": "2026-05-01"}, {"PrivateNote": "x"})
    assert sorted(planned(decision)) == [(BILLCOM, UPDATE, ["description"]), (QBO, UPDATE, ["due_date"])]


def test_blanks_never_win_over_lines_that_say_more() -> None:
    bare = {"classifications": {"accountingClassId": "", "customerId": ""}}
    decision = just_linked("bill", {"billLineItems": billcom_lines(bare, bare)})
    assert planned(decision) == [(BILLCOM, UPDATE, ["lines"])]
    assert decision.clashes == ()


# --- lines -----------------------------------------------------------------------------------------------------------


def removed_first(kind_lines: list[Raw]) -> list[Raw]:
    return kind_lines[1:]


def test_a_line_keeps_its_id_and_what_is_not_mapped_when_another_is_removed() -> None:
    """Otherwise the billable status and the tax code of one line would end up on the next."""
    current = payload("bill", QBO)
    current["Line"][ITEM_LINE]["ItemBasedExpenseLineDetail"] |= {
        "BillableStatus": "Billable",
        "TaxCodeRef": {"value": "TAX"},
    }
    decision = edited("bill", {"billLineItems": removed_first(billcom_lines()), "amount": 75})
    (line,) = body(decision, "bill", QBO, current=current)["Line"]
    assert line["Id"] == "2"
    assert line["ItemBasedExpenseLineDetail"]["BillableStatus"] == "Billable"
    assert line["ItemBasedExpenseLineDetail"]["TaxCodeRef"] == {"value": "TAX"}


def test_a_line_of_bill_keeps_its_id_and_department_when_another_is_removed() -> None:
    decision = edited_on(QBO, "bill", {"Line": removed_first(qbo_lines()), "TotalAmt": 75, "Balance": 75})
    current = payload("bill", BILLCOM)
    current["billLineItems"][ITEM_LINE]["classifications"]["departmentId"] = "0de02"
    (line,) = body(decision, "bill", BILLCOM, current=current)["billLineItems"]
    assert (line["id"], line["classifications"]["departmentId"]) == ("bli01LINE0000000002", "0de02")


def test_an_edited_line_stays_the_line_it_was() -> None:
    decision = edited("bill", {"billLineItems": billcom_lines({"amount": Decimal("10.00")}), "amount": 85})
    lines = body(decision, "bill", QBO, current=payload("bill", QBO))["Line"]
    assert [(line["Id"], line["Amount"]) for line in lines] == [("1", Decimal("10.00")), ("2", 75)]


def test_a_new_line_has_no_id_yet() -> None:
    more = billcom_lines() + one_line(
        "1.00", chartOfAccountId="0ca01RENT00000000001", locationId="loc01YARD00000000001"
    )
    decision = edited("bill", {"billLineItems": more, "amount": Decimal("416.50")})
    lines = body(decision, "bill", QBO, current=payload("bill", QBO))["Line"]
    assert [line.get("Id") for line in lines] == ["1", "2", None]


def test_what_links_a_line_to_a_purchase_order_stays() -> None:
    current = payload("bill", QBO)
    current["Line"][0] |= {"LinkedTxn": [{"TxnId": "70", "TxnType": "PurchaseOrder", "TxnLineId": "1"}]}
    decision = edited("bill", {"billLineItems": billcom_lines({"description": "New words"})})
    line = body(decision, "bill", QBO, current=current)["Line"][0]
    assert line["LinkedTxn"] == current["Line"][0]["LinkedTxn"]
    assert line["Description"] == "New words"


def test_lines_quickbooks_has_and_nobody_maps_stay() -> None:
    words = {"Id": "3", "DetailType": "DescriptionOnly", "Description": "Thank you", "DescriptionLineDetail": {}}
    current = payload("bill", QBO)
    current["Line"].append(words)
    decision = edited("bill", {"billLineItems": billcom_lines({"description": "x"})})
    assert body(decision, "bill", QBO, current=current)["Line"][-1] == words


def test_an_emptied_description_is_emptied() -> None:
    decision = edited("bill", {"billLineItems": billcom_lines({"description": ""})})
    assert "Description" not in body(decision, "bill", QBO, current=payload("bill", QBO))["Line"][0]


def test_an_item_line_carries_quantity_and_price() -> None:
    line = body(only_in(BILLCOM, "bill"), "bill", QBO)["Line"][ITEM_LINE]
    assert (line["ItemBasedExpenseLineDetail"]["Qty"], line["ItemBasedExpenseLineDetail"]["UnitPrice"]) == (5, 15)


def test_an_amount_without_quantity_takes_the_old_quantity_away() -> None:
    """QuickBooks refuses an amount that isn't quantity times price (6070)."""
    lines = billcom_lines({}, {"amount": 90, "quantity": None, "price": None})
    decision = edited("bill", {"billLineItems": lines, "amount": Decimal("430.50")})
    detail = body(decision, "bill", QBO, current=payload("bill", QBO))["Line"][ITEM_LINE]["ItemBasedExpenseLineDetail"]
    assert "Qty" not in detail and "UnitPrice" not in detail
    assert detail["ItemRef"] == {"value": "21"}


@pytest.mark.parametrize("shown_", [{"quantity": 5, "price": None}, {"quantity": None, "price": 15}])
def test_a_quantity_without_price_says_nothing(shown_: dict[str, Any]) -> None:
    line = shown("bill", BILLCOM, {"billLineItems": billcom_lines({}, shown_)})["lines"][ITEM_LINE]
    assert (line["quantity"], line["price"]) == (None, None)


def test_a_line_that_changes_from_account_to_item_says_only_the_one() -> None:
    lines = billcom_lines({"classifications": {"chartOfAccountId": "", "itemId": "0ii01PIPE00000000001"}})
    line = body(edited("bill", {"billLineItems": lines}), "bill", QBO, current=payload("bill", QBO))["Line"][0]
    assert line["DetailType"] == "ItemBasedExpenseLineDetail"
    assert "AccountBasedExpenseLineDetail" not in line
    assert line["ItemBasedExpenseLineDetail"]["ItemRef"] == {"value": "21"}


# --- twins -----------------------------------------------------------------------------------------------------------


def keys(side: Side, changes: dict[str, Any] | None = None, refs: Lookup = LOOKUP) -> Keys:
    return BILL.keys(shown("bill", side, changes), side, refs)


@pytest.mark.parametrize("number", ["bw 2026 0311", "BW-2026-0311", "Bw.2026/0311"])
def test_its_twin_is_the_vendors_bill_of_the_same_number(number: str) -> None:
    assert keys(QBO, {"DocNumber": number}).first == keys(BILLCOM).first


@pytest.mark.parametrize("number", ["BW-2026/0312", "BW-20260-311", "W-2026/0311"])
def test_another_number_is_another_bill(number: str) -> None:
    assert keys(QBO, {"DocNumber": number}).first != keys(BILLCOM).first


def test_a_number_that_quickbooks_had_to_cut_still_finds_its_twin() -> None:
    number = "2026-INVOICE-00000000000077"
    assert keys(QBO, {"DocNumber": number[:21]}).first == keys(BILLCOM, {"invoice.invoiceNumber": number}).first


def test_the_same_vendor_date_and_total_are_only_ever_a_proposal() -> None:
    assert keys(QBO, {"DocNumber": "other"}).proposal == keys(BILLCOM).proposal != ""
    assert keys(QBO, {"DocNumber": None}).first == ""
    assert keys(QBO, {"TxnDate": "2026-03-16"}).proposal != keys(BILLCOM).proposal


@pytest.mark.parametrize(("side", "gone"), [(BILLCOM, {"archived": True}), (QBO, {"status": "Deleted"})])
def test_what_is_gone_is_nobodys_twin(side: Side, gone: dict[str, Any]) -> None:
    """It would be linked with a bill that was entered anew, and that would be deleted for it."""
    assert keys(side, gone) == Keys()


def test_without_its_vendor_it_has_no_twin() -> None:
    assert keys(BILLCOM, refs=Lookup()) == Keys()


def test_a_hand_made_link_with_an_archived_bill_deletes_nothing() -> None:
    decision = just_linked("bill", {"archived": True})
    assert (code(decision), decision.writes) == (HoldCode.FLOW_NOT_IN_MATRIX, ())


# --- gone ------------------------------------------------------------------------------------------------------------


def test_archived_in_bill_is_deleted_in_quickbooks_and_the_other_way_round() -> None:
    assert planned(edited("bill", {"archived": True})) == [(QBO, RETIRE, ["active"])]
    assert planned(edited_on(QBO, "bill", {"status": "Deleted"})) == [(BILLCOM, RETIRE, ["active"])]


def test_what_quickbooks_has_deleted_is_not_made_again_for_a_restored_bill() -> None:
    master_edits = edited("bill", {"description": "x"}, {"status": "Deleted"})
    assert code(master_edits) is HoldCode.FLOW_NOT_IN_MATRIX
    assert master_edits.hold and "can't be brought back" in master_edits.hold.describe()


def test_a_bill_archived_before_it_was_ever_synced_concerns_nobody() -> None:
    assert only_in(BILLCOM, "bill", {"archived": True}).outcome is Outcome.RETIRED
