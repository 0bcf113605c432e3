"""Do both sides show the same? What is open per vendor and per customer, read live, and every difference explained.

Payables are open bills less open vendor credits: where a credit was used on a bill, both are less by it. Receivables
are open invoices.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial

from django.db.models import TextField
from django.db.models.functions import Cast
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
from syncapp.models import Company, SyncedObject
from syncapp.services import budgets, clearing, remotes, settling
from syncapp.services.clearing import BankBalance, Clearing
from syncapp.services.context import Remotes
from syncapp.services.errors import ServiceError
from syncapp.services.settling import PAYABLES, RECEIVABLES, Account, Parties

PAGE = 1000
# What is paid is most of an old company's bills and invoices, and leaves nothing open. Neither side promises to find
# credits by what is left of them, nor BILL invoices by what is paid of them.
OPEN_IN_BILLCOM = {"bill": 'paymentStatus:ne:"PAID"'}
OPEN_IN_QBO = {"bill": "Balance > '0'", "invoice": "Balance > '0'"}


@dataclass(frozen=True)
class TieOutRow:
    """One vendor or customer. ``explained``: what held records, each with its reason, make of the difference."""

    party: str
    billcom_open: Decimal
    qbo_open: Decimal
    explained: Decimal

    @property
    def difference(self) -> Decimal:
        return self.billcom_open - self.qbo_open - self.explained


@dataclass(frozen=True)
class Explanation:
    """One held record (the SyncedObject ``pk``): what it makes of its party's difference, BILL less QuickBooks.

    ``key``: the party's, as in the rows.
    """

    pk: int
    kind: str
    label: str
    key: str
    party: str
    side: Side
    amount: Decimal
    code: str

    @property
    def reason(self) -> str:
        return TEXTS[HoldCode(self.code)].title


@dataclass
class Compared:
    """A/P or A/R of both sides."""

    account: Account
    rows: list[TieOutRow]
    held: list[Explanation]

    @property
    def reasons(self) -> dict[str, Decimal]:
        """Hold code -> what the records held for it make of the difference."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for each in self.held:
            found[each.code] += each.amount
        return dict(found)

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
        """What nothing explains, all vendors or customers together."""
        return self.billcom_open - self.explained - self.qbo_open

    @property
    def bridge(self) -> list[tuple[str, Decimal]]:
        """From one side's total to the other's, line by line; the first plus the ones between give the last.

        The ones between are BILL less QuickBooks, as everywhere here.
        """
        lines = [(f"Open {self.account.name} in QuickBooks Online", self.qbo_open)]
        lines += [(f"held: {TEXTS[HoldCode(code)].title}", amount) for code, amount in self.reasons.items()]
        lines += [("unexplained", self.difference)] if self.difference else []
        return [*lines, (f"Open {self.account.name} in BILL", self.billcom_open)]


@dataclass
class TieOut:
    at: datetime
    payables: Compared
    receivables: Compared
    calls: dict[str, int] = field(default_factory=dict)
    clearing: Mapping[str, Clearing] = field(default_factory=dict)
    """What stands in the clearing accounts: role -> the one that is chosen; those that were chosen before come last."""
    banks: list[BankBalance] = field(default_factory=list)
    """What the bank accounts stand at in QuickBooks."""
    paid_on_one_side: list[Explanation] = field(default_factory=list)
    """Payments made in QuickBooks that BILL doesn't have: their bills could be paid there once more."""

    @property
    def both(self) -> tuple[Compared, Compared]:
        return self.payables, self.receivables

    @property
    def ties(self) -> bool:
        return all(each.ties for each in self.both)

    @property
    def verdict(self) -> str:
        if not self.ties:
            return "They do NOT tie out."
        held = any(each.held for each in self.both)
        tied = "Both sides tie out, vendor by vendor and customer by customer"
        return f"{tied}, but for what is held." if held else f"{tied}."

    def summary(self) -> list[str]:
        """The bridges and the verdict, to be printed."""
        lines: list[tuple[str, Decimal]] = []
        for each in self.both:
            first, *between, last = each.bridge
            lines += [first, *((f"  {words}", amount) for words, amount in between), last]
        return [
            f"{words:<50}{amount:>16,.2f}" for words, amount in [*lines, *self._cleared(), *self._at_the_bank()]
        ] + [self.verdict]

    def _at_the_bank(self) -> list[tuple[str, Decimal]]:
        return [(f"{each.account} in QuickBooks Online", each.balance) for each in self.banks]

    def _cleared(self) -> list[tuple[str, Decimal]]:
        lines = []
        for each in self.clearing.values():
            lines += [(f"{each.name} in QuickBooks Online", each.balance)]
            waiting = each.waiting if each.incoming else -each.waiting
            lines += [("  of it, payments that are not transferred yet", waiting)]
            lines += [("  unexplained", each.unexplained)] if each.unexplained else []
        return lines


