"""Save what one side shows into SyncedObjects: page by page, in bulk, before the cursor moves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from syncapp.core.codec import decode
from syncapp.core.holds import HoldCode
from syncapp.core.schema import Kind, Raw, Values
from syncapp.core.sides import Side
from syncapp.gateways.errors import BadAnswer, Rejected, Unavailable
from syncapp.models import Company, Cursor, Level, SyncedObject, UnreadRecord
from syncapp.services import guards, rows
from syncapp.services.context import Context, Stopped

LONGEST_VERSION = 40
PULL_FIELDS = ("values", "raw", "version")
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
"""What decoding a record of unexpected shape may raise."""


def version_of(raw: Raw, side: Side) -> str:
    return str(_version(raw, side) or "")[:LONGEST_VERSION]


def _version(raw: Raw, side: Side) -> Any:
    return raw.get("SyncToken" if side is Side.QBO else "updatedTime")


def id_of(raw: Raw, side: Side) -> str:
    return str(raw.get("Id" if side is Side.QBO else "id") or "")


def read_page(
    context: Context, kind: Kind, side: Side, raws: Iterable[Raw]
) -> tuple[list[tuple[str, Values, Raw]], dict[str, str]]:
    """(id, values, raw) of every record of this kind; and by its id why one can't be read."""
    found, unread = {}, {}
    raws = list(raws)
    others = _others(context, kind, side, raws)
    for raw in raws:
        remote_id = id_of(raw, side)
        if remote_id in others:
            continue
        try:
            if not isinstance(_version(raw, side), str | None):
                raise TypeError("its version is no text")
            found[remote_id] = (remote_id, _whole(kind, decode(kind, raw, side)), raw)
        except UNREADABLE as error:
            unread[remote_id] = _why(error)
            words = f"{side.label}: {kind.label} {remote_id} can't be read ({_why(error)}); it was left out."
            context.note(words, kind=kind.name, level=Level.ERROR)
            context.count(kind.name, "unreadable")
    return list(found.values()), unread


MOVED = "moved"
"""What a run counts of the records it read: those that were new or not as they had been."""


def _others(context: Context, kind: Kind, side: Side, raws: Sequence[Raw]) -> set[str]:
    """The ids of those that are another kind's: nothing of this one waits for them.

    What is known here stays this kind's, also where a person has taken off what it was recognised by.
    """
    if kind.skips is None:
        return set()
    skipped = {id_of(raw, side) for raw in raws if _is_another(kind, raw, side)}
    if skipped:
        known = SyncedObject.objects.of(context.company, kind.name).filter(**{f"{side}_id__in": skipped})
        skipped -= set(known.values_list(f"{side}_id", flat=True).order_by())
        keep_unread(context, kind, side, {}, skipped)
    return skipped


def _is_another(kind: Kind, raw: Raw, side: Side) -> bool:
    try:
        return kind.skips is not None and kind.skips(raw, side)
    except UNREADABLE:
        return False  # Decoding it says why.


def _why(error: Exception) -> str:
    """Without Python's words for it."""
    if isinstance(error, ValueError):
        return str(error)
    return f"a part of it is missing ({error})" if isinstance(error, LookupError) else "a part of it has another shape"


def _whole(kind: Kind, values: Values) -> Values:
    """What every record of a kind has, in both products; read as empty, it would look like somebody else's."""
    always = (kind.party, kind.date) if kind.transaction else (kind.title,)
    for name in always:
        if name and not values.get(name):
            raise ValueError(f"{kind.field_label(name)} is missing")
    return values


def store_page(context: Context, kind: Kind, side: Side, raws: Iterable[Raw]) -> set[str]:
    """Save one page; the ids it had. What shows nothing new in the fields we map is not looked at again."""
    records, unread = read_page(context, kind, side, raws)
    ids = {remote_id for remote_id, _, _ in records}
    keep_unread(context, kind, side, unread, ids)
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
        fields = [*(f"{side}_{name}" for name in PULL_FIELDS), "needs_look", "included", *rows.DESCRIBED]
        rows.save(changed, fields)
    context.count(kind.name, f"read.{side}", len(records))
    context.count(kind.name, f"{MOVED}.{side}", len(new) + len(changed))
    return ids


