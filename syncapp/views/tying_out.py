"""Do both sides show the same? The comparison is read live, when somebody asks for it."""

from __future__ import annotations

import csv
from collections import defaultdict

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from syncapp.models import Company, SetupStep
from syncapp.services import tie_out
from syncapp.services.errors import ServiceError
from syncapp.services.tie_out import Explanation, TieOut, TieOutRow
from syncapp.views.access import SignedIn, looks_at_company
from syncapp.views.pages import render_page

HEAD = ("Vendor", "Open in BILL", "Open in QuickBooks Online", "Explained by held records", "Unexplained")


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
        vendors=_with_records(found) if found else [],
        ready=company.setup_step in (SetupStep.FIRST_SYNC, SetupStep.DONE),
    )


def _with_records(found: TieOut) -> list[tuple[TieOutRow, list[tuple[str, Explanation]]]]:
    """Each vendor's row, with the held records behind its difference and their addresses."""
    held = defaultdict(list)
    for each in found.held:
        held[each.vendor].append((reverse("admin:syncapp_syncedobject_change", args=[each.pk]), each))
    return [(row, held[row.vendor]) for row in found.rows]


def _download(company: Company, found: TieOut) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="tie-out-{company.pk}-{found.at:%Y-%m-%d}.csv"'
    out = csv.writer(response)
    out.writerow(HEAD)
    for row in found.rows:
        # A name that begins as a formula does would be one in a spreadsheet.
        name = f"'{row.vendor}" if row.vendor[:1] in ("=", "+", "-", "@") else row.vendor
        out.writerow([name, row.billcom_open, row.qbo_open, row.explained, row.difference])
    out.writerow(["Total", found.billcom_open, found.qbo_open, found.explained, found.difference])
    return response
