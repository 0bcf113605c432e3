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
    numbers: list[str] = field(default_factory=list)
    uses: list[tuple[str, Decimal]] = field(default_factory=list)
    """(credit, amount)"""

    @property
    def amount(self) -> Decimal:
        return sum((amount for _, amount in self.uses), ZERO)

    @property
    def by_credit(self) -> dict[str, Decimal]:
        return _total(self.uses)


@dataclass(frozen=True)
class _Bill:
    """What is asked of a bill that credits are applied to. ``day``: the bill's own, ISO."""

    day: str
    paid: bool


def derive(context: Context, kind: Kind) -> bool:
    """Bring these payments of zero up to date with what credits and bills show; whether there was anything to do."""
    applied = _applied(context.company)
    known, settled = _known_by_bill(context.company, applied)
    bills = sorted((applied.keys() | known.keys()) - settled)
    if not bills or _payments_to_link(context.company):
        return False  # In the next round it is known what they have joined.
    room = _Room(context.company)
    wanted = {bill: applied[bill] for bill in bills if bill in applied}
    joined = _joined(context.company, wanted, room.joined)
    _note_lowering(room, applied, known, bills)
    changed = False
    for start in range(0, len(bills), rows.CHUNK):
        some = bills[start : start + rows.CHUNK]
        there = _there([pk for bill in some for pk in known.get(bill, ())])
        shown = _bills(context.company, some)
        fresh = []
        for bill in some:
            before = {str(row.billcom_id): row.billcom_raw for row in there[bill]}
            now = _raws(bill, applied.get(bill), there[bill], shown.get(bill), joined.get(bill, ""), room)
            fresh += [raw for raw in now if raw != before.get(raw["id"])]
        if fresh:
            storing.store_page(context, kind, Side.BILLCOM, fresh)
            changed = True
    return changed


def _known_by_bill(company: Company, applied: Mapping[str, _Applied]) -> tuple[dict[str, list[int]], set[str]]:
    """The keys of what was worked out before, by the bill's id; and the bills for which nothing has changed since."""
    known: dict[str, list[int]] = defaultdict(list)
    standing: dict[str, list[bool]] = defaultdict(list)
    for pk, remote_id in _known(company).order_by().values_list("pk", "billcom_id"):
        known[_bill_of(str(remote_id))].append(pk)
    there = _known(company).exclude(state=ObjectState.RETIRED)
    found = there.only("pk", "billcom_id", "qbo_id", "state", "billcom_values", "qbo_values").order_by()
    for row in found.iterator(rows.CHUNK):
        bill = _bill_of(str(row.billcom_id))
        standing[bill].append(_is_as_applied(row, applied.get(bill)))
    return known, {bill for bill in known if standing[bill] == ([True] if bill in applied else [])}


def _is_as_applied(row: SyncedObject, applied: _Applied | None) -> bool:
    """Whether it went over just as it is applied now."""
    if applied is None or row.state != ObjectState.LINKED or not row.linked:
        return False
    ours, theirs = row.billcom_values, row.qbo_values
    same = _total((use["credit"], use["amount"]) for use in credits_used(ours)) == applied.by_credit
    alike = ours["vendor"] == applied.vendor and ours["date"] == theirs["date"]
    return bool(same and alike and ours["active"] and theirs["active"])


class _Room:
    """What QuickBooks has left of credits, by all payments that are known to use them; BILL's ids of the credits.

    ``joined``: what payments join with a bill, as ``_joined`` wants it. ``lowering``: credit -> bill -> the payment
    that is about to let a part of it go.
    """

    def __init__(self, company: Company) -> None:
        self.joined, used = _used_in_qbo(company)
        self.left: dict[str, Decimal] = {}
        self.credits: dict[str, str] = {}
        self.lowering: dict[str, dict[str, int]] = defaultdict(dict)
        linked = SyncedObject.objects.of(company, CREDIT).filter(billcom_id__isnull=False, qbo_id__isnull=False)
        for billcom_id, qbo_id, values in linked.values_list("billcom_id", "qbo_id", "qbo_values"):
            self.credits[str(qbo_id)] = str(billcom_id)
            self.left[str(billcom_id)] = ((values or {}).get("total") or ZERO) - used.get(str(qbo_id), ZERO)

    def shown(self, standing: SyncedObject | None) -> dict[str, Decimal]:
        """What the payment uses as QuickBooks shows it; nothing where it was deleted there."""
        if standing is None or not standing.qbo_values["active"]:
            return {}
        return _total((self.credits.get(use["credit"], ""), use["amount"]) for use in credits_used(standing.qbo_values))

    def take(self, more: Mapping[str, Decimal]) -> list[str]:
        """The credits that have no room for so much more; where all have, it is taken."""
        short = [credit for credit, amount in more.items() if credit in self.left and amount > self.left[credit]]
        for credit, amount in {} if short else more.items():
            if credit in self.left:
                self.left[credit] -= amount
        return short


