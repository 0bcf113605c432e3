"""Show the plan and write nothing: the same code as the run's, in a transaction that is taken back."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from django.db import transaction
from django.db.models import QuerySet

from syncapp.core.records import Decision, Outcome, Write, WriteVerb
from syncapp.core.schema import Kind, Terms
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import Company, ObjectState, Operation, RunScope, RunState, SyncedObject, SyncRun
from syncapp.services import guards, linking, planning, rows
from syncapp.services import terms as terms_service
from syncapp.services.context import Context, Remotes
from syncapp.services.errors import ServiceError
from syncapp.services.stages import MOST_PASSES, WORKED_OUT

MOST_RECORDS = 5000
"""So many are looked at: the transaction keeps others from writing (all of them, on SQLite), so it must be short."""


@dataclass(frozen=True)
class PreviewRow:
    """One field of one planned write; a create has one row. ``about``: its vendor, date and amount, as far as known.

    ``reason``: the code of a hold, whose words are in ``after``.
    """

    kind: str
    key: int
    label: str
    side: str
    verb: str
    field: str = ""
    before: Any = None
    after: Any = None
    about: tuple[str | date | Decimal, ...] = ()
    reason: str = ""


@dataclass
class Preview:
    """What the next sync would do with what has been read so far.

    ``more``: a list was cut at ``limit`` rows. ``stop``: why a guard would stop the sync before it writes.
    ``unseen``: kind -> records that were not looked at. ``in_flight``: records with a write whose outcome isn't known.
    """

    rows: list[PreviewRow] = field(default_factory=list)
    links: list[PreviewRow] = field(default_factory=list)
    holds: list[PreviewRow] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    more: bool = False
    stop: str = ""
    unseen: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0


class _Slice(Context):
    """For working out what BILL doesn't show: it has no lease to hold, because all that it saves is taken back."""

    def confirm_lease(self) -> None:
        """Nobody else sees what is saved."""


class _Undo(Exception):
    """Takes back everything the look at the plan has touched."""


def preview(company: Company, *, now: datetime, limit: int = 500) -> Preview:
    """Keys and links are worked out inside a transaction that is taken back; nothing is sent, nothing stays."""
    if company.runs.filter(state=RunState.RUNNING).exists():
        raise ServiceError("A sync of this company is running. Look at its progress, or come back when it is done.")
    look = _Look(company, terms_service.load(company), now)
    try:
        with transaction.atomic():
            look.through_all()
            raise _Undo
    except _Undo:
        return look.told(limit)


def read_at(company: Company) -> datetime | None:
    """When both sides were last read to the end; what has changed there since isn't in a preview."""
    read = company.runs.filter(scope__in=[RunScope.READ, RunScope.FULL], state=RunState.DONE)
    return read.order_by("-finished_at").values_list("finished_at", flat=True).first()


@dataclass
class _Told:
    """What is said about one record; looked at once more, only the last counts, but it stays linked."""

    kind: Kind
    link: PreviewRow | None = None
    hold: PreviewRow | None = None
    writes: list[PreviewRow] = field(default_factory=list)
    counts: list[str] = field(default_factory=list)


class _Look:
    """Goes through the kinds as a run does, and remembers what it would have done with each record."""

    def __init__(self, company: Company, terms: Terms, now: datetime) -> None:
        self.company, self.terms = company, terms
        self.context = _slice(company, terms, now)
        self.records: dict[int, _Told] = {}
        self.found = Preview()
        writing = Operation.objects.unfinished(company).filter(object__isnull=False)
        self.writing = writing.values("object")
        self.found.in_flight = writing.values("object").distinct().count()

    def through_all(self) -> None:
        """Round by round, like a run: what is linked lets others go on."""
        if terms_service.digest(self.terms) != self.company.planned_by:
            terms_service.look_again(self.company)
        kinds = self._within_reach()
        for _ in range(MOST_PASSES):
            did = [self._kind(kind) for kind in kinds if not self.found.stop]
            if self.found.stop or not any(did):
                return

    def _within_reach(self) -> list[Kind]:
        """Kinds in dependency order, each whole: twins are found among all records of a kind, or not at all."""
        left, kinds = MOST_RECORDS, []
        for kind in KINDS.values():
            number = self._waiting(kind).count()
            left -= number
            if left >= 0:
                kinds.append(kind)
            elif number:
                self.found.unseen[kind.name] = number
        return kinds

    def _waiting(self, kind: Kind) -> QuerySet[SyncedObject]:
        return SyncedObject.objects.to_look_at(self.company, kind.name).exclude(pk__in=self.writing)

    def _kind(self, kind: Kind) -> bool:
        """Whether it let something go on that others, or the next round, wait for."""
        derive = WORKED_OUT.get(kind.name)
        if derive is not None and not self.found.unseen:
            derive(self.context, kind)
        stop = guards.retired_at_once(self.company, kind)
        if stop is not None:
            self.found.stop = stop.what
            return False
        linking.set_waiting_keys(self.company, kind)
        did = False
        for chunk in _chunks(self._waiting(kind).select_related("excluded_by")):
            plan = planning.make(self.company, kind, chunk, self.terms)
            self._tell(plan)
            _settle(self.company, plan)
            if plan.absorbed and kind.name in kind.keyed_by:
                linking.set_waiting_keys(self.company, kind)
            did = did or bool(plan.linked or plan.left)
        return did

    def _tell(self, plan: planning.ChunkPlan) -> None:
        for key in plan.absorbed:
            self.records.pop(key, None)
        for key in plan.linked:
            link = PreviewRow(plan.kind.name, key, str(plan.rows[key]), "", "link", about=_about(plan, plan.rows[key]))
            self.records[key] = _Told(plan.kind, link=link)
        for key, row in plan.rows.items():
            before = self.records.get(key)
            self.records[key] = _told(plan, row, before.link if before else None)

    def told(self, limit: int) -> Preview:
        for each in self.records.values():
            for name in each.counts:
                self.found.counts[name] = self.found.counts.get(name, 0) + 1
            self._add(self.found.links, [each.link], limit)
            self._add(self.found.holds, [each.hold], limit)
            self._add(self.found.rows, each.writes, limit)
        return self.found

    def _add(self, list_: list[PreviewRow], more: list[PreviewRow | None] | list[PreviewRow], limit: int) -> None:
        wanted = [each for each in more if each is not None]
        self.found.more = self.found.more or len(list_) + len(wanted) > limit
        list_ += wanted[: limit - len(list_)]


