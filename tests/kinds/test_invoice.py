"""Invoices: what goes over, what is left alone, and why."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from syncapp.core.codec import decode
from syncapp.core.holds import HoldCode
from syncapp.core.records import Outcome, WriteVerb
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from tests.kinds.support import (
    BILLCOM,
    QBO,
    TERMS,
    body,
    code,
    edited,
    edited_on,
    just_linked,
    only_in,
    payload,
    planned,
    shown,
    terms,
)

KIND = "invoice"
CREATE, UPDATE, RETIRE = WriteVerb.CREATE, WriteVerb.UPDATE, WriteVerb.RETIRE


def line(changes: dict[str, Any], side: Side = QBO) -> list[dict[str, Any]]:
    """The record's lines, the first of them changed."""
    name = "Line" if side is QBO else "invoiceLineItems"
    first, *others = payload(KIND, side)[name]
    detail = first.get("SalesItemLineDetail", {}) | changes.pop("SalesItemLineDetail", {})
    found = {**first, **changes, **({"SalesItemLineDetail": detail} if side is QBO else {})}
    return [found, *others]


def test_an_invoice_in_bill_is_made_in_quickbooks_with_its_items() -> None:
    decision = only_in(BILLCOM, KIND)
    sent = body(decision, KIND, QBO)
    assert [each.verb for each in decision.writes] == [CREATE]
    assert sent["CustomerRef"] == {"value": "12"}
    first = sent["Line"][0]
    assert (first["DetailType"], str(first["Amount"])) == ("SalesItemLineDetail", "180.50")
    detail = first["SalesItemLineDetail"]
    assert detail["ItemRef"] == {"value": "21"} and detail["ClassRef"] == {"value": "5000000000000000011"}
    assert (str(detail["Qty"]), str(detail["UnitPrice"])) == ("5", "36.1")


def test_an_invoice_in_quickbooks_is_made_in_bill_and_no_mail_goes_out() -> None:
    sent = body(only_in(QBO, KIND), KIND, BILLCOM)
    assert sent["customer"] == {"id": "0cu01HARBOUR00000001"} and "customerId" not in sent
    assert sent["processingOptions"] == {"sendEmail": False}
    assert [str(each["quantity"] * each["price"]) for each in sent["invoiceLineItems"]] == ["180.5", "50"]


def test_an_edit_replaces_the_whole_invoice_in_bill_and_keeps_what_is_not_ours() -> None:
    current = payload(KIND, BILLCOM)
    sent = body(edited_on(QBO, KIND, {"DueDate": "2026-05-01"}), KIND, BILLCOM, current=current)
    assert sent["dueDate"] == "2026-05-01"
    assert sent["payToChartOfAccountId"] == "0ca01CHECKING0000001"
    assert "processingOptions" not in sent


def test_lines_keep_their_ids_and_what_quickbooks_adds_to_them() -> None:
    current = payload(KIND, QBO)
    lines = line({"description": "Copper pipe, laid", "price": 40}, BILLCOM)
    sent = body(
        edited(KIND, {"invoiceLineItems": lines, "totalAmount": 250, "dueAmount": 250}), KIND, QBO, current=current
    )
    assert [each.get("Id") for each in sent["Line"]] == ["1", "2", None]
    assert sent["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"] == {"value": "NON"}
    assert (sent["Line"][0]["Description"], str(sent["Line"][0]["Amount"])) == ("Copper pipe, laid", "200.00")


@pytest.mark.parametrize(
    ("changes", "quantity", "price"),
    [({"Qty": None, "UnitPrice": None}, "1", "180.5"), ({"Qty": 3, "UnitPrice": 60}, "1", "180.5")],
)
def test_a_line_whose_quantity_and_price_dont_come_to_its_amount_is_one_piece(
    changes: dict[str, Any], quantity: str, price: str
) -> None:
    raw = payload(KIND, QBO, {"Line": line({"SalesItemLineDetail": changes})})
    first = decode(KINDS[KIND], raw, QBO)["lines"][0]
    assert (str(first["quantity"]), str(first["price"])) == (quantity, price)


def test_one_class_for_the_whole_invoice_is_every_lines_class_and_none_is_written() -> None:
    raw = payload(KIND, QBO, {"ClassRef": {"value": "5000000000000000011"}})
    for each in raw["Line"]:
        each.get("SalesItemLineDetail", {}).pop("ClassRef", None)
    read = decode(KINDS[KIND], raw, QBO)
    assert {each["accounting_class"] for each in read["lines"]} == {"5000000000000000011"}
    sent = body(only_in(BILLCOM, KIND, by=terms(class_per_line=False)), KIND, QBO)
    assert all("ClassRef" not in each["SalesItemLineDetail"] for each in sent["Line"])


def test_a_line_without_an_item_waits_for_one() -> None:
    decision = only_in(BILLCOM, KIND, {"invoiceLineItems": line({"classifications": {}}, BILLCOM)})
    assert code(decision) is HoldCode.FLOW_NOT_IN_MATRIX
    assert decision.hold is not None and "item" in decision.hold.describe() and "item" in decision.hold.fix()


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"DocNumber": None}, HoldCode.NEEDS_NUMBER),
        ({"TotalAmt": 250}, HoldCode.FLOW_NOT_IN_MATRIX),
        ({"Balance": 100}, HoldCode.FLOW_NOT_IN_MATRIX),
        ({"CurrencyRef": {"value": "CAD"}}, HoldCode.CURRENCY),
    ],
)
def test_what_does_not_go_to_bill(changes: dict[str, Any], wanted: HoldCode) -> None:
    assert code(only_in(QBO, KIND, changes)) is wanted


def test_with_one_way_sync_none_goes_to_bill() -> None:
    assert code(only_in(QBO, KIND, by=terms(one_way=True))) is HoldCode.ONE_WAY


def test_ninety_days_before_the_set_up_count_and_what_is_edited_since() -> None:
    old = terms(invoices_since=date(2026, 3, 14))
    assert code(only_in(QBO, KIND, by=old)) is HoldCode.OLDER_THAN_90_DAYS
    touched = {"MetaData": {"LastUpdatedTime": "2026-03-14T08:00:00-08:00"}}
    assert only_in(QBO, KIND, touched, by=old).outcome is Outcome.WRITE
    assert only_in(BILLCOM, KIND, by=old).outcome is Outcome.WRITE


def test_what_is_taken_away_in_quickbooks_stays_in_bill_and_the_other_way_it_follows() -> None:
    decision = edited_on(QBO, KIND, {"status": "Deleted"})
    assert decision.writes == () and decision.hold is not None and "stays in BILL" in decision.hold.describe()
    voided = edited_on(QBO, KIND, {"TotalAmt": 0, "PrivateNote": "Voided"})
    assert voided.writes == ()
    assert planned(edited_on(BILLCOM, KIND, {"archived": True})) == [(QBO, RETIRE, ["active"])]


def test_what_is_received_on_changes_no_more() -> None:
    decision = edited(KIND, {"dueDate": "2026-05-01", "dueAmount": 100})
    assert decision.writes == () and code(decision) is HoldCode.FLOW_NOT_IN_MATRIX


def test_it_is_known_by_customer_and_number() -> None:
    assert just_linked(KIND).outcome is Outcome.IN_STEP
    assert KINDS[KIND].matched_by == "customer and number"
    assert shown(KIND, QBO)["customer"] == "12"
    assert TERMS.class_per_line
