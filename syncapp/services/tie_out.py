"""Do both sides show the same? Open payables per vendor, read live from both, and every difference explained."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from syncapp.core.codec import decode
from syncapp.core.schema import ZERO, Raw
from syncapp.core.sides import Side
from syncapp.gateways.errors import GatewayError
from syncapp.gateways.http import Http
from syncapp.gateways.qbo import QboGateway
from syncapp.kinds import KINDS
from syncapp.models import Company, SyncedObject
from syncapp.services import remotes
from syncapp.services.errors import ServiceError

PAGE = 1000
BILL, PAYMENT = KINDS["bill"], KINDS["bill_payment"]


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


@dataclass
class TieOut:
    at: datetime
    rows: list[TieOutRow] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)

    @property
    def ties(self) -> bool:
        return all(row.difference == ZERO for row in self.rows)

    @property
    def billcom_open(self) -> Decimal:
        return sum((row.billcom_open for row in self.rows), ZERO)

    @property
    def qbo_open(self) -> Decimal:
        return sum((row.qbo_open for row in self.rows), ZERO)


@dataclass
class _Bills:
    """Open amount by bill id, and by vendor id."""

    by_bill: dict[str, tuple[str, Decimal]] = field(default_factory=dict)

    def add(self, raw: Raw, side: Side) -> None:
        values = decode(BILL, raw, side)
        if values["active"] and values["open"]:
            remote_id = str(raw["Id" if side is Side.QBO else "id"])
            self.by_bill[remote_id] = (values["vendor"], values["open"])


def tie_out(company: Company, *, now: datetime) -> TieOut:
    """Compare the open bills of both sides, vendor by vendor. Reads only. Raises ServiceError."""
    http = Http()
    billcom, qbo = _Bills(), _Bills()
    try:
        both = remotes.open_both(company, timezone.now, http)
        for page in both.billcom.pages(BILL.billcom.path):
            for raw in page.records:
                billcom.add(raw, Side.BILLCOM)
        _read_qbo(both.qbo, qbo)
    except GatewayError as error:
        raise ServiceError(f"Both sides can't be read just now: {error}") from error
    found = TieOut(now, _rows(company, billcom, qbo))
    found.calls = dict(http.calls)
    return found


def _read_qbo(gateway: QboGateway, bills: _Bills) -> None:
    start = 1
    while True:
        # In the order they were made: another could change from one page to the next.
        order = "MetaData.CreateTime"
        page = gateway.query(BILL.qbo.entity, where="Balance > '0'", order=order, start=start, size=PAGE)
        for raw in page:
            bills.add(raw, Side.QBO)
        if len(page) < PAGE:
            return
        start += PAGE


def _rows(company: Company, billcom: _Bills, qbo: _Bills) -> list[TieOutRow]:
    names: dict[str, str] = {}
    ours: dict[str, Decimal] = defaultdict(Decimal)
    theirs: dict[str, Decimal] = defaultdict(Decimal)
    explained: dict[str, Decimal] = defaultdict(Decimal)
    vendors = _vendors(company)
    for side, bills, open_ in ((Side.BILLCOM, billcom, ours), (Side.QBO, qbo, theirs)):
        for vendor, amount in bills.by_bill.values():
            key, name = vendors.get((side, vendor), (f"{side}:{vendor}", vendor))
            names[key] = name
            open_[key] += amount
    for key, name, amount in _explanations(company, billcom, qbo, vendors):
        names.setdefault(key, name)
        explained[key] += amount
    rows = [TieOutRow(names[key], ours[key], theirs[key], explained[key]) for key in names]
    return sorted(rows, key=lambda row: row.vendor.casefold())


def _vendors(company: Company) -> dict[tuple[str, str], tuple[str, str]]:
    found = {}
    for key, label, billcom_id, qbo_id in SyncedObject.objects.of(company, "vendor").values_list(
        "pk", "label", "billcom_id", "qbo_id"
    ):
        for side, remote_id in ((Side.BILLCOM, billcom_id), (Side.QBO, qbo_id)):
            if remote_id is not None:
                found[side.value, remote_id] = (str(key), label)
    return found


def _explanations(
    company: Company, billcom: _Bills, qbo: _Bills, vendors: dict[tuple[str, str], tuple[str, str]]
) -> list[tuple[str, str, Decimal]]:
    """(vendor key, vendor name, amount) of every held bill and payment: what makes the two sides differ by rule."""
    found = []
    held = SyncedObject.objects.of(company, "bill").exclude(hold_code="")
    for billcom_id, qbo_id in held.values_list("billcom_id", "qbo_id"):
        ours = billcom.by_bill.get(billcom_id or "")
        theirs = qbo.by_bill.get(qbo_id or "")
        for side, shown, sign in ((Side.BILLCOM, ours, 1), (Side.QBO, theirs, -1)):
            if shown:
                key, name = vendors.get((side.value, shown[0]), (f"{side}:{shown[0]}", shown[0]))
                found.append((key, name, sign * shown[1]))
    return found + _held_payments(company, vendors)


def _held_payments(company: Company, vendors: dict[tuple[str, str], tuple[str, str]]) -> list[tuple[str, str, Decimal]]:
    """A payment on one side only has lowered what is open there."""
    linked_bills = dict(
        SyncedObject.objects.of(company, "bill")
        .filter(billcom_id__isnull=False, qbo_id__isnull=False, hold_code="")
        .values_list("billcom_id", "qbo_id")
    )
    known = {Side.BILLCOM: set(linked_bills), Side.QBO: set(linked_bills.values())}
    found = []
    held = SyncedObject.objects.of(company, "bill_payment").exclude(hold_code="")
    for row in held.only("billcom_id", "qbo_id", "billcom_values", "qbo_values"):
        if row.linked:
            continue
        side = Side.BILLCOM if row.billcom_id is not None else Side.QBO
        values = row.billcom_values or row.qbo_values
        paid = sum((line["amount"] for line in values["paid"] if line["bill"] in known[side]), ZERO)
        if values["active"] and paid:
            key, name = vendors.get((side.value, values["vendor"]), (f"{side}:{values['vendor']}", values["vendor"]))
            found.append((key, name, -paid if side is Side.BILLCOM else paid))
    return found
