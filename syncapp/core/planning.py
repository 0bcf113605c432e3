"""The decision table: what each pair needs. Pure, and to be read by an accountant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from syncapp.core.asking import asking
from syncapp.core.holds import Hold, HoldCode
from syncapp.core.merging import NEVER, carry, carry_some, changed_fields, fuller, left_out, same
from syncapp.core.records import Base, Clash, Decision, Outcome, Seen, View, Write, WriteVerb
from syncapp.core.schema import ZERO, Kind, Lookup, Retirement, Terms, Values
from syncapp.core.sides import Side

ACTIVE, LINES = "active", "lines"
EARLIER = "~"
"""Before a field's name in base: what it was agreed on before a switch made more of it count."""


def decide(kind: Kind, seen: Seen, terms: Terms, lookup: Lookup) -> Decision:
    """What is to be done with one pair, given what both sides show and what they last agreed on."""
    if seen.billcom is None or seen.qbo is None:
        return _one_sided(kind, seen, terms, lookup)
    if seen.base is not None and _unchanged(kind, seen):
        return Decision(seen.key, _resting(seen))
    return _two_sided(kind, seen, seen.billcom, seen.qbo, terms, lookup)


def _unchanged(kind: Kind, seen: Seen) -> bool:
    assert seen.base is not None and seen.billcom is not None and seen.qbo is not None
    ours, theirs = seen.base["billcom"], seen.base["qbo"]
    one, other = seen.billcom.values, seen.qbo.values
    return all(
        one.get(name) == ours.get(name, NEVER) and other.get(name) == theirs.get(name, NEVER) for name in kind.compared
    )


def _resting(seen: Seen) -> Outcome:
    gone = all(view is not None and view.values.get(ACTIVE) is False for view in (seen.billcom, seen.qbo))
    return Outcome.RETIRED if gone else Outcome.IN_STEP


def _held(seen: Seen, hold: Hold) -> Decision:
    return Decision(seen.key, Outcome.HELD, hold=hold)


def _one_sided(kind: Kind, seen: Seen, terms: Terms, lookup: Lookup) -> Decision:
    """On one side only, and it has no twin: create it on the other side, or say why not."""
    source = Side.BILLCOM if seen.billcom is not None else Side.QBO
    view = seen.view(source)
    assert view is not None
    towards = source.other
    if kind.transaction and view.values.get(ACTIVE) is False:
        return Decision(seen.key, Outcome.RETIRED)
    if hold := _forbidden(kind, seen, view.values, towards, terms):
        return _held(seen, asking(kind, hold, view.values, source, lookup))
    values = carry(kind, view.values, towards, terms, lookup)
    if isinstance(values, Hold):
        return _held(seen, values)
    waiting = left_out(kind, view.values, towards, terms, lookup)
    write = Write(towards, WriteVerb.CREATE, values, frozenset(kind.compared) - waiting)
    return Decision(seen.key, Outcome.WRITE, writes=(write,))


def _forbidden(kind: Kind, seen: Seen, values: Values, towards: Side, terms: Terms) -> Hold | None:
    if hold := kind.stopped(towards, terms):
        return hold
    holds = (hold for gate in kind.gates if (hold := gate(values, towards, terms)))
    return next((hold for hold in holds if not _let_in(kind, seen, hold, terms)), None)


def _let_in(kind: Kind, seen: Seen, hold: Hold, terms: Terms) -> bool:
    """A person wants a bill that was paid before it was first seen, and its payments can follow it; or wants an old
    invoice, or a payment that BILL leaves out; or has looked up an approval that the product doesn't tell.
    """
    if not seen.included:
        return False
    if hold.code is HoldCode.PAID_BEFORE_FIRST_SEEN:
        return terms.payments_both_ways or kind.billcom.derived
    if hold.code in (HoldCode.OLDER_THAN_90_DAYS, HoldCode.EXCLUDED):
        return True
    return hold.code is HoldCode.NOT_APPROVED and not kind.approval_told


