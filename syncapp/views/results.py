"""What came of a sync, counted from the journal and the objects themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractUser
from django.db.models import Case, Count, Q, TextField, Value, When
from django.db.models.functions import Cast
from django.db.models.lookups import Contains
from django.urls import reverse

from syncapp.core.holds import TEXTS, Hold, HoldCode
from syncapp.core.lines import in_short
from syncapp.core.records import WriteVerb
from syncapp.core.schema import Kind
from syncapp.core.sides import Side
from syncapp.core.verbs import word
from syncapp.kinds import KINDS
from syncapp.models import (
    AttachmentState,
    Company,
    Conflict,
    ConflictState,
    ObjectState,
    Operation,
    OperationState,
    SyncedObject,
    SyncRun,
)
from syncapp.services import tie_out
from syncapp.services.holds import SETTLED, is_settled

CARRIED_OUT = (OperationState.DONE, OperationState.ADOPTED)
FILES_SENT = (AttachmentState.SENT, AttachmentState.FILING)
SHOWN_CONFLICTS = 10
# A reason is explained here for many records at once, so its text names none of them.
ANY_RECORD = {"target": "the other record", "side": "the other product", "to_make_it_in": "the other product"}
# As it is stored: without blanks.
OWN_FIX = '"fix":'
# A rule that asks for an act asks for another one each time, and so does a record that has a remedy of its own.
OWN_WORDS = "Open each record: its page says what differs and what to do about it."


@dataclass
class KindRow:
    """One line of the result's table."""

    kind: Kind
    records: str
    holds: str
    linked: int = 0
    held: int = 0
    written: dict[str, dict[str, int]] = field(default_factory=lambda: {side.value: {} for side in Side})

    @property
    def label(self) -> str:
        return self.kind.plural

    @property
    def to_billcom(self) -> str:
        return self._spell(Side.BILLCOM)

    @property
    def to_qbo(self) -> str:
        return self._spell(Side.QBO)

    def _spell(self, side: Side) -> str:
        """ "12 created, 3 updated", in the order in which things happen."""
        counts = self.written[side]
        return ", ".join(f"{counts[verb]:,} {word(self.kind, side, verb).done}" for verb in WriteVerb if verb in counts)


@dataclass(frozen=True)
class HoldRow:
    title: str
    fix: str
    count: int
    records: str
    settled: bool


def summary(company: Company, run: SyncRun, user: AbstractUser) -> dict[str, Any]:
    conflicts = Conflict.objects.visible_to(user).filter(company=company)
    of_run = conflicts.filter(run=run).select_related("object")
    kinds = kind_rows(company, run)
    holds = hold_rows(company)
    return {
        "kind_rows": kinds,
        "files": sum(int(run.counts.get(f"bill.files.{state}", 0)) for state in FILES_SENT),
        "wrote": any(row.to_billcom or row.to_qbo for row in kinds),
        "hold_rows": holds,
        "needs_you": [row for row in holds if not row.settled],
        "settled": [row for row in holds if row.settled],
        "settled_count": sum(row.count for row in holds if row.settled),
        "paid_on_one_side": tie_out.paid_on_one_side(company),
        "conflicts": [conflict_row(conflict) for conflict in of_run[:SHOWN_CONFLICTS]],
        "conflict_count": of_run.count(),
        "open_conflicts": conflicts.filter(state=ConflictState.OPEN).count(),
        "conflict_records": _records("conflict", company, state__exact=ConflictState.OPEN),
        "refused": run.operations.filter(state=OperationState.REFUSED).count(),
        "log": list(run.log.all()),
    }


@dataclass(frozen=True)
class ConflictRow:
    record: str
    address: str
    field: str
    billcom: str
    qbo: str
    kept: str
    why: str


def conflict_row(conflict: Conflict) -> ConflictRow:
    kind = KINDS[conflict.kind]
    field_ = kind.fields.get(conflict.field)
    return ConflictRow(
        record=f"{kind.label} {conflict.object}",
        address=reverse("admin:syncapp_conflict_change", args=[conflict.pk]),
        field=(field_.label if field_ else "") or conflict.field,
        billcom=shown(conflict.billcom_value),
        qbo=shown(conflict.qbo_value),
        kept=str(conflict.get_kept_display()),
        why="They differed when they were linked" if conflict.base_value is None else "Changed on both sides",
    )


def shown(value: Any) -> str:
    """A field's value in a word or two; lines are counted and summed, the record's own page shows them."""
    if value is None or value == "":
        return "(empty)"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return in_short(value)
    return str(value)


def kind_rows(company: Company, run: SyncRun) -> list[KindRow]:
    """One row per kind that has records, in the order in which kinds are synced."""
    rows = {name: _row(company, name) for name in KINDS}
    linked = Count("pk", filter=Q(billcom_id__isnull=False, qbo_id__isnull=False))
    held = Count("pk", filter=Q(state=ObjectState.HELD))
    objects = SyncedObject.objects.filter(company=company).order_by()
    for kind, together, waiting in objects.values_list("kind").annotate(on_both=linked, waiting_here=held):
        rows[kind].linked, rows[kind].held = together, waiting
    for kind, side, verb, number in _written(run):
        rows[kind].written[side][verb] = number
    return [row for row in rows.values() if row.linked or row.held or any(row.written.values())]


def _row(company: Company, kind: str) -> KindRow:
    held = {"state__exact": ObjectState.HELD}
    return KindRow(
        kind=KINDS[kind],
        records=_records("syncedobject", company, kind__exact=kind),
        holds=_records("syncedobject", company, kind__exact=kind, **held),
    )


def _written(run: SyncRun) -> Iterable[tuple[str, str, str, int]]:
    done = Operation.objects.filter(run=run, state__in=CARRIED_OUT).order_by()
    return done.values_list("kind", "side", "verb").annotate(Count("pk"))


def hold_rows(company: Company) -> list[HoldRow]:
    """Why records are held, the commonest reason first."""
    held = SyncedObject.objects.filter(company=company, state=ObjectState.HELD).order_by()
    split = held.annotate(settled=Case(When(is_settled(), then=Value(True)), default=Value(False)))
    own = Count("pk", filter=Q(Contains(Cast("hold_facts", TextField()), OWN_FIX)))
    counts = split.values_list("hold_code", "settled").annotate(number=Count("pk"), own=own)
    ordered = counts.order_by("-number", "hold_code")
    return [_hold_row(company, HoldCode(code), number, own, settled=settled) for code, settled, number, own in ordered]


def _hold_row(company: Company, code: HoldCode, count: int, own: int, *, settled: bool) -> HoldRow:
    """``own``: how many of them say themselves what to do, otherwise than their reason does."""
    asks = "no" if settled else "yes"
    records = _records("syncedobject", company, state__exact=ObjectState.HELD, hold_code__exact=code, needs=asks)
    usual = not own and (settled or code not in SETTLED)
    fix = Hold(code, ANY_RECORD).fix() if usual else OWN_WORDS
    return HoldRow(TEXTS[code].title, fix, count, records, settled)


def _records(model: str, company: Company, **filters: str) -> str:
    """The admin's list, filtered."""
    query = urlencode({"company__id__exact": company.pk, **filters})
    return f"{reverse(f'admin:syncapp_{model}_changelist')}?{query}"