def _note_lowering(
    room: _Room, applied: Mapping[str, _Applied], known: Mapping[str, Sequence[int]], bills: Sequence[str]
) -> None:
    for start in range(0, len(bills), rows.CHUNK):
        keys = [pk for bill in bills[start : start + rows.CHUNK] for pk in known.get(bill, ())]
        for bill, there in _there(keys).items():
            standing = _standing(there)
            wanted = applied[bill].by_credit if bill in applied else {}
            if standing is not None and not standing.excluded:
                for credit in _less(room.shown(standing), wanted):
                    room.lowering[credit][bill] = standing.pk


def _less(shown: Mapping[str, Decimal], wanted: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """By how much less is wanted than is shown, where it is less."""
    return {
        credit: amount - wanted.get(credit, ZERO)
        for credit, amount in shown.items()
        if amount > wanted.get(credit, ZERO)
    }


def _standing(there: Sequence[SyncedObject]) -> SyncedObject | None:
    """The one of a bill's that is linked."""
    return next((row for row in reversed(there) if row.linked and row.state != ObjectState.RETIRED), None)


def _total(uses: Iterable[tuple[str, Decimal | None]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for credit, amount in uses:
        found[credit] += amount or ZERO
    return dict(found)


def _payments_to_link(company: Company) -> bool:
    """Whether there are payments that may find their twin in this round: it may have joined the credits."""
    fresh = SyncedObject.objects.to_look_at(company, PAYMENT).filter(linking.ONE_SIDED)
    may_be_linked = Q(state=ObjectState.NEW) | Q(hold_code=HoldCode.WAITS_FOR)
    # One of no money is linked with what is worked out here, so nothing of it has to be waited for.
    return fresh.filter(may_be_linked).exclude(rows.APPLIED_CREDITS).exclude(amount=0).exists()


def _joined(
    company: Company, applied: Mapping[str, _Applied], used: Mapping[str, Mapping[str, Decimal]]
) -> dict[str, str]:
    """Of the bills that a payment in QuickBooks joins with one of these credits, while BILL's half of that payment, if
    it has one, uses none: WHOLE, where it comes to what is applied in BILL, else PART.

    BILL's own sync and bookkeepers pay a bill and use its credits in one payment.
    """
    if not used or not applied:
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


def _used_in_qbo(company: Company) -> tuple[dict[str, dict[str, Decimal]], dict[str, Decimal]]:
    """(bill -> credit -> what payments in QuickBooks join it with, where BILL's half uses none; credit -> what all
    payments use of it), by their ids there.

    A payment of several bills counts for each of them: which credit went to which isn't told.
    """
    payments = SyncedObject.objects.of(company, PAYMENT).filter(qbo_id__isnull=False)
    using = payments.annotate(shown=Cast("qbo_values", TextField())).filter(shown__contains=USED)
    joined: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    used: dict[str, Decimal] = defaultdict(Decimal)
    for row in using.only("billcom_values", "qbo_values").order_by("pk").iterator(rows.CHUNK):
        if not row.qbo_values["active"]:
            continue
        for use in credits_used(row.qbo_values):
            used[use["credit"]] += use["amount"] or ZERO
            for line in () if credits_used(row.billcom_values or {}) else row.qbo_values["paid"]:
                joined[line["bill"]][use["credit"]] += use["amount"] or ZERO
    return joined, used


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
            each.numbers.append(values["number"])
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


def _bills(company: Company, bills: Collection[str]) -> dict[str, _Bill]:
    found = SyncedObject.objects.of(company, BILL).filter(billcom_id__in=bills)
    shown = found.only("billcom_id", "billcom_raw", "date")
    return {str(row.billcom_id): _Bill(str(row.date or ""), _paid_in_full(row.billcom_raw)) for row in shown}


def _paid_in_full(raw: Raw) -> bool:
    """Whether what is paid, scheduled and covered by credits comes to the whole bill; not where BILL doesn't tell.

    Reference: spec, BILL API 3.2: paidAmount counts cleared payments and credits.
    """
    amount, paid, scheduled = (money(raw.get(name)) for name in ("amount", "paidAmount", "scheduledAmount"))
    return amount is not None and paid is not None and paid + (scheduled or ZERO) >= amount


def _raws(
    bill: str,
    applied: _Applied | None,
    there: Sequence[SyncedObject],
    shown: _Bill | None,
    joined: str,
    room: _Room,
) -> list[Raw]:
    """The payments as BILL would show them, if it did.

    Where QuickBooks has no room yet for what is applied, because another bill is about to let a credit go, what is less
    is let go first and the rest follows in the next round: so credits can change places between bills.
    """
    standing = _standing(there)
    waiting = next((row for row in reversed(there) if not row.linked and row.state != ObjectState.RETIRED), None)
    if applied is None:
        return [{**row.billcom_raw, "status": "VOID"} for row in (standing, waiting) if row is not None]
    wanted, uses = applied.by_credit, room.shown(standing)
    short = room.take(_less(wanted, uses))
    blocked = next((pk for credit in short for of, pk in room.lowering[credit].items() if of != bill), 0)
    if blocked and standing is not None and _less(uses, wanted):
        kept = {credit: min(amount, wanted[credit]) for credit, amount in uses.items() if credit in wanted}
        if kept:
            return [_raw(bill, applied, kept, standing, shown)]
        found = [{**standing.billcom_raw, "status": "VOID", "replaced": True}]
        return [*found, _raw(bill, applied, wanted, waiting, shown, there, joined, blocked)]
    if standing is not None:
        gone = [{**waiting.billcom_raw, "status": "VOID"}] if waiting is not None else []
        return [*gone, _raw(bill, applied, wanted, standing, shown, blocked=blocked)]
    return [_raw(bill, applied, wanted, waiting, shown, there, joined, blocked)]


def _raw(
    bill: str,
    applied: _Applied,
    uses: Mapping[str, Decimal],
    row: SyncedObject | None,
    shown: _Bill | None,
    there: Sequence[SyncedObject] = (),
    joined: str = "",
    blocked: int = 0,
) -> Raw:
    """``row``: the one that it is, None for a new one. ``blocked``: the key of what must let a credit go first."""
    number = len(there) if row is None else _number_of(str(row.billcom_id))
    replaced = next((each for each in reversed(there) if each.linked and each.billcom_raw.get("replaced")), None)
    gone_over = replaced is not None or (row is not None and row.linked)
    return {
        "id": f"{APPLICATION}{bill}-{number}" if number else f"{APPLICATION}{bill}",
        "vendorId": applied.vendor,
        "processDate": _day(applied, shown, row, replaced),
        "amount": ZERO,
        "status": "PAID",
        "onlinePayment": False,
        "syncReference": ", ".join(filter(None, applied.numbers)),
        "creditsOnly": True,
        "billPaid": gone_over or (shown is not None and shown.paid),
        "joined": joined,
        "elsewhere": str(blocked or ""),
        "billPayments": [
            {
                "billId": bill,
                "amount": sum(uses.values(), ZERO),
                "vendorCredits": [{"id": credit, "amount": amount} for credit, amount in uses.items()],
            }
        ],
    }


def _day(applied: _Applied, shown: _Bill | None, known: SyncedObject | None, replaced: SyncedObject | None) -> str:
    """BILL doesn't tell when: the day on which all of them and the bill were there, until QuickBooks shows another.
    What takes the place of one that was there isn't dated before it.
    """
    there: dict[str, Any] = (known.qbo_values if known is not None else None) or {}
    earlier: dict[str, Any] = (replaced.qbo_values if replaced is not None else None) or {}
    days = {*applied.days, shown.day if shown is not None else "", earlier.get("date") or ""}
    return str(there.get("date") or max(days))
