"""One record's page: both sides and base next to each other, and what hangs on the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst

from syncapp.admin import remedies
from syncapp.admin.cells import Cell, Names, Wanted, cell, names_in
from syncapp.admin.shared import HEAVY, RAW, may_retry, may_work_on, moment
from syncapp.core.schema import Field, Kind
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import ObjectState, SyncedObject
from syncapp.services import attachments, links, planning

SHOWN = 50
# What changes in a record without anybody's edit, so that it may have changed since it was read.
MOVING = ("open", "balance")
RAW_SHOWN = 20_000
_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One field on both sides and in base.

    ``differs``: the two sides don't mean the same now. Each product has words of its own for some things, so what both
    agreed on and neither changed since is the same, whatever it looks like.
    """

    label: str
    read_only: bool
    billcom: Cell
    qbo: Cell
    base: Cell
    changed_billcom: bool
    changed_qbo: bool
    differs: bool

    @property
    def empty(self) -> bool:
        return not any(each.text or each.rows for each in (self.billcom, self.qbo, self.base))

    @property
    def is_lines(self) -> bool:
        return bool(self.billcom.rows or self.qbo.rows or self.base.rows)

    @property
    def tables(self) -> list[tuple[str, Cell]]:
        """Lines of each side under its name; sides that show the same lines share a table."""
        named = (("BILL", self.billcom), ("QuickBooks Online", self.qbo), ("last agreed", self.base))
        found: dict[str, tuple[list[str], Cell]] = {}
        for name, each in named:
            if each.rows:
                found.setdefault(each.plain, ([], each))[0].append(name)
        return [(capfirst(" = ".join(names)), each) for names, each in found.values()]


def details(row: SyncedObject, request: HttpRequest) -> dict[str, Any]:
    kind = KINDS[row.kind]
    facts = [fact for fact in facts_of(row, kind) if not fact.empty]
    related = SyncedObject.objects.visible_to(request.user).defer(*HEAVY)
    working = may_work_on(request, row.company_id)
    return {
        "row": row,
        "kind": kind,
        "facts": [fact for fact in facts if not fact.is_lines],
        "lines": [fact for fact in facts if fact.is_lines],
        "columns": [(side.label, row.remote_id(side), _changed_at(row, side)) for side in Side],
        "moves_by_itself": any(name in kind.fields for name in MOVING),
        "links_out": links_out(row),
        "candidates": [(each, links.may_not_be_linked(each)) for each in links.candidates(row).defer(*RAW)[:SHOWN]],
        "told_apart": row.told_apart and not row.linked,
        "may_be_taken_back": links.may_be_taken_back(row),
        # What the hold says is settled already.
        "explained": links.may_be_taken_back(row) and row.hold_code in links.MATCHED,
        "is_taken": row.hold_code in links.TAKEN,
        "may_differ": row.hold_code in links.MATCHED,
        "waits_for": related.filter(pk=row.waits_for_id).first() if row.waits_for_id else None,
        "waiting": related.filter(waits_for=row)[:SHOWN],
        "operations": row.operations.defer("payload", "values")[:SHOWN],
        "conflicts": [(_label(kind, each.field), each) for each in row.conflicts.all()[:SHOWN]],
        "may_work": working,
        "may_retry": working or may_retry(request),
        "may_part": row.linked and not kind.worked_out(row.billcom_values or {}),
        "may_be_let_in": links.may_be_let_in(row),
        "brought_back_in": side.label if (side := links.brought_back_in(row)) else "",
        "remedies": remedies.offered(row, working=working),
        "files": attachments.of(row),
        "may_look_for_files": row.kind == attachments.BILL and row.linked and not row.excluded,
        "merged_into": links.merged_into(row),
        "was_merged": row.linked and "merged" in row.hold_facts,
        "may_choose_location": links.may_choose_location(row),
        "may_be_posted_again": links.may_be_posted_again(row),
        "remark": planning.remark(kind, row.billcom_values) if row.linked else "",
        "held": row.state == ObjectState.HELD,
        "seen": moment(row.first_seen_at),
        "synced": moment(row.synced_at),
        "raw": [(Side(side).label, pretty(getattr(row, f"{side}_raw"))) for side in Side],
    }


