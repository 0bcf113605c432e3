"""Do both sides show the same? Open payables per vendor, read live from both, and every difference explained.

Payables are open bills less open vendor credits: where a credit was used on a bill, both are less by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from syncapp.core.codec import decode
from syncapp.core.holds import TEXTS, HoldCode
from syncapp.core.schema import ZERO, Kind, Raw
from syncapp.core.sides import Side
from syncapp.gateways.billcom import BillcomGateway
from syncapp.gateways.errors import GatewayError
from syncapp.gateways.http import Http
from syncapp.gateways.qbo import QboGateway
from syncapp.kinds import KINDS
from syncapp.kinds.bill_payment import credits_used
from syncapp.models import Company, SyncedObject
from syncapp.services import budgets, clearing, remotes
from syncapp.services.clearing import Clearing
from syncapp.services.errors import ServiceError

PAGE = 1000
BILL, CREDIT = KINDS["bill"], KINDS["vendor_credit"]
SIGNS = {BILL.name: 1, CREDIT.name: -1}

_Vendors = dict[tuple[str, str], tuple[str, str]]
"""(side, id there) -> (key, name)."""


@dataclass(frozen=True)
class TieOutRow:
    """One vendor. ``explained``: what records that are held, each with its reason, make of the difference."""

    vendor: str
    billcom_open: Decimal
    qbo_open: Decimal
    explained: Decimal

    @property
    def difference(self) -> Decimal:
        return self.billcom_open - self.qbo_open - self.explained


@dataclass(frozen=True)
class Explanation:
    """One held record (the SyncedObject ``pk``): what it makes of its vendor's difference, BILL less QuickBooks.

    ``key``: the vendor's, as in the rows.
    """

    pk: int
    kind: str
    label: str
    key: str
    vendor: str
    side: Side
    amount: Decimal
    code: str

    @property
    def reason(self) -> str:
        return TEXTS[HoldCode(self.code)].title


@dataclass
class TieOut:
    at: datetime
    rows: list[TieOutRow] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, Decimal] = field(default_factory=dict)
    """Hold code -> what the records held for it make of the difference."""
    held: list[Explanation] = field(default_factory=list)
    clearing: Clearing | None = None
    """What stands in the clearing account; None where none is chosen."""

    @property
    def paid_on_one_side(self) -> list[Explanation]:
        """Payments made in QuickBooks that BILL doesn't have: their bills could be paid there once more."""
        return [each for each in self.held if each.kind == "bill_payment" and each.side is Side.QBO]

    @property
    def ties(self) -> bool:
        return all(row.difference == ZERO for row in self.rows)

    @property
    def billcom_open(self) -> Decimal:
        return sum((row.billcom_open for row in self.rows), ZERO)

    @property
    def qbo_open(self) -> Decimal:
        return sum((row.qbo_open for row in self.rows), ZERO)

    @property
    def explained(self) -> Decimal:
        return sum((row.explained for row in self.rows), ZERO)

    @property
    def difference(self) -> Decimal:
        """What nothing explains, all vendors together."""
        return self.billcom_open - self.explained - self.qbo_open

    @property
    def bridge(self) -> list[tuple[str, Decimal]]:
        """From one side's total to the other's, line by line; the first plus the ones between give the last.

        The ones between are BILL less QuickBooks, as everywhere here.
        """
        lines = [("Open payables in QuickBooks Online", self.qbo_open)]
        lines += [(f"held: {TEXTS[HoldCode(code)].title}", amount) for code, amount in self.reasons.items()]
        lines += [("unexplained", self.difference)] if self.difference else []
        return [*lines, ("Open payables in BILL", self.billcom_open)]

    @property
    def verdict(self) -> str:
        if not self.ties:
            return "They do NOT tie out."
        return "Both sides tie out, vendor by vendor" + (", but for what is held." if self.reasons else ".")

    def summary(self) -> list[str]:
        """The bridge and the verdict, to be printed."""
        first, *between, last = self.bridge
        lines = [first, *((f"  {words}", amount) for words, amount in between), last]
        return [f"{words:<50}{amount:>16,.2f}" for words, amount in lines] + [*self._cleared(), self.verdict]

    def _cleared(self) -> list[str]:
        if self.clearing is None:
            return []
        lines = [("Money Out Clearing in QuickBooks Online", self.clearing.balance)]
        lines += [("  of it, payments not drawn or not transferred yet", -self.clearing.waiting)]
        lines += [("  unexplained", self.clearing.unexplained)] if self.clearing.unexplained else []
        return [f"{words:<50}{amount:>16,.2f}" for words, amount in lines]


