"""Sync preferences and Accounting preferences: view, Edit, Save."""

from __future__ import annotations

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from syncapp.models import Company, SetupStep
from syncapp.services import account_changes, clearing
from syncapp.services import preferences as service
from syncapp.services.errors import ServiceError
from syncapp.services.impact import impact
from syncapp.views.access import SignedIn, looks_at_company, works_on_company
from syncapp.views.pages import render_page, stored_accounting, stored_preferences
from syncapp.views.preference_forms import (
    AccountingPreferencesForm,
    ConfirmationForm,
    SyncPreferencesForm,
    values_of,
)

SYNC = "Sync preferences"
ACCOUNTING = "Accounting preferences"


@looks_at_company
def preferences(request: SignedIn, company: Company) -> HttpResponse:
    form = SyncPreferencesForm(company, stored_preferences(company))
    values = values_of(form)
    offered = clearing.not_chosen(company) if company.setup_step == SetupStep.DONE else []
    return render_page(
        request, "preferences.html", SYNC, company=company, values=values, editing=False, clearing_to_make=offered
    )


@works_on_company
def edit_preferences(request: SignedIn, company: Company) -> HttpResponse:
    """Save; where something irreversible is turned on, first a page on which its name is typed."""
    posted = request.POST if request.method == "POST" else None
    form = SyncPreferencesForm(company, stored_preferences(company), posted)
    if posted is not None and form.is_valid():
        confirmation = _confirmation(request, form)
        if "back" in posted:
            # What was entered stays; so does the tick, which the person may now take out.
            return render_page(request, "preferences.html", SYNC, company=company, form=form, editing=True)
        if confirmation is not None and not confirmation.is_valid():
            return _ask(request, company, form, confirmation)
        # Before they are saved: after that nobody knows what was chosen before.
        moved = account_changes.changes(company, form.accounts())
        if _saved(request, company, form):
            messages.success(request, "Sync preferences are saved. They count from the next sync on.")
            for change in moved:
                messages.warning(request, change.words)
            return redirect("syncapp:preferences", company.pk)
    return render_page(request, "preferences.html", SYNC, company=company, form=form, editing=True)


def _confirmation(request: SignedIn, form: SyncPreferencesForm) -> ConfirmationForm | None:
    labels = {name: str(form.fields[name].label) for name in form.switched_on_for_good()}
    if not labels:
        return None
    # On the way here from the edit page nothing is typed yet, and nothing is wrong yet.
    return ConfirmationForm(labels, request.POST if "confirming" in request.POST else None)


def _ask(
    request: SignedIn, company: Company, form: SyncPreferencesForm, confirmation: ConfirmationForm
) -> HttpResponse:
    notes = [form[name] for name in confirmation.labels]
    return render_page(
        request,
        "preferences_confirm.html",
        "Turn on for good?",
        company=company,
        form=form,
        confirmation=confirmation,
        notes=notes,
        impact=impact(company, list(confirmation.labels)),
    )


def _saved(request: SignedIn, company: Company, form: SyncPreferencesForm) -> bool:
    try:
        service.save_sync_preferences(company, request.user, form.changes(), form.accounts(), now=timezone.now())
    except ServiceError as error:
        form.add_error(None, str(error))
        return False
    return True


@looks_at_company
def accounting_preferences(request: SignedIn, company: Company) -> HttpResponse:
    return _accounting_page(request, company, AccountingPreferencesForm(stored_accounting(company)), editing=False)


@works_on_company
def edit_accounting_preferences(request: SignedIn, company: Company) -> HttpResponse:
    form = AccountingPreferencesForm(stored_accounting(company), request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            service.save_accounting_preferences(company, request.user, form.switches(), now=timezone.now())
        except ServiceError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Accounting preferences are saved. Select Sync and Sync Now to run another sync.")
            return redirect("syncapp:accounting-preferences", company.pk)
    return _accounting_page(request, company, form, editing=True)


def _accounting_page(request: SignedIn, company: Company, form: Form, *, editing: bool) -> HttpResponse:
    return render_page(
        request,
        "accounting_preferences.html",
        ACCOUNTING,
        company=company,
        form=form,
        values=values_of(form),
        editing=editing,
        stored=stored_accounting(company),
    )
