"""Create, update, delete, void: a request is read and checked as a whole, then the books change as a whole."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from syncapp.sandbox.qbo import bodies, catalog, forms, ledger, links, names, obstacles
from syncapp.sandbox.qbo.declaring import Entity, Kind, VoidBy
from syncapp.sandbox.qbo.fields import ZERO, Found
from syncapp.sandbox.qbo.posting import OPENING_RULES, amount_of
from syncapp.sandbox.qbo.preferences import merge_deep, writable
from syncapp.sandbox.qbo.store import Key, Record, value_of
from syncapp.sandbox.qbo.validation import check_number, check_open, note_number, require, resolve
from syncapp.sandbox.qbo.work import Work

#: Told at the creation of an account, posted, and not shown again.
_ONCE = ("OpeningBalance", "OpeningBalanceDate")
_ADDRESSES = ("BillAddr", "ShipAddr", "VendorAddr", "PrimaryAddr", "Address")


def write(work: Work, entity: Entity, payload: Any, operation: str = "") -> Record:
    """The plain POST: an update where an Id is sent, else a create. In a batch the operation says which."""
    _check_object(payload)
    if not entity.api_writable and not work.by_person:
        raise bodies.unsupported(f"Operation is not supported for {entity.name}")
    if operation == "update" or entity.kind is Kind.SINGLE or (payload.get("Id") and operation != "create"):
        return update(work, entity, payload)
    if not entity.creatable:
        raise bodies.unsupported(f"{entity.name} cannot be created")
    return create(work, entity, payload)


def _check_object(payload: Any) -> None:
    if not isinstance(payload, dict):
        raise bodies.unreadable("request", type(payload).__name__, "an object")


def create(work: Work, entity: Entity, payload: Record) -> Record:
    found = Found()
    fields = entity.read(payload, found)
    fields.pop("LinkedTxn", None)
    resolve(work, found, None)
    if entity.is_transaction:
        return _create_transaction(work, entity, fields)
    if entity.kind is Kind.FILE:
        _check_file(fields)
    else:
        require(entity, fields, names=entity.required)
        catalog.prepare(work, entity, fields, None)
    record = work.new(entity.name, _addressed(work, fields, None))
    _keep(work, entity, {name: value for name, value in record.items() if name not in _ONCE}, None, "Create")
    if entity.name in OPENING_RULES:
        ledger.post_opening(work, entity.name, record)
    return work.realm.table(entity.name).rows[record["Id"]]


def _check_file(fields: Record) -> None:
    if not fields.get("FileName") and not fields.get("Note"):
        raise bodies.required("FileName or Note")


def _create_transaction(work: Work, entity: Entity, fields: Record) -> Record:
    require(entity, fields, names=entity.required)
    settled = forms.prepare(work, entity.name, fields, None)
    check_open(work.realm, fields["TxnDate"])
    check_number(work, entity.name, fields)
    record = work.new(entity.name, _addressed(work, fields, None))
    _keep(work, entity, record, None, "Create")
    _keep_books(work, entity, record, settled)
    return work.realm.table(entity.name).rows[record["Id"]]


def _addressed(work: Work, fields: Record, old: Record | None) -> Record:
    """An address has an id of its own."""
    for name in _ADDRESSES:
        address = fields.get(name)
        if address and "Id" not in address:
            id = ((old or {}).get(name) or {}).get("Id") or str(_next_address(work))
            fields[name] = {"Id": id, **address}
    return fields


def _next_address(work: Work) -> int:
    work.realm.counters["address"] = work.realm.counters.get("address", 0) + 1
    return work.realm.counters["address"]


def _keep(work: Work, entity: Entity, record: Record, old: Record | None, operation: str) -> None:
    work.put(entity.name, record)
    if entity.is_list and entity.name_field:
        names.register(work, entity, record, old)
        if old is not None and record.get("FullyQualifiedName") != old.get("FullyQualifiedName"):
            names.rename_below(work, entity, record)
    if entity.is_transaction:
        note_number(work, entity.name, record, old)
    work.event(entity.name, record["Id"], operation)


def _keep_books(work: Work, entity: Entity, record: Record, settled: forms.Settled) -> None:
    ledger.post(work, entity.name, record)
    key = (entity.name, record["Id"])
    if settled or key in work.realm.settles:
        links.record_links(work, key, record, settled)


# --- update ---------------------------------------------------------------------------------------------------------


def update(work: Work, entity: Entity, payload: Record) -> Record:
    old = current(work, entity, payload)
    _check_obstacles(work, entity, old, payload, taken_away=False)
    found = Found(null_clears=work.switches.qbo_null_clears)
    fields = entity.read(payload, found)
    if entity.name == "Preferences" and not work.by_person:
        fields = writable(fields)
    sparse = payload.get("sparse") in (True, "true")
    if sparse and work.switches.qbo_sparse_keeps_references and not work.by_person:
        found.cleared -= entity.reference_fields
    if sparse and entity.kind is Kind.FILE:
        raise bodies.unsupported("Attachable takes full updates only")
    merged = _merged(entity, old, fields, found.cleared, sparse=sparse)
    if sparse:
        require(entity, fields, names=() if work.by_person else entity.sparse_required)
        require(entity, merged, names=[name for name in entity.required if name in found.cleared | set(fields)])
    if not sparse or entity.kind is not Kind.TRANSACTION:
        require(entity, merged, names=() if entity.kind is Kind.SINGLE else entity.required)
    resolve(work, found, old)
    if entity.is_transaction:
        return _update_transaction(work, entity, merged, old)
    return _update_list(work, entity, merged, old)


def current(work: Work, entity: Entity, payload: Record) -> Record:
    """The record as it is, where the client has seen its latest version. Reference: Intuit docs, SyncToken."""
    id = "1" if entity.kind is Kind.SINGLE else str(payload.get("Id") or "")
    if not id:
        raise bodies.required("Id")
    old = work.realm.table(entity.name).rows.get(id)
    if old is None:
        raise bodies.not_found(entity.name, id)
    token = payload.get("SyncToken")
    if work.by_person:
        return old
    if token is None or token == "":
        raise bodies.required("SyncToken")
    if str(token) != old["SyncToken"]:
        raise bodies.stale("another user")
    return old


def _check_obstacles(work: Work, entity: Entity, old: Record, payload: Record, *, taken_away: bool) -> None:
    if not work.by_person:
        obstacles.check(work.realm, entity.name, old["Id"], payload, taken_away=taken_away)
        if work.switches.qbo_open_balance_keeps_active:
            obstacles.check_balance(old, payload)


def _merged(entity: Entity, old: Record, fields: Record, cleared: set[str], *, sparse: bool) -> Record:
    """Sparse keeps what was not sent; a full update empties it. Output-only fields stay either way."""
    fields.pop("LinkedTxn", None)
    if entity.kind is Kind.SINGLE:
        return merge_deep(old, fields)
    gone = cleared - entity.lasting
    if not sparse:
        gone = {name for name in entity.fields if name not in ("LinkedTxn", "Active")} - entity.lasting
    return {**{name: value for name, value in old.items() if name not in gone}, **fields}


def _update_list(work: Work, entity: Entity, merged: Record, old: Record) -> Record:
    if entity.is_list:
        catalog.prepare(work, entity, merged, old)
    elif entity.kind is Kind.FILE:
        _check_file(merged)
    record = work.renewed(_addressed(work, merged, old), old)
    deactivated = old.get("Active") is not False and record.get("Active") is False
    _keep(work, entity, record, old, "Delete" if deactivated else "Update")
    if entity.name in ("Account", "Customer"):
        _move_balances(work, entity, record, old)
    return work.realm.table(entity.name).rows[record["Id"]]


def _move_balances(work: Work, entity: Entity, record: Record, old: Record) -> None:
    """What stands below another is in the balance of those above: both follow when it is moved."""
    if value_of(record.get("ParentRef")) == value_of(old.get("ParentRef")):
        return
    field = "CurrentBalanceWithSubAccounts" if entity.name == "Account" else "BalanceWithJobs"
    amount = record.get(field, ZERO)
    for sign, version in ((-1, old), (1, record)):
        for above in ledger.ancestors(work.realm, entity.name, version):
            if amount:
                work.touch(entity.name, above["Id"], {field: above.get(field, ZERO) + sign * amount})


def _update_transaction(work: Work, entity: Entity, merged: Record, old: Record) -> Record:
    key = (entity.name, old["Id"])
    if links.deposited(work.realm, key):
        raise bodies.deposited(old["Id"])
    settled = forms.prepare(work, entity.name, merged, old)
    check_open(work.realm, merged["TxnDate"], old["TxnDate"])
    check_number(work, entity.name, merged)
    record = work.renewed(_addressed(work, merged, old), old)
    _keep(work, entity, record, old, "Update")
    _keep_books(work, entity, record, settled)
    _trim(work, key)
    return work.realm.table(entity.name).rows[record["Id"]]


def _trim(work: Work, target: Key) -> None:
    """A bill that became smaller, or another vendor's, holds less of its payments: the rest is unapplied."""
    realm = work.realm
    record = realm.table(target[0]).rows[target[1]]
    over = sum(realm.settled.get(target, {}).values(), ZERO) - amount_of(record, "TotalAmt")
    for source in list(reversed(realm.settled.get(target, {}))):
        paying = realm.table(source[0]).rows[source[1]]
        if source[0] in links.PARTY and not links.belongs(realm, source[0], paying, target, record):
            unlink(work, source, target, realm.settles[source][target])
        elif over > 0:
            taken = min(over, realm.settles[source][target])
            over -= taken
            unlink(work, source, target, taken)


