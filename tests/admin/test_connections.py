"""Connections: everything about them but what opens them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from syncapp.core.sides import Side
from syncapp.models import Connection, ConnectionState
from tests.admin.support import PEOPLE, SECRET, Cast, change, changelist, text


def pages(cast: Cast) -> list[str]:
    rows = cast.first
    addresses = [change("company", rows.company), change("syncedobject", rows.bill), changelist("company")]
    addresses += [change("connection", each) for each in rows.connections]
    return [*addresses, changelist("connection")]


@pytest.mark.parametrize("name", [name for name in PEOPLE if name != "charlie"])
def test_credentials_are_never_loaded_nor_shown(cast: Cast, name: str) -> None:
    client = cast.client(name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT credentials FROM syncapp_connection")
        sealed = [row[0] for row in cursor.fetchall()]
    for address in pages(cast):
        with CaptureQueriesContext(connection) as found:
            page = text(client.get(address))
        assert not [each["sql"] for each in found.captured_queries if "credentials" in each["sql"]]
        assert SECRET not in page
        assert not [each for each in sealed if each in page]


def test_a_lost_connection_says_why_where_it_is_seen(cast: Cast) -> None:
    reason = "QuickBooks no longer accepts the refresh token."
    Connection.objects.filter(company=cast.first.company, side=Side.QBO).update(
        state=ConnectionState.NEEDS_RECONNECT, reason=reason
    )
    client = cast.client("bob")

    assert reason in text(client.get(change("company", cast.first.company)))
    assert "Needs reconnect" in text(client.get(changelist("company")))
    assert "Harbor" in text(client.get(changelist("company", connections="lost")))
    shown = cast.client("alice").get(changelist("company", connections="both")).context["cl"].result_list
    assert [row.name for row in shown] == ["Lantern Company"]


@pytest.mark.parametrize("found", ("Harbor", "there", "qbo-"))
def test_connections_are_found_by_company_and_name_there(cast: Cast, found: str) -> None:
    wanted = f"qbo-{cast.first.company.pk}" if found == "qbo-" else found

    assert "Harbor Company" in text(cast.client("bob").get(changelist("connection", q=wanted)))


def test_preferences_lead_to_the_page_where_they_are_changed(cast: Cast) -> None:
    client, pk = cast.client("alice"), cast.first.company.pk

    assert f"/companies/{pk}/preferences/" in text(
        client.get(change("syncpreferences", cast.first.company.preferences))
    )
    page = text(client.get(change("accountingpreferences", cast.first.company.accounting)))
    assert f"/companies/{pk}/accounting-preferences/" in page
    assert "Use Locations" in page


@pytest.mark.parametrize("screen", ("connection", "syncpreferences", "accountingpreferences", "glmapping"))
def test_a_search_says_what_it_looks_in(cast: Cast, screen: str) -> None:
    assert 'placeholder="Company' in text(cast.client("alice").get(changelist(screen)))


def test_the_way_of_signing_in_is_named(cast: Cast) -> None:
    billcom, qbo = cast.first.connections
    Connection.objects.filter(pk=billcom.pk).update(sign_in="sync-token")
    Connection.objects.filter(pk=qbo.pk).update(sign_in="oauth")
    client = cast.client("bob")

    page = text(client.get(changelist("connection")))
    assert "Sync token" in page
    assert "QuickBooks consent" in page
    assert "sync-token" not in page
    assert "Sync token" in text(client.get(change("connection", billcom)))


def test_pages_of_a_company_load_no_credentials(cast: Cast) -> None:
    client = cast.client("alice")
    for page in ("get-started/", "settings/", "sync/"):
        with CaptureQueriesContext(connection) as found:
            assert client.get(f"/companies/{cast.first.company.pk}/{page}", follow=True).status_code == 200
        assert not [each["sql"] for each in found.captured_queries if "credentials" in each["sql"]]
