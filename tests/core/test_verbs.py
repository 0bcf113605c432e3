from __future__ import annotations

import pytest

from syncapp.core.records import WriteVerb
from syncapp.core.sides import Side
from syncapp.core.verbs import word
from syncapp.kinds import KINDS


@pytest.mark.parametrize(
    ("kind", "side", "done"),
    [
        ("vendor", Side.BILLCOM, "archived"),
        ("vendor", Side.QBO, "made inactive"),
        ("bill", Side.BILLCOM, "archived"),
        ("bill", Side.QBO, "deleted"),
        ("bill_payment", Side.BILLCOM, "voided"),
        ("bill_payment", Side.QBO, "voided"),
    ],
)
def test_a_record_goes_by_the_word_of_its_product(kind: str, side: Side, done: str) -> None:
    assert word(KINDS[kind], side, WriteVerb.RETIRE).done == done
    assert word(KINDS[kind], side, WriteVerb.RESTORE).done == "restored"
