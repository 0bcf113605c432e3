"""Vendor credits: from BILL to QuickBooks only. What they are applied to follows with the payments that apply them.

Reference: BILL API, vendor-credits; Intuit docs, VendorCredit.
"""

from __future__ import annotations

from syncapp.core.codec import money, text
from syncapp.core.holds import ACT, ALWAYS, Hold, HoldCode
from syncapp.core.schema import (
    ZERO,
    BillcomShape,
    Field,
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
from syncapp.kinds._shared import (
    NUMBER_LENGTH,
    TOLD_BY,
    adds_up,
    books_open,
    books_open_for_update,
    by_amount,
    numbered_keys,
    payables_chosen,
    settled_stays,
    settled_there,
)

LINES = "vendorCreditLineItems"
NOTHING = "Its total is zero, and a credit of nothing is not sent to QuickBooks Online."
NOTHING_FIX = "Give the credit an amount, or archive it in BILL."
ONE_DIRECTION = "Vendor credits go from BILL to QuickBooks Online only."
CHANGED_THERE = "Change it in BILL instead. One that is only in QuickBooks Online can stay there: exclude it."
NO_CUSTOMERS = "A line names a customer, and credits of a customer's costs don't sync."
NO_CUSTOMERS_FIX = "Take the customer off its lines in BILL, or enter it in QuickBooks Online by hand."
# Reference: spec, BILL API 3.3: v3 shows no approval of vendor credits.
APPROVAL_UNKNOWN = "Only what is approved in BILL goes over, and BILL doesn't tell whether a vendor credit is."
APPROVAL_FIX = "Look it up in BILL; if it is approved there, include it."


def read(values: Values, raw: Raw, side: Side) -> Values:
    values = expense.read(values, raw, side, LINES)
    if side is Side.QBO:
        # Reference: Intuit docs, VendorCredit: Balance may be missing.
        values["applied"] = []
        values["open"] = money(raw["Balance"]) if raw.get("Balance") is not None else values["total"]
    else:
        values["open"] = (values["total"] or ZERO) - (money(raw.get("appliedAmount")) or ZERO)
        values["applied"] = _without_payment(raw)
    return values


def _without_payment(raw: Raw) -> list[Values]:
    """What was applied to bills themselves; what payments used is told with the payments."""
    return by_amount(
        [
            {"bill": text(use.get("billId")), "amount": money(use.get("amount"))}
            for use in raw.get("usage") or []
            if not use.get("paymentId")
        ],
        "bill",
    )


def flow(towards: Side, terms: Terms) -> Hold | None:
    if towards is Side.QBO:
        return None
    facts = {"rule": ONE_DIRECTION, "fix": CHANGED_THERE, "to_make_it_in": Side.BILLCOM.label}
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, facts)


def may_sync(values: Values, towards: Side, terms: Terms) -> Hold | None:
    if not values["total"]:
        return Hold(HoldCode.ZERO_AMOUNT, {"meaning": NOTHING, "fix": NOTHING_FIX})
    return _as_it_may_be(values, towards, terms)


def _as_it_may_be(values: Values, towards: Side, terms: Terms) -> Hold | None:
    """As it is shown now; also a change of it goes over only where it is known to be approved."""
    if hold := adds_up(values, towards) or _lines_fit(values, terms):
        return hold
    if terms.approved_only:
        return Hold(HoldCode.NOT_APPROVED, {"meaning": APPROVAL_UNKNOWN, "fix": APPROVAL_FIX})
    return None


def _lines_fit(values: Values, terms: Terms) -> Hold | None:
    if hold := expense.one_location(values, terms) or expense.no_jobs(values, terms):
        return hold
    if terms.customers_in_payables and any(line.get("customer") for line in values["lines"]):
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": NO_CUSTOMERS, "fix": NO_CUSTOMERS_FIX, ACT: ALWAYS})
    return None


def may_change(values: Values, shown: Values, towards: Side, terms: Terms) -> Hold | None:
    return _as_it_may_be(values, towards, terms) if values["active"] else settled_there(values, shown, towards)


# What was applied has settled bills by its amount.
applied_stays = settled_stays(
    "The credit has been applied, in full or in part, and what is changed after that doesn't sync."
)


def at_first_location(values: Values, raw: Raw) -> Values:
    return expense.at_first_location(values, raw, LINES)


def adapt(values: Values, towards: Side, terms: Terms, lookup: Lookup) -> Values | Hold:
    return expense.with_accounts(values, towards, terms)


KIND = Kind(
    name="vendor_credit",
    label="Vendor credit",
    plural="Vendor credits",
    billcom=BillcomShape(path="vendor-credits"),
    qbo=QboShape(entity="VendorCredit", always=("vendor",), retire=Retirement.DELETE),
    fields={
        "vendor": Field(billcom="vendorId", qbo="VendorRef.value", type=Type.REF, ref="vendor", label="Vendor"),
        "number": Field(
            billcom="referenceNumber", qbo="DocNumber", label="Reference", limits={Side.QBO: NUMBER_LENGTH}
        ),
        "date": Field(billcom="creditDate", qbo="TxnDate", type=Type.DATE, label="Date"),
        "description": Field(
            billcom="description", qbo="PrivateNote", label="Memo", limits={Side.QBO: 4000, Side.BILLCOM: 4000}
        ),
        "location": Field(qbo="DepartmentRef.value", type=Type.REF, ref="location", label="Location"),
        "lines": expense.LINES,
        "active": Field(billcom="archived", type=Type.BOOL, inverted=frozenset({Side.BILLCOM}), label="Active"),
        "total": Field(billcom="amount", qbo="TotalAmt", type=Type.MONEY, fact=True, label="Total"),
        "open": Field(type=Type.MONEY, fact=True, label="Not applied yet"),
        "applied": Field(
            type=Type.LINES,
            label="Applied without a payment",
            fact=True,
            unordered=True,
            lines={
                "bill": Field(type=Type.REF, ref="bill", label="Bill"),
                "amount": Field(type=Type.MONEY, label="Amount"),
            },
        ),
        "mixed_locations": Field(type=Type.BOOL, fact=True, label="Several locations"),
        "first_location": Field(type=Type.BOOL, fact=True, label="First line's location counts"),
    },
    transaction=True,
    title="number",
    number="number",
    amount="total",
    date="date",
    party="vendor",
    flow=flow,
    gates=(may_sync, books_open, payables_chosen),
    update_gates=(may_change, books_open_for_update),
    keys=numbered_keys("vendor"),
    key_refs=("vendor",),
    matched_by="vendor and number",
    told_by=TOLD_BY,
    read=read,
    remark=expense.remark,
    at_first_location=at_first_location,
    prepare=expense.without_unused,
    switched=expense.SWITCHED | {"locations": ("location",)},
    untouchable=applied_stays,
    adapt=adapt,
    write=expense.write_into_qbo,
    taken="number",
    approval_told=False,
)
