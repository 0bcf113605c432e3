"""Funds transfers: what BILL drew from one bank account on one day, from that bank to Money Out Clearing in QuickBooks;
and what reached one from customers, from Money In Clearing to that bank.

BILL's API has no such record, so it is worked out from the payments made through BILL (``services/deriving.py``). What
is voided after that is given back by another, dated as the original, from clearing to the bank's account that the
original was posted to: so both stand in the bank's register as on its statement.

Reference: spec, sync matrix, section 3; spec, BILL API, section 8; Intuit docs, JournalEntry.
"""

from __future__ import annotations

from typing import Any

from syncapp.core.codec import dig, money, text
from syncapp.core.holds import Hold, HoldCode
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
from syncapp.kinds._shared import books_open, books_open_for_update, cut

MONEY_OUT, MONEY_IN = "money-out-clearing", "money-in-clearing"
LABEL = "BILL funds transfer"
"""What its note in QuickBooks begins with, and what it is known by among the journal entries of others."""
INCOMING = f"{LABEL} in "
VOID = "void "
PAYMENTS = {"payment": "bill_payment", "received": "receivable_payment"}
"""What a line of its payments names one of, and which kind that is."""
ONE_DIRECTION = "Funds transfers follow from the payments through BILL, and go to QuickBooks Online only."
CHANGED_THERE = "Undo the change in QuickBooks Online, or exclude it if it is meant to differ."
NOT_OURS = (
    "Its payments were in QuickBooks Online before they were synced here, "
    "so whoever entered them may have entered the transfer as well."
)
NOT_OURS_FIX = (
    "Look into the register of the clearing account: where this amount is missing on that day, include it; "
    "where it is there, exclude it."
)
DETAIL = "JournalEntryLineDetail"


def read(values: Values, raw: Raw, side: Side) -> Values:
    if side is Side.BILLCOM:
        values["payments"] = [_payment(each) for each in raw.get("payments") or []]
        return values
    values["name"] = values["note"]
    values["payments"], postings = [], _postings(raw)
    values["debit"], values["amount"] = postings.get("Debit", ("", None))
    values["credit"], _ = postings.get("Credit", ("", None))
    values["active"] = raw.get("status") != "Deleted"
    values["incoming"] = values["note"].startswith(INCOMING)
    values["void"] = values["note"].startswith((LABEL + " " + VOID, INCOMING + VOID))
    return values


def _payment(each: Raw) -> Values:
    named = {name: text(each.get("id")) if each.get("kind") == kind else "" for name, kind in PAYMENTS.items()}
    return {**named, "amount": money(each.get("amount"))}


def _postings(raw: Raw) -> dict[str, tuple[str, Any]]:
    found = {}
    for line in raw.get("Line") or []:
        detail = line.get(DETAIL) or {}
        if detail.get("PostingType"):
            account = text(dig(detail, ("AccountRef", "value")))
            found[text(detail["PostingType"])] = (account, money(line.get("Amount")))
    return found


def is_another(raw: Raw, side: Side) -> bool:
    """Journal entries of other people, which are none of ours. What was deleted shows nothing but its id."""
    if side is Side.BILLCOM or raw.get("status") == "Deleted":
        return False
    return not text(raw.get("PrivateNote")).startswith(LABEL)


def keys(values: Values, side: Side, lookup: Lookup) -> Keys:
    """The day, BILL's bank account (in the note) and the clearing account. What is gone has no twin."""
    there = values["credit" if _to_bank(values) else "debit"]
    clearing = there if side is Side.QBO else values["clearing"]
    return Keys(first=cut(f"{values['date']}/{values['note']}/{clearing}")) if values["active"] else Keys()


def _to_bank(values: Values) -> bool:
    """Whether the bank's account is debited: what comes in, or comes back because it was voided."""
    return bool(values["incoming"]) != bool(values.get("void"))


def bank_account(there: Values, clearing: str) -> str:
    """The bank's account in what QuickBooks shows; empty where it shows none."""
    return next((text(each) for each in (there.get("debit"), there.get("credit")) if each and each != clearing), "")


def note_of(bank: str, *, incoming: bool = False, payment: str = "", part: int = 0, void: bool = False) -> str:
    """``bank``, ``payment``: ids in BILL; the payment's where each has a transfer of its own. ``part``: as in
    ``deriving.Key``.
    """
    number = f"({part + 1})" if part else ""
    head = (INCOMING if incoming else LABEL + " ") + (VOID if void else "")
    return head + " ".join(filter(None, (bank, payment, number)))


