"""Sales lines, as invoices have them: an item, so many of it, at a price.

Reference: Intuit docs, SalesItemLineDetail; BILL API, invoiceLineItems: a line is worth its quantity times its price.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from syncapp.core.codec import dig, money, number, text
from syncapp.core.holds import Hold, HoldCode
from syncapp.core.schema import Draft, Field, Raw, Terms, Type, Values
from syncapp.core.sides import Side
from syncapp.kinds._expense_lines import alongside, set_ref
from syncapp.kinds._shared import ONE

LINES = Field(
    type=Type.LINES,
    label="Lines",
    lines={
        "amount": Field(type=Type.MONEY, label="Amount"),
        "description": Field(label="Description", limits={Side.QBO: 4000, Side.BILLCOM: 4000}),
        "item": Field(type=Type.REF, ref="item", label="Item"),
        "quantity": Field(type=Type.NUMBER, label="Quantity"),
        "price": Field(type=Type.NUMBER, label="Price"),
        "accounting_class": Field(type=Type.REF, ref="accounting_class", label="Class"),
    },
)
SWITCHED = {"classes": "lines"}
DETAIL = "SalesItemLineDetail"
NO_ITEM = "A line names no item, and every line of an invoice in QuickBooks Online needs one."
NO_ITEM_FIX = "Choose an item on each line in BILL."


def read(raw: Raw, side: Side, lines_key: str) -> list[Values]:
    """``lines_key``: what BILL calls them."""
    if side is Side.BILLCOM:
        return [_read_billcom_line(line) for line in raw.get(lines_key) or []]
    lines = [line for line in raw.get("Line") or [] if line.get("DetailType") == DETAIL]
    # Where QuickBooks tracks one class per transaction, it stands on the invoice.
    header = text(dig(raw, ("ClassRef", "value")))
    return [_read_qbo_line(line, header) for line in lines]


def _read_billcom_line(line: Raw) -> Values:
    codes = line.get("classifications") or {}
    quantity, price = number(line.get("quantity")), number(line.get("price"))
    return {
        "amount": money((quantity or 0) * (price or 0)),
        "description": text(line.get("description")),
        "item": text(codes.get("itemId")),
        "quantity": quantity,
        "price": price,
        "accounting_class": text(codes.get("accountingClassId")),
    }


def _read_qbo_line(line: Raw, header: str) -> Values:
    detail = line.get(DETAIL) or {}
    amount = money(line.get("Amount"))
    quantity, price = _priced(amount, number(detail.get("Qty")), number(detail.get("UnitPrice")))
    return {
        "amount": amount,
        "description": text(line.get("Description")),
        "item": text(dig(detail, ("ItemRef", "value"))),
        "quantity": quantity,
        "price": price,
        "accounting_class": text(dig(detail, ("ClassRef", "value"))) or header,
    }


def _priced(amount: Decimal | None, quantity: Decimal | None, price: Decimal | None) -> tuple[Any, Any]:
    """QuickBooks needs neither; where they don't come to the amount, it is one piece at that price."""
    if quantity is not None and price is not None and money(quantity * price) == amount:
        return quantity, price
    return ONE, number(amount)


def without_unused(values: Values, towards: Side, terms: Terms) -> Values:
    """Classes that aren't in use, or that QuickBooks doesn't keep by line, are neither compared nor written."""
    if terms.classes and (towards is Side.BILLCOM or terms.class_per_line):
        return values
    lines = [{name: value for name, value in line.items() if name != "accounting_class"} for line in values["lines"]]
    return {**values, "lines": lines}


def with_items(values: Values, towards: Side) -> Values | Hold:
    if towards is Side.QBO and not all(line.get("item") for line in values["lines"]):
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": NO_ITEM, "fix": NO_ITEM_FIX})
    return values


def write_qbo(draft: Draft) -> list[Raw]:
    """All lines: an update replaces the whole array, so line ids and what we don't map are taken from what is there."""
    old = (draft.current or {}).get("Line") or []
    ours = [line for line in old if line.get("DetailType") == DETAIL]
    others = [line for line in old if line.get("DetailType") != DETAIL]
    lines = draft.values["lines"]
    before = alongside(lines, ours, [_read_qbo_line(line, "") for line in ours])
    return [_write_qbo_line(*each) for each in zip(lines, before, strict=True)] + others


def _write_qbo_line(line: Values, old: Raw) -> Raw:
    detail: Raw = {**(old.get(DETAIL) or {}), "ItemRef": {"value": line["item"]}}
    detail |= {"Qty": line["quantity"], "UnitPrice": line["price"]}
    set_ref(detail, "ClassRef", line.get("accounting_class"))
    written = {name: value for name, value in old.items() if name not in (DETAIL, "Description", "LineNum")}
    written |= {"DetailType": DETAIL, "Amount": line["amount"], DETAIL: detail}
    if line.get("description"):
        written["Description"] = line["description"]
    return written


def write_billcom(draft: Draft, lines_key: str) -> list[Raw]:
    """All lines with their ids: what is left out is removed (PUT)."""
    old = (draft.current or {}).get(lines_key) or []
    lines = draft.values["lines"]
    before = alongside(lines, old, [_read_billcom_line(line) for line in old])
    return [_write_billcom_line(*each) for each in zip(lines, before, strict=True)]


def _write_billcom_line(line: Values, old: Raw) -> Raw:
    codes = {name: value for name, value in (old.get("classifications") or {}).items() if value}
    for ours, theirs in (("item", "itemId"), ("accounting_class", "accountingClassId")):
        if value := line.get(ours):
            codes[theirs] = value
        elif value == "":
            codes.pop(theirs, None)
    written: Raw = {
        "description": line.get("description") or "",
        "quantity": line["quantity"],
        "price": line["price"],
        "classifications": codes,
    }
    return written | ({"id": old["id"]} if old.get("id") else {})
