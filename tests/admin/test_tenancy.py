"""Nothing of a company reaches a person who doesn't belong to it, by whatever way they ask."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from syncapp.models import Conflict, SyncedObject
from tests.admin.support import PEOPLE, SCREENS, STAFF_SCREENS, Cast, act, change, changelist, make_object, text

NAMES = ("Harbor", "Lantern", "Xylo")


def foreign_words(cast: Cast, name: str) -> list[str]:
    return [rows.company.name.split()[0] for rows in cast.hidden_from(name)]


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PEOPLE)
def test_a_list_with_its_filters_shows_the_person_s_companies_and_no_other(cast: Cast, name: str, screen: str) -> None:
    shown = text(cast.client(name).get(changelist(screen)))

    assert [word for word in foreign_words(cast, name) if word in shown] == []
    assert all(rows.company.name.split()[0] in shown for rows in cast.seen_by(name))


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", ("alice", "bob", "charlie"))
def test_a_page_of_a_foreign_row_is_not_there(cast: Cast, name: str, screen: str) -> None:
    client = cast.client(name)
    for rows in cast.hidden_from(name):
        row = rows.row(screen)
        for address in (change(screen, row), reverse(f"admin:syncapp_{screen}_history", args=[row.pk])):
            response = client.get(address, follow=True)
            assert rows.company.name.split()[0] not in text(response)
            assert response.redirect_chain[-1][0] == reverse("admin:index")
    for rows in cast.seen_by(name):
        assert client.get(change(screen, rows.row(screen))).status_code == 200


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", ("bob", "charlie"))
def test_a_filter_for_a_foreign_company_shows_nothing(cast: Cast, name: str, screen: str) -> None:
    client = cast.client(name)
    for rows in cast.hidden_from(name):
        response = client.get(changelist(screen, company__id__exact=rows.company.pk), follow=True)
        assert rows.company.name.split()[0] not in text(response)


@pytest.mark.parametrize("screen", SCREENS)
def test_a_search_finds_nothing_foreign(cast: Cast, screen: str) -> None:
    shown = text(cast.client("charlie").get(changelist(screen, q="Harbor")))

    assert "Harbor Company" not in shown
    assert "Harbor-1" not in shown


@pytest.mark.parametrize("query", ("company__firm__name=Quarry+Street", "company__memberships__user__email=x", "e=1"))
def test_lookups_across_tables_are_not_taken_from_the_address(cast: Cast, query: str) -> None:
    response = cast.client("bob").get(f"{changelist('syncedobject')}?{query}")

    assert response.status_code in (200, 302, 400)
    assert "Xylo" not in text(response)


@pytest.mark.parametrize("secret", ("credentials__contains=a", "connected_by__password__startswith=p"))
def test_secrets_can_t_be_guessed_through_filters(cast: Cast, secret: str) -> None:
    response = cast.client("alice").get(f"{changelist('connection')}?{secret}")

    assert response.status_code in (302, 400)


@pytest.mark.parametrize(
    ("model", "field"), [("glmapping", "account"), ("membership", "company"), ("membership", "user")]
)
def test_autocomplete_offers_nothing_foreign(cast: Cast, model: str, field: str) -> None:
    query = {"app_label": "syncapp", "model_name": model, "field_name": field, "term": ""}
    response = cast.client("charlie").get(reverse("admin:autocomplete"), query)

    assert response.status_code in (200, 403)
    shown = text(response)
    assert "Harbor" not in shown
    assert "alice" not in shown


@pytest.mark.parametrize("action", ("retry", "leave_out", "include", "tell_apart", "export"))
def test_an_action_on_foreign_records_does_nothing(cast: Cast, action: str) -> None:
    before = SyncedObject.objects.filter(pk=cast.first.held.pk).values().get()
    response = act(cast.client("charlie"), "syncedobject", action, cast.first.held, sure="yes")

    assert SyncedObject.objects.filter(pk=cast.first.held.pk).values().get() == before
    assert "Harbor" not in text(response)


@pytest.mark.parametrize("what", ("retry", "exclude", "include", "different", "alike", "link"))
def test_a_button_of_a_foreign_record_is_not_there(cast: Cast, what: str) -> None:
    address = reverse("admin:syncapp_syncedobject_decide", args=[cast.first.held.pk])

    assert cast.client("charlie").post(address, {"what": what, "sure": "yes"}).status_code == 404


def test_a_foreign_conflict_can_t_be_decided(cast: Cast) -> None:
    address = reverse("admin:syncapp_conflict_decide", args=[cast.first.conflict.pk])

    assert cast.client("charlie").post(address, {"what": "restore"}).status_code == 404
    act(cast.client("charlie"), "conflict", "review", cast.first.conflict)
    assert Conflict.objects.get(pk=cast.first.conflict.pk).state == "open"


def test_a_foreign_record_can_t_be_linked_as_a_candidate(cast: Cast) -> None:
    """Even if its number stood among the candidates, which only a fault could bring about."""
    foreign = make_object(cast.third.company, "vendor", label="Xylo Twin", qbo_id="x9")
    mine = make_object(cast.first.company, "vendor", label="Harbor Twin", billcom_id="009x", candidates=[foreign.pk])

    page = text(cast.client("alice").get(change("syncedobject", mine)))
    assert "Xylo" not in page
    address = reverse("admin:syncapp_syncedobject_decide", args=[mine.pk])
    data: dict[str, Any] = {"what": "link", "other": foreign.pk, "sure": "yes"}
    cast.client("alice").post(address, data)
    mine.refresh_from_db()
    assert not mine.linked


def test_names_in_values_are_those_of_the_same_company(cast: Cast) -> None:
    """All three companies have a vendor 009v1."""
    page = text(cast.client("root").get(change("syncedobject", cast.second.bill)))

    assert "Lantern Paper Co" in page
    assert "Harbor Paper Co" not in page


@pytest.mark.parametrize("name", ("nobody", "gone"))
def test_people_who_work_for_nobody_or_are_gone_don_t_get_in(cast: Cast, name: str) -> None:
    person = User.objects.create_user(name)
    client = Client()
    client.force_login(person)
    if name == "gone":
        cast.people["bob"].is_active = False
        cast.people["bob"].save()
        client = cast.client("bob")

    response = client.get(changelist("company"))
    assert response.status_code == 302
    assert "Harbor" not in text(response)


def test_staff_without_a_membership_see_nothing(cast: Cast) -> None:
    """Django's own flag opens no door here."""
    person = User.objects.create_user("stan", is_staff=True)
    client = Client()
    client.force_login(person)

    assert client.get(changelist("company")).status_code == 302


@pytest.mark.parametrize("screen", STAFF_SCREENS)
@pytest.mark.parametrize("name", ("alice", "bob", "charlie", "dana"))
def test_only_a_superuser_staffs_the_product(cast: Cast, name: str, screen: str) -> None:
    assert cast.client(name).get(changelist(screen)).status_code == 403
    assert cast.client("root").get(changelist(screen)).status_code == 200
