"""What a run does, in order. Each stage can break off at any point and be gone on with from the run's position.

recover -> read QuickBooks -> read BILL -> notice merges -> adopt what was in doubt -> plan and apply, kind by kind ->
once more for what was freed on the way -> send files -> read the balances.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q

from syncapp.core.holds import HoldCode
from syncapp.core.schema import Kind
from syncapp.core.sides import Side
from syncapp.gateways.errors import NOT_ALLOWED, Rejected
from syncapp.kinds import KINDS
from syncapp.models import (
    OPEN_STATES,
    Company,
    Cursor,
    ObjectState,
    Operation,
    OperationState,
    RunScope,
    SyncedObject,
    Verb,
)
from syncapp.services import (
    applying_credits,
    attachments,
    availability,
    balances,
    banks,
    deriving,
    guards,
    letting_go,
    linking,
    merges,
    planning,
    pulling_billcom,
    pulling_qbo,
    reading_taxes,
    recovering,
    rows,
    storing,
)
from syncapp.services import terms as terms_service
from syncapp.services.applying import Applier
from syncapp.services.context import Context, Stopped

WORKED_OUT: Mapping[str, Callable[[Context, Kind], bool]] = {
    "bill_payment": applying_credits.derive,
    "funds_transfer": deriving.derive,
}
"""Kinds of which BILL shows some only by what other records say; whether any had to be brought up to date."""
DECIDING = {"account", "item"}
"""The kinds by whose records terms are decided, too."""
MOST_PASSES = 12
"""Chains of records that wait for each other (five levels of sub-accounts, then items, bills, payments)."""

REFUSED = (HoldCode.REJECTED, HoldCode.NAME_TAKEN, HoldCode.NUMBER_TAKEN)

Save = Callable[[], None]


def start_over(position: dict[str, Any]) -> None:
    """After a pause or a crash: settle what is unfinished first, then read what has changed meanwhile.

    Pages that were read and saved are not read again.
    """
    for name in ("stage", "kind", "round", "after", "did", "files_after"):
        position.pop(name, None)


def work(context: Context, save: Save) -> bool:
    """Go on from where the run is. False: out of time."""
    if context.run.scope == RunScope.ACCOUNTS:
        return _import_accounts(context, save)
    position, only_read = context.run.position, context.run.scope == RunScope.READ
    if position.setdefault("stage", "read-qbo") == "read-qbo":
        _show(context, 2, "Reading QuickBooks Online")
        if not only_read:
            recovering.repeat_qbo(context)
            recovering.settle_billcom(context)
        _before_first_reading(context)
        read = pulling_qbo.pull(context)
        save()
        if not read:
            return False
        pulling_qbo.refresh_unread(context)
        reading_taxes.pull(context)
        position.update(stage="read-billcom", kind=0)
    if position["stage"] == "read-billcom":
        if not _read_billcom(context, save):
            return False
        merges.find(context)
        position.update(stage="plan", round=0, kind=0, did=0)
    if only_read:
        return True
    if position["stage"] == "plan":
        if not _plan_all(context, save):
            return False
        position.update(stage="files")
    _show(context, 98, "Sending files")
    sent = attachments.sync(context)
    if sent:
        balances.read(context)
    save()
    return sent


def _import_accounts(context: Context, save: Save) -> bool:
    """The first import: the chart of accounts and the settings of the QuickBooks company."""
    _show(context, 10, "Reading the company's settings")
    save()
    _read_settings(context)
    _show(context, 30, "Importing the chart of accounts")
    save()
    read = pulling_qbo.import_kinds(context, [KINDS["account"]])
    save()
    if not read:
        return False
    pulling_qbo.refresh_unread(context)
    imported = SyncedObject.objects.of(context.company, "account").filter(qbo_id__isnull=False).count()
    context.note(f"{imported} accounts imported from QuickBooks Online.", kind="account")
    _show(context, 100, "Chart of accounts imported")
    return True


def _read_settings(context: Context) -> None:
    info = context.remotes.qbo.company_info()
    pulling_qbo.check_company(context, str(info.get("CompanyName") or ""))
    terms_service.read_company(context.company, info)
    pulling_qbo.take_settings(context, context.remotes.qbo.preferences())


def _before_first_reading(context: Context) -> None:
    """Before the very first reading the settings are read singly; later they come with the changes."""
    if "paged" not in context.run.position and not context.company.cursors.filter(side=Side.QBO, kind="").exists():
        _read_settings(context)


def _show(context: Context, percent: int, phase: str) -> None:
    context.run.progress, context.run.phase = percent, phase


def _read_billcom(context: Context, save: Save) -> bool:
    """Kind by kind. Where nothing was read nothing is saved: read again after a crash, it costs one call."""
    position, kinds, company = context.run.position, list(KINDS.values()), context.company
    cursors, unapproved = pulling_billcom.cursors(company), pulling_billcom.unapproved(company)
    kept, saved = letting_go.kept_in_billcom(company), None
    while position["kind"] < len(kinds):
        kind = kinds[position["kind"]]
        _show(context, 10 + 30 * position["kind"] // len(kinds), f"Reading BILL: {kind.plural}")
        if saved != (read := storing.read_so_far(context, Side.BILLCOM)):
            save()
            saved = read
        if kind.billcom.derived or not kind.in_use(context.terms):
            position["kind"] += 1
            continue
        along = pulling_billcom.read_along(kind, cursors, context.terms)
        earliest = min((cursors[each.name] for each in along if each.name in cursors), key=_read_to, default=None)
        if along[0] is kind and not _read_list(context, along, earliest):
            save()
            return False
        if kind.name in context.company.not_available:
            position["kind"] += 1
            continue
        pulling_billcom.refresh(context, kind, [*unapproved.get(kind.name, []), *kept.get(kind.name, [])])
        if kind.name == applying_credits.BILL:
            pulling_billcom.refresh(context, kind, applying_credits.not_gone_over(company))
        pulling_billcom.refresh_unread(context, kind)
        position["kind"] += 1
    banks.take_up(context)
    save()
    return True


def _read_list(context: Context, kinds: Sequence[Kind], cursor: Cursor | None) -> bool:
    """False: out of time."""
    try:
        finished = pulling_billcom.pull(context, kinds, cursor)
    except Rejected as error:
        if error.status != NOT_ALLOWED:
            raise
        context.run.position["lists"].pop(kinds[0].name)
        availability.lost(context, kinds, error)
        return True
    if finished:
        availability.found(context, kinds)
    return finished


def _read_to(cursor: Cursor) -> datetime:
    return cursor.read_to


def _plan_all(context: Context, save: Save) -> bool:
    """Rounds over all kinds, in dependency order, until a round changes nothing that others wait for."""
    position, kinds = context.run.position, list(KINDS.values())
    while position["round"] < MOST_PASSES:
        if not position["kind"]:
            _by_new_terms(context)
        busy = _busy(context)
        while position["kind"] < len(kinds):
            kind = kinds[position["kind"]]
            share = (position["kind"] + 1) / len(kinds)
            _show(context, 40 + int(55 * share) if not position["round"] else 96, f"Syncing {kind.plural}")
            derive = WORKED_OUT.get(kind.name)
            if derive is not None and not position.get("after") and derive(context, kind):
                busy = _busy(context)
            if kind.name in busy:
                if not _plan_kind(context, kind, save):
                    return False
                busy = _busy(context)
            position.pop("after", None)
            position["kind"] += 1
        if not position["did"]:
            break
        _try_again(context)
        letting_go.read_settled(context)
        position.update(round=position["round"] + 1, kind=0, did=0)
    return True


def _by_new_terms(context: Context) -> None:
    """Where other terms hold than when the company was planned last, what was held then is looked at again.

    Preferences say so themselves; but terms also follow from the company's sign-up day, from accounts that are active
    or not any more, and from the item that stands for unallocated income.
    """
    if _busy(context) & DECIDING:
        context.refresh_terms()
    digest = terms_service.digest(context.terms)
    if digest != context.company.planned_by:
        with transaction.atomic():
            context.confirm_lease()
            terms_service.look_again(context.company)
            Company.objects.filter(pk=context.company.pk).update(planned_by=digest)
        context.company.planned_by = digest


def _try_again(context: Context) -> None:
    """Once in a run, what was refused before something else on that side was changed or taken away: that may have freed
    the name, the credit or the bill that it was refused for.
    """
    refused = Operation.objects.filter(run=context.run, state=OperationState.REFUSED).order_by()
    if not any(name.endswith(".refused") for name in context.counts) or not refused.exists():
        return
    done = Operation.objects.filter(run=context.run, state=OperationState.DONE, verb__in=[Verb.UPDATE, Verb.RETIRE])
    latest = done.order_by().values_list("side", "kind").annotate(at=Max("finished_at"))
    made_room = {(side, kind): at for side, kind, at in latest}
    for side, name in list(refused.values_list("side", "kind").distinct()):
        last = max((at for (of, kind), at in made_room.items() if of == side and _close(kind, name)), default=None)
        if last is not None:
            own = refused.filter(side=side, kind=name).values("object")
            once = own.annotate(times=Count("pk"), at=Max("finished_at")).filter(times=1, at__lte=last)
            held = SyncedObject.objects.filter(pk__in=once.values("object"), state=ObjectState.HELD)
            held.filter(hold_code__in=REFUSED).look_again()


def _close(one: str, other: str) -> bool:
    """Whether records of these kinds can stand in each other's way: by a name, or because one refers to the other."""
    if one == other or {one, other} == {"vendor", "customer"}:
        return True
    kinds = KINDS[one], KINDS[other]
    return all(kind.transaction for kind in kinds) and (one in kinds[1].refs or other in kinds[0].refs)


