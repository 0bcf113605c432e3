"""Items: both ways; categories and taxes don't sync; stock is QuickBooks' own; an item needs an account."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from syncapp.core.holds import HoldCode
from syncapp.core.records import Outcome, WriteVerb
from syncapp.core.schema import Account
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
    lookup,
    only_in,
    payload,
    planned,
    terms,
)

ITEM = KINDS["item"]
CREATE, UPDATE, RETIRE = WriteVerb.CREATE, WriteVerb.UPDATE, WriteVerb.RETIRE


@pytest.mark.parametrize("side", Side)
def test_an_item_goes_both_ways(side: Side) -> None:
    assert planned(only_in(side, "item"))[0][:2] == (side.other, CREATE)


@pytest.mark.parametrize("type_", ["Category", "Group"])
def test_categories_and_bundles_do_not_sync(type_: str) -> None:
    assert code(only_in(QBO, "item", {"Type": type_})) is HoldCode.FLOW_NOT_IN_MATRIX


@pytest.mark.parametrize("type_", ["PAYMENT", "FIXED_ASSET", "DISCOUNT"])
def test_special_items_of_bill_do_not_sync(type_: str) -> None:
    assert code(only_in(BILLCOM, "item", {"type": type_})) is HoldCode.FLOW_NOT_IN_MATRIX


@pytest.mark.parametrize(("type_", "skipped"), [("SALES_TAX", True), ("SALES_TAX_GROUP", True), ("SERVICE", False)])
def test_sales_tax_is_another_kind(type_: str, skipped: bool) -> None:
    assert ITEM.skips is not None
    assert ITEM.skips({"type": type_}, BILLCOM) is skipped
    assert ITEM.skips({"Type": "Service"}, QBO) is False


def test_stock_is_made_in_quickbooks_only() -> None:
    assert code(only_in(BILLCOM, "item", {"type": "INVENTORY"})) is HoldCode.FLOW_NOT_IN_MATRIX
    assert only_in(QBO, "item", {"Type": "Inventory"}).outcome is Outcome.WRITE


@pytest.mark.parametrize(
    ("side", "none"),
    [
        (BILLCOM, {"chartOfAccountId": None, "expenseChartOfAccountId": None}),
        (QBO, {"IncomeAccountRef": None, "ExpenseAccountRef": None}),
    ],
)
def test_an_item_without_an_account_is_held(side: Side, none: dict[str, Any]) -> None:
    assert code(only_in(side, "item", none)) is HoldCode.NEEDS_ACCOUNT
    (first, *_) = none
    assert only_in(side, "item", {first: None}, by=UNALLOCATED).outcome is Outcome.WRITE


@pytest.mark.parametrize("side", Side)
def test_what_it_is_bought_for_is_in_use_only_where_bills_have_items(side: Side) -> None:
    off = terms(items_in_payables=False)
    sent = body(only_in(side, "item", by=off), "item", side.other, by=off)
    bought = {"ExpenseAccountRef", "PurchaseDesc", "PurchaseCost"}
    bought |= {"expenseChartOfAccountId", "purchaseDescription", "purchaseCost"}
    assert not bought & sent.keys()
    assert bought & body(only_in(side, "item"), "item", side.other).keys()
    change = {"purchaseCost": Decimal(9)} if side is BILLCOM else {"PurchaseCost": Decimal(9)}
    assert edited_on(side, "item", change, by=off).writes == ()
    assert edited_on(side, "item", change).writes


def test_it_waits_for_its_accounts() -> None:
    assert code(only_in(BILLCOM, "item", refs=lookup(without=(("63", QBO),)))) is HoldCode.WAITS_FOR


UNALLOCATED = terms(accounts={**TERMS.accounts, "unallocated-income": Account(906, "95")})


def test_an_item_that_is_only_bought_gets_the_unallocated_income_account_because_quickbooks_wants_one() -> None:
    bought = only_in(BILLCOM, "item", {"chartOfAccountId": None}, by=UNALLOCATED)
    sent = body(bought, "item", QBO)
    assert (sent["IncomeAccountRef"], sent["ExpenseAccountRef"]) == ({"value": "95"}, {"value": "63"})
    held = only_in(BILLCOM, "item", {"chartOfAccountId": None})
    assert code(held) is HoldCode.NEEDS_ACCOUNT
    assert held.hold and "Unallocated Income Account" in held.hold.fix()
    later = edited("item", {"description": "x"})
    assert "IncomeAccountRef" not in body(later, "item", QBO, current=payload("item", QBO))


def test_an_other_charge_is_a_service_in_quickbooks_and_stays_what_it_is_in_bill() -> None:
    assert body(only_in(BILLCOM, "item", {"type": "OTHER_CHARGE"}), "item", QBO)["Type"] == "Service"
    decision = just_linked("item", {"type": "OTHER_CHARGE"}, {"Type": "Service"})
    assert (decision.outcome, decision.writes, decision.clashes) == (Outcome.IN_STEP, (), ())


def test_taxable_comes_from_quickbooks_and_never_goes_there() -> None:
    assert planned(edited_on(QBO, "item", {"Taxable": False})) == [(BILLCOM, UPDATE, ["taxable"])]
    assert edited("item", {"taxable": False}).writes == ()
    assert "Taxable" not in body(only_in(BILLCOM, "item"), "item", QBO)


def test_a_price_keeps_all_its_digits() -> None:
    decision = edited("item", {"purchaseCost": Decimal("9.3333333")})
    assert body(decision, "item", QBO, current=payload("item", QBO)) == {"PurchaseCost": Decimal("9.3333333")}


def test_no_price_and_a_price_of_nothing_are_the_same() -> None:
    """QuickBooks shows 0 where BILL shows nothing."""
    assert just_linked("item", {"price": None}, {"UnitPrice": 0}).writes == ()


@pytest.mark.parametrize(
    ("side", "change", "sent"), [(QBO, {"UnitPrice": None}, {"price": 0}), (BILLCOM, {"price": None}, {"UnitPrice": 0})]
)
def test_a_price_taken_away_becomes_zero(side: Side, change: dict[str, Any], sent: dict[str, Any]) -> None:
    decision = edited("item", change) if side is BILLCOM else edited_on(QBO, "item", change)
    assert body(decision, "item", side.other, current=payload("item", side.other)) == sent


def test_an_account_taken_away_in_bill_is_cleared_in_quickbooks() -> None:
    decision = edited("item", {"expenseChartOfAccountId": None})
    assert body(decision, "item", QBO, current=payload("item", QBO)) == {"ExpenseAccountRef": None}


def test_an_update_of_an_item_repeats_name_and_type() -> None:
    """Reference: Intuit docs, Item: Name and Type are required."""
    assert ITEM.qbo.always == ("name", "item_type")


def test_an_item_goes_inactive_on_both_sides() -> None:
    assert planned(edited("item", {"archived": True})) == [(QBO, RETIRE, ["active"])]
    assert planned(edited_on(QBO, "item", {"Active": False, "Name": "Copper pipe 22 mm (deleted)"})) == [
        (BILLCOM, RETIRE, ["active"])
    ]
