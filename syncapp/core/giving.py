"""What a person gives a record that lacks it, before it can go over."""

from __future__ import annotations

from syncapp.core.holds import Hold
from syncapp.core.records import Seen, Write, WriteVerb
from syncapp.core.schema import Kind, Terms, Values
from syncapp.core.sides import Side


def say_otherwise(kind: Kind, seen: Seen, side: Side, wanted: Values, terms: Terms) -> Write | Hold:
    """Write values that a person wants on a record's own, only side, or say what forbids it."""
    view = seen.view(side)
    assert view is not None and seen.view(side.other) is None
    whole = {**view.values, **wanted}
    holds = (hold for gate in kind.update_gates if (hold := gate(whole, view.values, side, terms)))
    if hold := next(holds, None):
        return hold
    return Write(side, WriteVerb.UPDATE, whole, frozenset(wanted))
