"""Funds transfers: BILL's half is worked out from the payments that were drawn from one bank account on one day.

Only those count that are posted to the clearing account in QuickBooks: each is in one transfer, so clearing comes back
to zero. A payment that was posted to the bank itself needs none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q, TextField
from django.db.models.functions import Cast

from syncapp.core.schema import ZERO, Kind, Raw
from syncapp.core.sides import Side
from syncapp.kinds.funds_transfer import CLEARING, note_of
from syncapp.models import ObjectState, Operation, OperationState, SyncedObject, Verb
from syncapp.services import rows, storing
from syncapp.services.context import Context

PAYMENT = "bill_payment"
Key = tuple[str, date]
"""BILL's bank account, and the day."""


@dataclass
class _Drawn:
    """What was drawn from one account on one day."""

    payments: list[tuple[int, str, Decimal]] = field(default_factory=list)
    """(key, id in BILL, amount)"""
    ours: bool = True

    @property
    def amount(self) -> Decimal:
        return sum((amount for _, _, amount in self.payments), ZERO)


def derive(context: Context, kind: Kind) -> None:
    """Bring the transfers up to date with the payments that came, went or moved since they were last worked out."""
    clearing = context.terms.accounts.get(CLEARING)
    new, gone = _new(context, clearing.qbo_id) if clearing else {}, _gone(context)
    touched = sorted({*new, *gone})
    for start in range(0, len(touched), rows.CHUNK):
        _bring_up_to_date(context, kind, touched[start : start + rows.CHUNK], new, gone)


def _new(context: Context, clearing: str) -> dict[Key, list[int]]:
    """Payments that are in no transfer yet, by where and when they were drawn."""
    found: dict[Key, list[int]] = defaultdict(list)
    waiting = SyncedObject.objects.of(context.company, PAYMENT).filter(
        ~Q(funded_from=""), part_of=None, date__isnull=False, billcom_id__isnull=False, qbo_id__isnull=False
    )
    # Those that were posted to the bank itself stay among them for ever, so the database leaves them out.
    posted = waiting.annotate(shown=Cast("qbo_values", TextField())).filter(shown__contains=f'"account":"{clearing}"')
    columns = ("pk", "funded_from", "date", "qbo_values")
    for pk, bank, day, values in posted.exclude(state=ObjectState.RETIRED).order_by("pk").values_list(*columns):
        if values["account"] == clearing and values["active"]:
            found[bank, day].append(pk)
    return found


def _gone(context: Context) -> dict[Key, list[int]]:
    """Payments that no longer belong into their transfer: voided, drawn on another day, or not drawn after all.

    What was taken apart is posted as it was, so it stays.
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
    come = [pk for key in keys for pk in new.get(key, ())]
    with transaction.atomic():
        context.confirm_lease()
        SyncedObject.objects.filter(pk__in=left).update(part_of=None)
        ids = _ids(context, kind, keys)
        drawn = _drawn(context, ids, come)
        storing.store_page(context, kind, Side.BILLCOM, [_raw(key, ids[key], drawn[key]) for key in keys])
        transfers = SyncedObject.objects.of(context.company, kind.name).filter(billcom_id__in=ids.values())
        made = dict(transfers.values_list("billcom_id", "pk"))
        for key in keys:
            SyncedObject.objects.filter(pk__in=new.get(key, ())).update(part_of=made[ids[key]])


def _ids(context: Context, kind: Kind, keys: Sequence[Key]) -> dict[Key, str]:
    """The id of each transfer: what was deleted in QuickBooks can't come back, so another takes its place."""
    found = {key: [_id(key)] for key in keys}
    retired = SyncedObject.objects.of(context.company, kind.name).filter(state=ObjectState.RETIRED)
    for transfer in retired.filter(date__in={day for _, day in keys}).values_list("billcom_id", flat=True):
        if transfer is not None and (key := _key(transfer)) in found:
            found[key].append(f"{_id(key)}-{len(found[key])}")
    return {key: names[-1] for key, names in found.items()}


def _drawn(context: Context, ids: dict[Key, str], come: Sequence[int]) -> dict[Key, _Drawn]:
    """All payments of these transfers, those that come to them among them."""
    found: dict[Key, _Drawn] = {key: _Drawn() for key in ids}
    columns = ("pk", "billcom_id", "amount")
    payments = SyncedObject.objects.of(context.company, PAYMENT)
    there = payments.filter(part_of__billcom_id__in=ids.values())
    chosen = [
        (_key(str(transfer)), *rest)
        for transfer, *rest in there.order_by("pk").values_list("part_of__billcom_id", *columns)
    ]
    fresh = payments.filter(pk__in=come).order_by("pk")
    chosen += [((bank, day), *rest) for bank, day, *rest in fresh.values_list("funded_from", "date", *columns)]
    made_here = _made_here([pk for _, pk, *_ in chosen])
    for key, pk, billcom_id, amount in chosen:
        found[key].payments.append((pk, billcom_id or "", amount or ZERO))
        found[key].ours &= pk in made_here
    return found


def _made_here(payments: Sequence[int]) -> set[int]:
    """Those that were entered in QuickBooks by this sync, so that nobody else has entered their transfer."""
    found: set[int] = set()
    for start in range(0, len(payments), rows.CHUNK):
        done = Operation.objects.filter(
            object__in=payments[start : start + rows.CHUNK],
            side=Side.QBO,
            verb=Verb.CREATE,
            state__in=(OperationState.DONE, OperationState.ADOPTED),
        )
        found |= {pk for pk in done.values_list("object", flat=True) if pk is not None}
    return found


def _id(key: Key) -> str:
    bank, day = key
    return f"{bank}:{day:%Y%m%d}"


def _key(transfer: str) -> Key:
    bank, _, day = transfer.rpartition(":")
    return bank, date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:8]}")


def _raw(key: Key, transfer: str, drawn: _Drawn) -> Raw:
    """The record as BILL would show it, if it did."""
    bank, day = key
    return {
        "id": transfer,
        "bankAccountId": bank,
        "processDate": day.isoformat(),
        "amount": drawn.amount,
        "archived": not drawn.payments,
        "ours": drawn.ours,
        "note": note_of(bank),
        "payments": [{"id": billcom_id, "amount": amount} for _, billcom_id, amount in drawn.payments],
    }
