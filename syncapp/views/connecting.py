"""Letting Tieout in, on both sides, and out again."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from syncapp.core.sides import Side
from syncapp.models import Company, Connection, ConnectionState, SetupStep
from syncapp.services import connections, setup
from syncapp.services.errors import ServiceError
from syncapp.views.access import SignedIn, works_on_company
from syncapp.views.forms import ConnectBillcomForm
from syncapp.views.pages import render_page
from syncapp.views.syncing import hand_to_worker


@never_cache
@sensitive_post_parameters()
@works_on_company
def connect_billcom(request: SignedIn, company: Company) -> HttpResponse:
    form = ConnectBillcomForm(request.POST or None, key_needed=not settings.BILLCOM_DEVELOPER_KEY)
    if request.method == "POST" and form.is_valid():
        try:
            connection = connections.connect_billcom(company, request.user, **form.arguments(), now=timezone.now())
        except ServiceError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"BILL is connected: {connection.remote_name or connection.remote_id}.")
            return _back(connection.company)
    connection = company.connection(Side.BILLCOM)
    return render_page(request, "connect_bill.html", "Connect BILL", company=company, form=form, connection=connection)


@never_cache
@works_on_company
def connect_quickbooks(request: SignedIn, company: Company) -> HttpResponse:
    """The page with the button; pressing it leads to Intuit's own sign-in."""
    refused = ""
    if request.method == "POST":
        try:
            url = connections.start_qbo(company, request.user, redirect_uri=callback_url(), now=timezone.now())
        except ServiceError as error:
            refused = str(error)
        else:
            return HttpResponseRedirect(url)
    return render_page(
        request,
        "connect_quickbooks.html",
        "Connect to QuickBooks",
        company=company,
        refused=refused,
        connection=company.connection(Side.QBO),
    )


def callback_url() -> str:
    """Registered with Intuit, so it comes from the settings and not from the request's Host."""
    return f"{settings.PUBLIC_URL}{reverse('syncapp:quickbooks-callback')}"


@never_cache
@login_required
def quickbooks_callback(request: SignedIn) -> HttpResponse:
    """Intuit sends the browser back here. The state in the address says for whom and for which company."""
    state, company = request.GET.get("state", ""), None
    try:
        company = connections.company_of_state(request.user, state)
        if error := request.GET.get("error", ""):
            return _refused(request, company, connections.qbo_denied(request.user, state=state, error=error))
        connection = connections.finish_qbo(
            request.user,
            state=state,
            code=request.GET.get("code", ""),
            realm_id=request.GET.get("realmId", ""),
            redirect_uri=callback_url(),
            now=timezone.now(),
        )
    except ServiceError as error:
        return _refused(request, company, str(error))
    return _go_on(request, connection)


def _go_on(request: SignedIn, connection: Connection) -> HttpResponse:
    """On to the first import, which starts by itself; after a reconnect, back to where one was."""
    company = connection.company
    company.refresh_from_db()
    messages.success(request, f"QuickBooks Online is connected: {connection.remote_name or connection.remote_id}.")
    if company.setup_step != SetupStep.IMPORT_ACCOUNTS:
        return _back(company)
    try:
        hand_to_worker(setup.start_import(company, request.user, now=timezone.now()))
    except ServiceError as error:
        messages.error(request, str(error))
    return redirect("syncapp:import", company.pk)


def _back(company: Company) -> HttpResponse:
    """To where the person came from: the set-up, or, when it is behind them, Settings."""
    done = company.setup_step == SetupStep.DONE
    return redirect("syncapp:settings" if done else "syncapp:get-started", company.pk)


def _refused(request: SignedIn, company: Company | None, why: str) -> HttpResponse:
    return render_page(request, "quickbooks_refused.html", "QuickBooks is not connected", company=company, why=why)


@works_on_company
def disconnect(request: SignedIn, company: Company, side: str) -> HttpResponse:
    """A page that says what stops, and the button that does it."""
    live = company.connections.exclude(state=ConnectionState.DISCONNECTED)
    connection = get_object_or_404(live, side=side)
    refused = ""
    if request.method == "POST":
        try:
            connections.disconnect(connection, request.user, now=timezone.now())
        except ServiceError as error:
            refused = str(error)
        else:
            messages.success(request, f"{connection.get_side_display()} is disconnected.")
            return redirect("syncapp:settings", company.pk)
    title = f"Disconnect {connection.get_side_display()}"
    return render_page(request, "disconnect.html", title, company=company, connection=connection, refused=refused)
