"""Pieces that several declarations use."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from syncapp.core.holds import ACT, ALWAYS, Hold, HoldCode
from syncapp.core.matching import normalise
from syncapp.core.schema import ZERO, Field, Flow, Gate, Keys, Lookup, Raw, Terms, Type, Values
from syncapp.core.sides import Side

ONE = Decimal(1)
DELETED = " (deleted)"
# Reference: Intuit docs, DocNumber.
NUMBER_LENGTH = 21
TOLD_BY = ("date", "total")
"""Of two that share whose they are and the number: what tells them apart, if neither is the same."""

SETTLED_THERE = "a payment or a credit is linked to it in QuickBooks Online, which would be left without it"
SETTLED_THERE_FIX = (
    "Void or delete that payment in QuickBooks Online, or take the credit off; the next sync deletes this, too. "
    "Otherwise bring it back in BILL."
)

ACTIVE = Field(billcom="archived", qbo="Active", type=Type.BOOL, inverted=frozenset({Side.BILLCOM}), label="Active")


def cut(key: str) -> str:
    """Keys are stored in 300 characters; what differs only after that counts as the same and is never guessed on."""
    return key[:300]


def without_deleted(text: str) -> str:
    """QuickBooks appends " (deleted)" to the names of inactive list records; that is no rename.

    Reference: Intuit docs, list entities are deactivated, never deleted.
    """
    return text[: -len(DELETED)].rstrip() if text.lower().endswith(DELETED) else text


def read_list(values: Values, raw: Raw, side: Side) -> Values:
    """List records: QuickBooks leaves ``Active`` out where it is true in some replies, and marks inactive names."""
    if side is Side.QBO:
        values["active"] = raw.get("Active") is None or values["active"]
        values["name"] = without_deleted(values["name"])
    return values


def name_keys(values: Values, side: Side, lookup: Lookup) -> Keys:
    return Keys(first=cut(normalise(values["name"])))


def spelled_otherwise(name: str, billcom: Values, qbo: Values) -> bool:
    """Two that were linked may differ in case, spaces and punctuation of their names: each keeps its own way."""
    return name in ("name", "company_name") and normalise(billcom[name]) == normalise(qbo[name])


def numbered_keys(whose: str) -> Callable[[Values, Side, Lookup], Keys]:
    """Vendor or customer and number, as far as QuickBooks keeps it; then date and total instead, as a proposal only.

    What is deleted or archived keeps them: it is nobody's twin (``matching.Candidate.gone``), but a person is asked
    before what is like it, or has its number, is made again.
    """

    def keys(values: Values, side: Side, lookup: Lookup) -> Keys:
        party = lookup.find(whose, side, values[whose])
        if party is None:
            return Keys()
        alike = f"{party.key}/{values['date']}/{values['total']}"
        number = normalise(values["number"][:NUMBER_LENGTH])
        return Keys(first=cut(f"{party.key}/{number}") if number else "", proposal=alike)

    return keys


def payment_keys(whose: str, of: str, applied: Callable[[Values], Decimal]) -> Callable[[Values, Side, Lookup], Keys]:
    """Vendor or customer, date, total, and the bills or invoices it pays. What was voided is nobody's twin.

    As a proposal only: one that was voided in BILL, and one that has lost what it paid in QuickBooks. One that was
    voided in QuickBooks shows no amount any more, so whose it is and the date have to do. ``applied``: the money that
    pays something.
    """

    def keys(values: Values, side: Side, lookup: Lookup) -> Keys:
        party = lookup.find(whose, side, values[whose])
        if party is None:
            return Keys()
        alike = f"{party.key}/{values['date']}/{values['amount']}"
        paid = [lookup.find(of, side, line[of]) for line in values["paid"]]
        known = sorted(str(each.key) for each in paid if each is not None)
        exact = cut(f"{alike}/{','.join(known)}") if known and len(known) == len(paid) else ""
        voided = f"{party.key}/{values['date']}/void"
        if not values["active"]:
            return Keys(second=voided) if side is Side.QBO else Keys(proposal=exact)
        if side is Side.BILLCOM:
            return Keys(first=exact, second=voided, proposal=alike)
        return Keys(first=exact, proposal=exact if applied(values) == values["amount"] else alike)

    return keys


def by_amount(paid: list[Values], of: str) -> list[Values]:
    """The order of lines means nothing, so that a side which shuffles them shows no change."""
    return sorted(paid, key=lambda line: (-(line["amount"] or 0), line[of]))


def voided(amount: Decimal | None, raw: Raw) -> bool:
    """A void keeps the record at zero and says so in the note. Reference: Intuit docs, voiding."""
    return not amount and str(raw.get("PrivateNote") or "").strip().lower().startswith("void")


def adds_up(values: Values, towards: Side) -> Hold | None:
    """Discounts are not among the lines that go over, and nothing may arrive with another total."""
    lines, tax = sum((line["amount"] or ZERO for line in values["lines"]), ZERO), values.get("tax") or ZERO
    if values["total"] is None or lines + tax == values["total"]:
        return None
    taxed = f", its tax is {tax}," if tax else ""
    rule = f"Its lines add up to {lines}{taxed} and its total is {values['total']}: discounts don't sync."
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": rule, "to_make_it_in": towards.label, ACT: ALWAYS})


def at_no_rate(of: str) -> Gate:
    """QuickBooks names the currency; BILL shows a rate of exchange on what isn't in US dollars."""

    def gate(values: Values, towards: Side, terms: Terms) -> Hold | None:
        currency = values.get("currency") or ""  # What an earlier release read may lack it.
        if currency not in ("", terms.home_currency) or not at_par(values.get("exchange_rate")):
            return Hold(HoldCode.CURRENCY, {"currency": currency or f"of this {of}"})
        return None

    return gate


