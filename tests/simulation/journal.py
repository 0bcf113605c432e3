"""Whether a write that is about to be sent stands in the journal, as committed before it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from syncapp.core.sides import Side
from syncapp.gateways import http
from syncapp.gateways.http import Call
from syncapp.models import OPEN_STATES, Company, Operation, Verb

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


def _plain(value: Any) -> Any:
    """Numbers by their worth: 10 and 10.00 are one."""
    return json.loads(http.encode(value)) if value is not None else None
