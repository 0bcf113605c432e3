"""Connections, preferences and mappings, to look at. They are changed on the company's own pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from syncapp.admin.shared import (
    HEAVY,
    CompanyFilter,
    CompanyScoped,
    badge,
    moment,
    on_off,
    record_link,
    short_day,
    short_side,
)
from syncapp.kinds import KINDS
from syncapp.models import AccountingPreferences, Connection, GLMapping, SyncPreferences

SIGN_INS = {
    "sync-token": "Sync token",
    "user": "BILL user",
    "console": "Accountant console",
    "oauth": "QuickBooks consent",
}


@admin.register(Connection)
class ConnectionAdmin(CompanyScoped):
    """No credential is ever loaded here, so none can be shown."""

    list_display = (
        "company",
        "side_",
        "state_",
        "remote_name",
        "remote_id",
        "sign_in_",
        "connected_as",
        "role",
        "since_",
    )
    ordering = ("company__name", "side")
    empty_words = "Companies are connected on their Get Started page."
    list_filter = (CompanyFilter, "side", "state")
    list_select_related = ("company",)
    search_fields = ("company__name", "remote_name", "=remote_id")
    search_help_text = "Company, or its name or id there"
    fields = (
        "company", "side", "remote_name", "remote_id", "state", "reason", "sign_in_", "connected_as", "role", "scopes",
        "connected_by_", "connected_at", "access_expires_at", "refresh_expires_at",
    )  # fmt: skip
    readonly_fields = ("sign_in_", "connected_by_")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("credentials")

    @admin.display(description="State", ordering="state")
    def state_(self, row: Connection) -> SafeString:
        return badge(row.state, row.get_state_display())

    @admin.display(description="Side", ordering="side")
    def side_(self, row: Connection) -> str:
        return short_side(row.side)

    @admin.display(description="Signed in with", ordering="sign_in")
    def sign_in_(self, row: Connection) -> str:
        return SIGN_INS.get(row.sign_in, row.sign_in)

    @admin.display(description="Connected by")
    def connected_by_(self, row: Connection) -> str:
        """Their name alone: who looks here may not open people's pages."""
        return str(row.connected_by or "")

    @admin.display(description="Since", ordering="connected_at")
    def since_(self, row: Connection) -> str:
        return moment(row.connected_at)


def page_link(company: int | None, page: str, words: str) -> SafeString:
    """The way to the page where a person with the right changes what is only shown here."""
    return format_html('<a href="{}">{}</a>', reverse(f"syncapp:{page}", args=[company]), words)


@admin.register(SyncPreferences)
class SyncPreferencesAdmin(CompanyScoped):
    list_display = ("company", "automatic_", "approved_", "one_way_", "two_way_", "master_")
    ordering = ("company__name",)
    list_filter = ("sync_automatically", "approved_only", "one_way", "two_way_payments", "master")
    list_select_related = ("company",)
    search_fields = ("company__name",)
    search_help_text = "Company"
    empty_words = "Every company that is made gets its preferences."
    readonly_fields = ("masters_", "page_")
    fields = (
        "company", "sync_automatically", "approved_only", "one_way", "two_way_payments", "transfer_per",
        "credits_at_once", "attachments", "payment_terms", "master", "masters_", "vendor_country", "customer_email",
        "page_",
    )  # fmt: skip

    @admin.display(description="Sync automatically", ordering="sync_automatically")
    def automatic_(self, row: SyncPreferences) -> SafeString:
        return on_off(row.sync_automatically)

    @admin.display(description="Only approved", ordering="approved_only")
    def approved_(self, row: SyncPreferences) -> SafeString:
        return on_off(row.approved_only)

    @admin.display(description="1-way transactions", ordering="one_way")
    def one_way_(self, row: SyncPreferences) -> SafeString:
        return on_off(row.one_way)

    @admin.display(description="2-way payments", ordering="two_way_payments")
    def two_way_(self, row: SyncPreferences) -> SafeString:
        return on_off(row.two_way_payments)

    @admin.display(description="Master in conflicts", ordering="master")
    def master_(self, row: SyncPreferences) -> str:
        return short_side(row.master)

    @admin.display(description="Another master for")
    def masters_(self, row: SyncPreferences) -> str:
        named = [f"{KINDS[kind].plural}: {short_side(side)}" for kind, side in row.masters.items() if kind in KINDS]
        return ", ".join(named) or "No kind"

    @admin.display(description="To change them")
    def page_(self, row: SyncPreferences) -> SafeString:
        return page_link(row.company_id, "preferences", "Sync preferences")