@dataclass
class _Comparison:
    """Both sides of a linked pair, each carried into the other's terms when first asked for."""

    kind: Kind
    views: dict[Side, View]
    base: Base | None
    changed: dict[Side, frozenset[str]]
    based: frozenset[str]
    carry: Callable[[Side], Values | Hold]
    carry_some: Callable[[Side, frozenset[str]], Values | Hold]
    fuller: Callable[[str], Side | None]
    waiting: frozenset[str]
    """Optional fields that name something which isn't on the other side yet: neither written nor agreed on."""

    def edited(self, name: str) -> set[Side]:
        """The sides that changed the field since it was last agreed on, though a switch has undone that agreement."""
        if self.base is None or EARLIER + name not in self.base[Side.BILLCOM]:
            return set()
        return {side for side in Side if self.views[side].values.get(name) != self.base[side].get(EARLIER + name)}

    def differs(self, name: str) -> bool:
        return any(name in fields for fields in self.changed.values())

    def edits(self, side: Side) -> set[str]:
        """The fields that were changed on that side since both agreed on them; others differ by nobody's doing."""
        return {name for name in self.changed[side] if not self.is_new(name) or side in self.edited(name)}

    def is_new(self, name: str) -> bool:
        """Whether both sides have never agreed on the field: just linked, or what was to be written then never was."""
        return name not in self.based

    def agrees(self, name: str) -> bool:
        """Whether QuickBooks shows what BILL's value means there, or else the other way round.

        References to what isn't in both products never agree. What is not in use doesn't count.
        """
        for towards in (Side.QBO, Side.BILLCOM):
            carried = self.carry(towards)
            if not isinstance(carried, Hold):
                shown = self.views[towards].values.get(name)
                return name not in carried or same(self.kind.fields[name], carried[name], shown, towards)
        return False


def _compare(kind: Kind, seen: Seen, billcom: View, qbo: View, terms: Terms, lookup: Lookup) -> _Comparison:
    views = {Side.BILLCOM: billcom, Side.QBO: qbo}
    everything = frozenset(kind.compared)
    base = seen.base
    changed = {
        side: changed_fields(kind, view.values, base[side]) if base is not None else everything
        for side, view in views.items()
    }
    known: dict[Side, Values | Hold] = {}

    def carried(towards: Side) -> Values | Hold:
        if towards not in known:
            known[towards] = carry(kind, views[towards.other].values, towards, terms, lookup)
        return known[towards]

    def carried_some(towards: Side, names: frozenset[str]) -> Values | Hold:
        source, shown = views[towards.other].values, views[towards].values
        return carry_some(kind, names, source, shown, towards, terms, lookup)

    def says_more(name: str) -> Side | None:
        return fuller(kind, name, billcom.values, qbo.values, terms, lookup)

    based = frozenset(base[Side.BILLCOM]) | frozenset(base[Side.QBO]) if base is not None else frozenset()
    waiting = left_out(kind, billcom.values, Side.QBO, terms, lookup) | left_out(
        kind, qbo.values, Side.BILLCOM, terms, lookup
    )
    return _Comparison(kind, views, base, changed, based, carried, carried_some, says_more, waiting)


def _winner(pair: _Comparison, name: str, master: Side) -> tuple[Side, bool]:
    """(the side whose value counts, whether that is a conflict)."""
    if pair.is_new(name):
        edited = pair.edited(name)
        if len(edited) == 1:
            return edited.pop(), False
        ours = pair.views[Side.BILLCOM].values.get(name)
        theirs = pair.views[Side.QBO].values.get(name)
        if name != ACTIVE and bool(ours) != bool(theirs):
            return (Side.BILLCOM if ours else Side.QBO), False
        if len(only := pair.kind.fields[name].to) == 1:
            return next(iter(only)).other, False  # It flows one way, so nobody's word is lost.
        side = pair.fuller(name)
        return (side, False) if side is not None else (master, True)
    if name in pair.changed[Side.BILLCOM] and name in pair.changed[Side.QBO]:
        return master, True
    return (Side.BILLCOM if name in pair.changed[Side.BILLCOM] else Side.QBO), False