def flow(towards: Side, terms: Terms) -> Hold | None:
    if towards is Side.QBO:
        return None
    facts = {"rule": ONE_DIRECTION, "fix": CHANGED_THERE, "to_make_it_in": Side.BILLCOM.label}
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, facts)


def may_sync(values: Values, towards: Side, terms: Terms) -> Hold | None:
    if values["ours"]:
        return None
    return Hold(HoldCode.PAID_BEFORE_FIRST_SEEN, {"meaning": NOT_OURS, "fix": NOT_OURS_FIX})


def may_change(values: Values, shown: Values, towards: Side, terms: Terms) -> Hold | None:
    """With payments of others in it nobody knows what they have entered already, so the amount is a person's to say."""
    return may_sync(values, towards, terms) if towards is Side.QBO and values["active"] else None


def adapt(values: Values, towards: Side, terms: Terms, lookup: Lookup) -> Values | Hold:
    """Between where its payments were posted and the account that is chosen now; of one that is posted both stay."""
    if towards is Side.BILLCOM:
        return {**values, "debit": "", "credit": ""}
    mapped = terms.banks.get(values["bank"])
    bank = values.get("account") or (mapped and mapped.qbo_id)
    if not bank:
        name = terms.bank_names.get(values["bank"]) or values["bank"]
        return Hold(HoldCode.NEEDS_MAPPING, {"role": f"GL Account For Bank Account {name}"})
    debit, credit = (bank, values["clearing"]) if _to_bank(values) else (values["clearing"], bank)
    return {**values, "debit": debit, "credit": credit}


def write(payload: Raw, draft: Draft) -> Raw:
    """Both lines: an update replaces them, and they must balance."""
    values = draft.values
    if draft.side is Side.QBO and "amount" in draft.changed:
        payload["Line"] = [_line(posting, values[posting.lower()], values) for posting in ("Debit", "Credit")]
    return payload


def _line(posting: str, account: str, values: Values) -> Raw:
    detail = {"PostingType": posting, "AccountRef": {"value": account}}
    words = f"{'Received through' if values['incoming'] else 'Drawn by'} BILL on {values['date']}"
    words += ", and voided" if values.get("void") else ""
    return {"DetailType": DETAIL, "Amount": values["amount"], "Description": words, DETAIL: detail}


KIND = Kind(
    name="funds_transfer",
    label="Funds transfer",
    plural="Funds transfers",
    billcom=BillcomShape(path="funds-transfers", derived=True),
    qbo=QboShape(entity="JournalEntry", retire=Retirement.DELETE),
    fields={
        "date": Field(billcom="processDate", qbo="TxnDate", type=Type.DATE, label="Date"),
        "amount": Field(billcom="amount", type=Type.MONEY, label="Amount"),
        "debit": Field(type=Type.REF, ref="account", fixed=True, label="Account debited"),
        "credit": Field(type=Type.REF, ref="account", fixed=True, label="Account credited"),
        "active": Field(billcom="archived", type=Type.BOOL, inverted=frozenset({Side.BILLCOM}), label="Active"),
        "bank": Field(billcom="bankAccountId", fact=True, label="BILL bank account"),
        "incoming": Field(billcom="incoming", type=Type.BOOL, fact=True, label="Received from customers"),
        "void": Field(billcom="void", type=Type.BOOL, fact=True, label="Gives back what was voided"),
        "account": Field(billcom="glAccountId", fact=True, label="Account of what it gives back"),
        "clearing": Field(billcom="clearingAccountId", fact=True, label="Clearing account's id"),
        "name": Field(billcom="name", fact=True, label="Name"),
        "note": Field(billcom="note", qbo="PrivateNote", fixed=True, label="Note"),
        "ours": Field(billcom="ours", type=Type.BOOL, fact=True, label="Payments made by this sync"),
        "payments": Field(
            type=Type.LINES,
            label="Payments",
            fact=True,
            unordered=True,
            lines={
                "payment": Field(type=Type.REF, ref="bill_payment", label="Payment"),
                "received": Field(type=Type.REF, ref="receivable_payment", label="Payment received"),
                "amount": Field(type=Type.MONEY, label="Amount"),
            },
        ),
    },
    transaction=True,
    title="name",
    amount="amount",
    date="date",
    flow=flow,
    gates=(may_sync, books_open),
    update_gates=(may_change, books_open_for_update),
    keys=keys,
    matched_by="bank account and day",
    read=read,
    skips=is_another,
    adapt=adapt,
    write=write,
)
