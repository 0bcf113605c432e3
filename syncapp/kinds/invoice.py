"""Invoices: both ways while nothing is received on them; what is received follows from receivable payments.

Reference: BILL API, invoices; Intuit docs, Invoice; spec, sync matrix, sections 1 and 4.
"""

from __future__ import annotations

from syncapp.core.codec import dig, text
from syncapp.core.holds import Hold, HoldCode
from syncapp.core.schema import BillcomShape, Draft, Field, Kind, Lookup, QboShape, Raw, Retirement, Terms, Type, Values
from syncapp.core.sides import Side
from syncapp.kinds import _sales_lines as sales
from syncapp.kinds._shared import (
    NUMBER_LENGTH,
    TOLD_BY,
    adds_up,
    at_no_rate,
    books_open,
    books_open_for_update,
    first_of,
    numbered_keys,
    one_way,
    partly_settled,
    settled_stays,
    settled_there,
    voided,
)

LINES = "invoiceLineItems"
# What an update that replaces an invoice must say again, or BILL may take it for emptied.
KEPT = ("payToChartOfAccountId", "classifications", "salesTaxItemId", "paymentTermId", "enableCardPayment")
PAID_THERE = "Something was received on it in QuickBooks Online already, and BILL would ask the customer for all of it."
PAID_THERE_FIX = "Nothing to do: what is left of it is received in QuickBooks Online. Otherwise exclude it."
STAYS = "An invoice that is deleted or voided in QuickBooks Online stays in BILL."
STAYS_FIX = "Archive it in BILL too, so that the customer isn't asked for it."


def read(values: Values, raw: Raw, side: Side) -> Values:
    values["lines"] = sales.read(raw, side, LINES)
    sales.read_tax(values, raw, side)
    if side is Side.QBO:
        values["active"] = raw.get("status") != "Deleted" and not voided(values["total"], raw)
    elif not values["customer"]:
        # Shown flat, written as an object. Reference: spec, BILL API 4.2.
        values["customer"] = text(dig(raw, ("customer", "id")))
    return values


def may_sync(values: Values, towards: Side, terms: Terms) -> Hold | None:
    if hold := sales.taxable(values, towards, terms) or adds_up(values, towards):
        return hold
    return _may_go_to_billcom(values, terms) if towards is Side.BILLCOM else None


def _may_go_to_billcom(values: Values, terms: Terms) -> Hold | None:
    if not values["number"]:
        return Hold(HoldCode.NEEDS_NUMBER)
    if partly_settled(values):
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": PAID_THERE, "fix": PAID_THERE_FIX})
    return None


def lately_touched(values: Values, towards: Side, terms: Terms) -> Hold | None:
    """Reference: spec, set-up guide: the last 90 days before the sync was first set up, and what is edited since."""
    since = terms.invoices_since
    if towards is Side.QBO or since is None or not values["touched"] or values["touched"] >= since.isoformat():
        return None
    return Hold(HoldCode.OLDER_THAN_90_DAYS, {"touched": values["touched"]})


def may_change(values: Values, shown: Values, towards: Side, terms: Terms) -> Hold | None:
    if not values["active"]:
        if towards is Side.QBO:
            return settled_there(values, shown, towards)
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": STAYS, "fix": STAYS_FIX})
    if towards is Side.BILLCOM and not values["number"]:
        return Hold(HoldCode.NEEDS_NUMBER)
    if towards is Side.BILLCOM and (hold := sales.taxable(values, towards, terms)):
        return hold
    return adds_up(values, towards)


def adapt(values: Values, towards: Side, terms: Terms, lookup: Lookup) -> Values | Hold:
    if towards is Side.BILLCOM and not values["due_date"]:
        values = {**values, "due_date": values["date"]}
    return sales.with_items(values, terms) if towards is Side.QBO else sales.same_tax(values, towards, lookup)


def write(payload: Raw, draft: Draft) -> Raw:
    if draft.side is Side.QBO:
        if "lines" in draft.changed:
            payload["Line"] = sales.write_qbo(draft)
        return payload
    sales.write_tax(payload, draft)
    if "lines" in draft.changed:
        payload[LINES] = sales.write_billcom(draft, LINES)
    if customer := payload.pop("customerId", ""):
        payload["customer"] = {"id": customer}
    if not draft.remote_id:
        # Whether a customer gets mail is for the people in BILL to say.
        return payload | {"processingOptions": {"sendEmail": False}}
    old = draft.current or {}
    return {name: old[name] for name in KEPT if old.get(name)} | payload


KIND = Kind(
    name="invoice",
    label="Invoice",
    plural="Invoices",
    billcom=BillcomShape(path="invoices", replace=True),
    qbo=QboShape(entity="Invoice", always=("customer",), retire=Retirement.DELETE),
    fields={
        "customer": Field(
            billcom="customerId", qbo="CustomerRef.value", type=Type.REF, ref="customer", label="Customer"
        ),
        "number": Field(billcom="invoiceNumber", qbo="DocNumber", label="Number", limits={Side.QBO: NUMBER_LENGTH}),
        "date": Field(billcom="invoiceDate", qbo="TxnDate", type=Type.DATE, label="Date"),
        "due_date": Field(billcom="dueDate", qbo="DueDate", type=Type.DATE, label="Due date"),
        "lines": sales.LINES,
        "sales_tax": sales.SALES_TAX,
        "tax": sales.TAX,
        "active": Field(billcom="archived", type=Type.BOOL, inverted=frozenset({Side.BILLCOM}), label="Active"),
        "total": Field(billcom="totalAmount", qbo="TotalAmt", type=Type.MONEY, fact=True, label="Total"),
        "open": Field(billcom="dueAmount", qbo="Balance", type=Type.MONEY, fact=True, label="Open"),
        "payment_status": Field(billcom="status", fact=True, label="Status in BILL"),
        "currency": Field(qbo="CurrencyRef.value", fact=True, label="Currency"),
        "exchange_rate": Field(billcom="exchangeRate", type=Type.NUMBER, fact=True, label="Exchange rate"),
        "touched": Field(
            qbo="MetaData.LastUpdatedTime", type=Type.DATE, fact=True, label="Last changed in QuickBooks Online"
        ),
    },
    transaction=True,
    title="number",
    number="number",
    amount="total",
    date="date",
    party="customer",
    flow=one_way,
    gates=(at_no_rate("invoice"), may_sync, lately_touched, books_open),
    update_gates=(may_change, books_open_for_update),
    keys=numbered_keys("customer"),
    key_refs=("customer",),
    matched_by="customer and number",
    told_by=TOLD_BY,
    read=read,
    prepare=sales.without_unused,
    switched=sales.SWITCHED,
    untouchable=first_of(
        settled_stays("Something has been received on the invoice, and what is changed after that doesn't sync."),
        sales.taxed_lines_stay,
    ),
    asks=sales.ASKS,
    adapt=adapt,
    write=write,
    taken="number",
)
