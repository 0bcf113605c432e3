"""After a crash or a lost answer: find out what became of every unfinished operation before anything new is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from django.conf import settings
from django.db import transaction

from syncapp.core.schema import Kind, Lookup
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import Level, ObjectState, Operation, OperationState, SyncedObject, Verb
from syncapp.services import linking, references, rows
from syncapp.services.applying import Applier
from syncapp.services.context import Context, Paused

# Reference: Intuit docs, requestid: a repeat gives the first answer; for how long isn't said, so not after this.
REPEATABLE = timedelta(hours=20)


def repeat_qbo(context: Context) -> None:
    """QuickBooks: send it again with the same request id; it answers as it did, or carries it out now."""
    unfinished = list(
        Operation.objects.unfinished(context.company).filter(side=Side.QBO).order_by("kind", "request_id", "item_id")
    )
    if not unfinished:
        return
    too_old = [each for each in unfinished if context.clock() - each.planned_at > REPEATABLE]
    _drop(context, too_old, "Too old to be repeated safely; QuickBooks was read again instead.")
    recent = [each for each in unfinished if each not in too_old]
    for kind, group in groupby(recent, key=lambda each: each.kind):
        operations = sorted(group, key=lambda each: (each.request_id, int(each.item_id or 0)))
        found = SyncedObject.objects.in_bulk([each.object_id for each in operations if each.object_id])
        Applier(context, KINDS[kind], found).send(operations)
        context.note(f"{len(operations)} unfinished writes to QuickBooks were repeated safely.", kind=kind)


def settle_billcom(context: Context) -> None:
    """BILL: updates are simply looked at again; creates wait until BILL has been read (``adopt``)."""
    unfinished = list(Operation.objects.unfinished(context.company).filter(side=Side.BILLCOM))
    again = [each for each in unfinished if each.verb != Verb.CREATE]
    _drop(context, again, "The outcome wasn't known; BILL was read again instead.")
    creates = [each.pk for each in unfinished if each.verb == Verb.CREATE]
    fresh = Operation.objects.filter(pk__in=creates, state=OperationState.PLANNED)
    fresh.update(state=OperationState.IN_DOUBT, finished_at=context.clock())


def _drop(context: Context, operations: Sequence[Operation], why: str) -> None:
    if not operations:
        return
    now = context.clock()
    keys = [each.pk for each in operations]
    with transaction.atomic():
        Operation.objects.filter(pk__in=keys).update(state=OperationState.DROPPED, error_words=why, finished_at=now)
        SyncedObject.objects.filter(pk__in=[each.object_id for each in operations]).update(needs_look=True)


def adopt(context: Context, kind: Kind) -> None:
    """Creates in doubt, after BILL was read: what is there is taken as ours, what isn't may be written again."""
    doubtful = list(
        Operation.objects.unfinished(context.company)
        .filter(side=Side.BILLCOM, kind=kind.name, verb=Verb.CREATE)
        .order_by("planned_at", "pk")
    )
    if not doubtful:
        return
    _wait_out(context, doubtful)
    lookup = _lookup(context, kind, doubtful)
    keys = {each.pk: kind.keys(each.values["whole"], Side.BILLCOM, lookup).first for each in doubtful}
    made = _made_since(context, kind, min(each.planned_at for each in doubtful), set(keys.values()) - {""})
    missing = []
    for operation in doubtful:
        key = keys[operation.pk]
        if made[key]:
            _take(context, kind, operation, made[key].pop(0))
        else:
            missing.append(operation)
    _drop(context, missing, "BILL doesn't have it, so it may be written again.")
    words = f"{len(doubtful)} writes to BILL were in doubt: {len(doubtful) - len(missing)} found there, the rest not."
    context.note(words, kind=kind.name, level=Level.WARNING)


def _wait_out(context: Context, doubtful: Sequence[Operation]) -> None:
    """A request whose answer was lost may still be at work: not finding it proves nothing for a while."""
    lost_at: datetime = max(each.finished_at or each.planned_at for each in doubtful)
    settled_at = lost_at + timedelta(seconds=settings.IN_DOUBT_SECONDS)
    left = (settled_at - context.clock()).total_seconds()
    if left > 0:
        raise Paused(left, "An answer of BILL was lost; waiting before looking what became of the request.")


def _made_since(context: Context, kind: Kind, since: datetime, wanted: set[str]) -> dict[str, list[SyncedObject]]:
    """BILL's unlinked records that appeared since and have one of the wanted match keys, oldest first."""
    fresh = SyncedObject.objects.of(context.company, kind.name).filter(
        qbo_id__isnull=True, first_seen_at__gte=since - timedelta(minutes=1)
    )
    found: dict[str, list[SyncedObject]] = defaultdict(list)
    after = 0
    while chunk := list(fresh.filter(pk__gt=after).order_by("pk")[: rows.CHUNK]):
        after = chunk[-1].pk
        lookup = references.load(context.company, kind, chunk)
        for row in chunk:
            # As it was made: somebody may have archived it since, and what is gone has no key.
            key = kind.keys({**row.billcom_values, "active": True}, Side.BILLCOM, lookup).first
            if key in wanted:
                found[key].append(row)
    return found


def _lookup(context: Context, kind: Kind, doubtful: Sequence[Operation]) -> Lookup:
    shown = [SyncedObject(billcom_values=each.values["whole"]) for each in doubtful]
    return references.load(context.company, kind, shown)


def _take(context: Context, kind: Kind, operation: Operation, made: SyncedObject) -> None:
    """The record is there: it is the one we asked for. Edits made since, on either side, are for the planner."""
    row = SyncedObject.objects.get(pk=operation.object_id or 0)
    sent = operation.values
    linking.absorb(kind, row, made)
    rows.agree_as_sent(row, Side.BILLCOM, sent["changed"], sent["whole"], sent.get("source", {}), context.clock())
    # What has just been created is active, whatever the record was made from.
    row.base[Side.BILLCOM]["active"] = row.base[Side.QBO]["active"] = True
    row.state = ObjectState.LINKED
    with transaction.atomic():
        linking.remove_absorbed(kind, {made.pk: row})
        row.save()
        operation.state, operation.finished_at = OperationState.ADOPTED, context.clock()
        operation.remote_id = row.billcom_id or ""
        operation.save()
        SyncedObject.objects.free_waiting([row.pk])
    context.count(kind.name, "adopted")
