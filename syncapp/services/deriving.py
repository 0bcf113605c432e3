"""Funds transfers: BILL's half is worked out from the payments that were drawn from one bank account on one day.

Only those count that are posted to a clearing account in QuickBooks: each is in one transfer, so clearing comes back to
zero, also one that was chosen when the payment was posted and isn't any more. A payment that was posted to the bank
itself needs none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast

from syncapp.core.schema import ZERO, Kind, Raw
from syncapp.core.sides import Side
from syncapp.kinds._shared import at_par
from syncapp.kinds.funds_transfer import CLEARING, note_of
from syncapp.models import ObjectState, Operation, OperationState, SyncedObject, Verb
from syncapp.services import rows, storing
from syncapp.services.context import Context

PAYMENT = "bill_payment"
Key = tuple[str, date, str]
"""BILL's bank account, the day, and the clearing account's id in QuickBooks."""
DAY = "%y%m%d"


@dataclass
class _Drawn:
    """What was drawn from one account on one day."""

    payments: list[tuple[int, str, Decimal]] = field(default_factory=list)
    """(key, id in BILL, amount)"""
    ours: bool = True

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
    return bool(touched)


def _new(context: Context) -> dict[Key, list[int]]:
    """Payments that are in no transfer yet, by where and when they were drawn.

    What was entered by this sync was posted to clearing; of what others entered we know by the account.
    """
    found: dict[Key, list[int]] = defaultdict(list)
    clearing = context.terms.accounts.get(CLEARING)
    banks = {account.qbo_id for account in context.terms.banks.values()}
    waiting = SyncedObject.objects.of(context.company, PAYMENT).filter(
        ~Q(funded_from=""), part_of=None, date__isnull=False, billcom_id__isnull=False, qbo_id__isnull=False
    )
    # Those that were posted to the bank itself stay among them for ever, so the database leaves them out.
    there = Q(shown__contains=f'"account":"{clearing.qbo_id}"') if clearing else Q(pk=None)
    posted = waiting.annotate(shown=Cast("qbo_values", TextField()), ours=Exists(_made_here(OuterRef("pk"))))
    columns = ("pk", "funded_from", "date", "qbo_values", "billcom_values", "ours")
    left = posted.filter(there | Q(ours=True)).exclude(state=ObjectState.RETIRED)
    for pk, bank, day, values, there_now, ours in left.order_by("pk").values_list(*columns):
        # Void in BILL and not yet in QuickBooks, where that may be refused: it is nothing that BILL has drawn.
        account, active_there = values["account"], there_now["active"]
        to_clearing = clearing is not None and account == clearing.qbo_id
        if not at_par(there_now.get("exchange_rate")):
            continue  # Its amount isn't what left the bank.
        if values["active"] and active_there and (to_clearing or (ours and account and account not in banks)):
            found[bank, day, account].append(pk)
    return found


def _gone(context: Context) -> dict[Key, list[int]]:
    """Payments that no longer belong into their transfer: voided, drawn on another day, or not drawn after all.

    What was taken apart stays with BILL's half, since BILL has drawn it.
    """
    found: dict[Key, list[int]] = defaultdict(list)
    members = SyncedObject.objects.of(context.company, PAYMENT).filter(part_of__billcom_id__isnull=False)
    moved = ~Q(date=F("part_of__date")) | Q(funded_from="")
    left = members.filter(Q(state=ObjectState.RETIRED) | (Q(billcom_id__isnull=False) & moved))
    for pk, transfer in left.order_by("pk").values_list("pk", "part_of__billcom_id"):
        found[_key(str(transfer))].append(pk)
    return found


def _bring_up_to_date(
    context: Context, kind: Kind, keys: Sequence[Key], new: dict[Key, list[int]], gone: dict[Key, list[int]]
) -> None:
    left = [pk for key in keys for pk in gone.get(key, ())]
    come = {pk: key for key in keys for pk in new.get(key, ())}
    with transaction.atomic():
        context.confirm_lease()
        SyncedObject.objects.filter(pk__in=left).update(part_of=None)
        ids = _ids(context, kind, keys)
        drawn = _drawn(context, ids, come)
        storing.store_page(context, kind, Side.BILLCOM, [_raw(key, ids[key], drawn[key]) for key in keys])
        transfers = SyncedObject.objects.of(context.company, kind.name).filter(billcom_id__in=ids.values())
        made = dict(transfers.values_list("billcom_id", "pk"))
        rows.save([SyncedObject(pk=pk, part_of_id=made[ids[key]]) for pk, key in come.items()], ("part_of",))


def _ids(context: Context, kind: Kind, keys: Sequence[Key]) -> dict[Key, str]:
    """The id of each transfer: what was deleted in QuickBooks can't come back, so another takes its place."""
    found = {key: [_id(key)] for key in keys}
    retired = SyncedObject.objects.of(context.company, kind.name).filter(state=ObjectState.RETIRED)
    for transfer in retired.filter(date__in={day for _, day, _ in keys}).values_list("billcom_id", flat=True):
        if transfer is not None and (key := _key(transfer)) in found:
            found[key].append(f"{_id(key)}-{len(found[key])}")
    return {key: names[-1] for key, names in found.items()}


def _drawn(context: Context, ids: dict[Key, str], come: dict[int, Key]) -> dict[Key, _Drawn]:
    """All payments of these transfers, those that come to them among them."""
    found: dict[Key, _Drawn] = {key: _Drawn() for key in ids}
    payments = SyncedObject.objects.of(context.company, PAYMENT).annotate(ours=Exists(_made_here(OuterRef("pk"))))
    members = payments.filter(Q(part_of__billcom_id__in=ids.values()) | Q(pk__in=come)).order_by("pk")
    columns = ("pk", "part_of__billcom_id", "billcom_id", "qbo_id", "amount", "ours")
    for pk, transfer, billcom_id, qbo_id, amount, ours in members.values_list(*columns):
        each = found[come[pk] if pk in come else _key(transfer)]
        each.payments.append((pk, billcom_id or "", amount or ZERO))
        # A half whose link was taken apart: what it was written by stays with the other.
        each.ours &= ours or qbo_id is None
    return found


def _made_here(payment: OuterRef) -> QuerySet[Operation]:
    """The writes that entered it in QuickBooks: where there is one, nobody else has entered its transfer."""
    done = (OperationState.DONE, OperationState.ADOPTED)
    return Operation.objects.filter(object=payment, side=Side.QBO, verb=Verb.CREATE, state__in=done)


def _id(key: Key) -> str:
    bank, day, clearing = key
    return f"{bank}:{day.strftime(DAY)}:{clearing}"


def _key(transfer: str) -> Key:
    bank, day, clearing = transfer.rsplit(":", 2)
    return bank, datetime.strptime(day, DAY).date(), clearing.partition("-")[0]


def _raw(key: Key, transfer: str, drawn: _Drawn) -> Raw:
    """The record as BILL would show it, if it did."""
    bank, day, clearing = key
    return {
        "id": transfer,
        "bankAccountId": bank,
        "clearingAccountId": clearing,
        "processDate": day.isoformat(),
        "amount": drawn.amount,
        "archived": not drawn.payments,
        "ours": drawn.ours,
        "note": note_of(bank),
        "payments": [{"id": billcom_id, "amount": amount} for _, billcom_id, amount in drawn.payments],
    }