def _two_sided(kind: Kind, seen: Seen, billcom: View, qbo: View, terms: Terms, lookup: Lookup) -> Decision:
    """Linked, and something changed since base (or they were linked just now)."""
    pair = _compare(kind, seen, billcom, qbo, terms, lookup)
    if gone := _gone(kind, seen, pair, terms):
        return gone
    plan = _Plan(kind, seen, pair, terms)
    for name in kind.compared:
        if pair.differs(name):
            plan.settle(name)
        else:
            plan.agreed.add(name)
    return plan.decision()


class _Plan:
    """Collects, field by field, what is to be written to each side."""

    def __init__(self, kind: Kind, seen: Seen, pair: _Comparison, terms: Terms) -> None:
        self.kind, self.seen, self.pair, self.terms = kind, seen, pair, terms
        self.changes: dict[Side, set[str]] = {Side.BILLCOM: set(), Side.QBO: set()}
        self.agreed: set[str] = set()
        self.clashes: list[Clash] = []
        self.hold: Hold | None = None

    def settle(self, name: str) -> None:
        if name in self.pair.waiting:
            return
        if self._left_as_found(name) and not (self.pair.agrees(name) and self._told(name)):
            return  # And isn't agreed on either: BILL may tell it later.
        if self.pair.agrees(name) or self._booked_otherwise(name):
            self.agreed.add(name)
            return
        winner, clash = _winner(self.pair, name, self.terms.master_of(self.kind.name))
        if clash and self._closed(name, winner.other) and not self._closed(name, winner):
            winner = winner.other
        blocked = self._closed(name, winner.other)
        if blocked is not None:
            self._leave(name, winner.other, blocked)
            return
        if clash:
            self.clashes.append(self._clash(name, winner))
        self.changes[winner.other].add(name)

    def _booked_otherwise(self, name: str) -> bool:
        """Whether the two were linked so, and each shows the same in a way of its own."""
        if self.kind.booked_otherwise is None or not self.pair.is_new(name):
            return False
        ours, theirs = (self.pair.views[side].values for side in (Side.BILLCOM, Side.QBO))
        return self.kind.booked_otherwise(name, ours, theirs)

    def _told(self, name: str) -> bool:
        return any(view.values.get(name) for view in self.pair.views.values())

    def _left_as_found(self, name: str) -> bool:
        """What is filled in once on a transaction is for those entered by the sync: others stay as they were found."""
        return self.kind.transaction and self.kind.fields[name].fill_only and self.pair.is_new(name)

    def _closed(self, name: str, towards: Side) -> Hold | None:
        """Why the field may not be written to ``towards``, or None."""
        each = self.kind.fields[name]
        shown = self.pair.views[towards].values
        if each.fixed or towards not in each.to or (each.fill_only and shown.get(name)):
            return _field_stays(self.kind, name, towards)
        if rule := self._untouchable(name, towards):
            differs = f"Not the same on both sides: {self.kind.field_label(name)}. {rule}"
            return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": differs, "to_make_it_in": towards.label})
        if towards is Side.BILLCOM and not self.kind.billcom.updates and name != ACTIVE:
            return _field_stays(self.kind, name, towards)
        return self.kind.stopped(towards, self.terms)

    def _untouchable(self, name: str, towards: Side) -> str:
        if self.kind.untouchable is None:
            return ""
        source, shown = (self.pair.views[side].values for side in (towards.other, towards))
        return self.kind.untouchable(name, source, shown, towards)

    def _leave(self, name: str, towards: Side, hold: Hold) -> None:
        """Not ours to write. On a transaction somebody must know, unless it was so when the two were linked and the
        field never flows. On a list such a field simply stays different; one that flows once a preference is on is
        held till then. What is filled in once is each side's own after that.
        """
        if self.kind.fields[name].fill_only:
            must_know = False
        elif self.kind.transaction:
            must_know = not self.pair.is_new(name) or bool(self._untouchable(name, towards))
        else:
            must_know = self.kind.stopped(towards, self.terms) is not None
        if must_know:
            self.hold = self.hold or hold
        else:
            self.agreed.add(name)

    def _clash(self, name: str, winner: Side) -> Clash:
        base = self.seen.base[winner].get(name) if self.seen.base is not None else None
        ours, theirs = (self.pair.views[side].values.get(name) for side in (Side.BILLCOM, Side.QBO))
        return Clash(name, base, ours, theirs, winner)

    def decision(self) -> Decision:
        writes = []
        for side, names in self.changes.items():
            write = self._write(side, frozenset(names)) if names else None
            if write is not None:
                writes.append(write)
        outcome = Outcome.WRITE if writes else Outcome.HELD if self.hold else _resting(self.seen)
        return Decision(self.seen.key, outcome, tuple(writes), self.hold, self._settled(writes), frozenset(self.agreed))

    def _settled(self, writes: list[Write]) -> tuple[Clash, ...]:
        """The conflicts that these writes settle; the others come up again, with theirs."""
        written = {(write.side, name) for write in writes for name in write.changed}
        return tuple(clash for clash in self.clashes if (clash.kept.other, clash.field) in written)

    def rewrite(self, side: Side, whole: Values, names: Iterable[str]) -> Write | Hold | None:
        """An update of those fields that ``side`` doesn't show so yet; None where it shows them all."""
        shown = self.pair.views[side].values
        changed = {name for name in names if not same(self.kind.fields[name], whole.get(name), shown.get(name), side)}
        closed = (self._closed(name, side) for name in sorted(changed))
        gates = (gate(whole, shown, side, self.terms) for gate in self.kind.update_gates if changed)
        if hold := next((hold for hold in (*closed, *gates) if hold), None):
            return hold
        return Write(side, WriteVerb.UPDATE, whole, frozenset(changed)) if changed else None

    def _write(self, side: Side, names: frozenset[str]) -> Write | None:
        values = self.pair.carry(side)
        if isinstance(values, Hold):
            values = self.pair.carry_some(side, names)
        if isinstance(values, Hold):
            self.hold = self.hold or values
            return None
        shown = self.pair.views[side].values
        holds = (hold for gate in self.kind.update_gates if (hold := gate(values, shown, side, self.terms)))
        if hold := next((hold for hold in holds if not _let_in(self.kind, self.seen, hold, self.terms)), None):
            if all(self.kind.fields[name].fill_only for name in names):
                self.agreed |= names  # Nobody disagrees where there was nothing to fill.
            else:
                self.hold = self.hold or hold
            return None
        if kept := self._kept(side, names, values):
            self.hold, names = self.hold or kept, names - {ACTIVE}
        if not names:
            return None
        if ACTIVE in names:
            verb = WriteVerb.RESTORE if values.get(ACTIVE) else WriteVerb.RETIRE
            if verb is WriteVerb.RESTORE and gone_for_good(self.kind, side):
                self.hold = self.hold or _cannot_come_back(self.kind, side)
                return None
            return Write(side, verb, {**shown, ACTIVE: values[ACTIVE]}, frozenset({ACTIVE}))
        whole = {**shown, **{name: values.get(name) for name in names}}
        return Write(side, WriteVerb.UPDATE, whole, names)

    def _kept(self, side: Side, names: frozenset[str], values: Values) -> Hold | None:
        """Why it isn't taken away on that side, where it is to be."""
        keeps = self.kind.keeps if ACTIVE in names and not values.get(ACTIVE) else None
        return keeps(self.seen.key, self.pair.views[side].values, side, self.terms) if keeps else None


