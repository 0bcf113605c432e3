"""Read QuickBooks: its changes by one call, pages by query where those can't tell everything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from syncapp.core.limits import other_company
from syncapp.core.schema import Kind, Terms
from syncapp.core.sides import Side
from syncapp.gateways.errors import TooOld
from syncapp.gateways.qbo import Changes, Page
from syncapp.kinds import KINDS
from syncapp.models import Connection, Cursor, Level, ObjectState, SyncedObject
from syncapp.services import storing
from syncapp.services import terms as terms_service
from syncapp.services.context import Context, Stopped

# The cursor is QuickBooks' own clock, and what it shows of the last moments may not be all.
OVERLAP = timedelta(minutes=2)
# The time has a grain of a second, which a batch shares.
ORDER = "MetaData.CreateTime, Id"
PAGE = 1000
PAGES_AT_ONCE = 10
"""Pages of 1,000 asked for in one metered batch call; memory, not the API's 30, sets it."""
IDS_AT_ONCE = 100
"""Ids in one query."""
ITEMS_AT_ONCE = 30
"""As many pages as a batch call holds; for ids alone."""
_ABOUT = ("CompanyInfo", "Preferences")


TRANSACTIONS = [kind.qbo.entity for kind in KINDS.values() if kind.transaction]
"""What QuickBooks deletes; its list entities are deactivated."""


def told() -> dict[str, Kind]:
    """The kinds that change data capture tells of."""
    return {kind.name: kind for kind in KINDS.values() if kind.qbo.told}


def asked_for(terms: Terms) -> dict[str, Kind]:
    """Of those, the ones that this company uses."""
    return {name: kind for name, kind in told().items() if kind.in_use(terms)}


def by_entity() -> dict[str, Kind]:
    return {kind.qbo.entity: kind for kind in told().values()}


def pull(context: Context) -> bool:
    """One change-data-capture call for all kinds, after pages by query where that can't tell everything.

    False: out of time, go on from the position.
    """
    position, everything = context.run.position, list(asked_for(context.terms).values())
    while True:
        if not _read_whole(context):
            return False
        since = _read_up_to(context)
        try:
            entities = [kind.qbo.entity for kind in asked_for(context.terms).values()]
            changes = context.remotes.qbo.changes([*_ABOUT, *entities], since)
        except TooOld:
            if "paged" in position:
                break
            words = "QuickBooks tells changes of the last 30 days only; everything is read again, and compared by id."
            context.note(words, level=Level.WARNING)
            _page_through(context, everything, since=None, compare=TRANSACTIONS)
            continue
        shifted = _store_changes(context, changes)
        if not changes.truncated:
            told_up_to = changes.time - OVERLAP
        elif "paged" not in position:
            # More changed than one answer holds: by query for what was edited, by the ids for what was deleted.
            _page_through(context, everything, since=since, compare=TRANSACTIONS)
            continue
        else:
            # As far as the pages go, so what was cut off comes with the next sync.
            told_up_to = since
            if "compared" not in position:
                shifted = [entity for entity in TRANSACTIONS if entity in position["paged"]]
        if not shifted:
            position["up_to"] = told_up_to.isoformat()
            break
        # Deleted while we paged: what came after it moved up, perhaps past the end of a page.
        position["compare"] = shifted
    storing.move_cursor(context, Side.QBO, "", _read_up_to(context))
    for name in ("paged", "gone", "compared", "up_to"):
        position.pop(name, None)
    return True


def _read_up_to(context: Context) -> datetime:
    """Since when QuickBooks is to tell changes. The cursor moves only when all up to there is read and compared.

    A run that ends before that leaves nothing out: the next one begins where this one did.
    """
    if up_to := context.run.position.get("up_to"):
        return datetime.fromisoformat(up_to)
    return Cursor.objects.get(company=context.company, side=Side.QBO, kind="").read_to


def _read_whole(context: Context) -> bool:
    """Page through what changes can't tell: everything before the first sync, kinds declared since, what was cut."""
    position = context.run.position
    if "paged" not in position and (unread := _never_read(context)):
        _page_through(context, unread, since=None, compare=_left_by_another_run(context))
    if "pages" in position and not import_pages(context):
        return False
    if compared := position.get("compare"):
        _compare_ids(context, compared)
        position["compared"] = position.pop("compare")
    return True


