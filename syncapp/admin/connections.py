"""Connections, preferences and mappings, to look at. They are changed on the company's own pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from syncapp.admin.shared import CompanyScoped, badge, moment
from syncapp.models import AccountingPreferences, Connection, GLMapping, SyncPreferences


@admin.register(Connection)
class ConnectionAdmin(CompanyScoped):
    """No credential is ever loaded here, so none can be shown."""

    list_display = (
        "company",
        "side",
        "remote_name",
        "remote_id",
        "state_",
        "sign_in",
        "connected_as",
        "role",
        "since_",
    )
    list_filter = (("company", admin.RelatedOnlyFieldListFilter), "side", "state")
    list_select_related = ("company",)
    search_fields = ("company__name", "remote_name", "=remote_id")
    fields = (
        "company", "side", "remote_name", "remote_id", "state", "reason", "sign_in", "connected_as", "role", "scopes",
        "connected_by", "connected_at", "access_expires_at", "refresh_expires_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("credentials")

    @admin.display(description="State", ordering="state")
    def state_(self, row: Connection) -> SafeString:
        return badge(row.state, row.get_state_display())

    @admin.display(description="Since", ordering="connected_at")
    def since_(self, row: Connection) -> str:
        return moment(row.connected_at)


@admin.register(SyncPreferences)
class SyncPreferencesAdmin(CompanyScoped):
    list_display = ("company", "sync_automatically", "approved_only", "one_way", "two_way_payments", "master")
    list_filter = ("sync_automatically", "approved_only", "one_way", "two_way_payments", "master")
    list_select_related = ("company",)
    search_fields = ("company__name",)


@admin.register(AccountingPreferences)
class AccountingPreferencesAdmin(CompanyScoped):
    list_display = ("company", "numbers_", "locations_", "classes_", "customers_", "items_", "books_closed_on", "read_")
    list_select_related = ("company",)
    search_fields = ("company__name",)

    @admin.display(description="Account numbers", boolean=True)
    def numbers_(self, row: AccountingPreferences) -> bool:
        return row.uses("account_numbers")

    @admin.display(description="Locations", boolean=True)
    def locations_(self, row: AccountingPreferences) -> bool:
        return row.uses("locations")

    @admin.display(description="Classes", boolean=True)
    def classes_(self, row: AccountingPreferences) -> bool:
        return row.uses("classes")

    @admin.display(description="Customers in payables", boolean=True)
    def customers_(self, row: AccountingPreferences) -> bool:
        return row.uses("customers_in_payables")

    @admin.display(description="Items in payables", boolean=True)
    def items_(self, row: AccountingPreferences) -> bool:
        return row.uses("items_in_payables")

    @admin.display(description="Read", ordering="read_at")
    def read_(self, row: AccountingPreferences) -> str:
        return moment(row.read_at)


@admin.register(GLMapping)
class GLMappingAdmin(CompanyScoped):
    list_display = ("company", "role", "label", "account")
    list_filter = (("company", admin.RelatedOnlyFieldListFilter), "role")
    search_fields = ("company__name", "label", "account__label")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        heavy = ("billcom_raw", "qbo_raw", "billcom_values", "qbo_values", "base")
        found = super().get_queryset(request).select_related("company", "account")
        return found.defer(*(f"account__{name}" for name in heavy))
