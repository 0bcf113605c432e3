"""What a person decides about single records: link, take apart, tell apart, exclude, include, retry.

A worker may be saving the same rows: each is locked first, is left alone while a write of it is open, and only the
named columns are saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from syncapp.core.codec import decode
from syncapp.core.holds import Hold, HoldCode
from syncapp.core.planning import ACTIVE, gone_for_good
from syncapp.core.schema import Kind
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.models import (
    OPEN_STATES,
    Conflict,
    ConflictState,
    ObjectState,
    Operation,
    SyncedObject,
    SyncLogEntry,
    SyncRun,
    is_support,
)
from syncapp.models.companies import Company
from syncapp.services import linking, rows, terms
from syncapp.services.errors import ServiceError

LINK_FIELDS = (*rows.PLAN_FIELDS, *linking.LINKED_FIELDS, "excluded", "excluded_by")
CHOSEN_LOCATION = "chose the first line's location for QuickBooks Online, where lines name several"
TAKEN_BACK_LOCATION = "no longer wants the first line's location used where lines name several"
TAKEN = (HoldCode.NAME_TAKEN, HoldCode.NUMBER_TAKEN)


def _workable(objects: QuerySet[SyncedObject], user: User) -> QuerySet[SyncedObject]:
    return objects.filter(company__in=Company.objects.workable_by(user))


def _requeueable(objects: QuerySet[SyncedObject], user: User) -> QuerySet[SyncedObject]:
    """Support may put records back into the queue, but decide nothing about them."""
    return objects if is_support(user) else _workable(objects, user)


def _refuse_lookers(company_id: int, user: User, what: str) -> None:
    if not Company.objects.workable_by(user).filter(pk=company_id).exists():
        raise ServiceError(f"You may look at this company, but not {what}.")


def _locked(*keys: int) -> list[SyncedObject]:
    """These rows, kept from everybody else until the transaction ends; refused while a write of one is open."""
    found = list(SyncedObject.objects.select_for_update().filter(pk__in=keys).order_by("pk"))
    if Operation.objects.filter(object__in=found, state__in=OPEN_STATES).exists():
        raise ServiceError("It is being written just now. Try again after the sync.")
    return found


def candidates(row: SyncedObject) -> QuerySet[SyncedObject]:
    """What the row could be linked with: what the sync proposes and, where a person or a refusal says there is
    something, the other side's records with the same keys or the same name.
    """
    side = rows.one_side(row)
    if side is None:
        return SyncedObject.objects.none()
    alike = Q(pk__in=row.candidates or [])
    if row.hold_code in TAKEN or row.told_apart:
        for name in linking.KEY_FIELDS:
            if key := getattr(row, name):
                alike |= Q(**{name: key})
        if row.hold_code == HoldCode.NAME_TAKEN and row.label:
            alike |= Q(label__iexact=row.label)
    return SyncedObject.objects.filter(alike, company=row.company_id, kind=row.kind, **{f"{side}_id__isnull": True})


def may_not_be_linked(row: SyncedObject) -> bool:
    """Whether it is gone, so that a link would bring nothing back; halves of one pair may always be joined again."""
    return linking.is_gone(KINDS[row.kind], row) and not row.told_apart


def link(first: SyncedObject, second: SyncedObject, user: User) -> SyncedObject:
    """Make one pair of two one-sided records; the next sync merges their fields."""
    if first.company_id != second.company_id or first.kind != second.kind:
        raise ServiceError("Only two records of the same kind and company can be linked.")
    _refuse_lookers(first.company_id, user, "link its records")
    with transaction.atomic():
        pair = _locked(first.pk, second.pk)
        sides = {rows.one_side(row) for row in pair}
        if len(pair) != 2 or None in sides or len(sides) != 2:
            raise ServiceError("Link one record of BILL with one of QuickBooks that aren't linked yet.")
        keep, other = sorted(pair, key=lambda row: row.qbo_id is None)
        kind = KINDS[keep.kind]
        if gone := [row for row in pair if may_not_be_linked(row)]:
            raise ServiceError(f"{gone[0]} was deleted, archived or voided, and a link wouldn't bring it back.")
        linking.absorb(kind, keep, other)
        keep.state, keep.excluded, keep.excluded_by = ObjectState.NEW, False, None
        linking.remove_absorbed(kind, {other.pk: keep})
        keep.save(update_fields=LINK_FIELDS)
        linking.free(keep.company, kind, [keep.pk])
        log(keep, f"{user} linked it in BILL with it in QuickBooks Online.")
    return keep


def unlink(row: SyncedObject, user: User) -> tuple[SyncedObject, SyncedObject]:
    """Make two one-sided records of a pair, QuickBooks' half first. Both stay out of the sync until a person links or
    includes them, so nothing is linked or created again by itself.

    The row, its journal and what points at it stay with QuickBooks' half.
    """
    _refuse_lookers(row.company_id, user, "take its links apart")
    with transaction.atomic():
        [keep] = _locked(row.pk) or [row]
        if not keep.linked:
            raise ServiceError("This record isn't linked, so there is nothing to take apart.")
        kind = KINDS[keep.kind]
        if kind.worked_out(keep.billcom_values):
            raise ServiceError("BILL's half is worked out from other records, so it can't be taken off. Exclude it.")
        part = _take_off_billcom(kind, keep)
        for half in (keep, part):
            half.base, half.wanted, half.told_apart = None, {}, True
            half.excluded, half.excluded_by = True, user
            rows.hold(half, Hold(HoldCode.EXCLUDED, {"by": str(user)}))
        keep.save(update_fields=LINK_FIELDS)
        part.save()
        keep.candidates, part.candidates = [part.pk], [keep.pk]
        rows.save([keep, part], ("candidates",))
        linking.set_keys(keep.company, kind, [keep, part])
        _look_again_where_keyed(keep)
        log(keep, f"{user} took the link between BILL and QuickBooks Online apart.")
    return keep, part


def _take_off_billcom(kind: Kind, keep: SyncedObject) -> SyncedObject:
    """BILL's half as a row of its own, not saved yet. It has been known for as long as the pair, and the funds transfer
    that a payment is in is of what BILL drew.
    """
    part = SyncedObject(
        company=keep.company,
        kind=keep.kind,
        billcom_id=keep.billcom_id,
        first_seen_at=keep.first_seen_at,
        part_of_id=keep.part_of_id,
    )
    rows.show(part, kind, Side.BILLCOM, keep.billcom_values, keep.billcom_raw, keep.billcom_version)
    keep.billcom_id = keep.billcom_values = keep.billcom_raw = keep.part_of_id = None
    keep.billcom_version = ""
    rows.describe(keep, kind)
    return part


def _look_again_where_keyed(row: SyncedObject) -> None:
    """Unlinked records whose match keys name the pair: BILL's among them no longer belong to QuickBooks' half."""
    keyed = [each.name for each in KINDS.values() if row.kind in each.keyed_by]
    found = SyncedObject.objects.filter(linking.ONE_SIDED, company=row.company_id, kind__in=keyed, excluded=False)
    found.look_again()


def log(row: SyncedObject, words: str) -> None:
    """Runs have the log, so what a person did stands with the latest one."""
    run = SyncRun.objects.filter(company=row.company_id).order_by("-created_at", "-pk").first()
    if run is not None:
        message = f"{row.full_name}: {words}"
        SyncLogEntry.objects.create(run=run, company_id=row.company_id, kind=row.kind, message=message)


def _decide(objects: QuerySet[SyncedObject], **change: Any) -> int:
    """Change those that no write is open for; the number that were."""
    done = 0
    keys = list(objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), rows.CHUNK):
        with transaction.atomic():
            some = objects.order_by("pk").filter(pk__in=keys[start : start + rows.CHUNK])
            free = set(some.select_for_update(of=("self",)).values_list("pk", flat=True))
            busy = Operation.objects.filter(object__in=free, state__in=OPEN_STATES).values_list("object", flat=True)
            done += SyncedObject.objects.filter(pk__in=free - set(busy)).update(**change)
    return done


def merged_into(row: SyncedObject) -> SyncedObject | None:
    """What it was merged with in QuickBooks, where BILL's record can be linked with that."""
    if not row.linked or row.hold_code != HoldCode.PROPOSED_MATCH or row.excluded or "merged" not in row.hold_facts:
        return None
    found = SyncedObject.objects.filter(pk__in=row.candidates or [], company=row.company_id, billcom_id__isnull=True)
    return found.first()


