"""What the products allow in an hour or a month: which period a call counts in, and how a month will end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

HOUR = timedelta(hours=1)
# A call may wait for its place and its answer this long before BILL counts it.
ON_ITS_WAY = timedelta(seconds=40)
# Our clock and BILL's don't agree to the second: an hour of theirs may begin so much later than ours.
CLOCKS_APART = timedelta(seconds=5)
RATE_DAYS = 7


class Budget(StrEnum):
    """What is shared by all workers. BILL's are one developer key's, QuickBooks' is the whole installation's."""

    BILLCOM_CALLS = "billcom-calls"
    BILLCOM_LOG_INS = "billcom-log-ins"
    QBO_METERED = "qbo-metered"


@dataclass(frozen=True, slots=True)
class Allowance:
    """One budget of one payer: the fingerprint of a BILL developer key, or "" for the app at Intuit."""

    budget: Budget
    owner: str = ""

    @property
    def hourly(self) -> bool:
        return self.budget is not Budget.QBO_METERED

    def period(self, now: datetime) -> datetime:
        """The beginning of the present hour or month."""
        return hour_of(now) if self.hourly else month_of(now)

    def periods(self, now: datetime) -> list[datetime]:
        """The beginnings of those that a call made now may be counted in: two at the turn of an hour."""
        if not self.hourly:
            return [month_of(now)]
        return sorted({hour_of(now - CLOCKS_APART), hour_of(now + ON_ITS_WAY)})

    def ends(self, period: datetime) -> datetime:
        return period + HOUR if self.hourly else month_of(period + timedelta(days=31))


def hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def month_of(moment: datetime) -> datetime:
    return hour_of(moment).replace(day=1, hour=0)


@dataclass(frozen=True, slots=True)
class Forecast:
    """`per_day`: of the last whole days. `runs_out`: when the month's calls are used up, if before its end."""

    used: int
    per_day: float
    by_month_end: int
    runs_out: datetime | None


def forecast(by_day: Mapping[date, int], limit: int, now: datetime) -> Forecast:
    """Where the month ends if every day costs as much as the last days did.

    by_day: metered calls by UTC day, of this month and the week before today; a day that is missing cost nothing.
    """
    begun = month_of(now)
    today = hour_of(now).date()
    used = sum(calls for day, calls in by_day.items() if begun.date() <= day <= today)
    per_day = _per_day(by_day, now)
    left = (month_of(begun + timedelta(days=31)) - now) / timedelta(days=1)
    runs_out = None
    if used >= limit:
        runs_out = now
    elif used + per_day * left > limit:
        runs_out = now + timedelta(days=(limit - used) / per_day)
    return Forecast(used, per_day, round(used + per_day * left), runs_out)


def _per_day(by_day: Mapping[date, int], now: datetime) -> float:
    """Over the last whole days, at most seven, from the first that cost anything; on the first day, today's so far."""
    today = hour_of(now).date()
    days = [today - timedelta(days=back) for back in range(1, RATE_DAYS + 1)]
    oldest = max((back for back, day in enumerate(days, 1) if by_day.get(day)), default=0)
    if oldest:
        return sum(by_day.get(day, 0) for day in days[:oldest]) / oldest
    so_far = (now - hour_of(now).replace(hour=0)) / timedelta(days=1)
    # Of a day that has only begun, an hour at least: a minute's calls say nothing about a day.
    return by_day.get(today, 0) / max(so_far, 1 / 24)
