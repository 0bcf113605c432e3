"""Funds transfers: what others may have entered already is asked about, also where a posted one would change."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from syncapp.core.holds import HoldCode
from syncapp.core.planning import decide
from syncapp.core.records import Seen
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from tests.kinds.support import BILLCOM, LOOKUP, QBO, TERMS, code, edited, in_step, planned, shown, view

KIND = "funds_transfer"


@pytest.mark.parametrize("ours", [True, False])
def test_a_posted_one_changes_only_by_payments_of_this_sync(ours: bool) -> None:
    decision = edited(KIND, {"amount": Decimal(999), "ours": ours})
    if ours:
        assert planned(decision)[0][0] is Side.QBO
    else:
        assert (decision.writes, code(decision)) == ((), HoldCode.PAID_BEFORE_FIRST_SEEN)


def test_a_person_may_let_the_change_through() -> None:
    kind = KINDS[KIND]
    base = in_step(kind, shown(KIND, BILLCOM), shown(KIND, QBO))
    seen = Seen(1, view(KIND, BILLCOM, {"amount": Decimal(999), "ours": False}), view(KIND, QBO), base)
    assert planned(decide(kind, replace(seen, included=True), TERMS, LOOKUP))[0][0] is Side.QBO


@pytest.mark.parametrize("status", ["CANCELED", "CANCELLED", "FUNDING_FAILED_VOIDED"])
def test_what_was_cancelled_or_failed_was_never_drawn(status: str) -> None:
    online = {"onlinePayment": True, "fundingAccount": {"type": "BANK_ACCOUNT", "id": "bac1"}}
    assert shown("bill_payment", BILLCOM, {**online, "singleStatus": "CLEARED"})["funding_bank"] == "bac1"
    assert shown("bill_payment", BILLCOM, {**online, "singleStatus": status})["funding_bank"] == ""
