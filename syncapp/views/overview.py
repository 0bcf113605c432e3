"""The sync overview: both products and every kind, with the arrows of this company as it stands now."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse

from syncapp.models import Company
from syncapp.services import overview, terms
from syncapp.services.overview import KindFlow
from syncapp.views.access import SignedIn, looks_at_company
from syncapp.views.pages import render_page

# Pixels of the picture.
FIRST_ROW, ROW, BOX = 48, 44, 32


@dataclass(frozen=True)
class Row:
    """One kind in the picture, and where its box and its two arrows stand."""

    flow: KindFlow
    top: int

    @property
    def words(self) -> int:
        return self.top + BOX // 2 + 5

    @property
    def upper(self) -> int:
        return self.top + BOX // 2 - 6

    @property
    def lower(self) -> int:
        return self.top + BOX // 2 + 6


@looks_at_company
def overview_page(request: SignedIn, company: Company) -> HttpResponse:
    now = terms.load(company)
    rows = [Row(flow, FIRST_ROW + number * ROW) for number, flow in enumerate(overview.flows(now))]
    return render_page(
        request,
        "overview.html",
        "Sync overview",
        company=company,
        rows=rows,
        height=FIRST_ROW + len(rows) * ROW,
        conditions=overview.conditions(now),
        under_console=company.firm_id is not None,
    )
