"""Cells for spreadsheets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def safe_cell(value: Any) -> str:
    """Text that a spreadsheet takes for a formula is marked as text; numbers stay numbers."""
    if isinstance(value, Decimal | int | float) or value is None:
        return "" if value is None else str(value)
    text = str(value)
    return f"'{text}" if text and text[0] in "=+-@\t\r" else text
