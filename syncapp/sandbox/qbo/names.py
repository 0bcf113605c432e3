"""Names: who may have which, what stands above what, and the " (deleted)" that a deactivated one carries."""

from __future__ import annotations

from collections.abc import Iterator

from syncapp.sandbox.qbo import bodies
from syncapp.sandbox.qbo.declaring import NAMES, Entity
from syncapp.sandbox.qbo.entities import ENTITIES
from syncapp.sandbox.qbo.ledger import ancestors
from syncapp.sandbox.qbo.store import Key, Realm, Record, value_of
from syncapp.sandbox.qbo.work import Work

# Seen in recorded answers of the API: deactivated lists are renamed.
DELETED = " (deleted)"
# Reference: Intuit docs, Customer.ParentRef: five levels, the top one counted.
DEEPEST = 5


def plain(name: str) -> str:
    return name[: -len(DELETED)] if name.lower().endswith(DELETED) else name


def shown(name: str, *, active: bool) -> str:
    return plain(name) if active else plain(name) + DELETED


def settle(work: Work, entity: Entity, record: Record) -> None:
    """Gives a list record the name it is shown by and its path, and refuses a name that is taken."""
    active = record.get("Active") is not False
    record[entity.name_field] = shown(record[entity.name_field].strip(), active=active)
    if "FullyQualifiedName" in entity.read_only:
        _place(work, entity, record)
    refuse_taken(work, entity, record)


def _place(work: Work, entity: Entity, record: Record) -> None:
    above = list(ancestors(work.realm, entity.name, record))
    name = plain(record[entity.name_field])
    record["FullyQualifiedName"] = f"{above[0]['FullyQualifiedName']}:{name}" if above else name
    if entity.sub_flag:
        record[entity.sub_flag] = bool(above)
    if entity.name == "Customer" and above:
        record["Level"] = len(above)
    if len(above) >= DEEPEST or any(parent["Id"] == record.get("Id") for parent in above):
        raise bodies.business(f"{entity.name} can be nested in at most {DEEPEST} levels", element="ParentRef")


def name_key(work: Work, entity: Entity, record: Record) -> tuple[str, str]:
    """Where names must differ: vendors, customers and employees share one space; other lists compare paths."""
    by_path = "FullyQualifiedName" in record and (
        entity.space != NAMES or (work.switches.qbo_subcustomers_differ_by_path and "ParentRef" in record)
    )
    name = record["FullyQualifiedName"] if by_path else plain(record[entity.name_field])
    return entity.space, str(name).casefold()


def refuse_taken(work: Work, entity: Entity, record: Record) -> None:
    for kind, id in work.realm.names.get(name_key(work, entity, record), ()):
        if (kind, id) == (entity.name, record.get("Id")):
            continue
        other = work.realm.table(kind).rows[id]
        if other.get("Active") is not False or work.switches.qbo_inactive_names_stay_taken:
            raise bodies.duplicate_name(plain(record[entity.name_field]), kind, id)


def register(work: Work, entity: Entity, record: Record, old: Record | None = None) -> None:
    names, key = work.realm.names, (entity.name, record["Id"])
    if old is not None:
        _forget(names, name_key(work, entity, old), key)
    names.setdefault(name_key(work, entity, record), {})[key] = None


def _forget(names: dict[tuple[str, str], dict[Key, None]], name: tuple[str, str], key: Key) -> None:
    holders = names.get(name, {})
    holders.pop(key, None)
    if not holders:
        names.pop(name, None)


def rename_below(work: Work, entity: Entity, parent: Record) -> None:
    """The paths of everything under a renamed parent follow; their versions do not move."""
    table = work.realm.table(entity.name)
    for child in list(children(work.realm, entity.name, parent["Id"])):
        path = f"{parent['FullyQualifiedName']}:{plain(child[entity.name_field])}"
        renamed = {**child, "FullyQualifiedName": path}
        register(work, entity, renamed, child)
        table.put(renamed, work.second)
        rename_below(work, entity, renamed)


def children(realm: Realm, entity: str, id: str) -> Iterator[Record]:
    return (record for record in realm.table(entity) if value_of(record.get("ParentRef")) == id)


def label(entity: str, record: Record) -> str:
    """What a reference to the record shows as its name."""
    field = ENTITIES[entity].name_field
    return str(record.get("FullyQualifiedName") or record.get(field) or "")
