"""The limits: calls and log-ins an hour per developer key, calls at once per organization.

Reference: https://developer.bill.com/docs/api-rate-limits
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from syncapp.sandbox.billcom.errors import Refused, too_many_at_once, too_many_this_hour
from syncapp.sandbox.billcom.organization import Context

CALLS_AN_HOUR = 20_000
LOG_INS_AN_HOUR = 200
AT_ONCE = 3


@dataclass(slots=True)
class Limits:
    """Hours are those of the clock: what is used up comes back when the next one begins."""

    context: Context
    hour: str = ""
    calls: Counter[str] = field(default_factory=Counter)
    log_ins: Counter[str] = field(default_factory=Counter)
    under_way: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count_call(self, developer_key: str) -> None:
        self._count(self.calls, developer_key, CALLS_AN_HOUR, "requests")

    def count_log_in(self, developer_key: str) -> None:
        self._count(self.log_ins, developer_key, LOG_INS_AN_HOUR, "log-ins")

    def _count(self, used: Counter[str], key: str, most: int, what: str) -> None:
        switches = self.context.switches
        hour = self.context.stamp()[:13]
        if hour != self.hour:
            self.hour = hour
            self.calls.clear()
            self.log_ins.clear()
        if switches.enforce_limits and used[key] >= most:
            raise too_many_this_hour(what, switches.billcom_limit_status)
        used[key] += 1

    def begin(self, key: tuple[str, str]) -> Refused | None:
        """A call of an organization is under way; the refusal where three already are."""
        switches = self.context.switches
        if switches.enforce_limits and self.under_way[key] >= AT_ONCE:
            return too_many_at_once(switches.billcom_limit_status)
        self.under_way[key] += 1
        return None

    def end(self, key: tuple[str, str]) -> None:
        self.under_way[key] -= 1
        if self.under_way[key] <= 0:
            del self.under_way[key]
