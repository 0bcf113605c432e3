"""Funds transfers: BILL's half is worked out from the payments that passed one bank account on one day.

What was drawn from a bank, and what reached one from customers, are transfers of their own. Only those payments count
that are posted to a clearing account in QuickBooks: each is in one transfer, so clearing comes back to zero, also one
that was chosen when the payment was posted and isn't any more. A payment that was posted to the bank itself needs none.

Where a company wants a transfer for each payment, those that are in one of a day already stay in it. What was posted to
an account of the bank stays there when another is chosen: what comes after that makes another transfer.

A payment that is voided after its transfer was posted stays in that one, as the bank's statement shows it, and is given
back by another, dated as the original.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce

from syncapp.core.schema import ZERO, Kind, Raw, Values
from syncapp.core.sides import Side
from syncapp.kinds._shared import at_par
from syncapp.kinds.funds_transfer import MONEY_IN, MONEY_OUT, bank_account, note_of
from syncapp.models import GLMapping, GLRole, ObjectState, Operation, OperationState, SyncedObject, Verb
from syncapp.services import rows, storing
from syncapp.services.context import Context

CLEARING: Mapping[str, str] = {"bill_payment": MONEY_OUT, "receivable_payment": MONEY_IN}
"""Kind of payment -> the role of the clearing account that it is posted to."""
INCOMING = "receivable_payment"
TRANSFER = "funds_transfer"
# Void on both sides after it had passed the bank, and its transfer stands in QuickBooks.
TO_GIVE_BACK = Q(state=ObjectState.RETIRED, transfer_there__contains='"active":true') & ~Q(funded_from="")
DAY = "%y%m%d"
VOID = "void."


@dataclass(frozen=True, order=True)
class Key:
    """BILL's bank account, the day, the clearing account's id in QuickBooks; the payment's id in BILL where each has
    a transfer of its own.

    ``part``: more than 0 where another of that day was posted while the bank stood for another account. ``void``: it
    gives back what was voided of the transfer that is else known by the same.
    """

    incoming: bool
    bank: str
    day: date
    clearing: str
    payment: str = ""
    part: int = 0
    void: bool = False

    @property
    def id(self) -> str:
        """As BILL's half is known by; ``of`` reads it."""
        parts = [self.bank, self.day.strftime(DAY), self.clearing, self.payment, str(self.part or "")]
        head = (VOID if self.void else "") + ("in." if self.incoming else "")
        return head + ":".join(parts).rstrip(":")

    @classmethod
    def of(cls, transfer: str) -> Key:
        """A number at the end tells it from one that it took the place of."""
        there = transfer.removeprefix(VOID)
        incoming, void = there.startswith("in."), there != transfer
        parts = re.sub(r"-\d+$", "", there.removeprefix("in.")).split(":")
        bank, day, clearing, payment, part = [*parts, "", ""][:5]
        return cls(incoming, bank, datetime.strptime(day, DAY).date(), clearing, payment, int(part or 0), void)


@dataclass
class _Moved:
    """What passed one account on one day."""

    payments: list[tuple[str, str, Decimal]] = field(default_factory=list)
    """(kind, id in BILL, amount)"""
    ours: bool = True
    account: str = ""
    """Of what gives back: QuickBooks' id of the bank's account that the original was posted to."""

    @property
    def amount(self) -> Decimal:
        return sum((amount for _, _, amount in self.payments), ZERO)


def derive(context: Context, kind: Kind) -> bool:
    """Bring the transfers up to date with the payments that came, went or moved since they were last worked out;
    whether there were any.
    """
    new, gone = _new(context), _gone(context)
    touched = sorted({*new, *gone})
    for start in range(0, len(touched), rows.CHUNK):
        _bring_up_to_date(context, kind, touched[start : start + rows.CHUNK], new, gone)
    given_back = _given_back(context, kind)
    keys = sorted(given_back)
    for start in range(0, len(keys), rows.CHUNK):
        _give_back(context, kind, keys[start : start + rows.CHUNK], given_back)
    return bool(touched or keys)


