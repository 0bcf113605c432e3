"""Bills: both ways while unpaid; the paid state follows from bill payments."""

from __future__ import annotations

from syncapp.core.holds import Hold, HoldCode
from syncapp.core.schema import (
    BillcomShape,
    Draft,
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
    at_no_rate,
    books_open,
    books_open_for_update,
    numbered_keys,
    one_way,
    partly_settled,
    payables_chosen,
    settled_stays,
    settled_there,
)

LINES = "billLineItems"
LOWERED = "Bills with a total of zero are never sent to QuickBooks Online; there it still has the amount from before."
LOWERED_FIX = "Give the bill an amount, or archive it in BILL, which deletes it in QuickBooks Online."
# What an update that replaces a bill must say again, or BILL may take it for emptied.
KEPT = ("payFromChartOfAccountId", "purchaseOrderNumber", "paymentTermId", "classifications")
# QuickBooks has no such field on a transaction: a bill is there, or deleted.
ACTIVE_IN_BILLCOM = Field(billcom="archived", type=Type.BOOL, inverted=frozenset({Side.BILLCOM}), label="Active")


def read(values: Values, raw: Raw, side: Side) -> Values:
    return expense.read(values, raw, side, LINES)


def may_sync(values: Values, towards: Side, terms: Terms) -> Hold | None:
    if hold := adds_up(values, towards):
        return hold
    if towards is Side.QBO:
        return _may_go_to_qbo(values, terms)
    if not values["number"]:
        return Hold(HoldCode.NEEDS_NUMBER)
    if partly_settled(values):
        return Hold(HoldCode.PAID_BEFORE_FIRST_SEEN)
    return None


def _may_go_to_qbo(values: Values, terms: Terms) -> Hold | None:
    if not values["total"]:
        return Hold(HoldCode.ZERO_AMOUNT)
    return _lines_fit(values, terms) or _approved(values, terms)


def _lines_fit(values: Values, terms: Terms) -> Hold | None:
    return expense.one_location(values, terms) or expense.no_jobs(values, terms)


def _approved(values: Values, terms: Terms) -> Hold | None:
    if terms.approved_only and values.get("approval") != "APPROVED":
        return Hold(HoldCode.NOT_APPROVED, {"approval": (values.get("approval") or "unassigned").lower()})
    return None


paid_stays = settled_stays("The bill has been paid, in full or in part, and what is changed after that doesn't sync.")


def may_change(values: Values, shown: Values, towards: Side, terms: Terms) -> Hold | None:
    if not values["active"]:
        # What is taken away needs neither a number nor anybody's approval.
        return settled_there(values, shown, towards)
    if hold := adds_up(values, towards):
        return hold
    if towards is Side.BILLCOM:
        return None if values["number"] else Hold(HoldCode.NEEDS_NUMBER)
    if not values["total"]:
        return Hold(HoldCode.ZERO_AMOUNT, {"meaning": LOWERED, "fix": LOWERED_FIX})
    return _lines_fit(values, terms) or _approved(values, terms)


def adapt(values: Values, towards: Side, terms: Terms, lookup: Lookup) -> Values | Hold:
    if towards is Side.BILLCOM and not values["due_date"]:
        values = {**values, "due_date": values["date"]}
    return expense.with_accounts(values, towards, terms)


def write(payload: Raw, draft: Draft) -> Raw:
    if draft.side is Side.QBO:
        return expense.write_into_qbo(payload, draft)
    if "lines" in draft.changed or "location" in draft.changed:
        payload[LINES] = expense.write_billcom(_one_location(draft), draft.current, LINES)
    old = draft.current or {}
    if old.get("approvers"):
        # Reference: https://developer.bill.com/hc/reference/updatebill
        payload["billApprovals"] = True
    return {name: old[name] for name in KEPT if old.get(name)} | payload


def _one_location(draft: Draft) -> Values:
    """Lines that name several locations keep theirs, unless the bill has got one."""
    values, shown = draft.values, expense.first_location((draft.current or {}).get(LINES) or [])
    is_new = values.get("location") not in ("", shown if values.get("first_location") else "")
    return values if is_new or not values.get("mixed_locations") else {**values, "location": None}


def at_first_location(values: Values, raw: Raw) -> Values:
    return expense.at_first_location(values, raw, LINES)


KIND = Kind(
    name="bill",
    label="Bill",
    plural="Bills",
    billcom=BillcomShape(path="bills", bulk=100, replace=True),
    qbo=QboShape(entity="Bill", always=("vendor",), retire=Retirement.DELETE),
    fields={
        "vendor": Field(billcom="vendorId", qbo="VendorRef.value", type=Type.REF, ref="vendor", label="Vendor"),
        "number": Field(
            billcom="invoice.invoiceNumber", qbo="DocNumber", label="Number", limits={Side.QBO: NUMBER_LENGTH}
        ),
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
        "currency": Field(qbo="CurrencyRef.value", fact=True, label="Currency"),
        "exchange_rate": Field(billcom="exchangeRate", type=Type.NUMBER, fact=True, label="Exchange rate"),
        "mixed_locations": Field(type=Type.BOOL, fact=True, label="Several locations"),
        "first_location": Field(type=Type.BOOL, fact=True, label="First line's location counts"),
    },
    transaction=True,
    title="number",
    number="number",
    amount="total",
    date="date",
    party="vendor",
    flow=one_way,
    gates=(at_no_rate("bill"), may_sync, books_open, payables_chosen),
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
    untouchable=paid_stays,
    adapt=adapt,
    write=write,
    taken="number",
)
