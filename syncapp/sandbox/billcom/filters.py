"""The grammar of ``filters=`` and ``sort=``.

Reference: https://developer.bill.com/docs/search-op-with-lists, https://developer.bill.com/docs/filterable-fields
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from syncapp.sandbox.billcom.declaring import Resource
from syncapp.sandbox.billcom.errors import invalid
from syncapp.sandbox.billcom.values import Row, dig, is_date, read_time

PART = re.compile(r'\s*([A-Za-z][\w.]*):(eq|ne|gt|gte|lt|lte|in|nin|sw):("[^"]*"|[^,"]*)\s*(?:,|$)')
TIMES = ("createdTime", "updatedTime")
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda shown, wanted: shown > wanted,
    "gte": lambda shown, wanted: shown >= wanted,
    "lt": lambda shown, wanted: shown < wanted,
    "lte": lambda shown, wanted: shown <= wanted,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """``values`` has one element, but for in and nin."""

    field: str
    operator: str
    values: tuple[str, ...]
    folded: frozenset[str]

    @property
    def value(self) -> str:
        return self.values[0]

    def passes(self, row: Row) -> bool:
        shown = dig(row, self.field)
        if self.operator in ORDER:
            return shown is not None and ORDER[self.operator](*comparable(shown, self.value))
        if self.operator == "sw":
            return shown is not None and str(shown).casefold().startswith(self.value.casefold())
        if isinstance(shown, str):
            found = shown.casefold() in self.folded
        else:
            found = any(same(shown, value) for value in self.values)
        return found is (self.operator in ("eq", "in"))


def make(field: str, operator: str, *values: str) -> Filter:
    return Filter(field, operator, values, frozenset(value.casefold() for value in values))


@dataclass(frozen=True, slots=True)
class Sort:
    field: str
    descending: bool


def same(shown: Any, wanted: str) -> bool:
    if isinstance(shown, bool):
        return wanted == ("true" if shown else "false")
    if isinstance(shown, int | Decimal):
        return comparable(shown, wanted)[0] == comparable(shown, wanted)[1]
    return False


def comparable(shown: Any, wanted: str) -> tuple[Any, Any]:
    if isinstance(shown, int | Decimal) and not isinstance(shown, bool):
        try:
            return Decimal(shown), Decimal(wanted)
        except InvalidOperation:
            return str(shown), wanted
    return str(shown), wanted


def read_filters(text: str, resource: Resource) -> tuple[Filter, ...]:
    """The parts of ``field:op:value,field:op:value``, each checked against what the kind can be filtered by."""
    found: list[Filter] = []
    at = 0
    while at < len(text):
        match = PART.match(text, at)
        if match is None:
            raise invalid(f"filters: cannot be read from '{text[at : at + 40]}'", "filters")
        found.append(_read(resource, *match.groups()))
        at = match.end()
    return tuple(found)


def _read(resource: Resource, field: str, operator: str, value: str) -> Filter:
    if operator not in resource.filters.get(field, "").split():
        raise invalid(f"filters: {field}:{operator} is not supported for {resource.path}", "filters")
    quoted = value.startswith('"')
    inner = value.strip('"') if quoted else value.strip()
    if operator in ("in", "nin"):
        if not quoted:
            raise invalid(f"filters: the values of {field}:{operator} must be in quotes", "filters")
        return make(field, operator, *(part.strip() for part in inner.split(",") if part.strip()))
    if field in TIMES:
        return make(field, operator, _time(field, inner, quoted))
    if field == "dueDate" and not is_date(inner):
        raise invalid("filters: dueDate needs a date of the form yyyy-MM-dd", "filters")
    # The sandbox's name for a bank account's own id, as in BILL's sample. Reference: BILL API, funding accounts
    return make("id" if field == "bankAccountId" else field, operator, inner)


def _time(field: str, text: str, quoted: bool) -> str:
    at = read_time(text)
    if at is None or (":" in text and not quoted):
        raise invalid(f'filters: {field} needs a time in quotes, such as "2026-12-30T00:00:00.000Z"', "filters")
    return at


def read_sort(text: str, resource: Resource) -> Sort:
    field, _, way = text.partition(":")
    if field not in resource.sorts or way not in ("asc", "desc"):
        raise invalid(f"sort: {text} is not supported for {resource.path}", "sort")
    return usual_sort(text)


def usual_sort(text: str) -> Sort:
    """The order of a list that asks for none, also where it can't be asked for."""
    field, _, way = text.partition(":")
    return Sort(field, way == "desc")
