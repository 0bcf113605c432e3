from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncapp.core.codec import Unreadable, day, decode, decode_fields, dig, encode, flag, money, number, readers, text
from syncapp.core.schema import Draft, Field, Raw, Type, Values
from syncapp.core.sides import Side
from tests.core.toys import BILLCOM, FRUIT, LOOKUP, QBO, TERMS, fruit


def draft(side: Side, values: Values, *changed: str, current: Raw | None = None) -> Draft:
    return Draft(side, values, frozenset(changed), current, TERMS, LOOKUP, "1" if current else "")


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        (None, None),
        ("", None),
        (12, Decimal("12.00")),
        (Decimal("1.1"), Decimal("1.10")),
        ("3.5", Decimal("3.50")),
        (Decimal("0.005"), Decimal("0.01")),
        (Decimal("2.675"), Decimal("2.68")),
        (Decimal("-2.675"), Decimal("-2.68")),
        (Decimal("99999999999999.99"), Decimal("99999999999999.99")),
    ],
)
def test_money_is_exact_to_the_cent_and_rounds_half_up(shown: object, meant: Decimal | None) -> None:
    assert money(shown) == meant


@pytest.mark.parametrize("shown", ["abc", "NaN", "Infinity", [], {}, True])
def test_it_refuses_an_amount_that_is_none(shown: object) -> None:
    with pytest.raises(Unreadable):
        money(shown)
    with pytest.raises(Unreadable):
        number(shown)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_an_amount_survives_being_read(amount: Decimal) -> None:
    assert money(amount) == money(str(amount)) == amount


def test_a_quantity_keeps_its_digits_and_loses_its_trailing_zeros() -> None:
    assert str(number("33.3333330")) == "33.333333"
    assert str(number(Decimal("100.00"))) == "100"
    assert number("1E+2") == 100


@pytest.mark.parametrize("shown", [{"FreeFormNumber": "1"}, ["a"], True])
def test_it_refuses_a_text_that_is_something_else(shown: object) -> None:
    """Otherwise the other product would get Python's way of showing it."""
    with pytest.raises(Unreadable):
        text(shown)


def test_a_number_may_stand_for_a_text() -> None:
    assert (text(5113), text("  Rent "), text(None)) == ("5113", "Rent", "")


@pytest.mark.parametrize(
    ("shown", "meant"), [(True, True), (False, False), (None, False), ("false", False), ("True", True), ("", False)]
)
def test_false_is_false_however_it_is_written(shown: object, meant: bool) -> None:
    assert flag(shown) is meant


@pytest.mark.parametrize("shown", ["no", 2, {}, []])
def test_it_refuses_a_switch_that_is_neither_on_nor_off(shown: object) -> None:
    with pytest.raises(Unreadable):
        flag(shown)


def test_a_date_loses_its_time_of_day() -> None:
    assert day("2026-03-15T23:59:00.000+00:00") == "2026-03-15"
    assert day(None) == ""
    with pytest.raises(Unreadable):
        day("15/03/2026")


def test_it_reads_both_sides_in_the_same_words() -> None:
    ours = {"name": "Apple", "look": {"colour": "red"}, "sort": "POME", "price": 2, "archived": False}
    theirs = {"Name": "Apple", "Look": {"Colour": "red"}, "Sort": "Pome", "Price": "2.0", "Active": True}
    assert decode(FRUIT, ours, BILLCOM) == decode(FRUIT, theirs, QBO) == fruit()


def test_a_word_it_does_not_know_stays_as_it_is() -> None:
    assert decode(FRUIT, {"Name": "Fig", "Sort": "Compound"}, QBO)["sort"] == "Compound"


def test_what_a_side_does_not_show_is_blank() -> None:
    assert decode(FRUIT, {}, BILLCOM) == fruit(name="", colour="", sort="", price=None)
    assert decode(FRUIT, {"Name": "Fig"}, QBO)["active"] is False


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"Name": {"first": "A"}}, "name"),
        ({"Look": "red"}, "colour"),
        ({"ParentRef": "12"}, "parent"),
        ({"Price": "much"}, "price"),
        ({"Active": "perhaps"}, "active"),
    ],
)
def test_it_names_the_field_that_has_an_unexpected_shape(raw: Raw, field: str) -> None:
    """Above all it doesn't take what it can't read for emptied."""
    with pytest.raises(Unreadable) as error:
        decode(FRUIT, raw, QBO)
    assert error.value.field == field
    assert str(error.value).startswith(f"{field}: unexpected ")


