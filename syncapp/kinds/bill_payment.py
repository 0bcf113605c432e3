"""AP payments: BILL to QuickBooks; the other way in cohort B, or with 2-Way AP Payment Sync.

What is ``paid`` on a bill is what settles it: money and vendor credits together. ``amount`` is the money alone, so it
is what is paid less the credits used.

Reference: Intuit docs, BillPayment; BILL API, payments and bills/record-payment; spec, sync matrix, section 3.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from syncapp.core.codec import dig, money, text
from syncapp.core.holds import ACT, ALWAYS, IF_IN_BOTH, Hold, HoldCode
from syncapp.core.merging import waiting
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
from syncapp.core.sides import Cohort, Side
from syncapp.kinds._shared import (
    NUMBER_LENGTH,
    at_no_rate,
    books_open,
    books_open_for_update,
    by_amount,
    cut,
    payment_keys,
    voided,
)

TWO_WAY = "AP payments made in QuickBooks come to BILL only with 2-Way AP Payment Sync."
TWO_WAY_FIX = (
    "If BILL shows its bills open, mark them as paid there so that nobody pays twice; "
    "or turn on 2-Way AP Payment Sync in Sync preferences, which does it."
)
NOT_APPLIED = "A part of it pays no bill, and in BILL every payment is applied to bills in full."
NOT_APPLIED_FIX = "Apply the rest to a bill in QuickBooks Online, or correct the amount there; then sync again."
OTHERS = "It settles journal entries, deposits or the like, which don't sync."
CREDITS_THERE = "It applies vendor credits, and how they are applied goes from BILL to QuickBooks Online only."
CREDITS_THERE_FIX = (
    "Apply the credit to the bill in BILL, and record there what was paid besides it, if anything. "
    "Don't exclude this one: the next sync finds what belongs together."
)
CARDS = {"CARD_ACCOUNT", "AP_CARD"}
# Reference: spec, BILL API, section 8: wallets, cards and BILL's own are no bank transfers.
NO_ACCOUNT_FOR = "It was paid from {source} in BILL, and which account in QuickBooks Online that is isn't known."
NO_ACCOUNT_FIX = "Enter the payment in QuickBooks Online by hand, from the account it was paid from, and link the two."
APPLIED_THERE = "A vendor credit that was applied to a bill in BILL is taken off it in BILL only."
JOINED = "In QuickBooks Online a payment joins the bill with these credits already, so nothing is made."
JOINED_FIX = "Nothing is to be done, unless that payment there is wrong."
WHOLE, PART = "whole", "part"
JOINED_IN_PART = (
    "A payment in QuickBooks Online joins the bill with one of these credits already, by another amount than in BILL."
)
JOINED_IN_PART_FIX = "Make the amounts the same in both, or take the credit off the bill in one of them."
ELSEWHERE = (
    "In QuickBooks Online the credit is still applied to another bill, as it was in BILL before. There it is taken off "
    "first."
)
ELSEWHERE_FIX = "Solve what holds the record that it waits for; this one follows by itself."
APPLICATION = "credits:"
"""What the id of a payment begins with that was worked out from credits applied to a bill; the bill's id follows."""
DEFERRED = (
    "A vendor credit was applied to a bill in BILL, and the bill isn't paid in full there. "
    "Until it is, both stay open in QuickBooks Online."
)
DEFERRED_FIX = (
    "Nothing is to be done: it goes over when the bill is paid. To apply such credits sooner, turn on Apply Vendor "
    "Credits At Once. If the bill was archived, take the credit off it in BILL."
)
UNTICKED = "It was recorded in BILL without the tick that lets it sync."
UNTICKED_FIX = (
    "Nothing to do if it isn't to be in QuickBooks Online, or is there already. If it is to go over, include it."
)
CHECK = ", check "
"""What comes before a BILL check's number in QuickBooks' memo."""
NOT_DRAWN = {
    "",
    "UNDEFINED",
    "SCHEDULED",
    "READY_TO_FUND",
    "CANCELLATION_IN_PROGRESS",
    "CANCELED",
    "CANCELLED",
    "FUNDING_FAILED_ACTION_NEEDED",
    "FUNDING_FAILED_VOIDED",
}
GONE = {"VOID", "VOIDED", "CANCELED", "CANCELLED", "FUNDING_FAILED_VOIDED"}


def read(values: Values, raw: Raw, side: Side) -> Values:
    return _read_qbo(values, raw) if side is Side.QBO else _read_billcom(values, raw)