def at_par(rate: Decimal | None) -> bool:
    """Whether BILL's rate of exchange is that of US dollars; some records show none."""
    return rate in (None, ZERO, ONE)


def first_of(*rules: Callable[[str, Values, Values, Side], str]) -> Callable[[str, Values, Values, Side], str]:
    """The first of these reasons why a field isn't written there."""

    def untouchable(field: str, values: Values, shown: Values, towards: Side) -> str:
        return next(filter(None, (rule(field, values, shown, towards) for rule in rules)), "")

    return untouchable


def settled_stays(rule: str) -> Callable[[str, Values, Values, Side], str]:
    """It syncs while nothing of it is settled, by that ``rule``; whether it may be taken away is another question."""

    def untouchable(field: str, values: Values, shown: Values, towards: Side) -> str:
        return rule if field != "active" and (partly_settled(values) or partly_settled(shown)) else ""

    return untouchable


def settled_there(values: Values, shown: Values, towards: Side) -> Hold | None:
    """What was archived in BILL stays in QuickBooks as long as something settles it there: QuickBooks would delete it,
    and leave the payment without what it pays. BILL refuses by itself, and tells payments too late to go by.
    """
    if towards is Side.BILLCOM or values["active"] or not partly_settled(shown):
        return None
    return kept(Side.QBO, SETTLED_THERE, SETTLED_THERE_FIX, away="deleted")


def partly_settled(values: Values) -> bool:
    """Whether less of it is open than its total."""
    return values.get("open") is not None and values.get("total") is not None and values["open"] < values["total"]


STAYS_THERE = "kept"
"""The code of a hold by our own look at the other side, before anything was sent there."""


def owes_nothing(key: int, shown: Values, side: Side, terms: Terms) -> Hold | None:
    """What is open on a vendor or customer would be written off by QuickBooks, or be left to a record that is gone.

    Reference: spec, behaviour of BILL's sync, section 9: 30 and 31; QuickBooks API, deactivation.
    """
    if not shown.get("balance"):
        return None
    fix = f"Settle what is open in {side.label}, then retry. Or bring it back in {side.other.label}."
    return kept(side, f"{side.label} shows {shown['balance']:.2f} open on it", fix)


def kept(side: Side, why: str, fix: str, away: str = "") -> Hold:
    """It was taken away on the other side and stays on this one, until somebody decides. ``away``: how it would go."""
    gone, usual = ("archived", "made inactive") if side is Side.QBO else ("made inactive", "archived")
    meaning = f"It was {gone} in {side.other.label}, and {why}. So it isn't {away or usual} in {side.label}."
    return Hold(
        HoldCode.REJECTED, {"side": side.label, "code": STAYS_THERE, "words": why, "meaning": meaning, "fix": fix}
    )


def nested_keys(kind: str) -> Callable[[Values, Side, Lookup], Keys]:
    """Keys of a record inside its parent: the parent's pair and the name."""

    def keys(values: Values, side: Side, lookup: Lookup) -> Keys:
        parent = lookup.find(kind, side, values["parent"]) if values.get("parent") else None
        if values.get("parent") and parent is None:
            return Keys()
        return Keys(first=cut(f"{parent.key if parent else ''}/{normalise(values['name'])}"))

    return keys


