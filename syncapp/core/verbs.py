"""What a write does, in each product's own word: BILL archives a bill, QuickBooks deletes it, both void a payment."""

from __future__ import annotations

from typing import NamedTuple

from syncapp.core.records import WriteVerb
from syncapp.core.schema import Kind, Retirement
from syncapp.core.sides import Side


class Word(NamedTuple):
    """``to_do``: "Delete"; ``done``: "deleted"."""

    to_do: str
    done: str


ARCHIVE, VOID = Word("Archive", "archived"), Word("Void", "voided")
WORDS = {
    WriteVerb.CREATE: Word("Create", "created"),
    WriteVerb.UPDATE: Word("Update", "updated"),
    WriteVerb.RESTORE: Word("Restore", "restored"),
}
RETIRED = {
    Retirement.DEACTIVATE: Word("Make inactive", "made inactive"),
    Retirement.DELETE: Word("Delete", "deleted"),
    Retirement.VOID: VOID,
}


def word(kind: Kind, side: Side, verb: WriteVerb) -> Word:
    """What ``verb`` is called where records of this kind are written on that side."""
    if verb is not WriteVerb.RETIRE:
        return WORDS[verb]
    if side is Side.QBO:
        return RETIRED[kind.qbo.retire]
    return VOID if kind.billcom.recorded else ARCHIVE
