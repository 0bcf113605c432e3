"""What is owed on an account, A/P or A/R, and what held payments have lowered of it on one side only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from syncapp.core.schema import ZERO, Values
from syncapp.core.sides import Side
from syncapp.kinds.bill_payment import credits_used
from syncapp.kinds.receivable_payment import credits_used as applied_memos
from syncapp.models import Company, ObjectState, SyncedObject

Parties = dict[tuple[str, str], tuple[str, str]]
"""(side, id there) -> (key, name)."""


@dataclass(frozen=True)
class Account:
    """What is compared: A/P or A/R. ``signs``: kind -> whether it counts up or down. ``settles``: what a payment takes
    off what is open, as (kind, id there, amount).
    """

    name: str
    party: str
    signs: Mapping[str, int]
    payment: str
    settles: Callable[[Values], list[tuple[str, str, Decimal]]]


def _of_payment(values: Values) -> list[tuple[str, str, Decimal]]:
    paid = [("bill", line["bill"], line["amount"] or ZERO) for line in values["paid"]]
    return paid + [("vendor_credit", use["credit"], -(use["amount"] or ZERO)) for use in credits_used(values)]


def _of_received(values: Values) -> list[tuple[str, str, Decimal]]:
    paid = [("invoice", line["invoice"], line["amount"] or ZERO) for line in values["paid"]]
    return paid + [("credit_memo", use["credit_memo"], -(use["amount"] or ZERO)) for use in applied_memos(values)]


PAYABLES = Account("payables", "vendor", {"bill": 1, "vendor_credit": -1}, "bill_payment", _of_payment)
RECEIVABLES = Account("receivables", "customer", {"invoice": 1, "credit_memo": -1}, "receivable_payment", _of_received)


@dataclass(frozen=True)
class Effect:
    """What a held payment makes of the difference, BILL less QuickBooks. ``party``: whose, by the id on that side.

    ``of``: bill, invoice or credit -> its part of that.
    """

    row: SyncedObject
    side: Side
    party: str
    amount: Decimal
    of: Mapping[int, Decimal]


def of_one_party(row: SyncedObject, account: Account, parties: Parties) -> bool:
    """Whether both sides have it, with the same vendor or customer, so that only amounts can differ."""
    both = [getattr(row, f"{side}_values") or {} for side in Side]
    if not row.linked or not all(values.get("active") for values in both):
        return False
    ours, theirs = (parties.get((side.value, each[account.party])) for side, each in zip(Side, both, strict=True))
    return ours is not None and ours == theirs


def in_step(company: Company, kind: str) -> set[str]:
    """BILL's ids of the linked ones that nothing holds."""
    linked = _linked(company, kind).filter(hold_code="")
    return {str(each) for each in linked.values_list("billcom_id", flat=True)}


def _linked(company: Company, kind: str) -> QuerySet[SyncedObject]:
    """What is gone on both sides is open on neither, whatever was paid on it."""
    linked = SyncedObject.objects.of(company, kind).filter(billcom_id__isnull=False, qbo_id__isnull=False)
    return linked.exclude(state=ObjectState.RETIRED).order_by()


def _pairs(company: Company, account: Account, parties: Parties) -> dict[tuple[Side, str, str], int]:
    """(side, kind, id there) -> the key of each pair that a payment can have lowered on one side only."""
    found = {}
    for kind in account.signs:
        linked = _linked(company, kind)
        pairs = list(linked.filter(hold_code="").values_list("pk", "billcom_id", "qbo_id"))
        held = linked.exclude(hold_code="").defer("billcom_raw", "qbo_raw", "base")
        pairs += [(row.pk, row.billcom_id, row.qbo_id) for row in held if of_one_party(row, account, parties)]
        for key, ours, theirs in pairs:
            found[Side.BILLCOM, kind, str(ours)] = found[Side.QBO, kind, str(theirs)] = key
    return found


def effects(company: Company, account: Account, parties: Parties) -> list[Effect]:
    """A payment that is on one side only, or void on one, has lowered what is open there, of all that it settles."""
    pairs, found = _pairs(company, account, parties), []
    held = SyncedObject.objects.of(company, account.payment).exclude(hold_code="")
    for row in held.defer("billcom_raw", "qbo_raw", "base"):
        of: dict[int, Decimal] = defaultdict(Decimal)
        for side, sign in ((Side.BILLCOM, -1), (Side.QBO, 1)):
            for key, amount in _settled(account, row, side, pairs):
                of[key] += sign * amount
        if any(of.values()):
            side = Side.BILLCOM if row.billcom_id is not None else Side.QBO
            party = getattr(row, f"{side}_values")[account.party]
            found.append(Effect(row, side, party, sum(of.values(), ZERO), dict(of)))
    return found


def _settled(
    account: Account, row: SyncedObject, side: Side, pairs: Mapping[tuple[Side, str, str], int]
) -> list[tuple[int, Decimal]]:
    """What the payment takes off what is open on that side; of a void there, nothing."""
    values = getattr(row, f"{side}_values")
    if row.remote_id(side) is None or not values or not values["active"]:
        return []
    settled = ((pairs.get((side, kind, remote_id)), amount) for kind, remote_id, amount in account.settles(values))
    return [(key, amount) for key, amount in settled if key is not None]


def by_record(found: Iterable[Effect]) -> dict[int, Decimal]:
    """Bill, invoice or credit -> what all held payments make of it together."""
    total: dict[int, Decimal] = defaultdict(Decimal)
    for each in found:
        for key, amount in each.of.items():
            total[key] += amount
    return dict(total)
