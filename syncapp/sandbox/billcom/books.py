"""What can be done to any kind of record: make, change, replace, archive, restore; one or many.

A change is drafted first, which checks everything and alters nothing, and then kept. So a call of many is
all-or-nothing by drafting all of them before keeping any.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from syncapp.sandbox.billcom.declaring import Resource
from syncapp.sandbox.billcom.errors import Problem, Refused, duplicate, invalid, missing
from syncapp.sandbox.billcom.fields import Mode, Reader
from syncapp.sandbox.billcom.organization import Context, Organization
from syncapp.sandbox.billcom.resources import RESOURCES
from syncapp.sandbox.billcom.values import Row, texts


class Rules:
    """What a kind adds to the common ways; every method may be left as it is."""

    def prepare(self, books: Books, row: Row, old: Row | None, payload: Row) -> None:
        """Fill in what BILL computes, in a fresh row that nobody else holds; refuse what may not be."""

    def kept(self, books: Books, row: Row, old: Row | None) -> None:
        """Let other records follow."""

    def may_archive(self, books: Books, row: Row) -> None:
        """Refuse to archive it."""

    def shown(self, books: Books, row: Row, *, reading: bool) -> Row:
        """The record as an answer shows it; never altered in place."""
        return row


class Books:
    """The records of one organization, and what may be done to them."""

    def __init__(self, context: Context, organization: Organization, rules: Mapping[str, Rules]) -> None:
        self.context = context
        self.switches = context.switches
        self.organization = organization
        self.rules = rules

    def find(self, resource: Resource | str, identifier: str) -> Row:
        kind = RESOURCES[resource] if isinstance(resource, str) else resource
        row = self.organization.table(kind).get(identifier)
        if row is None:
            switches = self.switches
            raise missing(kind.label, identifier, switches.billcom_missing_status, switches.billcom_missing_code)
        return row

    def shown(self, resource: Resource, row: Row, *, reading: bool = False) -> Row:
        return self.rules[resource.name].shown(self, row, reading=reading)

    # One record

    def create(self, resource: Resource, payload: Any) -> Row:
        return self.keep(resource, self.draft(resource, payload, Mode.CREATE), None)

    def change(self, resource: Resource, identifier: str, payload: Any, mode: Mode) -> Row:
        old = self.find(resource, identifier)
        return self.keep(resource, self.draft(resource, payload, mode, old), old)

    def draft(self, resource: Resource, payload: Any, mode: Mode, old: Row | None = None) -> Row:
        """The record that a payload would make. Raises Refused with all that is wrong; alters nothing."""
        if old is not None and old.get("archived") and not self.switches.billcom_archived_editable:
            raise invalid(f"{resource.label} {old['id']} is archived. Restore it first.", "archived")
        reader = self.reader(mode, old)
        row = reader.read(resource.fields, payload, old)
        if reader.problems:
            raise Refused(400, *reader.problems)
        self._complete(resource, row, old)
        self.rules[resource.name].prepare(self, row, old, payload)
        if self.switches.billcom_unique_names and "name" in resource.fields:
            self._refuse_name_taken(resource, row)
        return row

    def reader(self, mode: Mode, old: Row | None) -> Reader:
        switches = self.switches
        already: set[str] = set()

        def refers(kind: str, identifier: str, where: str) -> str:
            row = self.organization.tables[kind].get(identifier)
            if row is None:
                return f"{RESOURCES[kind].label} {identifier} does not exist"
            if row.get("archived") and switches.billcom_archived_references == "refuse":
                already.update(texts(old) if old is not None and not already else ())
                return "" if identifier in already else f"{RESOURCES[kind].label} {identifier} is archived"
            return ""

        return Reader(
            mode=mode,
            refers=refers,
            code=switches.billcom_validation_code,
            unknown=switches.billcom_unknown_fields,
            null_clears=switches.billcom_null_clears,
            merges=switches.billcom_patch_merges_objects,
            numeric_texts=switches.billcom_numeric_texts,
        )

    def _complete(self, resource: Resource, row: Row, old: Row | None) -> None:
        """What every record has, and what a request may not set."""
        now = self.context.stamp()
        if old is None:
            row["id"] = self.context.make_id(resource.prefix)
            row["archived"] = False
            row["createdTime"] = now
        else:
            for name, known in resource.fields.items():
                if (known.read_only or known.create_only) and name in old:
                    row[name] = old[name]
        row["updatedTime"] = now
        for name, value in resource.defaults.items():
            row.setdefault(name, value)

    def _refuse_name_taken(self, resource: Resource, row: Row) -> None:
        table = self.organization.table(resource)
        for identifier in table.ids_with("name", [row["name"]]):
            other = table.rows[identifier]
            if identifier != row["id"] and other.get("parentId") == row.get("parentId"):
                raise duplicate(f"{resource.label} name {row['name']} is already in use", "name")

    def keep(self, resource: Resource, row: Row, old: Row | None, operation: str = "") -> Row:
        """Write a drafted record into the books and tell whoever listens."""
        self.organization.table(resource).put(row)
        self.rules[resource.name].kept(self, row, old)
        self.tell(resource, row, operation or ("created" if old is None else "updated"))
        return self.organization.row(resource.name, row["id"])

    def keep_quietly(self, name: str, row: Row) -> None:
        """A figure that follows from other records: no time moves, nobody is told."""
        self.organization.tables[name].put(row)

    def tell(self, resource: Resource, row: Row, operation: str) -> None:
        self.context.emit(
            {
                "side": "billcom",
                "company": self.organization.id,
                "entity": resource.name,
                "id": row["id"],
                "operation": operation,
                "at": self.context.stamp(),
            }
        )

    def set_archived(self, resource: Resource, identifier: str, archived: bool) -> Row:
        """Archiving what is archived changes nothing, and says so. Reference: BILL API, archive and restore"""
        old = self.find(resource, identifier)
        if "archived" not in old:
            raise invalid(f"A {resource.label.lower()} can't be archived.", "id")
        if old["archived"] == archived:
            return old
        if archived:
            self.rules[resource.name].may_archive(self, old)
        row = {**old, "archived": archived, "updatedTime": self.context.stamp()}
        return self.keep(resource, row, old, "archived" if archived else "restored")

    # Many records

    def create_all(self, resource: Resource, payloads: list[Any]) -> list[Row]:
        drafts = self._drafts(resource, [(payload, Mode.CREATE, None) for payload in payloads])
        return [self.keep(resource, row, None) for row in self._whole(resource, drafts)]

    def change_all(self, resource: Resource, payloads: list[Any], mode: Mode) -> list[Row]:
        """Each record names itself by ``id``."""
        olds = [self._named(resource, payload, at) for at, payload in enumerate(payloads)]
        wanted: list[tuple[Any, Mode, Row | None]] = [
            (payload, mode, old) for payload, old in zip(payloads, olds, strict=True)
        ]
        rows = self._whole(resource, self._drafts(resource, wanted))
        return [self.keep(resource, row, self.organization.row(resource.name, row["id"])) for row in rows]

    def archive_all(self, resource: Resource, identifiers: list[str], archived: bool) -> list[Row]:
        for identifier in identifiers:
            row = self.find(resource, identifier)
            if archived and not row["archived"]:
                self.rules[resource.name].may_archive(self, row)
        return [self.set_archived(resource, identifier, archived) for identifier in identifiers]

    def _named(self, resource: Resource, payload: Any, at: int) -> Row:
        identifier = payload.get("id") if isinstance(payload, dict) else None
        if not isinstance(identifier, str):
            raise invalid(f"[{at}].id: must not be null", f"[{at}].id", self.switches.billcom_validation_code)
        return self.find(resource, identifier)

    def _drafts(self, resource: Resource, wanted: list[tuple[Any, Mode, Row | None]]) -> Iterator[Row]:
        for at, (payload, mode, old) in enumerate(wanted):
            try:
                yield self.draft(resource, payload, mode, old)
            except Refused as refused:
                told = [problem.inside(f"[{at}].") for problem in refused.problems]
                raise Refused(refused.status, *told, category=refused.category) from None

    def _whole(self, resource: Resource, drafts: Iterator[Row]) -> Iterator[Row]:
        """All drafts before any is kept, unless the kind promises no such thing and the switch makes use of that."""
        whole = resource.bulk is None or resource.bulk.whole or not self.switches.billcom_partial_bulk
        return iter(list(drafts)) if whole else drafts


def problem(message: str, field: str) -> Problem:
    return Problem(f"{field}: {message}", "BDC_1143", field)
