"""Which kinds flow which way for one company, and which rule says no: what the planner asks, in one table."""

from __future__ import annotations

from dataclasses import dataclass

from syncapp.core.holds import Hold
from syncapp.core.schema import Kind, Terms
from syncapp.core.sides import Side
from syncapp.kinds import KINDS


@dataclass(frozen=True)
class Direction:
    """One kind towards one side. ``hold``: the rule that forbids it, or None where it flows."""

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
class KindFlow:
    kind: Kind
    to_qbo: Direction
    to_billcom: Direction

    @property
    def sign(self) -> str:
        """As the sync matrix writes it: both ways, to QuickBooks, to BILL, never."""
        signs = {(True, True): "⇄", (True, False): "→Q", (False, True): "→B", (False, False): "—"}
        return signs[self.to_qbo.flows, self.to_billcom.flows]


def flows(terms: Terms) -> list[KindFlow]:
    """Every kind in the order in which it syncs."""
    return [
        KindFlow(
            kind,
            Direction(Side.QBO, kind.stopped(Side.QBO, terms)),
            Direction(Side.BILLCOM, kind.stopped(Side.BILLCOM, terms)),
        )
        for kind in KINDS.values()
    ]


def conditions(terms: Terms) -> list[str]:
    """What decides record by record, beyond the directions, under this company's preferences."""
    found = ["Bills of nothing stay in BILL; what has no number in QuickBooks Online stays there."]
    if terms.invoices_since and not terms.one_way:
        since = f"{terms.invoices_since:%d %b %Y}".lstrip("0")
        found.append(f"Invoices that weren't changed in QuickBooks Online since {since} come to BILL when included.")
    if not terms.credits_at_once:
        found.append(
            "Credits applied to a bill in BILL are applied in QuickBooks Online once the bill is paid in full."
        )
    if terms.attachments != "off":
        to_billcom = terms.attachments == "both" and not terms.one_way
        found.append(f"Files attached to bills go {'both ways' if to_billcom else 'from BILL to QuickBooks Online'}.")
    if terms.approved_only:
        found.append("Sync Only Approved is on: a bill goes to QuickBooks Online once it is approved in BILL.")
    if terms.books_closed_on:
        closed = f"{terms.books_closed_on:%d %b %Y}".lstrip("0")
        found.append(f"The books are closed up to {closed}: nothing dated then or before goes to QuickBooks Online.")
    return found
