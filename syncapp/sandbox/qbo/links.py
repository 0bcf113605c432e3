"""What settles what: payments and credits against bills and invoices, deposits against payments.

A link is asked for on a line of the transaction that settles; the one that is settled shows it on its header, and
its balance and its version move. A link that QuickBooks will not make is left out without an error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from syncapp.sandbox.qbo import bodies
from syncapp.sandbox.qbo.fields import ZERO
from syncapp.sandbox.qbo.ledger import ancestors
from syncapp.sandbox.qbo.posting import OWED, Posting, amount_of
from syncapp.sandbox.qbo.store import Key, Realm, Record, value_of
from syncapp.sandbox.qbo.work import Work

CHARGES = {"BillPayment": ("Bill",), "Payment": ("Invoice",)}
CREDITS = {"BillPayment": ("VendorCredit",), "Payment": ("CreditMemo",)}
#: May be a charge or a credit, as the side of its line on the account of debts says.
EITHER = ("JournalEntry", "Deposit")
PARTY = {"BillPayment": ("Vendor", "VendorRef"), "Payment": ("Customer", "CustomerRef")}
#: Shown as the TxnType of a link on what was settled.
DEPOSITABLE = ("Payment", "SalesReceipt", "RefundReceipt", "JournalEntry")


@dataclass(frozen=True, slots=True)
class Wish:
    """A line that asks for a link."""

    line: Record
    target: Key
    amount: Decimal


def wishes(lines: Iterable[Record]) -> Iterator[Wish]:
    for line in lines:
        for link in line.get("LinkedTxn") or ():
            yield Wish(line, (str(link.get("TxnType")), str(link.get("TxnId"))), amount_of(line))


def shown_type(entity: str, record: Record) -> str:
    """A bill payment is shown on its bill as what it was paid with."""
    if entity != "BillPayment":
        return entity
    return "BillPaymentCreditCard" if record.get("PayType") == "CreditCard" else "BillPaymentCheck"


def open_amount(realm: Realm, target: Key, record: Record, *, besides: Key | None = None) -> Decimal:
    taken = realm.settled.get(target, {})
    settled = sum((amount for source, amount in taken.items() if source != besides), ZERO)
    return _worth(realm, target, record) - settled


def _worth(realm: Realm, target: Key, record: Record) -> Decimal:
    if target[0] not in EITHER:
        return amount_of(record, "TotalAmt")
    return abs(sum((amount for _, amount, name in realm.postings.get(target, ()) if name), ZERO))


def sign_of(realm: Realm, source: str, target: Key, party: Key) -> int:
    """+1 for what is paid, -1 for a credit used to pay, 0 for what the transaction cannot be linked to."""
    if target[0] in CHARGES[source]:
        return 1
    if target[0] in CREDITS[source]:
        return -1
    owed = _party_postings(realm, target, party) if target[0] in EITHER else ZERO
    return (owed < 0) - (owed > 0) if source == "BillPayment" else (owed > 0) - (owed < 0)


def _party_postings(realm: Realm, target: Key, party: Key) -> Decimal:
    postings: tuple[Posting, ...] = realm.postings.get(target, ())
    return sum((amount for _, amount, name in postings if name == party), ZERO)


def party_of(entity: str, record: Record) -> Key:
    kind, field = PARTY[entity]
    return kind, value_of(record.get(field))


def belongs(realm: Realm, entity: str, record: Record, target: Key, found: Record) -> bool:
    """A payment reaches what is owed by the same vendor, or by the same customer and the jobs under it."""
    kind, field = PARTY[entity]
    if target[0] in EITHER:
        return True
    if kind == "Vendor":
        return value_of(found.get(field)) == value_of(record.get(field))
    return _top(realm, value_of(found.get(field))) == _top(realm, value_of(record.get(field)))


def _top(realm: Realm, customer: str) -> str:
    record = realm.get("Customer", customer)
    above = list(ancestors(realm, "Customer", record)) if record else []
    return str(above[-1]["Id"]) if above else customer


@dataclass
class Settlement:
    """What becomes of the lines of a payment: those that hold, and what they settle."""

    lines: list[Record]
    amounts: dict[Key, Decimal]
    charges: Decimal = ZERO
    credits: Decimal = ZERO
    dropped: Decimal = ZERO
    #: A link was left out because the bill had been paid already.
    already_paid: bool = False

    def keep(self, wish: Wish, sign: int, amount: Decimal) -> None:
        self.lines.append({**wish.line, "Amount": amount})
        self.amounts[wish.target] = self.amounts.get(wish.target, ZERO) + amount
        if sign > 0:
            self.charges += amount
        else:
            self.credits += amount

    def drop(self, amount: Decimal, *, paid: bool = False) -> None:
        self.dropped += amount
        self.already_paid = self.already_paid or paid


def settle(work: Work, entity: str, record: Record, key: Key | None) -> Settlement:
    """Works out the links of a payment without making them. Reference: Intuit docs, BillPayment and Payment lines."""
    outcome = Settlement([], {})
    drop_all = work.realm.drop_links > 0
    for wish in wishes(record.get("Line") or ()):
        target = work.realm.get(*wish.target)
        if target is None:
            _refuse_unknown(wish.target)
            outcome.drop(wish.amount)
        elif drop_all or not belongs(work.realm, entity, record, wish.target, target):
            outcome.drop(wish.amount)
        else:
            _settle_one(work.realm, entity, record, key, wish, outcome)
    if drop_all and outcome.dropped:
        work.realm.drop_links -= 1
    return outcome


def _refuse_unknown(target: Key) -> None:
    if target[0] in ("Bill", "VendorCredit", "Invoice", "CreditMemo", *EITHER):
        raise bodies.unknown_reference("Txn", target[1], "Line.LinkedTxn.TxnId")


def _settle_one(realm: Realm, entity: str, record: Record, key: Key | None, wish: Wish, outcome: Settlement) -> None:
    target = realm.table(wish.target[0]).rows[wish.target[1]]
    sign = sign_of(realm, entity, wish.target, party_of(entity, record))
    left = open_amount(realm, wish.target, target, besides=key) - outcome.amounts.get(wish.target, ZERO)
    if not sign:
        outcome.drop(wish.amount)
    elif left <= 0:
        outcome.drop(wish.amount, paid=True)
    else:
        outcome.keep(wish, sign, min(wish.amount, left))


def record_links(work: Work, source: Key, record: Record, amounts: dict[Key, Decimal]) -> None:
    """Makes the links: both ways, and a new version of everything whose links are other than before."""
    realm = work.realm
    before = realm.settles.pop(source, {})
    if amounts:
        realm.settles[source] = dict(amounts)
    for target in [*before, *(target for target in amounts if target not in before)]:
        if target in amounts:
            realm.settled.setdefault(target, {})[source] = amounts[target]
        else:
            _forget(realm, target, source)
        if before.get(target) != amounts.get(target):
            refresh(work, target)


def _forget(realm: Realm, target: Key, source: Key) -> None:
    sources = realm.settled.get(target, {})
    sources.pop(source, None)
    if not sources:
        realm.settled.pop(target, None)


def refresh(work: Work, target: Key) -> None:
    """Shows a settled transaction its links and its balance anew."""
    record = work.realm.get(*target)
    if record is not None:
        work.bump(target[0], target[1], settled_fields(work.realm, target, record))


def settled_fields(realm: Realm, target: Key, record: Record) -> Record:
    """LinkedTxn and the balance of something that can be settled."""
    made = [
        {"TxnId": id, "TxnType": shown_type(kind, realm.table(kind).rows.get(id, {}))}
        for kind, id in realm.settled.get(target, ())
    ]
    shown: Record = {"LinkedTxn": [*_foreign(realm, record), *made]}
    if target[0] in ("Bill", "VendorCredit", "Invoice", "CreditMemo"):
        shown["Balance"] = open_amount(realm, target, record)
    if target[0] == "CreditMemo":
        shown["RemainingCredit"] = shown["Balance"]
    return shown


_SHOWN = ("BillPaymentCheck", "BillPaymentCreditCard", "Payment", "Deposit", "BillPayment")


def _foreign(realm: Realm, record: Record) -> list[Record]:
    """Links to what the sandbox has no books of: estimates, purchase orders, billed expenses."""
    return [link for link in record.get("LinkedTxn") or () if link.get("TxnType") not in _SHOWN]


def deposited(realm: Realm, key: Key) -> bool:
    return any(source == "Deposit" for source, _ in realm.settled.get(key, ())) and key[0] in DEPOSITABLE


def on_owed_account(realm: Realm, account: str) -> bool:
    record = realm.get("Account", account)
    return record is not None and record.get("AccountType") in OWED
