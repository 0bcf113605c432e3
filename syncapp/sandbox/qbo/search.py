"""A Statement answered from the tables: candidates by an index where there is one, then tests, order and window."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from syncapp.sandbox.qbo import bodies, times
from syncapp.sandbox.qbo.declaring import Entity
from syncapp.sandbox.qbo.entities import BY_PATH
from syncapp.sandbox.qbo.fields import Anything, Day, Flag, Number, Ref, Whole
from syncapp.sandbox.qbo.query import Statement, Term, parse
from syncapp.sandbox.qbo.store import Realm, Record, Table, id_order, value_of
from syncapp.sandbox.qbo.work import Work

Test = Callable[[Record], bool]
_ATTACHED = {
    "attachableref.entityref.type": "type",
    "attachableref.entityref.value": "value",
    "attachableref.entityref": "value",
}


def run(work: Work, text: str) -> dict[str, Any]:
    """The QueryResponse."""
    statement = parse(text)
    entity = BY_PATH.get(statement.entity.lower())
    if entity is None:
        raise bodies.query_invalid(f"Unknown entity {statement.entity}")
    found, total = _find(work, entity, statement)
    if statement.count:
        return {"totalCount": total}
    if not found:
        return {}
    return {entity.name: found, "startPosition": statement.start, "maxResults": len(found)}


def _find(work: Work, entity: Entity, statement: Statement) -> tuple[list[Record], int]:
    table = work.realm.table(entity.name)
    terms = [_resolved(work, entity, term) for term in statement.where]
    if entity.is_list and not any(term.property == "Active" for term in terms) and table.inactive:
        terms.append(Term("Active", "=", True))
    order = [(_property(entity, name), descending) for name, descending in statement.order]
    if not terms and _natural(table, order, newest_first=work.switches.qbo_newest_first):
        return table.page(statement.start - 1, statement.size), len(table.rows)
    tests = [_test(entity, term) for term in terms]
    found = [record for record in _candidates(table, terms) if all(test(record) for test in tests)]
    if statement.count:
        return [], len(found)
    _sort(table, found, order, newest_first=work.switches.qbo_newest_first)
    return found[statement.start - 1 : statement.start - 1 + statement.size], len(found)


def _natural(table: Table, order: list[tuple[str, bool]], *, newest_first: bool) -> bool:
    return table.in_id_order and (order == [("Id", False)] or (not order and not newest_first))


def _property(entity: Entity, name: str) -> str:
    path = entity.queryable.get(name.lower())
    if path is None and entity.name == "Attachable" and name.lower() in _ATTACHED:
        path = name.lower()
    if path is None:
        raise bodies.query_invalid(f"Property {name} not found for Entity {entity.name}")
    return path


def _resolved(work: Work, entity: Entity, term: Term) -> Term:
    path = _property(entity, term.property)
    if path == "Id" and term.operator not in ("=", "IN"):
        raise bodies.query_invalid(f"Id takes = and IN only, not {term.operator}")
    if term.value == "CURRENT_DATE":
        return Term(path, term.operator, times.today(work.now))
    return Term(path, term.operator, term.value)


def _candidates(table: Table, terms: list[Term]) -> Iterable[Record]:
    """The fewest records that can hold all that is sought."""
    for term in terms:
        if term.property == "Id":
            ids = term.value if term.operator == "IN" else [term.value]
            return [table.rows[id] for id in dict.fromkeys(map(str, ids)) if id in table.rows]
    for term in terms:
        if term.property in table.indexes and term.operator in ("=", "IN"):
            values = term.value if term.operator == "IN" else [term.value]
            return [record for value in dict.fromkeys(values) for record in table.find(term.property, str(value))]
    for term in terms:
        if term.property == "MetaData.LastUpdatedTime" and term.operator in (">", ">=", "="):
            ids = table.changed_since(_second(term))
            return [table.rows[id] for id in ids if id in table.rows]
    return table


def _second(term: Term) -> int:
    return int(_instant(term.value))


def _instant(value: Any) -> float:
    try:
        return times.seconds(str(value))
    except ValueError:
        raise bodies.query_invalid(f"{value} is not a date or a time") from None


def _test(entity: Entity, term: Term) -> Test:
    read, convert = _reader(entity, term.property)
    if term.operator == "LIKE":
        pattern = re.compile(".*".join(map(re.escape, str(term.value).split("%"))), re.IGNORECASE | re.DOTALL)
        return lambda record: pattern.fullmatch(str(read(record) or "")) is not None
    if term.operator == "IN":
        wanted = {convert(value) for value in term.value}
        return lambda record: _seen(convert, read(record)) in wanted
    return _comparison(read, convert, term)


def _seen(convert: Callable[[Any], Any], value: Any) -> Any:
    return None if value is None else convert(value)


def _comparison(read: Callable[[Record], Any], convert: Callable[[Any], Any], term: Term) -> Test:
    wanted = convert(term.value)
    if str(term.value).strip() == "" and term.operator == "=":
        return lambda record: read(record) in (None, "")
    compare = _COMPARE[term.operator]

    def holds(record: Record) -> bool:
        value = read(record)
        return value is not None and compare(convert(value), wanted)

    return holds


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: bool(left == right),
    "<": lambda left, right: bool(left < right),
    ">": lambda left, right: bool(left > right),
    "<=": lambda left, right: bool(left <= right),
    ">=": lambda left, right: bool(left >= right),
}
_NUMBERS = frozenset({"TotalAmt", "Balance", "CurrentBalance", "CurrentBalanceWithSubAccounts", "UnappliedAmt",
                      "RemainingCredit", "BalanceWithJobs", "SyncToken", "Level", "Size"})  # fmt: skip


def _reader(entity: Entity, path: str) -> tuple[Callable[[Record], Any], Callable[[Any], Any]]:
    """How the property is read from a record, and how both sides of a comparison are made comparable."""
    if path.startswith("MetaData."):
        name = path.partition(".")[2]
        return lambda record: record["MetaData"].get(name), _instant
    if path in _ATTACHED:
        return lambda record: _attached(record, _ATTACHED[path]), _text
    kind = entity.fields.get(path)
    if isinstance(kind, Ref):
        return lambda record: value_of(record.get(path)) or None, _text
    if isinstance(kind, Anything):
        raise bodies.query_invalid(f"Property {path} cannot be compared")
    if path == "Active" or isinstance(kind, Flag):
        return lambda record: record.get(path, True if path == "Active" else None), _flag
    if isinstance(kind, Day):
        return lambda record: record.get(path), _day
    numeric = isinstance(kind, (Number, Whole)) or path in _NUMBERS
    return lambda record: record.get(path), _number if numeric else _text


def _attached(record: Record, name: str) -> str | None:
    refs = [(part.get("EntityRef") or {}).get(name) for part in record.get("AttachableRef") or ()]
    return str(refs[0]) if refs else None


def _text(value: Any) -> str:
    return str(value).casefold()


def _day(value: Any) -> str:
    return str(value)[:10]


def _flag(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() == "true"


def _number(value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise bodies.query_invalid(f"{value} is not a number")
    return number


def _sort(table: Table, found: list[Record], order: list[tuple[str, bool]], *, newest_first: bool) -> None:
    found.sort(key=lambda record: id_order(record["Id"]), reverse=newest_first and not order)
    for path, descending in reversed(order):
        read, convert = _reader(table.entity, path)
        if path == "Id":
            found.sort(key=lambda record: id_order(record["Id"]), reverse=descending)
        else:
            found.sort(key=_sort_key(read, convert), reverse=descending)


def _sort_key(read: Callable[[Record], Any], convert: Callable[[Any], Any]) -> Callable[[Record], tuple[bool, Any]]:
    def key(record: Record) -> tuple[bool, Any]:
        value = read(record)
        return (False, "") if value is None else (True, convert(value))

    return key


def single(realm: Realm, entity: Entity, id: str) -> Record:
    record = realm.table(entity.name).rows.get(id)
    if record is None:
        raise bodies.not_found(entity.name, id)
    return record
