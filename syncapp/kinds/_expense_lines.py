"""Expense lines, as bills have them (and vendor credits): account or item, class, customer.

Reference: Intuit docs, AccountBasedExpenseLineDetail and ItemBasedExpenseLineDetail; BILL API, billLineItems.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from syncapp.core.codec import dig, money, number, text
from syncapp.core.holds import ACT, ALWAYS, Hold, HoldCode
from syncapp.core.schema import Draft, Field, Raw, Terms, Type, Values
from syncapp.core.sides import Side

LINES = Field(
    type=Type.LINES,
    label="Lines",
    lines={
        "amount": Field(type=Type.MONEY, label="Amount"),
        "description": Field(label="Description", limits={Side.QBO: 4000, Side.BILLCOM: 4000}),
        "account": Field(type=Type.REF, ref="account", label="Account"),
        "item": Field(type=Type.REF, ref="item", label="Item"),
        "quantity": Field(type=Type.NUMBER, label="Quantity"),
        "price": Field(type=Type.NUMBER, label="Price"),
        "accounting_class": Field(type=Type.REF, ref="accounting_class", label="Class"),
        "customer": Field(type=Type.REF, ref="customer", label="Customer"),
        "job": Field(fact=True, label="Job of BILL"),
    },
)
SWITCHED = {"classes": ("lines",), "customers_in_payables": ("lines",), "items_in_payables": ("lines",)}
DETAILS = ("AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail")


def read(values: Values, raw: Raw, side: Side, lines_key: str) -> Values:
    """The lines, and the one location that they name or the header has; ``lines_key``: what BILL calls them."""
    if side is Side.QBO:
        values["lines"] = read_qbo(raw)
        values["active"] = raw.get("status") != "Deleted"
        return values
    lines = raw.get(lines_key) or []
    found = locations_of(lines)
    values["lines"] = read_billcom(lines)
    values["location"] = min(found) if len(found) == 1 else ""
    values["mixed_locations"] = len(found) > 1
    return values


def write_into_qbo(payload: Raw, draft: Draft) -> Raw:
    """The lines where they changed, and the A/P account that is chosen where the record is new."""
    if "lines" in draft.changed:
        payload["Line"] = write_qbo(draft.values, draft.current)
    payables = draft.terms.accounts.get("accounts-payable")
    if payables is not None and not draft.remote_id:
        payload["APAccountRef"] = {"value": payables.qbo_id}
    return payload


def read_qbo(raw: Raw) -> list[Values]:
    return [_read_qbo_line(line) for line in raw.get("Line") or [] if line.get("DetailType") in DETAILS]


def _read_qbo_line(line: Raw) -> Values:
    detail = line.get(line["DetailType"]) or {}
    item = text(dig(detail, ("ItemRef", "value")))
    quantity, price = _priced(item, detail.get("Qty"), detail.get("UnitPrice"))
    return {
        "amount": money(line.get("Amount")),
        "description": text(line.get("Description")),
        "account": text(dig(detail, ("AccountRef", "value"))),
        "item": item,
        "quantity": quantity,
        "price": price,
        "accounting_class": text(dig(detail, ("ClassRef", "value"))),
        "customer": text(dig(detail, ("CustomerRef", "value"))),
    }


def _priced(item: str, quantity: Any, price: Any) -> tuple[Decimal | None, Decimal | None]:
    """Quantity and price of an item; one without the other says nothing, and neither side would keep it."""
    found = (number(quantity), number(price))
    return found if item and None not in found else (None, None)


def read_billcom(lines: list[Raw]) -> list[Values]:
    return [_read_billcom_line(line) for line in lines]


def _read_billcom_line(line: Raw) -> Values:
    codes = line.get("classifications") or {}
    item = text(codes.get("itemId"))
    quantity, price = _priced(item, line.get("quantity"), line.get("price"))
    job = text(codes.get("jobId"))
    return ({"job": job} if job else {}) | {
        "amount": money(line.get("amount")),
        "description": text(line.get("description")),
        "account": text(codes.get("chartOfAccountId")),
        "item": item,
        "quantity": quantity,
        "price": price,
        "accounting_class": text(codes.get("accountingClassId")),
        "customer": text(codes.get("customerId")),
    }


def at_first_location(values: Values, raw: Raw, lines_key: str) -> Values:
    """QuickBooks has one location for all lines; a person said that the first line's is the one, where they differ."""
    lines = raw.get(lines_key) or []
    if not values.get("mixed_locations") or not lines:
        return values
    return {**values, "location": first_location(lines), "first_location": True}


