"""SyncedObject rows in bulk: to and from the core's frozen values, saved chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model, Q

from syncapp.core.holds import Hold
from syncapp.core.planning import EARLIER
from syncapp.core.records import Seen, View
from syncapp.core.schema import Kind, Lookup, Raw, Target, Values
from syncapp.core.sides import Side
from syncapp.kinds.bill_payment import APPLICATION
from syncapp.kinds.bill_payment import KIND as BILL_PAYMENT
from syncapp.models import ObjectState, SyncedObject

CHUNK = 500
APPLIED_CREDITS = Q(kind=BILL_PAYMENT.name, billcom_id__startswith=APPLICATION)
"""Payments of zero that were worked out from what credits are applied to."""
DESCRIBED = ("label", "number", "amount", "date", "funded_from")
"""The columns that ``describe`` fills."""


def save(found: Sequence[Model], fields: Sequence[str]) -> None:
    """Save the named fields of rows that exist: one statement for up to ``CHUNK`` of them.

    Only the named columns, because the others are large; Django's own ways (``bulk_update``'s CASE for each row, an
    upsert of whole rows) take several times as long.
    """
    for start in range(0, len(found), CHUNK):
        _update(found[start : start + CHUNK], fields)


def _update(found: Sequence[Model], fields: Sequence[str]) -> None:
    model = type(found[0])
    database = connections[router.db_for_write(model)]
    known = {each.name: each for each in model._meta.concrete_fields}
    columns = [model._meta.pk, *(known[name] for name in fields)]
    params = [value for row in found for value in _stored(row, columns, database)]
    with database.cursor() as cursor:
        cursor.execute(_statement(model, columns, len(found), database), params)


def _statement(
    model: type[Model], columns: Sequence[Field[Any, Any]], count: int, database: BaseDatabaseWrapper
) -> str:
    """UPDATE … FROM (VALUES …), whose columns PostgreSQL takes for texts and SQLite for what they are."""
    quote = database.ops.quote_name
    names = [quote(str(each.column)) for each in columns]
    typed = [
        f"v.{name}::{_type(each, database)}" if database.vendor == "postgresql" else f"v.{name}"
        for name, each in zip(names, columns, strict=True)
    ]
    changes = ", ".join(f"{name} = {value}" for name, value in zip(names[1:], typed[1:], strict=True))
    marks = ", ".join([f"({', '.join(['%s'] * len(names))})"] * count)
    table = quote(model._meta.db_table)
    return (
        f"WITH v ({', '.join(names)}) AS (VALUES {marks}) "
        f"UPDATE {table} SET {changes} FROM v WHERE {table}.{names[0]} = {typed[0]}"
    )


def _type(each: Field[Any, Any], database: BaseDatabaseWrapper) -> str:
    """Without its length: a cast would cut off what is too long, where the column refuses it."""
    return str(each.rel_db_type(database)).split("(")[0]


def _stored(row: Model, columns: Iterable[Field[Any, Any]], database: BaseDatabaseWrapper) -> list[Any]:
    return [each.get_db_prep_save(getattr(row, each.attname), database) for each in columns]


def view(row: SyncedObject, side: Side) -> View | None:
    remote_id = row.remote_id(side)
    if remote_id is None:
        return None
    return View(remote_id, getattr(row, f"{side}_values"), getattr(row, f"{side}_version"))


def seen(row: SyncedObject) -> Seen:
    return Seen(row.pk, view(row, Side.BILLCOM), view(row, Side.QBO), row.base, row.included)


def one_side(row: SyncedObject) -> Side | None:
    """The only side a row has, or None when it is linked."""
    if row.linked:
        return None
    return Side.BILLCOM if row.billcom_id is not None else Side.QBO


def as_chosen(row: SyncedObject, kind: Kind, side: Side, values: Values, raw: Raw) -> Values:
    """What ``side`` shows, with what a person has said about the record where it can be read in two ways."""
    if side is Side.BILLCOM and row.first_location and kind.at_first_location is not None:
        return kind.at_first_location(values, raw)
    return values


def show(row: SyncedObject, kind: Kind, side: Side, values: Values, raw: Raw, version: str) -> None:
    """What ``side`` shows now."""
    setattr(row, f"{side}_values", as_chosen(row, kind, side, values, raw))
    setattr(row, f"{side}_raw", raw)
    setattr(row, f"{side}_version", version)
    describe(row, kind)


def describe(row: SyncedObject, kind: Kind) -> None:
    """The columns people search and sort by; BILL's words where it has the record."""
    values = row.billcom_values or row.qbo_values or {}
    row.label = str(values.get(kind.title) or "")[:500]
    row.number = str(values.get(kind.number) or "")[:100] if kind.number else ""
    row.amount = _amount(values.get(kind.amount)) if kind.amount else None
    row.date = date.fromisoformat(values[kind.date]) if kind.date and values.get(kind.date) else None
    row.funded_from = str(values.get(kind.funded_from) or "")[:40] if kind.funded_from else ""