def books_open(values: Values, towards: Side, terms: Terms) -> Hold | None:
    return terms.closed(values.get("date")) if towards is Side.QBO else None


GONE_WHILE_CLOSED = (
    "It was archived, deleted or voided in BILL, but still stands in QuickBooks Online, because its date is on or "
    "before the date the books are closed there."
)
GONE_WHILE_CLOSED_FIX = (
    "Open the books in QuickBooks Online and sync again. Where they are to stay closed, enter what takes it back there "
    "yourself, as of a day that is open."
)


def books_open_for_update(values: Values, shown: Values, towards: Side, terms: Terms) -> Hold | None:
    """Neither the date it has nor the date it gets may lie in the closed period."""
    hold = books_open(values, towards, terms) or books_open(shown, towards, terms)
    if hold and shown.get("active") and not values.get("active", True):
        return Hold(hold.code, {**hold.facts, "meaning": GONE_WHILE_CLOSED, "fix": GONE_WHILE_CLOSED_FIX})
    return hold


def account_chosen(role: str, label: str) -> Gate:
    """Where nobody has said which of several accounts it is to be, QuickBooks would silently take one of them."""

    def gate(values: Values, towards: Side, terms: Terms) -> Hold | None:
        asked = towards is Side.QBO and role in terms.to_be_chosen
        return Hold(HoldCode.NEEDS_MAPPING, {"role": label}) if asked else None

    return gate


payables_chosen = account_chosen("accounts-payable", "Accounts Payable Account")
receivables_chosen = account_chosen("accounts-receivable", "Accounts Receivable Account")


def home_currency(values: Values, towards: Side, terms: Terms) -> Hold | None:
    """Amounts go over as they are, so a record in another currency would arrive with the wrong value."""
    if values["currency"] in ("", terms.home_currency):
        return None
    return Hold(HoldCode.CURRENCY, {"currency": values["currency"]})


def one_way(towards: Side, terms: Terms) -> Hold | None:
    """Transactions: everything goes to QuickBooks; to BILL only without 1-Way Transactions Sync."""
    return Hold(HoldCode.ONE_WAY) if towards is Side.BILLCOM and terms.one_way else None


def needs_switch(switch: str, label: str) -> Flow:
    """A kind that syncs only where an accounting preference is on."""

    def flow(towards: Side, terms: Terms) -> Hold | None:
        if getattr(terms, switch):
            return None
        rule = f'The accounting preference "{label}" is off.'
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": rule, "to_make_it_in": "Accounting preferences"})

    return flow


def address(head_billcom: str, head_qbo: str) -> dict[str, Field]:
    """The six parts of a postal address; BILL wants the country as two letters, QuickBooks takes any text."""
    return {
        "address_line1": Field(billcom=f"{head_billcom}.line1", qbo=f"{head_qbo}.Line1", label="Address"),
        "address_line2": Field(billcom=f"{head_billcom}.line2", qbo=f"{head_qbo}.Line2", label="Address line 2"),
        "address_city": Field(billcom=f"{head_billcom}.city", qbo=f"{head_qbo}.City", label="City"),
        "address_state": Field(
            billcom=f"{head_billcom}.stateOrProvince", qbo=f"{head_qbo}.CountrySubDivisionCode", label="State"
        ),
        "address_zip": Field(billcom=f"{head_billcom}.zipOrPostalCode", qbo=f"{head_qbo}.PostalCode", label="ZIP"),
        "address_country": Field(billcom=f"{head_billcom}.country", qbo=f"{head_qbo}.Country", label="Country"),
    }


def one_email(text: str) -> str:
    """QuickBooks takes several addresses in its one field, BILL takes one: the first."""
    return next((part for part in re.split(r"[,;\s]+", text) if "@" in part), text.strip())


_COUNTRIES = {
    "usa": "US",
    "unitedstates": "US",
    "unitedstatesofamerica": "US",
    "canada": "CA",
    "unitedkingdom": "GB",
    "greatbritain": "GB",
    "uk": "GB",
    "england": "GB",
    "australia": "AU",
    "mexico": "MX",
    "germany": "DE",
    "france": "FR",
    "ireland": "IE",
    "india": "IN",
}


def country(text: str) -> str:
    """A country as ISO 3166 alpha-2 where we know it; anything else as it stands."""
    plain = text.strip()
    if len(plain) == 2:
        return plain.upper()
    return _COUNTRIES.get(normalise(plain), plain)