def _payments(context: Context) -> QuerySet[SyncedObject]:
    return SyncedObject.objects.filter(company=context.company, kind__in=CLEARING)


def _new(context: Context) -> dict[Key, list[int]]:
    """Payments that are in no transfer yet, by where and when they passed the bank.

    What was entered by this sync was posted to clearing; of what others entered we know by the account.
    """
    found: dict[Key, list[int]] = defaultdict(list)
    chosen = {kind: context.terms.accounts.get(role) for kind, role in CLEARING.items()}
    clearing = {kind: account.qbo_id for kind, account in chosen.items() if account is not None}
    mapped = GLMapping.objects.filter(company=context.company, role=GLRole.BANK_ACCOUNT, account__qbo_id__isnull=False)
    banks = set(mapped.values_list("account__qbo_id", flat=True))  # Those that are inactive, too.
    waiting = _payments(context).filter(
        ~Q(funded_from=""), part_of=None, date__isnull=False, billcom_id__isnull=False, qbo_id__isnull=False
    )
    # Those that were posted to the bank itself stay among them for ever, so the database leaves them out.
    there = Q(pk=None)
    for kind, qbo_id in clearing.items():
        there |= Q(kind=kind, shown__contains=f'"account":"{qbo_id}"')
    posted = waiting.annotate(shown=Cast("qbo_values", TextField()), ours=Exists(made_here(OuterRef("pk"))))
    columns = ("pk", "kind", "funded_from", "date", "billcom_id", "qbo_values", "billcom_values", "ours")
    left = posted.filter(there | Q(ours=True)).exclude(state=ObjectState.RETIRED)
    for pk, kind, bank, day, billcom_id, values, there_now, ours in left.order_by("pk").values_list(*columns):
        # Void in BILL and not yet in QuickBooks, where that may be refused: it is nothing that BILL has moved.
        account, active_there = values["account"], there_now["active"]
        to_clearing = account and account == clearing.get(kind) and account not in banks
        if not at_par(there_now.get("exchange_rate")):
            continue  # Its amount isn't what passed the bank.
        if values["active"] and active_there and (to_clearing or (ours and account and account not in banks)):
            single = str(billcom_id) if context.terms.transfer_each_payment else ""
            found[Key(kind == INCOMING, bank, day, account, single)].append(pk)
    return _in_parts(context, found)


def _in_parts(context: Context, found: dict[Key, list[int]]) -> dict[Key, list[int]]:
    """Past those transfers that were posted to another account of the bank than the one that is chosen now, and those
    that a person has excluded: what they stand for is entered by hand.
    """
    days = {key.day for key in found}
    posted_to, excluded = (_posted_to(context, days), _excluded(context, days)) if found else ({}, set())
    placed: dict[Key, list[int]] = {}
    for key, payments in found.items():
        chosen, place = context.terms.banks.get(key.bank), key
        while place in excluded or posted_to.get(place, "") not in ("", chosen and chosen.qbo_id):
            place = replace(place, part=place.part + 1)
        placed[place] = payments
    return placed


def _excluded(context: Context, days: set[date]) -> set[Key]:
    transfers = SyncedObject.objects.of(context.company, TRANSFER).filter(excluded=True, billcom_id__isnull=False)
    found = transfers.filter(date__in=days).order_by().values_list("billcom_id", flat=True)
    return {Key.of(str(each)) for each in found}


def _posted_to(context: Context, days: set[date]) -> dict[Key, str]:
    """QuickBooks' id of the bank's account in the transfers of these days that are posted."""
    transfers = SyncedObject.objects.of(context.company, TRANSFER).exclude(state=ObjectState.RETIRED)
    posted = transfers.filter(date__in=days, billcom_id__isnull=False, qbo_id__isnull=False).order_by()
    shown = [(Key.of(str(each)), values) for each, values in posted.values_list("billcom_id", "qbo_values")]
    return {key: bank_account(values or {}, key.clearing) for key, values in shown}