def follow_merge(row: SyncedObject, user: User) -> SyncedObject:
    """Link BILL's record with the one that QuickBooks' was merged with, whose fields it takes over; what was merged
    stays out of the sync. Raises ServiceError.
    """
    _refuse_lookers(row.company_id, user, "repair its links")
    with transaction.atomic():
        [gone] = _locked(row.pk) or [row]
        other = merged_into(gone)
        if other is None:
            raise ServiceError("It isn't one that was merged in QuickBooks Online with one that BILL doesn't have.")
        _, part = unlink(gone, user)
        kept = link(part, other, user)
        # BILL shows what was merged; what QuickBooks says of the one that stays counts, where it says something.
        told = [name for name in KINDS[kept.kind].compared if kept.qbo_values.get(name)]
        kept.base = {Side.BILLCOM.value: {name: kept.billcom_values.get(name) for name in told}, Side.QBO.value: {}}
        rows.save([kept], ("base",))
        log(kept, f"{user} linked BILL's record with what it was merged with in QuickBooks Online.")
    return kept


MATCHED = (HoldCode.PROPOSED_MATCH, HoldCode.AMBIGUOUS_MATCH)


def tell_apart(objects: QuerySet[SyncedObject], user: User) -> int:
    """These have no twin among the proposed ones: create them on the other side with the next sync.

    Those that were proposed are looked at again with it: what waited for one of these alone is created, too.
    """
    return _look_for_twins(_workable(objects, user).filter(hold_code__in=MATCHED, told_apart=False), told_apart=True)


