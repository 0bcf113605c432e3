"""From one side's terms to the other's, and three-way comparison, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncapp.core.holds import Hold, HoldCode
from syncapp.core.schema import Field, Kind, Lookup, Terms, Type, Values
from syncapp.core.sides import Side

NEVER = object()
"""Stands for the value of a field that the two sides have never agreed on: equal to none."""


class Unlinked(Exception):
    """A reference points at something that the target side doesn't have yet."""

    def __init__(self, hold: Hold) -> None:
        super().__init__(hold.code)
        self.hold = hold


def waiting(kind: str, remote_id: str, found: Any) -> Hold:
    name = found.label if found and found.label else remote_id.removeprefix("~")
    facts = {"target": f"{kind.replace('_', ' ')} {name}"}
    return Hold(HoldCode.WAITS_FOR, facts, waits_for=found.key if found else None)


def carry_value(each: Field, value: Any, towards: Side, lookup: Lookup) -> Any:
    """The value in the target side's terms. Raises Unlinked."""
    if each.type is Type.REF and value:
        target = lookup.find(each.ref, towards.other, value)
        carried = target.id_on(towards) if target else None
        if carried is None:
            raise Unlinked(waiting(each.ref, value, target))
        return carried
    if each.type is Type.LINES:
        return [carry_fields(each.lines, line, towards, lookup) for line in value or []]
    if each.type is Type.TEXT and value and (limit := each.limits.get(towards)):
        return value[:limit].rstrip()
    return value


def carry_fields(fields: Mapping[str, Field], values: Values, towards: Side, lookup: Lookup) -> Values:
    carried = {}
    for name, each in fields.items():
        if name not in values:
            continue
        try:
            carried[name] = values[name] if each.fact else carry_value(each, values[name], towards, lookup)
        except Unlinked:
            if not each.optional:
                raise
    return carried


def left_out(kind: Kind, values: Values, towards: Side, terms: Terms, lookup: Lookup) -> frozenset[str]:
    """The optional fields in use whose value can't be carried over yet."""
    if not kind.optional:
        return frozenset()
    used = kind.prepare(values, towards, terms)
    some = {name: each for name, each in kind.fields.items() if name in kind.optional and name in used}
    return frozenset(some) - carry_fields(some, used, towards, lookup).keys()


def carry(kind: Kind, values: Values, towards: Side, terms: Terms, lookup: Lookup) -> Values | Hold:
    """The whole record in the target's terms with the kind's defaults, or the hold that stands in the way."""
    try:
        carried = carry_fields(kind.fields, kind.prepare(values, towards, terms), towards, lookup)
    except Unlinked as error:
        return error.hold
    return kind.adapt(carried, towards, terms, lookup) if kind.adapt else carried


def carry_some(
    kind: Kind,
    names: frozenset[str],
    values: Values,
    shown: Values,
    towards: Side,
    terms: Terms,
    lookup: Lookup,
) -> Values | Hold:
    """Only these fields are carried over; for the rest the target keeps what it shows.

    So an edit doesn't wait for something in the record that it has nothing to do with.
    """
    source = kind.prepare(values, towards, terms)
    some = {name: value for name, value in source.items() if name in names or kind.fields[name].fact}
    try:
        whole = {**shown, **carry_fields(kind.fields, some, towards, lookup)}
    except Unlinked as error:
        return error.hold
    return kind.adapt(whole, towards, terms, lookup) if kind.adapt else whole


def same(each: Field, carried: Any, actual: Any, side: Side) -> bool:
    """Whether ``side`` already shows the carried value, as far as it can hold it."""
    if carried == actual:
        return True
    if each.type is Type.TEXT and (limit := each.limits.get(side)):
        return bool((carried or "")[:limit].strip() == (actual or ""))
    if each.type is Type.LINES:
        return _same_lines(each, carried or [], actual or [], side)
    return not carried and not actual and not isinstance(carried, bool)


def _same_lines(each: Field, ours: list[Values], theirs: list[Values], side: Side) -> bool:
    if len(ours) != len(theirs):
        return False
    if not each.unordered:
        return all(_same_line(each, one, other, side) for one, other in zip(ours, theirs, strict=True))
    left = list(theirs)
    for one in ours:
        found = next((other for other in left if _same_line(each, one, other, side)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def _same_line(each: Field, ours: Values, theirs: Values, side: Side) -> bool:
    return all(
        same(sub, ours[name], theirs.get(name), side)
        for name, sub in each.lines.items()
        if not sub.fact and name in ours
    )


def fuller(kind: Kind, name: str, billcom: Values, qbo: Values, terms: Terms, lookup: Lookup) -> Side | None:
    """Two sets of lines that differ only where one leaves something blank: the side that says more, else None."""
    each = kind.fields[name]
    try:
        ours = carry_value(each, kind.prepare(billcom, Side.QBO, terms).get(name), Side.QBO, lookup)
    except Unlinked:
        return None
    theirs = qbo.get(name) or []
    if not each.lines or len(ours) != len(theirs):
        return None
    blanks = {Side.BILLCOM: 0, Side.QBO: 0}
    for one, other in zip(ours, theirs, strict=True):
        for inner, sub in each.lines.items():
            if sub.fact or same(sub, one.get(inner), other.get(inner), Side.QBO):
                continue
            if one.get(inner) and other.get(inner):
                return None
            blanks[Side.QBO if one.get(inner) else Side.BILLCOM] += 1
    if all(blanks.values()):
        return None
    return Side.QBO if blanks[Side.BILLCOM] else Side.BILLCOM


def changed_fields(kind: Kind, values: Values, base: Mapping[str, Any]) -> frozenset[str]:
    """The compared fields whose value differs from the one at the last agreement, or that have never had one."""
    return frozenset(name for name in kind.compared if values.get(name) != base.get(name, NEVER))
