"""Files attached to bills: from BILL to QuickBooks, and back where the preference says both ways; each is sent once.

BILL tells nothing of a file that is added to a bill, so those are looked at that went over or were changed by a sync,
one call each, and any other by a button of its page. Before a file is sent, the bill's files on the other side are
looked through: what is there already, or was sent when an answer was lost, isn't sent again.

Reference: spec, sync matrix, attachment; spec, BILL API 4.6: documents; Intuit docs, Attachable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from syncapp.core.schema import Raw
from syncapp.core.sides import Side
from syncapp.gateways.billcom import BillcomGateway
from syncapp.gateways.errors import BadAnswer, GatewayError, Rejected
from syncapp.gateways.http import Http
from syncapp.models import (
    Attachment,
    AttachmentState,
    Company,
    Cursor,
    Level,
    Operation,
    OperationState,
    SyncedObject,
    Verb,
)
from syncapp.services import budgets, remotes, storing
from syncapp.services.context import Context
from syncapp.services.errors import ServiceError
from syncapp.services.in_threads import at_once

BILL = "bill"
CURSOR = "attachment"
OFF, TO_QBO, BOTH = "off", "to-qbo", "both"
MEGABYTE = 1024 * 1024
# Reference: spec, sync matrix: 6 MB to BILL, 25 MB to QuickBooks.
LARGEST = {Side.BILLCOM: 6 * MEGABYTE, Side.QBO: 25 * MEGABYTE}
# Reference: Intuit docs, attachments: the types that are taken.
QBO_TYPES = frozenset(
    ("ai", "csv", "doc", "docx", "eps", "gif", "jpeg", "jpg", "ods", "pdf", "png", "rtf", "tif", "txt", "xls", "xlsx")
    + ("xml",)
)
BILLS_AT_ONCE = 30
"""As many questions as one metered batch call to QuickBooks holds."""
SENDABLE = (AttachmentState.WAITING, AttachmentState.FILING)


def sync(context: Context) -> bool:
    """Send what waits, after looking for what is new. False: out of time, go on from here."""
    try:
        return _sync(context, context.terms.attachments)
    except (Rejected, BadAnswer) as error:
        # All records are in step by now; files are looked for again with the next sync.
        context.note(f"Files attached to bills weren't sent: {error}", kind=BILL, level=Level.ERROR)
        return True


def _sync(context: Context, wanted: str) -> bool:
    if wanted == OFF:
        return True
    if not _look_in_billcom(context) or not _send_to_qbo(context):
        return False
    if wanted == BOTH and not context.terms.one_way:
        _look_in_qbo(context)
        _finish_filing(context)
        return _send_to_billcom(context)
    return True


# --- from BILL to QuickBooks -----------------------------------------------------------------------------------------


def _look_in_billcom(context: Context) -> bool:
    """The documents of the bills that were written to QuickBooks since this was last done."""
    began = context.clock()
    cursor = Cursor.objects.filter(company=context.company, side=Side.BILLCOM, kind=CURSOR).first()
    done = (OperationState.DONE, OperationState.ADOPTED)
    written = Operation.objects.filter(
        company=context.company, kind=BILL, side=Side.QBO, verb__in=(Verb.CREATE, Verb.UPDATE), state__in=done
    )
    if cursor is not None:
        written = written.filter(finished_at__gt=cursor.read_to)
    bills = SyncedObject.objects.filter(pk__in=written.values("object"), billcom_id__isnull=False, excluded=False)
    after = int(context.run.position.get("files_after", 0))
    while chunk := list(bills.filter(pk__gt=after).only("pk", "billcom_id").order_by("pk")[:BILLS_AT_ONCE]):
        context.hold_lease()
        listed = at_once(lambda row: _documents(context.remotes.billcom, str(row.billcom_id)), chunk)
        for row, documents in zip(chunk, listed, strict=True):
            if isinstance(documents, Rejected):
                words = f"{row}: BILL doesn't show its documents: {documents.words}"
                context.note(words, kind=BILL, level=Level.WARNING)
            elif isinstance(documents, GatewayError):
                raise documents
            else:
                _keep_new(context.company, row, Side.BILLCOM, documents, context.clock())
        after = context.run.position["files_after"] = chunk[-1].pk
        if context.out_of_time():
            return False
    context.run.position.pop("files_after", None)
    storing.move_cursor(context, Side.BILLCOM, CURSOR, began)
    return True


def _documents(gateway: BillcomGateway, bill_id: str) -> list[Raw] | GatewayError:
    try:
        return gateway.documents(bill_id)
    except GatewayError as error:
        return error


def _keep_new(company: Company, row: SyncedObject, side: Side, files: Iterable[Raw], now: datetime) -> int:
    """Remember the files that weren't known, and that we haven't put there ourselves; how many."""
    own = Attachment.objects.filter(object=row)
    known = set(own.filter(side=side).values_list("remote_id", flat=True))
    ours = set(own.filter(side=side.other).exclude(other_id="").values_list("other_id", flat=True))
    filing = set(own.filter(side=side.other, state=AttachmentState.FILING).values_list("name", flat=True))
    id, name = ("Id", "FileName") if side is Side.QBO else ("id", "name")
    new = [
        Attachment(
            company=company,
            object=row,
            side=side,
            remote_id=str(each[id]),
            name=str(each[name])[:1000],
            size=_size(each.get("Size")),
            seen_at=now,
        )
        for each in files
        if each.get(name) and str(each[id]) not in known | ours and each[name] not in filing
    ]
    Attachment.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _size(shown: object) -> int | None:
    return int(str(shown)) if str(shown).isdigit() else None


def _send_to_qbo(context: Context) -> bool:
    """What waits, thirty bills at a time: one metered call tells what is attached to them there already."""
    waiting = _under_way(context.company, Side.BILLCOM).filter(object__qbo_id__isnull=False)
    for chunk in _by_bills(waiting):
        there = context.remotes.qbo.attached("Bill", sorted({str(each.object.qbo_id) for each in chunk}))
        for each in chunk:
            known = {(str(raw.get("FileName")), _size(raw.get("Size"))): raw for raw in there[str(each.object.qbo_id)]}
            _done(context, each, _tried(each, partial(_put_in_qbo, context, each, known)))
            if context.out_of_time():
                return False
    return True


def _put_in_qbo(context: Context, each: Attachment, known: dict[tuple[str, int | None], Raw]) -> AttachmentState:
    if each.name.rpartition(".")[2].lower() not in QBO_TYPES:
        each.words = "QuickBooks Online takes no files of this type."
        return AttachmentState.NOT_TAKEN
    content = context.remotes.billcom.document(each.remote_id, LARGEST[Side.QBO])
    if content is None:
        each.words = "QuickBooks Online gets files of 25 MB at most."
        return AttachmentState.TOO_LARGE
    each.size = len(content)
    if found := known.get((each.name, each.size)):
        each.other_id = str(found["Id"])
        return AttachmentState.THERE
    context.hold_lease()
    each.other_id = str(context.remotes.qbo.attach("Bill", str(each.object.qbo_id), each.name, content)["Id"])
    return AttachmentState.SENT


# --- from QuickBooks to BILL -----------------------------------------------------------------------------------------


def _look_in_qbo(context: Context) -> None:
    """What was attached to bills since this was last done; at first, from now on."""
    cursor = Cursor.objects.filter(company=context.company, side=Side.QBO, kind=CURSOR).first()
    began = context.clock()
    if cursor is not None:
        by_bill = defaultdict(list)
        for raw in context.remotes.qbo.attachables(cursor.read_to):
            for bill_id in _bills_of(raw):
                by_bill[bill_id].append(raw)
        bills = SyncedObject.objects.of(context.company, BILL).filter(qbo_id__in=by_bill, billcom_id__isnull=False)
        for row in bills.filter(excluded=False).only("pk", "qbo_id"):
            _keep_new(context.company, row, Side.QBO, by_bill[str(row.qbo_id)], context.clock())
    storing.move_cursor(context, Side.QBO, CURSOR, began)


def _bills_of(raw: Raw) -> list[str]:
    refs = [each.get("EntityRef") or {} for each in raw.get("AttachableRef") or []]
    return [str(each.get("value")) for each in refs if str(each.get("type")).lower() == "bill"]


def _send_to_billcom(context: Context) -> bool:
    waiting = _under_way(context.company, Side.QBO).filter(state=AttachmentState.WAITING)
    for chunk in _by_bills(waiting.filter(object__billcom_id__isnull=False)):
        bills = sorted({str(each.object.billcom_id) for each in chunk})
        there = {bill: context.remotes.billcom.documents(bill) for bill in bills}
        for each in chunk:
            known = {str(raw.get("name")): raw for raw in there[str(each.object.billcom_id)]}
            _done(context, each, _tried(each, partial(_put_in_billcom, context, each, known)))
            if context.out_of_time():
                return False
    _finish_filing(context)
    return True


def _put_in_billcom(context: Context, each: Attachment, known: dict[str, Raw]) -> AttachmentState:
    if found := known.get(each.name):
        each.other_id = str(found["id"])
        return AttachmentState.THERE
    largest = LARGEST[Side.BILLCOM]
    content = None if (each.size or 0) > largest else context.remotes.qbo.file(each.remote_id, largest)
    if content is None:
        each.words = "BILL takes files of 6 MB at most."
        return AttachmentState.TOO_LARGE
    each.size = len(content)
    context.hold_lease()
    sent = context.remotes.billcom.add_document(str(each.object.billcom_id), each.name, content)
    each.other_id = str(sent["id"])
    return AttachmentState.FILING


def _finish_filing(context: Context) -> None:
    """BILL takes a file under a passing id, and files it a little later under another."""
    filing = list(_under_way(context.company, Side.QBO).filter(state=AttachmentState.FILING)[: BILLS_AT_ONCE * 3])
    if not filing:
        return
    filed = context.remotes.billcom.filed([each.other_id for each in filing])
    for each in filing:
        if document := filed.get(each.other_id):
            each.other_id = document
            _done(context, each, AttachmentState.SENT)


# --- both ------------------------------------------------------------------------------------------------------------


def _tried(each: Attachment, send: Callable[[], AttachmentState]) -> AttachmentState:
    """What is refused is kept with the words; any other error ends the stage, and the file waits for the next."""
    try:
        return send()
    except (Rejected, BadAnswer) as error:
        if error.outcome_unknown:
            raise
        each.words = f"{error.side.label}: {error.words}"
        return AttachmentState.REFUSED


def _under_way(company: Company, side: Side) -> QuerySet[Attachment]:
    found = Attachment.objects.filter(company=company, side=side, state__in=SENDABLE, object__excluded=False)
    return found.select_related("object").order_by("object_id", "pk")


def _by_bills(waiting: QuerySet[Attachment]) -> Iterable[list[Attachment]]:
    """The files of thirty bills at a time."""
    bills = sorted(set(waiting.values_list("object_id", flat=True)))
    for start in range(0, len(bills), BILLS_AT_ONCE):
        yield list(waiting.filter(object_id__in=bills[start : start + BILLS_AT_ONCE]).defer(*HEAVY))


HEAVY = tuple(
    f"object__{name}" for name in ("billcom_raw", "qbo_raw", "base", "billcom_values", "qbo_values", "hold_facts")
)


def _done(context: Context, each: Attachment, state: AttachmentState) -> None:
    each.state = state
    if state in (AttachmentState.SENT, AttachmentState.FILING):
        each.sent_at = each.sent_at or context.clock()
    if state not in (AttachmentState.SENT, AttachmentState.FILING, AttachmentState.THERE):
        level = Level.WARNING
        context.note(f"{each.object}: the file {each.name} wasn't sent: {each.words}", kind=BILL, level=level)
    context.count(BILL, f"files.{state}")
    with transaction.atomic():
        context.confirm_lease()
        each.save(update_fields=["state", "words", "size", "other_id", "sent_at"])


# --- asked for by a person -------------------------------------------------------------------------------------------


def look(row: SyncedObject, user: User, *, now: datetime) -> int:
    """Look for files of a bill in BILL now; the next sync sends them. How many are new. Raises ServiceError."""
    if not Company.objects.workable_by(user).filter(pk=row.company_id).exists():
        raise ServiceError("You may look at this company, but not ask for its files.")
    if row.kind != BILL or not row.linked or row.excluded:
        raise ServiceError("Only the files of a bill that is in both products are sent.")
    try:
        documents = remotes.open_billcom(row.company, Http(), timezone.now).documents(str(row.billcom_id))
    except GatewayError as error:
        raise ServiceError(f"BILL's documents can't be read just now: {error.words} Try again.") from None
    finally:
        budgets.settle()
    return _keep_new(row.company, row, Side.BILLCOM, documents, now)


def send_again(found: QuerySet[Attachment], user: User) -> int:
    """Try these again with the next sync: those that were refused, too large, or of a name that was there."""
    mine = found.filter(company__in=Company.objects.workable_by(user))
    return mine.exclude(state__in=(*SENDABLE, AttachmentState.SENT)).update(state=AttachmentState.WAITING, words="")


def of(row: SyncedObject) -> Sequence[Attachment]:
    """The files of a record, for its page."""
    return list(Attachment.objects.filter(object=row).order_by("name", "pk")[:100]) if row.kind == BILL else []
