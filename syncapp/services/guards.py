"""What makes a run stop before it writes; asked of what has been read and saved."""

from __future__ import annotations

from syncapp.core.limits import Stop, came_back_empty, too_many_retired
from syncapp.core.schema import Kind
from syncapp.core.sides import Side
from syncapp.models import Company, ObjectState, SyncedObject
from syncapp.services import linking, rows


def retired_at_once(company: Company, kind: Kind) -> Stop | None:
    """Many linked records went inactive or away on one side since both last agreed."""
    looked_at = SyncedObject.objects.to_look_at(company, kind.name).exclude(linking.ONE_SIDED)
    changed = looked_at.filter(base__isnull=False).only("billcom_values", "qbo_values", "base")
    retired = sum(_went_away(row) for row in changed.iterator(chunk_size=rows.CHUNK))
    if not retired:
        return None
    linked = SyncedObject.objects.of(company, kind.name).exclude(linking.ONE_SIDED)
    return too_many_retired(kind.plural, retired, linked.count())


def _went_away(row: SyncedObject) -> bool:
    shown = {side: getattr(row, f"{side}_values") or {} for side in Side}
    return any(shown[side].get("active") is False and row.base[side].get("active") for side in Side)


def empty(company: Company, kind: Kind, side: Side, read: int) -> Stop | None:
    """A whole list was read, and there was nothing in it."""
    if read:
        return None
    linked = SyncedObject.objects.of(company, kind.name).exclude(linking.ONE_SIDED)
    return came_back_empty(side.label, kind.plural, read, linked.exclude(state=ObjectState.RETIRED).count())