def _store_changes(context: Context, changes: Changes) -> list[str]:
    """Save what changed; the entities we paged through in this run and of which something was deleted meanwhile."""
    kinds, position = by_entity(), context.run.position
    _about(context, changes.records)
    for entity, records in changes.records.items():
        if entity in kinds:
            storing.store_page(context, kinds[entity], Side.QBO, records)
    shifted = []
    for entity, ids in changes.deleted.items():
        if entity in kinds:
            storing.mark_gone(context, kinds[entity], ids)
            storing.keep_unread(context, kinds[entity], Side.QBO, {}, set(ids))
            told = position.setdefault("gone", {}).setdefault(entity, [])
            if entity in position.get("paged", []) and not set(ids) <= set(told):
                shifted.append(entity)
            told += ids
    return shifted


def _never_read(context: Context) -> list[Kind]:
    cursors = Cursor.objects.filter(company=context.company, side=Side.QBO)
    read = set(cursors.values_list("kind", flat=True))
    # Before the first sync the accounts alone have been read, and some time ago.
    return [kind for kind in asked_for(context.terms).values() if "" not in read or kind.name not in read]


def _left_by_another_run(context: Context) -> list[str]:
    """Of what a run has stored that ended before its reading did, some may have been deleted since, and nothing tells.

    Once a reading has been finished, QuickBooks tells what was deleted after it.
    """
    if Cursor.objects.filter(company=context.company, side=Side.QBO, kind="").exists():
        return []
    stored = SyncedObject.objects.filter(company=context.company, qbo_id__isnull=False).values_list("kind", flat=True)
    kinds = set(stored.order_by().distinct())
    return [kind.qbo.entity for kind in KINDS.values() if kind.transaction and kind.name in kinds]


def _about(context: Context, records: dict[str, list[dict[str, Any]]]) -> None:
    for shown in records.get("CompanyInfo", []):
        check_company(context, str(shown.get("CompanyName") or ""))
    for shown in records.get("Preferences", []):
        take_settings(context, shown)


def take_settings(context: Context, shown: dict[str, Any]) -> None:
    """QuickBooks' settings, and with another set of rules what they mean for what is there: both, or neither."""
    before = terms_service.load(context.company)
    with transaction.atomic():
        changed = terms_service.read_preferences(context.company, shown, context.clock())
        context.refresh_terms()
        if changed:
            terms_service.reach(context.company, before, context.terms)
    if changed:
        context.note("QuickBooks' settings changed; they take effect with this sync.")


def check_company(context: Context, name: str) -> None:
    connection = Connection.objects.get(company=context.company, side=Side.QBO)
    stop = other_company(connection.remote_name, name)
    if stop and not context.run.let_pass:
        raise Stopped(stop.code, stop.what)
    if name and name != connection.remote_name:
        Connection.objects.filter(pk=connection.pk).update(remote_name=name)


def _page_through(context: Context, kinds: Sequence[Kind], since: datetime | None, compare: Sequence[str] = ()) -> None:
    """Plan to read whole kinds by query, or what was edited since; then to compare the ids of some entities."""
    position = context.run.position
    # Entity -> the row its next page starts at; what has been read is left out.
    position["pages"] = {kind.qbo.entity: 1 for kind in kinds}
    position["rows"] = {}
    position["since"] = since.isoformat() if since else ""
    position["kinds"] = [kind.name for kind in kinds]
    position["paged"] = [kind.qbo.entity for kind in kinds]
    position["compare"] = list(compare)


def import_kinds(context: Context, kinds: Sequence[Kind]) -> bool:
    """Read whole kinds by query, inactive rows too; goes on where an earlier slice left off. False: out of time."""
    if "pages" not in context.run.position:
        _page_through(context, kinds, since=None)
    return import_pages(context)


def import_pages(context: Context) -> bool:
    """Read the pages the position names; False: out of time."""
    kinds, position = by_entity(), context.run.position
    while position["pages"]:
        answered = context.remotes.qbo.query_pages(_next_pages(position))
        if "read_to" not in position:
            position["read_to"] = (context.remotes.qbo.server_time - OVERLAP).isoformat()
            # Before anything of it is stored: else a crash forgets since when changes are to be asked for, and what is
            # deleted in between stays for ever.
            context.keep_place()
        for page, records in answered:
            storing.store_page(context, kinds[page.entity], Side.QBO, records)
            _go_on(position["pages"], page, len(records))
            position["rows"][page.entity] = position["rows"].get(page.entity, 0) + len(records)
        if position["pages"] and context.out_of_time():
            return False
    rows_read = position.pop("rows")
    if not position["since"]:
        for entity, number in rows_read.items():
            storing.check_empty(context, kinds[entity], Side.QBO, number)
    for name in ("pages", "since"):
        position.pop(name)
    read_to = datetime.fromisoformat(position.pop("read_to"))
    read = position.pop("kinds")
    for name in read:
        storing.move_cursor(context, Side.QBO, name, read_to)
    if set(read) >= set(asked_for(context.terms)):
        position["up_to"] = read_to.isoformat()
    return True


