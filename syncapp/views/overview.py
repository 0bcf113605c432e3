"""The sync overview: both products and every kind, with the arrows of this company as it stands now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.http import HttpResponse

from syncapp.core.schema import Terms
from syncapp.core.sides import Cohort
from syncapp.models import Company
from syncapp.services import overview, terms
from syncapp.services.overview import Line
from syncapp.views.access import SignedIn, looks_at_company
from syncapp.views.pages import render_page

# Pixels of the picture.
FIRST_ROW, ROW, BOX = 48, 44, 32
# Reference: spec, set-up guide, sync overview: its two pictures.
COHORTS: Mapping[Cohort, str] = {
    Cohort.A: "Accounts under accountant consoles or signed up before 9/15/17",
    Cohort.B: "Accounts signed up after 9/15/17 not created under an accountant console",
}


@dataclass(frozen=True)
class Row:
    """One line in the picture, and where its box and its two arrows stand."""

    line: Line
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
    """``?cohort=A`` or ``B``: the same preferences, as they would count in the other cohort."""
    own = terms.load(company)
    shown = _as_asked(own, request.GET.get("cohort", ""))
    rows = [Row(line, FIRST_ROW + number * ROW) for number, line in enumerate(overview.lines(shown))]
    return render_page(
        request,
        "overview.html",
        "Sync overview",
        company=company,
        rows=rows,
        height=FIRST_ROW + len(rows) * ROW,
        conditions=overview.conditions(shown),
        cohort=COHORTS[shown.cohort],
        is_own=shown.cohort is own.cohort,
        other=COHORTS[_other(shown.cohort)],
        other_cohort=_other(shown.cohort).value,
    )


def _other(cohort: Cohort) -> Cohort:
    return Cohort.B if cohort is Cohort.A else Cohort.A


def _as_asked(own: Terms, asked: str) -> Terms:
    """In the other cohort 2-way AP payments are as they are there from the start."""
    if asked not in set(Cohort) or asked == own.cohort:
        return own
    return replace(own, cohort=Cohort(asked), two_way_payments=Cohort(asked) is Cohort.B)
