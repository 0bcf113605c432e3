"""What the connected BILL user's role or the company's plan doesn't have: said as that, and no reason to stop.

Reference: spec, set-up guide, last paragraph; BILL API, common error codes: 403.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from syncapp.core.schema import Kind
from syncapp.gateways.errors import Rejected
from syncapp.models import Company, Level
from syncapp.services import terms
from syncapp.services.context import Context


def lost(context: Context, kinds: Sequence[Kind], error: Rejected) -> None:
    """BILL refused to list them: nothing of theirs flows, and the rest of the sync goes on."""
    words = {kind.name: error.words for kind in kinds}
    if _take_over(context, {**context.company.not_available, **words}):
        names = " and ".join(kind.plural for kind in kinds)
        said = f"BILL doesn't show {names} to the connected user, so they don't sync: {error.words}"
        context.note(said, kind=kinds[0].name, level=Level.WARNING)


def found(context: Context, kinds: Sequence[Kind]) -> None:
    """BILL lists them: what was held because it didn't is looked at again."""
    names = {kind.name for kind in kinds}
    left = {name: words for name, words in context.company.not_available.items() if name not in names}
    if _take_over(context, left):
        context.note(f"BILL shows {kinds[0].plural} again; they sync from now on.", kind=kinds[0].name)


def _take_over(context: Context, now: dict[str, str]) -> bool:
    """Whether that is news."""
    if now == context.company.not_available:
        return False
    with transaction.atomic():
        context.confirm_lease()
        Company.objects.filter(pk=context.company.pk).update(not_available=now)
        context.company.not_available = now
        terms.look_again(context.company)
    context.refresh_terms()
    return True