def _read_billcom(values: Values, raw: Raw) -> Values:
    shares = [(each, _uses(each)) for each in raw.get("billPayments") or []]
    apart = not _in_shares([share for share, _ in shares], values["amount"])
    values["paid"] = by_amount(
        [
            {"bill": text(share.get("billId")), "amount": _settled(money(share.get("amount")), uses if apart else [])}
            for share, uses in shares
        ],
        "bill",
    )
    values["credits_used"] = _by_credit([use for _, uses in shares for use in uses])
    values["active"] = not {text(raw.get("status")), text(raw.get("singleStatus"))} & GONE
    values["funding_bank"] = text(dig(raw, ("fundingAccount", "id"))) if _drawn(raw) else ""
    values["credits_only"], values["bill_paid"] = raw.get("creditsOnly") is True, raw.get("billPaid") is True
    values["joined"], values["elsewhere"] = text(raw.get("joined")), text(raw.get("elsewhere"))
    values["funding"] = text(dig(raw, ("fundingAccount", "type")))
    check = text(dig(raw, ("disbursementInfo", "checkDisbursement", "checkNumber")))
    values["check_number"] = check if values["online"] else ""
    # Reference: spec, BILL API 3.5: reading payments isn't documented to show it; what isn't shown counts as ticked.
    values["ticked"] = raw.get("allowExport") is not False
    return values


def _drawn(raw: Raw) -> bool:
    """Whether BILL has begun to draw it from a bank account. Reference: spec, BILL API, sections 3.4 and 8."""
    from_bank = raw.get("onlinePayment") is True and dig(raw, ("fundingAccount", "type")) == "BANK_ACCOUNT"
    return from_bank and text(raw.get("singleStatus")) not in NOT_DRAWN


def _uses(share: Raw) -> list[Values]:
    return [
        {"credit": text(use.get("id")), "amount": money(use.get("amount"))} for use in share.get("vendorCredits") or []
    ]


def _in_shares(shares: list[Raw], amount: Decimal | None) -> bool:
    """Whether the shares of the bills say what is settled, and not the money alone: then they come to more than it.

    Reference: spec, BILL API 3.4; which of the two it is isn't documented.
    """
    return sum((money(each.get("amount")) or Decimal() for each in shares), Decimal()) > (amount or Decimal())


def _settled(amount: Decimal | None, uses: list[Values]) -> Decimal | None:
    return amount if amount is None else amount + sum((use["amount"] or Decimal() for use in uses), Decimal())


def _by_credit(uses: list[Values]) -> list[Values]:
    """What is used of each credit, on whichever bills: QuickBooks doesn't tell those apart."""
    total: dict[str, Decimal] = {}
    for use in uses:
        total[use["credit"]] = total.get(use["credit"], Decimal()) + (use["amount"] or Decimal())
    found = [{"credit": credit, "amount": amount} for credit, amount in total.items()]
    return sorted(found, key=lambda use: (-use["amount"], use["credit"]))


def _read_qbo(values: Values, raw: Raw) -> Values:
    links = [(line.get("Amount"), linked) for line in raw.get("Line") or [] for linked in line.get("LinkedTxn") or []]
    values["paid"] = by_amount(
        [
            {"bill": text(linked.get("TxnId")), "amount": money(amount)}
            for amount, linked in links
            if linked.get("TxnType") == "Bill"
        ],
        "bill",
    )
    values["credits_used"] = _by_credit(
        [
            {"credit": text(linked.get("TxnId")), "amount": money(amount)}
            for amount, linked in links
            if linked.get("TxnType") == "VendorCredit"
        ]
    )
    values["others"] = any(linked.get("TxnType") not in ("Bill", "VendorCredit") for _, linked in links)
    values["active"] = raw.get("status") != "Deleted" and not voided(values["amount"], raw)
    values["account"] = text(
        dig(raw, ("CheckPayment", "BankAccountRef", "value"))
        or dig(raw, ("CreditCardPayment", "CCAccountRef", "value"))
    )
    _, values["check_number"] = _noted(raw)
    return values


def _noted(raw: Raw) -> tuple[str, str]:
    """(QuickBooks' memo, the number of BILL's check that it ends with)"""
    note, mark, check = text(raw.get("PrivateNote")).rpartition(CHECK)
    return (note, check) if mark else (check, "")


def credits_used(values: Values) -> list[Values]:
    """[{credit, amount}]; none where the payment was read by a release that didn't know them."""
    return values.get("credits_used") or []


def booked_otherwise(name: str, billcom: Values, qbo: Values) -> bool:
    """QuickBooks joins a credit with the payment that settles the bill, where BILL has applied it to the bill itself:
    the same money leaves the bank, and the credit is used once.

    Reference: spec, behaviour of BILL's sync, section 6.
    """
    if name == "date" and billcom.get("credits_only"):
        return True  # BILL tells no day of it.
    if name not in ("paid", "credits_used") or credits_used(billcom) or not credits_used(qbo):
        return False
    return bool(billcom["amount"] == qbo["amount"] == _applied(qbo))