def party(row: SyncedObject, kind: Kind, lookup: Lookup) -> Target | None:
    """Whom a transaction is with; BILL's word where it has the record, as in ``describe``."""
    if not kind.party:
        return None
    side = Side.BILLCOM if row.billcom_values else Side.QBO
    remote_id = (getattr(row, f"{side}_values") or {}).get(kind.party)
    return lookup.find(kind.fields[kind.party].ref, side, remote_id) if remote_id else None


def _amount(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def hold(row: SyncedObject, reason: Hold, candidates: Iterable[int] = ()) -> None:
    row.state = ObjectState.HELD
    row.hold_code = reason.code
    row.hold_facts = dict(reason.facts)
    row.waits_for_id = reason.waits_for
    row.candidates = list(candidates)
    row.needs_look = False


def release(row: SyncedObject, state: ObjectState) -> None:
    row.state = state
    row.hold_code = ""
    row.hold_facts = {}
    row.waits_for_id = None
    row.candidates = []
    row.needs_look = False


def agree(row: SyncedObject, kind: Kind, fields: Iterable[str], now: datetime) -> None:
    """Both sides agree on these fields as they are now: that is their base from here on."""
    base = row.base or {Side.BILLCOM.value: {}, Side.QBO.value: {}}
    for name in fields:
        base[Side.BILLCOM][name] = (row.billcom_values or {}).get(name)
        base[Side.QBO][name] = (row.qbo_values or {}).get(name)
        _forget_earlier(base, name)
    row.base = base
    row.synced_at = now


def agree_as_sent(
    row: SyncedObject, side: Side, fields: Iterable[str], shown: Values, source: Values, now: datetime
) -> None:
    """A write to ``side`` was carried out: there it shows ``shown``, and it carried over what ``source`` had then."""
    base = row.base or {Side.BILLCOM.value: {}, Side.QBO.value: {}}
    for name in fields:
        base[side][name] = shown.get(name)
        base[side.other][name] = source.get(name)
        _forget_earlier(base, name)
    row.base = base
    row.synced_at = now


def _forget_earlier(base: dict[str, dict[str, Any]], name: str) -> None:
    for own in base.values():
        own.pop(EARLIER + name, None)


def settled(row: SyncedObject, kind: Kind) -> bool:
    """Whether both sides show what they last agreed on."""
    if row.base is None or not row.linked:
        return False
    return all(
        row.billcom_values.get(name) == row.base[Side.BILLCOM].get(name)
        and row.qbo_values.get(name) == row.base[Side.QBO].get(name)
        for name in kind.compared
    )


def forget_gone_targets(found: Iterable[SyncedObject]) -> None:
    """What a row points at may have become part of another meanwhile: then it is let go, and looked at again."""
    pointing = [(row, name) for row in found for name in ("waits_for_id", "party_id") if getattr(row, name) is not None]
    there = set(_existing({getattr(row, name) for row, name in pointing}))
    for row, name in pointing:
        if getattr(row, name) not in there:
            setattr(row, name, None)
            row.needs_look = True


def _existing(keys: set[int]) -> Iterable[int]:
    return SyncedObject.objects.select_for_update().filter(pk__in=keys).values_list("pk", flat=True) if keys else ()


def is_gone(row: SyncedObject) -> bool:
    return all((values or {}).get("active") is False for values in (row.billcom_values, row.qbo_values))


PLAN_FIELDS = (
    "state",
    "hold_code",
    "hold_facts",
    "waits_for",
    "candidates",
    "needs_look",
    "base",
    "synced_at",
    "told_apart",
    "wanted",
    "party",
)
"""What deciding may change."""

OUTCOME_FIELDS = (*(name for name in PLAN_FIELDS if name not in ("told_apart", "wanted", "party")), "included")
"""What an answer may change: not what a person said about the record meanwhile. While its write is open, nobody says
that it is to be included.
"""


def shown_fields(side: Side) -> tuple[str, ...]:
    """What changes with what a side shows."""
    return (*(f"{side}_{name}" for name in ("id", "values", "raw", "version")), *DESCRIBED)
