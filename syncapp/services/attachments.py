"""Files attached to bills: from BILL to QuickBooks, and back where the preference says both ways; each is sent once.

BILL tells nothing of a file that is added to a bill, so those are looked at that were written to QuickBooks by a sync,
one call each, and any other by a button of its page. QuickBooks tells which files were attached or changed. What is
found is remembered here, also of bills that haven't gone over yet, and sent by ``sending_files``.

Reference: spec, sync matrix, attachment; spec, BILL API 4.6: documents; Intuit docs, Attachable.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from syncapp.core import files
from syncapp.core.files import File
from syncapp.core.holds import Hold, HoldCode
from syncapp.core.schema import Terms
from syncapp.core.sides import Side
from syncapp.gateways.errors import BadAnswer, GatewayError, Rejected, Unavailable
from syncapp.gateways.http import Http
from syncapp.kinds._shared import one_way
from syncapp.models import (
    Attachment,
    AttachmentState,
    Company,
    Cursor,
    Level,
    Operation,
    OperationState,
    SyncedObject,
    UnreadRecord,
    Verb,
)
from syncapp.services import budgets, remotes, rows, sending_files, storing, terms
from syncapp.services.context import Context
from syncapp.services.errors import ServiceError
from syncapp.services.in_threads import at_once
from syncapp.services.sending_files import BILLS_AT_ONCE, UNDER_WAY

BILL = sending_files.BILL
CURSOR = "attachment"
OFF, TO_QBO, BOTH = "off", "to-qbo", "both"
NOT_CHOSEN = "The sync preference “Attachments” doesn't say that files go that way."
NOT_CHOSEN_FIX = "Choose it in Sync preferences, if they should."
STILL_TO_SEND = (AttachmentState.WAITING, *UNDER_WAY)


def sync(context: Context) -> bool:
    """Send what waits, after looking for what is new. False: out of time, go on from here."""
    for part in _parts(context):
        try:
            if not part(context):
                return False
        except (Rejected, BadAnswer, Unavailable) as error:
            if isinstance(error, Unavailable) and sending_files.patient(context):
                raise
            # All records are in step by now; the next sync goes on with the files.
            context.note(f"Files attached to bills weren't sent: {error}", kind=BILL, level=Level.ERROR)
    if context.terms.attachments != OFF:
        sending_files.wait_for_doubtful(context)
    return True


def stopped(towards: Side, terms: Terms) -> Hold | None:
    """Whether files go that way for this company: None, or which rule says that they don't."""
    if terms.attachments == OFF or (towards is Side.BILLCOM and terms.attachments != BOTH):
        return Hold(HoldCode.FLOW_NOT_IN_MATRIX, {"rule": NOT_CHOSEN, "fix": NOT_CHOSEN_FIX})
    return one_way(towards, terms)


def _parts(context: Context) -> list[Callable[[Context], bool]]:
    # First: what BILL has filed is known to be ours when its files are looked at, whatever is wanted by now.
    parts: list[Callable[[Context], bool]] = [sending_files.finish_filing]
    if stopped(Side.QBO, context.terms) is None:
        parts += [_look_in_billcom, partial(sending_files.send, to=Side.QBO)]
    if stopped(Side.BILLCOM, context.terms) is None:
        parts += [_look_in_qbo, partial(sending_files.send, to=Side.BILLCOM), sending_files.finish_filing]
    return parts


# --- what is new in BILL ---------------------------------------------------------------------------------------------


def _look_in_billcom(context: Context) -> bool:
    """The documents of the bills that were written to QuickBooks since this was last done, or put off then."""
    began, put_off = context.clock(), _put_off(context.company)
    again = _bills(context.company).filter(billcom_id__in=put_off).values_list("pk", flat=True)
    bills = _written(context.company) | Q(pk__in=list(again))
    after = int(context.run.position.get("files_after", 0))
    waiting = _bills(context.company).filter(bills, billcom_id__isnull=False, excluded=False).only("pk", "billcom_id")
    while chunk := list(waiting.filter(pk__gt=after).order_by("pk")[:BILLS_AT_ONCE]):
        _look_at(context, chunk, put_off)
        after = context.run.position["files_after"] = chunk[-1].pk
        if context.out_of_time():
            return False
    context.run.position.pop("files_after", None)
    storing.move_cursor(context, Side.BILLCOM, CURSOR, began)
    return True