def _gone(context: Context) -> dict[Key, list[int]]:
    """Payments that no longer belong into their transfer: voided before it was posted, moved to another day, or not
    funded after all.

    What was taken apart stays with BILL's half, since BILL has moved it.
    """
    found: dict[Key, list[int]] = defaultdict(list)
    members = _members(context)
    moved = ~Q(date=F("part_of__date")) | Q(funded_from="")
    left = members.filter(Q(state=ObjectState.RETIRED) | (Q(billcom_id__isnull=False) & moved)).exclude(TO_GIVE_BACK)
    for pk, transfer in left.order_by("pk").values_list("pk", "part_of__billcom_id"):
        found[Key.of(str(transfer))].append(pk)
    return found


def _members(context: Context) -> QuerySet[SyncedObject]:
    members = _payments(context).filter(part_of__billcom_id__isnull=False)
    return members.annotate(
        transfer_there=Coalesce(Cast("part_of__qbo_values", TextField()), Value(""), output_field=TextField())
    )


def _given_back(context: Context, kind: Kind) -> dict[Key, _Moved]:
    """What was voided of each transfer that is posted, where what gives it back doesn't say so yet."""
    found: dict[Key, _Moved] = defaultdict(_Moved)
    voided = _members(context).filter(TO_GIVE_BACK).annotate(ours=Exists(made_here(OuterRef("part_of")))).order_by("pk")
    columns = ("kind", "billcom_id", "amount", "part_of__billcom_id", "part_of__qbo_values", "ours")
    for of, billcom_id, amount, transfer, there, ours in voided.values_list(*columns):
        each = found[key := replace(Key.of(str(transfer)), void=True)]
        each.payments.append((of, billcom_id or "", amount or ZERO))
        each.account, each.ours = bank_account(there, key.clearing), each.ours and ours
    known = SyncedObject.objects.of(context.company, kind.name).filter(billcom_id__startswith=VOID)
    shown_by = ("billcom_id", "billcom_values")
    for transfer, shown in known.filter(excluded=True).values_list(*shown_by):
        _past_excluded(found, Key.of(str(transfer)), _ids_of((shown or {})["payments"]))
    for transfer, shown in known.exclude(state=ObjectState.RETIRED).filter(excluded=False).values_list(*shown_by):
        each = found[key := Key.of(str(transfer))]
        if sorted(payment for _, payment, _ in each.payments) == sorted(_ids_of((shown or {})["payments"])):
            del found[key]
    return dict(found)


def _past_excluded(found: dict[Key, _Moved], key: Key, by_hand: Sequence[str]) -> None:
    """What an excluded one gives back is entered by hand; what was voided after that is given back one by one."""
    if key not in found:
        return
    moved = found.pop(key)
    for each in moved.payments:
        if each[1] not in by_hand:
            found[replace(key, payment=each[1])] = replace(moved, payments=[each])


def _ids_of(payments: Sequence[Values]) -> list[str]:
    return [line["payment"] or line["received"] for line in payments]


def _give_back(context: Context, kind: Kind, keys: Sequence[Key], moved: dict[Key, _Moved]) -> None:
    with transaction.atomic():
        context.confirm_lease()
        ids = _ids(context, kind, keys)
        _store(context, kind, ids, moved)


def _store(context: Context, kind: Kind, ids: Mapping[Key, str], moved: Mapping[Key, _Moved]) -> None:
    banks = _bank_names(context)
    raws = [_raw(key, transfer, moved[key], banks.get(key.bank) or key.bank) for key, transfer in ids.items()]
    storing.store_page(context, kind, Side.BILLCOM, raws)


