"""One chunk of rows: pair them up, decide each, and write down what is to be done before anything is sent."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from syncapp.core.codec import encode
from syncapp.core.holds import Hold, HoldCode
from syncapp.core.planning import bring_back, decide
from syncapp.core.records import Clash, Decision, Outcome, Write, WriteVerb
from syncapp.core.schema import Draft, Kind, Lookup, Raw, Retirement, Terms, Values
from syncapp.core.sides import Side
from syncapp.models import Company, Conflict, ConflictState, Level, ObjectState, Operation, SyncedObject, UnreadRecord
from syncapp.services import given, linking, merges, references, rows
from syncapp.services.context import Context

QBO_BATCH = 30
BY_PEOPLE = ("billcom_id", "qbo_id", "excluded", "included", "first_location", "wanted", "told_apart")
"""What a person's word changes of a row: links, exclusions, values to bring back, candidates told apart, locations."""


@dataclass
class ChunkPlan:
    """What a chunk needs: rows as they will be saved, decisions, operations, and rows that became one."""

    kind: Kind
    rows: dict[int, SyncedObject]
    lookup: Lookup
    terms: Terms
    decisions: dict[int, Decision] = field(default_factory=dict)
    absorbed: dict[int, SyncedObject] = field(default_factory=dict)
    linked: list[int] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    left: int = 0
    """Rows left for the next round."""
    forbidden: dict[int, Hold] = field(default_factory=dict)
    """Rows whose value a person wanted back, and what forbids it."""
    as_read: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    """What people may change of each row, as it was when it was read."""

    @property
    def did_something(self) -> bool:
        return bool(self.operations or self.linked or self.left)


def make(company: Company, kind: Kind, chunk: Sequence[SyncedObject], terms: Terms) -> ChunkPlan:
    """The plan for these rows. Nothing is saved and nothing is sent: preview stops here."""
    unlinked = [row for row in chunk if not row.linked and not row.excluded]
    found = linking.candidates(company, kind, unlinked) if unlinked else {}
    matches = linking.pairs(kind, found)
    plan = ChunkPlan(kind, {row.pk: row for row in chunk}, Lookup(), terms)
    plan.as_read = {row.pk: tuple(getattr(row, name) for name in BY_PEOPLE) for row in (*chunk, *found.values())}
    for billcom_key, qbo_key in matches.links:
        keep, other = found[qbo_key], found[billcom_key]
        linking.absorb(kind, keep, other)
        plan.rows.pop(other.pk, None)
        plan.rows[keep.pk] = keep
        plan.absorbed[other.pk] = keep
        plan.linked.append(keep.pk)
    plan.rows |= {key: found[key] for key in matches.holds}
    plan.lookup = references.load(company, kind, plan.rows.values())
    references.relink(plan.lookup, kind, [plan.rows[key] for key in plan.linked])
    _leave_children(plan)
    for key in given.namesakes(company, kind, plan.rows):
        del plan.rows[key]
        plan.left += 1
    for key, row in plan.rows.items():
        party = rows.party(row, kind, plan.lookup)
        row.party_id = party.key if party else None
        if key in matches.holds and not given.comes_first(row):
            rows.hold(row, *matches.holds[key])
        else:
            _decide(plan, row, terms)
    _wait_for_unread(company, plan)
    return plan


def _wait_for_unread(company: Company, plan: ChunkPlan) -> None:
    """What can't be read on the other side may be the twin of anything that would be made there.

    Not where it is known and linked: then it is the twin of its own, and nothing is written over it.
    """
    writes = [(key, write) for key, decision in plan.decisions.items() for write in decision.writes]
    for side in {write.side for _, write in writes}:
        to_side = [(key, write.verb) for key, write in writes if write.side is side]
        creating = [key for key, verb in to_side if verb is WriteVerb.CREATE]
        if creating and (found := _unread(company, plan.kind, side)):
            _hold_all(plan, creating, _unread_hold(plan.kind, side, *found))
        changing = {str(plan.rows[key].remote_id(side)): key for key, verb in to_side if verb is not WriteVerb.CREATE}
        if changing:
            own = UnreadRecord.objects.filter(company=company, kind=plan.kind.name, side=side)
            for each in own.filter(remote_id__in=changing):
                key = changing[each.remote_id]
                _hold_all(plan, [key], _unread_own_hold(plan.kind, side, each, linked=plan.rows[key].linked))


def _hold_all(plan: ChunkPlan, keys: Iterable[int], hold: Hold) -> None:
    for key in keys:
        if key in plan.as_read:  # What a person has given it is written later.
            plan.rows[key].wanted = dict(plan.as_read[key][BY_PEOPLE.index("wanted")])
        plan.decisions[key] = Decision(key, Outcome.HELD, hold=hold)


