"""Customers' payments: from BILL to QuickBooks only, where they pay the invoices that they paid in BILL.

Reference: BILL API, receivable-payments; Intuit docs, Payment; spec, sync matrix, section 3.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from syncapp.core.codec import dig, money, text
from syncapp.core.holds import ACT, IF_IN_BOTH, Hold, HoldCode
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
from syncapp.kinds._shared import books_open, books_open_for_update, by_amount, payment_keys, receivables_chosen, voided

RECORD_THERE = "Customers' payments go from BILL to QuickBooks Online only."
RECORD_THERE_FIX = (
    "Record it in BILL as well, on the same invoices, with the same date and amount: the two are linked then. "
    "If it only applies a credit memo, or BILL doesn't have its invoices, it can stay as it is: exclude it."
)
# Reference: spec, BILL API 4.4: status; of the states before and after these nothing is documented.
RECEIVED = ("", "PAID")
VOIDED = ("VOID", "VOIDED")
GONE = (*VOIDED, "CANCELED", "CANCELLED")
NOT_YET_FIX = "Nothing to do: the sync looks at it again when BILL shows it as paid. If it failed there, exclude it."
# Reference: Intuit docs, Payment: PaymentRefNum.
REFERENCE_LENGTH = 21


def read(values: Values, raw: Raw, side: Side) -> Values:
    if side is Side.BILLCOM:
        shares = raw.get("invoicePayments") or []
        paid = [{"invoice": text(each.get("invoiceId")), "amount": money(each.get("amount"))} for each in shares]
        values["active"], values["credits_used"] = text(raw.get("status")) not in GONE, []
        values["receiving_bank"] = text(dig(raw, ("receivablesAccount", "id"))) if _reached_bank(raw) else ""
    else:
        links = [(line.get("Amount"), each) for line in raw.get("Line") or [] for each in line.get("LinkedTxn") or []]
        paid = [
            {"invoice": text(each.get("TxnId")), "amount": money(amount)}
            for amount, each in links
            if each.get("TxnType") == "Invoice"
        ]
        values["credits_used"] = _credits(links)
        values["account"] = text(dig(raw, ("DepositToAccountRef", "value")))
        values["active"] = raw.get("status") != "Deleted" and not voided(values["amount"], raw)
    values["paid"] = by_amount(paid, "invoice")
    return values


def _reached_bank(raw: Raw) -> bool:
    """Whether BILL has brought it to a bank account. What was paid by card is settled by whoever handles the card.

    Reference: spec, BILL API 4.4; spec, sync matrix, section 3.
    """
    to_bank = dig(raw, ("receivablesAccount", "type")) == "BANK_ACCOUNT" and "CARD" not in text(
        raw.get("receivablesType")
    )
    return raw.get("onlinePayment") is True and to_bank and text(raw.get("status")) in (*RECEIVED, *VOIDED)


def _credits(links: list[tuple[Any, Raw]]) -> list[Values]:
    """What of which credit memo is applied with the payment; QuickBooks counts that among what is paid."""
    found = [(text(each.get("TxnId")), money(amount)) for amount, each in links if each.get("TxnType") == "CreditMemo"]
    return by_amount([{"credit_memo": credit, "amount": amount} for credit, amount in found], "credit_memo")


def credits_used(values: Values) -> list[Values]:
    """[{credit_memo, amount}]; none where the payment was read by a release that didn't know them."""
    return values.get("credits_used") or []


def _applied(values: Values) -> Decimal:
    """The money that pays invoices; the rest is the customer's credit."""
    paid = sum((line["amount"] or ZERO for line in values["paid"]), ZERO)
    return paid - sum((use["amount"] or ZERO for use in credits_used(values)), ZERO)


def booked_otherwise(name: str, billcom: Values, qbo: Values) -> bool:
    """QuickBooks applies a credit memo with the payment, BILL before it: the money received is the same."""
    return bool(name == "paid" and credits_used(qbo) and billcom["amount"] == qbo["amount"] == _applied(qbo))


def received(values: Values, towards: Side, terms: Terms) -> Hold | None:
    """What is under way, or has failed under a name that isn't documented, is not posted as received."""
    if values["status"] in RECEIVED:
        return None
    rule = f"BILL shows it as {values['status'].replace('_', ' ').lower()}, and it goes over once it is paid."
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": rule, "fix": NOT_YET_FIX})


