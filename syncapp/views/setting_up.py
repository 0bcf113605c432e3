"""The set-up's own pages: first import, bank accounts, the account for uncategorized expenses."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from syncapp.models import Company, GLMapping, GLRole, RunScope, SetupStep
from syncapp.services import clearing, setup
from syncapp.services.errors import NotAvailable, ServiceError
from syncapp.views.access import SignedIn, works_on_company
from syncapp.views.forms import AccountField, AccountsForm, account_options
from syncapp.views.pages import render_page
from syncapp.views.syncing import hand_to_worker, live

TWICE = (
    "Two bank accounts in BILL now post to the same GL account. If that is not what you want, go back to "
    "Match bank accounts: each usually has an account of its own."
)


@never_cache
@works_on_company
def import_accounts(request: SignedIn, company: Company) -> HttpResponse:
    """The first import: starts, shows how far it is, and ends in the button Set Up."""
    if request.method == "POST":
        try:
            hand_to_worker(setup.start_import(company, request.user, now=timezone.now()))
        except ServiceError as error:
            messages.error(request, str(error))
        return redirect("syncapp:import", company.pk)
    run = company.runs.filter(scope=RunScope.ACCOUNTS).first()
    return render_page(
        request,
        "import.html",
        "Import the chart of accounts",
        company=company,
        run=run,
        now=live(run) if run else None,
        steps=setup.steps(company),
        accounts=company.objects_synced.filter(kind="account", qbo_id__isnull=False).count(),
    )


@works_on_company
def map_banks(request: SignedIn, company: Company) -> HttpResponse:
    """Each bank account in BILL, and the GL account that stands for it."""
    mappings, not_shown = list[GLMapping](), ""
    try:
        mappings = setup.bank_mappings(company, now=timezone.now())
    except NotAvailable as error:
        not_shown = error.message
    except ServiceError as error:
        return _page(request, company, "map_banks.html", "Match bank accounts", None, refused=str(error))
    form = _bank_form(request, company, mappings)
    if request.method == "POST" and form.is_valid():
        try:
            setup.save_bank_mappings(company, form.chosen(), now=timezone.now())
        except ServiceError as error:
            form.add_error(None, str(error))
        else:
            if len(set(form.chosen().values())) < len(form.chosen()):
                messages.warning(request, TWICE)
            return redirect("syncapp:uncategorized", company.pk)
    return _page(request, company, "map_banks.html", "Match bank accounts", form, not_shown=not_shown)


def _bank_form(request: SignedIn, company: Company, mappings: list[GLMapping]) -> AccountsForm:
    form = AccountsForm(request.POST if request.method == "POST" else None)
    options = account_options(setup.account_choices(company, GLRole.BANK_ACCOUNT))
    for mapping in mappings:
        label = f"{GLRole.BANK_ACCOUNT.label} {mapping.label}"
        field = AccountField(options, "Choose an account", label, initial=mapping.account_id)
        form.add(mapping.pk, f"bank_{mapping.pk}", field)
    return form


@works_on_company
def uncategorized(request: SignedIn, company: Company) -> HttpResponse:
    """Where bills without an account post to."""
    proposal = setup.propose_uncategorized(company)
    options = account_options(setup.account_choices(company, GLRole.UNALLOCATED_EXPENSE))
    form = AccountsForm(request.POST if request.method == "POST" else None)
    label, initial = "GL account for uncategorized expenses", proposal.pk if proposal else None
    form.add("account", "account", AccountField(options, "Choose an account", label, initial=initial))
    if request.method == "POST" and form.is_valid():
        try:
            setup.save_uncategorized(company, form.cleaned_data["account"], now=timezone.now())
        except ServiceError as error:
            form.add_error(None, str(error))
        else:
            return redirect("syncapp:first-sync", company.pk)
    return _page(request, company, "uncategorized.html", "Account for uncategorized expenses", form)


@require_POST
@works_on_company
def make_clearing(request: SignedIn, company: Company) -> HttpResponse:
    """Make an account in QuickBooks that payments through BILL pass, and choose it."""
    asked = request.POST.get("role", "")
    try:
        if asked not in clearing.NAMES:
            raise ServiceError("Choose which clearing account to make.")
        role = GLRole(asked)
        account = clearing.make_account(company, request.user, role, now=timezone.now())
    except ServiceError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{account} is in QuickBooks Online and chosen as the {role.label}.")
    done = company.setup_step == SetupStep.DONE
    return redirect("syncapp:preferences" if done else "syncapp:first-sync", company.pk)


def _page(
    request: SignedIn, company: Company, template: str, title: str, form: AccountsForm | None, **more: Any
) -> HttpResponse:
    steps = setup.steps(company)
    return render_page(request, template, title, company=company, form=form, steps=steps, **more)
