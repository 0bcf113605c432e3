"""Credit memos: both ways, where the company started on BILL in 2019 or later. What they are applied to stays each
product's own: a customer owes the same in both, whichever invoice a credit memo has lowered.

Reference: BILL API, credit-memos; Intuit docs, CreditMemo; spec, sync matrix, sections 1 and 4.
"""

from __future__ import annotations

from syncapp.core.codec import money, text
from syncapp.core.holds import Hold, HoldCode
from syncapp.core.schema import (
    ZERO,
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
from syncapp.kinds import _sales_lines as sales
from syncapp.kinds._shared import (
    NUMBER_LENGTH,
    TOLD_BY,
    adds_up,
    at_no_rate,
    books_open,
    books_open_for_update,
    by_amount,
    first_of,
    numbered_keys,
    one_way,
    partly_settled,
    settled_stays,
    settled_there,
    voided,
)

LINES = "creditMemoLineItems"
# What an update that replaces a credit memo must say again, or BILL may take it for emptied.
KEPT = ("description", "salesTaxItemId", "payToChartOfAccountId", "payToBankAccountId", "classifications")
STARTED_BEFORE = "Credit memos sync for companies that started on BILL in 2019 (January 15) or later."
STARTED_BEFORE_FIX = (
    "Enter it by hand on the other side, if it is needed there. If the company did start later, correct the day on "
    "which it signed up."
)
NOTHING = "Its total is zero, and a credit memo of nothing doesn't sync."
APPLIED = "The credit memo has been applied, in full or in part, and what is changed after that doesn't sync."
USED_THERE = "It has been applied in QuickBooks Online already, and in BILL it would be there to be used once more."
USED_THERE_FIX = "Nothing to do: what is left of it is used in QuickBooks Online. Otherwise exclude it."


def read(values: Values, raw: Raw, side: Side) -> Values:
    values["lines"] = sales.read(raw, side, LINES)
    sales.read_tax(values, raw, side)
    if side is Side.BILLCOM:
        values["open"] = (values["total"] or ZERO) - (money(raw.get("appliedAmount")) or ZERO)
        uses = [(text(use.get("invoiceId")), money(use.get("amount"))) for use in raw.get("usage") or []]
        values["applied"] = by_amount([{"invoice": invoice, "amount": amount} for invoice, amount in uses], "invoice")
        return values
    values["applied"] = []  # QuickBooks shows it with the payments that apply it.
    # Reference: Intuit docs, CreditMemo: RemainingCredit and Balance tell the same, and either may be missing.
    left = next((raw[name] for name in ("RemainingCredit", "Balance") if raw.get(name) is not None), values["total"])
    values["open"] = money(left)
    values["active"] = raw.get("status") != "Deleted" and not voided(values["total"], raw)
    return values


def flow(towards: Side, terms: Terms) -> Hold | None:
    if not terms.credit_memos:
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": STARTED_BEFORE, "fix": STARTED_BEFORE_FIX})
    return one_way(towards, terms)


def may_sync(values: Values, towards: Side, terms: Terms) -> Hold | None:
    if not values["total"]:
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": NOTHING, "to_make_it_in": towards.label})
    if hold := sales.taxable(values, towards, terms) or adds_up(values, towards):
        return hold
    if towards is Side.BILLCOM and not values["number"]:
        return Hold(HoldCode.NEEDS_NUMBER)
    if towards is Side.BILLCOM and partly_settled(values):
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": USED_THERE, "fix": USED_THERE_FIX})
    return None


def may_change(values: Values, shown: Values, towards: Side, terms: Terms) -> Hold | None:
    if not values["active"]:
        return settled_there(values, shown, towards)
    if towards is Side.BILLCOM and not values["number"]:
        return Hold(HoldCode.NEEDS_NUMBER)
    if towards is Side.BILLCOM and (hold := sales.taxable(values, towards, terms)):
        return hold
    return adds_up(values, towards)


def adapt(values: Values, towards: Side, terms: Terms, lookup: Lookup) -> Values | Hold:
    return sales.with_items(values, terms) if towards is Side.QBO else sales.same_tax(values, towards, lookup)


def write(payload: Raw, draft: Draft) -> Raw:
    if draft.side is Side.QBO:
        if "lines" in draft.changed:
            payload["Line"] = sales.write_qbo(draft)
        return payload
    sales.write_tax(payload, draft)
    if "lines" in draft.changed:
        payload[LINES] = sales.write_billcom(draft, LINES)
        if draft.values.get("sales_tax"):
            for line, values in zip(payload[LINES], draft.values["lines"], strict=True):
                line["taxable"] = sales.is_taxed(values, draft.lookup)
    old = draft.current or {}
    return {name: old[name] for name in KEPT if old.get(name)} | payload


KIND = Kind(
    name="credit_memo",
    label="Credit memo",
    plural="Credit memos",
    billcom=BillcomShape(path="credit-memos", replace=True),
    qbo=QboShape(entity="CreditMemo", always=("customer",), retire=Retirement.DELETE),
    fields={
        "customer": Field(
            billcom="customerId", qbo="CustomerRef.value", type=Type.REF, ref="customer", label="Customer"
        ),
        "number": Field(
            billcom="referenceNumber", qbo="DocNumber", label="Reference", limits={Side.QBO: NUMBER_LENGTH}
        ),
        "date": Field(billcom="creditDate", qbo="TxnDate", type=Type.DATE, label="Date"),
        "lines": sales.LINES,
        "sales_tax": sales.SALES_TAX,
        "tax": sales.TAX,
        "active": Field(billcom="archived", type=Type.BOOL, inverted=frozenset({Side.BILLCOM}), label="Active"),
        "total": Field(billcom="amount", qbo="TotalAmt", type=Type.MONEY, fact=True, label="Total"),
        "open": Field(type=Type.MONEY, fact=True, label="Not applied yet"),
        "applied": Field(
            type=Type.LINES,
            label="Applied in BILL",
            fact=True,
            unordered=True,
            lines={
                "invoice": Field(type=Type.REF, ref="invoice", label="Invoice"),
                "amount": Field(type=Type.MONEY, label="Amount"),
            },
        ),
        "application": Field(billcom="status", fact=True, label="Status in BILL"),
        "currency": Field(qbo="CurrencyRef.value", fact=True, label="Currency"),
    },
    transaction=True,
    title="number",
    number="number",
    amount="total",
    date="date",
    party="customer",
    flow=flow,
    gates=(at_no_rate("credit memo"), may_sync, books_open),
    update_gates=(may_change, books_open_for_update),
    keys=numbered_keys("customer"),
    key_refs=("customer",),
    matched_by="customer and number",
    told_by=TOLD_BY,
    read=read,
    prepare=sales.without_unused,
    switched=sales.SWITCHED,
    untouchable=first_of(
        settled_stays(APPLIED),
        sales.taxed_lines_stay,
    ),
    asks=sales.ASKS,
    adapt=adapt,
    write=write,
    taken="number",
)
