"""After a crash or a lost answer: find out what became of every unfinished operation before anything new is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count

from syncapp.core.holds import TRIED, Hold, HoldCode
from syncapp.core.merging import same
from syncapp.core.schema import Kind, Lookup
from syncapp.core.sides import Side
from syncapp.gateways.errors import BadAnswer, Unavailable
from syncapp.kinds import KINDS
from syncapp.models import Level, ObjectState, Operation, OperationState, SyncedObject, Verb
from syncapp.services import linking, pulling_billcom, references, rows
from syncapp.services.applying import NOT_THERE, Applier
from syncapp.services.context import Context, Paused

# Reference: Intuit docs, requestid: a repeat gives the first answer; for how long isn't said, so not after this.
REPEATABLE = timedelta(hours=20)
# An answer that is still no answer after this long belongs to that write alone, and the company goes on without it.
LOST_AMONG = (
    "It was written to {side} and the answer was lost. It isn't found there as it was written, and what has the same "
    "{by} there was told apart from it: it may be one of those, or renamed."
)
STUBBORN = timedelta(hours=1)
MOST_TRIES = 3
NOT_IN_QBO = "Too old to be repeated safely, and not found in QuickBooks, so it may be written again."


def repeat_qbo(context: Context) -> None:
    """QuickBooks: send it again with the same request id; it answers as it did, or carries it out now.

    What is too old for that is looked for, as in BILL (``adopt``).
    """
    unfinished = list(Operation.objects.unfinished(context.company).filter(side=Side.QBO))
    if not unfinished:
        return
    recent = [each for each in unfinished if not _too_old(context, each)]
    for operations in _by_request(recent):
        if not _repeat(context, operations):
            # The others may have to wait for a timeout each: they come first the next time.
            break


def _too_old(context: Context, operation: Operation) -> bool:
    return context.clock() - operation.planned_at > REPEATABLE


def _by_request(operations: Sequence[Operation]) -> list[list[Operation]]:
    """As they were sent together, those first that were tried last the longest ago."""
    together: dict[tuple[str, str], list[Operation]] = defaultdict(list)
    for each in operations:
        together[each.kind, each.request_id].append(each)
    for batch in together.values():
        batch.sort(key=lambda each: int(each.item_id or 0))
    return sorted(together.values(), key=lambda batch: max(each.finished_at or each.planned_at for each in batch))


def _repeat(context: Context, operations: list[Operation]) -> bool:
    """One call, as it was made before. Where it stubbornly fails, its records stay in doubt and the rest goes on."""
    kind = KINDS[operations[0].kind]
    found = SyncedObject.objects.in_bulk([each.object_id for each in operations if each.object_id])
    try:
        Applier(context, kind, found, repeating=True).send(operations)
    except (Unavailable, BadAnswer) as error:
        if context.clock() - min(each.planned_at for each in operations) < STUBBORN:
            raise
        words = f"QuickBooks still doesn't say what became of {len(operations)} writes: {error.words}"
        context.note(words, kind=kind.name, level=Level.WARNING)
        return False
    context.note(f"{len(operations)} unfinished writes to QuickBooks were repeated safely.", kind=kind.name)
    return True


def settle_billcom(context: Context) -> None:
    """BILL: nothing can be repeated safely, so all that is unfinished waits until BILL has been read (``adopt``)."""
    planned = Operation.objects.unfinished(context.company).filter(side=Side.BILLCOM, state=OperationState.PLANNED)
    planned.update(state=OperationState.IN_DOUBT, finished_at=context.clock())


def _drop(context: Context, operations: Sequence[Operation], why: str) -> None:
    if not operations:
        return
    now = context.clock()
    keys = [each.pk for each in operations]
    with transaction.atomic():
        Operation.objects.filter(pk__in=keys).update(state=OperationState.DROPPED, error_words=why, finished_at=now)
        SyncedObject.objects.filter(pk__in=[each.object_id for each in operations]).update(needs_look=True)


def adopt(context: Context, kind: Kind) -> bool:
    """Writes in doubt: what is shown is taken as ours, what isn't may be written again. False: out of time."""
    doubtful = list(Operation.objects.unfinished(context.company).filter(kind=kind.name).order_by("planned_at", "pk"))
    in_billcom = [each for each in doubtful if each.side == Side.BILLCOM]
    if kind.name in context.company.not_available:
        # BILL doesn't list them to the connected user: they stay in doubt until it does.
        in_billcom = []
    if in_billcom:
        _wait_out(context, in_billcom)
        # Not finding it proves something only if it was looked for after the waiting was over.
        cursor = pulling_billcom.cursors(context.company).get(kind.name)
        if not pulling_billcom.pull(context, [kind], cursor):
            return False
    _settle(context, kind, Side.BILLCOM, in_billcom)
    # This run has read QuickBooks, long after these were sent for the last time.
    _settle(context, kind, Side.QBO, [each for each in doubtful if each.side == Side.QBO and _at_rest(context, each)])
    return True


