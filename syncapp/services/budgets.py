"""The products' budgets, kept by all workers together: what an hour or a month allows is never passed.

A process sets a share of a budget aside by one row of its own, counts its calls in memory, and gives the rest back at
the end of each slice: no call costs a statement, and no row is everybody's.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Count, F, Sum

from syncapp.core.budgets import CLOCKS_APART, HOUR, Allowance, Budget, hour_of
from syncapp.core.sides import Side
from syncapp.gateways.errors import RateLimited, Scope
from syncapp.models import ApiBudget, BudgetWait, Company, MeteredCalls, SyncRun

log = logging.getLogger(__name__)

# How many shares a period is cut into: small ones lie idle less, large ones cost fewer statements.
SHARES = {Budget.BILLCOM_CALLS: 200, Budget.BILLCOM_LOG_INS: 200, Budget.QBO_METERED: 2500}
CANDIDATES = 8
TRIES = 50
# A month's end may be far; the allowance may be raised before.
ASK_AGAIN = timedelta(hours=1)
BEHIND_OTHERS = timedelta(seconds=10)
METERED = Allowance(Budget.QBO_METERED)


class NoRoom(RateLimited):
    """A budget is used up, or others have waited for it longer; nothing was sent. `retry_after` is set."""

    def __init__(self, allowance: Allowance, words: str, seconds: float) -> None:
        self.allowance = allowance
        side = Side.QBO if allowance == METERED else Side.BILLCOM
        scope = Scope.HOUR if allowance.hourly else Scope.MONTH
        super().__init__(side, words, scope=scope, retry_after=seconds)


def limit_of(budget: Budget) -> int:
    return {
        Budget.BILLCOM_CALLS: settings.BILLCOM_CALLS_AN_HOUR,
        Budget.BILLCOM_LOG_INS: settings.BILLCOM_LOG_INS_AN_HOUR,
        Budget.QBO_METERED: settings.QBO_METERED_CALLS_A_MONTH,
    }[budget]


def fingerprint(developer_key: str) -> str:
    """Tells developer keys apart, and tells nothing of them."""
    return hashlib.sha256(f"tieout budget {developer_key}".encode()).hexdigest()[:32]


def calls_of(developer_key: str) -> Allowance:
    return Allowance(Budget.BILLCOM_CALLS, fingerprint(developer_key))


def log_ins_of(developer_key: str) -> Allowance:
    return Allowance(Budget.BILLCOM_LOG_INS, fingerprint(developer_key))


@dataclass
class _Share:
    pk: int
    size: int
    used: int

    @property
    def empty(self) -> bool:
        return self.used >= self.size


class _Purse:
    """What this process holds. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._held: dict[tuple[Allowance, datetime], _Share] = {}
        self._metered: Counter[tuple[int, date]] = Counter()

    def take(self, allowance: Allowance, now: datetime) -> None:
        with self._lock:
            shares = [self._share(allowance, begins) for begins in allowance.periods(now)]
            for share in shares:
                share.used += 1

    def note_metered(self, company_id: int, now: datetime) -> None:
        with self._lock:
            self._metered[company_id, hour_of(now).date()] += 1

    def _share(self, allowance: Allowance, begins: datetime) -> _Share:
        key = allowance, begins
        if key in self._held and self._held[key].empty:
            _give_back([self._held.pop(key)])
        if key not in self._held:
            over = [each for each in self._held if each[0] == allowance and each[1] < begins - HOUR]
            _give_back([self._held.pop(each) for each in over])
            self._held[key] = _set_aside(allowance, begins)
        return self._held[key]

    def empty(self) -> tuple[list[_Share], Counter[tuple[int, date]]]:
        """Everything in it, which is no longer ours from here on."""
        with self._lock:
            held, metered = list(self._held.values()), self._metered
            self._held, self._metered = {}, Counter()
        return held, metered


_purse = _Purse()


def take(allowance: Allowance, now: datetime) -> None:
    """Pay for one call that is about to be made. Raises NoRoom."""
    try:
        _purse.take(allowance, now)
    except _UsedUp as used_up:
        raise _no_room(allowance, used_up.begins, now) from None


def take_metered(company_id: int, now: datetime) -> None:
    """Pay for one metered call to QuickBooks. Raises NoRoom. One that fails counts too, though Intuit forgives it."""
    take(METERED, now)
    _purse.note_metered(company_id, now)


def settle() -> None:
    """Give back what is left and save what was counted: at the end of each slice."""
    held, metered = _purse.empty()
    try:
        _give_back(held)
        for (company_id, day), calls in metered.items():
            _add_metered(company_id, day, calls)
    except DatabaseError:
        # What isn't given back counts as used: rather too careful than too many.
        log.exception("What is left of the budgets could not be given back")


def forget() -> None:
    """As after the process had died."""
    _purse.empty()


# --- shares ----------------------------------------------------------------------------------------------------------


class _UsedUp(Exception):
    """Every share of the hour or month is set aside or used."""

    def __init__(self, begins: datetime) -> None:
        super().__init__(begins)
        self.begins = begins


def _set_aside(allowance: Allowance, begins: datetime) -> _Share:
    """A share that others left, or a new one. Raises _UsedUp."""
    shares = ApiBudget.objects.filter(budget=allowance.budget, owner=allowance.owner, begins_at=begins)
    for _ in range(TRIES):
        for share in shares.free().order_by("number")[:CANDIDATES]:
            # The first who gets here has it.
            if ApiBudget.objects.free().filter(pk=share.pk, used=share.used).update(holder=uuid.uuid4()):
                return _Share(share.pk, share.size, share.used)
        if new := _add_share(allowance, begins):
            return new
    raise _UsedUp(begins)


