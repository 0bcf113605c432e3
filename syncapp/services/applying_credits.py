"""Vendor credits that were applied to a bill in BILL without a payment: in QuickBooks a payment of zero joins the two.

BILL has no record of it: a vendor credit's ``usage`` names the bill. So BILL's half is worked out here, one for each
bill, as a bill payment of zero. It is held until the bill is paid in full, as BILL's own sync does it, unless credits
are to be applied at once; what has gone over stays until the credit is taken off the bill.

Reference: spec, sync matrix, sections 1 and 3; spec, behaviour of BILL's sync, section 6; spec, BILL API 3.3.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from syncapp.core.codec import money
from syncapp.core.holds import HoldCode
from syncapp.core.schema import ZERO, Kind, Raw, Values
from syncapp.core.sides import Side
from syncapp.kinds.bill_payment import APPLICATION, PART, WHOLE, credits_used
from syncapp.models import Company, ObjectState, SyncedObject
from syncapp.services import linking, rows, storing
from syncapp.services.context import Context

CREDIT, BILL, PAYMENT = "vendor_credit", "bill", "bill_payment"
USED = '"credits_used":[{'
APPLIED = '"applied":[{'
"""In the values of a credit that is applied to a bill without a payment, as they are stored: without blanks."""


@dataclass
class _Applied:
    """What is applied to one bill."""

    vendor: str
    days: set[str] = field(default_factory=set)
    uses: list[tuple[str, Decimal]] = field(default_factory=list)
    """(credit, amount)"""

    @property
    def amount(self) -> Decimal:
        return sum((amount for _, amount in self.uses), ZERO)


def derive(context: Context, kind: Kind) -> bool:
    """Bring these payments of zero up to date with what credits and bills show; whether there was anything to do."""
    applied = _applied(context.company)
    known: dict[str, list[int]] = defaultdict(list)
    for pk, remote_id in _known(context.company).order_by().values_list("pk", "billcom_id"):
        known[_bill_of(str(remote_id))].append(pk)
    bills = sorted({*applied, *known})
    if not bills or _payments_to_link(context.company):
        return False  # In the next round it is known what they have joined.
    joined = _joined(context.company, applied)
    changed = False
    for start in range(0, len(bills), rows.CHUNK):
        some = bills[start : start + rows.CHUNK]
        there = _there([pk for bill in some for pk in known[bill]])
        paid = _paid_in_full(context.company, some)
        raws = [_raw(bill, applied.get(bill), there[bill], bill in paid, joined.get(bill, "")) for bill in some]
        fresh = [
            raw for bill, raw in zip(some, raws, strict=True) if not there[bill] or raw != there[bill][-1].billcom_raw
        ]
        if fresh:
            storing.store_page(context, kind, Side.BILLCOM, fresh)
            changed = True
    return changed


def _payments_to_link(company: Company) -> bool:
    """Whether there are payments that may find their twin in this round: it may have joined the credits."""
    fresh = SyncedObject.objects.to_look_at(company, PAYMENT).filter(linking.ONE_SIDED)
    may_be_linked = Q(state=ObjectState.NEW) | Q(hold_code=HoldCode.WAITS_FOR)
    # One of no money is linked with what is worked out here, so nothing of it has to be waited for.
    return fresh.filter(may_be_linked).exclude(rows.APPLIED_CREDITS).exclude(amount=0).exists()


def _joined(company: Company, applied: Mapping[str, _Applied]) -> dict[str, str]:
    """Of the bills that a payment in QuickBooks joins with one of these credits, while BILL's half of that payment, if
    it has one, uses none: WHOLE, where it comes to what is applied in BILL, else PART.

    BILL's own sync and bookkeepers pay a bill and use its credits in one payment.
    """
    used = _used_in_qbo(company) if applied else {}
    if not used:
        return {}
    bills = dict(_pairs(company, BILL, applied))
    credits = dict(_pairs(company, CREDIT, {credit for each in applied.values() for credit, _ in each.uses}))
    found = {}
    for bill, each in applied.items():
        there = used.get(bills.get(bill, ""), {})
        wanted = {credits.get(credit, ""): amount for credit, amount in each.uses}
        if there.keys() & wanted.keys():
            found[bill] = WHOLE if all(there.get(credit) == amount for credit, amount in wanted.items()) else PART
    return found


def _pairs(company: Company, kind: str, billcom_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    linked = SyncedObject.objects.of(company, kind).filter(billcom_id__in=billcom_ids, qbo_id__isnull=False)
    for billcom_id, qbo_id in linked.values_list("billcom_id", "qbo_id"):
        yield str(billcom_id), str(qbo_id)


def _used_in_qbo(company: Company) -> dict[str, dict[str, Decimal]]:
    """Bill -> credit -> what payments in QuickBooks join it with, by their ids there, where BILL's half uses none.

    A payment of several bills counts for each of them: which credit went to which isn't told.
    """
    payments = SyncedObject.objects.of(company, PAYMENT).filter(qbo_id__isnull=False)
    using = payments.annotate(shown=Cast("qbo_values", TextField())).filter(shown__contains=USED)
    found: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in using.only("billcom_values", "qbo_values").order_by("pk").iterator(rows.CHUNK):
        if row.qbo_values["active"] and not credits_used(row.billcom_values or {}):
            for line in row.qbo_values["paid"]:
                for use in credits_used(row.qbo_values):
                    found[line["bill"]][use["credit"]] += use["amount"] or ZERO
    return found


def not_gone_over(company: Company) -> list[str]:
    """BILL's ids of the bills whose payment in full is waited for: a payment may not move a bill's updatedTime."""
    deferred = _known(company).filter(hold_code=HoldCode.WAITS_FOR, waits_for=None)
    return sorted({_bill_of(str(each)) for each in deferred.values_list("billcom_id", flat=True)})


def _applied(company: Company) -> dict[str, _Applied]:
    """By the bill's id in BILL."""
    found: dict[str, _Applied] = {}
    credits = SyncedObject.objects.of(company, CREDIT).filter(billcom_id__isnull=False)
    using = credits.annotate(shown=Cast("billcom_values", TextField())).filter(shown__contains=APPLIED)
    for credit in using.only("billcom_id", "billcom_values").order_by("pk"):
        values: Values = credit.billcom_values
        for use in values["applied"] if values["active"] else []:
            each = found.setdefault(use["bill"], _Applied(values["vendor"]))
            each.uses.append((str(credit.billcom_id), use["amount"] or ZERO))
            each.days.add(values["date"])
    return found


