from __future__ import annotations

from typing import Any

import pytest

from syncapp.core.files import File, OtherSide, read
from syncapp.core.sides import Side


@pytest.mark.parametrize("size", ["\u00b2", "9" * 30, -1, 1.5, None, [], True, ""])
def test_a_size_of_an_odd_shape_is_not_known(size: object) -> None:
    assert read([{"Id": "1", "FileName": "a.pdf", "Size": size}], Side.QBO) == [File("1", "a.pdf")]


@pytest.mark.parametrize("name", [None, "", ["a.pdf"], {"a": 1}, 7])
def test_what_has_no_name_is_no_file(name: object) -> None:
    assert read([{"Id": "1", "FileName": name}], Side.QBO) == []
    assert read([{"id": "1", "name": name}], Side.BILLCOM) == []


@pytest.mark.parametrize(
    "refs",
    [
        None,
        "x",
        ["x"],
        [{"EntityRef": "x"}],
        [{"EntityRef": {"type": "Bill"}}],
        [{"EntityRef": {"type": [], "value": 1}}],
    ],
)
def test_a_file_with_odd_references_is_no_bills(refs: object) -> None:
    (found,) = read([{"Id": "1", "FileName": "a.pdf", "Size": "7", "AttachableRef": refs}], Side.QBO)
    assert found == File("1", "a.pdf", 7)


def test_a_file_names_its_bills() -> None:
    refs: list[Any] = [
        {"EntityRef": {"type": kind, "value": id}} for kind, id in (("Bill", "1"), ("bill", "2"), ("Vendor", "3"))
    ]
    (found,) = read([{"Id": "1", "FileName": "n" * 1001, "Size": 7, "AttachableRef": refs}], Side.QBO)
    assert found == File("1", "n" * 1000, 7, ("1", "2"))


def test_each_file_there_stands_for_one_here() -> None:
    there = OtherSide([File("7", "a.pdf", 3), File("8", "a.pdf", 3)], {})
    assert [there.take(id, "a.pdf", 3) for id in ("1", "2", "3")] == ["7", "8", ""]
    assert there.take("1", "a.pdf", 3) == "7"


def test_what_is_known_to_be_one_is_nobody_elses() -> None:
    there = OtherSide([File("7", "a.pdf"), File("8", "a.pdf")], {"1": "7", "9": "8"})
    assert there.take("2", "a.pdf", 3) == ""
    assert there.take("1", "renamed.pdf", 3) == "7"


def test_a_size_that_is_told_has_to_be_the_same() -> None:
    there = OtherSide([File("7", "a.pdf", 3), File("8", "b.pdf")], {})
    assert [there.take("1", "a.pdf", 4), there.take("2", "b.pdf", 4), there.take("3", "a.pdf", None)] == ["", "8", "7"]