def _bring_up_to_date(
    context: Context, kind: Kind, keys: Sequence[Key], new: dict[Key, list[int]], gone: dict[Key, list[int]]
) -> None:
    left = [pk for key in keys for pk in gone.get(key, ())]
    come = {pk: key for key in keys for pk in new.get(key, ())}
    with transaction.atomic():
        context.confirm_lease()
        SyncedObject.objects.filter(pk__in=left).update(part_of=None)
        ids = _ids(context, kind, keys)
        moved = _moved(context, ids, come)
        _store(context, kind, ids, moved)
        transfers = SyncedObject.objects.of(context.company, kind.name).filter(billcom_id__in=ids.values())
        made = dict(transfers.values_list("billcom_id", "pk"))
        rows.save([SyncedObject(pk=pk, part_of_id=made[ids[key]]) for pk, key in come.items()], ("part_of",))


def _ids(context: Context, kind: Kind, keys: Sequence[Key]) -> dict[Key, str]:
    """The id of each transfer: what was deleted in QuickBooks can't come back, so another takes its place."""
    found = {key: [key.id] for key in keys}
    retired = SyncedObject.objects.of(context.company, kind.name).filter(state=ObjectState.RETIRED)
    for transfer in retired.filter(date__in={key.day for key in keys}).values_list("billcom_id", flat=True):
        if transfer is not None and (key := Key.of(transfer)) in found:
            found[key].append(f"{key.id}-{len(found[key])}")
    return {key: names[-1] for key, names in found.items()}


def _moved(context: Context, ids: dict[Key, str], come: dict[int, Key]) -> dict[Key, _Moved]:
    """All payments of these transfers, those that come to them among them."""
    found: dict[Key, _Moved] = {key: _Moved() for key in ids}
    payments = _payments(context).annotate(ours=Exists(made_here(OuterRef("pk"))))
    members = payments.filter(Q(part_of__billcom_id__in=ids.values()) | Q(pk__in=come)).order_by("pk")
    columns = ("pk", "kind", "part_of__billcom_id", "billcom_id", "qbo_id", "amount", "ours")
    for pk, kind, transfer, billcom_id, qbo_id, amount, ours in members.values_list(*columns):
        each = found[come[pk] if pk in come else Key.of(transfer)]
        each.payments.append((kind, billcom_id or "", amount or ZERO))
        # A half whose link was taken apart: what it was written by stays with the other.
        each.ours &= ours or qbo_id is None
    return found


def made_here(payment: OuterRef) -> QuerySet[Operation]:
    """The writes that entered it in QuickBooks: where there is one, nobody else has entered its transfer."""
    done = (OperationState.DONE, OperationState.ADOPTED)
    return Operation.objects.filter(object=payment, side=Side.QBO, verb=Verb.CREATE, state__in=done)


def _bank_names(context: Context) -> dict[str, str]:
    """BILL's bank accounts by their ids, as people know them: the bank and the last four digits."""
    named = GLMapping.objects.filter(company=context.company, role=GLRole.BANK_ACCOUNT).order_by()
    return dict(named.values_list("billcom_bank_id", "label"))


def _raw(key: Key, transfer: str, moved: _Moved, bank: str) -> Raw:
    """The record as BILL would show it, if it did. ``bank``: its name."""
    return {
        "id": transfer,
        "bankAccountId": key.bank,
        "clearingAccountId": key.clearing,
        "incoming": key.incoming,
        "processDate": key.day.isoformat(),
        "amount": moved.amount,
        "archived": not moved.payments,
        "ours": moved.ours,
        "name": f"{bank}, {'given back' if key.void else 'received' if key.incoming else 'drawn'}",
        "void": key.void,
        "glAccountId": moved.account,
        "note": note_of(key.bank, incoming=key.incoming, payment=key.payment, part=key.part, void=key.void),
        "payments": [{"kind": kind, "id": billcom_id, "amount": amount} for kind, billcom_id, amount in moved.payments],
    }