def flow(towards: Side, terms: Terms) -> Hold | None:
    if towards is Side.QBO or terms.payments_both_ways:
        return None
    if terms.one_way:
        return Hold(HoldCode.ONE_WAY, {ACT: IF_IN_BOTH})
    facts = {"rule": TWO_WAY, "fix": TWO_WAY_FIX, "to_make_it_in": "BILL", ACT: IF_IN_BOTH}
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, facts)


def may_sync(values: Values, towards: Side, terms: Terms) -> Hold | None:
    if values.get("others"):
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": OTHERS, "to_make_it_in": towards.label, ACT: IF_IN_BOTH})
    if credits_used(values) and towards is Side.BILLCOM:
        facts = {"rule": CREDITS_THERE, "fix": CREDITS_THERE_FIX, "to_make_it_in": towards.label, ACT: ALWAYS}
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, facts)
    if not values["paid"]:
        rule = "It pays no bill, so there is nothing it could pay on the other side."
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": rule, "to_make_it_in": towards.label})
    if towards is Side.BILLCOM and values["active"] and _applied(values) != values["amount"]:
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": NOT_APPLIED, "fix": NOT_APPLIED_FIX, ACT: ALWAYS})
    if values.get("joined") == WHOLE:
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": JOINED, "fix": JOINED_FIX})
    if values.get("joined"):
        return Hold(HoldCode.AMBIGUOUS_MATCH, {"meaning": JOINED_IN_PART, "fix": JOINED_IN_PART_FIX})
    if hold := _blocked(values):
        return hold
    if values.get("credits_only") and not values["bill_paid"] and not terms.credits_at_once:
        return Hold(HoldCode.WAITS_FOR, {"target": "the bill's payment", "meaning": DEFERRED, "fix": DEFERRED_FIX})
    if towards is Side.QBO and not values["online"] and not values.get("ticked", True):
        return Hold(HoldCode.EXCLUDED, {"meaning": UNTICKED, "fix": UNTICKED_FIX})
    if towards is Side.QBO and values["status"] == "APPROVING":
        return Hold(HoldCode.NOT_APPROVED, {"approval": "waiting for approval"})
    return None


def _blocked(values: Values) -> Hold | None:
    if not (blocked := values.get("elsewhere")):
        return None
    facts = {"target": "its credit", "meaning": ELSEWHERE, "fix": ELSEWHERE_FIX}
    return Hold(HoldCode.WAITS_FOR, facts, waits_for=int(blocked))


def _applied(values: Values) -> Decimal:
    """The money that pays bills."""
    settled = sum((line["amount"] or Decimal() for line in values["paid"]), Decimal())
    return settled - sum((use["amount"] or Decimal() for use in credits_used(values)), Decimal())


VOIDED_THERE = (
    "It was voided or deleted in QuickBooks Online, and BILL has paid it: a payment made through BILL is voided in "
    "BILL only. In QuickBooks Online the bill looks unpaid now, and might be paid twice."
)
VOIDED_THERE_FIX = (
    "Void it in BILL as well, if the money came back. If it was voided by mistake, enter it in QuickBooks Online "
    "again, from the same account as before, and exclude this one."
)
# Reference: spec, sync matrix, row void.
VOIDED_THERE_IN_A = (
    "For companies under an accountant console, or signed up before 9/15/17, what is voided in QuickBooks Online isn't "
    "voided in BILL."
)


def may_change(values: Values, shown: Values, towards: Side, terms: Terms) -> Hold | None:
    """A payment that BILL has sent is never taken back from QuickBooks; only recorded ones are, in cohort B."""
    if towards is Side.QBO:
        return _blocked(values) if values["active"] else None
    if shown.get("credits_only"):
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": APPLIED_THERE, "to_make_it_in": "BILL"})
    if shown.get("online"):
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": VOIDED_THERE, "fix": VOIDED_THERE_FIX, ACT: ALWAYS})
    return voids(towards, terms)


def voids(towards: Side, terms: Terms) -> Hold | None:
    """Whether a void of a recorded payment follows there."""
    if towards is Side.BILLCOM and terms.cohort is not Cohort.B and not terms.one_way:
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": VOIDED_THERE_IN_A, "to_make_it_in": "BILL"})
    return flow(towards, terms)


