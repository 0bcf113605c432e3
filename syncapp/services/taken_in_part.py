"""What a product took without a part of what was sent, and no error: why, in words that a bookkeeper can act on."""

from __future__ import annotations

from collections.abc import Sequence

from syncapp.core.holds import Hold, HoldCode
from syncapp.core.schema import Kind, Raw
from syncapp.core.sides import Side
from syncapp.models import Operation, SyncedObject
from syncapp.services.context import Context

ANOTHERS = (
    "{side} took the payment, but didn't apply it to {names}: the {party} there is another one than on the payment, "
    "because it was changed or merged there."
)
ANOTHERS_FIX = "Give {names} the same {party} on both sides, then retry. Until then the payment stands unapplied there."
LESS_OPEN = (
    "{side} took the payment, but applied less of it to {names} than {other} did: no more was open there, because it "
    "was paid or credited there as well, or deleted."
)
LESS_OPEN_FIX = (
    "Open {names} in {side} and look at what was paid on it. If this payment was entered there a second time by hand, "
    "delete the one entered by hand; if a credit was used that {other} doesn't use, take it off; then retry."
)
ELSE = (
    "{side} took it, but without this: {fields}. What that names isn't there to be used any more: it was paid, used or "
    "taken away in {side} meanwhile."
)
ELSE_FIX = "Compare both sides below, and void or correct what was entered twice; then retry."
PAID = "paid"
"""The lines of a payment that say what it pays; its vendor or customer is the reference that what it pays has too."""


def held(context: Context, kind: Kind, operation: Operation, missing: Sequence[str]) -> Hold:
    side, whole = Side(operation.side), (operation.values or {}).get("whole", {})
    told = {"side": side.label, "other": side.other.label, "fields": ", ".join(map(kind.field_label, missing))}
    meaning, fix = ELSE, ELSE_FIX
    if PAID in missing and (targets := _paid(context, kind, side, whole)):
        party = "vendor" if "vendor" in kind.fields else "customer"
        anothers = [each for each in targets if _shown(each, side).get(party) not in (None, whole.get(party))]
        meaning, fix = (ANOTHERS, ANOTHERS_FIX) if anothers else (LESS_OPEN, LESS_OPEN_FIX)
        names = ", ".join(f"{each.get_kind_display().lower()} {each}" for each in anothers or targets)
        told |= {"party": party, "names": names}
    words = f"it was accepted, but without {told['fields']}"
    facts = {"side": side.label, "code": "accepted in part", "words": words}
    return Hold(HoldCode.REJECTED, {**facts, "meaning": meaning.format_map(told), "fix": fix.format_map(told)})


def _paid(context: Context, kind: Kind, side: Side, whole: Raw) -> list[SyncedObject]:
    """What it was to pay, as far as it is known."""
    (name, target), *_ = ((name, each.ref) for name, each in kind.fields[PAID].lines.items() if each.ref)
    ids = {line[name] for line in whole.get(PAID) or []}
    return list(SyncedObject.objects.of(context.company, target).filter(**{f"{side}_id__in": ids}).order_by("pk"))


def _shown(row: SyncedObject, side: Side) -> Raw:
    return (row.qbo_values if side is Side.QBO else row.billcom_values) or {}