def _unread(company: Company, kind: Kind, side: Side) -> tuple[UnreadRecord, int] | None:
    """The oldest, and how many more there are."""
    pairs = SyncedObject.objects.of(company, kind.name).filter(**{f"{side.other}_id__isnull": False})
    known = pairs.filter(**{f"{side}_id": OuterRef("remote_id")})
    found = UnreadRecord.objects.filter(company=company, kind=kind.name, side=side)
    unknown = found.exclude(Exists(known)).order_by("since", "pk")
    first = unknown.first()
    return None if first is None else (first, unknown.count() - 1)


def _unread_hold(kind: Kind, side: Side, first: UnreadRecord, others: int) -> Hold:
    what = f"{kind.label.lower()} {first.remote_id} in {side.label}"
    more = f" (and {others} more)" if others else ""
    meaning = (
        f"It may be {what}{more}, which can't be read: {first.why.rstrip('.')}. "
        f"Until it can, no {kind.label.lower()} is made there."
    )
    return Hold(HoldCode.WAITS_FOR, {"target": what, "meaning": meaning, "fix": _unread_fix(side)})


def _unread_own_hold(kind: Kind, side: Side, unread: UnreadRecord, *, linked: bool) -> Hold:
    what = f"{kind.label.lower()} {unread.remote_id} in {side.label}"
    told = f"It is linked with {what}, which can't be read" if linked else f"It is {what}, which can't be read just now"
    meaning = f"{told}: {unread.why.rstrip('.')}. Until it can, nothing is written over it."
    return Hold(HoldCode.WAITS_FOR, {"target": what, "meaning": meaning, "fix": _unread_fix(side)})


def _unread_fix(side: Side) -> str:
    return (
        f"Open it in {side.label} and fill in or correct that; the next sync reads it again. If nothing is wrong with "
        "it there, send the list on the page Unreadable records to whoever runs Tieout."
    )


def _leave_children(plan: ChunkPlan) -> None:
    """Children of a parent that was paired just now have no true key yet: they wait for the next round."""
    if plan.kind.name not in plan.kind.keyed_by or not plan.linked:
        return
    fresh = set(plan.linked)
    for key, row in list(plan.rows.items()):
        side = rows.one_side(row)
        if side is not None and _parents(plan, row, side) & fresh:
            del plan.rows[key]
            plan.left += 1


def _parents(plan: ChunkPlan, row: SyncedObject, side: Side) -> set[int]:
    values = getattr(row, f"{side}_values")
    names = [name for name in plan.kind.key_refs if plan.kind.fields[name].ref == plan.kind.name]
    found = [plan.lookup.find(plan.kind.name, side, values[name]) for name in names if values.get(name)]
    return {target.key for target in found if target is not None}


def _decide(plan: ChunkPlan, row: SyncedObject, terms: Terms) -> None:
    if row.excluded:
        rows.hold(row, Hold(HoldCode.EXCLUDED, {"by": str(row.excluded_by or "Somebody")}))
        return
    if merges.stands(row) and row.hold is not None:
        rows.hold(row, row.hold, row.candidates)
        return
    decision = decide(plan.kind, rows.seen(row), terms, plan.lookup)
    if row.wanted and row.linked and (decision.outcome is Outcome.IN_STEP or given.solves(row, decision)):
        decision = _bring_back(plan, row, terms) or decision
    elif row.wanted and decision.outcome is Outcome.RETIRED:
        row.wanted = {}
    elif row.wanted and not row.linked:
        decision = given.written(plan.kind, row, terms) or decision
    plan.decisions[row.pk] = decision


def _bring_back(plan: ChunkPlan, row: SyncedObject, terms: Terms) -> Decision | None:
    """A person wants a value back that lost a conflict: it is written to both sides, in each one's terms."""
    wanted: dict[Side, dict[str, Any]] = {}
    for name, each in row.wanted.items():
        wanted.setdefault(Side(each["side"]), {})[name] = each["value"]
    found = bring_back(plan.kind, rows.seen(row), wanted, terms, plan.lookup)
    if isinstance(found, Hold):
        plan.forbidden[row.pk] = found
    row.wanted = {}
    return Decision(row.pk, Outcome.WRITE, writes=found) if found and not isinstance(found, Hold) else None