def test_readers_of_one_declaration_never_serve_another() -> None:
    """Mappings that come and go may have the same address one after the other."""
    for number_of in range(50):
        fields = {f"field{number_of}": Field(billcom="x")}
        assert [name for name, _, _ in readers(fields, BILLCOM)] == list(fields)


def test_digging_stops_where_nothing_is() -> None:
    assert dig({"a": {"b": 1}}, ("a", "b")) == 1
    assert dig({"a": None}, ("a", "b")) is None
    assert dig({"a": "text"}, ("a", "b")) is None


def test_a_create_sends_everything_that_is_not_empty() -> None:
    sent = encode(FRUIT, draft(QBO, fruit(code="C1", parent="q-apple"), *FRUIT.compared), creating=True)
    assert sent == {
        "Name": "Apple",
        "Look": {"Colour": "red"},
        "Code": "C1",
        "Sort": "Pome",
        "Price": 2,
        "ParentRef": {"value": "q-apple"},
        "Active": True,
    }


def test_a_create_leaves_out_what_does_not_flow_that_way() -> None:
    sent = encode(FRUIT, draft(BILLCOM, fruit(code="XXXX1"), *FRUIT.compared), creating=True)
    assert "code" not in sent
    assert sent["sort"] == "POME"
    assert sent["archived"] is False


def test_an_update_sends_what_changed() -> None:
    current = {"Name": "Apple", "Price": 2}
    assert encode(FRUIT, draft(QBO, fruit(name="Fig"), "name", current=current), creating=False) == {"Name": "Fig"}


def test_a_nested_object_is_written_whole_and_keeps_what_is_not_ours() -> None:
    current = {"Look": {"Colour": "red", "Shape": "round", "Skin": "smooth"}}
    values = fruit(colour="green", shape="round")
    sent = encode(FRUIT, draft(QBO, values, "colour", current=current), creating=False)
    assert sent == {"Look": {"Colour": "green", "Shape": "round", "Skin": "smooth"}}
    assert current["Look"]["Colour"] == "red"


def test_a_patch_of_bill_names_only_what_is_mapped() -> None:
    current = {"look": {"colour": "red", "shape": "round", "skin": "smooth"}}
    sent = encode(FRUIT, draft(BILLCOM, fruit(colour="green"), "colour", current=current), creating=False)
    assert sent == {"look": {"colour": "green", "shape": ""}}


@pytest.mark.parametrize(
    ("side", "current", "sent"),
    [
        (QBO, {"ParentRef": {"value": "q-apple", "name": "Apple"}}, {"ParentRef": None}),
        (BILLCOM, {"parentId": "b-apple"}, {"parentId": ""}),
        (QBO, {}, {}),
        (BILLCOM, {}, {}),
    ],
)
def test_an_emptied_reference_is_taken_away_outright(side: Side, current: Raw, sent: Raw) -> None:
    assert encode(FRUIT, draft(side, fruit(parent=""), "parent", current=current), creating=False) == sent


@pytest.mark.parametrize(("side", "name"), [(QBO, "Price"), (BILLCOM, "price")])
def test_an_emptied_number_becomes_zero(side: Side, name: str) -> None:
    assert encode(FRUIT, draft(side, fruit(price=None), "price", current={name: 2}), creating=False) == {name: 0}


def test_an_emptied_text_is_sent_empty() -> None:
    sent = encode(FRUIT, draft(QBO, fruit(name=""), "name", current={"Name": "Apple"}), creating=False)
    assert sent == {"Name": ""}


@given(
    st.fixed_dictionaries(
        {
            "name": st.text("ab cé", min_size=1, max_size=10).filter(lambda name: name.strip() == name),
            "colour": st.sampled_from(["", "red", "green"]),
            "sort": st.sampled_from(["", "POME", "STONE"]),
            "price": st.none() | st.decimals(min_value=0, max_value=1000, places=4).map(number),
            "parent": st.sampled_from(["", "x1"]),
            "active": st.booleans(),
        }
    ),
    st.sampled_from(Side),
)
def test_what_is_written_reads_back_the_same(values: dict[str, Any], side: Side) -> None:
    sent = encode(FRUIT, draft(side, fruit(**values), *FRUIT.compared), creating=True)
    assert decode_fields(FRUIT.fields, sent, side) == fruit(**values)


def test_types_that_need_no_path_are_left_to_the_kind() -> None:
    fields = {"lines": Field(type=Type.LINES), "total": Field(type=Type.MONEY), "known": Field(type=Type.BOOL)}
    assert decode_fields(fields, {"lines": [1]}, QBO) == {"lines": (), "total": None, "known": False}
