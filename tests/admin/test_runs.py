"""Syncs and the journal: what was done, what it cost, and what went wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from syncapp.models import Level, OperationState, RunState, SyncLogEntry, SyncRun, Verb
from tests.admin.support import Cast, change, changelist, make_operation, text


def test_a_run_shows_counts_calls_and_log(cast: Cast) -> None:
    run = cast.first.run
    SyncRun.objects.filter(pk=run.pk).update(
        counts={"bill.create.qbo": 1234, "bill.read.billcom": 5, "odd": 1}, calls={"metered": 3, "billcom": 12}
    )
    SyncLogEntry.objects.create(run=run, company=run.company, level=Level.ERROR, kind="bill", message="Number taken")
    page = text(cast.client("bob").get(change("syncrun", run)))

    for words in ("1,234", "Bills", "3 metered to QuickBooks", "12 to BILL", "Number taken", "Harbor was read"):
        assert words in page
    assert '<span class="badge badge-bad">Error</span>' in page


def test_the_list_adds_up_writes_and_calls(cast: Cast) -> None:
    SyncRun.objects.filter(pk=cast.first.run.pk).update(
        counts={"bill.create.qbo": 7, "vendor.update.billcom": 2, "bill.read.qbo": 50, "odd": 1},
        calls={"metered": 3, "billcom": 12},
    )
    [row] = cast.client("bob").get(changelist("syncrun")).context["cl"].result_list
    page = text(cast.client("bob").get(changelist("syncrun")))

    assert row.pk == cast.first.run.pk
    assert '<td class="field-writes_">9</td>' in page
    assert '<td class="field-calls_">15</td>' in page


@pytest.mark.parametrize(("name", "offered"), [("alice", True), ("bob", False), ("dana", False)])
def test_a_stopped_run_says_why_and_lets_who_may_let_it_pass(cast: Cast, name: str, offered: bool) -> None:
    words = "QuickBooks Online shows no vendors at all."
    SyncRun.objects.filter(pk=cast.first.run.pk).update(state=RunState.STOPPED, message=words)
    page = text(cast.client(name).get(change("syncrun", cast.first.run)))

    assert words in page
    assert ("Let it pass" in page) is offered


def test_a_running_run_shows_how_far_it_is(cast: Cast) -> None:
    SyncRun.objects.filter(pk=cast.first.run.pk).update(state=RunState.RUNNING, progress=47, phase="Writing bills")
    page = text(cast.client("bob").get(change("syncrun", cast.first.run)))

    assert '<progress max="100" value="47">' in page
    assert "Writing bills" in page


def test_the_log_is_not_loaded_without_end(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncapp.admin.runs.LOG_SHOWN", 3)
    run = cast.first.run
    SyncLogEntry.objects.bulk_create(SyncLogEntry(run=run, company=run.company, message=f"step {n}") for n in range(5))
    page = text(cast.client("bob").get(change("syncrun", run)))

    assert "step 1" in page
    assert "step 4" not in page
    assert "The first 3 entries are shown." in page


def test_the_journal_shows_refusals_and_what_was_sent(cast: Cast) -> None:
    refused = make_operation(
        cast.first.company,
        cast.first.run,
        cast.first.bill,
        state=OperationState.REFUSED,
        error_code="6140",
        error_words="Duplicate Document Number",
    )

    listed = text(cast.client("bob").get(changelist("operation", q="6140")))
    assert "Duplicate Document Number" in listed
    assert '<span class="badge badge-bad">Refused</span>' in listed
    assert "DocNumber" in text(cast.client("bob").get(change("operation", refused)))


def test_the_journal_is_found_by_the_id_there(cast: Cast) -> None:
    response = cast.client("bob").get(changelist("operation", q="b1"))

    assert [row.pk for row in response.context["cl"].result_list] == [cast.first.operation.pk]


def test_runs_are_dated_like_everything_else(cast: Cast) -> None:
    SyncRun.objects.filter(pk=cast.first.run.pk).update(created_at=datetime(2026, 11, 5, 12, tzinfo=UTC))
    client, title = cast.client("bob"), "Sync of Harbor Company, 5 Nov 2026"

    page = text(client.get(change("syncrun", cast.first.run)))
    assert f"<h1>{title}" in page
    assert title in text(client.get(change("operation", cast.first.operation)))
    assert "2026-11-05" not in page


def test_the_journal_counts_its_entries(cast: Cast) -> None:
    assert "1 journal entry" in text(cast.client("bob").get(changelist("operation")))
    assert "2 journal entries" in text(cast.client("alice").get(changelist("operation")))


def test_a_run_is_named_by_a_date_for_reading(cast: Cast) -> None:
    cast.first.run.created_at = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)

    assert str(cast.first.run).endswith(", 5 Nov 2026 12:00")


def test_a_journal_entry_names_what_it_wrote(cast: Cast) -> None:
    first = cast.first
    whole = {"vendor": "v1", "email": "new@x.test", "lines": [{"amount": Decimal("5"), "account": "a1"}]}
    values = {"whole": whole, "changed": ["lines", "vendor"], "source": {}}
    entry = make_operation(first.company, first.run, first.bill, verb=Verb.UPDATE, values=values)
    page = text(cast.client("bob").get(change("operation", entry)))

    assert "Value written" in page
    assert ">Harbor Paper Co</a>" in page
    assert ">Harbor Supplies</a>" in page
    assert "new@x.test" not in page
    assert "<summary>Show the JSON</summary>" in page


def test_a_journal_entry_shows_what_a_conflict_kept_of_the_side(cast: Cast) -> None:
    first = cast.first
    values = {"whole": {"email": "new@Harbor.test"}, "changed": ["email"], "source": {}}
    entry = make_operation(first.company, first.run, first.vendor, verb=Verb.UPDATE, values=values)
    page = text(cast.client("bob").get(change("operation", entry)))

    assert page.index("Before") < page.index("other@Harbor.test") < page.index("<td>new@Harbor.test")


def test_a_run_tells_one_time_in_the_list_and_on_its_page(cast: Cast) -> None:
    run = cast.first.run
    SyncRun.objects.filter(pk=run.pk).update(created_at=datetime(2026, 11, 5, 3, 0, tzinfo=UTC))

    page = text(cast.client("bob").get(change("syncrun", run)))
    assert "5 Nov 2026 03:00" in page
    assert "Times are UTC" in page
    listed = text(cast.client("bob").get(changelist("syncrun")))
    assert "5 Nov 2026 03:00" in listed
    assert "Times are UTC" in listed


def test_a_journal_entry_is_labelled_for_people(cast: Cast) -> None:
    page = text(cast.client("bob").get(change("operation", cast.first.operation)))

    assert "Id there" in page
    assert "Remote id" not in page
    assert "Verb:" not in page