def gone_for_good(kind: Kind, side: Side) -> bool:
    """Whether what was taken away on that side can't be made active again there."""
    return kind.billcom.recorded if side is Side.BILLCOM else kind.qbo.retire is not Retirement.DEACTIVATE


def _cannot_come_back(kind: Kind, side: Side) -> Hold:
    rule = f"A {kind.label.lower()} that was deleted or voided in {side.label} can't be brought back there."
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": rule, "to_make_it_in": side.label})


def _gone_when_linked(kind: Kind, side: Side) -> Hold:
    """Nobody took it away while they were in step, so it may be the link that is wrong: nothing is deleted for it."""
    rule = f"In {side.label} this {kind.label.lower()} was already deleted or voided when the two were linked."
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": rule, "to_make_it_in": side.other.label})


def _deleted_there(kind: Kind) -> Hold:
    rule = f"This {kind.label.lower()} was deleted in QuickBooks Online, and what it is made of still stands in BILL."
    fix = "Post it again, if it was deleted by mistake; if the same was entered in another way, exclude this one."
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": rule, "fix": fix, "to_make_it_in": Side.QBO.label})


def _field_stays(kind: Kind, name: str, towards: Side) -> Hold:
    article = "an" if kind.label[0] in "AEIOU" else "a"
    rule = f"{kind.field_label(name)} of {article} {kind.label.lower()} is not written to {towards.label}."
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": rule, "to_make_it_in": towards.label})


