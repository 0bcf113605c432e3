"""Starting a sync, watching it, and what came of it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from syncapp import tasks
from syncapp.models import Company, RunScope, RunState, SetupStep, SyncRun, Trigger
from syncapp.services import clearing, preferences, runs, setup
from syncapp.services.errors import ServiceError
from syncapp.views.access import SignedIn, looks_at_company, works_on_company
from syncapp.views.forms import FirstSyncForm
from syncapp.views.pages import render_page, stored_preferences
from syncapp.views.results import summary

SHOWN_RUNS = 10
# A run waits this long at most for a free worker; after it, most likely none is running.
PATIENCE = timedelta(minutes=1)


def hand_to_worker(run: SyncRun) -> None:
    """Once the run's row is there for other processes to see."""
    transaction.on_commit(partial(tasks.enqueue, run))


@looks_at_company
def sync_page(request: SignedIn, company: Company) -> HttpResponse:
    """The guide's Sync: the Sync Now button, and how the last ones went."""
    latest = list(company.runs.filter(scope=RunScope.FULL).select_related("started_by")[:SHOWN_RUNS])
    active = next((run for run in latest if run.active), None)
    ready = company.setup_step == SetupStep.DONE
    return render_page(
        request,
        "sync.html",
        "Sync",
        company=company,
        latest=latest,
        active=active,
        ready=ready,
        automatic=stored_preferences(company).sync_automatically,
    )


@require_POST
@works_on_company
def sync_now(request: SignedIn, company: Company) -> HttpResponse:
    try:
        run = runs.request_run(company, trigger=Trigger.PERSON, user=request.user, now=timezone.now())
    except ServiceError as error:
        messages.error(request, str(error))
        return redirect("syncapp:sync", company.pk)
    hand_to_worker(run)
    return redirect("syncapp:progress", company.pk, run.pk)


@require_POST
@works_on_company
def read_both_sides(request: SignedIn, company: Company) -> HttpResponse:
    """Read what both sides show now and write nothing, so that the preview misses nothing."""
    try:
        run = runs.request_run(
            company, trigger=Trigger.PERSON, user=request.user, scope=RunScope.READ, now=timezone.now()
        )
    except ServiceError as error:
        messages.error(request, str(error))
        return redirect("syncapp:preview", company.pk)
    hand_to_worker(run)
    return redirect("syncapp:progress", company.pk, run.pk)


@works_on_company
def first_sync(request: SignedIn, company: Company) -> HttpResponse:
    """The last step of the set-up: who is master, and Sync now."""
    form = FirstSyncForm(request.POST or None, initial={"master": stored_preferences(company).master})
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            preferences.save_sync_preferences(company, request.user, form.cleaned_data, {}, now=now)
            run = setup.start_first_sync(company, request.user, now=now)
        except ServiceError as error:
            form.add_error(None, str(error))
        else:
            hand_to_worker(run)
            return redirect("syncapp:progress", company.pk, run.pk)
    steps = setup.steps(company)
    offered = clearing.not_chosen(company)
    return render_page(
        request, "first_sync.html", "First full sync", company=company, form=form, steps=steps, clearing_to_make=offered
    )


@never_cache
@looks_at_company
def progress(request: SignedIn, company: Company, run: int | None = None) -> HttpResponse:
    """The run while it goes on; its result once it is over."""
    found = _run(company, run)
    if not found.active:
        return redirect(_after(found))
    title = str(found.get_scope_display())
    return render_page(request, "progress.html", title, company=company, run=found, now=live(found))


@never_cache
@require_safe
@looks_at_company
def progress_json(request: SignedIn, company: Company, run: int) -> HttpResponseBase:
    found = _run(company, run)
    return JsonResponse({**live(found), "next": _after(found)})


def live(run: SyncRun) -> dict[str, Any]:
    """How far the run is, with a word about it where it stands still."""
    return {**runs.progress(run), "notice": run.message or _standstill(run)}


def _standstill(run: SyncRun) -> str:
    if run.state == RunState.WAITING and timezone.now() - run.created_at > PATIENCE:
        return "No worker has taken it up yet. If this stays so, ask whoever runs this installation to start one."
    if run.active and run.not_before is not None:
        return f"It goes on by itself at {run.not_before:%H:%M} (UTC)."
    return ""


@looks_at_company
def result(request: SignedIn, company: Company, run: int | None = None) -> HttpResponse:
    """What was written each way, what is held and why, which conflicts there were, and what comes next."""
    found = _run(company, run)
    if found.active:
        return redirect("syncapp:progress", company.pk, found.pk)
    return render_page(
        request, "result.html", _headline(found), company=company, run=found, **summary(company, found, request.user)
    )


@require_POST
@works_on_company
def let_pass(request: SignedIn, company: Company, run: int) -> HttpResponse:
    """A person has looked at what a guard stopped, and says that it is right."""
    stopped = _run(company, run)
    try:
        fresh = runs.let_pass(stopped, request.user, now=timezone.now())
    except ServiceError as error:
        messages.error(request, str(error))
        return redirect("syncapp:result", company.pk, stopped.pk)
    hand_to_worker(fresh)
    return redirect("syncapp:progress", company.pk, fresh.pk)


def _run(company: Company, pk: int | None) -> SyncRun:
    if pk is not None:
        return get_object_or_404(company.runs, pk=pk)
    latest = company.runs.filter(scope=RunScope.FULL).first()
    if latest is None:
        raise Http404("This company has not synced yet.")
    return latest


def _after(run: SyncRun) -> str:
    """Where one goes when the run is over: the import is a step of the set-up, what was read shows in the preview."""
    if run.scope == RunScope.ACCOUNTS:
        return reverse("syncapp:import", args=[run.company_id])
    if run.scope == RunScope.READ and run.state == RunState.DONE:
        return reverse("syncapp:preview", args=[run.company_id])
    return reverse("syncapp:result", args=[run.company_id, run.pk])


def _headline(run: SyncRun) -> str:
    return {
        RunState.DONE: "The sync is done",
        RunState.STOPPED: "The sync stopped",
        RunState.FAILED: "The sync failed",
    }[RunState(run.state)]
