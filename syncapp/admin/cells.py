"""Stored values as a person reads them: amounts, short dates, names instead of ids, lines as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q

from syncapp.admin.shared import short_day
from syncapp.core.schema import Field, Target, Type
from syncapp.core.sides import Side
from syncapp.models import SyncedObject

NOTHING: tuple[Any, ...] = (None, "", [])


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One stored value: whose it is, what field it is of, and which side's ids stand in it."""

    company: int
    field: Field
    side: Side
    value: Any


class Names:
    """What the ids in stored values stand for: (company, kind, side, id) -> Target."""

    def __init__(self, targets: Mapping[tuple[int, str, str, str], Target] | None = None) -> None:
        self.targets = targets or {}

    def find(self, company: int, kind: str, side: Side, remote_id: str) -> Target | None:
        return self.targets.get((company, kind, side.value, remote_id))


def _ids(wanted: Wanted) -> Iterable[tuple[str, str]]:
    """(kind, id) of all that a value refers to."""
    if wanted.field.type is Type.REF and wanted.value:
        yield wanted.field.ref, str(wanted.value)
    for line in wanted.value if wanted.field.lines and isinstance(wanted.value, list) else ():
        for name, field in wanted.field.lines.items():
            if field.type is Type.REF and line.get(name):
                yield field.ref, str(line[name])


def names_in(values: Iterable[Wanted]) -> Names:
    """One statement, however many values there are."""
    found = {(each.company, kind, each.side, remote) for each in values for kind, remote in _ids(each)}
    if not found:
        return Names()
    by_side = {side: {remote for _, _, at, remote in found if at is side} for side in Side}
    rows = SyncedObject.objects.filter(
        Q(billcom_id__in=by_side[Side.BILLCOM]) | Q(qbo_id__in=by_side[Side.QBO]),
        company__in={company for company, *_ in found},
        kind__in={kind for _, kind, _, _ in found},
    )
    targets: dict[tuple[int, str, str, str], Target] = {}
    for key, company, kind, billcom_id, qbo_id, label, number in rows.order_by().values_list(
        "pk", "company_id", "kind", "billcom_id", "qbo_id", "label", "number"
    ):
        target = Target(key, billcom_id, qbo_id, label or number)
        targets |= {(company, kind, side.value, target.id_on(side) or ""): target for side in Side}
    return Names(targets)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A value for the page. ``target``: the record it names. ``rows``: a value that is lines, under ``head``."""

    text: str = ""
    target: int | None = None
    number: bool = False
    head: tuple[Cell, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()

    @property
    def plain(self) -> str:
        """The same as one line of text, for lists and downloads."""
        if not self.rows:
            return self.text
        return "; ".join(" ".join(each.text for each in row if each.text) for row in self.rows)


def cell(wanted: Wanted, names: Names) -> Cell:
    field, value = wanted.field, wanted.value
    if value in NOTHING:
        return Cell()
    if field.lines and isinstance(value, list):
        return _table(wanted, names)
    if field.type is Type.REF:
        target = names.find(wanted.company, field.ref, wanted.side, str(value))
        return Cell(text=target.label or str(value), target=target.key) if target else Cell(text=str(value))
    if field.type in (Type.MONEY, Type.NUMBER):
        return Cell(text=_figure(field, value), number=True)
    return Cell(text=_words(field, value))


def _figure(field: Field, value: Any) -> str:
    if not isinstance(value, int | Decimal):
        return str(value)
    return f"{value:,.2f}" if field.type is Type.MONEY else f"{value:,}"


def _words(field: Field, value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if field.type is Type.DATE and isinstance(value, str):
        return short_date(value)
    return str(value)


def short_date(value: str) -> str:
    """5 Nov 2026; what isn't a date is shown as it is."""
    try:
        return short_day(date.fromisoformat(value))
    except ValueError:
        return value


def _table(wanted: Wanted, names: Names) -> Cell:
    """Lines, with the columns that any of them fills."""
    fields = wanted.field.lines
    used = [name for name in fields if any(line.get(name) not in NOTHING for line in wanted.value)]
    rows = tuple(
        tuple(
            cell(Wanted(company=wanted.company, field=fields[name], side=wanted.side, value=line.get(name)), names)
            for name in used
        )
        for line in wanted.value
    )
    head = tuple(_head(name, fields[name]) for name in used)
    return Cell(head=head, rows=rows)


def _head(name: str, field: Field) -> Cell:
    label = field.label or name.replace("_", " ").capitalize()
    return Cell(text=label, number=field.type in (Type.MONEY, Type.NUMBER))
