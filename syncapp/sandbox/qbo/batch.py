"""Up to thirty operations in one call, each with its own outcome.

Reference: https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/batch-requests"""

from __future__ import annotations

from typing import Any

from syncapp.sandbox.http import encode
from syncapp.sandbox.qbo import bodies, cdc, replays, search, writing
from syncapp.sandbox.qbo.declaring import Entity, VoidBy
from syncapp.sandbox.qbo.entities import ENTITIES
from syncapp.sandbox.qbo.store import Record
from syncapp.sandbox.qbo.work import Work

MOST = 30


def run(work: Work, payload: Any, request_id: str) -> list[dict[str, Any]]:
    """The BatchItemResponse. Raises Fault where the batch as a whole is refused."""
    items = payload.get("BatchItemRequest") if isinstance(payload, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise bodies.required("BatchItemRequest")
    if len(items) > MOST:
        raise bodies.business(f"A batch has at most {MOST} items, this one has {len(items)}")
    return [_outcome(work, item, request_id) for item in items]


def _outcome(work: Work, item: Record, request_id: str) -> dict[str, Any]:
    named = {"bId": str(item["bId"])} if "bId" in item else {}
    try:
        return {**named, **_named(work, item, request_id)}
    except bodies.Fault as fault:
        return {**named, "Fault": fault.fault()}


def _named(work: Work, item: Record, request_id: str) -> dict[str, Any]:
    id = str(item.get("bId", ""))
    if "Query" in item:
        return {"QueryResponse": search.run(work, str(item["Query"]))}
    if "CDCQuery" in item:
        asked = item["CDCQuery"]
        return {"CDCResponse": cdc.changes(work, str(asked.get("Entities")), str(asked.get("ChangedSince")))}
    if not request_id:
        return _write(work, item)
    if len(id) > replays.LONGEST_ITEM:
        raise bodies.too_long("bId", replays.LONGEST_ITEM, len(id))
    print = replays.fingerprint(encode(item))
    answer: dict[str, Any] = replays.once(work, f"{request_id} {id}", print, lambda: _write(work, item))
    return answer


def _write(work: Work, item: Record) -> dict[str, Any]:
    entity = next((ENTITIES[name] for name in item if name in ENTITIES), None)
    if entity is None:
        unknown = [name for name in item if name not in ("bId", "operation", "optionsData")]
        raise bodies.unknown_property(unknown[0]) if unknown else bodies.required("operation")
    if not item.get("operation"):
        raise bodies.required("operation")
    options = frozenset(str(item.get("optionsData") or "").lower().split(",")) - {""}
    work.include = options
    return {entity.name: perform(work, entity, str(item.get("operation") or ""), item[entity.name])}


def perform(work: Work, entity: Entity, operation: str, payload: Any) -> Record:
    """One write by its operation, of a batch or of a call of its own."""
    if work.switches.qbo_subscription_ended and not work.by_person:
        raise bodies.subscription_ended()
    if operation == "delete":
        return writing.delete(work, entity, payload)
    if operation == "void" or (operation == "update" and "void" in work.include):
        return _void(work, entity, payload, VoidBy.OPERATION if operation == "void" else VoidBy.INCLUDE)
    if operation in ("", "create", "update"):
        return writing.write(work, entity, payload, operation)
    raise bodies.unsupported(f"Operation {operation} is not supported")


def _void(work: Work, entity: Entity, payload: Any, by: VoidBy) -> Record:
    if not writing.may_void(work, entity, by):
        raise bodies.unsupported(f"Operation void is not supported for {entity.name}")
    record = writing.void(work, entity, payload)
    if work.switches.qbo_void_reply == "stub" and not work.by_person:
        return {"status": "Voided", "domain": "QBO", "Id": record["Id"]}
    return record
