"""Which hour or month a call counts in, and how a month will end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncapp.core.budgets import CLOCKS_APART, ON_ITS_WAY, Allowance, Budget, forecast, hour_of

CALLS = Allowance(Budget.BILLCOM_CALLS, "key")
METERED = Allowance(Budget.QBO_METERED)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(
    st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.timedeltas(-CLOCKS_APART, ON_ITS_WAY),
)
def test_whenever_it_arrives_its_hour_was_paid(made: datetime, later: timedelta) -> None:
    assert hour_of(made + later) in CALLS.periods(made)


def test_a_call_within_the_hour_counts_once() -> None:
    assert CALLS.periods(at("2026-03-10 12:30:00")) == [at("2026-03-10 12:00:00")]
    assert METERED.periods(at("2026-03-31 23:59:59")) == [at("2026-03-01 00:00:00")]


@pytest.mark.parametrize(
    ("month", "end"),
    [("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-03-01"), ("2026-12-01", "2027-01-01")],
)
def test_a_month_ends_with_its_last_day(month: str, end: str) -> None:
    assert METERED.ends(at(month)) == at(end)


def test_it_goes_on_as_the_last_week() -> None:
    # 100 a day in the week before the 21st, none earlier: ten days are left.
    by_day = {date(2026, 4, day): 100 for day in range(14, 21)}
    found = forecast(by_day, 10_000, at("2026-04-21 00:00:00"))
    assert (found.used, found.per_day, found.by_month_end, found.runs_out) == (700, 100.0, 1700, None)


def test_it_tells_when_the_calls_are_used_up() -> None:
    by_day = {date(2026, 4, day): 100 for day in range(14, 21)}
    found = forecast(by_day, 1000, at("2026-04-21 00:00:00"))
    assert found.runs_out == at("2026-04-24 00:00:00")
    assert forecast(by_day, 700, at("2026-04-21 00:00:00")).runs_out == at("2026-04-21 00:00:00")


def test_the_week_before_the_first_counts_for_the_rate_and_not_for_the_month() -> None:
    by_day = {date(2026, 3, day): 70 for day in range(25, 32)} | {date(2026, 4, 1): 5}
    found = forecast(by_day, 10_000, at("2026-04-01 12:00:00"))
    assert (found.used, found.per_day) == (5, 70.0)
    assert found.by_month_end == round(5 + 70 * 29.5)


def test_days_before_the_first_company_do_not_thin_the_rate() -> None:
    by_day = {date(2026, 4, 19): 60, date(2026, 4, 20): 0}
    assert forecast(by_day, 10_000, at("2026-04-21 06:00:00")).per_day == 30.0


def test_a_day_that_has_just_begun_is_at_least_an_hour() -> None:
    assert forecast({date(2026, 4, 1): 10}, 1000, at("2026-04-01 00:01:00")).per_day == pytest.approx(240.0)
    assert forecast({date(2026, 4, 1): 10}, 1000, at("2026-04-01 12:00:00")).per_day == 20.0
    assert forecast({}, 1000, at("2026-04-01 12:00:00")).by_month_end == 0
