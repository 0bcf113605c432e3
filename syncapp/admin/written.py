"""What one write changed: field by field, what the side had, as far as it is known, and what it was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from syncapp.admin.cells import Cell, Wanted, cell, names_in
from syncapp.core.schema import Kind
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import Conflict, Operation, Verb


@dataclass(frozen=True, kw_only=True)
class Written:
    label: str
    before: Cell | None
    after: Cell


def written(operation: Operation) -> list[Written]:
    """Fields that the write changed, or all it filled where it created the record."""
    kind = KINDS.get(operation.kind)
    whole: dict[str, Any] = (operation.values or {}).get("whole") or {}
    if kind is None or not whole:
        return []
    earlier = {} if operation.verb == Verb.CREATE else _earlier(operation)
    names = [name for name in _changed(operation, whole) if name in kind.fields]
    pairs = [(name, _wanted(operation, kind, name, earlier), _wanted(operation, kind, name, whole)) for name in names]
    labels = names_in([each for _, *both in pairs for each in both])
    return [
        Written(
            label=kind.field_label(name),
            before=cell(before, labels) if name in earlier else None,
            after=cell(after, labels),
        )
        for name, before, after in pairs
    ]


def _changed(operation: Operation, whole: dict[str, Any]) -> list[str]:
    if operation.verb == Verb.CREATE:
        return [name for name, value in whole.items() if value not in (None, "", [])]
    return list((operation.values or {}).get("changed") or [])


def _wanted(operation: Operation, kind: Kind, name: str, values: Mapping[str, Any]) -> Wanted:
    """The journal keeps values with the ids of the side that was written to."""
    side = Side(operation.side)
    return Wanted(company=operation.company_id, field=kind.fields[name], side=side, value=values.get(name))


def _earlier(operation: Operation) -> dict[str, Any]:
    """What the record had; of writes before that was kept, where the two sides disagreed the conflict tells."""
    if "before" in (operation.values or {}):
        return dict(operation.values["before"])
    if operation.object_id is None or operation.run_id is None:
        return {}
    lost = Conflict.objects.filter(object=operation.object_id, run=operation.run_id).exclude(kept=operation.side)
    return {each.field: each.lost_value for each in lost}