def first_location(lines: list[Raw]) -> str:
    """What BILL's first line names; empty where there is none."""
    return text(dig(lines[0], ("classifications", "locationId"))) if lines else ""


def one_location(values: Values, terms: Terms) -> Hold | None:
    """Reference: spec, sync matrix: one location per QuickBooks bill."""
    mixed = values.get("mixed_locations") and not values.get("first_location")
    return Hold(HoldCode.MIXED_LOCATIONS) if mixed and terms.locations else None


JOB = "a job of BILL. Jobs don't sync: QuickBooks Online shows customers and their sub-customers on lines instead."
JOB_FIX = "Choose the customer or sub-customer on the line in BILL, or take the job off it; then retry."


def no_jobs(values: Values, terms: Terms) -> Hold | None:
    """A job of BILL belongs to no customer, so nothing in QuickBooks is known to be the same.

    Reference: BILL API, classifications/jobs: no link to a customer.
    """
    named = any(line.get("job") and not line.get("customer") for line in values["lines"])
    if not named or not terms.customers_in_payables:
        return None
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": f"A line names {JOB}", "fix": JOB_FIX, ACT: ALWAYS})


def remark(values: Values) -> str:
    """Where the job of a line stays behind, nobody should have to find out by comparing."""
    return f"A line names {JOB}" if any(line.get("job") for line in values.get("lines") or []) else ""


def locations_of(lines: list[Raw]) -> set[str]:
    return {text(dig(line, ("classifications", "locationId"))) for line in lines}


def without_unused(values: Values, towards: Side, terms: Terms) -> Values:
    """What an accounting preference has switched off is neither compared nor written."""
    unused = {
        name
        for name, used in (
            ("accounting_class", terms.classes),
            ("customer", terms.customers_in_payables),
            ("item", terms.items_in_payables),
        )
        if not used
    }
    if not terms.locations:
        values = {name: value for name, value in values.items() if name != "location"}
    if "item" in unused:
        unused |= {"quantity", "price"}
    return {**values, "lines": [_used(line, unused) for line in values["lines"]]}


def _used(line: Values, unused: set[str]) -> Values:
    """An item says where its line posts, so the account that BILL keeps beside it stays BILL's; where items aren't in
    use, the account counts.
    """
    if line.get("item") and not ("item" in unused and line["account"]):
        unused = unused | {"account"}
    return {name: value for name, value in line.items() if name not in unused}


def with_accounts(values: Values, towards: Side, terms: Terms) -> Values | Hold:
    """A line without an account posts to the Unallocated Expense Account."""
    if towards is not Side.QBO or all(line.get("account") or line.get("item") for line in values["lines"]):
        return values
    fallback = terms.accounts.get("unallocated-expense")
    if fallback is None:
        return Hold(HoldCode.NEEDS_MAPPING, {"role": "Unallocated Expense Account"})
    lines = [
        line if line.get("account") or line.get("item") else {**line, "account": fallback.qbo_id}
        for line in values["lines"]
    ]
    return {**values, "lines": lines}


def alongside(lines: list[Values], old: list[Raw], shown: list[Values]) -> list[Raw]:
    """For each line to be written the one it was before, so that its id and what we don't map stay with it.

    Lines that read the same belong together wherever they stand; what is left is taken in order.
    """
    left = list(range(len(old)))
    found: dict[int, int] = {}
    for position, line in enumerate(lines):
        match = next((at for at in left if _reads_as(shown[at], line)), None)
        if match is not None:
            found[position] = match
            left.remove(match)
    for position in range(len(lines)):
        if position not in found and left:
            found[position] = left.pop(0)
    return [old[found[position]] if position in found else {} for position in range(len(lines))]