def _slice(company: Company, terms: Terms, now: datetime) -> _Slice:
    """It has no way to the products."""
    nowhere = cast("Remotes", None)
    return _Slice(company, SyncRun(company=company), nowhere, terms, lambda: now, uuid.uuid4(), 0, lambda: False)


def _chunks(queryset: QuerySet[SyncedObject]) -> Iterator[list[SyncedObject]]:
    after = 0
    while chunk := list(queryset.filter(pk__gt=after).order_by("pk")[: rows.CHUNK]):
        after = chunk[-1].pk
        yield chunk


def _settle(company: Company, plan: planning.ChunkPlan) -> None:
    """Leave the rows as a run would, so that later chunks, kinds and rounds see what became of these."""
    for key, decision in plan.decisions.items():
        if decision.outcome is Outcome.WRITE:
            rows.release(plan.rows[key], ObjectState.PENDING)
        elif decision.hold is not None:
            rows.hold(plan.rows[key], decision.hold)
        else:
            rows.release(plan.rows[key], ObjectState.LINKED)
    linking.remove_absorbed(plan.kind, plan.absorbed)
    rows.save(list(plan.rows.values()), rows.PLAN_FIELDS)
    rows.save([plan.rows[key] for key in plan.linked], rows.shown_fields(Side.BILLCOM))
    linking.free(company, plan.kind, plan.linked)


def _told(plan: planning.ChunkPlan, row: SyncedObject, link: PreviewRow | None) -> _Told:
    kind, decision = plan.kind, plan.decisions.get(row.pk)
    told = _Told(kind, link, counts=[f"{kind.name}.link"] if link else [])
    hold = decision.hold if decision else row.hold
    if hold is not None:
        about, words = _about(plan, row), hold.describe()
        told.hold = PreviewRow(kind.name, row.pk, str(row), "", "hold", after=words, about=about, reason=hold.code)
        told.counts.append(f"{kind.name}.hold")
    if decision is not None:
        _tell_writes(told, plan, row, decision)
    return told


def _tell_writes(told: _Told, plan: planning.ChunkPlan, row: SyncedObject, decision: Decision) -> None:
    told.counts += [f"{told.kind.name}.conflict"] * len(decision.clashes)
    for write in decision.writes:
        told.counts.append(f"{told.kind.name}.{write.verb}.{write.side}")
        told.writes += _lines(plan, row, write)


def _about(plan: planning.ChunkPlan, row: SyncedObject) -> tuple[str | date | Decimal, ...]:
    party = rows.party(row, plan.kind, plan.lookup)
    found = (party.label if party else "", row.date, row.amount)
    return tuple(each for each in found if each not in (None, ""))


def _lines(plan: planning.ChunkPlan, row: SyncedObject, write: Write) -> list[PreviewRow]:
    kind, side, about = plan.kind, Side(write.side), _about(plan, row)
    if write.verb is not WriteVerb.UPDATE:
        return [PreviewRow(kind.name, row.pk, str(row), side, write.verb, about=about)]
    return [
        PreviewRow(kind.name, row.pk, str(row), side, write.verb, name, before, after, about)
        for name, before, after in planning.describe_write(kind, row, write)
    ]