def _gone(kind: Kind, seen: Seen, pair: _Comparison, terms: Terms) -> Decision | None:
    """Both retired: nothing more to do. One retired: retire the other; edited meanwhile, the master decides."""
    retired = {side for side, view in pair.views.items() if view.values.get(ACTIVE) is False}
    if len(retired) == 2:
        return Decision(seen.key, Outcome.RETIRED, agreed=frozenset({ACTIVE}))
    if len(retired) != 1 or not pair.differs(ACTIVE):
        return None
    (side,) = retired
    if pair.is_new(ACTIVE):
        return _held(seen, _gone_when_linked(kind, side)) if kind.transaction else None
    plan = _Plan(kind, seen, pair, terms)
    edited = bool(ACTIVE in pair.changed[side] and pair.edits(side.other) - {ACTIVE})
    by = next(each for each in pair.changed if ACTIVE in pair.changed[each])
    source = terms.master_of(kind.name) if edited else by
    if kind.worked_out(pair.views[Side.BILLCOM].values):
        if side is Side.QBO:
            return _held(seen, _deleted_there(kind))
        source, edited = side, False  # Nobody took it away there: what it is made of is gone.
    if not kind.transaction and source.other not in kind.fields[ACTIVE].to:
        return None  # It can't be taken away there at all, and simply stays.
    if blocked := plan._closed(ACTIVE, source.other):
        return _held(seen, blocked)
    plan.changes[source.other].add(ACTIVE)
    if edited:
        plan.clashes.append(plan._clash(ACTIVE, source))
    return plan.decision()


def _with(kind: Kind, values: Values, new: Values) -> Values:
    """These values with the new ones; where the lines change, the total is more or less by as much as they are."""
    whole = {**values, **new}
    if LINES in new and kind.amount and values.get(kind.amount) is not None:
        whole[kind.amount] = values[kind.amount] + _sum(new[LINES]) - _sum(values.get(LINES))
    return whole


def _sum(lines: list[Values] | None) -> Decimal:
    return sum((line.get("amount") or ZERO for line in lines or []), ZERO)


def bring_back(
    kind: Kind, seen: Seen, wanted: Mapping[Side, Values], terms: Terms, lookup: Lookup
) -> tuple[Write, ...] | Hold:
    """Write values that a person wants back to both sides of a pair in step, or say what forbids it.

    ``wanted``: the values by field, each in the terms of the side it comes from.
    """
    assert seen.billcom is not None and seen.qbo is not None
    pair = _compare(kind, seen, seen.billcom, seen.qbo, terms, lookup)
    plan = _Plan(kind, seen, pair, terms)
    whole = {side: _with(kind, view.values, wanted.get(side, {})) for side, view in pair.views.items()}
    for side, own in wanted.items():
        carried = carry(kind, whole[side], side.other, terms, lookup)
        if isinstance(carried, Hold):
            return carried
        whole[side.other] = _with(kind, whole[side.other], {name: carried.get(name) for name in own})
    writes = [plan.rewrite(side, whole[side], {name for own in wanted.values() for name in own}) for side in Side]
    return next((each for each in writes if isinstance(each, Hold)), None) or tuple(
        each for each in writes if isinstance(each, Write)
    )