def _reads_as(shown: Values, line: Values) -> bool:
    return all((shown.get(name) or None) == (value or None) for name, value in line.items() if name != "job")


def write_qbo(values: Values, current: Raw | None) -> list[Raw]:
    """All lines: an update replaces the whole array, so line ids and what we don't map are taken from ``current``."""
    old = (current or {}).get("Line") or []
    ours = [line for line in old if line.get("DetailType") in DETAILS]
    others = [line for line in old if line.get("DetailType") not in DETAILS]
    before = alongside(values["lines"], ours, [_read_qbo_line(line) for line in ours])
    return [_write_qbo_line(*each) for each in zip(values["lines"], before, strict=True)] + others


def _write_qbo_line(line: Values, old: Raw) -> Raw:
    kind = DETAILS[1] if line.get("item") else DETAILS[0]
    detail: dict[str, Any] = dict(old.get(kind) or {})
    if line.get("item"):
        detail["ItemRef"] = {"value": line["item"]}
        _set_price(detail, line)
    else:
        detail["AccountRef"] = {"value": line["account"]}
    set_ref(detail, "ClassRef", line.get("accounting_class"))
    set_ref(detail, "CustomerRef", line.get("customer"))
    # Said outright, because a line that names a customer would otherwise become billable.
    detail.setdefault("BillableStatus", "NotBillable")
    written = {name: value for name, value in old.items() if name not in (*DETAILS, "Description", "LineNum")}
    written |= {"DetailType": kind, "Amount": line["amount"], kind: detail}
    if line.get("description"):
        written["Description"] = line["description"][:4000]
    return written


def _set_price(detail: Raw, line: Values) -> None:
    """QuickBooks refuses an amount that isn't quantity times price, so old ones don't stay (6070)."""
    for name, ours in (("Qty", "quantity"), ("UnitPrice", "price")):
        if ours in line:
            detail.pop(name, None)
        if line.get(ours) is not None:
            detail[name] = line[ours]


def set_ref(detail: Raw, name: str, value: str | None) -> None:
    """None: not in use here, so left as it is. "": taken away."""
    if value:
        detail[name] = {"value": value}
    elif value == "":
        detail.pop(name, None)


CODES = (
    ("account", "chartOfAccountId"),
    ("item", "itemId"),
    ("accounting_class", "accountingClassId"),
    ("customer", "customerId"),
)


def write_billcom(values: Values, current: Raw | None, lines_key: str) -> list[Raw]:
    """All lines with their ids: what is left out is removed (PUT)."""
    old = (current or {}).get(lines_key) or []
    before = alongside(values["lines"], old, read_billcom(old))
    return [_write_billcom_line(line, values, each) for line, each in zip(values["lines"], before, strict=True)]


def _write_billcom_line(line: Values, values: Values, old: Raw) -> Raw:
    codes = {name: value for name, value in (old.get("classifications") or {}).items() if value}
    for ours, theirs in (*CODES, ("location", "locationId")):
        value = values.get("location") if ours == "location" else line.get(ours)
        if value:
            codes[theirs] = value
        elif value == "":
            codes.pop(theirs, None)
    written: Raw = {"amount": line["amount"], "description": line.get("description") or "", "classifications": codes}
    if line.get("item") and line.get("quantity") is not None and line.get("price") is not None:
        written |= {"quantity": line["quantity"], "price": line["price"]}
    elif not line.get("item") and money(old.get("amount")) == line["amount"]:
        # QuickBooks has neither on a line of an account, and they still come to the amount.
        written |= {name: old[name] for name in ("quantity", "price") if old.get(name) is not None}
    if old.get("id"):
        written["id"] = old["id"]
    return written
