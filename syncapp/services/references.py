"""The references of a chunk, loaded in one statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from operator import or_

from django.db.models import Q

from syncapp.core.schema import Kind, Lookup, Target, Type, Values
from syncapp.core.sides import Side
from syncapp.kinds.customer import path_key
from syncapp.models import Company, SyncedObject

Wanted = dict[tuple[str, Side], set[str]]


def _collect(kind: Kind, side: Side, values: Values, wanted: Wanted) -> None:
    for name, each in kind.fields.items():
        value = values.get(name)
        if not value:
            continue
        if each.type is Type.REF:
            wanted[each.ref, side].add(value)
        elif each.type is Type.LINES:
            for line in value:
                for inner, sub in each.lines.items():
                    if sub.type is Type.REF and line.get(inner):
                        wanted[sub.ref, side].add(line[inner])


def _collect_names(kind: Kind, values: Values, names: dict[str, set[str]]) -> None:
    """ "Parent:Child": the parent is known by its name only."""
    if kind.names_path and ":" in values.get("name", ""):
        names[kind.name].add(path_key(values["name"].rsplit(":", 1)[0]))


def load(company: Company, kind: Kind, rows: Iterable[SyncedObject]) -> Lookup:
    """Everything the records of these rows refer to, on both sides."""
    wanted: Wanted = defaultdict(set)
    names: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for side in Side:
            values = getattr(row, f"{side}_values")
            if values:
                _collect(kind, side, values, wanted)
                _collect_names(kind, values, names)
    lookup = fetch(company, wanted, names)
    if kind.asks and kind.asks.keys() <= {name for name, _ in wanted}:
        _add_facts(company, kind, lookup)
    return lookup


def _add_facts(company: Company, kind: Kind, lookup: Lookup) -> None:
    """What the kind's rules go by of the records that it refers to."""
    keys = {target.key for (name, _, _), target in lookup.targets.items() if name in kind.asks}
    asked = SyncedObject.objects.filter(company=company, pk__in=keys, billcom_id__isnull=False).order_by()
    shown = {key: (name, values) for key, name, values in asked.values_list("pk", "kind", "billcom_values")}
    for place, target in lookup.targets.items():
        if target.key in shown:
            name, values = shown[target.key]
            facts = {each: (values or {}).get(each) for each in kind.asks[name]}
            lookup.targets[place] = replace(target, facts=facts)


def fetch(company: Company, wanted: Wanted, names: dict[str, set[str]] | None = None) -> Lookup:
    tests = [Q(company=company, kind=kind, **{f"{side}_id__in": ids}) for (kind, side), ids in wanted.items()]
    tests += [Q(company=company, kind=kind, match_key__in=keys) for kind, keys in (names or {}).items()]
    lookup = Lookup()
    if not tests:
        return lookup
    # The company in each test, and in no order: so that each finds its index, and not one the whole company.
    found = SyncedObject.objects.filter(reduce(or_, tests)).order_by()
    for key, kind, billcom_id, qbo_id, label, number, match_key in found.values_list(
        "pk", "kind", "billcom_id", "qbo_id", "label", "number", "match_key"
    ):
        target = Target(key, billcom_id, qbo_id, label or number)
        for side, remote_id in ((Side.BILLCOM, billcom_id), (Side.QBO, qbo_id)):
            if remote_id is not None:
                lookup.targets[kind, side, remote_id] = target
            if kind in (names or {}):
                lookup.targets.setdefault((kind, side, f"~{match_key}"), target)
    return lookup


def relink(lookup: Lookup, kind: Kind, linked: Iterable[SyncedObject]) -> None:
    """Rows that were paired in this very chunk: the database still shows them apart."""
    for row in linked:
        target = Target(row.pk, row.billcom_id, row.qbo_id, row.label or row.number)
        names = (row.billcom_id, row.qbo_id, f"~{row.match_key}")
        for side in Side:
            for name in names:
                if (kind.name, side, name) in lookup.targets:
                    lookup.targets[kind.name, side, name or ""] = target
