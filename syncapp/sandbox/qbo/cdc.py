"""Change data capture: what changed since a moment, across entities.

Reference: https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/change-data-capture"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from syncapp.sandbox.qbo import bodies, times
from syncapp.sandbox.qbo.declaring import Entity
from syncapp.sandbox.qbo.entities import BY_PATH
from syncapp.sandbox.qbo.store import Record, Table
from syncapp.sandbox.qbo.work import Work

DAYS_KEPT = timedelta(days=30)
#: All entities together. There is no second page.
MOST = 1000


def changes(work: Work, entities: str, since: str) -> list[dict[str, Any]]:
    """The CDCResponse."""
    wanted = [_entity(name.strip()) for name in entities.split(",") if name.strip()]
    if not wanted:
        raise bodies.required("entities")
    second = _since(work, since)
    responses: list[dict[str, Any]] = []
    left = MOST
    for entity in dict.fromkeys(entity.name for entity in wanted):
        found = _changed(work, work.realm.table(entity), second)[:left]
        left -= len(found)
        if found:
            responses.append({entity: found, "startPosition": 1, "maxResults": len(found), "totalCount": len(found)})
    return [{"QueryResponse": responses or [{}]}]


def _entity(name: str) -> Entity:
    entity = BY_PATH.get(name.lower())
    if entity is None or not entity.in_cdc:
        raise bodies.query_invalid(f"Change data capture is not supported for {name}")
    return entity


def _since(work: Work, text: str) -> int:
    if not text:
        raise bodies.required("changedSince")
    try:
        since = times.read_instant(text)
    except ValueError:
        raise bodies.query_invalid(f"changedSince: {text} is not a date or a time") from None
    if since < work.now - DAYS_KEPT:
        detail = f"changedSince: {text} is more than 30 days ago"
        raise bodies.Fault(work.switches.qbo_cdc_too_old_code, "Invalid query", detail, element="changedSince")
    return int(since.timestamp())


def _changed(work: Work, table: Table, second: int) -> list[Record]:
    ids = table.changed_since(second, inclusive=work.switches.qbo_cdc_inclusive)
    return [table.rows[id] if id in table.rows else table.deleted[id] for id in ids]