def may_be_taken_back(row: SyncedObject) -> bool:
    """Whether it was told apart from its matches, and hasn't been created on the other side yet."""
    return row.told_apart and not row.linked and not row.excluded


def take_back(objects: QuerySet[SyncedObject], user: User) -> int:
    """Look for twins of these again, though a person said that they have none."""
    mine = _workable(objects, user).filter(linking.ONE_SIDED, told_apart=True, excluded=False)
    return _look_for_twins(mine, told_apart=False)


def _look_for_twins(objects: QuerySet[SyncedObject], *, told_apart: bool) -> int:
    keys = list(objects.values_list("pk", flat=True))
    done = _decide(objects, told_apart=told_apart, needs_look=True)
    proposed = SyncedObject.objects.filter(pk__in=keys, told_apart=told_apart).values_list("candidates", flat=True)
    others = {pk for candidates in proposed for pk in candidates or ()}
    SyncedObject.objects.filter(pk__in=others, hold_code__in=MATCHED).look_again()
    return done


def exclude(objects: QuerySet[SyncedObject], user: User) -> int:
    """Leave these out of the sync until they are included again."""
    reason = Hold(HoldCode.EXCLUDED, {"by": str(user)})
    chosen = _workable(objects, user).filter(excluded=False)
    restored = dict(chosen.exclude(wanted={}).order_by("pk").values_list("pk", "wanted"))
    done = _decide(
        chosen,
        excluded=True,
        wanted={},
        excluded_by=user,
        state=ObjectState.HELD,
        hold_code=reason.code,
        hold_facts=dict(reason.facts),
        waits_for=None,
        needs_look=False,
    )
    _open_again(restored)
    return done


