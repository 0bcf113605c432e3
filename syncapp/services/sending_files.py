"""Send files of bills to the side where they aren't yet, each once.

Neither product has an idempotency key for files, and BILL deletes none. So before a file goes out its row says so,
committed. Where the answer is lost, or the worker dies, the row still says so: the file is in doubt. It may come to
light on the other side for a while yet; only after that it is looked for, and sent again where it isn't there.
Meanwhile no other file of its name is sent to that bill: they couldn't be told apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from syncapp.core import files
from syncapp.core.files import LARGEST, MEGABYTE, OtherSide
from syncapp.core.schema import Raw
from syncapp.core.sides import Side
from syncapp.gateways.billcom import BillcomGateway
from syncapp.gateways.errors import BadAnswer, GatewayError, RateLimited, Rejected, Unauthorized, Unavailable
from syncapp.models import Attachment, AttachmentState, Level
from syncapp.services.context import Context, Paused
from syncapp.services.in_threads import at_once

BILL = "bill"
BILLS_AT_ONCE = 30
"""As many questions as one metered batch call to QuickBooks holds."""
MOST_FAILED = 3
"""So many in a row that came to nothing, and the product is to blame, not the files."""
MOST_TRIES = 10
"""A file that has led to nothing so often is refused; a person may send it again."""
PATIENCE = 3
"""How often a run pauses for files; what is left then waits for the next sync."""
# An upload ends within its own time (gateways/http.py) and one for the answer.
UPLOAD = timedelta(minutes=2)
# BILL lists a file once it has filed it. How long that takes isn't documented: longer than this, we take it, never.
FILING = timedelta(hours=20)
LOST = "Its answer was lost. It is looked for there before it is sent again."
UNDER_WAY = (AttachmentState.SENDING, AttachmentState.FILING)
_SAVED = ("state", "words", "size", "other_id", "sent_at", "tries")
_HEAVY = tuple(
    f"object__{name}" for name in ("billcom_raw", "qbo_raw", "base", "billcom_values", "qbo_values", "hold_facts")
)

Listed = list[Raw] | GatewayError


def patient(context: Context) -> bool:
    """Whether the run may still pause for files."""
    return int(context.run.position.get("pauses", 0)) < PATIENCE


def documents(gateway: BillcomGateway, bill_id: str) -> Listed:
    """The documents of a bill in BILL, or why they aren't told. Raises what isn't due to the bill."""
    try:
        return gateway.documents(bill_id)
    except (RateLimited, Unauthorized):
        raise
    except GatewayError as error:
        return error


def send(context: Context, to: Side) -> bool:
    """All that waits for that side. False: out of time."""
    return _Sender(context, to).send()


def wait_for_doubtful(context: Context) -> None:
    """Pause until an upload to QuickBooks whose answer was lost can be looked for. BILL's are left to a later sync."""
    lost = Attachment.objects.filter(company=context.company, side=Side.BILLCOM, state=AttachmentState.SENDING)
    latest = lost.order_by("-sent_at").values_list("sent_at", flat=True).first()
    if latest is None or not patient(context):
        return
    left = (latest + _at_work(Side.QBO) - context.clock()).total_seconds()
    if left > 0:
        raise Paused(left, "The answer to an upload was lost; waiting before looking what became of it.")


def _at_work(to: Side) -> timedelta:
    """For how long a file that was sent may still come to light."""
    return FILING if to is Side.BILLCOM else UPLOAD + timedelta(seconds=settings.IN_DOUBT_SECONDS)


