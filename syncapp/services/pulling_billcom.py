"""Read BILL: each kind's changes since its cursor, by time of creation, so that an edit moves nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from syncapp.core.holds import HoldCode
from syncapp.core.schema import Kind, Raw, Terms
from syncapp.core.sides import Side
from syncapp.gateways.billcom import ListPage
from syncapp.gateways.errors import NotFound, Rejected
from syncapp.kinds import KINDS
from syncapp.models import Company, Cursor, SyncedObject
from syncapp.services import storing
from syncapp.services.context import Context

# BILL's times have a grain of one second and belong to several machines.
OVERLAP = timedelta(minutes=2)
PAGE = 100
IN_ORDER = "createdTime:asc"
AGAIN_SINGLY = 30
"""Payments that couldn't be read and are asked for again by one sync, a call each."""


def cursors(company: Company) -> dict[str, Cursor]:
    """How far each kind has been read in BILL."""
    return {cursor.kind: cursor for cursor in company.cursors.filter(side=Side.BILLCOM)}


def read_along(kind: Kind, known: Mapping[str, Cursor], terms: Terms) -> list[Kind]:
    """All kinds in use that are kept in the same list of BILL and were read like this one: a reading serves them all.

    This one is among them; the first of them is the one that is read.
    """
    return [
        each
        for each in KINDS.values()
        if each.billcom.path == kind.billcom.path
        and each.in_use(terms)
        and (each.name in known) == (kind.name in known)
    ]


def pull(context: Context, kinds: Sequence[Kind], cursor: Cursor | None) -> bool:
    """The changes of kinds that share a list since the cursor. False: out of time, go on from the page kept in the
    position.
    """
    kind = kinds[0]
    context.hold_lease()
    lists = context.run.position.setdefault("lists", {})
    place = lists.setdefault(kind.name, {"page": None, "read": 0})
    for page in _pages(context, kind, cursor, place):
        place.setdefault("read_to", (_billcom_now(context) - OVERLAP).isoformat())
        place["read"] += len(page.records)
        for each in kinds:
            storing.store_page(context, each, Side.BILLCOM, page.records)
        place["page"] = page.next_page
        if page.next_page:
            # Patience is for standing still, not for a long list.
            context.run.position["pauses"] = 0
            if context.out_of_time():
                return False
    if cursor is None:
        storing.check_empty(context, kind, Side.BILLCOM, place["read"])
    for each in kinds:
        context.cursors[each.name] = datetime.fromisoformat(place["read_to"])
    del lists[kind.name]
    return True


def _pages(context: Context, kind: Kind, cursor: Cursor | None, place: dict[str, Any]) -> Iterator[ListPage]:
    """From the page where an earlier slice left off; from the first, where BILL no longer knows that one."""
    filters = f'updatedTime:gte:"{_stamp(cursor.read_to)}"' if cursor and not kind.billcom.whole else ""
    try:
        yield from _list(context, kind, filters, place["page"])
    except Rejected:
        if place["page"] is None:
            raise
        place.update(page=None, read=0)
        yield from _list(context, kind, filters, None)


def _list(context: Context, kind: Kind, filters: str, page: str | None) -> Iterator[ListPage]:
    order = "" if kind.billcom.whole else IN_ORDER
    return context.remotes.billcom.pages(kind.billcom.path, filters=filters, sort=order, page=page)


def refresh(context: Context, kind: Kind, ids: Sequence[str]) -> None:
    """Read these records again by their ids."""
    for start in range(0, len(ids), PAGE):
        context.hold_lease()
        asked = ids[start : start + PAGE]
        read = _one_by_one if kind.billcom.recorded else _together
        found, gone = read(context, kind, asked)
        storing.store_page(context, kind, Side.BILLCOM, found)
        storing.keep_unread(context, kind, Side.BILLCOM, {}, gone)


def _together(context: Context, kind: Kind, ids: Sequence[str]) -> tuple[list[Raw], set[str]]:
    """What is there, and the ids of what is gone."""
    found = by_ids(context, kind, ids)
    return list(found.values()), set(ids) - found.keys()


def by_ids(context: Context, kind: Kind, ids: Sequence[str]) -> dict[str, Raw]:
    """The records with these ids as they are now; what BILL doesn't list is left out."""
    if not kind.billcom.whole:
        return context.remotes.billcom.by_ids(kind.billcom.path, ids)
    every = (record for page in _list(context, kind, "", None) for record in page.records)
    return {record["id"]: record for record in every if record["id"] in ids}


def _one_by_one(context: Context, kind: Kind, ids: Sequence[str]) -> tuple[list[Raw], set[str]]:
    """Payments can't be asked for by their ids. Reference: BILL API, list payments: filters."""
    found, gone = [], set()
    for each in ids:
        context.hold_lease()
        try:
            found.append(context.remotes.billcom.get(kind.billcom.path, each))
        except NotFound:
            gone.add(each)
    return found, gone


def refresh_unread(context: Context, kind: Kind) -> None:
    """What couldn't be read may have been a broken answer, or corrected there since: a page of it with each sync."""
    each_alone = kind.billcom.recorded
    ids = storing.to_ask_again(context, kind, Side.BILLCOM, AGAIN_SINGLY if each_alone else PAGE)
    for asked in ([each] for each in ids) if each_alone else filter(None, [ids]):
        if context.out_of_time():
            return
        storing.ask_again(context, kind, Side.BILLCOM, asked, lambda some: refresh(context, kind, some))


def unapproved(company: Company) -> dict[str, list[str]]:
    """Bills held until they are approved, by kind: an approval may not move BILL's updatedTime, so ask by id."""
    held = SyncedObject.objects.filter(company=company, hold_code=HoldCode.NOT_APPROVED).exclude(billcom_id=None)
    found: dict[str, list[str]] = {}
    for kind, remote_id in held.order_by("kind", "pk").values_list("kind", "billcom_id"):
        if kind in KINDS and KINDS[kind].approval_told and not KINDS[kind].billcom.recorded:
            found.setdefault(kind, []).append(str(remote_id))
    return found


def _billcom_now(context: Context) -> datetime:
    """BILL's clock where it says it: a clock of ours that runs ahead would step over edits."""
    said = context.remotes.billcom.server_time
    return min(said, context.clock()) if said is not None else context.clock()


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
