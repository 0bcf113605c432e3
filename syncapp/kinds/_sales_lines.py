"""Sales lines, as invoices have them: an item, so many of it, at a price.

Reference: Intuit docs, SalesItemLineDetail; BILL API, invoiceLineItems: a line is worth its quantity times its price.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from syncapp.core.codec import dig, money, number, text
from syncapp.core.holds import ACT, ALWAYS, Hold, HoldCode
from syncapp.core.schema import TO_BILLCOM, ZERO, Draft, Field, Lookup, Raw, Terms, Type, Values
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
SALES_TAX = Field(type=Type.REF, ref="sales_tax", label="Sales tax", to=TO_BILLCOM)
# BILL reckons it itself: compared, so that a difference is settled or held; never part of what is sent.
TAX = Field(type=Type.MONEY, label="Tax", to=TO_BILLCOM)
ASKS = {"sales_tax": ("rate",), "item": ("taxable",)}
SWITCHED = {"classes": ("lines",), "class_per_line": ("lines",), "sales_tax": ("sales_tax",)}
DETAIL = "SalesItemLineDetail"
NO_ITEM = "A line names no item, and every line of an invoice in QuickBooks Online needs one."
NO_ITEM_FIX = (
    "Choose an item on each line in BILL. Or choose, in Sync preferences, an Unallocated Income Account that just one "
    "active product or service in QuickBooks Online is sold to: that one is taken then."
)
TAXED_IN_BILLCOM = "It has sales tax in BILL, and sales tax goes from QuickBooks Online to BILL only."
TAXED_IN_BILLCOM_FIX = (
    "Enter it in QuickBooks Online as well, with the same number, customer and tax: the two are linked then."
)
NOT_USED = "It has sales tax, which QuickBooks Online isn't set up to use any more."
NOT_USED_FIX = "Turn sales tax on in QuickBooks Online, or exclude it."
NO_CODE = "It has sales tax by no tax code, so there is nothing that BILL could reckon it by."
NO_CODE_FIX = "Choose a tax code on it in QuickBooks Online, or exclude it."
OTHER_TAX_FIX = (
    "BILL taxes a line by its item, and all lines at one rate. Make the item taxable or not in QuickBooks Online, as "
    "the lines are, or exclude it."
)
LINES_STAY = "It has sales tax, and what is taxed is changed in QuickBooks Online."
HUNDRED = Decimal(100)


def read(raw: Raw, side: Side, lines_key: str) -> list[Values]:
    """``lines_key``: what BILL calls them."""
    if side is Side.BILLCOM:
        return [_read_billcom_line(line) for line in raw.get(lines_key) or []]
    lines = [line for line in raw.get("Line") or [] if line.get("DetailType") == DETAIL]
    # Where QuickBooks tracks one class per transaction, it stands on the invoice.
    header = text(dig(raw, ("ClassRef", "value")))
    return [_read_qbo_line(line, header) for line in lines]


def read_tax(values: Values, raw: Raw, side: Side) -> None:
    """The tax, and the code by which QuickBooks reckoned it. What comes to nothing is none.

    Reference: Intuit docs, TxnTaxDetail; spec, BILL API 4.2 and 4.3: salesTaxTotal, salesTaxItemId.
    """
    if side is Side.BILLCOM:
        values["tax"] = money(raw.get("salesTaxTotal"))
        values["sales_tax"] = text(raw.get("salesTaxItemId"))
        return
    values["tax"] = money(dig(raw, ("TxnTaxDetail", "TotalTax")))
    values["sales_tax"] = text(dig(raw, ("TxnTaxDetail", "TxnTaxCodeRef", "value"))) if values["tax"] else ""


def taxable(values: Values, towards: Side, terms: Terms) -> Hold | None:
    """Why what is taxed can't go there; BILL reckons the tax itself, by an item."""
    if not values.get("tax"):
        return None
    if towards is Side.QBO:
        rule, fix = TAXED_IN_BILLCOM, TAXED_IN_BILLCOM_FIX
    elif not terms.sales_tax:
        rule, fix = NOT_USED, NOT_USED_FIX
    elif not values["sales_tax"]:
        rule, fix = NO_CODE, NO_CODE_FIX
    else:
        return None
    facts = {"rule": rule, "fix": fix, "to_make_it_in": towards.label, ACT: ALWAYS}
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, facts)


def same_tax(values: Values, towards: Side, lookup: Lookup) -> Values | Hold:
    """What goes to BILL must come to the tax that QuickBooks has; ``values`` in BILL's terms."""
    tax = values.get("tax")
    if towards is Side.QBO or not tax:
        return values
    code = lookup.find("sales_tax", Side.BILLCOM, values["sales_tax"])
    rate = (code.facts.get("rate") if code else None) or ZERO
    base = sum((line["amount"] or ZERO for line in values["lines"] if is_taxed(line, lookup)), ZERO)
    reckoned = money(base * rate / HUNDRED)
    if reckoned == tax:
        return values
    rule = f"Its sales tax is {tax}, and in BILL it would come to {reckoned}."
    facts = {"rule": rule, "fix": OTHER_TAX_FIX, "to_make_it_in": towards.label, ACT: ALWAYS}
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, facts)


def is_taxed(line: Values, lookup: Lookup) -> bool:
    """Whether BILL taxes the line: by its item."""
    item = lookup.find("item", Side.BILLCOM, line.get("item") or "")
    return bool(item and item.facts.get("taxable"))


def taxed_lines_stay(field: str, values: Values, shown: Values, towards: Side) -> str:
    return LINES_STAY if field == "lines" and towards is Side.QBO and (values.get("tax") or shown.get("tax")) else ""


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
    """Sales tax and classes that aren't in use, and classes that QuickBooks doesn't keep by line, are neither compared
    nor written.
    """
    if not terms.sales_tax:
        values = {name: value for name, value in values.items() if name not in ("sales_tax", "tax")}
    if terms.classes and (towards is Side.BILLCOM or terms.class_per_line):
        return values
    lines = [{name: value for name, value in line.items() if name != "accounting_class"} for line in values["lines"]]
    return {**values, "lines": lines}


def with_items(values: Values, terms: Terms) -> Values | Hold:
    """In QuickBooks' terms: a line without an item is of the one that is sold to the Unallocated Income Account."""
    if all(line.get("item") for line in values["lines"]):
        return values
    if not terms.fallback_item:
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": NO_ITEM, "fix": NO_ITEM_FIX, ACT: ALWAYS})
    return {**values, "lines": [{**line, "item": line.get("item") or terms.fallback_item} for line in values["lines"]]}


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


def write_tax(payload: Raw, draft: Draft) -> None:
    """The item by which BILL reckons the tax; "" takes it off."""
    code, old = draft.values.get("sales_tax") or "", (draft.current or {}).get("salesTaxItemId")
    if "sales_tax" in draft.changed and (code or old):
        payload["salesTaxItemId"] = code


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
