"""The Get Started page, and Settings: where the guide's steps begin and where it says to go afterwards."""

from __future__ import annotations

from django.http import HttpResponse

from syncapp.core.sides import Side
from syncapp.models import Company, SetupStep
from syncapp.services import setup
from syncapp.views.access import SignedIn, looks_at_company
from syncapp.views.pages import render_page


@looks_at_company
def get_started(request: SignedIn, company: Company) -> HttpResponse:
    """BILL is connected first; everything after it is the guide's step "Sync accounting software"."""
    first, *rest = setup.steps(company)
    current = next((step for step in rest if step.current), None)
    return render_page(
        request,
        "get_started.html",
        "Get Started",
        company=company,
        billcom_step=first,
        sync_steps=rest,
        sync_current=current,
        sync_url=f"syncapp:{current.url_name}" if current else "",
        sync_done=all(step.done for step in rest),
    )


@looks_at_company
def settings_page(request: SignedIn, company: Company) -> HttpResponse:
    connections = [(side, company.connection(side)) for side in Side]
    return render_page(
        request,
        "settings.html",
        "Settings",
        company=company,
        connections=connections,
        set_up=company.setup_step == SetupStep.DONE,
    )