class _Sender:
    """Sends what waits for one side; knows what isn't saved yet, and how many failed in a row."""

    def __init__(self, context: Context, to: Side) -> None:
        self.context, self.to = context, to
        self.unsaved: dict[int, Attachment] = {}
        self.failed = 0
        self.doubtful: set[tuple[int, str]] = set()

    def send(self) -> bool:
        for chunk in self._chunks():
            self.doubtful = self._still_doubtful(chunk)
            listed, pairs = self._listed(chunk), self._pairs(chunk)
            there: dict[int, OtherSide | GatewayError] = {
                row: found if isinstance(found, GatewayError) else OtherSide(files.read(found, self.to), pairs[row])
                for row, found in listed.items()
            }
            for each in chunk:
                if (each.object_id, each.name) not in self.doubtful:
                    self._try(each, there[each.object_id])
                if self.context.out_of_time():
                    self._save()
                    return False
            self._save()
        return True

    def _ready(self) -> QuerySet[Attachment]:
        """What waits, and what was in doubt for long enough."""
        settled = Q(state=AttachmentState.SENDING, sent_at__lte=self.context.clock() - _at_work(self.to))
        return Attachment.objects.filter(
            Q(state=AttachmentState.WAITING) | settled,
            company=self.context.company,
            side=self.to.other,
            object__excluded=False,
            object__billcom_id__isnull=False,
            object__qbo_id__isnull=False,
        )

    def _chunks(self) -> Iterator[list[Attachment]]:
        """The files of thirty bills at a time: first those that may be there already, last what failed most often."""
        ready = self._ready()
        bills = list(dict.fromkeys(ready.order_by("tries", "object_id").values_list("object_id", flat=True)))
        for start in range(0, len(bills), BILLS_AT_ONCE):
            found = ready.filter(object_id__in=bills[start : start + BILLS_AT_ONCE]).select_related("object")
            chunk = found.defer(*_HEAVY).order_by("tries", "object_id", "pk")
            yield sorted(chunk, key=lambda each: each.state != AttachmentState.SENDING)

    def _still_doubtful(self, chunk: Sequence[Attachment]) -> set[tuple[int, str]]:
        found = Attachment.objects.filter(object__in=_bills(chunk), side=self.to.other, state__in=UNDER_WAY)
        found = found.exclude(pk__in=[each.pk for each in chunk])
        return set(found.values_list("object_id", "name").order_by())

    def _listed(self, chunk: Sequence[Attachment]) -> dict[int, Listed]:
        """What the bills have on the other side."""
        ids = {each.object_id: str(each.object.remote_id(self.to)) for each in chunk}
        if self.to is Side.QBO:
            attached = self.context.remotes.qbo.attached("Bill", sorted(set(ids.values())))
            return {row: attached[bill] for row, bill in ids.items()}
        found = at_once(lambda bill: documents(self.context.remotes.billcom, bill), list(ids.values()))
        return dict(zip(ids, found, strict=True))

    def _pairs(self, chunk: Sequence[Attachment]) -> dict[int, dict[str, str]]:
        """By bill, which file here is known to be which there, whichever way it went."""
        pairs: dict[int, dict[str, str]] = defaultdict(dict)
        known = Attachment.objects.filter(object__in=_bills(chunk)).exclude(other_id="")
        for row, side, id, other in known.values_list("object_id", "side", "remote_id", "other_id"):
            here, there = (other, id) if side == self.to else (id, other)
            pairs[row][here] = there
        return pairs

    # --- one file ----------------------------------------------------------------------------------------------------

    def _try(self, each: Attachment, there: OtherSide | GatewayError) -> None:
        tries = each.tries
        try:
            if isinstance(there, GatewayError):
                raise there
            each.state = self._carry(each, there)
        except (RateLimited, Unauthorized):
            each.tries = tries
            self._keep(each)
            self._save()
            raise
        except GatewayError as error:
            self._fail(each, error)
        else:
            self.failed = 0
            self._keep(each)

    def _carry(self, each: Attachment, there: OtherSide) -> AttachmentState:
        if files.wrong_type(each.name, self.to):
            each.words = "QuickBooks Online takes no files of this type."
            return AttachmentState.NOT_TAKEN
        told = each.size is not None
        if told and _is_there(each, there):
            return AttachmentState.THERE
        # It isn't in doubt any more.
        each.state = AttachmentState.WAITING
        if each.tries >= MOST_TRIES:
            return AttachmentState.REFUSED
        each.tries += 1
        content = self._fetch(each)
        if content is None:
            each.words = f"{self.to.label} gets files of {LARGEST[self.to] // MEGABYTE} MB at most."
            return AttachmentState.TOO_LARGE
        each.size = len(content)
        if not told and _is_there(each, there):
            return AttachmentState.THERE
        return self._put(each, content)

    def _fetch(self, each: Attachment) -> bytes | None:
        largest, remotes = LARGEST[self.to], self.context.remotes
        if (each.size or 0) > largest:
            return None
        return (remotes.billcom.document if self.to is Side.QBO else remotes.qbo.file)(each.remote_id, largest)

    def _put(self, each: Attachment, content: bytes) -> AttachmentState:
        """Say so, then send it. What was certainly not taken isn't in doubt."""
        each.state, each.words, each.sent_at = AttachmentState.SENDING, LOST, self.context.clock()
        self.unsaved[each.pk] = each
        self._save()
        bill, remotes = str(each.object.remote_id(self.to)), self.context.remotes
        try:
            if self.to is Side.QBO:
                each.other_id = str(remotes.qbo.attach("Bill", bill, each.name, content)["Id"])
            else:
                each.other_id = str(remotes.billcom.add_document(bill, each.name, content)["id"])
        except GatewayError as error:
            if not error.outcome_unknown:
                each.state, each.sent_at = AttachmentState.WAITING, None
            raise
        each.words, each.tries = "", 0
        return AttachmentState.SENT if self.to is Side.QBO else AttachmentState.FILING

    def _fail(self, each: Attachment, error: GatewayError) -> None:
        """Refused it stays, with the words; what may pass is tried again. Several in a row are raised."""
        each.words = f"{error.side.label}: {error.words}"
        if not isinstance(error, Unavailable | BadAnswer):
            each.state = AttachmentState.REFUSED
        elif each.state == AttachmentState.SENDING:
            each.words = f"{each.words.rstrip('.')}. {LOST}"
            self.doubtful.add((each.object_id, each.name))
        self._keep(each)
        self.failed += each.state != AttachmentState.REFUSED
        if self.failed >= MOST_FAILED:
            self._save()
            raise error

    def _keep(self, each: Attachment) -> None:
        self.unsaved[each.pk] = each
        _tell(self.context, each)

    def _save(self) -> None:
        """All that isn't saved yet, at once."""
        _save(self.context, list(self.unsaved.values()))
        self.unsaved.clear()


