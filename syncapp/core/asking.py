"""Whether what a rule holds asks somebody for an act: payments of what is in both products do."""

from __future__ import annotations

from syncapp.core.holds import ACT, ALWAYS, IF_IN_BOTH, Hold
from syncapp.core.schema import Kind, Lookup, Values
from syncapp.core.sides import Side


def asking(kind: Kind, hold: Hold, values: Values, side: Side, lookup: Lookup) -> Hold:
    """A payment that stays on one side asks for an act if what it pays is on the other side too."""
    if hold.facts.get(ACT) != IF_IN_BOTH:
        return hold
    facts = {name: fact for name, fact in hold.facts.items() if name != ACT}
    return Hold(hold.code, {**facts, ACT: ALWAYS} if _settles_pairs(kind, values, side, lookup) else facts)


def _settles_pairs(kind: Kind, values: Values, side: Side, lookup: Lookup) -> bool:
    refs = {name: sub.ref for name, sub in kind.fields[kind.settles].lines.items() if sub.ref}
    named = ((ref, line.get(name)) for line in values[kind.settles] for name, ref in refs.items())
    found = (lookup.find(ref, side, remote_id) for ref, remote_id in named if remote_id)
    return any(target is not None and target.id_on(side.other) is not None for target in found)
