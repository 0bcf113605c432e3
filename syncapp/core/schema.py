"""What a kind is made of: plain frozen values, no metaclass, no magic.

A kind is one file in ``syncapp/kinds/``. Behaviour that can't be data is a pure function in the same file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from syncapp.core.holds import ALWAYS, WHOLE_KIND, Hold, HoldCode
from syncapp.core.sides import Cohort, Side

Values = dict[str, Any]
Raw = dict[str, Any]


class Type(StrEnum):
    TEXT = "text"
    BOOL = "bool"
    MONEY = "money"
    NUMBER = "number"
    DATE = "date"
    REF = "ref"
    CHOICE = "choice"
    LINES = "lines"


BOTH = frozenset({Side.BILLCOM, Side.QBO})
TO_QBO = frozenset({Side.QBO})
TO_BILLCOM = frozenset({Side.BILLCOM})


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field on both sides. Paths are dotted; None = the kind's own functions handle that side.

    ``fact``: read and kept, but never compared or written. ``to``: the sides it may be written to.
    ``fixed``: given when the record is made, never changed after. ``fill_only``: written only where there is nothing.
    ``limits``: characters the side allows. ``choices``: BILL's word -> QuickBooks' word.
    ``unordered``: lines whose order means nothing. ``optional``: a reference that the record goes over without, as long
    as what it names isn't on the other side; neither side's is agreed on till then.
    """

    billcom: str | None = None
    qbo: str | None = None
    type: Type = Type.TEXT
    label: str = ""
    ref: str = ""
    fact: bool = False
    to: frozenset[Side] = BOTH
    limits: Mapping[Side, int] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    inverted: frozenset[Side] = frozenset()
    fixed: bool = False
    fill_only: bool = False
    lines: Mapping[str, Field] = field(default_factory=dict)
    unordered: bool = False
    optional: bool = False

    def path(self, side: Side) -> str | None:
        return self.billcom if side is Side.BILLCOM else self.qbo

    @cached_property
    def reversed_choices(self) -> Mapping[str, str]:
        turned: dict[str, str] = {}
        for ours, theirs in self.choices.items():
            turned.setdefault(theirs, ours)
        return turned


OF_ORGANIZATION = "{organization}"
"""Stands for the organization's own id in a path of BILL's."""


@dataclass(frozen=True, kw_only=True)
class BillcomShape:
    """Where the kind lives in BILL. ``bulk``: how many one bulk create takes (0 = there is no bulk call).

    ``replace``: an update sends the whole record (PUT), because PATCH can't add or remove lines.
    ``recorded``: made by "record payment", taken back by a void; never updated.
    ``whole``: a short list that takes neither filters nor an order, so all of it is read each time.
    ``derived``: BILL has no such records; they are worked out from others (``services/deriving.py``), never written.
    """

    path: str
    bulk: int = 0
    replace: bool = False
    recorded: bool = False
    whole: bool = False
    derived: bool = False

    @property
    def updates(self) -> bool:
        return not self.recorded


class Retirement(StrEnum):
    """How QuickBooks lets a record go: lists are deactivated, bills deleted, payments voided."""

    DEACTIVATE = "deactivate"
    DELETE = "delete"
    VOID = "void"


@dataclass(frozen=True, kw_only=True)
class QboShape:
    """The QuickBooks entity. ``always``: fields a sparse update must repeat. ``retire``: how one goes away.

    ``told``: whether change data capture tells of it; if not, it is read in a way of its own.
    """

    entity: str
    always: tuple[str, ...] = ()
    retire: Retirement = Retirement.DEACTIVATE
    told: bool = True


