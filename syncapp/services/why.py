"""Explain one record: what each side shows, why it is where it is, and what the next sync would do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import OPEN_STATES, SyncedObject
from syncapp.services import planning
from syncapp.services import terms as terms_service


def why(row: SyncedObject, *, now: datetime) -> list[str]:
    """Lines of plain text, the same facts as the record's page shows."""
    kind = KINDS[row.kind]
    lines = [f"{kind.label} {row} (number {row.pk}): {row.get_state_display()}"]
    for side in Side:
        lines.append(f"  {side.label}: {row.remote_id(side) or 'not there'}")
    for name in kind.compared:
        ours, theirs = ((getattr(row, f"{side}_values") or {}).get(name) for side in Side)
        if ours or theirs:
            lines.append(f"    {kind.field_label(name)}: {_short(ours)} | {_short(theirs)}")
    if row.hold is not None:
        lines += [f"  Held ({row.hold.code}): {row.hold.describe()}", f"  What to do: {row.hold.fix()}"]
    lines += [f"  {line}" for line in _next(row)]
    lines += [
        f"  {each.planned_at:%Y-%m-%d %H:%M} {each}: {each.get_state_display()} {each.error_words}".rstrip()
        for each in row.operations.all()[:5]
    ]
    return lines


def _short(value: Any) -> str:
    text = "—" if value in (None, "", []) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _next(row: SyncedObject) -> list[str]:
    """What would be decided now, with what has been read."""
    if row.operations.filter(state__in=OPEN_STATES).exists():
        return ["Next sync: finds out what became of the write under way"]
    kind = KINDS[row.kind]
    fresh = SyncedObject.objects.get(pk=row.pk)
    plan = planning.make(row.company, kind, [fresh], terms_service.load(row.company))
    decision = plan.decisions.get(row.pk)
    if decision is None:
        return []
    found = [f"Next sync: {write.verb} in {Side(write.side).label}" for write in decision.writes]
    return found or [f"Next sync: {'stays held' if decision.hold else 'nothing to do'}"]