def _bills(company: Company) -> QuerySet[SyncedObject]:
    return SyncedObject.objects.of(company, BILL)


def _written(company: Company) -> Q:
    cursor = Cursor.objects.filter(company=company, side=Side.BILLCOM, kind=CURSOR).first()
    done = (OperationState.DONE, OperationState.ADOPTED)
    written = Operation.objects.filter(
        company=company, kind=BILL, side=Side.QBO, verb__in=(Verb.CREATE, Verb.UPDATE), state__in=done
    )
    if cursor is not None:
        written = written.filter(finished_at__gt=cursor.read_to)
    return Q(pk__in=written.values("object"))


def _look_at(context: Context, chunk: Sequence[SyncedObject], put_off: set[str]) -> None:
    """Remember the files of these; put those off whose files can't be told now. All of them: wait for BILL."""
    context.hold_lease()
    billcom = context.remotes.billcom
    listed = at_once(lambda row: sending_files.documents(billcom, str(row.billcom_id)), chunk)
    found: dict[SyncedObject, list[File]] = {}
    again: dict[str, str] = {}
    for row, shown in zip(chunk, listed, strict=True):
        if not isinstance(shown, GatewayError):
            found[row] = files.read(shown, Side.BILLCOM)
            continue
        words = f"{row}: BILL doesn't show its documents: {shown.words}"
        context.note(words, kind=BILL, level=Level.WARNING)
        if isinstance(shown, BadAnswer | Unavailable):
            again[str(row.billcom_id)] = shown.words
    silent = [each for each in listed if isinstance(each, Unavailable)]
    if len(silent) == len(chunk) and sending_files.patient(context):
        raise silent[0]
    _, unsure = _keep_new(context.company, Side.BILLCOM, found, context.clock())
    again |= {str(row.billcom_id): "A file of the same name is on its way there." for row in unsure}
    _put_off_again(context, {str(row.billcom_id) for row in chunk} & put_off, again)


def _put_off(company: Company) -> set[str]:
    unread = UnreadRecord.objects.filter(company=company, kind=CURSOR, side=Side.BILLCOM)
    return set(unread.values_list("remote_id", flat=True).order_by())


def _put_off_again(context: Context, before: set[str], again: Mapping[str, str]) -> None:
    """``again``: BILL's ids of the bills to be looked at with the next sync, and why."""
    done, now = before - again.keys(), context.clock()
    if not done and not again:
        return
    company = context.company
    new = [
        UnreadRecord(company=company, kind=CURSOR, side=Side.BILLCOM, remote_id=id, why=why[:300], since=now)
        for id, why in again.items()
    ]
    with transaction.atomic():
        context.confirm_lease()
        UnreadRecord.objects.filter(company=company, kind=CURSOR, side=Side.BILLCOM, remote_id__in=done).delete()
        UnreadRecord.objects.bulk_create(new, ignore_conflicts=True)


# --- what is new in QuickBooks ---------------------------------------------------------------------------------------


def _look_in_qbo(context: Context) -> bool:
    """What was attached to bills since this was last done, by QuickBooks' clock; at first, from now on.

    Told up to where this run has read: a file of a bill that it hasn't read comes again with that bill.
    """
    cursors = {each.kind: each.read_to for each in Cursor.objects.filter(company=context.company, side=Side.QBO)}
    if CURSOR not in cursors or _keep_from_qbo(context, cursors[CURSOR]):
        storing.move_cursor(context, Side.QBO, CURSOR, cursors[""])
    return True