@dataclass
class _Payables:
    """(kind, id there) -> (vendor's id there, what is open); of a credit it is negative."""

    open: dict[tuple[str, str], tuple[str, Decimal]] = field(default_factory=dict)

    def add(self, kind: Kind, raw: Raw, side: Side) -> None:
        values = decode(kind, raw, side)
        if values["active"] and values["open"]:
            remote_id = str(raw["Id" if side is Side.QBO else "id"])
            self.open[kind.name, remote_id] = (values["vendor"], SIGNS[kind.name] * values["open"])


def tie_out(company: Company, *, now: datetime) -> TieOut:
    """Compare the open payables of both sides, vendor by vendor. Reads only. Raises ServiceError."""
    http = Http()
    billcom, qbo = _Payables(), _Payables()
    try:
        both = remotes.open_both(company, timezone.now, http)
        # What is paid is most of an old company's bills, and leaves nothing open. Neither side promises to find
        # credits by what is left of them.
        _read_billcom(both.billcom, BILL, 'paymentStatus:ne:"PAID"', billcom)
        _read_billcom(both.billcom, CREDIT, "", billcom)
        _read_qbo(both.qbo, BILL, "Balance > '0'", qbo)
        _read_qbo(both.qbo, CREDIT, "", qbo)
        cleared = clearing.breakdown(company, both.qbo)
    except GatewayError as error:
        raise ServiceError(f"Both sides can't be read just now: {error}") from error
    finally:
        budgets.settle()
    vendors = _vendors(company)
    explanations = _explanations(company, billcom, qbo, vendors)
    found = TieOut(now, _rows(billcom, qbo, vendors, explanations), dict(http.calls))
    found.clearing = cleared
    found.held = sorted(explanations, key=lambda each: (each.vendor.casefold(), each.label))
    for each in explanations:
        found.reasons[each.code] = found.reasons.get(each.code, ZERO) + each.amount
    return found


def paid_on_one_side(company: Company) -> list[Explanation]:
    """Payments made in QuickBooks of bills that are in BILL, which doesn't have them; by what was read last."""
    held = _held_payments(company, _vendors(company))
    return sorted((each for each in held if each.side is Side.QBO), key=lambda each: (each.vendor, each.label))


def _read_billcom(gateway: BillcomGateway, kind: Kind, filters: str, payables: _Payables) -> None:
    for page in gateway.pages(kind.billcom.path, filters=filters):
        for raw in page.records:
            payables.add(kind, raw, Side.BILLCOM)


def _read_qbo(gateway: QboGateway, kind: Kind, where: str, payables: _Payables) -> None:
    start = 1
    while True:
        # In the order they were made: another could change from one page to the next.
        order = "MetaData.CreateTime, Id"
        page = gateway.query(kind.qbo.entity, where=where, order=order, start=start, size=PAGE)
        for raw in page:
            payables.add(kind, raw, Side.QBO)
        if len(page) < PAGE:
            return
        start += PAGE


def _rows(
    billcom: _Payables, qbo: _Payables, vendors: _Vendors, explanations: Iterable[Explanation]
) -> list[TieOutRow]:
    names: dict[str, str] = {}
    ours: dict[str, Decimal] = defaultdict(Decimal)
    theirs: dict[str, Decimal] = defaultdict(Decimal)
    explained: dict[str, Decimal] = defaultdict(Decimal)
    for side, payables, open_ in ((Side.BILLCOM, billcom, ours), (Side.QBO, qbo, theirs)):
        for vendor, amount in payables.open.values():
            key, name = vendors.get((side, vendor), (f"{side}:{vendor}", vendor))
            names[key] = name
            open_[key] += amount
    for each in explanations:
        names.setdefault(each.key, each.vendor)
        explained[each.key] += each.amount
    rows = [TieOutRow(names[key], ours[key], theirs[key], explained[key]) for key in names]
    return sorted(rows, key=lambda row: row.vendor.casefold())


