"""Show the plan and write nothing: the same code as the run's, stopped before it saves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from syncapp.core.records import Outcome
from syncapp.core.schema import Kind
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import Company, SyncedObject
from syncapp.services import linking, planning, rows
from syncapp.services import terms as terms_service


@dataclass(frozen=True)
class PreviewRow:
    """One field of one planned write; a create has a row with its name only."""

    kind: str
    key: int
    label: str
    side: str
    verb: str
    field: str = ""
    before: Any = None
    after: Any = None


@dataclass
class Preview:
    """What the next sync would do with what has been read so far. ``more``: the list was cut at ``limit`` rows."""

    rows: list[PreviewRow] = field(default_factory=list)
    links: list[PreviewRow] = field(default_factory=list)
    holds: list[PreviewRow] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    more: bool = False


class _Undo(Exception):
    """Takes back everything the look at the plan has touched."""


def preview(company: Company, *, now: datetime, limit: int = 500) -> Preview:
    """Keys and links are worked out inside a transaction that is taken back; nothing is sent, nothing stays."""
    found = Preview()
    terms = terms_service.load(company)
    try:
        with transaction.atomic():
            for kind in KINDS.values():
                _kind(company, kind, terms, found, limit)
            raise _Undo
    except _Undo:
        return found


def _kind(company: Company, kind: Kind, terms: Any, found: Preview, limit: int) -> None:
    looked_at = SyncedObject.objects.to_look_at(company, kind.name)
    linking_chunks = looked_at.filter(linking.ONE_SIDED)
    for chunk in _chunks(linking_chunks):
        linking.set_keys(company, kind, chunk)
    done: set[int] = set()
    for chunk in _chunks(looked_at):
        plan = planning.make(company, kind, [row for row in chunk if row.pk not in done], terms)
        done |= set(plan.rows) | set(plan.absorbed)
        _collect(kind, plan, found, limit)


def _chunks(queryset: Any) -> Any:
    after = 0
    while chunk := list(queryset.filter(pk__gt=after).order_by("pk")[: rows.CHUNK]):
        after = chunk[-1].pk
        yield chunk


def _collect(kind: Kind, plan: planning.ChunkPlan, found: Preview, limit: int) -> None:
    for key in plan.linked:
        _add(found, found.links, limit, PreviewRow(kind.name, key, str(plan.rows[key]), "", "link"))
        _count(found, f"{kind.name}.link")
    for row in plan.rows.values():
        decision = plan.decisions.get(row.pk)
        if decision is None or decision.outcome is Outcome.HELD:
            hold = decision.hold if decision else row.hold
            words = hold.describe() if hold else ""
            _add(found, found.holds, limit, PreviewRow(kind.name, row.pk, str(row), "", "hold", after=words))
            _count(found, f"{kind.name}.hold")
        for write in decision.writes if decision else ():
            _count(found, f"{kind.name}.{write.verb}.{write.side}")
            _add_write(found, kind, row, write, limit)


def _add_write(found: Preview, kind: Kind, row: SyncedObject, write: Any, limit: int) -> None:
    side = Side(write.side)
    if write.verb != "update":
        _add(found, found.rows, limit, PreviewRow(kind.name, row.pk, str(row), side, write.verb))
        return
    for name, before, after in planning.describe_write(kind, row, write):
        one = PreviewRow(kind.name, row.pk, str(row), side, write.verb, name, before, after)
        _add(found, found.rows, limit, one)


def _add(found: Preview, rows_: list[PreviewRow], limit: int, row: PreviewRow) -> None:
    if len(rows_) < limit:
        rows_.append(row)
    else:
        found.more = True


def _count(found: Preview, name: str) -> None:
    found.counts[name] = found.counts.get(name, 0) + 1
