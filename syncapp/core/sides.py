"""The two products that are kept in step."""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    BILLCOM = "billcom"
    QBO = "qbo"

    @property
    def other(self) -> Side:
        return Side.QBO if self is Side.BILLCOM else Side.BILLCOM

    @property
    def label(self) -> str:
        return "BILL" if self is Side.BILLCOM else "QuickBooks Online"


class Cohort(StrEnum):
    """A: under an accountant console, or signed up before 2017-09-15. B: direct, later."""

    A = "A"
    B = "B"