def _there(keys: Sequence[int]) -> dict[str, list[SyncedObject]]:
    """Those that were worked out before, by the bill's id, in the order of their numbers."""
    found: dict[str, list[SyncedObject]] = defaultdict(list)
    known = SyncedObject.objects.filter(pk__in=keys).defer("base", "qbo_raw")
    for row in sorted(known, key=lambda row: _number_of(str(row.billcom_id))):
        found[_bill_of(str(row.billcom_id))].append(row)
    return found


def _number_of(remote_id: str) -> int:
    return int(remote_id.partition("-")[2] or 0)


def _known(company: Company) -> QuerySet[SyncedObject]:
    return SyncedObject.objects.filter(rows.APPLIED_CREDITS, company=company)


def _bill_of(remote_id: str) -> str:
    return remote_id.removeprefix(APPLICATION).partition("-")[0]


def _paid_in_full(company: Company, bills: Collection[str]) -> set[str]:
    """Where what is paid, scheduled and covered by credits comes to the whole bill.

    Reference: spec, BILL API 3.2: paidAmount counts cleared payments and credits.
    """
    found = SyncedObject.objects.of(company, BILL).filter(billcom_id__in=bills)
    return {str(row.billcom_id) for row in found.only("billcom_id", "billcom_raw") if _is_paid(row.billcom_raw)}


def _is_paid(raw: Raw) -> bool:
    return _of(raw, "paidAmount") + _of(raw, "scheduledAmount") >= _of(raw, "amount")


def _of(raw: Raw, name: str) -> Decimal:
    return money(raw.get(name)) or ZERO


def _raw(bill: str, applied: _Applied | None, there: Sequence[SyncedObject], covered: bool, joined: str) -> Raw:
    """The payment as BILL would show it, if it did."""
    last = there[-1] if there else None
    if applied is None:
        assert last is not None
        return {**last.billcom_raw, "status": "VOID"}
    # What was voided in QuickBooks can't come back there, so another takes its place.
    again = last is not None and last.state == ObjectState.RETIRED
    gone_over = last is not None and last.linked and not again
    number = len(there) if again or last is None else len(there) - 1
    uses = [{"id": credit, "amount": amount} for credit, amount in applied.uses]
    return {
        "id": f"{APPLICATION}{bill}-{number}" if number else f"{APPLICATION}{bill}",
        "vendorId": applied.vendor,
        "processDate": _day(applied, None if again else last),
        "amount": ZERO,
        "status": "PAID",
        "onlinePayment": False,
        "creditsOnly": True,
        "billPaid": covered or gone_over,
        "joined": "" if gone_over else joined,
        "billPayments": [{"billId": bill, "amount": applied.amount, "vendorCredits": uses}],
    }


def _day(applied: _Applied, known: SyncedObject | None) -> str:
    """BILL doesn't tell when: the day of the latest credit, until QuickBooks shows another."""
    shown: dict[str, Any] = (known.qbo_values if known is not None else None) or {}
    return str(shown.get("date") or max(applied.days))
