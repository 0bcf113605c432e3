"""Funds transfers: BILL's half is worked out from the payments that passed one bank account on one day.

What was drawn from a bank, and what reached one from customers, are transfers of their own. Only those payments count
that are posted to a clearing account in QuickBooks: each is in one transfer, so clearing comes back to zero, also one
that was chosen when the payment was posted and isn't any more. A payment that was posted to the bank itself needs none.

Where a company wants a transfer for each payment, those that are in one of a day already stay in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast

from syncapp.core.schema import ZERO, Kind, Raw
from syncapp.core.sides import Side
from syncapp.kinds._shared import at_par
from syncapp.kinds.funds_transfer import MONEY_IN, MONEY_OUT, note_of
from syncapp.models import GLMapping, GLRole, ObjectState, Operation, OperationState, SyncedObject, Verb
from syncapp.services import rows, storing
from syncapp.services.context import Context

CLEARING: Mapping[str, str] = {"bill_payment": MONEY_OUT, "receivable_payment": MONEY_IN}
"""Kind of payment -> the role of the clearing account that it is posted to."""
INCOMING = "receivable_payment"
DAY = "%y%m%d"


@dataclass(frozen=True, order=True)
class Key:
    """BILL's bank account, the day, the clearing account's id in QuickBooks; the payment's id in BILL where each has
    a transfer of its own.
    """

    incoming: bool
    bank: str
    day: date
    clearing: str
    payment: str = ""

    @property
    def id(self) -> str:
        """As BILL's half is known by; ``of`` reads it."""
        parts = [self.bank, self.day.strftime(DAY), self.clearing, self.payment]
        return ("in." if self.incoming else "") + ":".join(filter(None, parts))

    @classmethod
    def of(cls, transfer: str) -> Key:
        """A number at the end tells it from one that it took the place of."""
        incoming = transfer.startswith("in.")
        bank, day, clearing, payment = [*transfer.removeprefix("in.").split(":"), ""][:4]
        moved_on = datetime.strptime(day, DAY).date()
        return cls(incoming, bank, moved_on, clearing.partition("-")[0], payment.partition("-")[0])


@dataclass
class _Moved:
    """What passed one account on one day."""

    payments: list[tuple[str, str, Decimal]] = field(default_factory=list)
    """(kind, id in BILL, amount)"""
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
        to_clearing = account and account == clearing.get(kind)
        if not at_par(there_now.get("exchange_rate")):
            continue  # Its amount isn't what passed the bank.
        if values["active"] and active_there and (to_clearing or (ours and account and account not in banks)):
            single = str(billcom_id) if context.terms.transfer_each_payment else ""
            found[Key(kind == INCOMING, bank, day, account, single)].append(pk)
    return found


def _gone(context: Context) -> dict[Key, list[int]]:
    """Payments that no longer belong into their transfer: voided, moved to another day, or not funded after all.

    What was taken apart stays with BILL's half, since BILL has moved it.
    """
    found: dict[Key, list[int]] = defaultdict(list)
    members = _payments(context).filter(part_of__billcom_id__isnull=False)
    moved = ~Q(date=F("part_of__date")) | Q(funded_from="")
    left = members.filter(Q(state=ObjectState.RETIRED) | (Q(billcom_id__isnull=False) & moved))
    for pk, transfer in left.order_by("pk").values_list("pk", "part_of__billcom_id"):
        found[Key.of(str(transfer))].append(pk)
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
        moved = _moved(context, ids, come)
        banks = _bank_names(context)
        raws = [_raw(key, ids[key], moved[key], banks.get(key.bank) or key.bank) for key in keys]
        storing.store_page(context, kind, Side.BILLCOM, raws)
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
        "name": f"{bank}, {'received' if key.incoming else 'drawn'}",
        "note": note_of(key.bank, incoming=key.incoming, payment=key.payment),
        "payments": [{"kind": kind, "id": billcom_id, "amount": amount} for kind, billcom_id, amount in moved.payments],
    }
