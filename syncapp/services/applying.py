"""Carry out planned operations: call by call, each outcome saved in a short transaction after its call.

No transaction is open around the network. The error's class alone decides what happens next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from django.conf import settings
from django.db import transaction

from syncapp.core.codec import decode
from syncapp.core.holds import TRIED, Hold, HoldCode
from syncapp.core.merging import same
from syncapp.core.refusals import explain
from syncapp.core.schema import Kind, Raw, Retirement, Type
from syncapp.core.sides import Side
from syncapp.gateways.errors import (
    NOT_ALLOWED,
    BadAnswer,
    Duplicate,
    GatewayError,
    NotFound,
    RateLimited,
    Rejected,
    StaleVersion,
    Unauthorized,
    Unavailable,
)
from syncapp.gateways.qbo import Verb as QboVerb
from syncapp.gateways.qbo import Write as QboWrite
from syncapp.models import Level, ObjectState, Operation, OperationState, SyncedObject, Verb
from syncapp.services import linking, pulling_billcom, pulling_qbo, rows, storing, taken_in_part
from syncapp.services.context import Context
from syncapp.services.in_threads import at_once

Outcome = Raw | GatewayError
STOPPING = (Unauthorized, RateLimited, Unavailable, BadAnswer)
"""After one of these nothing more is sent in this slice."""
AT_ONCE = 3
"""BILL takes three requests at a time per organization. Reference: BILL docs, API rate limits."""
JOURNAL_EVERY = 30
OPERATION_FIELDS = ("state", "remote_id", "error_code", "error_words", "finished_at")
BOOKS_CLOSED = "6210"
NOT_THERE = "BILL doesn't have it, so it may be written again."
"""What the journal says of a write in doubt that was looked for and not found."""
OTHER_TOTAL = "{side} took it with a total of {there}, and it is {here} in {other}"
OTHER_TOTAL_FIX = "Compare both sides below, and correct the one that is wrong; then retry."
FEATURE_OFF = "5020"
"""QuickBooks: the edition doesn't have it, or it is turned off. Reference: spec, QuickBooks API: error codes."""


