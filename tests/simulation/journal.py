"""Whether a write that is about to be sent stands in the journal, as committed before it; and what was carried out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from syncapp.core.sides import Side
from syncapp.gateways import http
from syncapp.gateways.http import Call
from syncapp.models import OPEN_STATES, Company, Operation, Verb
from syncapp.sandbox.http import Response

_ENDINGS = {"archive": Verb.RETIRE, "void": Verb.RETIRE, "restore": Verb.RESTORE}


def unjournalled(company: Company, call: Call) -> str:
    """What is missing; empty where all is well."""
    return _qbo(company, call) if call.side is Side.QBO else _billcom(company, call)


def _qbo(company: Company, call: Call) -> str:
    request_id = call.params.get("requestid", "")
    known = Operation.objects.filter(company=company, side=Side.QBO, request_id=request_id)
    if not request_id:
        return f"a write to QuickBooks goes out without a request id: {urlsplit(call.url).path}"
    if not call.url.endswith("/batch"):
        return "" if known.exists() else f"no operation has the request id {request_id}"
    items = {each["bId"] for each in json.loads(call.body)["BatchItemRequest"]}
    missing = items - set(known.values_list("item_id", flat=True))
    return f"no operation stands for the items {sorted(missing)} of a batch" if missing else ""


def _billcom(company: Company, call: Call) -> str:
    open_ = Operation.objects.filter(company=company, side=Side.BILLCOM, state__in=OPEN_STATES)
    parts = urlsplit(call.url).path.split("/v3/")[1].split("/")
    body = http.decode(call.body) if call.body else None
    if parts[-1] in _ENDINGS:
        found = open_.filter(verb=_ENDINGS[parts[-1]], object__billcom_id=parts[-2])
        return "" if found.exists() else f"no open operation stands for {'/'.join(parts)}"
    if call.method in ("PATCH", "PUT"):
        found = open_.filter(verb=Verb.UPDATE, object__billcom_id=parts[-1])
        return "" if found.exists() else f"no open operation stands for {call.method} {'/'.join(parts)}"
    planned = [_plain(each.payload) for each in open_.filter(verb=Verb.CREATE)]
    for each in body if isinstance(body, list) else [body]:
        if _plain(each) not in planned:
            return f"no open operation has what is sent to {'/'.join(parts)}"
        planned.remove(_plain(each))
    return ""


def carried_out(company: Company, call: Call, response: Response) -> Iterator[UUID]:
    """The operations that this call did at the product, by what it answered before anything happened to the answer."""
    if response.status >= 300:
        return
    told = json.loads(response.body) if response.body else {}
    if call.side is Side.QBO:
        yield from _done_at_qbo(company, call, told)
    else:
        yield from _done_at_billcom(company, call, told)


def _done_at_qbo(company: Company, call: Call, told: Any) -> Iterator[UUID]:
    known = Operation.objects.filter(company=company, side=Side.QBO, request_id=call.params.get("requestid", ""))
    if not call.url.endswith("/batch"):
        yield from () if "Fault" in told else known.values_list("pk", flat=True)
        return
    done = [each["bId"] for each in told.get("BatchItemResponse", []) if "Fault" not in each]
    yield from known.filter(item_id__in=done).values_list("pk", flat=True)


def _done_at_billcom(company: Company, call: Call, told: Any) -> Iterator[UUID]:
    open_ = Operation.objects.filter(company=company, side=Side.BILLCOM, state__in=OPEN_STATES)
    parts = urlsplit(call.url).path.split("/v3/")[1].split("/")
    verb = _ENDINGS.get(parts[-1]) or (Verb.UPDATE if call.method in ("PATCH", "PUT") else None)
    if verb is not None:
        remote_id = parts[-1] if verb is Verb.UPDATE else parts[-2]
        yield from open_.filter(verb=verb, object__billcom_id=remote_id).values_list("pk", flat=True)
        return
    sent = http.decode(call.body)
    wanted = [_plain(each) for each in (sent if isinstance(sent, list) else [sent])]
    for each in open_.filter(verb=Verb.CREATE).order_by("planned_at", "pk"):
        if (payload := _plain(each.payload)) in wanted:
            wanted.remove(payload)
            yield each.pk


def _plain(value: Any) -> Any:
    """Numbers by their worth: 10 and 10.00 are one."""
    return json.loads(http.encode(value)) if value is not None else None
