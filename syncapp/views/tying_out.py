"""Do both sides show the same? The comparison is read live, when somebody asks for it."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from syncapp.core.sheets import safe_cell
from syncapp.models import Company, SetupStep
from syncapp.services import tie_out
from syncapp.services.errors import ServiceError
from syncapp.services.tie_out import Compared, Explanation, TieOut, TieOutRow
from syncapp.views.access import SignedIn, looks_at_company
from syncapp.views.pages import render_page

HEAD = (
    "Open in BILL", "Open in QuickBooks Online", "Explained (BILL less QuickBooks)", "Unexplained",
    "By these held records",
)  # fmt: skip


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@looks_at_company
def tie_out_page(request: SignedIn, company: Company) -> HttpResponse:
    """Asked by POST, because it costs calls to both products; it writes nothing, so whoever may look may ask."""
    found, error = None, ""
    if request.method == "POST":
        try:
            found = tie_out.tie_out(company, now=timezone.now())
        except ServiceError as refused:
            error = refused.message
    if found is not None and request.POST.get("as") == "csv":
        return _download(company, found)
    return render_page(
        request,
        "tie_out.html",
        "Tie-out",
        company=company,
        found=found,
        error=error,
        compared=[(each, _with_records(each)) for each in found.both] if found else [],
        ready=company.setup_step in (SetupStep.FIRST_SYNC, SetupStep.DONE),
    )


def _with_records(found: Compared) -> list[tuple[TieOutRow, list[tuple[str, Explanation]]]]:
    """Each vendor's or customer's row, with the held records behind its difference and their addresses."""
    held = defaultdict(list)
    for each in found.held:
        held[each.party].append((reverse("admin:syncapp_syncedobject_change", args=[each.pk]), each))
    return [(row, held[row.party]) for row in found.rows]


def _download(company: Company, found: TieOut) -> HttpResponse:
    """A sheet that can be filed as it is: company, time, the totals bridged one by one, clearing, the banks."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"tie-out-{slugify(company.name) or company.pk}-{found.at:%Y-%m-%d}"
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    out = csv.writer(response)
    for line in _sheet(company, found):
        out.writerow([safe_cell(cell) for cell in line])
    return response


def _sheet(company: Company, found: TieOut) -> Iterator[tuple[Any, ...]]:
    yield "Company", company.name
    yield "Read from both sides (UTC)", f"{found.at:%Y-%m-%d %H:%M}"
    yield "Result", found.verdict
    for each in found.both:
        yield ()
        yield from each.bridge
        yield ()
        yield from _table(each)
    for cleared in found.clearing.values():
        yield ()
        yield cleared.account, "balance", cleared.balance
        for paid in cleared.payments:
            yield paid.label, paid.party, paid.amount, f"{paid.date:%Y-%m-%d}" if paid.date else "", paid.why
        yield "Unexplained", "", cleared.unexplained
    if found.banks:
        yield ()
        yield "Account in QuickBooks Online", "Bank account in BILL", "Balance"
        yield from ((each.account, each.banks, each.balance) for each in found.banks)


def _table(found: Compared) -> Iterator[tuple[Any, ...]]:
    yield found.account.party.capitalize(), *HEAD
    for row, records in _with_records(found):
        held = "; ".join(f"{each.label} {each.amount} ({each.reason.lower()})" for _, each in records)
        yield row.party, row.billcom_open, row.qbo_open, row.explained, row.difference, held
    yield "Total", found.billcom_open, found.qbo_open, found.explained, found.difference
