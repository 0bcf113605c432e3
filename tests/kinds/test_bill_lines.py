"""The lines of a bill: each keeps its id and what isn't ours, whatever happens to the others."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from syncapp.core.schema import Raw
from tests.kinds.support import (
    BILLCOM,
    QBO,
    billcom_lines,
    body,
    edited,
    edited_on,
    one_line,
    only_in,
    payload,
    qbo_lines,
    shown,
)

ACCOUNT_LINE, ITEM_LINE = 0, 1


def removed_first(kind_lines: list[Raw]) -> list[Raw]:
    return kind_lines[1:]


def test_a_line_keeps_its_id_and_what_is_not_mapped_when_another_is_removed() -> None:
    """Otherwise the billable status and the tax code of one line would end up on the next."""
    current = payload("bill", QBO)
    current["Line"][ITEM_LINE]["ItemBasedExpenseLineDetail"] |= {
        "BillableStatus": "Billable",
        "TaxCodeRef": {"value": "TAX"},
    }
    decision = edited("bill", {"billLineItems": removed_first(billcom_lines()), "amount": 75, "dueAmount": 75})
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
    decision = edited(
        "bill", {"billLineItems": billcom_lines({"amount": Decimal("10.00")}), "amount": 85, "dueAmount": 85}
    )
    lines = body(decision, "bill", QBO, current=payload("bill", QBO))["Line"]
    assert [(line["Id"], line["Amount"]) for line in lines] == [("1", Decimal("10.00")), ("2", 75)]


def test_a_new_line_has_no_id_yet() -> None:
    more = billcom_lines() + one_line(
        "1.00", chartOfAccountId="0ca01RENT00000000001", locationId="loc01YARD00000000001"
    )
    decision = edited("bill", {"billLineItems": more, "amount": Decimal("416.50"), "dueAmount": Decimal("416.50")})
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
    decision = edited("bill", {"billLineItems": lines, "amount": Decimal("430.50"), "dueAmount": Decimal("430.50")})
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
