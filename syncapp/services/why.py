"""Explain one record: what each side shows, why it is where it is, and what the next sync would do."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from syncapp.core.schema import Field, Type
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import OPEN_STATES, SyncedObject
from syncapp.services import links, planning
from syncapp.services import terms as terms_service


def why(row: SyncedObject, *, now: datetime) -> list[str]:
    """Lines of plain text, the same facts as the record's page shows."""
    kind = KINDS[row.kind]
    lines = [f"{row.full_name} (number {row.pk}): {row.state_words}"]
    for side in Side:
        lines.append(f"  {side.label}: {row.remote_id(side) or 'not there'}")
    for name in kind.compared:
        ours, theirs = (_words(row, kind.fields[name], side, _value(row, side, name)) for side in Side)
        if ours or theirs:
            lines.append(f"    {kind.field_label(name)}: {ours or '—'} | {theirs or '—'}")
    if row.hold is not None:
        lines += [f"  Held ({row.hold.code}): {row.hold.describe()}", f"  What to do: {row.hold.fix()}"]
    lines += [f"  Possible match: {each.full_name} (number {each.pk})" for each in links.candidates(row)[:10]]
    lines += [f"  {line}" for line in _next(row)]
    lines += [
        f"  {_moment(each.planned_at)} UTC: {each}: {each.get_state_display()} {each.error_words}".rstrip()
        for each in row.operations.all()[:5]
    ]
    return lines


def _value(row: SyncedObject, side: Side, name: str) -> Any:
    return (getattr(row, f"{side}_values") or {}).get(name)


def _words(row: SyncedObject, field: Field, side: Side, value: Any) -> str:
    """A stored value as text: names for ids, lines one after the other."""
    if value in (None, "", []):
        return ""
    if field.lines and isinstance(value, list):
        return "; ".join(_line(row, field, side, line) for line in value)
    if field.type is Type.REF:
        return _name(row, field.ref, side, str(value))
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if field.type is Type.MONEY and isinstance(value, int | Decimal):
        return f"{value:,.2f}"
    return str(value)


def _line(row: SyncedObject, field: Field, side: Side, line: dict[str, Any]) -> str:
    words = (_words(row, each, side, line.get(name)) for name, each in field.lines.items())
    return ", ".join(filter(None, words))


def _name(row: SyncedObject, kind: str, side: Side, remote_id: str) -> str:
    named = SyncedObject.objects.of(row.company, kind).filter(**{f"{side}_id": remote_id}).first()
    return str(named) if named else remote_id


def _moment(value: datetime) -> str:
    """5 Nov 2026 12:00."""
    return f"{value.astimezone(UTC):%d %b %Y %H:%M}".lstrip("0")


def _next(row: SyncedObject) -> list[str]:
    """What would be decided now, with what has been read."""
    if row.operations.filter(state__in=OPEN_STATES).exists():
        return ["Next sync: finds out what became of the write under way"]
    kind = KINDS[row.kind]
    fresh = SyncedObject.objects.get(pk=row.pk)
    plan = planning.make(row.company, kind, [fresh], terms_service.load(row.company))
    decision = plan.decisions.get(row.pk)
    if decision is None:
        return ["Next sync: stays held"] if row.hold is not None else []
    found = [f"Next sync: {write.verb} in {Side(write.side).label}" for write in decision.writes]
    return found or [f"Next sync: {'stays held' if decision.hold else 'nothing to do'}"]
