"""Look at conflicts, and bring the other value back."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from syncapp.core.sides import Side
from syncapp.models import OPEN_STATES, Company, Conflict, ConflictState, SyncedObject
from syncapp.services.errors import ServiceError


def review(conflicts: QuerySet[Conflict], user: User) -> int:
    """The kept values are right: close these conflicts."""
    mine = conflicts.filter(state=ConflictState.OPEN, company__in=Company.objects.workable_by(user))
    return mine.update(state=ConflictState.REVIEWED, closed_by=user, closed_at=timezone.now())


def restore(conflict: Conflict, user: User) -> None:
    """Put the value that lost back on both sides with the next sync."""
    if not Company.objects.workable_by(user).filter(pk=conflict.company_id).exists():
        raise ServiceError("You may look at this company, but not change its records.")
    if conflict.field == "active":
        raise ServiceError("Make the record active or inactive in either product instead; the sync takes it over.")
    with transaction.atomic():
        # The record first, as everybody does; what the conflict was when the page was shown may be over.
        row = SyncedObject.objects.select_for_update().get(pk=conflict.object_id)
        conflict = Conflict.objects.select_for_update().get(pk=conflict.pk)
        _refuse(conflict, row)
        lost = Side(conflict.kept).other
        row.wanted = {**row.wanted, conflict.field: {"side": lost.value, "value": conflict.lost_value}}
        row.needs_look = True
        row.save(update_fields=["wanted", "needs_look"])
        conflict.state, conflict.closed_by, conflict.closed_at = ConflictState.RESTORED, user, timezone.now()
        conflict.save(update_fields=["state", "closed_by", "closed_at"])


def _refuse(conflict: Conflict, row: SyncedObject) -> None:
    if conflict.state == ConflictState.RESTORED:
        raise ServiceError("The other value has been restored already.")
    if not row.linked:
        raise ServiceError("The record isn't linked any more, so there is nothing to restore.")
    if row.excluded:
        raise ServiceError("The record is excluded from the sync. Include it again first.")
    if row.operations.filter(state__in=OPEN_STATES).exists():
        raise ServiceError("The record is being written just now. Try again after the sync.")