def adapt(values: Values, towards: Side, terms: Terms, lookup: Lookup) -> Values | Hold:
    named = lookup.find("account", towards.other, values["account"]) if values["account"] else None
    if towards is Side.BILLCOM:
        return {**values, "account": (named.billcom_id if named else None) or ""}
    if not values["amount"] or not values["active"]:
        return _day_open({**values, "account": ""}, terms)  # Nothing leaves any account.
    if values["online"] and (source := values.get("funding")) in CARDS:
        role, account = "Card Account", terms.accounts.get("card")
    elif values["online"] and source not in (None, "", "BANK_ACCOUNT"):
        return _paid_from_elsewhere(source)
    elif values["online"]:
        role, account = "Money Out Clearing Account", terms.accounts.get("money-out-clearing")
    elif values["account"]:
        # From another account it would be wrong there for good: the account of a payment is never changed.
        posted = named and named.qbo_id
        return {**values, "account": posted} if posted else waiting("account", values["account"], named)
    else:
        role, account = "Default Bank Account in Accounting Software", terms.accounts.get("default-bank")
    if account is None:
        return Hold(HoldCode.NEEDS_MAPPING, {"role": role})
    return {**values, "account": account.qbo_id}


def _day_open(values: Values, terms: Terms) -> Values:
    """Where the books are closed on the day of a credit, it is applied on the first day that is open."""
    if terms.books_closed_on is None or not values.get("credits_only") or not terms.closed(values["date"]):
        return values
    return {**values, "date": (terms.books_closed_on + timedelta(days=1)).isoformat()}


def _open_on_its_day(values: Values, towards: Side, terms: Terms) -> Hold | None:
    return None if values.get("credits_only") else books_open(values, towards, terms)


def _paid_from_elsewhere(source: str) -> Hold:
    words = source.lower().replace("_", " ")
    facts = {"meaning": NO_ACCOUNT_FOR.format(source=f"a {words}"), "fix": NO_ACCOUNT_FIX}
    return Hold(HoldCode.NEEDS_MAPPING, facts)


def write(payload: Raw, draft: Draft) -> Raw:
    if draft.side is Side.BILLCOM:
        return _record(payload, draft)
    if {"paid", "credits_used"} & draft.changed:
        payload["Line"] = [_link(line["amount"], line["bill"], "Bill") for line in draft.values["paid"]]
        payload["Line"] += [_link(use["amount"], use["credit"], "VendorCredit") for use in credits_used(draft.values)]
    if not draft.remote_id:
        payload |= _paid_from(draft.values["account"], draft.terms)
        payload |= _references(draft.values)
    elif "check_number" in draft.changed and draft.values["check_number"]:
        # BILL gives it a number when it prints the check, days after the payment was posted.
        note, _ = _noted(draft.current or {})
        payload["PrivateNote"] = f"{note}{CHECK}{draft.values['check_number']}"
    return payload


def _link(amount: Decimal, remote_id: str, of: str) -> Raw:
    """Reference: Intuit docs, BillPayment: every line's amount is positive, a credit's too."""
    return {"Amount": amount, "LinkedTxn": [{"TxnId": remote_id, "TxnType": of}]}


def _paid_from(account: str, terms: Terms) -> Raw:
    """Reference: Intuit docs, BillPayment: PayType, CheckPayment, CreditCardPayment; spec, QBO API 4."""
    if not account:
        return {"PayType": "Check", "CheckPayment": {"PrintStatus": "NotSet"}}
    if account in terms.cards:
        return {"PayType": "CreditCard", "CreditCardPayment": {"CCAccountRef": {"value": account}}}
    return {"PayType": "Check", "CheckPayment": {"BankAccountRef": {"value": account}}}


def _references(values: Values) -> Raw:
    """An outside payment's reference is QuickBooks' check number; a BILL check's number goes into the memo."""
    if values.get("credits_only"):
        return {"PrivateNote": "Vendor credit applied in BILL"}
    if not values["online"]:
        return {"DocNumber": values["number"][:NUMBER_LENGTH]} if values["number"] else {}
    note = " ".join(part for part in ("BILL payment", values["confirmation"]) if part)
    return {"PrivateNote": f"{note}{CHECK}{values['check_number']}" if values["check_number"] else note}


def _record(payload: Raw, draft: Draft) -> Raw:
    """The request of BILL's record-payment; BILL's own sync must not export it again, hence ``allowExport``."""
    values = draft.values
    recorded: Raw = {
        "vendorId": values["vendor"],
        "processDate": values["date"],
        "toPrintCheck": False,
        "payments": [{"billId": line["bill"], "amount": line["amount"]} for line in values["paid"]],
        "allowExport": False,
    }
    if values["account"]:
        recorded["classifications"] = {"chartOfAccountId": values["account"]}
    if values["number"]:
        recorded["syncReference"] = values["number"]
    return recorded