def _compare_ids(context: Context, compared: Sequence[str]) -> None:
    """Find what was deleted, and what slipped between two pages: each is then read by its id, which decides."""
    there = _ids_there(context, compared)
    for entity, ids in there.items():
        kind = by_entity()[entity]
        known = _known_ids(context, kind)
        ours = {str(each) for each in known}
        alive = {str(each) for each in known.exclude(state=ObjectState.RETIRED)}
        # Of what is mostly other people's we don't keep the ids.
        unknown = set() if kind.skips else ids - ours
        refresh(context, kind, sorted((alive - ids) | unknown))


def _known_ids(context: Context, kind: Kind) -> QuerySet[SyncedObject, str | None]:
    found = SyncedObject.objects.of(context.company, kind.name).filter(qbo_id__isnull=False)
    return found.values_list("qbo_id", flat=True)


def _ids_there(context: Context, compared: Sequence[str]) -> dict[str, set[str]]:
    """Entity -> the ids QuickBooks has of it: up to 30,000 of all of them together by one metered call."""
    found: dict[str, set[str]] = {entity: set() for entity in compared}
    # As many pages of each as we know of, and one more to see the end.
    wanted = {entity: _known_ids(context, by_entity()[entity]).count() // PAGE + 2 for entity in compared}
    pages = [_ids_page(entity, number) for entity, most in wanted.items() for number in range(most)]
    while pages:
        asked, pages = pages[:ITEMS_AT_ONCE], pages[ITEMS_AT_ONCE:]
        for page, records in context.remotes.qbo.query_pages(asked):
            found[page.entity] |= {storing.id_of(raw, Side.QBO) for raw in records}
            last = page.start // PAGE + 1 == wanted[page.entity]
            if last and len(records) == PAGE:
                pages.append(_ids_page(page.entity, wanted[page.entity]))
                wanted[page.entity] += 1
    return found


def _ids_page(entity: str, number: int) -> Page:
    return _page(entity, number * PAGE + 1, "", "Id")


def _next_pages(position: dict[str, Any]) -> list[Page]:
    """A page of every open kind, then further ones of the kind that is read first, up to the limit."""
    wheres = []
    for entity, start in position["pages"].items():
        tests = [] if by_entity()[entity].transaction else ["Active IN (true,false)"]
        if position["since"]:
            tests.append(f"MetaData.LastUpdatedTime >= '{position['since']}'")
        wheres.append((entity, start, " AND ".join(tests)))
    pages = [_page(entity, start, where) for entity, start, where in wheres][:PAGES_AT_ONCE]
    entity, start, where = wheres[0]
    while len(wheres) == 1 and start > 1 and len(pages) < PAGES_AT_ONCE:
        start += PAGE
        pages.append(_page(entity, start, where))
    return pages


def _page(entity: str, start: int, where: str, columns: str = "*") -> Page:
    # By time of creation: an edit while we page moves nothing.
    return Page(entity=entity, start=start, size=PAGE, where=where, order=ORDER, columns=columns)


def _go_on(pages: dict[str, int], page: Page, read: int) -> None:
    if read < page.size:
        pages.pop(page.entity, None)
    elif page.entity in pages:
        pages[page.entity] = max(pages[page.entity], page.start + page.size)


def refresh(context: Context, kind: Kind, ids: Sequence[str]) -> None:
    """Read these records again, because their version had moved on."""
    for start in range(0, len(ids), IDS_AT_ONCE):
        context.hold_lease()
        listed = ",".join(f"'{each}'" for each in ids[start : start + IDS_AT_ONCE])
        where = f"Id IN ({listed})" + ("" if kind.transaction else " AND Active IN (true,false)")
        found = context.remotes.qbo.query(kind.qbo.entity, where=where)
        storing.store_page(context, kind, Side.QBO, found)
        missing = set(ids[start : start + IDS_AT_ONCE]) - {storing.id_of(raw, Side.QBO) for raw in found}
        storing.keep_unread(context, kind, Side.QBO, {}, missing)
        storing.mark_gone(context, kind, sorted(missing))


def refresh_unread(context: Context) -> None:
    """What couldn't be read may have been a broken answer, or corrected there since."""
    for name, side in list(storing.unread(context)):
        kind = told().get(name)
        if side != Side.QBO or kind is None:
            continue
        if ids := storing.to_ask_again(context, kind, Side.QBO, IDS_AT_ONCE):
            storing.ask_again(context, kind, Side.QBO, ids, partial(refresh, context, kind))