def flow(towards: Side, terms: Terms) -> Hold | None:
    if towards is Side.QBO:
        return None
    facts = {"rule": RECORD_THERE, "fix": RECORD_THERE_FIX, "to_make_it_in": Side.BILLCOM.label, ACT: IF_IN_BOTH}
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, facts)


def adapt(values: Values, towards: Side, terms: Terms, lookup: Lookup) -> Values | Hold:
    if towards is Side.BILLCOM:
        return {**values, "account": ""}
    role = (
        ("money-in-clearing", "Money In Clearing Account") if values["online"] else ("deposit-to", "Deposit To Account")
    )
    account = terms.accounts.get(role[0])
    if account is None:
        return Hold(HoldCode.NEEDS_MAPPING, {"role": role[1]})
    return {**values, "account": account.qbo_id}


def write(payload: Raw, draft: Draft) -> Raw:
    values = draft.values
    if "paid" in draft.changed:
        payload["Line"] = [_link(line) for line in values["paid"]]
    if not draft.remote_id:
        payload["DepositToAccountRef"] = {"value": values["account"]}
        if receivables := draft.terms.accounts.get("accounts-receivable"):
            payload["ARAccountRef"] = {"value": receivables.qbo_id}
        if values["number"]:
            payload["PaymentRefNum"] = values["number"][:REFERENCE_LENGTH]
    return payload


def _link(line: Values) -> Raw:
    return {"Amount": line["amount"], "LinkedTxn": [{"TxnId": line["invoice"], "TxnType": "Invoice"}]}


KIND = Kind(
    name="receivable_payment",
    label="Receivable payment",
    plural="Receivable payments",
    billcom=BillcomShape(path="receivable-payments", recorded=True),
    qbo=QboShape(entity="Payment", always=("customer",), retire=Retirement.VOID),
    fields={
        "customer": Field(
            billcom="customerId", qbo="CustomerRef.value", type=Type.REF, ref="customer", label="Customer"
        ),
        "date": Field(billcom="paymentDate", qbo="TxnDate", type=Type.DATE, label="Date"),
        "amount": Field(billcom="amount", qbo="TotalAmt", type=Type.MONEY, label="Amount"),
        "paid": Field(
            type=Type.LINES,
            label="Invoices paid",
            unordered=True,
            lines={
                "invoice": Field(type=Type.REF, ref="invoice", label="Invoice"),
                "amount": Field(type=Type.MONEY, label="Amount"),
            },
        ),
        "active": Field(type=Type.BOOL, label="Active"),
        "credits_used": Field(
            type=Type.LINES,
            label="Credit memos applied",
            fact=True,
            unordered=True,
            lines={
                "credit_memo": Field(type=Type.REF, ref="credit_memo", label="Credit memo"),
                "amount": Field(type=Type.MONEY, label="Amount"),
            },
        ),
        "number": Field(
            billcom="referenceNumber",
            qbo="PaymentRefNum",
            fact=True,
            label="Reference",
            limits={Side.QBO: REFERENCE_LENGTH},
        ),
        "account": Field(type=Type.REF, ref="account", fact=True, label="Deposited to"),
        "online": Field(billcom="onlinePayment", type=Type.BOOL, fact=True, label="Paid through BILL"),
        "status": Field(billcom="status", fact=True, label="Status in BILL"),
        "method": Field(billcom="receivablesType", fact=True, label="Paid by"),
        "receiving_bank": Field(fact=True, label="Received on BILL bank account"),
    },
    transaction=True,
    title="number",
    number="number",
    amount="amount",
    date="date",
    party="customer",
    settles="paid",
    funded_from="receiving_bank",
    flow=flow,
    gates=(received, books_open, receivables_chosen),
    update_gates=(books_open_for_update,),
    keys=payment_keys("customer", "invoice", _applied),
    key_refs=("customer", "paid"),
    matched_by="customer, date, amount and invoices paid",
    read=read,
    booked_otherwise=booked_otherwise,
    adapt=adapt,
    write=write,
    taken="number",
)
