"""Bills that were edited, taken away, or entered on both sides."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.core.planning import decide
from syncapp.core.records import Outcome, Seen, WriteVerb
from syncapp.core.schema import Keys, Lookup
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from tests.kinds.support import (
    BILLCOM,
    LOOKUP,
    QBO,
    TERMS,
    billcom_lines,
    body,
    code,
    edited,
    edited_on,
    in_step,
    just_linked,
    only_in,
    payload,
    planned,
    qbo_lines,
    shown,
    view,
)

CREATE, UPDATE, RETIRE = WriteVerb.CREATE, WriteVerb.UPDATE, WriteVerb.RETIRE
BILL = KINDS["bill"]


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
    decision = edited(
        "bill", {"billLineItems": ours, "amount": Decimal("416.50"), "dueAmount": Decimal("416.50")}, {"Line": theirs}
    )
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
def test_what_is_gone_keeps_its_keys_but_is_nobodys_twin(side: Side, gone: dict[str, Any]) -> None:
    """Linked with a bill that was entered anew, that one would be deleted for it."""
    assert keys(side, gone) == keys(side.other)
    assert shown("bill", side, gone)["active"] is False


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