def commit(context: Context, plan: ChunkPlan) -> bool:
    """Write the plan down: states, holds, conflicts, and every operation before its call.

    False: nothing was saved, because somebody linked, excluded or chose something since the rows were read.
    """
    remarks = list(_remarks(plan))
    for key, decision in plan.decisions.items():
        _take_over(context, plan, plan.rows[key], decision)
    # What is taken away makes room for what is put in its place.
    plan.operations.sort(key=lambda each: each.verb != WriteVerb.RETIRE)
    _number_requests(plan.kind, plan.operations)
    with transaction.atomic():
        context.confirm_lease()
        if not _as_it_was(context, plan):
            return False
        linking.remove_absorbed(plan.kind, plan.absorbed)
        rows.forget_gone_targets(plan.rows.values())
        rows.save(list(plan.rows.values()), rows.PLAN_FIELDS)
        # A pair has QuickBooks' row, and BILL's side is new to it.
        rows.save([plan.rows[key] for key in plan.linked], linking.LINKED_FIELDS)
        Operation.objects.bulk_create(plan.operations, batch_size=rows.CHUNK)
        Conflict.objects.bulk_create(plan.conflicts, batch_size=rows.CHUNK)
        if plan.linked:
            linking.free(context.company, plan.kind, plan.linked)
        if plan.forbidden:
            given_back = Conflict.objects.filter(object__in=plan.forbidden, state=ConflictState.RESTORED)
            given_back.update(state=ConflictState.OPEN, closed_by=None, closed_at=None)
    for words in (*_cuts(plan), *remarks):
        context.note(words, kind=plan.kind.name)
    for key, hold in plan.forbidden.items():
        words = f"{plan.rows[key]}: the other value can't be restored. {hold.describe()} {hold.fix()}"
        context.note(words, kind=plan.kind.name, level=Level.WARNING)
    context.count(plan.kind.name, "linked", len(plan.linked))
    context.count(plan.kind.name, "conflicts", len(plan.conflicts))
    for conflict in plan.conflicts:
        label = plan.kind.field_label(conflict.field)
        what = f"Both sides changed {label} of" if conflict.base_value is not None else f"{label} differed on"
        words = f"{what} {conflict.object}; kept {Side(conflict.kept).label}'s value."
        context.note(words, kind=plan.kind.name)
    return True


def _cuts(plan: ChunkPlan) -> Iterator[str]:
    """A text that the other side has no room for is cut, and never silently."""
    for key, decision in plan.decisions.items():
        for write in decision.writes:
            shown = getattr(plan.rows[key], f"{write.side.other}_values") or {}
            for label, limit in _cut_in(plan.kind, write, shown):
                yield f"{plan.rows[key]}: {label} is cut to {limit} characters in {write.side.label}."


def _cut_in(kind: Kind, write: Write, shown: Values) -> Iterator[tuple[str, int]]:
    """(field, characters there) of what this write carries over in part. Facts are written with what is new."""
    facts = {name for name, each in kind.fields.items() if each.fact} if write.verb is WriteVerb.CREATE else set()
    for name in sorted(write.changed | facts):
        limit, value = kind.fields[name].limits.get(write.side), shown.get(name)
        if limit and isinstance(value, str) and len(value) > limit:
            yield kind.field_label(name), limit


def _remarks(plan: ChunkPlan) -> Iterator[str]:
    """What people should know of a record, when it goes over or gets so."""
    for key, decision in plan.decisions.items() if plan.kind.remark else ():
        row, created = plan.rows[key], [each for each in decision.writes if each.verb is WriteVerb.CREATE]
        if not row.linked and not created:
            continue
        shown = row.billcom_values or created[0].values
        if (words := remark(plan.kind, shown)) and words != remark(plan.kind, (row.base or {}).get(Side.BILLCOM)):
            yield f"{row}: {words}"


def remark(kind: Kind, shown: Raw | None) -> str:
    """What there is to say of what BILL shows."""
    return kind.remark(shown) if kind.remark and shown else ""


def _as_it_was(context: Context, plan: ChunkPlan) -> bool:
    """Whether the rows are as they were read, and the preferences too; locked, so that they stay so."""
    now = SyncedObject.objects.select_for_update().filter(pk__in=plan.as_read).order_by("pk")
    if {key: tuple(values) for key, *values in now.values_list("pk", *BY_PEOPLE)} != plan.as_read:
        return False
    # After the lock: who changes preferences also asks for another look at the rows, and waits for us with that.
    context.refresh_terms()
    return context.terms == plan.terms


def _take_over(context: Context, plan: ChunkPlan, row: SyncedObject, decision: Decision) -> None:
    rows.agree(row, plan.kind, decision.agreed, context.clock())
    if decision.outcome is Outcome.WRITE:
        rows.release(row, ObjectState.PENDING)
        plan.operations += [operation(context, plan, row, write) for write in decision.writes]
    elif decision.hold is not None:
        rows.hold(row, decision.hold)
    else:
        state = ObjectState.RETIRED if decision.outcome is Outcome.RETIRED else ObjectState.LINKED
        rows.release(row, state)
    if decision.hold is not None and decision.writes:
        # One part is written, another may not be: the hold shows, and stays after the write.
        row.hold_code, row.hold_facts = decision.hold.code, dict(decision.hold.facts)
        row.waits_for_id = decision.hold.waits_for
    plan.conflicts += [_conflict(context, plan.kind, row, clash) for clash in decision.clashes]