def unlink(work: Work, source: Key, target: Key, amount: Decimal) -> None:
    """Takes an amount off a link, or the link away; the payment keeps its total."""
    paying = work.realm.table(source[0]).rows[source[1]]
    left = dict(work.realm.settles[source])
    left[target] -= amount
    if not left[target]:
        del left[target]
    lines = [_shrunk(line, target, left) for line in paying.get("Line") or ()]
    changes: Record = {"Line": [line for line in lines if line is not None]}
    if "UnappliedAmt" in paying:
        sign = -1 if target[0] in links.CREDITS.get(source[0], ()) else 1
        changes["UnappliedAmt"] = paying["UnappliedAmt"] + sign * amount
    work.bump(source[0], source[1], changes)
    links.record_links(work, source, paying, left)


def _shrunk(line: Record, target: Key, left: dict[Key, Decimal]) -> Record | None:
    if not any(wish.target == target for wish in links.wishes([line])):
        return line
    return {**line, "Amount": left[target]} if target in left else None


# --- delete and void ------------------------------------------------------------------------------------------------


def delete(work: Work, entity: Entity, payload: Any) -> Record:
    """Reference: Intuit docs: transactions and attachments are deleted, list records are made inactive."""
    _check_object(payload)
    if not entity.is_transaction and entity.kind is not Kind.FILE:
        raise bodies.unsupported(f"Operation delete is not supported for {entity.name}")
    old = current(work, entity, payload)
    _check_obstacles(work, entity, old, payload, taken_away=True)
    key = (entity.name, old["Id"])
    if entity.is_transaction:
        check_open(work.realm, old["TxnDate"])
        _free(work, entity, key)
    stub = {"status": "Deleted", "domain": "QBO", "Id": old["Id"]}
    meta = {"MetaData": {"LastUpdatedTime": work.stamp}}
    work.realm.table(entity.name).remove(old["Id"], {**stub, **meta}, work.second)
    work.realm.files.pop(old["Id"] if entity.kind is Kind.FILE else "", None)
    _leave_books(work, entity, key, old)
    work.event(entity.name, old["Id"], "Delete")
    return stub


