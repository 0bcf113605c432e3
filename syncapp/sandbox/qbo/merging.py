"""Two vendors or customers made one, as QuickBooks' screens do it: what named the one names the other from then on.

Reference: spec, QuickBooks API: merges are made by people only, and keep one id; whether transactions that are
re-pointed move in time isn't known.
"""

from __future__ import annotations

from typing import Any

from syncapp.sandbox.qbo import bodies, ledger, writing
from syncapp.sandbox.qbo.declaring import Entity
from syncapp.sandbox.qbo.entities import ENTITIES
from syncapp.sandbox.qbo.store import Record, value_of
from syncapp.sandbox.qbo.work import Work

REFERENCES = {"Vendor": ("VendorRef", "EntityRef"), "Customer": ("CustomerRef", "EntityRef")}


def merge(work: Work, entity: Entity, id: str, into: str) -> Record:
    """The record ``id`` becomes inactive, and ``into`` has its transactions. Raises Fault."""
    table = work.realm.table(entity.name)
    if entity.name not in REFERENCES or id == into or id not in table.rows or into not in table.rows:
        raise bodies.business("Two vendors or two customers of the company can be merged")
    stays = {"value": into, "name": table.rows[into]["DisplayName"]}
    for name, kind in ENTITIES.items():
        if kind.is_transaction:
            for record in list(work.realm.table(name)):
                changed = _repointed(record, REFERENCES[entity.name], id, stays)
                if changed != record:
                    _keep(work, name, record, changed)
    writing.deactivate(work, entity, id)
    return table.rows[into]


def _keep(work: Work, name: str, old: Record, changed: Record) -> None:
    table = work.realm.table(name)
    if work.switches.qbo_merge_touches_transactions:
        table.put(work.renewed(changed, old), work.second)
    else:
        table.reindex(changed)
    ledger.post(work, name, table.rows[old["Id"]])


def _repointed(value: Any, names: tuple[str, ...], id: str, stays: Record) -> Any:
    if isinstance(value, list):
        return [_repointed(each, names, id, stays) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: stays if name in names and value_of(each) == id else _repointed(each, names, id, stays)
        for name, each in value.items()
    }
