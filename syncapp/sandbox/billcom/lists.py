"""One page of a list: ``max``, ``page``, ``filters``, ``sort``.

The token of a page is opaque to clients. Inside it names the record after which (or before which) to go on, or,
by a switch, a count; and the list that it belongs to, for a token of another list is refused.

Reference: https://developer.bill.com/docs/search-op-with-lists
"""

from __future__ import annotations

import base64
import binascii
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec

from syncapp.sandbox.billcom.declaring import Resource
from syncapp.sandbox.billcom.errors import invalid
from syncapp.sandbox.billcom.filters import TIMES, Filter, Sort, make, read_filters, read_sort, usual_sort
from syncapp.sandbox.billcom.switches import BillcomSwitches
from syncapp.sandbox.billcom.tables import Table
from syncapp.sandbox.billcom.values import Row, dig
from syncapp.sandbox.http import decode, whole

MOST = 100
USUAL = 20
# With fewer changes than this, looking at just them beats walking a list in another order.
FEW = 500
# After every id.
LAST = "~"
Key = tuple[Any, str]


@dataclass(frozen=True, slots=True)
class Query:
    filters: tuple[Filter, ...]
    sort: Sort
    size: int
    token: dict[str, Any] | None
    digest: int

    def passes(self, row: Row) -> bool:
        return all(each.passes(row) for each in self.filters)


def read_query(resource: Resource, query: Mapping[str, str], switches: BillcomSwitches) -> Query:
    unknown = set(query) - {"max", "page", "filters", "sort"}
    if unknown:
        raise invalid(f"{min(unknown)}: unknown query parameter", min(unknown))
    filters = read_filters(query.get("filters", ""), resource)
    vendor_only = any(each.field == "vendorId" for each in filters) and resource.name == "payments"
    if vendor_only and not switches.billcom_payments_filter_by_vendor:
        raise invalid("filters: vendorId is not supported for payments", "filters")
    if not switches.billcom_lists_include_archived and not any(each.field == "archived" for each in filters):
        filters += (make("archived", "ne", "true"),) if "archived" in resource.filters else ()
    order = query.get("sort", "")
    digest = zlib.crc32(f"{resource.name}|{query.get('filters', '')}|{order}".encode())
    sort = read_sort(order, resource) if order else usual_sort(switches.billcom_default_sort)
    return Query(filters, sort, _size(query.get("max", "")), _token(query.get("page", ""), digest), digest)


def _size(text: str) -> int:
    if not text:
        return USUAL
    size = whole(text)
    if size is None or not 1 <= size <= MOST:
        raise invalid(f"max: must be between 1 and {MOST}", "max")
    return size


def _token(text: str, digest: int) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        token = decode(base64.urlsafe_b64decode(text))
    except (binascii.Error, ValueError):
        raise invalid("page: is not a page of a list", "page") from None
    if not isinstance(token, dict) or token.get("list") != digest:
        raise invalid("page: belongs to another list", "page")
    return token


def _seal(query: Query, **inside: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode({"list": query.digest, **inside})).decode()


def page_of(table: Table, query: Query, view: Callable[[Row], Row], switches: BillcomSwitches) -> dict[str, Any]:
    """The answer to a list call. ``nextPage`` is absent on the last page, ``prevPage`` on the first."""
    paged = _by_count if switches.billcom_paging == "offset" else _by_key
    rows, following, previous = paged(table, query, switches.billcom_empty_last_page)
    body: dict[str, Any] = {"results": [view(row) for row in rows]}
    if following:
        body["nextPage"] = following
    if previous:
        body["prevPage"] = previous
    return body


def _by_count(table: Table, query: Query, empty_last: bool) -> tuple[list[Row], str, str]:
    start = int((query.token or {}).get("from", 0))
    found = list(_walk(table, query, None, back=False))
    rows = found[start : start + query.size]
    more = start + query.size < len(found) or (empty_last and len(rows) == query.size)
    following = _seal(query, **{"from": start + query.size}) if more else ""
    previous = _seal(query, **{"from": max(start - query.size, 0)}) if start else ""
    return rows, following, previous


def _by_key(table: Table, query: Query, empty_last: bool) -> tuple[list[Row], str, str]:
    token = query.token or {}
    back = bool(token.get("back"))
    rows = list(islice(_walk(table, query, _after(query, token), back=back), query.size + 1))
    more = len(rows) > query.size
    rows = rows[: query.size]
    if back:
        rows.reverse()
    onward = back or more or (empty_last and len(rows) == query.size)
    backward = more if back else "id" in token
    following = _mark(query, rows[-1]) if rows and onward else ""
    return rows, following, _mark(query, rows[0], back=True) if rows and backward else ""


def _mark(query: Query, row: Row, **back: bool) -> str:
    return _seal(query, at=dig(row, query.sort.field), id=row["id"], **back)


def _after(query: Query, token: dict[str, Any]) -> Key | None:
    if "id" not in token:
        return None
    at = token.get("at")
    return (at if query.sort.field in TIMES else _ranked(at)), token["id"]


def _ranked(value: Any) -> Any:
    """Absent values come first; texts are ordered without regard to case."""
    if value is None:
        return (0, "")
    return (1, value.casefold() if isinstance(value, str) else value)


def _walk(table: Table, query: Query, after: Key | None, *, back: bool) -> Iterator[Row]:
    """The rows that pass, in the list's order or against it, from just after a key."""
    order = _order(table, query)
    first, last = _bounds(order, query)
    if query.sort.descending is not back:
        last = last if after is None else min(last, bisect_left(order, after))
        places = range(last - 1, first - 1, -1)
    else:
        places = range(first if after is None else max(first, bisect_right(order, after)), last)
    for place in places:
        row = table.rows[order[place][1]]
        if query.passes(row):
            yield row


def _bounds(order: Sequence[Key], query: Query) -> tuple[int, int]:
    """The stretch of the order that filters on its own time leave."""
    first, last = 0, len(order)
    for each in query.filters:
        if each.field == query.sort.field and each.field in TIMES:
            if each.operator in ("gt", "gte"):
                first = max(first, bisect_left(order, (each.value, "")))
            elif each.operator in ("lt", "lte"):
                last = min(last, bisect_right(order, (each.value, LAST)))
    return first, last


def _order(table: Table, query: Query) -> Sequence[Key]:
    """The keys to walk along: an order that is kept, or a short one made of the few rows that can pass."""
    ids = _candidates(table, query)
    field = query.sort.field
    if field in TIMES:
        if ids is None:
            return table.by_time[field]
        return sorted((table.rows[each][field], each) for each in ids)
    every = table.rows if ids is None else ids
    return sorted((_ranked(dig(table.rows[each], field)), each) for each in every)


def _candidates(table: Table, query: Query) -> set[str] | None:
    """The ids among which all that pass must be, where a filter makes them few; None for all."""
    for each in query.filters:
        if each.field == "id" and each.operator in ("eq", "in"):
            return {value for value in each.values if value in table.rows}
    for each in query.filters:
        if each.field in table.indexes and each.operator in ("eq", "in"):
            return set(table.ids_with(each.field, each.values))
    for each in query.filters:
        if each.field in TIMES and each.field != query.sort.field and each.operator in ("gt", "gte"):
            start = table.since(each.field, each.value)
            if len(table) - start <= max(FEW, len(table) // 20):
                return {identifier for _, identifier in table.by_time[each.field][start:]}
    return None