@dataclass(frozen=True)
class Account:
    """A QuickBooks account that stands for something: our key and its id there."""

    key: int
    qbo_id: str


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Everything a decision may depend on besides the records: preferences, mappings, today."""

    cohort: Cohort
    master: Side = Side.BILLCOM
    masters: Mapping[str, Side] = field(default_factory=dict)
    """Kind -> its own master, where it has one."""
    approved_only: bool = False
    one_way: bool = False
    two_way_payments: bool = False
    account_numbers: bool = False
    locations: bool = False
    classes: bool = False
    credits_at_once: bool = False
    """What is applied to a bill in BILL is applied in QuickBooks before the bill is paid in full."""
    transfer_each_payment: bool = False
    """Each payment through BILL has a funds transfer of its own, instead of one for all of a bank account and day."""
    not_available: Mapping[str, str] = field(default_factory=dict)
    """Kind -> BILL's words, where the connected user's role or the plan doesn't have it."""
    payment_terms: bool = False
    """Whether payment terms sync, and vendors carry theirs."""
    attachments: str = "off"
    """Which way files attached to bills are sent: off, to-qbo, both."""
    credit_memos: bool = True
    """Whether the company started on BILL when credit memos had begun to sync."""
    class_per_line: bool = False
    """QuickBooks keeps a class for each line, and not one for the whole transaction."""
    customers_in_payables: bool = False
    items_in_payables: bool = False
    sales_tax: bool = False
    """Whether QuickBooks uses sales tax."""
    vendor_country: str = ""
    customer_email: str = ""
    home_currency: str = "USD"
    books_closed_on: date | None = None
    invoices_since: date | None = None
    """Invoices that QuickBooks has shown no change of since then don't go to BILL by themselves."""
    accounts: Mapping[str, Account] = field(default_factory=dict)
    banks: Mapping[str, Account] = field(default_factory=dict)
    bank_names: Mapping[str, str] = field(default_factory=dict)
    """BILL's bank account -> its bank and last four digits, also where no account is chosen for it."""
    inactive: tuple[tuple[str, Account], ...] = ()
    """(role, account) of those that are chosen, and inactive in QuickBooks by now; a role may have several banks'."""
    to_be_chosen: frozenset[str] = frozenset()
    """Roles that a person has to choose an account for: that of now is inactive, or QuickBooks has several."""
    fallback_item: str = ""
    """QuickBooks' id of the one item that is sold to the Unallocated Income Account, if there is just one."""
    cards: frozenset[str] = frozenset()
    """QuickBooks' ids of its credit card accounts."""

    def closed(self, day: str | None) -> Hold | None:
        """Where QuickBooks' books are closed on that day (ISO), it refuses with 6210: we don't even try."""
        if not self.books_closed_on or not day or day > self.books_closed_on.isoformat():
            return None
        return Hold(HoldCode.BOOKS_CLOSED, {"closed": self.books_closed_on.isoformat()})

    def master_of(self, kind: str) -> Side:
        """Whose value is kept in a conflict about records of this kind."""
        return self.masters.get(kind, self.master)

    @property
    def payments_both_ways(self) -> bool:
        """1-way wins over 2-way payments; cohort B has them both ways anyway."""
        return not self.one_way and (self.two_way_payments or self.cohort is Cohort.B)


@dataclass(frozen=True)
class Target:
    """What a reference points at: the pair's key, its id on each side, its name, and what is asked of it (``asks``)."""

    key: int
    billcom_id: str | None
    qbo_id: str | None
    label: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def id_on(self, side: Side) -> str | None:
        return self.billcom_id if side is Side.BILLCOM else self.qbo_id


class Lookup:
    """The references of one chunk, loaded beforehand: (kind, side, id or "~key") -> Target."""

    def __init__(self, targets: Mapping[tuple[str, Side, str], Target] | None = None) -> None:
        self.targets = dict(targets or {})

    def find(self, kind: str, side: Side, remote_id: str) -> Target | None:
        return self.targets.get((kind, side, remote_id))


@dataclass(frozen=True)
class Keys:
    """By what a record finds its twin: what is exact in order (``Kind.exact_keys``), then what proposes. "" = none."""

    first: str = ""
    second: str = ""
    proposal: str = ""
    named: str = ""


@dataclass(frozen=True)
class Draft:
    """A record about to be written, in the target side's terms."""

    side: Side
    values: Values
    changed: frozenset[str]
    current: Raw | None
    terms: Terms
    lookup: Lookup
    remote_id: str = ""
    version: str = ""


Gate = Callable[[Values, Side, Terms], Hold | None]
UpdateGate = Callable[[Values, Values, Side, Terms], Hold | None]
Flow = Callable[[Side, Terms], Hold | None]


def flows_always(towards: Side, terms: Terms) -> Hold | None:
    return None


def no_keys(values: Values, side: Side, lookup: Lookup) -> Keys:
    return Keys()


def keep(values: Values, raw: Raw, side: Side) -> Values:
    return values


def keep_all(values: Values, towards: Side, terms: Terms) -> Values:
    return values


