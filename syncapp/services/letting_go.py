"""What a product shows of a vendor, a customer or an account at the moment before it is taken away there.

What is stored may be older: BILL tells no change of a balance. So nothing is made inactive by it alone.
"""

from __future__ import annotations

from collections import defaultdict

from syncapp.core.holds import HoldCode
from syncapp.core.records import Decision, WriteVerb
from syncapp.core.sides import Side
from syncapp.kinds import KINDS
from syncapp.kinds._shared import STAYS_THERE
from syncapp.models import Company, SyncedObject
from syncapp.services import pulling_billcom, pulling_qbo
from syncapp.services.context import Context
from syncapp.services.planning import ChunkPlan

PAYMENTS, UNDOING = ("bill_payment", "receivable_payment"), (WriteVerb.RETIRE, WriteVerb.UPDATE)
SETTLED = ("bill", "vendor_credit", "invoice", "credit_memo")
READ = {Side.QBO: pulling_qbo.refresh, Side.BILLCOM: pulling_billcom.refresh}


def read_again(context: Context, plan: ChunkPlan, done: set[int]) -> bool:
    """Read those once more that the plan takes away, or keeps by what is stored. True: some were read, so plan anew.

    ``done``: those that have been read; it grows. A plan that takes nothing away costs no call.
    """
    if plan.kind.keeps is None:
        return False
    wanted: dict[Side, list[str]] = defaultdict(list)
    for key, decision in plan.decisions.items():
        side = _taken_away_on(decision)
        if side is not None and key not in done:
            wanted[side].append(plan.rows[key].remote_id(side) or "")
            done.add(key)
    for side, ids in wanted.items():
        READ[side](context, plan.kind, ids)
    return bool(wanted)


def _taken_away_on(decision: Decision) -> Side | None:
    hold = decision.hold
    if hold is not None and hold.code is HoldCode.REJECTED and hold.facts.get("code") == STAYS_THERE:
        return next(side for side in Side if side.label == hold.facts["side"])
    return next((write.side for write in decision.writes if write.verb is WriteVerb.RETIRE), None)


def read_settled(context: Context) -> None:
    """What stays in QuickBooks because something settles it there may go, once that was taken away in this run."""
    if not any(f"{kind}.{verb}.{Side.QBO}" in context.counts for kind in PAYMENTS for verb in UNDOING):
        return
    held = SyncedObject.objects.filter(company=context.company, hold_code=HoldCode.REJECTED, excluded=False)
    ids: dict[str, list[str]] = defaultdict(list)
    of_kind = held.filter(kind__in=SETTLED, qbo_id__isnull=False).order_by("kind", "pk")
    for kind, qbo_id, facts in of_kind.values_list("kind", "qbo_id", "hold_facts"):
        if facts.get("code") == STAYS_THERE:
            ids[kind].append(str(qbo_id))
    for kind, there in ids.items():
        pulling_qbo.refresh(context, KINDS[kind], there)


def kept_in_billcom(company: Company) -> dict[str, list[str]]:
    """Those that BILL keeps because something is open on them, by kind: it doesn't tell when that is settled."""
    kinds = [kind.name for kind in KINDS.values() if kind.keeps is not None and "balance" in kind.fields]
    held = SyncedObject.objects.filter(company=company, kind__in=kinds, hold_code=HoldCode.REJECTED, excluded=False)
    found: dict[str, list[str]] = defaultdict(list)
    for kind, remote_id, facts in held.order_by("kind", "pk").values_list("kind", "billcom_id", "hold_facts"):
        ours = facts.get("code") == STAYS_THERE and facts.get("side") == Side.BILLCOM.label
        if ours and remote_id:
            found[kind].append(remote_id)
    return found
