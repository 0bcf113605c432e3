"""Companies: the list with everybody's state, and a page from which everything is reached."""

from __future__ import annotations

import pytest

from syncapp.models import Company, SetupStep, SyncedObject
from tests.admin.support import Cast, change, changelist, make_held, text


def test_the_list_shows_how_each_company_stands(cast: Cast) -> None:
    make_held(cast.first.company, "H-2")
    [row] = cast.client("bob").get(changelist("company")).context["cl"].result_list

    assert (row.bill_state, row.qbo_state, row.last_state) == ("connected", "connected", "done")
    assert (row.held_count, row.conflict_count) == (2, 1)


@pytest.mark.parametrize(("held", "names"), [("yes", ["Harbor Company"]), ("no", ["Lantern Company"])])
def test_companies_are_filtered_by_what_is_held(cast: Cast, held: str, names: list[str]) -> None:
    SyncedObject.objects.filter(pk=cast.second.held.pk).delete()
    found = cast.client("alice").get(changelist("company", held=held)).context["cl"].result_list

    assert [row.name for row in found] == names


@pytest.mark.parametrize("words", ("Harbor", "Alder", "qbo-"))
def test_companies_are_found_by_name_firm_and_remote_id(cast: Cast, words: str) -> None:
    wanted = f"qbo-{cast.first.company.pk}" if words == "qbo-" else words

    assert "Harbor Company" in text(cast.client("bob").get(changelist("company", q=wanted)))


def test_the_page_has_the_companys_tabs(cast: Cast) -> None:
    page = text(cast.client("bob").get(change("company", cast.first.company)))

    assert page.index("Tie-out</a>") < page.index('aria-current="page">Records and runs</a>')


def test_the_page_leads_to_counts_holds_conflicts_and_runs(cast: Cast) -> None:
    pk = cast.first.company.pk
    page = text(cast.client("alice").get(change("company", cast.first.company)))

    for address in (
        f"?company__id__exact={pk}&amp;kind__exact=bill",
        f"?company__id__exact={pk}&amp;hold_code__exact=zero-amount",
        f"?company__id__exact={pk}&amp;state__exact=open",
        change("syncrun", cast.first.run),
        change("connection", cast.first.connections[0]),
        f"/companies/{pk}/preview/",
        f"/companies/{pk}/preferences/",
        f"/companies/{pk}/accounting-preferences/",
        f'method="post" action="/companies/{pk}/sync-now/"',
    ):
        assert address in page
    assert ">Bills</a>" in page
    assert "1 conflict to review" in page


def test_the_links_of_the_page_show_what_they_say(cast: Cast) -> None:
    client, pk = cast.client("alice"), cast.first.company.pk
    query = {"company__id__exact": pk, "hold_code__exact": "zero-amount"}

    response = client.get(changelist("syncedobject", **query))
    assert [row.number for row in response.context["cl"].result_list] == ["Harbor-77"]
    assert [each["choice"] for each in response.context["chosen_filters"]] == ["Harbor Company", "Total is zero (1)"]
    SyncedObject.objects.filter(pk=cast.first.held.pk).delete()
    assert not client.get(changelist("syncedobject", **query)).context["cl"].result_list


def test_a_company_under_way_shows_its_steps_first(cast: Cast) -> None:
    Company.objects.filter(pk=cast.first.company.pk).update(setup_step=SetupStep.CONNECT_QBO)
    page = text(cast.client("alice").get(change("company", cast.first.company)))

    assert 'aria-current="step"' in page
    assert ">Sync Now</button>" not in page


def test_a_company_that_was_never_read_says_so(cast: Cast) -> None:
    fresh = Company.objects.create(name="Fresh", firm=cast.firm)
    page = text(cast.client("alice").get(change("company", fresh)))

    for words in ("Nothing is connected yet.", "Nothing is held.", "Nothing has been read yet.", "never been synced"):
        assert words in page


@pytest.mark.parametrize(("name", "offered"), [("alice", True), ("root", True), ("bob", False), ("dana", False)])
def test_who_works_here_may_add_a_company(cast: Cast, name: str, offered: bool) -> None:
    assert ("/companies/new/" in text(cast.client(name).get(changelist("company")))) is offered


def test_a_superuser_moves_a_company(cast: Cast) -> None:
    data = {"firm": cast.other_firm.pk, "name": "Harbor Company", "signed_up_on": "2020-01-01"}
    cast.client("root").post(change("company", cast.first.company), data)

    assert Company.objects.get(pk=cast.first.company.pk).firm == cast.other_firm


@pytest.mark.parametrize("pk", ("0", "999999", "abc", "1_5B"))
def test_a_company_that_is_not_there_is_no_error(cast: Cast, pk: str) -> None:
    response = cast.client("alice").get(f"/admin/syncapp/company/{pk}/change/")

    assert response.status_code == 302