def _vendors(company: Company) -> _Vendors:
    found = {}
    for key, label, billcom_id, qbo_id in SyncedObject.objects.of(company, "vendor").values_list(
        "pk", "label", "billcom_id", "qbo_id"
    ):
        for side, remote_id in ((Side.BILLCOM, billcom_id), (Side.QBO, qbo_id)):
            if remote_id is not None:
                found[side.value, remote_id] = (str(key), label)
    return found


def _explanations(company: Company, billcom: _Payables, qbo: _Payables, vendors: _Vendors) -> list[Explanation]:
    """Every held bill, credit and payment: what makes the two sides differ by rule."""
    found = []
    held = SyncedObject.objects.filter(company=company, kind__in=SIGNS).exclude(hold_code="")
    for row in held.only("kind", "billcom_id", "qbo_id", "hold_code", "label", "number"):
        shown = {
            Side.BILLCOM: billcom.open.get((row.kind, row.billcom_id or "")),
            Side.QBO: qbo.open.get((row.kind, row.qbo_id or "")),
        }
        if row.linked and _open_alike(shown, vendors):
            continue
        for side, sign in ((Side.BILLCOM, 1), (Side.QBO, -1)):
            if there := shown[side]:
                key, name = vendors.get((side.value, there[0]), (f"{side}:{there[0]}", there[0]))
                found.append(_explain(row, key, name, side, sign * there[1]))
    return found + _held_payments(company, vendors)


def _open_alike(shown: dict[Side, tuple[str, Decimal] | None], vendors: _Vendors) -> bool:
    """Held for something else: both sides show the same amount open, with the same vendor."""
    ours, theirs = shown[Side.BILLCOM], shown[Side.QBO]
    if ours is None or theirs is None:
        return ours is theirs
    pair = [vendors.get((side.value, each[0])) for side, each in ((Side.BILLCOM, ours), (Side.QBO, theirs))]
    return ours[1] == theirs[1] and pair[0] is not None and pair[0] == pair[1]


def _explain(row: SyncedObject, key: str, vendor: str, side: Side, amount: Decimal) -> Explanation:
    return Explanation(row.pk, row.kind, str(row), key, vendor, side, amount, row.hold_code)


def _in_step(company: Company, kind: Kind) -> dict[Side, set[str]]:
    """The ids on each side of the linked ones that nothing holds; the others explain themselves."""
    linked = SyncedObject.objects.of(company, kind.name).filter(billcom_id__isnull=False, qbo_id__isnull=False)
    pairs = [
        (str(ours), str(theirs)) for ours, theirs in linked.filter(hold_code="").values_list("billcom_id", "qbo_id")
    ]
    return {Side.BILLCOM: {ours for ours, _ in pairs}, Side.QBO: {theirs for _, theirs in pairs}}


def _held_payments(company: Company, vendors: _Vendors) -> list[Explanation]:
    """A payment on one side only has lowered what is open there, of bills and of the credits that it uses."""
    bills, credits = _in_step(company, BILL), _in_step(company, CREDIT)
    found = []
    held = SyncedObject.objects.of(company, "bill_payment").exclude(hold_code="")
    for row in held.defer("billcom_raw", "qbo_raw", "base"):
        values = row.billcom_values or row.qbo_values
        if row.linked or not values:
            continue
        side = Side.BILLCOM if row.billcom_id is not None else Side.QBO
        paid = sum((line["amount"] for line in values["paid"] if line["bill"] in bills[side]), ZERO)
        paid -= sum((use["amount"] for use in credits_used(values) if use["credit"] in credits[side]), ZERO)
        if values["active"] and paid:
            key, name = vendors.get((side.value, values["vendor"]), (f"{side}:{values['vendor']}", values["vendor"]))
            found.append(_explain(row, key, name, side, -paid if side is Side.BILLCOM else paid))
    return found
