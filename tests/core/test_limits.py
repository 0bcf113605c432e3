from __future__ import annotations

import pytest

from syncapp.core.limits import came_back_empty, other_company, too_many_retired


@pytest.mark.parametrize(
    ("retired", "linked", "stops"),
    [
        (0, 0, False),
        (20, 20, False),
        (21, 21, True),
        (21, 100, True),
        (21, 105, False),
        (21, 104, True),
        (200, 1000, False),
    ],
)
def test_it_stops_where_more_than_a_fifth_and_more_than_twenty_went_away(
    retired: int, linked: int, stops: bool
) -> None:
    assert (too_many_retired("Vendors", retired, linked) is not None) is stops


@pytest.mark.parametrize(("read", "linked", "stops"), [(0, 20, False), (0, 21, True), (1, 500, False), (0, 0, False)])
def test_it_stops_where_a_whole_list_came_back_empty(read: int, linked: int, stops: bool) -> None:
    assert (came_back_empty("BILL", "Vendors", read, linked) is not None) is stops


@pytest.mark.parametrize(
    ("expected", "found", "stops"),
    [("Acme", "Acme", False), ("Acme", "Other", True), ("", "Other", False), ("Acme", "", False)],
)
def test_it_stops_where_the_company_has_another_name(expected: str, found: str, stops: bool) -> None:
    assert (other_company(expected, found) is not None) is stops


def test_it_says_why_in_words_that_follow_because() -> None:
    gone, empty, renamed = (
        too_many_retired("Vendors", 40, 50),
        came_back_empty("BILL", "Vendors", 0, 40),
        other_company("Acme", "Zeta"),
    )
    assert gone and gone.what == "40 of 50 vendors became inactive or were deleted since the last sync"
    assert empty and empty.what == "BILL shows no vendors at all, where 40 were in step before"
    assert renamed and '"Zeta"' in renamed.what and '"Acme"' in renamed.what
    assert {gone.code, empty.code, renamed.code} == {"too-many-changes", "empty-side", "company-renamed"}
