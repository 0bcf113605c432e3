"""What a person gives a record that lacks it, before it can go over."""

from __future__ import annotations

from syncapp.core.holds import Hold
from syncapp.core.records import Seen, Write, WriteVerb
from syncapp.core.schema import Kind, Terms, Values
from syncapp.core.sides import Side


def may_be_given(kind: Kind, values: Values, side: Side, terms: Terms) -> Hold | None:
    """Whether a record is written to where it is: the direction must allow it, and closed books are closed.

    What is asked of a record that comes from the other side isn't asked of one that stays where it is.
    """
    closed = terms.closed(values.get(kind.date)) if side is Side.QBO else None
    return closed or kind.stopped(side, terms)


def say_otherwise(kind: Kind, seen: Seen, side: Side, wanted: Values, terms: Terms) -> Write | Hold:
    """Write values that a person wants on a record's own, only side, or say what forbids it."""
    view = seen.view(side)
    assert view is not None and seen.view(side.other) is None
    if hold := may_be_given(kind, view.values, side, terms):
        return hold
    return Write(side, WriteVerb.UPDATE, {**view.values, **wanted}, frozenset(wanted))