def _add_share(allowance: Allowance, begins: datetime) -> _Share | None:
    """The next share; None where another worker has just made it. Raises _UsedUp where all are made."""
    shares = ApiBudget.objects.filter(budget=allowance.budget, owner=allowance.owner, begins_at=begins)
    made = shares.aggregate(shares=Count("pk"), calls=Sum("size"))
    limit = limit_of(allowance.budget)
    size = min(max(1, limit // SHARES[allowance.budget]), limit - (made["calls"] or 0))
    if size <= 0:
        raise _UsedUp(begins)
    try:
        with transaction.atomic():
            new = ApiBudget.objects.create(
                budget=allowance.budget,
                owner=allowance.owner,
                begins_at=begins,
                number=made["shares"] + 1,
                size=size,
                holder=uuid.uuid4(),
            )
    except IntegrityError:
        return None
    return _Share(new.pk, size, 0)


def _give_back(shares: list[_Share]) -> None:
    if shares:
        rows = [ApiBudget(pk=share.pk, used=share.used, holder=None) for share in shares]
        ApiBudget.objects.bulk_update(rows, ["used", "holder"])


def _add_metered(company_id: int, day: date, calls: int) -> None:
    """One company's count of a day; only who holds the company's lease, or a person, adds to it."""
    for _ in range(2):
        if MeteredCalls.objects.filter(company=company_id, day=day).update(calls=F("calls") + calls):
            return
        try:
            with transaction.atomic():
                MeteredCalls.objects.create(company_id=company_id, day=day, calls=calls)
        except IntegrityError:
            continue
        return


def _no_room(allowance: Allowance, begins: datetime, now: datetime) -> NoRoom:
    limit, until = limit_of(allowance.budget), allowance.ends(begins)
    if allowance.hourly:
        what = "calls" if allowance.budget is Budget.BILLCOM_CALLS else "log-ins"
        words = f"This hour's {limit:,} {what} to BILL are used up. It goes on after {until:%H:%M} (UTC)."
        return NoRoom(allowance, words, (until - now + CLOCKS_APART).total_seconds())
    words = f"This month's {limit:,} metered calls to QuickBooks are used up. There are more from {until:%b} 1 on."
    return NoRoom(allowance, words, min(until - now, ASK_AGAIN).total_seconds())


# --- first come, first served ----------------------------------------------------------------------------------------


def queue_up(run: SyncRun, met: NoRoom, now: datetime) -> None:
    """The run waits for room, at the place it had before if it has waited already."""
    until = now + timedelta(seconds=met.retry_after or 0)
    place = {"budget": met.allowance.budget, "owner": met.allowance.owner, "until": until, "served": False}
    BudgetWait.objects.update_or_create(run=run, defaults=place, create_defaults={**place, "since": now})


def take_turn(run: SyncRun, allowances: list[Allowance], now: datetime) -> None:
    """Let those go first who have waited for the same longer. Raises NoRoom."""
    wanted = [(each.budget.value, each.owner) for each in allowances]
    line = BudgetWait.objects.in_line().values_list("run_id", "budget", "owner", "until")
    first = next((each for each in line if each[1:3] in wanted), None)
    if first is None:
        return
    run_id, budget, owner, until = first
    if run_id == run.pk:
        BudgetWait.objects.filter(run=run).update(served=True)
        return
    wait = max(until - now, BEHIND_OTHERS)
    words = f"Other companies have waited longer for {_CALLS[Budget(budget)]}. It goes on when their turn is over."
    raise NoRoom(Allowance(Budget(budget), owner), words, wait.total_seconds())


_CALLS = {
    Budget.BILLCOM_CALLS: "calls to BILL",
    Budget.BILLCOM_LOG_INS: "log-ins to BILL",
    Budget.QBO_METERED: "calls to QuickBooks",
}


# --- what there is ---------------------------------------------------------------------------------------------------


def spent(allowance: Allowance, now: datetime) -> int:
    """Of the present period: what was used and what is set aside for work under way."""
    shares = ApiBudget.objects.filter(budget=allowance.budget, owner=allowance.owner)
    now_on = shares.filter(begins_at=allowance.period(now))
    held = now_on.filter(holder__isnull=False).aggregate(all=Sum("size"))["all"] or 0
    return held + (now_on.filter(holder__isnull=True).aggregate(all=Sum("used"))["all"] or 0)


def metered_by_day(since: date) -> dict[date, int]:
    rows = MeteredCalls.objects.filter(day__gte=since).order_by("day").values_list("day").annotate(all=Sum("calls"))
    return dict(rows)


def top_users(since: date) -> list[tuple[Company | None, int]]:
    """Companies by their metered calls since then, most first."""
    rows = list(
        MeteredCalls.objects.filter(day__gte=since).order_by().values_list("company").annotate(all=Sum("calls"))
    )
    companies = Company.objects.select_related("firm").in_bulk([pk for pk, _ in rows if pk is not None])
    found = [(companies.get(pk) if pk is not None else None, calls) for pk, calls in rows]
    return sorted(found, key=lambda each: (-each[1], str(each[0])))
