"""The records: how they are found, what their page shows, and what can be done with them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from syncapp.core.holds import HoldCode
from syncapp.models import ObjectState, SyncedObject
from tests.admin.support import Cast, act, change, changelist, make_held, make_object, said, text


def decide(cast: Cast, name: str, row: SyncedObject, **data: object) -> str:
    address = reverse("admin:syncapp_syncedobject_decide", args=[row.pk])
    return text(cast.client(name).post(address, data, follow=True))


@pytest.mark.parametrize("wanted", ("Harbor-1", "00nb1", "b1"))
def test_a_record_is_found_by_number_and_by_both_ids(cast: Cast, wanted: str) -> None:
    assert ">Harbor-1<" in text(cast.client("bob").get(changelist("syncedobject", q=wanted)))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state__exact": "held"}, {"Harbor-77"}),
        ({"hold_code__exact": "zero-amount"}, {"Harbor-77"}),
        ({"kind__exact": "vendor"}, {"Harbor Paper Co"}),
        ({"where": "billcom"}, {"Harbor-77"}),
        ({"where": "both", "kind__exact": "bill"}, {"Harbor-1"}),
        ({"where": "qbo"}, set()),
    ],
)
def test_records_are_filtered(cast: Cast, query: dict[str, str], found: set[str]) -> None:
    response = cast.client("bob").get(changelist("syncedobject", **query))

    assert {str(row) for row in response.context["cl"].result_list} == found


def test_what_needs_somebody_is_told_from_what_can_stay(cast: Cast) -> None:
    company = cast.first.company
    asks = make_held(company, "Asks", hold_code=HoldCode.NEEDS_NUMBER)
    stays = make_held(company, "Stays", hold_code=HoldCode.ONE_WAY)

    def listed(**query: str) -> set[SyncedObject]:
        return set(cast.client("bob").get(changelist("syncedobject", **query)).context["cl"].result_list)

    assert asks in listed(needs="yes") and stays not in listed(needs="yes")
    assert stays in listed(needs="no") and asks not in listed(needs="no")
    assert {asks, stays} <= listed()
    assert all(each.state == ObjectState.HELD for each in listed(needs="yes") | listed(needs="no"))


def test_a_company_that_is_none_is_said_to_be_wrong(cast: Cast) -> None:
    response = cast.client("alice").get(changelist("syncedobject", company__id__exact="1;drop"))

    assert response.status_code == 302


def test_the_list_shows_amounts_dates_and_states_for_reading(cast: Cast) -> None:
    page = text(cast.client("bob").get(changelist("syncedobject")))

    assert '<span class="amount">1,234.50</span>' in page
    assert "5 Nov 2026" in page
    assert '<span class="badge badge-warn">Held</span>' in page
    assert "Total is zero" in page


def test_what_moves_by_itself_is_not_dated_by_the_last_edit(cast: Cast) -> None:
    bill, vendor = cast.first.bill, cast.first.vendor
    term = make_object(cast.first.company, "term", label="Net 30", qbo_id="301")
    pages = [text(cast.client("bob").get(change("syncedobject", each))) for each in (bill, vendor, term)]
    assert ["moves without an edit of the record" in page for page in pages] == [True, True, False]


def test_the_page_sets_both_sides_and_base_next_to_each_other(cast: Cast) -> None:
    page = text(cast.client("bob").get(change("syncedobject", cast.first.bill)))

    assert "1,234.50" in page
    assert "5 Nov 2026" in page
    assert "20 Dec 2026" in page
    assert page.count("5 Dec 2026") == 2
    assert page.count('class="changed"') == 1
    assert page.count('class="differs"') == 1


def test_references_are_shown_by_name_with_a_link(cast: Cast) -> None:
    page = text(cast.client("bob").get(change("syncedobject", cast.first.bill)))

    vendor = f'<a href="{change("syncedobject", cast.first.vendor)}">Harbor Paper Co</a>'
    assert page.count(vendor) == 3
    assert f'<a href="{change("syncedobject", cast.first.account)}">Harbor Supplies</a>' in page


def test_a_reference_to_what_is_not_known_shows_its_id(cast: Cast) -> None:
    row = make_object(cast.first.company, "bill", billcom_id="00n5", billcom_values={"vendor": "009gone"})

    assert "009gone" in text(cast.client("bob").get(change("syncedobject", row)))


def test_lines_keep_their_columns_where_a_cell_is_empty(cast: Cast) -> None:
    lines = [{"amount": Decimal(5), "description": ""}, {"amount": Decimal(7), "description": "Second"}]
    row = make_object(cast.first.company, "bill", billcom_id="00n5", billcom_values={"lines": lines})

    response = cast.client("bob").get(change("syncedobject", row))
    [fact] = response.context["lines"]
    assert [each.text for each in fact.billcom.head] == ["Amount", "Description"]
    assert [[each.text for each in cells] for cells in fact.billcom.rows] == [["5.00", ""], ["7.00", "Second"]]


def test_lines_that_both_sides_share_are_shown_once(cast: Cast) -> None:
    [fact] = cast.client("bob").get(change("syncedobject", cast.first.bill)).context["lines"]

    assert [name for name, _ in fact.tables] == ["BILL = QuickBooks Online = last agreed"]


def test_what_the_products_say_is_escaped(cast: Cast) -> None:
    evil = "<script>alert(1)</script>"
    values = {"name": evil, "email": evil}
    row = make_object(
        cast.first.company, "vendor", billcom_id="009e", label=evil, billcom_values=values, billcom_raw=values
    )

    for address in (change("syncedobject", row), changelist("syncedobject")):
        assert evil not in text(cast.client("bob").get(address))


def test_a_held_record_says_what_it_means_and_what_to_do(cast: Cast) -> None:
    page = text(cast.client("alice").get(change("syncedobject", cast.first.held)))

    assert "Bills with a total of zero are never sent to QuickBooks Online." in page
    assert "Give the bill an amount, or archive it in BILL." in page
    assert ">Retry<" in page


def test_it_names_what_it_waits_for_and_what_waits_for_it(cast: Cast) -> None:
    waiting = make_held(cast.first.company, "W-1", hold_code=HoldCode.WAITS_FOR, waits_for=cast.first.vendor)

    assert "Vendor Harbor Paper Co" in text(cast.client("bob").get(change("syncedobject", waiting)))
    assert "Bill W-1" in text(cast.client("bob").get(change("syncedobject", cast.first.vendor)))


def test_it_links_out_to_both_products(cast: Cast, settings: Any) -> None:
    settings.BILLCOM_APP_URL, settings.QBO_APP_URL = "http://there/ui/billcom", "http://there/ui/qbo"
    page = text(cast.client("bob").get(change("syncedobject", cast.first.bill)))

    billcom, qbo = (each.remote_id for each in cast.first.connections)
    assert f'href="http://there/ui/billcom/{billcom}/bills/00nb1"' in page
    assert f'href="http://there/ui/qbo/{qbo}/Bill/b1"' in page


def test_raw_json_is_folded_away(cast: Cast) -> None:
    page = text(cast.client("bob").get(change("syncedobject", cast.first.bill)))

    assert '<details class="raw"><summary>Raw JSON of BILL</summary>' in page
    assert "Harbor raw" in page


def test_excluding_asks_first(cast: Cast) -> None:
    row = cast.first.held
    assert "Nothing of it is read or written" in decide(cast, "alice", row, what="exclude")
    row.refresh_from_db()
    assert not row.excluded

    decide(cast, "alice", row, what="exclude", sure="yes")
    assert SyncedObject.objects.filter(pk=row.pk, excluded=True, hold_code=HoldCode.EXCLUDED).exists()

    decide(cast, "alice", row, what="include")
    assert SyncedObject.objects.filter(pk=row.pk, excluded=False, needs_look=True).exists()


def test_excluding_many_asks_first_and_says_how_many(cast: Cast) -> None:
    rows = [cast.first.held, cast.second.held, cast.first.bill]
    asked = act(cast.client("alice"), "syncedobject", "leave_out", *rows)
    assert "Exclude 3 records" in text(asked)
    assert not SyncedObject.objects.filter(excluded=True).exists()

    done = act(cast.client("alice"), "syncedobject", "leave_out", *rows, sure="yes")
    assert said(done) == ["3 records excluded from the sync."]


def test_excluding_all_of_a_long_list_reaches_past_the_page(cast: Cast) -> None:
    for number in range(60):
        make_held(cast.second.company, f"L-{number}")
    client, address = cast.client("alice"), changelist("syncedobject", q="L-")
    first = SyncedObject.objects.get(number="L-1").pk
    data = {"action": "leave_out", "_selected_action": [first], "select_across": "1"}
    asked = client.post(address, data)
    assert "Exclude 60 records" in text(asked)
    assert 'name="select_across" value="1"' in text(asked)

    done = client.post(address, {**data, "sure": "yes"}, follow=True)
    assert said(done) == ["60 records excluded from the sync."]
    assert not SyncedObject.objects.filter(excluded=True).exclude(number__startswith="L-").exists()


def candidates(cast: Cast) -> tuple[SyncedObject, SyncedObject]:
    theirs = make_object(cast.first.company, "vendor", label="Acme Ltd", qbo_id="77", state=ObjectState.NEW)
    mine = make_object(
        cast.first.company,
        "vendor",
        label="ACME Limited",
        billcom_id="00977",
        state=ObjectState.HELD,
        hold_code=HoldCode.AMBIGUOUS_MATCH,
        candidates=[theirs.pk],
    )
    return mine, theirs


def test_a_candidate_is_linked_after_a_question(cast: Cast) -> None:
    mine, theirs = candidates(cast)
    assert "Acme Ltd" in text(cast.client("alice").get(change("syncedobject", mine)))
    assert "They become one record" in decide(cast, "alice", mine, what="link", other=theirs.pk)
    assert not SyncedObject.objects.get(pk=mine.pk).linked

    decide(cast, "alice", mine, what="link", other=theirs.pk, sure="yes")
    pair = SyncedObject.objects.get(company=cast.first.company, billcom_id="00977")
    assert pair.qbo_id == "77"


def test_what_is_no_candidate_is_not_linked(cast: Cast) -> None:
    mine, _ = candidates(cast)
    stranger = make_object(cast.first.company, "vendor", label="Other", qbo_id="78")

    page = decide(cast, "alice", mine, what="link", other=stranger.pk, sure="yes")
    assert "no longer among the candidates" in page
    assert not SyncedObject.objects.get(pk=mine.pk).linked


def test_what_was_deleted_is_shown_and_not_linked(cast: Cast) -> None:
    company = cast.first.company
    gone = make_object(
        company, "bill", label="B-9", qbo_id="77", qbo_values={"active": False}, state=ObjectState.RETIRED
    )
    mine = make_held(company, "B-9x", hold_code=HoldCode.PROPOSED_MATCH, candidates=[gone.pk])

    page = text(cast.client("alice").get(change("syncedobject", mine)))
    assert "deleted, archived or voided" in page and "They are different" in page
    assert 'name="what" value="link"' not in page

    answer = decide(cast, "alice", mine, what="link", other=gone.pk, sure="yes")
    assert "bring it back" in answer
    assert not SyncedObject.objects.get(pk=mine.pk).linked


def test_different_records_are_told_apart(cast: Cast) -> None:
    mine, other = candidates(cast)
    row = SyncedObject.objects.filter(pk=mine.pk)
    asked = decide(cast, "alice", mine, what="different")
    assert "as a new record" in asked and f"<li>{other}</li>" in asked and "it is there twice" in asked
    assert not row.get().told_apart

    page = decide(cast, "alice", mine, what="different", sure="yes")
    assert row.get().told_apart and row.get().needs_look
    assert "Somebody said that it is none of its possible matches" in page and "They are different" not in page

    assert "They are different" in decide(cast, "alice", mine, what="alike")
    assert not row.get().told_apart


def test_an_unknown_button_is_refused_in_words(cast: Cast) -> None:
    assert "be done with a record" in decide(cast, "alice", cast.first.held, what="drop")


def test_an_empty_list_says_what_to_do(cast: Cast) -> None:
    client = cast.client("alice")
    assert "Show everything" in text(client.get(changelist("syncedobject", q="no such thing")))
    SyncedObject.objects.filter(company=cast.third.company).exclude(kind="account").delete()


def test_a_link_is_taken_apart_after_a_question(cast: Cast) -> None:
    row = cast.first.bill
    assert "Take the link apart" in text(cast.client("alice").get(change("syncedobject", row)))
    assert "It becomes two records" in decide(cast, "alice", row, what="unlink")
    row.refresh_from_db()
    assert row.linked

    page = decide(cast, "alice", row, what="unlink", sure="yes")
    assert "Possible matches" in page
    assert "Include …" in page
    part = SyncedObject.objects.get(company=row.company, kind="bill", billcom_id="00nb1")
    assert part.qbo_id is None
    assert "the next sync creates it there" in decide(cast, "alice", part, what="include")


@pytest.mark.parametrize("name", ("bob", "dana"))
def test_who_only_looks_takes_no_link_apart(cast: Cast, name: str) -> None:
    row = cast.first.bill
    assert "Take the link apart" not in text(cast.client(name).get(change("syncedobject", row)))

    decide(cast, name, row, what="unlink", sure="yes")
    row.refresh_from_db()
    assert row.linked


def test_a_name_that_is_taken_proposes_who_has_it(cast: Cast) -> None:
    mine, theirs = candidates(cast)
    SyncedObject.objects.filter(pk=mine.pk).update(
        label="ACME LTD", candidates=[], hold_code=HoldCode.NAME_TAKEN, hold_facts={"side": "BILL", "words": "taken"}
    )

    page = text(cast.client("alice").get(change("syncedobject", mine)))
    assert "Possible matches" in page
    assert "link the two instead" in page
    assert "They are different" not in page
    decide(cast, "alice", mine, what="link", other=theirs.pk, sure="yes")
    assert SyncedObject.objects.get(company=cast.first.company, billcom_id="00977").qbo_id == "77"


def test_a_record_without_a_number_goes_by_its_kind_and_date(cast: Cast) -> None:
    dated = make_object(cast.first.company, "bill_payment", billcom_id="p1", date=date(2026, 11, 5))
    undated = make_object(cast.first.company, "bill_payment", billcom_id="p2")

    assert (str(dated), dated.full_name) == ("Bill payment 5 Nov 2026", "Bill payment 5 Nov 2026")
    assert str(undated) == f"Bill payment {undated.pk}"
    assert cast.first.bill.full_name == "Bill Harbor-1"
    page = text(cast.client("bob").get(change("syncedobject", dated)))
    assert "<h1>Bill payment 5 Nov 2026</h1>" in page


def test_records_taken_apart_are_not_included_many_at_a_time(cast: Cast) -> None:
    """Both halves would be created on the other side, which nobody meant who included all that were excluded."""
    decide(cast, "alice", cast.first.bill, what="unlink", sure="yes")
    decide(cast, "alice", cast.first.held, what="exclude", sure="yes")

    done = act(cast.client("alice"), "syncedobject", "include", *SyncedObject.objects.filter(excluded=True))

    assert said(done)[0] == "1 record will be synced again."
    assert said(done)[1].startswith("2 records would be created on the other side")
    assert SyncedObject.objects.filter(excluded=True).count() == 2
    decide(cast, "alice", cast.first.bill, what="include", sure="yes")
    assert SyncedObject.objects.filter(excluded=True).count() == 1


def test_last_in_step_is_said_only_of_what_was_linked(cast: Cast) -> None:
    row = cast.first.held
    type(row).objects.filter(pk=row.pk).update(synced_at=row.first_seen_at, qbo_id=None)

    assert "last in step" not in text(cast.client("bob").get(change("syncedobject", row)))


def test_a_payment_is_known_by_its_date_and_amount() -> None:
    row = SyncedObject(kind="bill_payment", date=date(2026, 11, 23), amount=Decimal("1714.97"))

    assert str(row) == row.full_name
    assert str(row).endswith(" 23 Nov 2026, 1,714.97")


@pytest.mark.parametrize("wanted", ["1234.50", "1,234.50"])
def test_a_record_is_found_by_its_amount(cast: Cast, wanted: str) -> None:
    found = cast.client("bob").get(changelist("syncedobject", q=wanted)).context["cl"].result_list

    assert [row.pk for row in found] == [cast.first.bill.pk]


def test_a_held_record_isn_t_called_in_step(cast: Cast) -> None:
    row = cast.first.bill
    SyncedObject.objects.filter(pk=row.pk).update(
        state=ObjectState.HELD, hold_code="books-closed", synced_at=row.first_seen_at
    )
    page = text(cast.client("bob").get(change("syncedobject", row)))
    assert "last in step" not in page
    assert "what agrees was last synced" in page


def test_each_side_says_as_of_when_it_is_shown(cast: Cast) -> None:
    row = cast.first.bill
    raw = {"Id": row.qbo_id, "MetaData": {"LastUpdatedTime": "2026-11-02T08:30:00-08:00"}}
    SyncedObject.objects.filter(pk=row.pk).update(qbo_raw=raw, billcom_raw={"updatedTime": "2026-11-01T10:00:00.000Z"})
    page = text(cast.client("bob").get(change("syncedobject", row)))
    assert "as it was there 2 Nov 2026 16:30" in page
    assert "as it was there 1 Nov 2026 10:00" in page


@pytest.mark.parametrize(
    ("kind", "linked", "words"),
    [
        ("vendor", True, "Inactive on both sides"),
        ("bill", True, "Deleted or voided on both sides"),
        ("bill", False, "Deleted or voided"),
    ],
)
def test_what_is_gone_says_how_its_kind_goes(cast: Cast, kind: str, linked: bool, words: str) -> None:
    ids = {"billcom_id": "b-gone", "qbo_id": "q-gone" if linked else None}
    row = SyncedObject.objects.create(
        company=cast.first.company, kind=kind, state=ObjectState.RETIRED, billcom_values={}, **ids
    )
    assert f">{words}</span>" in text(cast.client("bob").get(change("syncedobject", row)))
    assert f">{words}</span>" in text(cast.client("bob").get(changelist("syncedobject", state__exact="retired")))


def test_including_many_leaves_out_the_one_that_cant_be_and_says_so(cast: Cast) -> None:
    company = cast.first.company
    paid = make_object(company, "bill", qbo_id="u1", state=ObjectState.HELD, hold_code="paid-before-first-seen")
    old = make_object(company, "invoice", qbo_id="u2", state=ObjectState.HELD, hold_code="older-than-90-days")
    other = make_object(company, "vendor", qbo_id="u3", state=ObjectState.HELD, hold_code="needs-address")
    alice = cast.client("alice")
    assert "older than 90 days" in text(alice.get(changelist("syncedobject")))

    done = act(alice, "syncedobject", "let_in", *SyncedObject.objects.filter(pk__in=[paid.pk, old.pk, other.pk]))

    first, second, third = said(done)
    assert first == "1 record will be brought over with the next sync."
    assert second.startswith("1 record not included.") and "2-Way AP Payment Sync" in second
    assert str(company) in second
    assert third.startswith("1 record not included: held for another reason")
    assert list(SyncedObject.objects.filter(included=True)) == [old]
    listed = text(alice.get(changelist("syncedobject", hold_code__exact="older-than-90-days")))
    assert "included: comes with the next sync" in listed
    page = text(alice.get(change("syncedobject", old)))
    assert "the next sync brings it over" in page and 'value="let-in"' not in page

    SyncedObject.objects.filter(pk=old.pk).update(needs_look=False)
    assert "included: comes" not in text(alice.get(changelist("syncedobject")))


def test_including_only_what_cant_be_says_why(cast: Cast) -> None:
    paid = make_object(
        cast.first.company, "bill", qbo_id="u1", state=ObjectState.HELD, hold_code="paid-before-first-seen"
    )
    done = act(cast.client("alice"), "syncedobject", "let_in", *SyncedObject.objects.filter(pk=paid.pk))
    assert "2-Way AP Payment Sync" in said(done)[0]
    assert not SyncedObject.objects.filter(included=True).exists()