def _busy(context: Context) -> set[str]:
    """Kinds with rows to look at or with writes in doubt; in most syncs these are few, and the rest costs nothing."""
    looked_at = SyncedObject.objects.filter(company=context.company, needs_look=True).order_by()
    doubtful = Operation.objects.unfinished(context.company).order_by()
    return set(looked_at.values_list("kind", flat=True).union(doubtful.values_list("kind", flat=True)))


def _plan_kind(context: Context, kind: Kind, save: Save) -> bool:
    if not context.run.let_pass and (stop := guards.retired_at_once(context.company, kind)):
        raise Stopped(stop.code, stop.what)
    if not context.run.position["round"]:
        if not recovering.adopt(context, kind):
            return False
        storing.look_again_where_unread(context, kind)
    linking.set_waiting_keys(context.company, kind)
    # The highest key now: a row that asks for another look while we go through waits for the next round.
    after, read_again = context.run.position.pop("after", 0), set[int]()
    while chunk := _next(context, kind, after):
        plan = planning.make(context.company, kind, chunk, context.terms)
        if letting_go.read_again(context, plan, read_again):
            continue
        if not planning.commit(context, plan):
            continue
        before, after = after, chunk[-1].pk
        if plan.absorbed and kind.name in kind.keyed_by:
            linking.set_waiting_keys(context.company, kind)
        context.run.position["did"] += int(plan.did_something)
        context.run.position["after"] = after
        if not Applier(context, kind, plan.rows).send(plan.operations):
            # What there was no time for comes first in the next slice, not in another round.
            context.run.position["after"] = before
        if plan.operations:
            context.run.position["pauses"] = 0  # Patience is for standing still, not for a long run.
        save()
        if context.out_of_time():
            return False
    return True


def _open_objects(context: Context) -> Q:
    open_ = Operation.objects.filter(company=context.company, state__in=OPEN_STATES, object__isnull=False)
    return Q(pk__in=open_.values("object"))


def _next(context: Context, kind: Kind, after: int) -> list[SyncedObject]:
    """The next rows to look at; those with an operation whose outcome isn't known are left alone."""
    waiting = SyncedObject.objects.to_look_at(context.company, kind.name).exclude(_open_objects(context))
    return list(waiting.filter(pk__gt=after).select_related("excluded_by").order_by("pk")[: rows.CHUNK])