@admin.register(AccountingPreferences)
class AccountingPreferencesAdmin(CompanyScoped):
    list_display = ("company", "numbers_", "locations_", "classes_", "customers_", "items_", "closed_", "read_")
    ordering = ("company__name",)
    list_select_related = ("company",)
    search_fields = ("company__name",)
    search_help_text = "Company"
    empty_words = "Every company that is made gets its preferences."
    readonly_fields = ("switches_", "page_")
    fields = ("company", "switches_", "books_closed_on", "home_currency", "read_at", "page_")

    @admin.display(description="Switches")
    def switches_(self, row: AccountingPreferences) -> SafeString:
        """What QuickBooks has on, and what was turned on here in addition."""
        named = ((label_for_field(name, AccountingPreferences), name) for name in AccountingPreferences.SWITCHES)
        return format_html_join("", "<div>{}: {}</div>", ((label, _where_on(row, name)) for label, name in named))

    @admin.display(description="To change them")
    def page_(self, row: AccountingPreferences) -> SafeString:
        return page_link(row.company_id, "accounting-preferences", "Accounting preferences")

    @admin.display(description="Account numbers")
    def numbers_(self, row: AccountingPreferences) -> SafeString:
        return on_off(row.uses("account_numbers"))

    @admin.display(description="Locations")
    def locations_(self, row: AccountingPreferences) -> SafeString:
        return on_off(row.uses("locations"))

    @admin.display(description="Classes")
    def classes_(self, row: AccountingPreferences) -> SafeString:
        return on_off(row.uses("classes"))

    @admin.display(description="Customers in payables")
    def customers_(self, row: AccountingPreferences) -> SafeString:
        return on_off(row.uses("customers_in_payables"))

    @admin.display(description="Items in payables")
    def items_(self, row: AccountingPreferences) -> SafeString:
        return on_off(row.uses("items_in_payables"))

    @admin.display(description="Books closed on", ordering="books_closed_on")
    def closed_(self, row: AccountingPreferences) -> str:
        return short_day(row.books_closed_on)

    @admin.display(description="Read", ordering="read_at")
    def read_(self, row: AccountingPreferences) -> str:
        return moment(row.read_at)


def _where_on(row: AccountingPreferences, name: str) -> SafeString:
    if getattr(row, f"qbo_{name}"):
        return badge("done", "On in QuickBooks")
    return badge("running", "Turned on here") if getattr(row, name) else badge("", "Off")


@admin.register(GLMapping)
class GLMappingAdmin(CompanyScoped):
    list_display = ("company", "role", "label", "account_")
    ordering = ("company__name", "role", "label")
    list_filter = (CompanyFilter, "role")
    search_fields = ("company__name", "label", "account__label")
    search_help_text = "Company, bank account or QuickBooks account"
    empty_words = "Accounts are chosen in a company's set-up and in its sync preferences."
    fields = ("company", "role", "label", "billcom_bank_id", "account", "page_")
    readonly_fields = ("page_",)

    @admin.display(description="Account", ordering="account__label")
    def account_(self, row: GLMapping) -> SafeString | str:
        return record_link(row.account) or badge("held", "Not chosen")

    @admin.display(description="To change it")
    def page_(self, row: GLMapping) -> SafeString:
        return page_link(row.company_id, "preferences", "Sync preferences")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found = super().get_queryset(request).select_related("company", "account")
        return found.defer(*(f"account__{name}" for name in HEAVY))
