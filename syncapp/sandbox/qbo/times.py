"""Intuit's clock: Pacific time with its offset, seconds in MetaData, milliseconds around an answer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

STANDARD = timezone(timedelta(hours=-8))
DAYLIGHT = timezone(timedelta(hours=-7))


@lru_cache(maxsize=64)
def _daylight(year: int) -> tuple[datetime, datetime]:
    """When summer time begins and ends: second Sunday of March, first of November, 2:00 by the clock on the wall."""
    march, november = date(year, 3, 8), date(year, 11, 1)
    begins = march + timedelta(days=6 - march.weekday())
    ends = november + timedelta(days=6 - november.weekday())
    return (
        datetime(begins.year, begins.month, begins.day, 10, tzinfo=UTC),
        datetime(ends.year, ends.month, ends.day, 9, tzinfo=UTC),
    )


def pacific(at: datetime) -> datetime:
    begins, ends = _daylight(at.year)
    return at.astimezone(DAYLIGHT if begins <= at < ends else STANDARD)


@lru_cache(maxsize=4096)
def _stamp(second: int) -> str:
    return pacific(datetime.fromtimestamp(second, UTC)).isoformat(timespec="seconds")


def stamp(at: datetime) -> str:
    """As MetaData shows it: `2026-01-05T08:05:00-08:00`."""
    return _stamp(int(at.timestamp()))


def envelope_time(at: datetime) -> str:
    """As the `time` around an answer shows it: `2026-01-05T08:05:00.123-08:00`."""
    return pacific(at).isoformat(timespec="milliseconds")


def today(at: datetime) -> str:
    return pacific(at).date().isoformat()


def read_instant(text: str) -> datetime:
    """A date or a time as clients write it; without an offset it is Pacific. Raises ValueError."""
    at = datetime.fromisoformat(text.strip())
    try:
        if at.tzinfo is None:
            at = at.replace(tzinfo=pacific(at.replace(tzinfo=STANDARD).astimezone(UTC)).tzinfo)
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text} is out of range") from None


@lru_cache(maxsize=1 << 16)
def seconds(text: str) -> float:
    """A moment as it is written, since 1970; many records share a second. Raises ValueError."""
    return read_instant(text).timestamp()