@dataclass
class _Open:
    """(kind, id there) -> (whose, by the id there; what is open, signed)."""

    account: Account
    open: dict[tuple[str, str], tuple[str, Decimal]] = field(default_factory=dict)

    def add(self, kind: Kind, raw: Raw, side: Side) -> None:
        values = decode(kind, raw, side)
        if values["active"] and values["open"]:
            remote_id = str(raw["Id" if side is Side.QBO else "id"])
            self.open[kind.name, remote_id] = (values[kind.party], self.account.signs[kind.name] * values["open"])


def tie_out(company: Company, *, now: datetime) -> TieOut:
    """Compare what is open to every vendor and customer on both sides. Reads only. Raises ServiceError."""
    http = Http()
    try:
        both = remotes.open_both(company, timezone.now, http)
        payables, receivables = (_compare(company, account, both) for account in (PAYABLES, RECEIVABLES))
        cleared, banks = clearing.balances(company, partial(clearing.current, both.qbo))
    except GatewayError as error:
        raise ServiceError(f"Both sides can't be read just now: {error}") from error
    finally:
        budgets.settle()
    return TieOut(now, payables, receivables, dict(http.calls), cleared, banks, paid_on_one_side(company))


def _compare(company: Company, account: Account, both: Remotes) -> Compared:
    billcom, qbo = _Open(account), _Open(account)
    for name in account.signs:
        _read_billcom(both.billcom, KINDS[name], OPEN_IN_BILLCOM.get(name, ""), billcom)
        _read_qbo(both.qbo, KINDS[name], OPEN_IN_QBO.get(name, ""), qbo)
    parties = _parties(company, account)
    held = _explanations(company, billcom, qbo, parties)
    held.sort(key=lambda each: (each.party.casefold(), each.label))
    return Compared(account, _rows(billcom, qbo, parties, held), held)


def paid_on_one_side(company: Company) -> list[Explanation]:
    """Payments made in QuickBooks of bills that are in BILL, which doesn't have them; by what was read last."""
    parties = _parties(company, PAYABLES)
    effects = settling.effects(company, PAYABLES, parties)
    # Where what BILL has paid was voided in QuickBooks and entered there again by hand, BILL has nothing left to pay.
    unpaid = {key for key, amount in settling.by_record(effects).items() if amount > 0}
    held = [each for each in effects if each.side is Side.QBO and unpaid & each.of.keys()]
    found = [_explain(each.row, *_whose(parties, each.side, each.party), each.side, each.amount) for each in held]
    return sorted(found, key=lambda each: (each.party, each.label))


def _read_billcom(gateway: BillcomGateway, kind: Kind, filters: str, found: _Open) -> None:
    for page in gateway.pages(kind.billcom.path, filters=filters):
        for raw in page.records:
            found.add(kind, raw, Side.BILLCOM)


def _read_qbo(gateway: QboGateway, kind: Kind, where: str, found: _Open) -> None:
    start = 1
    while True:
        # In the order they were made: another could change from one page to the next.
        order = "MetaData.CreateTime, Id"
        page = gateway.query(kind.qbo.entity, where=where, order=order, start=start, size=PAGE)
        for raw in page:
            found.add(kind, raw, Side.QBO)
        if len(page) < PAGE:
            return
        start += PAGE


def _whose(parties: Parties, side: Side, remote_id: str) -> tuple[str, str]:
    return parties.get((side.value, remote_id), (f"{side}:{remote_id}", remote_id))