class Aborted(Exception):
    """The rest of the chunk can't be sent now; ``cause`` says what the run does next."""

    def __init__(self, cause: GatewayError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Applier:
    """Sends one chunk's operations and saves their outcomes."""

    def __init__(
        self, context: Context, kind: Kind, found: dict[int, SyncedObject], *, repeating: bool = False
    ) -> None:
        self.context, self.kind, self.rows, self.repeating = context, kind, found, repeating
        self.reread: dict[Side, list[str]] = {Side.BILLCOM: [], Side.QBO: []}
        self.linked: list[int] = []

    def send(self, operations: Sequence[Operation]) -> bool:
        """All of them, QuickBooks first. What was not sent because of a stop is dropped and looked at again.

        False: the slice was over before all were sent.
        """
        left = list(operations)
        try:
            for batch, outcomes in self._outcomes(operations):
                self._save(batch, outcomes)
                done = {each.pk for each in batch}
                left = [each for each in left if each.pk not in done]
                self._stop_on(outcomes)
                if left and self.context.out_of_time():
                    self._drop(left, "The slice was over; planned again in the next one.")
                    break
        except Aborted as stop:
            self._drop(left)
            raise stop.cause from None
        finally:
            self._free()
        self._read_again()
        return not left

    def _read_again(self) -> None:
        if ids := self.reread[Side.QBO]:
            pulling_qbo.refresh(self.context, self.kind, ids)
        # Payments can't be asked for by their ids; theirs are among the next sync's changes.
        if (ids := self.reread[Side.BILLCOM]) and not self.kind.billcom.recorded:
            pulling_billcom.refresh(self.context, self.kind, ids)

    def _free(self) -> None:
        if self.linked:
            linking.free(self.context.company, self.kind, self.linked)
            self.linked = []

    def _stop_on(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, STOPPING):
                raise Aborted(outcome)

    # --- sending -----------------------------------------------------------------------------------------------------

    def _outcomes(self, operations: Sequence[Operation]) -> Iterator[tuple[list[Operation], list[Outcome]]]:
        to_qbo = [each for each in operations if each.side == Side.QBO]
        for _, group in groupby(to_qbo, key=lambda each: each.request_id):
            batch = list(group)
            self.context.hold_lease()
            yield batch, send_qbo(self.context, self.kind, batch)
        to_billcom = sorted((each for each in operations if each.side == Side.BILLCOM), key=lambda each: each.verb)
        for verb, group in groupby(to_billcom, key=lambda each: each.verb):
            yield from self._billcom(Verb(verb), list(group))

    def _billcom(self, verb: Verb, operations: list[Operation]) -> Iterator[tuple[list[Operation], list[Outcome]]]:
        bulk = self.kind.billcom.bulk
        if verb is Verb.CREATE and bulk and len(operations) > 1:
            # One that BILL can't digest must not keep the others in doubt with it for ever.
            alone = self._in_doubt_before(operations)
            together = [each for each in operations if each.object_id not in alone]
            for start in range(0, len(together), bulk):
                yield from self._bulk(together[start : start + bulk])
            operations = [each for each in operations if each.object_id in alone]
        if verb is Verb.UPDATE:
            operations = self._still_as_read(operations)
        for start in range(0, len(operations), JOURNAL_EVERY):
            yield self._singles(operations[start : start + JOURNAL_EVERY])

    def _singles(self, batch: Sequence[Operation]) -> tuple[list[Operation], list[Outcome]]:
        """Three at a time, while the company is ours; none is begun after an answer that stops the run."""
        begun: list[Operation] = []
        outcomes: list[Outcome] = []
        for start in range(0, len(batch), AT_ONCE):
            left = list(batch[start : start + AT_ONCE])
            # One whose thread had to wait too long for the lease to be fresh still is begun once more.
            while left and not any(isinstance(each, STOPPING) for each in outcomes):
                self.context.hold_lease()
                answered = [(each, answer) for each, answer in self._at_once(left) if answer is not None]
                begun += [each for each, _ in answered]
                outcomes += [answer for _, answer in answered]
                left = [each for each in left if each not in begun]
        return begun, outcomes

    def _at_once(self, operations: Sequence[Operation]) -> list[tuple[Operation, Outcome | None]]:
        return list(zip(operations, at_once(self._single, operations), strict=True))

    def _in_doubt_before(self, operations: Sequence[Operation]) -> set[int | None]:
        lost = Operation.objects.filter(object__in=[each.object_id for each in operations], error_words=NOT_THERE)
        return set(lost.values_list("object", flat=True))

    def _bulk(self, batch: list[Operation]) -> Iterator[tuple[list[Operation], list[Outcome]]]:
        """All or nothing: where one record is refused, halves are sent until it stands alone."""
        if len(batch) == 1:
            yield self._singles(batch)
            return
        self.context.hold_lease()
        try:
            replies = self.context.remotes.billcom.create_bulk(self.kind.billcom.path, [each.payload for each in batch])
        except (Rejected, Duplicate):
            half = len(batch) // 2
            yield from self._bulk(batch[:half])
            yield from self._bulk(batch[half:])
        except GatewayError as error:
            yield batch, [error] * len(batch)
        else:
            yield batch, list(replies)

    def _still_as_read(self, operations: list[Operation]) -> list[Operation]:
        """BILL has no versions: read again just before writing, and plan anew what somebody changed meanwhile."""
        if not operations:
            return []
        ids = [self._remote_id(each) for each in operations]
        fresh = pulling_billcom.by_ids(self.context, self.kind, ids)
        kept: list[Operation] = []
        moved: list[Operation] = []
        for each in operations:
            raw = fresh.get(self._remote_id(each))
            row = self.rows[each.object_id or 0]
            unchanged = raw is not None and self._same_fields(row, raw)
            (kept if unchanged else moved).append(each)
        if moved:
            self._drop(moved, "It was changed in BILL in the meantime; planned again.")
            again = [fresh[each] for each in map(self._remote_id, moved) if each in fresh]
            read = storing.store_page(self.context, self.kind, Side.BILLCOM, again)
            self._hold_unreadable([each for each in moved if self._remote_id(each) not in read])
        return kept

    def _same_fields(self, row: SyncedObject, raw: Raw) -> bool:
        try:
            values = rows.as_chosen(row, self.kind, Side.BILLCOM, decode(self.kind, raw, Side.BILLCOM), raw)
        except storing.UNREADABLE:
            return False
        return all(values.get(name) == row.billcom_values.get(name) for name in self.kind.compared)

    def _hold_unreadable(self, operations: Sequence[Operation]) -> None:
        """Nothing is written over what can't be read; the next change there brings it up again."""
        words = "it is no longer there, or what it shows can't be read"
        for each in operations:
            row = self.rows[each.object_id or 0]
            facts = {"side": Side.BILLCOM.label, "code": "unreadable", "words": words, "tried": TRIED[each.verb]}
            rows.hold(row, Hold(HoldCode.REJECTED, facts))
        with transaction.atomic():
            self.context.confirm_lease()
            rows.save([self.rows[each.object_id or 0] for each in operations], rows.OUTCOME_FIELDS)

    def _remote_id(self, operation: Operation) -> str:
        return self.rows[operation.object_id or 0].billcom_id or ""

    def _single(self, operation: Operation) -> Outcome | None:
        """One call to BILL; None where it isn't begun. May run in a thread of its own, so it touches no row."""
        gateway, path = self.context.remotes.billcom, self.kind.billcom.path
        remote_id, body = self._remote_id(operation), operation.payload
        calls: dict[tuple[str, bool], Callable[[], Raw]] = {
            (Verb.CREATE, False): lambda: gateway.create(path, body),
            (Verb.CREATE, True): lambda: gateway.record_payment(body),
            (Verb.RETIRE, False): lambda: gateway.archive(path, remote_id),
            (Verb.RETIRE, True): lambda: gateway.void_payment(remote_id),
            (Verb.RESTORE, False): lambda: gateway.restore(path, remote_id),
            (Verb.UPDATE, False): lambda: (
                gateway.put(path, remote_id, body)
                if self.kind.billcom.replace
                else gateway.patch(path, remote_id, body)
            ),
        }
        if not self.context.surely_ours(settings.LEASE_SECONDS / 2):
            return None  # What is left of the lease covers the gateway's own waiting (remotes.send_within).
        try:
            return calls[operation.verb, self.kind.billcom.recorded]()
        except GatewayError as error:
            return error

    # --- outcomes ----------------------------------------------------------------------------------------------------

    def _save(self, batch: Sequence[Operation], outcomes: Sequence[Outcome]) -> None:
        side = Side(batch[0].side)
        with transaction.atomic():
            self.context.confirm_lease()
            touched = self._locked(batch)
            for operation, outcome in zip(batch, outcomes, strict=True):
                row = touched.get(operation.object_id or 0)
                if row is None:
                    continue
                operation.finished_at = self.context.clock()
                if isinstance(outcome, GatewayError):
                    self._failed(operation, row, outcome)
                else:
                    self._succeeded(operation, row, outcome)
            self._absorb_twins(batch, side)
            rows.forget_gone_targets(touched.values())
            rows.save(batch, OPERATION_FIELDS)
            rows.save(list(touched.values()), [*rows.OUTCOME_FIELDS, *rows.shown_fields(side)])

    def _locked(self, batch: Sequence[Operation]) -> dict[int, SyncedObject]:
        """The rows of these operations; what both sides agree on as it is now, since a switch may have gone on."""
        found = {key: self.rows[key] for each in batch if (key := each.object_id or 0) in self.rows}
        now = SyncedObject.objects.select_for_update().filter(pk__in=found).order_by("pk")
        for key, base in now.values_list("pk", "base"):
            found[key].base = base
        return found

    def _absorb_twins(self, batch: Sequence[Operation], side: Side) -> None:
        """Whoever read the product since a lost answer has seen what it made: that row is this one."""
        made = {each.remote_id: self.rows[each.object_id or 0] for each in batch if _made(each)}
        if not made:
            return
        twins = SyncedObject.objects.select_for_update().of(self.context.company, self.kind.name)
        gone = {}
        for twin in twins.filter(**{f"{side}_id__in": made}).exclude(pk__in=[row.pk for row in made.values()]):
            row = made[str(twin.remote_id(side))]
            if twin.linked:
                self._give_up(row, side)
            else:
                # What it showed then is older than what was read since.
                values, raw = getattr(twin, f"{side}_values"), getattr(twin, f"{side}_raw")
                rows.show(row, self.kind, side, values, raw, getattr(twin, f"{side}_version"))
                row.needs_look = True
                gone[twin.pk] = row
        linking.remove_absorbed(self.kind, gone)

    def _give_up(self, row: SyncedObject, side: Side) -> None:
        """A person has linked what was made with another record: this one has no twin."""
        for name, nothing in (("id", None), ("values", None), ("raw", None), ("version", "")):
            setattr(row, f"{side}_{name}", nothing)
        row.base = None
        rows.hold(row, Hold(HoldCode.AMBIGUOUS_MATCH, {"by": self.kind.matched_by}))

    def _succeeded(self, operation: Operation, row: SyncedObject, raw: Raw) -> None:
        side = Side(operation.side)
        operation.state = OperationState.DONE
        operation.error_code = operation.error_words = ""
        self.context.count(self.kind.name, f"{operation.verb}.{side}")
        try:
            take_reply(self.kind, row, operation, raw, self.context)
        except storing.UNREADABLE as error:
            self._took_as_sent(row, operation, raw, error)
        operation.remote_id = row.remote_id(side) or ""
        if operation.verb == Verb.CREATE:
            self.linked.append(row.pk)

    def _took_as_sent(self, row: SyncedObject, operation: Operation, raw: Raw, error: Exception) -> None:
        """Carried out, but the answer is of no shape we know: what was sent stands until the record is read again."""
        side, sent = Side(operation.side), operation.values or {}
        if operation.verb == Verb.CREATE:
            setattr(row, f"{side}_id", storing.id_of(raw, side))
        known, version = getattr(row, f"{side}_raw") or {}, getattr(row, f"{side}_version")
        rows.show(row, self.kind, side, sent["whole"], known, storing.version_of(raw, side) or version)
        rows.agree_as_sent(row, side, sent["changed"], sent["whole"], sent.get("source", {}), self.context.clock())
        rows.release(row, ObjectState.LINKED)
        row.needs_look = True
        self.reread[side].append(row.remote_id(side) or "")
        words = f"{row}: {side.label} carried it out and answered in an unexpected shape ({error}); it is read again."
        self.context.note(words, kind=self.kind.name, level=Level.ERROR)

    def _failed(self, operation: Operation, row: SyncedObject, error: GatewayError) -> None:
        operation.error_code, operation.error_words = error.code[:40], error.words[:2000]
        unknown = isinstance(error, (Unavailable, BadAnswer)) and error.outcome_unknown
        # That the repeat wasn't carried out says nothing of the first time.
        if unknown or (self.repeating and isinstance(error, STOPPING)):
            # Kept: how long to wait before looking for it counts from here.
            operation.state = OperationState.IN_DOUBT
            rows.hold(row, Hold(HoldCode.IN_DOUBT, {"side": Side(operation.side).label}))
        elif isinstance(error, (RateLimited, Unavailable, BadAnswer, Unauthorized)):
            self._let_go(operation, row)
        elif isinstance(error, StaleVersion):
            self._let_go(operation, row)
            self.reread[Side.QBO].append(row.qbo_id or "")
        else:
            if _may_be_gone(operation, error):
                self.reread[Side.QBO].append(row.qbo_id or "")
            operation.state = OperationState.REFUSED
            rows.hold(row, refusal(self.kind, operation, error))
            self.context.count(self.kind.name, "refused")
            words = f"{row}: {row.hold.describe() if row.hold else error.message}"
            self.context.note(words, kind=self.kind.name, level=Level.WARNING)

    def _let_go(self, operation: Operation, row: SyncedObject) -> None:
        operation.state = OperationState.DROPPED
        row.state = ObjectState.NEW if not row.linked else ObjectState.LINKED
        row.needs_look = True

    def _drop(self, operations: Sequence[Operation], why: str = "The run stopped before it was sent.") -> None:
        """Never sent: forget the intent, and look at the record again."""
        touched = []
        for operation in operations:
            operation.error_words, operation.finished_at = why, self.context.clock()
            row = self.rows[operation.object_id or 0]
            self._let_go(operation, row)
            touched.append(row)
        with transaction.atomic():
            self.context.confirm_lease()
            rows.save(operations, OPERATION_FIELDS)
            rows.save(touched, ("state", "needs_look"))


def take_reply(kind: Kind, row: SyncedObject, operation: Operation, raw: Raw, context: Context) -> None:
    """The reply is the record: both sides agree on what was written, and on nothing else."""
    side = Side(operation.side)
    held, sent = row.hold, operation.values or {}
    if operation.verb == Verb.RETIRE and side is Side.QBO and kind.qbo.retire is not Retirement.DEACTIVATE:
        values = {**(row.qbo_values or {}), "active": False}
        raw = {**(row.qbo_raw or {}), **raw}
    else:
        values = rows.as_chosen(row, kind, side, decode(kind, raw, side), raw)
    if operation.verb == Verb.CREATE:
        setattr(row, f"{side}_id", storing.id_of(raw, side))
    rows.show(row, kind, side, values, raw, storing.version_of(raw, side) or getattr(row, f"{side}_version"))
    missing = not_taken(kind, operation, values)
    taken = [name for name in sent.get("changed", []) if name not in missing]
    rows.agree_as_sent(row, side, taken, values, sent.get("source", {}), context.clock())
    if operation.verb == Verb.CREATE:
        # A record made from an inactive one is active at first: the difference is the next thing to write.
        row.base[side.other]["active"] = values.get("active")
    if other := _other_total(kind, operation, values):
        context.note(f"{row}: {other.facts['words']}.", kind=kind.name, level=Level.WARNING)
        rows.hold(row, other)
        return
    if missing:
        part = taken_in_part.held(context, kind, operation, missing)
        rows.hold(row, part)
        context.note(f"{row}: {side.label}: {part.facts['words']}.", kind=kind.name, level=Level.WARNING)
        return
    if not kind.approval_told:
        row.included = False  # What a person knew to be approved has gone over; the next change is asked about.
    if held is not None and held.code is not HoldCode.IN_DOUBT and operation.verb != Verb.CREATE:
        rows.hold(row, held)
        return
    rows.release(row, ObjectState.RETIRED if rows.is_gone(row) else ObjectState.LINKED)
    row.needs_look = bool(row.wanted) or not rows.settled(row, kind)


def _other_total(kind: Kind, operation: Operation, values: Raw) -> Hold | None:
    """Whether what was made has another total there: what the other product reckons itself, as tax, may differ."""
    if operation.verb != Verb.CREATE or not kind.transaction:
        return None
    side, meant, there = (
        Side(operation.side),
        (operation.values or {})["whole"].get(kind.amount),
        values.get(kind.amount),
    )
    if meant is None or there in (None, meant):
        return None
    words = OTHER_TOTAL.format(side=side.label, there=f"{there:.2f}", here=f"{meant:.2f}", other=side.other.label)
    facts = {"side": side.label, "code": "another total", "words": words}
    return Hold(HoldCode.REJECTED, {**facts, "meaning": f"{words}.", "fix": OTHER_TOTAL_FIX})


def _made(operation: Operation) -> bool:
    return operation.verb == Verb.CREATE and operation.state == OperationState.DONE and bool(operation.remote_id)


CHECKED = (Type.LINES, Type.MONEY, Type.REF, Type.DATE, Type.BOOL)


def not_taken(kind: Kind, operation: Operation, values: Raw) -> list[str]:
    """What was sent and doesn't show in the reply: QuickBooks drops what it won't apply without an error.

    Texts may come back in another form, and a new record fills in what was left empty; neither counts.
    """
    side, sent = Side(operation.side), operation.values or {}
    whole, creating = sent.get("whole", {}), operation.verb == Verb.CREATE
    names = [name for name in sent.get("changed", []) if kind.fields[name].type in CHECKED]
    if creating:
        names = [name for name in names if whole.get(name) and name != "active"]
    if operation.verb in (Verb.RETIRE, Verb.RESTORE):
        names = ["active"]
    return [name for name in names if not same(kind.fields[name], whole.get(name), values.get(name), side)]


def _may_be_gone(operation: Operation, error: GatewayError) -> bool:
    """QuickBooks no longer has the record that was to be changed, or something that the change names is inactive.

    It is told by the same code: reading it again shows which, and what is still there stays held.
    """
    return isinstance(error, NotFound) and operation.verb != Verb.CREATE and operation.side == Side.QBO


def refusal(kind: Kind, operation: Operation, error: GatewayError) -> Hold:
    side = Side(operation.side)
    facts = {"side": side.label, "code": error.code, "words": error.words}
    if isinstance(error, Duplicate):
        if side in kind.taken_words:
            meaning, fix = kind.taken_words[side]
            facts |= {"meaning": f'{meaning} {side.label} said: "{error.words.rstrip(".")}".', "fix": fix}
        return Hold(HoldCode.NAME_TAKEN if kind.taken == "name" else HoldCode.NUMBER_TAKEN, facts)
    if (side is Side.BILLCOM and error.status == NOT_ALLOWED) or error.code == FEATURE_OFF:
        return Hold(HoldCode.PLAN_OR_ROLE, facts)
    if error.code == BOOKS_CLOSED:
        return Hold(HoldCode.BOOKS_CLOSED, facts)
    if named := explain(side, error.words):
        told = f'{named.meaning} {side.label} said: "{error.words.rstrip(".")}".'
        return Hold(HoldCode.REJECTED, {**facts, "meaning": told, "fix": named.fix})
    return Hold(HoldCode.REJECTED, {**facts, "tried": TRIED[operation.verb]})


def send_qbo(context: Context, kind: Kind, batch: Sequence[Operation]) -> list[Outcome]:
    """One batch call, or one single call. The request id makes a repeat answer as the first did."""
    writes = [
        QboWrite(
            entity=kind.qbo.entity,
            operation=_qbo_operation(kind, Verb(each.verb)),
            payload=each.payload,
            request_id=each.request_id,
            item_id=each.item_id,
        )
        for each in batch
    ]
    try:
        if batch[0].item_id:
            return list(context.remotes.qbo.write_batch(writes, batch[0].request_id))
        return [context.remotes.qbo.write(writes[0])]
    except GatewayError as error:
        return [error] * len(batch)


def _qbo_operation(kind: Kind, verb: Verb) -> QboVerb:
    if verb == Verb.CREATE:
        return "create"
    if verb == Verb.RETIRE and kind.qbo.retire is not Retirement.DEACTIVATE:
        return "void" if kind.qbo.retire is Retirement.VOID else "delete"
    return "update"