def _bills(chunk: Iterable[Attachment]) -> set[int]:
    return {each.object_id for each in chunk}


def _is_there(each: Attachment, there: OtherSide) -> bool:
    found = there.take(each.remote_id, each.name, each.size)
    if found:
        each.other_id, each.words, each.tries = found, "", 0
    return bool(found)


def _tell(context: Context, each: Attachment) -> None:
    context.count(BILL, f"files.{each.state}")
    if each.words:
        words = f"{each.object}: the file {each.name} wasn't sent: {each.words}"
        context.note(words, kind=BILL, level=Level.WARNING)


def _save(context: Context, changed: Sequence[Attachment]) -> None:
    if changed:
        with transaction.atomic():
            context.confirm_lease()
            Attachment.objects.bulk_update(changed, _SAVED)


# --- BILL files what it was sent -------------------------------------------------------------------------------------


def finish_filing(context: Context) -> bool:
    """BILL takes a file under a passing id, and files it a little later under another."""
    sent = Attachment.objects.filter(company=context.company, side=Side.QBO, state=AttachmentState.FILING)
    filing = list(sent.select_related("object").defer(*_HEAVY).order_by("pk"))
    for start in range(0, len(filing), BILLS_AT_ONCE):
        _finish(context, filing[start : start + BILLS_AT_ONCE])
    return True


def _finish(context: Context, chunk: Sequence[Attachment]) -> None:
    filed = _filed(context.remotes.billcom, [each.other_id for each in chunk])
    changed = []
    for each in chunk:
        found = filed.get(each.other_id)
        if isinstance(found, str):
            each.other_id, each.state = found, AttachmentState.SENT
        elif isinstance(found, Rejected):
            # BILL doesn't know it any more under that id: it is looked for by its name, once that is safe.
            each.other_id, each.state, each.words = "", AttachmentState.SENDING, LOST
            each.sent_at = each.sent_at or context.clock()
        else:
            continue
        _tell(context, each)
        changed.append(each)
    _save(context, changed)


def _filed(gateway: BillcomGateway, ids: Sequence[str]) -> dict[str, str | GatewayError]:
    """Passing id -> the document's own, or why BILL doesn't tell; the ids that it stumbles over are found by halves."""
    try:
        return dict(gateway.filed(ids))
    except (Rejected, BadAnswer, Unavailable) as error:
        if isinstance(error, Unavailable) and error.status is None:
            raise
        if len(ids) == 1:
            return {ids[0]: error}
    half = len(ids) // 2
    return {**_filed(gateway, ids[:half]), **_filed(gateway, ids[half:])}
