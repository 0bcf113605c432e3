"""What flows which way for one company, and which rule says no: what the planner asks, in one table.

Reference: spec, sync matrix, section 1: every row of it is a line here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from syncapp.core.holds import Hold, HoldCode
from syncapp.core.schema import Terms
from syncapp.core.sides import Side
from syncapp.kinds import KINDS, bill_payment
from syncapp.services import attachments

Stopped = Callable[[Side, Terms], Hold | None]


@dataclass(frozen=True)
class Direction:
    """One thing towards one side. ``hold``: the rule that forbids it, or None where it flows."""

    towards: Side
    hold: Hold | None

    @property
    def flows(self) -> bool:
        return self.hold is None

    @property
    def why(self) -> str:
        """Why it doesn't flow, and what could be done about it; empty where it flows."""
        return f"{self.hold.describe()} {self.hold.fix()}" if self.hold else ""

    @property
    def rule(self) -> str:
        """The same as one word for tables, e.g. one-way; empty where it flows."""
        return self.hold.code.value if self.hold else ""


@dataclass(frozen=True)
class Line:
    """A kind, or something else that the matrix has a row for. ``note``: what it means that it flows."""

    name: str
    label: str
    plural: str
    to_qbo: Direction
    to_billcom: Direction
    note: str = ""

    @property
    def sign(self) -> str:
        """As the sync matrix writes it: both ways, to QuickBooks, to BILL, never."""
        signs = {(True, True): "⇄", (True, False): "→Q", (False, True): "→B", (False, False): "—"}
        return signs[self.to_qbo.flows, self.to_billcom.flows]


@dataclass(frozen=True)
class Aspect:
    """What is no kind of its own. ``after``: the line that it stands behind."""

    name: str
    label: str
    after: str
    stopped: Stopped
    note: str = ""


def _never(rule: str, fix: str) -> Stopped:
    return lambda towards, terms: _rule(rule, fix)


def _only(allowed: Side, rule: str, fix: str) -> Stopped:
    return lambda towards, terms: None if towards is allowed else _rule(rule, fix)


def _rule(rule: str, fix: str) -> Hold:
    return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": rule, "fix": fix})


def _as(kind: str) -> Stopped:
    return lambda towards, terms: KINDS[kind].stopped(towards, terms)


def _voids(towards: Side, terms: Terms) -> Hold | None:
    return bill_payment.voids(towards, terms)


NOTHING = "Nothing to do."
ASPECTS = (
    Aspect("department", "Departments", "location", _never("QuickBooks Online has no departments.", NOTHING)),
    Aspect("employee", "Employees", "department", _never("Employees aren't part of this sync.", NOTHING)),
    Aspect("sub_customer", "Sub-customers", "customer", _as("customer"), "As customers named “Parent:Child”."),
    Aspect(
        "project",
        "Projects (jobs)",
        "sub_customer",
        _only(Side.BILLCOM, "Projects are kept in QuickBooks Online.", "Make and change them there."),
        "As customers under their parent.",
    ),
    Aspect(
        "credit_application",
        "Vendor credits applied",
        "vendor_credit",
        _only(
            Side.QBO,
            "Vendor credits are applied to bills in BILL.",
            "Apply them there; what is applied in QuickBooks Online stays there.",
        ),
        "As bill payments that join the bill and its credits.",
    ),
    Aspect("void", "Voids of payments", "bill_payment", _voids, "What was paid through BILL is voided in BILL only."),
    Aspect(
        "check_number",
        "Check numbers",
        "void",
        _only(Side.QBO, "A check that BILL prints has its number from BILL.", NOTHING),
        "In the payment's memo.",
    ),
    Aspect("attachment", "Attachments of bills", "credit_memo", attachments.stopped),
    Aspect(
        "bank_balance",
        "Bank balances",
        "attachment",
        _only(Side.BILLCOM, "A balance follows from what is posted in QuickBooks Online.", NOTHING),
        "Shown on the company's page.",
    ),
    Aspect(
        "books_closed_date",
        "Books-closed date",
        "bank_balance",
        _only(Side.BILLCOM, "The closing date is set in QuickBooks Online.", "Change it there."),
        "What falls on or before it is held.",
    ),
    Aspect(
        "deletion",
        "Inactive list records",
        "books_closed_date",
        lambda towards, terms: None,
        "And restored ones. The other product's rules are asked first; what it refuses is held.",
    ),
    Aspect(
        "merge",
        "Merges",
        "deletion",
        _never(
            "A merge is not carried over.",
            "Merge in both products. That vendors or customers were merged in QuickBooks Online is noticed, and the "
            "record's page offers to repair the link.",
        ),
    ),
)


def lines(terms: Terms) -> list[Line]:
    """Every kind in the order in which it syncs, and after it what goes with it."""
    found: list[Line] = []
    for kind in KINDS.values():
        found.append(_line(kind.name, kind.label, kind.plural, kind.stopped, "", terms))
        _add_aspects(found, kind.name, terms)
    return found


def _add_aspects(found: list[Line], after: str, terms: Terms) -> None:
    for each in ASPECTS:
        if each.after == after:
            found.append(_line(each.name, each.label, each.label, each.stopped, each.note, terms))
            _add_aspects(found, each.name, terms)


def _line(name: str, label: str, plural: str, stopped: Stopped, note: str, terms: Terms) -> Line:
    to_qbo, to_billcom = (Direction(side, stopped(side, terms)) for side in (Side.QBO, Side.BILLCOM))
    return Line(name, label, plural, to_qbo, to_billcom, note)


def conditions(terms: Terms) -> list[str]:
    """What decides record by record, beyond the directions, under this company's preferences."""
    found = ["Bills of nothing stay in BILL; what has no number in QuickBooks Online stays there."]
    if terms.invoices_since and not terms.one_way:
        since = f"{terms.invoices_since:%d %b %Y}".lstrip("0")
        found.append(
            "Of the invoices that are in QuickBooks Online alone, only those created or updated within the 90 days "
            f"before the first set-up of the sync, since {since}, come to BILL. An older one comes after Edit and then "
            "Save on it in QuickBooks Online, or when it is included."
        )
    if not terms.credits_at_once:
        found.append(
            "Credits applied to a bill in BILL are applied in QuickBooks Online once the bill is paid in full."
        )
    if terms.approved_only:
        found.append(
            "Sync Only Approved is on: a bill goes to QuickBooks Online once it is approved in BILL, and a vendor "
            "credit, whose approval BILL doesn't tell, once a person has included it."
        )
    if terms.books_closed_on:
        closed = f"{terms.books_closed_on:%d %b %Y}".lstrip("0")
        found.append(f"The books are closed up to {closed}: nothing dated then or before goes to QuickBooks Online.")
    return found