def unread(context: Context) -> dict[tuple[str, str], set[str]]:
    """(kind, side) -> the ids of the records that couldn't be read; asked for once in a slice."""
    if context.unread is None:
        context.unread = defaultdict(set)
        for each in UnreadRecord.objects.filter(company=context.company):
            context.unread[each.kind, each.side].add(each.remote_id)
    return context.unread


def keep_unread(context: Context, kind: Kind, side: Side, failed: Mapping[str, str], done: Set[str]) -> None:
    """Remember what can't be read; forget what can, or is ``done`` with because it is gone."""
    known = unread(context)[kind.name, side]
    cured, new = known & done, failed.keys() - known
    if not cured and not new:
        return
    with transaction.atomic():
        context.confirm_lease()
        own = UnreadRecord.objects.filter(company=context.company, kind=kind.name, side=side)
        own.filter(remote_id__in=cured).delete()
        UnreadRecord.objects.bulk_create(
            [
                UnreadRecord(
                    company=context.company,
                    kind=kind.name,
                    side=side,
                    remote_id=each,
                    why=failed[each][:300],
                    since=context.clock(),
                )
                for each in sorted(new)
            ],
            ignore_conflicts=True,
        )
        if cured:
            rows_of_kind = SyncedObject.objects.of(context.company, kind.name)
            rows_of_kind.filter(hold_code=HoldCode.WAITS_FOR, waits_for=None).look_again()
            # What was held because it couldn't be written over unread may show what it showed before.
            rows_of_kind.filter(**{f"{side}_id__in": cured}).look_again()
    known -= cured
    known |= new


def to_ask_again(context: Context, kind: Kind, side: Side, most: int) -> list[str]:
    """The unread records to ask for now: those that were asked for the longest ago, so that each has its turn."""
    if not unread(context)[kind.name, side]:
        return []
    own = UnreadRecord.objects.filter(company=context.company, kind=kind.name, side=side)
    first = own.order_by(F("asked_at").asc(nulls_first=True), "pk")[:most]
    chosen = {each.pk: each.remote_id for each in first}
    with transaction.atomic():
        context.confirm_lease()
        UnreadRecord.objects.filter(pk__in=chosen).update(asked_at=context.clock())
    return list(chosen.values())


def ask_again(
    context: Context, kind: Kind, side: Side, ids: Sequence[str], ask: Callable[[Sequence[str]], None]
) -> None:
    """Ask for these by their ids. One that is refused, or that the product stumbles over, stays where it is: it is
    found by halves, and the others are read. Only what says nothing of the record itself is raised.
    """
    try:
        ask(ids)
    except (Rejected, BadAnswer, Unavailable) as error:
        if isinstance(error, Unavailable) and error.status is None:
            raise
        if len(ids) > 1:
            half = len(ids) // 2
            ask_again(context, kind, side, ids[:half], ask)
            ask_again(context, kind, side, ids[half:], ask)
            return
        words = f"{side.label} doesn't show {kind.label.lower()} {ids[0]}, which couldn't be read: {error.words}"
        context.note(words, kind=kind.name, level=Level.WARNING)


def look_again_where_unread(context: Context, kind: Kind) -> None:
    """What waits because of unread records: one of them may be linked by now, and then it is nobody's twin."""
    if any(unread(context)[kind.name, side] for side in Side):
        waiting = SyncedObject.objects.of(context.company, kind.name)
        waiting.filter(hold_code=HoldCode.WAITS_FOR, waits_for=None).look_again()


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
    before, values = getattr(row, f"{side}_values"), rows.as_chosen(row, kind, side, values, raw)
    if before == values and getattr(row, f"{side}_version") == version_of(raw, side):
        return False
    if before != values:
        row.needs_look = True
        if not kind.approval_told and side is Side.BILLCOM and _differ(kind, before, values):
            row.included = False  # What a person knew to be approved was what it showed then.
    rows.show(row, kind, side, values, raw, version_of(raw, side))
    return True


def _differ(kind: Kind, before: Values | None, values: Values) -> bool:
    return before is None or any(before.get(name) != values.get(name) for name in kind.compared)


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