def _changed_at(row: SyncedObject, side: Side) -> str:
    """When what is shown of a side was last changed there, as the record says it; "" where it doesn't."""
    raw = getattr(row, f"{side}_raw") or {}
    told = raw.get("updatedTime") if side is Side.BILLCOM else (raw.get("MetaData") or {}).get("LastUpdatedTime")
    found = parse_datetime(told) if isinstance(told, str) else None
    return moment(found) if found is not None and found.tzinfo is not None else ""


def _label(kind: Kind, field: str) -> str:
    return kind.field_label(field) if field in kind.fields else field


def pretty(raw: Any) -> str:
    """The product's own JSON, indented, cut where it gets too long to read."""
    if raw is None:
        return "not there"
    text = msgspec.json.format(_encoder.encode(raw), indent=2).decode()
    return text if len(text) <= RAW_SHOWN else f"{text[:RAW_SHOWN]}\n…"


def facts_of(row: SyncedObject, kind: Kind) -> list[Fact]:
    shown = {side: getattr(row, f"{side}_values") or {} for side in Side}
    agreed = {side: (row.base or {}).get(side) or {} for side in Side}
    wanted = [
        Wanted(company=row.company_id, field=field, side=side, value=values[side].get(name))
        for name, field in kind.fields.items()
        for values in (shown, agreed)
        for side in Side
    ]
    names = names_in(wanted)
    return [_fact(row, kind, name, shown, agreed, names) for name in kind.fields]


def _fact(row: SyncedObject, kind: Kind, name: str, shown: Any, agreed: Any, names: Names) -> Fact:
    field = kind.fields[name]

    def of(values: Any, side: Side) -> Cell:
        return cell(Wanted(company=row.company_id, field=field, side=side, value=values[side].get(name)), names)

    billcom, qbo = of(shown, Side.BILLCOM), of(shown, Side.QBO)
    # Where the two agreed on different values of their own (a choice, an id), BILL's stands for both.
    base = of(agreed, Side.BILLCOM) if agreed[Side.BILLCOM].get(name) is not None else of(agreed, Side.QBO)
    changed = {side: _changed(row, field, name, shown[side], agreed[side]) for side in Side}
    settled = name in agreed[Side.BILLCOM] and not any(changed.values())
    return Fact(
        label=kind.field_label(name),
        read_only=field.fact,
        billcom=billcom,
        qbo=qbo,
        base=base,
        changed_billcom=changed[Side.BILLCOM],
        changed_qbo=changed[Side.QBO],
        differs=row.linked and not field.fact and not settled and billcom.plain != qbo.plain,
    )


def _changed(row: SyncedObject, field: Field, name: str, shown: Any, agreed: Any) -> bool:
    return row.base is not None and not field.fact and name in agreed and shown.get(name) != agreed[name]


def links_out(row: SyncedObject) -> list[tuple[str, str]]:
    """(label, address) of the record in each product, as their own pages have it."""
    kind = KINDS[row.kind]
    found = []
    for connection in row.company.connections.defer("credentials"):
        in_billcom = row.billcom_id and not kind.worked_out(row.billcom_values or {})
        if connection.side == Side.BILLCOM and row.billcom_id and in_billcom:
            collection = kind.billcom.path.rsplit("/", 1)[-1]
            found.append(("Open in BILL", _address(settings.BILLCOM_APP_URL, connection, collection, row.billcom_id)))
        if connection.side == Side.QBO and row.qbo_id:
            address = _address(settings.QBO_APP_URL, connection, kind.qbo.entity, row.qbo_id)
            found.append(("Open in QuickBooks", address))
    return found


QBO_PAGES = {
    "Vendor": "vendordetail?nameId=",
    "Customer": "customerdetail?nameId=",
    "Bill": "bill?txnId=",
    "VendorCredit": "vendorcredit?txnId=",
    "BillPayment": "billpayment?txnId=",
    "JournalEntry": "journal?txnId=",
    "Account": "register?accountId=",
}


def _address(base: str, connection: Any, collection: str, remote_id: str) -> str:
    """The real QuickBooks has a page per type; the sandbox's addresses name company, type and id."""
    if base.startswith("https://app.qbo.intuit.com"):
        return f"{base}/{QBO_PAGES.get(collection, 'homepage?id=')}{remote_id}"
    return f"{base}/{connection.remote_id}/{collection}/{remote_id}"
