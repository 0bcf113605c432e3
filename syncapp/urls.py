"""Our own pages. The admin and signing in stand beside them, in config/urls.py."""

from __future__ import annotations

from django.urls import path

from syncapp.views import (
    budgets,
    connecting,
    get_started,
    health,
    home,
    overview,
    preferring,
    previewing,
    setting_up,
    syncing,
    tying_out,
    webhooks,
)

app_name = "syncapp"

urlpatterns = [
    path("", home.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("budgets/", budgets.budgets_page, name="budgets"),
    path("companies/new/", home.new_company, name="new-company"),
    path("oauth/quickbooks/callback/", connecting.quickbooks_callback, name="quickbooks-callback"),
    path("webhooks/qbo/", webhooks.quickbooks, name="webhooks-quickbooks"),
    path("webhooks/billcom/", webhooks.bill, name="webhooks-bill"),
    path("companies/<int:company>/get-started/", get_started.get_started, name="get-started"),
    path("companies/<int:company>/settings/", get_started.settings_page, name="settings"),
    path("companies/<int:company>/connect/bill/", connecting.connect_billcom, name="connect-bill"),
    path("companies/<int:company>/connect/quickbooks/", connecting.connect_quickbooks, name="connect-quickbooks"),
    path("companies/<int:company>/disconnect/<slug:side>/", connecting.disconnect, name="disconnect"),
    path("companies/<int:company>/import/", setting_up.import_accounts, name="import"),
    path("companies/<int:company>/map-banks/", setting_up.map_banks, name="map-banks"),
    path("companies/<int:company>/uncategorized/", setting_up.uncategorized, name="uncategorized"),
    path("companies/<int:company>/clearing-account/", setting_up.make_clearing, name="make-clearing"),
    path("companies/<int:company>/first-sync/", syncing.first_sync, name="first-sync"),
    path("companies/<int:company>/sync/", syncing.sync_page, name="sync"),
    path("companies/<int:company>/sync-now/", syncing.sync_now, name="sync-now"),
    path("companies/<int:company>/overview/", overview.overview_page, name="overview"),
    path("companies/<int:company>/preview/", previewing.preview, name="preview"),
    path("companies/<int:company>/read-both-sides/", syncing.read_both_sides, name="read-both-sides"),
    path("companies/<int:company>/tie-out/", tying_out.tie_out_page, name="tie-out"),
    path("companies/<int:company>/progress/", syncing.progress, name="progress"),
    path("companies/<int:company>/result/", syncing.result, name="result"),
    path("companies/<int:company>/runs/<int:run>/progress/", syncing.progress, name="progress"),
    path("companies/<int:company>/runs/<int:run>/progress.json", syncing.progress_json, name="progress-json"),
    path("companies/<int:company>/runs/<int:run>/result/", syncing.result, name="result"),
    path("companies/<int:company>/runs/<int:run>/let-pass/", syncing.let_pass, name="let-pass"),
    path("companies/<int:company>/preferences/", preferring.preferences, name="preferences"),
    path("companies/<int:company>/preferences/edit/", preferring.edit_preferences, name="edit-preferences"),
    path(
        "companies/<int:company>/accounting-preferences/",
        preferring.accounting_preferences,
        name="accounting-preferences",
    ),
    path(
        "companies/<int:company>/accounting-preferences/edit/",
        preferring.edit_accounting_preferences,
        name="edit-accounting-preferences",
    ),
]