def _open_again(wanted: Mapping[int, Mapping[str, Any]]) -> None:
    """Conflicts whose other value was to be restored, and now won't be: somebody may do it again."""
    for key, fields in wanted.items():
        left = SyncedObject.objects.filter(pk=key, excluded=True)
        given_up = Conflict.objects.filter(object__in=left, state=ConflictState.RESTORED, field__in=fields)
        given_up.update(state=ConflictState.OPEN, closed_by=None, closed_at=None)


def include(objects: QuerySet[SyncedObject], user: User, *, create: bool = False) -> int:
    """Let these take part in the sync again; ``create``: also those that were told apart or whose link was taken apart,
    which the sync then creates on the other side.
    """
    mine = _workable(objects, user).filter(excluded=True)
    if not create:
        mine = mine.exclude(linking.ONE_SIDED, told_apart=True)
    return _decide(mine, excluded=False, excluded_by=None, needs_look=True)


def may_be_let_in(row: SyncedObject) -> bool:
    """Whether it waits for a word that only a person can say."""
    if row.hold_code == HoldCode.EXCLUDED:
        return not row.excluded  # Left out in BILL, and by nobody here.
    return row.hold_code in (HoldCode.PAID_BEFORE_FIRST_SEEN, HoldCode.OLDER_THAN_90_DAYS) or _waits_for_our_word(row)


def _waits_for_our_word(row: SyncedObject) -> bool:
    return row.hold_code == HoldCode.NOT_APPROVED and not KINDS[row.kind].approval_told


def let_in(objects: QuerySet[SyncedObject], user: User) -> int:
    """Bring bills to BILL though they were paid, in part or in full, before they were first seen; and old invoices, and
    payments that BILL leaves out; and bring over what a person knows to be approved, of the kinds that don't tell.
    How many.

    Those that ``left_unpaid`` names stay where they are; where there are no others, ServiceError says why.
    """
    mine, left = _waiting_for_a_word(objects, user), left_unpaid(objects, user)
    if left:
        mine = mine.exclude(_bills_of(list(left)))
        if not mine.exists():
            raise ServiceError(why_left_unpaid(left))
    return _decide(mine, included=True, needs_look=True)


def _waiting_for_a_word(objects: QuerySet[SyncedObject], user: User) -> QuerySet[SyncedObject]:
    untold = [kind.name for kind in KINDS.values() if not kind.approval_told]
    asked = Q(hold_code__in=[HoldCode.PAID_BEFORE_FIRST_SEEN, HoldCode.OLDER_THAN_90_DAYS])
    left_out_in_bill = Q(hold_code=HoldCode.EXCLUDED, excluded=False)
    return _workable(objects, user).filter(
        asked | left_out_in_bill | Q(hold_code=HoldCode.NOT_APPROVED, kind__in=untold)
    )


def _bills_of(companies: list[Company]) -> Q:
    return Q(hold_code=HoldCode.PAID_BEFORE_FIRST_SEEN, kind="bill", company__in=companies)


def left_unpaid(objects: QuerySet[SyncedObject], user: User) -> dict[Company, int]:
    """Bills among these, by company, whose payments can't follow them to BILL: there they would look unpaid."""
    paid = _workable(objects, user).filter(hold_code=HoldCode.PAID_BEFORE_FIRST_SEEN, kind="bill").order_by()
    numbers = dict(paid.values_list("company").annotate(number=Count("pk")))
    companies = Company.objects.filter(pk__in=numbers)
    return {each: numbers[each.pk] for each in companies if not terms.load(each).payments_both_ways}


def why_left_unpaid(left: Mapping[Company, int]) -> str:
    names = ", ".join(f"{company} ({number})" for company, number in left.items())
    return f"Turn on 2-Way AP Payment Sync first: without their payments these bills would look unpaid. {names}"


def may_choose_location(row: SyncedObject) -> bool:
    """Whether its lines name several locations and QuickBooks is to get the first line's."""
    held = row.hold_code == HoldCode.MIXED_LOCATIONS and not row.first_location
    return held and KINDS[row.kind].at_first_location is not None


