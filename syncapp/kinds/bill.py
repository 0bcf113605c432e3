"""Bills: both ways while unpaid; the paid state follows from bill payments."""

from __future__ import annotations

from syncapp.core.holds import Hold, HoldCode
from syncapp.core.matching import normalise
from syncapp.core.schema import (
    BillcomShape,
    Draft,
    Field,
    Keys,
    Kind,
    Lookup,
    QboShape,
    Raw,
    Retirement,
    Terms,
    Type,
    Values,
)
from syncapp.core.sides import Side
from syncapp.kinds import _expense_lines as expense
from syncapp.kinds._shared import books_open, books_open_for_update, cut, one_way

LINES = "billLineItems"
# QuickBooks has no such field on a transaction: a bill is there, or deleted.
ACTIVE_IN_BILLCOM = Field(billcom="archived", type=Type.BOOL, inverted=frozenset({Side.BILLCOM}), label="Active")


def read(values: Values, raw: Raw, side: Side) -> Values:
    if side is Side.QBO:
        values["lines"] = expense.read_qbo(raw)
        values["active"] = raw.get("status") != "Deleted"
        return values
    lines = raw.get(LINES) or []
    found = expense.locations_of(lines)
    values["lines"] = expense.read_billcom(lines)
    values["location"] = min(found) if len(found) == 1 else ""
    values["mixed_locations"] = len(found) > 1
    return values


def keys(values: Values, side: Side, lookup: Lookup) -> Keys:
    """Vendor and number; then vendor, date and total, as a proposal only."""
    vendor = lookup.find("vendor", side, values["vendor"])
    if vendor is None:
        return Keys()
    number = normalise(values["number"])
    alike = f"{vendor.key}/{values['date']}/{values['total']}"
    return Keys(first=cut(f"{vendor.key}/{number}") if number else "", proposal="" if number else alike)


def may_sync(values: Values, towards: Side, terms: Terms) -> Hold | None:
    if towards is Side.QBO:
        return _may_go_to_qbo(values, terms)
    if not values["number"]:
        return Hold(HoldCode.NEEDS_NUMBER)
    if values["open"] is not None and values["total"] is not None and values["open"] < values["total"]:
        return Hold(HoldCode.PAID_BEFORE_FIRST_SEEN)
    return None


def _may_go_to_qbo(values: Values, terms: Terms) -> Hold | None:
    if not values["total"]:
        return Hold(HoldCode.ZERO_AMOUNT)
    if values["mixed_locations"] and terms.locations:
        return Hold(HoldCode.MIXED_LOCATIONS)
    return _approved(values, terms)


def _approved(values: Values, terms: Terms) -> Hold | None:
    if terms.approved_only and values.get("approval") != "APPROVED":
        return Hold(HoldCode.NOT_APPROVED, {"approval": (values.get("approval") or "unassigned").lower()})
    return None


def may_change(values: Values, shown: Values, towards: Side, terms: Terms) -> Hold | None:
    if towards is Side.BILLCOM:
        return None if values["number"] else Hold(HoldCode.NEEDS_NUMBER)
    if values.get("mixed_locations") and terms.locations:
        return Hold(HoldCode.MIXED_LOCATIONS)
    return _approved(values, terms)


def adapt(values: Values, towards: Side, terms: Terms, lookup: Lookup) -> Values | Hold:
    if towards is Side.BILLCOM and not values["due_date"]:
        values = {**values, "due_date": values["date"]}
    return expense.with_accounts(values, towards, terms)


def write(payload: Raw, draft: Draft) -> Raw:
    if draft.side is Side.QBO:
        return _write_qbo(payload, draft)
    if "lines" in draft.changed or "location" in draft.changed:
        payload[LINES] = expense.write_billcom(draft.values, draft.current, LINES)
    return payload


def _write_qbo(payload: Raw, draft: Draft) -> Raw:
    if "lines" in draft.changed:
        payload["Line"] = expense.write_qbo(draft.values, draft.current)
    payables = draft.terms.accounts.get("accounts-payable")
    if payables is not None and not draft.remote_id:
        payload["APAccountRef"] = {"value": payables.qbo_id}
    return payload


KIND = Kind(
    name="bill",
    label="Bill",
    plural="Bills",
    billcom=BillcomShape(path="bills", bulk=100, replace=True),
    qbo=QboShape(entity="Bill", always=("vendor",), retire=Retirement.DELETE),
    fields={
        "vendor": Field(billcom="vendorId", qbo="VendorRef.value", type=Type.REF, ref="vendor", label="Vendor"),
        "number": Field(billcom="invoice.invoiceNumber", qbo="DocNumber", label="Number", limits={Side.QBO: 21}),
        "date": Field(billcom="invoice.invoiceDate", qbo="TxnDate", type=Type.DATE, label="Date"),
        "due_date": Field(billcom="dueDate", qbo="DueDate", type=Type.DATE, label="Due date"),
        "description": Field(
            billcom="description", qbo="PrivateNote", label="Memo", limits={Side.QBO: 4000, Side.BILLCOM: 4000}
        ),
        "location": Field(qbo="DepartmentRef.value", type=Type.REF, ref="location", label="Location"),
        "lines": expense.LINES,
        "active": ACTIVE_IN_BILLCOM,
        "total": Field(billcom="amount", qbo="TotalAmt", type=Type.MONEY, fact=True, label="Total"),
        "open": Field(billcom="dueAmount", qbo="Balance", type=Type.MONEY, fact=True, label="Open"),
        "approval": Field(billcom="approvalStatus", fact=True, label="Approval"),
        "payment_status": Field(billcom="paymentStatus", fact=True, label="Payment status"),
        "mixed_locations": Field(type=Type.BOOL, fact=True, label="Several locations"),
    },
    transaction=True,
    title="number",
    number="number",
    amount="total",
    date="date",
    flow=one_way,
    gates=(may_sync, books_open),
    update_gates=(may_change, books_open_for_update),
    keys=keys,
    key_refs=("vendor",),
    matched_by="vendor and number",
    read=read,
    prepare=expense.without_unused,
    adapt=adapt,
    write=write,
    taken="number",
)
