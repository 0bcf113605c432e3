"""The site as a whole: signing in, the overview, and the screens that other packages bring along."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from syncapp.models import Membership, Role
from tests.admin.support import PEOPLE, Cast, text

OTHERS = sorted(
    f"{model._meta.app_label}_{model._meta.model_name}"
    for model in admin.site._registry
    if model._meta.app_label != "syncapp"
)


def test_signing_in_is_allauth_s(db: None) -> None:
    response = Client().get("/admin/syncapp/company/", follow=True)

    assert response.redirect_chain[-1][0].startswith(reverse("account_login"))
    assert "next=/admin/syncapp/company/" in response.redirect_chain[-1][0].replace("%2F", "/")


@pytest.mark.parametrize("name", PEOPLE)
def test_the_overview_has_the_screens_in_the_order_of_a_working_day(cast: Cast, name: str) -> None:
    response = cast.client(name).get(reverse("admin:index"))
    names = [model["object_name"] for model in response.context["app_list"][0]["models"]]

    assert names[:5] == ["Company", "SyncedObject", "SyncRun", "Conflict", "Operation"]
    assert (len(response.context["app_list"]) > 1) is (name == "root")
    assert ("Firm" in names) is (name == "root")


@pytest.mark.parametrize("name", ("alice", "dana"))
@pytest.mark.parametrize("screen", OTHERS)
def test_screens_of_other_packages_are_for_superusers(cast: Cast, name: str, screen: str) -> None:
    address = reverse(f"admin:{screen}_changelist")

    assert cast.client(name).get(address).status_code == 403
    assert cast.client("root").get(address).status_code == 200


def test_a_schedule_is_only_looked_at(cast: Cast) -> None:
    """One with arguments that can't be read would stop all of them."""
    schedule = apps.get_model("django_q", "Schedule").objects.create(func="syncapp.tasks.dispatch")
    client = cast.client("root")

    assert client.get(reverse("admin:django_q_schedule_change", args=[schedule.pk])).status_code == 200
    assert client.post(reverse("admin:django_q_schedule_change", args=[schedule.pk]), {"func": "x"}).status_code == 403
    assert client.get(reverse("admin:django_q_schedule_add")).status_code == 403
    assert client.get(reverse("admin:django_q_schedule_delete", args=[schedule.pk])).status_code == 403


def test_a_second_factor_is_taken_away_but_its_secret_not_shown(cast: Cast) -> None:
    factor = Authenticator.objects.create(
        user=cast.people["alice"], type="totp", data={"secret": "the-seed"}, created_at=datetime.now(UTC)
    )
    client = cast.client("root")

    assert "the-seed" not in text(client.get(reverse("admin:mfa_authenticator_change", args=[factor.pk])))
    assert client.get(reverse("admin:mfa_authenticator_add")).status_code == 403
    client.post(reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes"})
    assert not Authenticator.objects.exists()


def test_a_superuser_gives_a_person_their_place(cast: Cast) -> None:
    client, person = cast.client("root"), User.objects.create_user("eve")
    data = {
        "username": "eve",
        "is_active": "on",
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0",
        "memberships-0-firm": str(cast.firm.pk),
        "memberships-0-company": "",
        "memberships-0-role": Role.ACCOUNTANT,
    }
    response = client.post(reverse("admin:auth_user_change", args=[person.pk]), data)

    assert response.status_code == 302
    assert Membership.objects.get(user=person).firm == cast.firm
    assert cast.client("alice").get(reverse("admin:auth_user_changelist")).status_code == 403


def test_a_membership_without_a_place_is_explained(cast: Cast) -> None:
    data = {"user": cast.people["bob"].pk, "role": Role.CLERK, "firm": "", "company": ""}
    response = cast.client("root").post(reverse("admin:syncapp_membership_add"), data)

    assert response.status_code == 200
    assert response.context["errors"]


def test_an_empty_list_of_another_package_promises_nothing(cast: Cast) -> None:
    page = text(cast.client("root").get(reverse("admin:django_q_failure_changelist")))

    assert "Nothing here yet." in page
    assert "first sync" not in page


def test_every_field_of_a_person_s_places_is_labelled(cast: Cast) -> None:
    page = text(cast.client("root").get(reverse("admin:auth_user_change", args=[cast.people["alice"].pk])))

    for label in ("Firm", "Company", "Role"):
        assert f'aria-label="{label}"' in page