def keep_payload(payload: Raw, draft: Draft) -> Raw:
    return payload


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A type of synced object: everything the engine needs to know of it.

    ``flow(towards, terms)``: None, or the hold that says why it doesn't flow that way.
    ``gates``: asked before a create, with the source's values. ``update_gates``: asked before any other write,
    with the values to be written and those the target shows now.
    ``keys``: match keys, references resolved through the lookup.
    ``read``/``write``: hooks after decoding and before sending. ``at_first_location``: BILL's values where a person
    said that the first line's location counts for all lines. ``prepare``: leaves out what isn't in use, before
    references are carried over; ``adapt``: fills defaults after that, in the target's terms, or gives a Hold.
    ``skips``: remote records that are of another kind. ``taken``: what a duplicate means, "name" or another thing
    that is there only once; ``taken_words``: by side, its meaning and what to do, where the usual words don't fit.
    ``untouchable(field, values, shown, towards)``: why this field of a linked record isn't written to that side, in a
    sentence, or ""; both sides' own values are given.
    ``booked_otherwise(field, billcom, qbo)``: whether two records that were linked show this field in different ways
    and mean the same by it.
    ``keeps(key, shown, side, terms)``: why this pair's record isn't made inactive or archived on that side, by what it
    shows there; asked of what was read at that moment.
    ``remark(values)``: what people should know of a record that went over, by what BILL shows, in a sentence, or "".
    ``exact_keys``: the match keys that link; any other only proposes.
    ``told_by``: the fields of which one must be the same, for two with one key to be linked unasked.
    ``party``: the field that names whom a transaction is with, a vendor or a customer.
    ``settles``: the field whose lines name what a payment pays.
    ``funded_from``: the field that names the BILL bank account which a payment is drawn from, or reached, if it has.
    ``switched``: accounting preference -> the fields that are in use only with it.
    """

    name: str
    label: str
    plural: str
    billcom: BillcomShape
    qbo: QboShape
    fields: Mapping[str, Field]
    transaction: bool = False
    title: str = "name"
    number: str = ""
    amount: str = ""
    date: str = ""
    party: str = ""
    settles: str = ""
    funded_from: str = ""
    flow: Flow = flows_always
    gates: tuple[Gate, ...] = ()
    update_gates: tuple[UpdateGate, ...] = ()
    keys: Callable[[Values, Side, Lookup], Keys] = no_keys
    key_refs: tuple[str, ...] = ()
    matched_by: str = "name"
    exact_keys: tuple[str, ...] = ("first", "second")
    told_by: tuple[str, ...] = ()
    read: Callable[[Values, Raw, Side], Values] = keep
    at_first_location: Callable[[Values, Raw], Values] | None = None
    prepare: Callable[[Values, Side, Terms], Values] = keep_all
    adapt: Callable[[Values, Side, Terms, Lookup], Values | Hold] | None = None
    write: Callable[[Raw, Draft], Raw] = keep_payload
    skips: Callable[[Raw, Side], bool] | None = None
    untouchable: Callable[[str, Values, Values, Side], str] | None = None
    booked_otherwise: Callable[[str, Values, Values], bool] | None = None
    remark: Callable[[Values], str] | None = None
    keeps: Callable[[int, Values, Side, Terms], Hold | None] | None = None
    switched: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    taken: str = "name"
    taken_words: Mapping[Side, tuple[str, str]] = field(default_factory=dict)
    needs: str = ""
    """The preference (of Terms) without which it is neither read nor synced."""
    asks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Kind -> the fields, as BILL shows them, of what it refers to that its rules go by; where it refers to all of
    these kinds.
    """
    names_path: bool = False
    """Children are named "Parent:Child" on a side, so a reference may be a "~key" of a name."""
    approval_told: bool = True
    """False: BILL approves them and doesn't tell, so a person says it, by including the record."""
    worked_out_if: str = ""
    """The fact that is true where BILL's half is worked out from other records, as all are of a derived kind."""

    def stopped(self, towards: Side, terms: Terms) -> Hold | None:
        """Whether it flows that way for this company: None, or which rule says that it doesn't.

        The one place where this is decided: the planner, the overview and the pages all ask it.
        """
        if words := terms.not_available.get(self.name):
            return Hold(HoldCode.PLAN_OR_ROLE, {"side": Side.BILLCOM.label, "words": words, WHOLE_KIND: ALWAYS})
        return self.flow(towards, terms)

    def in_use(self, terms: Terms) -> bool:
        return not self.needs or bool(getattr(terms, self.needs))

    def worked_out(self, billcom: Values) -> bool:
        """Whether BILL's half is worked out from other records; BILL itself doesn't show it."""
        return self.billcom.derived or bool(self.worked_out_if and billcom.get(self.worked_out_if))

    @cached_property
    def compared(self) -> tuple[str, ...]:
        return tuple(name for name, each in self.fields.items() if not each.fact)

    @cached_property
    def refs(self) -> frozenset[str]:
        """The kinds this one refers to, itself left out."""
        found = set()
        for each in self.fields.values():
            found |= {sub.ref for sub in (each, *each.lines.values()) if sub.ref}
        return frozenset(found - {self.name})

    @cached_property
    def optional(self) -> frozenset[str]:
        """The fields that a record goes over without while what they name isn't on the other side."""
        return frozenset(name for name, each in self.fields.items() if each.optional)

    @cached_property
    def keyed_by(self) -> frozenset[str]:
        """The kinds whose pairs stand in this kind's match keys."""
        fields = [self.fields[name] for name in self.key_refs]
        return frozenset(each.ref for field in fields for each in (field, *field.lines.values()) if each.ref)

    def field_label(self, name: str) -> str:
        return self.fields[name].label or name.replace("_", " ").capitalize()


def in_order(kinds: Sequence[Kind]) -> tuple[Kind, ...]:
    """What is referred to comes first; ties by name. A circle or an unknown target is a mistake in a declaration."""
    left = {kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.name)}
    known = set(left)
    placed: list[Kind] = []
    while left:
        ready = [kind for kind in left.values() if not (kind.refs & left.keys())]
        for kind in left.values():
            if unknown := kind.refs - known:
                raise ValueError(f"{kind.name} refers to {', '.join(sorted(unknown))}, which is no kind")
        if not ready:
            raise ValueError(f"kinds refer to each other in a circle: {', '.join(left)}")
        for kind in ready:
            placed.append(left.pop(kind.name))
    return tuple(placed)


ZERO = Decimal(0)
