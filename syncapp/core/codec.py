"""Between a side's own JSON and our values. Knows types and paths; knows no kind and no reference's meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from syncapp.core.schema import ZERO, Draft, Field, Kind, Raw, Type, Values
from syncapp.core.sides import Side

Reader = Callable[[Raw], Any]

CENT = Decimal("0.01")
LARGEST = Decimal(10) ** 15
"""No amount, price or quantity in anybody's books; and what the database has room for."""


class Unreadable(ValueError):
    """A remote record has another shape than the vendor documents: named, so that support can see where."""

    def __init__(self, field: str, value: object) -> None:
        super().__init__(f"{field}: unexpected {type(value).__name__}")
        self.field, self.value = field, value


def dig(raw: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        if not isinstance(raw, Mapping):
            return None
        raw = raw.get(part)
    return raw


def put(payload: Raw, path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for part in parents:
        payload = payload.setdefault(part, {})
    payload[last] = value


def text(value: Any) -> str:
    """A text, or a number as one. Anything else would be written to the other side as Python shows it."""
    if isinstance(value, (Mapping, list, bool)):
        raise Unreadable("text", value)
    return "" if value is None else str(value).strip()


def flag(value: Any) -> bool:
    """True or false. Not Python's idea of truth, by which "false" would be true."""
    if value is None or value == "":
        return False
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise Unreadable("flag", value)
    return value


def _decimal(name: str, value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        found = Decimal(str(value))
    except (InvalidOperation, ValueError):
        raise Unreadable(name, value) from None
    if not found.is_finite() or abs(found) > LARGEST:
        raise Unreadable(name, value)
    return found


def money(value: Any) -> Decimal | None:
    """An amount to the cent, rounded as both products do it, or None where there is none."""
    found = _decimal("amount", value)
    return None if found is None else found.quantize(CENT, ROUND_HALF_UP)


def number(value: Any) -> Decimal | None:
    """A quantity or price with the digits the side shows, without trailing zeros."""
    found = _decimal("number", value)
    return None if found is None else found.normalize() + 0


def day(value: Any) -> str:
    """A calendar date as ``YYYY-MM-DD``; date-times lose their time of day."""
    if value is None or value == "":
        return ""
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise Unreadable("date", value) from None


def _converter(each: Field, side: Side) -> Callable[[Any], Any]:
    if each.type is Type.MONEY:
        return money
    if each.type is Type.NUMBER:
        return number
    if each.type is Type.DATE:
        return day
    if each.type is Type.BOOL:
        return (lambda value: not flag(value)) if side in each.inverted else flag
    if each.type is Type.CHOICE and side is Side.QBO:
        turned = each.reversed_choices
        return lambda value: turned.get(text(value), text(value))
    return text


Readers = tuple[tuple[str, Any, Any], ...]
_cache: dict[tuple[int, Side], tuple[Mapping[str, Field], Readers]] = {}


def readers(fields: Mapping[str, Field], side: Side) -> Readers:
    """(name, path, converter) of every field the side shows; made once per declaration."""
    key = (id(fields), side)
    if key not in _cache:
        made = tuple(
            (name, tuple(path.split(".")), _converter(each, side))
            for name, each in fields.items()
            if (path := each.path(side)) is not None
        )
        # The fields are kept too, so that no other mapping can ever have their id.
        _cache[key] = (fields, made)
    return _cache[key][1]


_BLANKS: Mapping[Type, Any] = {Type.MONEY: None, Type.NUMBER: None, Type.BOOL: False, Type.LINES: ()}


def blanks(fields: Mapping[str, Field]) -> Values:
    """What every field is where a side doesn't show it."""
    return {name: _BLANKS.get(each.type, "") for name, each in fields.items()}


def decode_fields(fields: Mapping[str, Field], raw: Raw, side: Side) -> Values:
    values = blanks(fields)
    for name, path, convert in readers(fields, side):
        value = raw.get(path[0])
        try:
            if len(path) > 1 and value is not None:
                value = _inside(value, path)
            values[name] = convert(value)
        except Unreadable as error:
            raise Unreadable(name, error.value) from None
    return values


def _inside(value: Any, path: tuple[str, ...]) -> Any:
    """Where an object should be and something else is, the value isn't missing: it is unreadable."""
    for part in path[1:]:
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise Unreadable(path[0], value)
        value = value.get(part)
    return value


def decode(kind: Kind, raw: Raw, side: Side) -> Values:
    """The record in our own words. Raises Unreadable where a value has an unexpected shape."""
    return kind.read(decode_fields(kind.fields, raw, side), raw, side)


def encode_value(each: Field, value: Any, side: Side) -> Any:
    if each.type is Type.BOOL and side in each.inverted:
        return not value
    if each.type is Type.CHOICE and side is Side.QBO:
        return each.choices.get(value, value)
    if each.type is Type.TEXT and (limit := each.limits.get(side)):
        return value[:limit]
    return value


def encode_fields(fields: Mapping[str, Field], values: Values, names: frozenset[str], side: Side) -> Raw:
    """A payload of the named fields; empty references are left out, empty texts are sent so that they clear."""
    payload: Raw = {}
    for name, each in fields.items():
        path = each.path(side)
        if name not in names or path is None or each.fact or side not in each.to:
            continue
        value = values.get(name)
        if value is None or (value == "" and each.type in (Type.REF, Type.DATE, Type.CHOICE)):
            continue
        put(payload, path, encode_value(each, value, side))
    return payload


def _nested(kind: Kind, names: frozenset[str], side: Side) -> set[str]:
    """The objects these fields are parts of; references are objects too, but have only the one part."""
    found = ((kind.fields[name], kind.fields[name].path(side)) for name in names)
    return {path.split(".")[0] for each, path in found if path and "." in path and each.type is not Type.REF}


def with_siblings(kind: Kind, changed: frozenset[str], side: Side) -> frozenset[str]:
    """A nested object is written whole, so its other fields come along."""
    heads = _nested(kind, changed, side)
    more = {name for name, each in kind.fields.items() if (path := each.path(side)) and path.split(".")[0] in heads}
    return changed | more


def _clear(kind: Kind, payload: Raw, draft: Draft) -> None:
    """Say outright what is to become empty: a reference left out would simply stay.

    Reference: Intuit docs, sparse update: what is not sent is not touched.
    """
    for name in draft.changed:
        each = kind.fields[name]
        path = each.path(draft.side)
        if path is None or draft.values.get(name) or not dig(draft.current, tuple(path.split("."))):
            continue
        if each.type is Type.NUMBER:
            put(payload, path, ZERO)
        elif each.type in (Type.REF, Type.DATE) and draft.side is Side.QBO:
            payload[path.split(".")[0]] = None
        elif each.type in (Type.REF, Type.DATE):
            put(payload, path, "")


def _keep_unmapped(kind: Kind, payload: Raw, draft: Draft) -> None:
    """QuickBooks replaces a nested object, so the parts of it that we don't map (a third line) go along unchanged."""
    for head in _nested(kind, draft.changed, Side.QBO):
        old = (draft.current or {}).get(head)
        if isinstance(old, Mapping):
            payload[head] = {**old, **payload.get(head, {})}


def encode(kind: Kind, draft: Draft, *, creating: bool) -> Raw:
    """What to send: on create everything that isn't empty, on update the changed fields (whole objects)."""
    if creating:
        names = frozenset(name for name in kind.compared if draft.values.get(name) not in (None, "", []))
        return kind.write(encode_fields(kind.fields, draft.values, names, draft.side), draft)
    names = with_siblings(kind, draft.changed, draft.side)
    payload = encode_fields(kind.fields, draft.values, names, draft.side)
    _clear(kind, payload, draft)
    if draft.side is Side.QBO:
        _keep_unmapped(kind, payload, draft)
    return kind.write(payload, draft)
