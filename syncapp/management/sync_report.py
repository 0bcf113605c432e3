"""What a sync did, kind by kind: as a table for people, and whole for machines."""

from __future__ import annotations

from collections import Counter
from typing import Any

from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import ObjectState, SyncedObject, SyncRun

# Each side's columns: heading, and what the run counts in it.
COLUMNS = (("read", ("read",)), ("created", ("create",)), ("updated", ("update", "restore")), ("retired", ("retire",)))
SIDES = {Side.BILLCOM: "BILL", Side.QBO: "QuickBooks"}


def table(run: SyncRun) -> list[str]:
    """The kinds of which anything was read or written or is held; what was written stands under where it went."""
    above = " " * 18 + "".join(f"{label:>{9 * len(COLUMNS)}}" for label in SIDES.values())
    head = f"{'Kind':<18}" + "".join(f"{title:>9}" for title, _ in COLUMNS) * len(SIDES) + f"{'refused':>9}{'held':>7}"
    lines = [above, head, "-" * len(head)]
    held = _held(run)
    for kind in KINDS.values():
        numbers = [
            sum(run.counts.get(f"{kind.name}.{what}.{side}", 0) for what in counted)
            for side in SIDES
            for _, counted in COLUMNS
        ]
        numbers.append(run.counts.get(f"{kind.name}.refused", 0))
        if any(numbers) or held[kind.name]:
            lines.append(f"{kind.plural:<18}" + "".join(f"{each:>9}" for each in numbers) + f"{held[kind.name]:>7}")
    return lines


def whole(run: SyncRun) -> dict[str, Any]:
    return {
        "company": run.company.name,
        "run": run.pk,
        "state": run.state,
        "stop_code": run.stop_code,
        "message": run.message,
        "counts": run.counts,
        "calls": run.calls,
        "held": dict(_held(run)),
        "log": [{"at": each.at.isoformat(), "level": each.level, "message": each.message} for each in run.log.all()],
    }


def _held(run: SyncRun) -> Counter[str]:
    held = SyncedObject.objects.filter(company=run.company, state=ObjectState.HELD)
    return Counter(held.values_list("kind", flat=True))