def _conflict(context: Context, kind: Kind, row: SyncedObject, clash: Clash) -> Conflict:
    return Conflict(
        company=context.company,
        run=context.run,
        object=row,
        kind=kind.name,
        field=clash.field,
        base_value=clash.base,
        billcom_value=clash.billcom,
        qbo_value=clash.qbo,
        kept=clash.kept,
        at=context.clock(),
    )


def operation(context: Context, plan: ChunkPlan, row: SyncedObject, write: Write) -> Operation:
    return Operation(
        id=uuid.uuid4(),
        company=context.company,
        run=context.run,
        object=row,
        kind=plan.kind.name,
        side=write.side,
        verb=write.verb.value,
        payload=payload(plan.kind, row, write, context.terms, plan.lookup),
        values=_remembered(row, write),
        planned_at=context.clock(),
    )


def _remembered(row: SyncedObject, write: Write) -> Raw:
    """What is written, and of the fields it changes what both sides showed when this was planned.

    ``source``: the other side; that, and no later edit, is what the write carries over. ``before``: the side that is
    written to, for people who ask later what has changed.
    """
    source = _changed_of(row, write.side.other, write)
    kept = {"whole": write.values, "changed": sorted(write.changed), "source": source}
    if write.verb is not WriteVerb.CREATE:
        kept["before"] = _changed_of(row, write.side, write)
    return kept


def _changed_of(row: SyncedObject, side: Side, write: Write) -> Raw:
    shown = getattr(row, f"{side}_values") or {}
    return {name: shown.get(name) for name in write.changed}


def payload(kind: Kind, row: SyncedObject, write: Write, terms: Terms, lookup: Lookup) -> Raw:
    """The request body. QuickBooks: sparse, with the version it is based on. BILL: changed fields, or all (PUT)."""
    creating = write.verb is WriteVerb.CREATE
    whole = creating or (write.side is Side.BILLCOM and kind.billcom.replace)
    names = frozenset(kind.compared) if whole else write.changed
    current = None if creating else getattr(row, f"{write.side}_raw")
    draft = Draft(
        write.side,
        write.values,
        names,
        current,
        terms,
        lookup,
        row.remote_id(write.side) or "",
        getattr(row, f"{write.side}_version"),
    )
    if write.verb in (WriteVerb.RETIRE, WriteVerb.RESTORE):
        return _retirement(kind, draft, write) if write.side is Side.QBO else {}
    body = encode(kind, draft, creating=creating)
    if write.side is Side.BILLCOM:
        body.pop("archived", None)
        return body
    return body if creating else {**_always(kind, draft), **body, **_versioned(draft)}


def _versioned(draft: Draft) -> Raw:
    return {"Id": draft.remote_id, "SyncToken": draft.version, "sparse": True}


def _always(kind: Kind, draft: Draft) -> Raw:
    repeated = Draft(
        draft.side, draft.values, frozenset(kind.qbo.always), draft.current, draft.terms, draft.lookup, draft.remote_id
    )
    return encode(kind, repeated, creating=False) if kind.qbo.always else {}


def _retirement(kind: Kind, draft: Draft, write: Write) -> Raw:
    if kind.qbo.retire is Retirement.DEACTIVATE:
        return {**_always(kind, draft), **_versioned(draft), "Active": write.verb is WriteVerb.RESTORE}
    return {"Id": draft.remote_id, "SyncToken": draft.version}


def _number_requests(kind: Kind, operations: list[Operation]) -> None:
    """Few QuickBooks writes go out singly (free), many in batches of 30 (one metered call each); voids go singly."""
    to_qbo = [each for each in operations if each.side == Side.QBO]
    for each in to_qbo:
        each.request_id = str(each.id)
    voids = kind.qbo.retire is Retirement.VOID
    to_qbo = [each for each in to_qbo if not (voids and each.verb == WriteVerb.RETIRE)]
    if len(to_qbo) < settings.QBO_BATCH_FROM:
        return
    for start in range(0, len(to_qbo), QBO_BATCH):
        request_id = str(uuid.uuid4())
        for position, each in enumerate(to_qbo[start : start + QBO_BATCH]):
            each.request_id, each.item_id = request_id, str(position + 1)


def describe_write(kind: Kind, row: SyncedObject, write: Write) -> list[tuple[str, Any, Any]]:
    """(field, before, after) of one planned write, in the target side's terms."""
    current = getattr(row, f"{write.side}_values") or {}
    found = []
    for name in kind.compared:
        after = write.values.get(name)
        if name in write.changed and after != current.get(name) and after not in (None, "", []):
            found.append((name, current.get(name), after))
    return found
