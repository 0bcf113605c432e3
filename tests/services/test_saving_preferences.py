"""Two people at one company's preferences."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.utils import timezone

from syncapp.models import Company, SyncPreferences
from syncapp.services import preferences
from syncapp.services.errors import ServiceError


def test_each_saves_only_what_they_changed(company: Company, admin_user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another person's word comes between reading the row and saving it."""
    SyncPreferences.objects.get_or_create(company=company)
    clean = SyncPreferences.full_clean

    def clean_slowly(found: Model, *given: Any) -> None:
        clean(found, *given)
        SyncPreferences.objects.filter(company=company).update(vendor_country="CA")

    monkeypatch.setattr(SyncPreferences, "full_clean", clean_slowly)
    preferences.save_sync_preferences(company, admin_user, {"master": "qbo"}, {}, now=timezone.now())

    saved = SyncPreferences.objects.get(company=company)
    assert (saved.master, saved.vendor_country) == ("qbo", "CA")


@pytest.mark.parametrize("masters", [{"vendor": "nobody"}, {"funds_transfer": "qbo"}, {"unicorn": "qbo"}, ["vendor"]])
def test_a_master_by_kind_is_a_side_for_a_kind_that_syncs_both_ways(
    company: Company, admin_user: User, masters: Any
) -> None:
    with pytest.raises(ServiceError, match="syncs both ways"):
        preferences.save_sync_preferences(company, admin_user, {"masters": masters}, {}, now=timezone.now())
    assert SyncPreferences.objects.get(company=company).masters == {}
