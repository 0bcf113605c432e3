"""What choosing another account in Sync preferences does, and what it leaves where it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.db.models.lookups import Contains

from syncapp.core.schema import Kind
from syncapp.kinds import KINDS
from syncapp.models import Company, GLMapping, GLRole, ObjectState, SyncedObject

# What posts to the account of a role, and the field that names it on QuickBooks' side; a bank's transfers go by the
# bank, in BILL's half.
POSTED: Mapping[str, tuple[str, ...]] = {
    GLRole.UNALLOCATED_EXPENSE: ("bill", "vendor_credit"),
    GLRole.DEFAULT_BANK: ("bill_payment",),
    GLRole.MONEY_OUT_CLEARING: ("bill_payment",),
    GLRole.CARD: ("bill_payment",),
    GLRole.DEPOSIT_TO: ("receivable_payment",),
    GLRole.MONEY_IN_CLEARING: ("receivable_payment",),
}
TRANSFERS = "funds_transfer"
LEAVES = "Those that aren't transferred yet leave {before} with their transfer, whatever is chosen now."
CLEARING = (GLRole.MONEY_OUT_CLEARING, GLRole.MONEY_IN_CLEARING)


@dataclass(frozen=True)
class AccountChange:
    """Another account for a role, or for a bank of BILL. ``stays``: how many of each kind are posted to the old one."""

    mapping: GLMapping
    before: SyncedObject
    after: SyncedObject | None
    stays: list[tuple[Kind, int]]

    @property
    def words(self) -> str:
        """In sentences: what stays, what a person has to see to, what goes to the new account."""
        told = [f"{self.mapping}, changed from {self.before}:"]
        if self.stays:
            stays = " and ".join(_counted(kind, number) for kind, number in self.stays)
            told += [f"what is posted already stays there ({stays}); move it in QuickBooks Online, if it is to move."]
            told += self._exceptions
        else:
            told += ["what is posted already stays where it is."]
        if self.after is None:
            return " ".join([*told, "What comes from now on waits until an account is chosen."])
        return " ".join([*told, f"What is posted from now on goes to {self.after}."])

    @property
    def _exceptions(self) -> list[str]:
        return [LEAVES.format(before=self.before)] if self.mapping.role in CLEARING else []


def _counted(kind: Kind, number: int) -> str:
    return f"{number:,} {(kind.label if number == 1 else kind.plural).lower()}"


def changes(company: Company, accounts: Mapping[str, int | None]) -> list[AccountChange]:
    """To be asked before they are saved. ``accounts``: as the preferences are saved, role or "bank:<key>" -> account.

    Those that had no account before change nothing that is posted, and are left out.
    """
    before = {_key(each): each for each in company.gl_mappings.select_related("account")}
    chosen = SyncedObject.objects.of(company, "account").in_bulk([key for key in accounts.values() if key])
    found = []
    for key, account in accounts.items():
        mapping = before.get(str(key))
        if mapping is not None and mapping.account is not None and mapping.account_id != account:
            stays = list(_stays(company, mapping, str(mapping.account.qbo_id)))
            found.append(AccountChange(mapping, mapping.account, chosen.get(account or 0), stays))
    return found


def _key(mapping: GLMapping) -> str:
    return f"bank:{mapping.pk}" if mapping.role == GLRole.BANK_ACCOUNT else mapping.role


def _stays(company: Company, mapping: GLMapping, account: str) -> Iterable[tuple[Kind, int]]:
    if mapping.role == GLRole.BANK_ACCOUNT:
        posted = {TRANSFERS: _naming(company, TRANSFERS, "billcom_values", f'"bank":"{mapping.billcom_bank_id}"')}
    else:
        names = POSTED.get(mapping.role, ())
        posted = {name: _naming(company, name, "qbo_values", f'"account":"{account}"') for name in names}
        if mapping.role == GLRole.DEFAULT_BANK:
            # What is paid through BILL posts to clearing, whichever account that is.
            outside = Contains(Cast("billcom_values", TextField()), '"online":false')
            posted = {name: found.filter(outside) for name, found in posted.items()}
    for name, found in posted.items():
        if number := found.count():
            yield KINDS[name], number


def _naming(company: Company, kind: str, column: str, text: str) -> QuerySet[SyncedObject]:
    """Linked ones that stand in QuickBooks, by what their values say; as it is stored: without blanks."""
    there = SyncedObject.objects.of(company, kind).exclude(state=ObjectState.RETIRED)
    linked = there.filter(Q(billcom_id__isnull=False, qbo_id__isnull=False))
    return linked.annotate(shown=Cast(column, TextField())).filter(shown__contains=text).order_by()