def _rows(billcom: _Open, qbo: _Open, parties: Parties, explanations: Iterable[Explanation]) -> list[TieOutRow]:
    names: dict[str, str] = {}
    ours: dict[str, Decimal] = defaultdict(Decimal)
    theirs: dict[str, Decimal] = defaultdict(Decimal)
    explained: dict[str, Decimal] = defaultdict(Decimal)
    for side, shown, open_ in ((Side.BILLCOM, billcom, ours), (Side.QBO, qbo, theirs)):
        for party, amount in shown.open.values():
            key, name = _whose(parties, side, party)
            names[key] = name
            open_[key] += amount
    for each in explanations:
        names.setdefault(each.key, each.party)
        explained[each.key] += each.amount
    rows = [TieOutRow(names[key], ours[key], theirs[key], explained[key]) for key in names]
    return sorted(rows, key=lambda row: row.party.casefold())


def _parties(company: Company, account: Account) -> Parties:
    found = {}
    for key, label, billcom_id, qbo_id in SyncedObject.objects.of(company, account.party).values_list(
        "pk", "label", "billcom_id", "qbo_id"
    ):
        for side, remote_id in ((Side.BILLCOM, billcom_id), (Side.QBO, qbo_id)):
            if remote_id is not None:
                found[side.value, remote_id] = (str(key), label)
    return found


def _explanations(company: Company, billcom: _Open, qbo: _Open, parties: Parties) -> list[Explanation]:
    """Every held bill, invoice, credit and payment: what makes the two sides differ by rule.

    What a held payment has lowered on one side only is its own doing, also on a bill that is held for something else.
    """
    effects = settling.effects(company, billcom.account, parties)
    lowered = settling.by_record(effects)
    found = [
        _explain(each.row, *_whose(parties, each.side, each.party), each.side, each.amount)
        for each in effects
        if each.amount
    ]
    held = SyncedObject.objects.filter(company=company, kind__in=billcom.account.signs).exclude(hold_code="")
    for row in held.defer("billcom_raw", "qbo_raw", "base"):
        shown = {
            Side.BILLCOM: billcom.open.get((row.kind, row.billcom_id or "")),
            Side.QBO: qbo.open.get((row.kind, row.qbo_id or "")),
        }
        if settling.of_one_party(row, billcom.account, parties):
            found += _rest(row, billcom.account, parties, shown, lowered.get(row.pk, ZERO))
            continue
        for side, sign in ((Side.BILLCOM, 1), (Side.QBO, -1)):
            if there := shown[side]:
                key, name = _whose(parties, side, there[0])
                found.append(_explain(row, key, name, side, sign * there[1]))
    return found + (_applied_in_billcom(company, parties) if billcom.account is RECEIVABLES else [])


def _rest(
    row: SyncedObject,
    account: Account,
    parties: Parties,
    shown: dict[Side, tuple[str, Decimal] | None],
    lowered: Decimal,
) -> list[Explanation]:
    """What makes a held pair differ besides the payments that are held themselves."""
    ours, theirs = (there[1] if (there := shown[side]) else ZERO for side in (Side.BILLCOM, Side.QBO))
    rest = ours - theirs - lowered
    key, name = _whose(parties, Side.BILLCOM, (row.billcom_values or {})[account.party])
    return [_explain(row, key, name, Side.BILLCOM, rest)] if rest else []


def _explain(row: SyncedObject, key: str, party: str, side: Side, amount: Decimal) -> Explanation:
    return Explanation(row.pk, row.kind, str(row), key, party, side, amount, row.hold_code)


def _applied_in_billcom(company: Company, parties: Parties) -> list[Explanation]:
    """What BILL has applied of credit memos, where one of memo and invoice is held: what the other has lost by it."""
    memos, invoices = (settling.in_step(company, kind) for kind in ("credit_memo", "invoice"))
    held = SyncedObject.objects.of(company, "invoice").exclude(hold_code="").filter(billcom_id__isnull=False)
    known = {str(row.billcom_id): row for row in held.only("kind", "billcom_id", "hold_code", "label", "number")}
    found = []
    applied = SyncedObject.objects.of(company, "credit_memo").filter(billcom_id__isnull=False)
    applied = applied.annotate(shown=Cast("billcom_values", TextField())).filter(shown__contains='"applied":[{')
    for memo in applied.defer("billcom_raw", "qbo_raw", "base"):
        key, name = _whose(parties, Side.BILLCOM, memo.billcom_values["customer"])
        for use in memo.billcom_values["applied"]:
            there, lowered = memo.billcom_id in memos, use["invoice"] in invoices
            row = known.get(use["invoice"]) if there else memo
            if there != lowered and row is not None and row.hold_code:
                amount = use["amount"] or ZERO
                found.append(_explain(row, key, name, Side.BILLCOM, amount if there else -amount))
    return found
