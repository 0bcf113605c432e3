"""The numbers of rows as texts from outside: an address, a form, a command line."""

from __future__ import annotations

LARGEST = 2**63 - 1
"""No key of a row is larger."""


def row_number(text: str) -> int | None:
    """The number that the text is; None where no row can have it ("²" and Arabic digits are digits to Python)."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST))):
        return None
    return number if (number := int(text)) <= LARGEST else None