def _at_rest(context: Context, operation: Operation) -> bool:
    """Too old to be repeated, and no repeat of it can still be at work; else it waits for a later sync."""
    tried = operation.finished_at or operation.planned_at
    return _too_old(context, operation) and context.clock() - tried > STUBBORN


def _settle(context: Context, kind: Kind, side: Side, doubtful: Sequence[Operation]) -> None:
    if changes := [each for each in doubtful if each.verb != Verb.CREATE]:
        _settle_changes(context, kind, side, changes)
    if creates := [each for each in doubtful if each.verb == Verb.CREATE]:
        _settle_creates(context, kind, side, creates)


def _settle_changes(context: Context, kind: Kind, side: Side, doubtful: Sequence[Operation]) -> None:
    """Where the product shows what was sent, it was carried out: no edit of a person's, and base from here on."""
    with transaction.atomic():
        context.confirm_lease()
        keys = [each.object_id or 0 for each in doubtful]
        found = SyncedObject.objects.select_for_update().in_bulk(keys)
        for operation in doubtful:
            operation.finished_at = context.clock()
            operation.state = OperationState.DROPPED
            operation.error_words = f"It was looked for and not found in {side.label}."
            if (row := found.get(operation.object_id or 0)) is not None:
                _settle_change(context, kind, side, operation, row)
        rows.save(list(found.values()), rows.PLAN_FIELDS)
        rows.save(doubtful, ("state", "error_words", "finished_at"))


def _settle_change(context: Context, kind: Kind, side: Side, operation: Operation, row: SyncedObject) -> None:
    sent, shown = operation.values, getattr(row, f"{side}_values") or {}
    names, whole = sent["changed"], sent["whole"]
    if all(same(kind.fields[name], whole.get(name), shown.get(name), side) for name in names):
        rows.agree_as_sent(row, side, names, shown, sent.get("source", {}), context.clock())
        operation.state, operation.error_words = OperationState.ADOPTED, ""
    rows.release(row, ObjectState.LINKED)
    row.needs_look = True


def _settle_creates(context: Context, kind: Kind, side: Side, doubtful: Sequence[Operation]) -> None:
    open_ = _not_linked_since(context, kind, side, doubtful)
    lookup = _lookup(context, kind, side, open_)
    keys = {each.pk: kind.keys(each.values["whole"], side, lookup).first for each in open_}
    made = _made_since(context, kind, side, min(each.planned_at for each in doubtful), set(keys.values()) - {""})
    missing = []
    for operation in open_:
        key = keys[operation.pk]
        if not (made[key] and _take(context, kind, operation, made[key].pop(0))):
            missing.append(operation)
    _drop(context, missing, NOT_THERE if side is Side.BILLCOM else NOT_IN_QBO)
    _ask_again(context, kind, side, missing)
    if side is Side.BILLCOM:
        _hold_stubborn(context, kind, missing)
    words = (
        f"{len(doubtful)} writes to {side.label} were in doubt: "
        f"{len(doubtful) - len(missing)} found there, the rest not."
    )
    context.note(words, kind=kind.name, level=Level.WARNING)


def _not_linked_since(context: Context, kind: Kind, side: Side, doubtful: Sequence[Operation]) -> Sequence[Operation]:
    """Without those whose record was read and linked by its match key while they waited: that is what they made."""
    linked = SyncedObject.objects.exclude(linking.ONE_SIDED).in_bulk([each.object_id or 0 for each in doubtful])
    met = [each for each in doubtful if each.object_id in linked]
    for operation in met:
        operation.state, operation.finished_at = OperationState.ADOPTED, context.clock()
        operation.remote_id = linked[operation.object_id or 0].remote_id(side) or ""
    with transaction.atomic():
        context.confirm_lease()
        rows.save(met, ("state", "finished_at", "remote_id"))
    context.count(kind.name, "adopted", len(met))
    return [each for each in doubtful if each.object_id not in linked]


def _ask_again(context: Context, kind: Kind, side: Side, missing: Sequence[Operation]) -> None:
    """Somebody may have renamed it there since: what is like it is proposed, even where a person told others apart.

    What has the very same key would be linked, against that person's word: there it is left out until somebody decides.
    """
    keys = [each.object_id or 0 for each in missing]
    if not SyncedObject.objects.filter(pk__in=keys, told_apart=True).exists():
        return
    # What was read in this run has no keys yet.
    linking.set_waiting_keys(context.company, kind)
    with transaction.atomic():
        context.confirm_lease()
        locked = SyncedObject.objects.select_for_update().filter(pk__in=keys, told_apart=True)
        apart = list(locked.order_by("pk"))
        found = linking.candidates(context.company, kind, apart)
        there = [row for row in found.values() if rows.one_side(row) is side]
        for row in apart:
            row.excluded = any(_share(row, each) for each in there)
            row.told_apart = row.excluded
            if row.excluded:
                facts = {"by": "The sync", "meaning": LOST_AMONG.format(side=side.label, by=kind.matched_by)}
                rows.hold(row, Hold(HoldCode.EXCLUDED, facts))
        rows.save(apart, (*rows.OUTCOME_FIELDS, "told_apart", "excluded"))


