"""Save what one side shows into SyncedObjects: page by page, in bulk, before the cursor moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from syncapp.core.codec import decode
from syncapp.core.schema import Kind, Raw, Values
from syncapp.core.sides import Side
from syncapp.models import Company, Cursor, Level, SyncedObject
from syncapp.services import guards, rows
from syncapp.services.context import Context, Stopped

PULL_FIELDS = ("values", "raw", "version")
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
"""What decoding a record of unexpected shape may raise."""


def version_of(raw: Raw, side: Side) -> str:
    return str(raw.get("SyncToken" if side is Side.QBO else "updatedTime") or "")


def id_of(raw: Raw, side: Side) -> str:
    return str(raw.get("Id" if side is Side.QBO else "id") or "")


def read_page(context: Context, kind: Kind, side: Side, raws: Iterable[Raw]) -> list[tuple[str, Values, Raw]]:
    """(id, values, raw) of every record of this kind; one that can't be read is logged and left as it was."""
    found = {}
    for raw in raws:
        if kind.skips and kind.skips(raw, side):
            continue
        try:
            found[id_of(raw, side)] = (id_of(raw, side), decode(kind, raw, side), raw)
        except UNREADABLE as error:
            words = f"{side.label}: {kind.label} {id_of(raw, side)} has an unexpected shape ({error}); it was left out."
            context.note(words, kind=kind.name, level=Level.ERROR)
            context.count(kind.name, "unreadable")
    return list(found.values())


def store_page(context: Context, kind: Kind, side: Side, raws: Iterable[Raw]) -> set[str]:
    """Save one page; the ids it had. What shows nothing new in the fields we map is not looked at again."""
    records = read_page(context, kind, side, raws)
    ids = {remote_id for remote_id, _, _ in records}
    if not records:
        return ids
    with transaction.atomic():
        context.confirm_lease()
        known = _known(context, kind, side, ids)
        new, changed = [], []
        for remote_id, values, raw in records:
            row = known.get(remote_id)
            if row is None:
                new.append(_new(context, kind, side, remote_id, values, raw))
            elif _update(context, kind, side, row, values, raw):
                changed.append(row)
        SyncedObject.objects.bulk_create(new, batch_size=rows.CHUNK)
        fields = [*(f"{side}_{name}" for name in PULL_FIELDS), "needs_look", "label", "number", "amount", "date"]
        rows.save(changed, fields)
    context.count(kind.name, f"read.{side}", len(records))
    return ids


def read_so_far(context: Context, side: Side) -> int:
    """How many records of any kind this run has read of a side."""
    return sum(number for name, number in context.counts.items() if name.endswith(f".read.{side}"))


def _known(context: Context, kind: Kind, side: Side, ids: Iterable[str]) -> dict[str, SyncedObject]:
    """Locked: a person who links one of them meanwhile waits, and what was read goes where the record is then."""
    found = SyncedObject.objects.select_for_update().of(context.company, kind.name).filter(**{f"{side}_id__in": ids})
    # In no order: in that of the primary key, SQLite would read through the whole company.
    return {str(row.remote_id(side)): row for row in found.defer("billcom_raw", "qbo_raw").order_by()}


def _new(context: Context, kind: Kind, side: Side, remote_id: str, values: Values, raw: Raw) -> SyncedObject:
    row = SyncedObject(company=context.company, kind=kind.name, first_seen_at=context.clock())
    setattr(row, f"{side}_id", remote_id)
    rows.show(row, kind, side, values, raw, version_of(raw, side))
    return row


def _update(context: Context, kind: Kind, side: Side, row: SyncedObject, values: Values, raw: Raw) -> bool:
    """Whether the row has to be saved; it is looked at again only where a mapped value changed."""
    before = getattr(row, f"{side}_values")
    if before == values and getattr(row, f"{side}_version") == version_of(raw, side):
        return False
    if before != values:
        row.needs_look = True
    rows.show(row, kind, side, values, raw, version_of(raw, side))
    return True


def mark_gone(context: Context, kind: Kind, ids: Sequence[str]) -> None:
    """QuickBooks says these transactions were deleted."""
    gone = []
    with transaction.atomic():
        context.confirm_lease()
        for row in _known(context, kind, Side.QBO, ids).values():
            if row.qbo_values and row.qbo_values.get("active") is not False:
                row.qbo_values = {**row.qbo_values, "active": False}
                row.needs_look = True
                gone.append(row)
        rows.save(gone, ["qbo_values", "needs_look"])
    context.count(kind.name, "deleted.qbo", len(gone))


def check_empty(context: Context, kind: Kind, side: Side, read: int) -> None:
    if not context.run.let_pass and (stop := guards.empty(context.company, kind, side, read)):
        raise Stopped(stop.code, stop.what)


def move_cursor(context: Context, side: Side, kind: str, read_to: datetime) -> None:
    """Call it only after what was read has been saved."""
    with transaction.atomic():
        context.confirm_lease()
        _move(context.company, side, {kind: read_to})


def move_cursors(context: Context) -> None:
    """Those of BILL, all at once, inside the transaction that holds the lease."""
    _move(context.company, Side.BILLCOM, context.cursors)
    context.cursors.clear()


def _move(company: Company, side: Side, moved: Mapping[str, datetime]) -> None:
    cursors = [Cursor(company=company, side=side, kind=kind, read_to=read_to) for kind, read_to in moved.items()]
    Cursor.objects.bulk_create(
        cursors, update_conflicts=True, unique_fields=["company", "side", "kind"], update_fields=["read_to"]
    )
