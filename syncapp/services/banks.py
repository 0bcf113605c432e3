"""BILL's bank accounts that payments pass: each has its row among the GL mappings, so that an account can be chosen."""

from __future__ import annotations

from django.db.models import Q

from syncapp.core.holds import HoldCode
from syncapp.gateways.errors import Rejected
from syncapp.kinds.funds_transfer import KIND as TRANSFER
from syncapp.models import GLMapping, GLRole, SyncedObject
from syncapp.services import deriving, setup
from syncapp.services.context import Context


def take_up(context: Context) -> None:
    """Give a row to those that came after the set-up. BILL is asked only where one of them is named.

    No account is proposed: nobody would look at it before transfers post there.
    """
    company = context.company
    known = GLMapping.objects.filter(company=company, role=GLRole.BANK_ACCOUNT)
    if not (unknown := _named(context) - set(known.values_list("billcom_bank_id", flat=True))):
        return
    labels = _labels(context)
    found = [
        GLMapping(company=company, role=GLRole.BANK_ACCOUNT, billcom_bank_id=bank, label=labels.get(bank, bank))
        for bank in sorted(unknown)
    ]
    GLMapping.objects.bulk_create(found, ignore_conflicts=True)
    for each in found:
        words = f"{each.label} is new in BILL: choose its GL account in Sync preferences, or its transfers wait."
        context.note(words, kind=TRANSFER.name)
    context.refresh_terms()
    # Those that wait for it name it by its bank and last four digits from now on.
    SyncedObject.objects.filter(_waiting(context)).look_again()


def _waiting(context: Context) -> Q:
    return Q(company=context.company, kind=TRANSFER.name, hold_code=HoldCode.NEEDS_MAPPING)


def _named(context: Context) -> set[str]:
    """By payments that are in no transfer yet, and by transfers that wait for an account."""
    payments = SyncedObject.objects.filter(company=context.company, kind__in=deriving.CLEARING, part_of=None)
    named = set(payments.exclude(funded_from="").order_by().values_list("funded_from", flat=True).distinct())
    waiting = SyncedObject.objects.filter(_waiting(context), billcom_id__isnull=False)
    return named | {deriving.Key.of(str(each)).bank for each in waiting.values_list("billcom_id", flat=True)}


def _labels(context: Context) -> dict[str, str]:
    """None where the connected user's role doesn't show them; then they go by their ids."""
    try:
        shown = context.remotes.billcom.bank_accounts()
    except Rejected:
        return {}
    return {str(bank["id"]): setup.bank_label(bank) for bank in shown}
