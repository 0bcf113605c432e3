"""Values as BILL writes them: amounts, dates, times, ids and paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Row = dict[str, Any]
CENT = Decimal("0.01")
ZERO = Decimal("0.00")
ID_LENGTH = 20
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
# A step with no factor in common with the number of ids: the ids look random, never repeat, and replay from a count.
SPACE = len(DIGITS) ** 12
STEP = 2**61 - 1


def cents(value: Any) -> Decimal:
    """An amount in dollars and cents, whatever it was read from; never through a binary float's digits."""
    return Decimal(str(value)).quantize(CENT, ROUND_HALF_UP)


def exact(value: Any) -> Any:
    """A number with all its digits: whole numbers stay whole, others are Decimal."""
    return Decimal(str(value)) if isinstance(value, float) else value


def stamp(at: datetime) -> str:
    """``updatedTime`` has whole seconds, always in UTC, so that the texts sort as the times do.

    Reference: https://developer.bill.com/docs/payment-terms
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+00:00")


def read_time(text: str) -> str | None:
    """A time in any form that a filter may have, as ``stamp`` writes it but with its milliseconds."""
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+00:00"


def is_date(text: Any) -> bool:
    if not isinstance(text, str) or len(text) != 10:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return text[4] == text[7] == "-"


def new_id(prefix: str, count: int) -> str:
    """20 characters, the first three telling what it is.

    Reference: https://developer.bill.com/docs/classification-of-bill-generated-ids
    """
    number = (count * STEP) % SPACE
    made: list[str] = []
    for _ in range(12):
        number, digit = divmod(number, len(DIGITS))
        made.append(DIGITS[digit])
    return f"{prefix}02{''.join(made)}{count % 1000:03d}"


def dig(row: Mapping[str, Any], path: str) -> Any:
    """The value at ``a.b``; None where any step is absent."""
    if "." not in path:
        return row.get(path)
    found: Any = row
    for step in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step)
    return found


def masked(text: str, shown: int = 4) -> str:
    return "*" * max(len(text) - shown, 0) + text[-shown:]


def texts(value: Any) -> Iterator[str]:
    """Every text anywhere in a record."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
