"""Both products in memory, and a small engine between them that uses the core as the real one does.

The products know nothing of the core: they keep what they are sent by their own rules. The engine reads all, pairs up,
decides and writes; a write may fail before it was carried out, or after it (the answer is lost).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from syncapp.core.codec import decode, encode
from syncapp.core.holds import Hold, HoldCode
from syncapp.core.matching import Candidate, pair_up
from syncapp.core.merging import carry, same
from syncapp.core.planning import ACTIVE, decide
from syncapp.core.records import Clash, Decision, Outcome, Seen, View, Write, WriteVerb
from syncapp.core.schema import Draft, Kind, Lookup, Raw, Retirement, Target, Terms, Values
from syncapp.core.sides import Side

BILLCOM, QBO = Side.BILLCOM, Side.QBO


class Lost(Exception):
    """No answer came. Whether the write was carried out isn't known to the one who asked."""


class Product:
    """One product's records of each kind. It merges, replaces and clears as its documents say."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.records: dict[str, dict[str, Raw]] = {}
        self.answers: dict[str, tuple[str, Raw]] = {}
        self._ids = count(1)

    def of(self, kind: Kind) -> dict[str, Raw]:
        return self.records.setdefault(kind.name, {})

    def add(self, kind: Kind, raw: Raw) -> str:
        remote_id = f"{self.side[0]}{next(self._ids)}"
        self.of(kind)[remote_id] = deepcopy(raw)
        return remote_id

    def create(self, kind: Kind, body: Raw, request_id: str) -> tuple[str, Raw]:
        """QuickBooks answers a repeat as it did the first time; BILL makes another record."""
        if self.side is QBO and request_id in self.answers:
            return self.answers[request_id]
        if self.side is BILLCOM:
            body = {name: value for name, value in body.items() if name != "archived"}
        self.answers[request_id] = (self.add(kind, body), deepcopy(body))
        return self.answers[request_id]

    def update(self, kind: Kind, remote_id: str, body: Raw) -> Raw:
        old = self.of(kind)[remote_id]
        if self.side is BILLCOM and kind.billcom.replace:
            self.of(kind)[remote_id] = {"archived": old.get("archived", False), **deepcopy(body)}
            return self.of(kind)[remote_id]
        for name, value in deepcopy(body).items():
            if isinstance(value, dict) and self.side is BILLCOM:
                value = {**(old.get(name) or {}), **value}
            if value is None:
                old.pop(name, None)
            else:
                old[name] = value
        return old

    def retire(self, kind: Kind, remote_id: str, *, gone: bool) -> Raw:
        """The record as it is then; QuickBooks shows none of what it has deleted."""
        if self.side is QBO and kind.qbo.retire is Retirement.DELETE:
            del self.of(kind)[remote_id]
            return {}
        name = "Active" if self.side is QBO else "archived"
        self.of(kind)[remote_id][name] = not gone if self.side is QBO else gone
        return self.of(kind)[remote_id]


@dataclass
class Row:
    """What the engine knows of one pair."""

    key: int
    ids: dict[Side, str] = field(default_factory=dict)
    values: dict[Side, Values] = field(default_factory=dict)
    raws: dict[Side, Raw] = field(default_factory=dict)
    base: dict[str, dict[str, Any]] | None = None
    outcome: Outcome | None = None
    hold: Hold | None = None

    @property
    def linked(self) -> bool:
        return len(self.ids) == 2

    def seen(self) -> Seen:
        ours, theirs = (self._view(side) for side in (BILLCOM, QBO))
        return Seen(self.key, ours, theirs, self.base)

    def _view(self, side: Side) -> View | None:
        return View(self.ids[side], self.values[side], raw=self.raws.get(side)) if side in self.ids else None

    def agree(self, names: Iterator[str] | frozenset[str]) -> None:
        self.base = self.base or {"billcom": {}, "qbo": {}}
        for name in names:
            for side in Side:
                self.base[side.value][name] = self.values.get(side, {}).get(name)


@dataclass(frozen=True)
class Doubt:
    """A write whose answer was lost."""

    kind: str
    row: Row
    write: Write
    request_id: str
    known: frozenset[str]


@dataclass
class Engine:
    kinds: tuple[Kind, ...]
    terms: Terms
    products: dict[Side, Product] = field(default_factory=lambda: {side: Product(side) for side in Side})
    rows: dict[str, list[Row]] = field(default_factory=dict)
    clashes: list[tuple[int, Clash]] = field(default_factory=list)
    written: list[tuple[Kind, Row, Write]] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    watch: Callable[[Kind, Row, Decision, Write, Terms], None] = lambda *_: None
    _keys: Iterator[int] = field(default_factory=lambda: count(1))

    def of(self, kind: Kind) -> list[Row]:
        return self.rows.setdefault(kind.name, [])

    def sync(self, faults: Callable[[], str] = lambda: "") -> int:
        """One run, as far as it gets; how many writes it planned."""
        before = len(self.written)
        try:
            self._settle(faults)
            self._read()
            self._adopt()
            for kind in self.kinds:
                self._work(kind, faults)
        except Lost:
            pass
        return len(self.written) - before

    # --- reading and linking -----------------------------------------------------------------------------------------

    def _read(self) -> None:
        for kind in self.kinds:
            known = {(side, remote_id): row for row in self.of(kind) for side, remote_id in row.ids.items()}
            for side, product in self.products.items():
                for remote_id, raw in product.of(kind).items():
                    row = known.get((side, remote_id))
                    if row is None:
                        row = Row(next(self._keys), {side: remote_id})
                        self.of(kind).append(row)
                    self._show(kind, row, side, raw)
            for (side, remote_id), row in known.items():
                if remote_id not in self.products[side].of(kind):
                    row.values[side] = {**row.values[side], ACTIVE: False}

    def _show(self, kind: Kind, row: Row, side: Side, raw: Raw) -> None:
        row.raws[side] = deepcopy(raw)
        row.values[side] = decode(kind, row.raws[side], side)

    def lookup(self) -> Lookup:
        targets = {}
        for kind, rows in self.rows.items():
            for row in rows:
                values = row.values.get(BILLCOM) or row.values[QBO]
                label = str(values.get("name") or values.get("number") or "")
                target = Target(row.key, row.ids.get(BILLCOM), row.ids.get(QBO), label)
                for side, remote_id in row.ids.items():
                    targets[kind, side, remote_id] = target
        return Lookup(targets)

    def _candidates(self, kind: Kind) -> list[Candidate]:
        found, lookup = [], self.lookup()
        doubtful = {doubt.row.key for doubt in self.doubts}
        for row in self.of(kind):
            if not row.linked and row.key not in doubtful:
                (side,) = row.ids
                keys = kind.keys(row.values[side], side, lookup)
                found.append(Candidate(row.key, side, keys, bool(row.values[side][ACTIVE])))
        return found

    def _link(self, kind: Kind) -> dict[int, Hold]:
        while True:
            matches = pair_up(self._candidates(kind), kind.matched_by)
            for ours, theirs in matches.links:
                self._join(kind, self._row(kind, theirs), self._row(kind, ours))
            if not matches.links:
                return {key: hold for key, (hold, _) in matches.holds.items()}

    def _row(self, kind: Kind, key: int) -> Row:
        return next(row for row in self.of(kind) if row.key == key)

    def _join(self, kind: Kind, keep: Row, other: Row) -> None:
        keep.ids |= other.ids
        keep.values |= other.values
        keep.raws |= other.raws
        self.of(kind).remove(other)

    # --- deciding and writing ----------------------------------------------------------------------------------------

    def _work(self, kind: Kind, faults: Callable[[], str]) -> None:
        """Again as long as something was made: what waited for it in the same kind can follow."""
        made = True
        while made:
            held = self._link(kind)
            made = False
            for row in list(self.of(kind)):
                if row.key in held:
                    row.outcome, row.hold = Outcome.HELD, held[row.key]
                elif not any(doubt.row is row for doubt in self.doubts):
                    made |= self._decide(kind, row, faults)

    def _decide(self, kind: Kind, row: Row, faults: Callable[[], str]) -> bool:
        lookup = self.lookup()
        decision = decide(kind, row.seen(), self.terms, lookup)
        row.agree(decision.agreed)
        row.outcome, row.hold = decision.outcome, decision.hold
        self.clashes += [(row.key, clash) for clash in decision.clashes]
        made = False
        for write in decision.writes:
            self.watch(kind, row, decision, write, self.terms)
            self.written.append((kind, row, write))
            self._write(kind, row, write, lookup, f"request {len(self.written)}", faults())
            made |= write.verb is WriteVerb.CREATE
        return made

    def _write(self, kind: Kind, row: Row, write: Write, lookup: Lookup, request_id: str, fault: str) -> None:
        doubt = Doubt(kind.name, row, write, request_id, frozenset(self.products[write.side].of(kind)))
        if fault == "before":
            self.doubts.append(doubt)
            raise Lost
        remote_id, reply = self._carry_out(kind, row, write, lookup, request_id)
        if fault == "after":
            self.doubts.append(doubt)
            raise Lost
        self._take_reply(kind, row, write, remote_id, reply)

    def _carry_out(self, kind: Kind, row: Row, write: Write, lookup: Lookup, request_id: str) -> tuple[str, Raw]:
        product, remote_id = self.products[write.side], row.ids.get(write.side, "")
        creating = write.verb is WriteVerb.CREATE
        if write.verb in (WriteVerb.RETIRE, WriteVerb.RESTORE):
            return remote_id, product.retire(kind, remote_id, gone=write.verb is WriteVerb.RETIRE)
        whole = creating or (write.side is BILLCOM and kind.billcom.replace)
        names = frozenset(kind.compared) if whole else write.changed
        current = None if creating else row.raws[write.side]
        draft = Draft(write.side, write.values, names, current, self.terms, lookup, remote_id)
        body = encode(kind, draft, creating=creating)
        return (
            product.create(kind, body, request_id) if creating else (remote_id, product.update(kind, remote_id, body))
        )

    def _take_reply(self, kind: Kind, row: Row, write: Write, remote_id: str, reply: Raw) -> None:
        """The reply is the record: both sides agree on what was written, and on nothing else."""
        row.ids[write.side] = remote_id
        if reply:
            self._show(kind, row, write.side, reply)
        else:
            row.values[write.side] = {**row.values[write.side], ACTIVE: False}
        row.agree(write.changed)
        assert row.base is not None
        if write.verb is WriteVerb.CREATE:
            row.base[write.side.other.value][ACTIVE] = row.values[write.side][ACTIVE]
        self._was_taken(kind, row, write)

    def _was_taken(self, kind: Kind, row: Row, write: Write) -> None:
        """Nothing that was to be written got lost on its way through the payload."""
        created = {ACTIVE} if write.verb is WriteVerb.CREATE else set()
        for name in write.changed - created:
            each = kind.fields[name]
            taken = same(each, write.values.get(name), row.values[write.side].get(name), write.side)
            assert taken or write.side not in each.to, f"{name} was not taken"

    # --- what was lost -----------------------------------------------------------------------------------------------

    def _settle(self, faults: Callable[[], str]) -> None:
        """QuickBooks is asked again under the same request id; updates are simply looked at again."""
        kinds = {kind.name: kind for kind in self.kinds}
        for doubt in list(self.doubts):
            creating = doubt.write.verb is WriteVerb.CREATE
            if creating and doubt.write.side is BILLCOM:
                continue
            self.doubts.remove(doubt)
            if creating:
                kind = kinds[doubt.kind]
                self._write(kind, doubt.row, doubt.write, self.lookup(), doubt.request_id, faults())

    def _adopt(self) -> None:
        """BILL has no request ids: what appeared there since and has the key of what was sent is ours."""
        kinds = {kind.name: kind for kind in self.kinds}
        for doubt in list(self.doubts):
            self.doubts.remove(doubt)
            kind = kinds[doubt.kind]
            made = self._made(kind, doubt)
            if made is not None:
                self._join(kind, doubt.row, made)
                self._agree_as_sent(kind, doubt)

    def _made(self, kind: Kind, doubt: Doubt) -> Row | None:
        lookup = self.lookup()
        key = kind.keys(doubt.write.values, BILLCOM, lookup).first
        for row in self.of(kind):
            fresh = BILLCOM in row.ids and not row.linked and row.ids[BILLCOM] not in doubt.known
            if fresh and key and self._key_as_made(kind, row, lookup) == key:
                return row
        return None

    def _key_as_made(self, kind: Kind, row: Row, lookup: Lookup) -> str:
        """What is archived has no key, but it had one when it was made."""
        return kind.keys({**row.values[BILLCOM], ACTIVE: True}, BILLCOM, lookup).first

    def _agree_as_sent(self, kind: Kind, doubt: Doubt) -> None:
        """They agreed on what was sent, not on what either side shows by now: edits since then are edits."""
        row, sent = doubt.row, doubt.write.values
        meant = carry(kind, row.values[QBO], BILLCOM, self.terms, self.lookup())
        ours = {name: sent.get(name) for name in kind.compared if name != ACTIVE}
        theirs = {}
        if not isinstance(meant, Hold):
            unedited = (n for n in ours if n in meant and same(kind.fields[n], meant[n], sent.get(n), BILLCOM))
            theirs = {name: row.values[QBO][name] for name in unedited}
        row.base = {"billcom": {**ours, ACTIVE: True}, "qbo": {**theirs, ACTIVE: True}}

    # --- the books ---------------------------------------------------------------------------------------------------

    def differences(self, kind: Kind, row: Row) -> list[str]:
        """The fields on which a linked pair doesn't agree, seen from QuickBooks and else from BILL."""
        lookup = self.lookup()
        for towards in (QBO, BILLCOM):
            carried = carry(kind, row.values[towards.other], towards, self.terms, lookup)
            if not isinstance(carried, Hold):
                there = row.values[towards]
                return [
                    n for n in kind.compared if n in carried and not same(kind.fields[n], carried[n], there[n], towards)
                ]
        return list(kind.compared)


__all__ = ["BILLCOM", "QBO", "Doubt", "Engine", "HoldCode", "Lost", "Product", "Row"]
