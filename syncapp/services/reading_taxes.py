"""Read QuickBooks' tax codes with what their rates come to: by one metered call, and only when it is of use.

Change data capture tells of neither. Reference: Intuit docs, change data capture.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from syncapp.core.codec import dig, number
from syncapp.core.schema import ZERO, Kind, Raw
from syncapp.core.sides import Side
from syncapp.gateways.qbo import Page
from syncapp.kinds import KINDS
from syncapp.kinds.sales_tax import DETAILS, RATES
from syncapp.models import Cursor, SyncedObject, Trigger
from syncapp.services import storing
from syncapp.services.context import Context

AT_LEAST_EVERY = timedelta(days=7)
PAGE = 1000
ORDER = "Id"
NO_TAX = '"sales_tax":""'


def pull(context: Context) -> None:
    """Read the codes, where a person asked for this sync, what was sold names one, or the last reading is old."""
    kind = KINDS["sales_tax"]
    if not context.terms.sales_tax or not _is_due(context, kind):
        return
    began = context.clock()
    wanted = {"TaxCode": "Active IN (true,false)", "TaxRate": "Active IN (true,false)"}
    found: dict[str, list[Raw]] = {entity: [] for entity in wanted}
    start = 1
    while wanted:
        pages = [Page(entity, start, PAGE, where, ORDER) for entity, where in wanted.items()]
        for page, records in context.remotes.qbo.query_pages(pages):
            found[page.entity] += records
            if len(records) < PAGE:
                del wanted[page.entity]
        start += PAGE
    storing.store_page(context, kind, Side.QBO, _with_rates(found["TaxCode"], found["TaxRate"]))
    storing.move_cursor(context, Side.QBO, kind.name, began)


def _is_due(context: Context, kind: Kind) -> bool:
    if context.run.trigger in (Trigger.PERSON, Trigger.COMMAND):
        return True
    cursor = Cursor.objects.filter(company=context.company, side=Side.QBO, kind=kind.name).first()
    if cursor is None or context.clock() - cursor.read_to >= AT_LEAST_EVERY:
        return True
    return _sold_with_tax(context)


def _sold_with_tax(context: Context) -> bool:
    """Whether something waits to be looked at that names a tax code."""
    kinds = [each.name for each in KINDS.values() if "sales_tax" in each.refs]
    waiting = SyncedObject.objects.filter(company=context.company, kind__in=kinds, needs_look=True)
    shown = waiting.filter(qbo_id__isnull=False).annotate(shown=Cast("qbo_values", TextField()))
    return shown.filter(Q(shown__contains='"sales_tax":') & ~Q(shown__contains=NO_TAX)).exists()


def _with_rates(codes: list[Raw], rates: list[Raw]) -> Iterator[Raw]:
    """Each code with the percentage that its rates for sales come to."""
    values = {str(each.get("Id")): number(each.get("RateValue")) or ZERO for each in rates}
    for code in codes:
        details = dig(code, (RATES, DETAILS)) or []
        named = [str(dig(each, ("TaxRateRef", "value"))) for each in details if isinstance(each, dict)]
        yield {**code, "RateValue": sum((values.get(each, ZERO) for each in named), Decimal(0))}
