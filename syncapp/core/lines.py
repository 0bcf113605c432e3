"""The lines of a transaction, in a word or two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any


def in_short(lines: Sequence[Mapping[str, Any]]) -> str:
    """ "2 lines, 77.00 in all": where the sums differ, that is what a person wants to know first."""
    count = f"{len(lines)} line{'' if len(lines) == 1 else 's'}"
    amounts = [Decimal(line["amount"]) for line in lines if line.get("amount") is not None]
    return f"{count}, {sum(amounts):,.2f} in all" if amounts else count