def use_first_location(row: SyncedObject, user: User, *, use: bool = True) -> None:
    """The location of the first line counts for all lines in QuickBooks, where they differ; BILL's lines keep theirs.

    ``use``: False takes that back, so that a record whose locations differ is held again. Raises ServiceError.
    """
    _refuse_lookers(row.company_id, user, "decide about its records")
    with transaction.atomic():
        [found] = _locked(row.pk) or [row]
        if not (may_choose_location(found) if use else found.first_location):
            raise ServiceError("It isn't one that is held because its lines name several locations.")
        found.first_location, found.needs_look = use, True
        kind, raw = KINDS[found.kind], found.billcom_raw or {}
        found.billcom_values = rows.as_chosen(found, kind, Side.BILLCOM, decode(kind, raw, Side.BILLCOM), raw)
        rows.save([found], ("first_location", "needs_look", "billcom_values"))
        log(found, f"{user} {CHOSEN_LOCATION if use else TAKEN_BACK_LOCATION}.")


def may_be_posted_again(row: SyncedObject) -> bool:
    """Whether it was worked out here and deleted in QuickBooks, so that nothing there could be brought back."""
    if not row.linked or row.state != ObjectState.HELD or row.excluded:
        return False
    worked_out = KINDS[row.kind].worked_out(row.billcom_values)
    return bool(worked_out and row.billcom_values["active"] and not row.qbo_values["active"])


def post_again(row: SyncedObject, user: User) -> None:
    """Let another take the place of a funds transfer, or of an application of credits, that was deleted in QuickBooks:
    the next sync makes it of what this one was made of. Raises ServiceError.
    """
    _refuse_lookers(row.company_id, user, "decide about its records")
    with transaction.atomic():
        [held] = _locked(row.pk) or [row]
        if not may_be_posted_again(held):
            raise ServiceError("It isn't one that was deleted in QuickBooks Online and is still asked about.")
        SyncedObject.objects.filter(part_of=held).update(part_of=None)
        held.billcom_values = {**held.billcom_values, "active": False}
        if KINDS[held.kind].billcom.derived:
            held.billcom_values["payments"] = []
        rows.release(held, ObjectState.RETIRED)
        rows.save([held], ("billcom_values", *rows.OUTCOME_FIELDS))
        log(held, f"{user} asked for it to be posted again after it was deleted in QuickBooks Online.")


def brought_back_in(row: SyncedObject) -> Side | None:
    """Where a record was taken away that the other side refuses to let go, if it can be made active there again."""
    held = row.linked and row.state == ObjectState.HELD and row.hold_code == HoldCode.REJECTED and not row.excluded
    if not held or row.base is None or KINDS[row.kind].worked_out(row.billcom_values):
        return None
    gone = [side for side in Side if getattr(row, f"{side}_values").get(ACTIVE) is False]
    return gone[0] if len(gone) == 1 and not gone_for_good(KINDS[row.kind], gone[0]) else None


def bring_back(row: SyncedObject, user: User) -> Side:
    """Make it active again where it was taken away, with the next sync; the side. Raises ServiceError."""
    _refuse_lookers(row.company_id, user, "decide about its records")
    with transaction.atomic():
        [held] = _locked(row.pk) or [row]
        side = brought_back_in(held)
        if side is None or Operation.objects.filter(object=held, state__in=OPEN_STATES).exists():
            raise ServiceError("It isn't one that was taken away on one side and is kept by the other.")
        # Both agree that it is away: then the side that still has it is the one that was changed.
        for own in held.base.values():
            own[ACTIVE] = False
        # Whoever has planned something for it meanwhile sees by this that a person has decided (planning.BY_PEOPLE).
        held.wanted = {**held.wanted, ACTIVE: {"side": side.other.value, "value": True}}
        held.needs_look = True
        rows.save([held], ("base", "wanted", "needs_look"))
        log(held, f"{user} asked for it to be brought back in {side.label}.")
        return side


def retry(objects: QuerySet[SyncedObject], user: User) -> int:
    """Look at held records again with the next sync."""
    return _requeueable(objects, user).filter(state=ObjectState.HELD, excluded=False).update(needs_look=True)