def _free(work: Work, entity: Entity, key: Key) -> None:
    """What is settled by others is let go of, where the books allow it."""
    if links.deposited(work.realm, key):
        raise bodies.deposited(key[1])
    sources = list(work.realm.settled.get(key, {}).items())
    if sources and not _may_unlink(work, entity):
        raise bodies.business(f"{entity.name} {key[1]} is linked to other transactions: unlink them first")
    for source, amount in sources:
        unlink(work, source, key, amount)


def _may_unlink(work: Work, entity: Entity) -> bool:
    if entity.name in ("Invoice", "CreditMemo"):
        return work.by_person or not work.switches.qbo_linked_invoice_stays
    return work.by_person or not work.switches.qbo_paid_bill_stays


def _leave_books(work: Work, entity: Entity, key: Key, old: Record) -> None:
    if entity.is_transaction:
        ledger.unpost(work, *key)
        links.record_links(work, key, old, {})
        note_number(work, entity.name, None, old)


def void(work: Work, entity: Entity, payload: Any) -> Record:
    _check_object(payload)
    old = current(work, entity, payload)
    _check_obstacles(work, entity, old, payload, taken_away=True)
    key = (entity.name, old["Id"])
    if links.deposited(work.realm, key):
        raise bodies.deposited(old["Id"])
    check_open(work.realm, old["TxnDate"])
    for source, amount in list(work.realm.settled.get(key, {}).items()):
        unlink(work, source, key, amount)
    fresh = work.realm.table(entity.name).rows[old["Id"]]
    record = work.renewed(forms.voided(entity.name, fresh), old)
    _keep(work, entity, record, fresh, "Void")
    _keep_books(work, entity, record, {})
    return record


def may_void(work: Work, entity: Entity, by: VoidBy) -> bool:
    if work.by_person:
        return entity.void_by is not VoidBy.NOBODY
    if entity.void_by is VoidBy.PERSON:
        return work.switches.qbo_api_voids_everything
    return entity.void_by is by


def deactivate(work: Work, entity: Entity, id: str) -> Record:
    """What a person's "delete" does to a list record."""
    return update(work, entity, {"Id": id, "sparse": True, "Active": False})
