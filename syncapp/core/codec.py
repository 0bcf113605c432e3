"""Between a side's own JSON and our values. Knows types and paths; knows no kind and no reference's meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from syncapp.core.schema import Draft, Field, Kind, Raw, Type, Values
from syncapp.core.sides import Side

Reader = Callable[[Raw], Any]

CENT = Decimal("0.01")


class Unreadable(ValueError):
    """A remote record has another shape than the vendor documents: named, so that support can see where."""

    def __init__(self, field: str, value: object) -> None:
        super().__init__(f"{field}: unexpected {type(value).__name__}")
        self.field = field


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
    return "" if value is None else str(value).strip()


def money(value: Any) -> Decimal | None:
    """An amount to the cent, or None where there is none."""
    if value is None or value == "":
        return None
    try:
        return Decimal(str(value)).quantize(CENT)
    except (InvalidOperation, ValueError):
        raise Unreadable("amount", value) from None


def number(value: Any) -> Decimal | None:
    """A quantity or price with the digits the side shows, without trailing zeros."""
    if value is None or value == "":
        return None
    try:
        return Decimal(str(value)).normalize() + 0
    except (InvalidOperation, ValueError):
        raise Unreadable("number", value) from None


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
        return (lambda value: not value) if side in each.inverted else bool
    if each.type is Type.CHOICE and side is Side.QBO:
        turned = each.reversed_choices
        return lambda value: turned.get(text(value), text(value))
    return text


_cache: dict[tuple[int, Side], tuple[tuple[str, Any, Any], ...]] = {}


def readers(fields: Mapping[str, Field], side: Side) -> tuple[tuple[str, Any, Any], ...]:
    """(name, path, converter) of every field the side shows; made once per declaration."""
    key = (id(fields), side)
    if key not in _cache:
        _cache[key] = tuple(
            (name, tuple(path.split(".")), _converter(each, side))
            for name, each in fields.items()
            if (path := each.path(side)) is not None
        )
    return _cache[key]


_BLANKS: Mapping[Type, Any] = {Type.MONEY: None, Type.NUMBER: None, Type.BOOL: False, Type.LINES: ()}


def blanks(fields: Mapping[str, Field]) -> Values:
    """What every field is where a side doesn't show it."""
    return {name: _BLANKS.get(each.type, "") for name, each in fields.items()}


def decode_fields(fields: Mapping[str, Field], raw: Raw, side: Side) -> Values:
    values = blanks(fields)
    for name, path, convert in readers(fields, side):
        value = raw.get(path[0])
        if len(path) > 1 and value is not None:
            value = dig(value, path[1:])
        values[name] = convert(value)
    return values


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
        if name not in names or path is None or each.fact:
            continue
        value = values.get(name)
        if value is None or (value == "" and each.type in (Type.REF, Type.DATE, Type.CHOICE)):
            continue
        put(payload, path, encode_value(each, value, side))
    return payload


def with_siblings(kind: Kind, changed: frozenset[str], side: Side) -> frozenset[str]:
    """A nested object is written whole, so its other fields come along."""
    heads = {path.split(".")[0] for name in changed if (path := kind.fields[name].path(side)) and "." in path}
    more = {name for name, each in kind.fields.items() if (path := each.path(side)) and path.split(".")[0] in heads}
    return changed | more


def encode(kind: Kind, draft: Draft, *, creating: bool) -> Raw:
    """What to send: on create everything that isn't empty, on update the changed fields (whole objects)."""
    if creating:
        names = frozenset(name for name in kind.compared if draft.values.get(name) not in (None, "", []))
    else:
        names = with_siblings(kind, draft.changed, draft.side)
    return kind.write(encode_fields(kind.fields, draft.values, names, draft.side), draft)