def _keep_from_qbo(context: Context, since: datetime) -> bool:
    """Remember the files of all bills, those that aren't in BILL too. Whether that was all there is to say of them."""
    by_bill: dict[str, list[File]] = defaultdict(list)
    for file in files.read(context.remotes.qbo.attachables(since), Side.QBO):
        for bill in file.bills:
            by_bill[bill].append(file)
    sure, ids = True, sorted(by_bill)
    for start in range(0, len(ids), rows.CHUNK):
        chunk = _bills(context.company).filter(qbo_id__in=ids[start : start + rows.CHUNK]).only("pk", "qbo_id")
        found = {row: by_bill.pop(str(row.qbo_id)) for row in chunk}
        _, unsure = _keep_new(context.company, Side.QBO, found, context.clock())
        sure = sure and not unsure
    return sure and not by_bill.keys() & storing.unread(context)[BILL, Side.QBO]


# --- both ------------------------------------------------------------------------------------------------------------


def _keep_new(
    company: Company, side: Side, found: Mapping[SyncedObject, Sequence[File]], now: datetime
) -> tuple[int, list[SyncedObject]]:
    """Remember the files that weren't known, and that we haven't put there ourselves. How many they were.

    And the bills of which one may be ours, still on its way there: they have to be looked at again.
    """
    own: dict[int, list[Attachment]] = defaultdict(list)
    for each in Attachment.objects.filter(object__in=found).order_by():
        own[each.object_id].append(each)
    new, unsure = [], []
    for row, listed in found.items():
        known = {each.remote_id if each.side == side else each.other_id for each in own[row.pk]}
        ours = [each for each in own[row.pk] if each.side == side.other and each.state in UNDER_WAY]
        coming = Counter(each.name for each in ours)
        for file in listed:
            if file.id in known:
                continue
            if coming[file.name]:
                coming[file.name] -= 1
                unsure.append(row)
                continue
            new.append(_new(company, row, side, file, now))
    Attachment.objects.bulk_create(new, ignore_conflicts=True)
    return len(new), unsure


def _new(company: Company, row: SyncedObject, side: Side, file: File, now: datetime) -> Attachment:
    return Attachment(
        company=company, object=row, side=side, remote_id=file.id, name=file.name, size=file.size, seen_at=now
    )


# --- asked for by a person -------------------------------------------------------------------------------------------


def look(row: SyncedObject, user: User, *, now: datetime) -> int:
    """Look for files of a bill in BILL now; the next sync sends them. How many are new. Raises ServiceError."""
    if not Company.objects.workable_by(user).filter(pk=row.company_id).exists():
        raise ServiceError("You may look at this company, but not ask for its files.")
    if row.kind != BILL or not row.linked or row.excluded:
        raise ServiceError("Only the files of a bill that is in both products are sent.")
    if terms.load(row.company).attachments == OFF:
        raise ServiceError(
            "No files are sent for this company. Choose another way under Attachments in Sync preferences."
        )
    try:
        documents = remotes.open_billcom(row.company, Http(), timezone.now).documents(str(row.billcom_id))
    except GatewayError as error:
        raise ServiceError(f"BILL's documents can't be read just now: {error.words} Try again.") from None
    finally:
        budgets.settle()
    return _keep_new(row.company, Side.BILLCOM, {row: files.read(documents, Side.BILLCOM)}, now)[0]


def send_again(found: QuerySet[Attachment], user: User) -> int:
    """Try these again with the next sync, if they aren't sent or on their way. What is there by then isn't sent."""
    mine = found.filter(company__in=Company.objects.workable_by(user))
    return mine.exclude(state__in=(*STILL_TO_SEND, AttachmentState.SENT)).update(
        state=AttachmentState.WAITING, words="", tries=0
    )


def of(row: SyncedObject) -> Sequence[Attachment]:
    """The files of a record, for its page."""
    return list(Attachment.objects.filter(object=row).order_by("name", "pk")[:100]) if row.kind == BILL else []
