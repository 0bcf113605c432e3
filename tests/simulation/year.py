"""A year of a company's life, by its seed: bought and sold, paid and received, corrected, and closed month by month.

People work on both sides all week; every week ends with a sync. After the year both products' books must agree to the
cent, but for what is held and says why, and one more sync must write nothing.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from syncapp.models import GLRole, SyncedObject
from syncapp.services import tie_out
from tests.simulation.books import BILLCOM, QBO
from tests.simulation.invariants import INCOMING, TRANSFER, broken
from tests.simulation.people import CannotBe
from tests.simulation.start import Replaced
from tests.simulation.trouble import Watch
from tests.simulation.world import World, writes

WEEKS = 52
PREFERENCES = {"approved_only": False, "one_way": False, "two_way_payments": True, "master": BILLCOM}
CLOSED_AFTER = 62
"""Days: a month is closed when it has been over for another one."""
# How often in a week, on either side. What can't be done in one week (nothing is due, no credit is left) is left out.
WEEK = {
    "new_bill": 4,
    "new_invoice": 3,
    "edit_bill": 1,
    "edit_invoice": 1,
    "new_credit": 1,
    "pay": 3,
    "pay_with_credit": 1,
    "apply_credit": 1,
    "receive": 2,
    "new_memo": 1,
    "apply_memo": 1,
    "edit_party": 1,
}
SELDOM = (
    *("void_payment", "void_received", "delete_bill", "delete_credit", "delete_invoice", "edit_credit", "contest"),
    *("edit_memo", "delete_memo"),
)


MOST_NAMED = 10


def named(found: tie_out.TieOut) -> Iterator[str]:
    """The held records that explain a difference, reason by reason, the largest first: which each is, and why."""
    rows = SyncedObject.objects.in_bulk([each.pk for compared in found.both for each in compared.held])
    for compared in found.both:
        for code, amount in compared.reasons.items():
            group = sorted((each for each in compared.held if each.code == code), key=lambda each: -abs(each.amount))
            count = f"{len(group)} record{'s' if len(group) > 1 else ''}"
            yield f"{compared.account.name}, held: {group[0].reason}: {count}, {amount:,.2f}"
            yield from (_named(each, rows[each.pk]) for each in group[:MOST_NAMED])
            if more := group[MOST_NAMED:]:
                yield f"{sum(each.amount for each in more):>14,.2f}  in {len(more)} more"


def _named(each: tie_out.Explanation, row: SyncedObject) -> str:
    assert row.hold is not None
    words = textwrap.shorten(row.hold.describe(), 160, placeholder=" …")
    kind = row.get_kind_display()
    which = each.label if each.label.startswith(kind) else f"{kind} {each.label}"
    return f"{each.amount:>14,.2f}  {which}, {each.party}: {words}"


class Year:
    def __init__(self, seed: int) -> None:
        self.world = World(seed, preferences=PREFERENCES)
        self.done: Counter[str] = Counter()

    def play(self) -> list[str]:
        """The year, and everything that does not hold after it, in words."""
        with self.world as world:
            for _ in range(8):
                self._act("new_party", kind="vendor")
                self._act("new_party", kind="customer")
            for week in range(WEEKS):
                self._week(week)
                world.sync()
                world.advance(6 * 86_400)
            world.rest()
            self.written_by_one_more = list(writes(world.quiet_sync_calls()))
            idle = [f"I3 a sync with nothing to do wrote: {each}" for each in self.written_by_one_more]
            wrong = [*world.broken, *idle, *broken(world)]
            self.found = self._compare()
            self.named = list(named(self.found))
            return wrong + list(self._disagreements(self.found))

    def told(self) -> list[str]:
        """What the year came to, to be printed."""
        written = len(self.written_by_one_more)
        return [
            ", ".join(f"{number} {name}" for name, number in sorted(self.done.items())),
            *self.found.summary(),
            *self.named,
            f"one more sync wrote {written or 'nothing'}",
        ]

    def _act(self, name: str, **how: Any) -> None:
        people, chance = self.world.people, self.world.chance
        for side in chance.sample((BILLCOM, QBO), 2):
            try:
                getattr(people, name)(side, **how)
            except (CannotBe, ValueError, LookupError):
                continue
            self.done[name] += 1
            self.world.advance(1800)
            return

    def _week(self, week: int) -> None:
        for name, times in WEEK.items():
            for _ in range(times):
                self._act(name)
        self._act(self.world.chance.choice(SELDOM))
        if week % 4 == 3:
            self._close()

    def _close(self) -> None:
        day = (self.world.sandbox.clock.now().date() - timedelta(days=CLOSED_AFTER)).isoformat()
        change = {"Id": "1", "AccountingInfoPrefs": {"BookCloseDate": day}}
        self.world.sandbox.qbo.person_save(self.world.realm, "Preferences", change)
        self.done["months closed"] += 1

    # --- what must be so afterwards ----------------------------------------------------------------------------------

    def _compare(self) -> tie_out.TieOut:
        replaced = Replaced()
        replaced.set(tie_out, "Http", lambda: self.world.http(Watch(self.world)))
        try:
            return tie_out.tie_out(self.world.company, now=self.world.now())
        finally:
            replaced.undo()

    def _disagreements(self, found: tie_out.TieOut) -> Iterator[str]:
        for compared in found.both:
            for row in compared.rows:
                if row.difference:
                    yield f"{row.party}: {row.difference} of the {compared.account.name} is explained by nothing"
        for role in (GLRole.MONEY_OUT_CLEARING, GLRole.MONEY_IN_CLEARING):
            if role not in found.clearing or found.clearing[role].unexplained:
                yield f"{role.label} is not explained by payments that are still to be funded"
        yield from self._banks()

    def _banks(self) -> Iterator[str]:
        """What BILL drew from its bank accounts, and what reached them, has passed the bank in QuickBooks, unless it is
        held.
        """
        books = self.world.books()
        kinds = ("bill_payment", "receivable_payment", "funds_transfer")
        held = SyncedObject.objects.filter(company=self.world.company, kind__in=kinds)
        if held.exclude(hold_code="").exists():
            return
        drawn = [
            each.raw["amount"]
            for each in books.live(BILLCOM, "bill_payment")
            if each.raw["onlinePayment"] and each.raw["singleStatus"] not in ("SCHEDULED", "READY_TO_FUND")
        ]
        reached = [
            each.raw["amount"]
            for each in books.live(BILLCOM, "receivable_payment")
            if each.raw["onlinePayment"] and each.raw["receivablesAccount"]["type"] == "BANK_ACCOUNT"
        ]
        entries = [e for e in books.sides[QBO]["JournalEntry"] if str(e.get("PrivateNote")).startswith(TRANSFER)]
        come_in = [each for each in entries if str(each["PrivateNote"]).startswith(INCOMING)]
        yield from self._moved("drew from", drawn, [each for each in entries if each not in come_in])
        yield from self._moved("brought to", reached, come_in)

    @staticmethod
    def _moved(words: str, amounts: list[Any], entries: list[Any]) -> Iterator[str]:
        """A journal entry's first line has its whole amount."""
        moved, posted = (
            sum((Decimal(str(each)) for each in several), Decimal())
            for several in (amounts, [_signed(entry) for entry in entries])
        )
        if moved != posted:
            yield f"BILL {words} its bank accounts {moved}, and QuickBooks has {posted} of it"


def _signed(entry: Any) -> Decimal:
    """What was voided after it had passed the bank comes back in an entry of its own."""
    amount = Decimal(str(entry["Line"][0]["Amount"]))
    return -amount if " void " in str(entry["PrivateNote"]) else amount