def _share(one: SyncedObject, other: SyncedObject) -> bool:
    """Whether they would be linked, if nobody had told them apart."""
    named = linking.KEY_FIELDS[: len(KINDS[one.kind].exact_keys)]
    return any(getattr(one, name) and getattr(one, name) == getattr(other, name) for name in named)


def _hold_stubborn(context: Context, kind: Kind, missing: Sequence[Operation]) -> None:
    """What BILL answers with an error each time is refused in effect: it is held, and the others go on."""
    tried = Operation.objects.filter(object__in=[each.object_id for each in missing], error_words=NOT_THERE)
    often = dict(tried.values_list("object").annotate(times=Count("pk")).filter(times__gte=MOST_TRIES))
    words = {each.object_id: each.error_words or "no answer" for each in missing}
    for row in SyncedObject.objects.filter(pk__in=often):
        said = f"it gave no answer {often[row.pk]} times ({words[row.pk]})"
        facts = {"side": Side.BILLCOM.label, "code": "no answer", "words": said, "tried": TRIED[Verb.CREATE]}
        rows.hold(row, Hold(HoldCode.REJECTED, facts))
        rows.save([row], rows.OUTCOME_FIELDS)
        context.note(f"{row}: {row.hold.describe() if row.hold else said}", kind=kind.name, level=Level.WARNING)


def _wait_out(context: Context, doubtful: Sequence[Operation]) -> None:
    """A request whose answer was lost may still be at work: not finding it proves nothing for a while."""
    lost_at: datetime = max(each.finished_at or each.planned_at for each in doubtful)
    settled_at = lost_at + timedelta(seconds=settings.IN_DOUBT_SECONDS)
    left = (settled_at - context.clock()).total_seconds()
    if left > 0:
        raise Paused(left, "An answer of BILL was lost; waiting before looking what became of the request.")


def _made_since(
    context: Context, kind: Kind, side: Side, since: datetime, wanted: set[str]
) -> dict[str, list[SyncedObject]]:
    """Unlinked records of that side that appeared since and have one of the wanted match keys, oldest first."""
    fresh = SyncedObject.objects.of(context.company, kind.name).filter(
        first_seen_at__gte=since - timedelta(minutes=1), **{f"{side.other}_id__isnull": True}
    )
    found: dict[str, list[SyncedObject]] = defaultdict(list)
    after = 0
    while chunk := list(fresh.filter(pk__gt=after).order_by("pk")[: rows.CHUNK]):
        after = chunk[-1].pk
        lookup = references.load(context.company, kind, chunk)
        for row in chunk:
            # As it was made: somebody may have archived it since, and what is gone has no key.
            values = getattr(row, f"{side}_values")
            key = kind.keys({**values, "active": True}, side, lookup).first
            if key in wanted:
                found[key].append(row)
    return found


def _lookup(context: Context, kind: Kind, side: Side, doubtful: Sequence[Operation]) -> Lookup:
    shown = [SyncedObject(**{f"{side}_values": each.values["whole"]}) for each in doubtful]
    return references.load(context.company, kind, shown)


def _take(context: Context, kind: Kind, operation: Operation, made: SyncedObject) -> bool:
    """The record is there: it is the one we asked for. Edits made since, on either side, are for the planner.

    False: a person gave the record to another meanwhile.
    """
    with transaction.atomic():
        context.confirm_lease()
        keys = (operation.object_id or 0, made.pk)
        found = SyncedObject.objects.select_for_update().in_bulk(keys)
        if len(found) < len(keys) or any(row.linked for row in found.values()):
            return False
        _make_one(context, kind, operation, *(found[key] for key in keys))
    context.count(kind.name, "adopted")
    return True


def _make_one(context: Context, kind: Kind, operation: Operation, row: SyncedObject, made: SyncedObject) -> None:
    """``row``: what was to be made. QuickBooks' row is the one that stays, as ever (``linking.absorb``)."""
    sent, side = operation.values, Side(operation.side)
    stays, goes = (row, made) if side is Side.BILLCOM else (made, row)
    linking.absorb(kind, stays, goes)
    rows.agree_as_sent(stays, side, sent["changed"], sent["whole"], sent.get("source", {}), context.clock())
    # What has just been created is active, whatever the record was made from.
    stays.base[Side.BILLCOM]["active"] = stays.base[Side.QBO]["active"] = True
    stays.state = ObjectState.LINKED
    linking.remove_absorbed(kind, {goes.pk: stays})
    rows.save([stays], [*rows.PLAN_FIELDS, *rows.shown_fields(Side.BILLCOM)])
    operation.state, operation.finished_at = OperationState.ADOPTED, context.clock()
    operation.remote_id, operation.object = stays.remote_id(side) or "", stays
    operation.save(update_fields=["state", "finished_at", "remote_id", "object"])
    linking.free(context.company, kind, [stays.pk])
