"""What a person gives a held record on its page, so that it can go over: a number, an account.

It is written by the next sync where the record is, through the journal as every write; then the record goes over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from syncapp.core.giving import may_be_given
from syncapp.core.holds import HoldCode
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.kinds._shared import NUMBER_LENGTH
from syncapp.models import OPEN_STATES, ObjectState, Operation, SyncedObject
from syncapp.models.companies import Company
from syncapp.services import links, rows, terms
from syncapp.services.errors import ServiceError

ITEM = "item"
# Which of an item's accounts one of a type is.
ACCOUNT_OF = {
    **dict.fromkeys(("INCOME", "OTHER_INCOME"), "account"),
    **dict.fromkeys(("EXPENSE", "OTHER_EXPENSE", "COST_OF_GOODS_SOLD"), "expense_account"),
}


def renumbered_in(row: SyncedObject) -> list[Side]:
    """Where a number that a person gives it is written: where the record is, of a pair on both sides. [] if nowhere."""
    kind = KINDS[row.kind]
    asked = row.hold_code in (HoldCode.NEEDS_NUMBER, HoldCode.NUMBER_TAKEN) and not row.excluded
    if row.state != ObjectState.HELD or not asked or not kind.transaction or not kind.number:
        return []
    field = kind.fields[kind.number]
    sides = [side for side in Side if row.remote_id(side) is not None]
    written = all(side in field.to and field.path(side) for side in sides) and not (field.fact or field.fixed)
    if not written or (Side.BILLCOM in sides and not kind.billcom.updates):
        return []
    now = terms.load(row.company)
    closed = (may_be_given(kind, getattr(row, f"{side}_values"), side, now) for side in sides)
    return [] if any(closed) else sides


def renumber(row: SyncedObject, user: User, number: str) -> None:
    """Give it this number with the next sync. Raises ServiceError."""
    number = number.strip()
    if not number:
        raise ServiceError("Enter the number it is to have.")
    if len(number) > NUMBER_LENGTH:
        raise ServiceError(f"QuickBooks Online takes numbers of up to {NUMBER_LENGTH} characters.")
    with transaction.atomic():
        found = _locked(row, user)
        sides = renumbered_in(found)
        if not sides:
            raise ServiceError("It isn't one that is held for its number.")
        name = KINDS[found.kind].number
        _want(found, user, name, sides[0], number, f"gave it the number {number}")


def account_choices(row: SyncedObject) -> QuerySet[SyncedObject]:
    """The active accounts that an item without one can be sold or bought by; none where it isn't asked for."""
    accounts = SyncedObject.objects.of(row.company, "account")
    side = rows.one_side(row)
    asked = row.kind == ITEM and row.hold_code == HoldCode.NEEDS_ACCOUNT and row.state == ObjectState.HELD
    if not asked or side is None or row.excluded:
        return accounts.none()
    there = accounts.filter(**{f"{side}_id__isnull": False})
    # The type is in the stored values, which the database can't search: a chart has some hundred accounts.
    column = f"{side}_values"
    lacking = [name for name in ACCOUNT_OF.values() if not (getattr(row, column) or {}).get(name)]
    fitting = [pk for pk, values in there.values_list("pk", column) if _fits(values or {}, lacking)]
    return accounts.filter(pk__in=fitting).order_by("number", "label")


def _fits(values: dict[str, Any], lacking: Sequence[str]) -> bool:
    """What the item has already is right as it is."""
    return bool(values.get("active")) and ACCOUNT_OF.get(values.get("account_type") or "") in lacking


def choose_account(row: SyncedObject, user: User, account_pk: int | None) -> None:
    """Sell or buy an item by this account, as its type has it, from the next sync on. Raises ServiceError."""
    with transaction.atomic():
        found = _locked(row, user)
        account, side = account_choices(found).filter(pk=account_pk or 0).first(), rows.one_side(found)
        if account is None or side is None:
            raise ServiceError("Choose one of the accounts that are listed.")
        values = getattr(account, f"{side}_values")
        name = ACCOUNT_OF[values["account_type"]]
        _want(found, user, name, side, str(account.remote_id(side)), f"chose the account {account}")


def _locked(row: SyncedObject, user: User) -> SyncedObject:
    if not Company.objects.workable_by(user).filter(pk=row.company_id).exists():
        raise ServiceError("You may look at this company, but not change its records.")
    found = SyncedObject.objects.select_for_update(of=("self",)).select_related("company").get(pk=row.pk)
    if Operation.objects.filter(object=found, state__in=OPEN_STATES).exists():
        raise ServiceError("It is being written just now. Try again after the sync.")
    return found


def _want(row: SyncedObject, user: User, name: str, side: Side, value: str, words: str) -> None:
    # Whoever has planned something for it meanwhile sees by this that a person has decided (planning.BY_PEOPLE).
    row.wanted = {**row.wanted, name: {"side": side.value, "value": value}}
    row.needs_look = True
    rows.save([row], ("wanted", "needs_look"))
    links.log(row, f"{user} {words}; the next sync writes it.")