_by_bills = payment_keys("vendor", "bill", _applied)


def keys(values: Values, side: Side, lookup: Lookup) -> Keys:
    """As other payments; a credit that was applied without one has no day in BILL, so vendor, bills and amount do."""
    if values.get("credits_only"):
        return Keys(second=_joined(values, side, lookup)) if values["active"] else Keys()
    found = _by_bills(values, side, lookup)
    if side is Side.BILLCOM or values["amount"] or not values["active"] or not credits_used(values):
        return found
    return replace(found, second=_joined(values, side, lookup))


def _joined(values: Values, side: Side, lookup: Lookup) -> str:
    party = lookup.find("vendor", side, values["vendor"])
    bills = [lookup.find("bill", side, line["bill"]) for line in values["paid"]]
    if party is None or not bills or None in bills:
        return ""
    known = ",".join(sorted(str(each.key) for each in bills if each is not None))
    used = sum((use["amount"] or Decimal() for use in credits_used(values)), Decimal())
    return cut(f"{party.key}/credits/{used}/{known}")


KIND = Kind(
    name="bill_payment",
    label="Bill payment",
    plural="Bill payments",
    billcom=BillcomShape(path="payments", recorded=True),
    qbo=QboShape(entity="BillPayment", always=("vendor",), retire=Retirement.VOID),
    fields={
        "vendor": Field(billcom="vendorId", qbo="VendorRef.value", type=Type.REF, ref="vendor", label="Vendor"),
        "date": Field(billcom="processDate", qbo="TxnDate", type=Type.DATE, label="Date"),
        "amount": Field(billcom="amount", qbo="TotalAmt", type=Type.MONEY, label="Amount"),
        "paid": Field(
            type=Type.LINES,
            label="Bills paid",
            unordered=True,
            lines={
                "bill": Field(type=Type.REF, ref="bill", label="Bill"),
                "amount": Field(type=Type.MONEY, label="Settled"),
            },
        ),
        "credits_used": Field(
            type=Type.LINES,
            label="Credits used",
            unordered=True,
            to=frozenset({Side.QBO}),
            lines={
                "credit": Field(type=Type.REF, ref="vendor_credit", label="Vendor credit"),
                "amount": Field(type=Type.MONEY, label="Used"),
            },
        ),
        "active": Field(type=Type.BOOL, label="Active"),
        "account": Field(
            billcom="classifications.chartOfAccountId", type=Type.REF, ref="account", fact=True, label="Paid from"
        ),
        "number": Field(
            billcom="syncReference", qbo="DocNumber", fact=True, label="Reference", limits={Side.QBO: NUMBER_LENGTH}
        ),
        "confirmation": Field(billcom="confirmationNumber", fact=True, label="Confirmation"),
        "check_number": Field(to=frozenset({Side.QBO}), fill_only=True, label="Check no."),
        "online": Field(billcom="onlinePayment", type=Type.BOOL, fact=True, label="Paid through BILL"),
        "ticked": Field(type=Type.BOOL, fact=True, label="May sync, by the tick on it"),
        "credits_only": Field(type=Type.BOOL, fact=True, label="Credits applied, no payment"),
        "joined": Field(fact=True, label="Joined by another payment in QuickBooks"),
        "elsewhere": Field(fact=True, label="Waits for this record to let a credit go"),
        "bill_paid": Field(type=Type.BOOL, fact=True, label="Its bill is paid in full"),
        "status": Field(billcom="status", fact=True, label="Status in BILL"),
        "funding": Field(fact=True, label="Funded by"),
        "funding_bank": Field(fact=True, label="Drawn from BILL bank account"),
        "currency": Field(qbo="CurrencyRef.value", fact=True, label="Currency"),
        "exchange_rate": Field(billcom="exchangeRate", type=Type.NUMBER, fact=True, label="Exchange rate"),
        "others": Field(type=Type.BOOL, fact=True, label="Settles something else"),
    },
    transaction=True,
    title="number",
    number="number",
    amount="amount",
    date="date",
    party="vendor",
    settles="paid",
    funded_from="funding_bank",
    flow=flow,
    gates=(at_no_rate("payment"), may_sync, _open_on_its_day),
    update_gates=(may_change, books_open_for_update),
    keys=keys,
    key_refs=("vendor", "paid"),
    matched_by="vendor, date, amount and bills paid",
    read=read,
    booked_otherwise=booked_otherwise,
    adapt=adapt,
    write=write,
    taken="number",
    worked_out_if="credits_only",
)
