"""Downloads: row by row, of the person's companies, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest
from django.http import StreamingHttpResponse

from syncapp.core.sheets import safe_cell
from tests.admin.support import Cast, act, make_held, make_object, text


def download(cast: Cast, name: str, screen: str, *rows: object) -> list[list[str]]:
    response = act(cast.client(name), screen, "export", *rows)
    assert isinstance(response, StreamingHttpResponse)
    assert response["Content-Disposition"].startswith('attachment; filename="')
    return list(csv.reader(io.StringIO(text(response))))


def test_records_come_with_their_amounts_states_and_reasons(cast: Cast) -> None:
    head, *rows = download(cast, "bob", "syncedobject", cast.first.bill, cast.first.held)
    by_number = {row[head.index("Number")]: dict(zip(head, row, strict=True)) for row in rows}

    assert by_number["Harbor-1"]["Amount"] == "1234.50"
    assert by_number["Harbor-1"]["Date"] == "2026-11-05"
    assert by_number["Harbor-1"]["QuickBooks id"] == "b1"
    assert by_number["Harbor-77"]["Reason"] == "zero-amount"
    assert by_number["Harbor-77"]["Why"].startswith("Bills with a total of zero")


def test_conflicts_come_with_both_values(cast: Cast) -> None:
    head, row = download(cast, "alice", "conflict", cast.first.conflict)

    assert dict(zip(head, row, strict=True)) | {"When": ""} == {
        "When": "",
        "Company": "Harbor Company",
        "Kind": "Vendor",
        "Record": "Harbor Paper Co",
        "Field": "E-mail",
        "Last agreed": "old@Harbor.test",
        "In BILL": "new@Harbor.test",
        "In QuickBooks": "other@Harbor.test",
        "Kept": "BILL",
        "State": "To review",
    }


def test_the_journal_comes_with_its_outcomes(cast: Cast) -> None:
    head, row = download(cast, "alice", "operation", cast.first.operation)

    assert dict(zip(head, row, strict=True))["Outcome"] == "Done"


@pytest.mark.parametrize("screen", ("syncedobject", "conflict", "operation"))
def test_a_foreign_row_is_in_no_download(cast: Cast, screen: str) -> None:
    rows = [each.row(screen) for each in (cast.first, cast.second, cast.third)]

    assert len(download(cast, "bob", screen, *rows)) == 1 + 1
    assert len(download(cast, "dana", screen, *rows)) == 1 + 3


def test_a_download_takes_the_whole_list_past_its_first_page(cast: Cast) -> None:
    for number in range(120):
        make_held(cast.first.company, f"N-{number}")
    response = act(cast.client("bob"), "syncedobject", "export", cast.first.held, select_across="1")

    assert len(list(csv.reader(io.StringIO(text(response))))) > 120


@pytest.mark.parametrize("name", ("=1+1", "+1", "-1", "@SUM(A1)", "\tx"))
def test_a_name_that_looks_like_a_formula_is_text(cast: Cast, name: str) -> None:
    row = make_object(cast.first.company, "vendor", label=name, billcom_id="009x")

    assert download(cast, "bob", "syncedobject", row)[1][2] == f"'{name}"


def test_a_negative_amount_stays_a_number() -> None:
    from decimal import Decimal

    assert safe_cell(Decimal("-12.50")) == "-12.50"


@pytest.mark.parametrize("empty", ("", None))
def test_an_empty_cell_stays_empty(empty: str | None) -> None:
    assert safe_cell(empty) == ""


def test_a_record_without_an_amount_has_empty_cells(cast: Cast) -> None:
    row = make_object(cast.first.company, "vendor", label="Plain", billcom_id="009y")
    _, cells = download(cast, "bob", "syncedobject", row)

    assert "" in cells
    assert "'" not in cells
