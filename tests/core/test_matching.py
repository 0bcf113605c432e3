from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncapp.core.holds import HoldCode
from syncapp.core.matching import Candidate, Matches, normalise, pair_up
from syncapp.core.schema import Keys
from tests.core.toys import BILLCOM, QBO


def ours(key: int, first: str = "", *, second: str = "", proposal: str = "", active: bool = True) -> Candidate:
    return Candidate(key, BILLCOM, Keys(first, second, proposal), active)


def theirs(key: int, first: str = "", *, second: str = "", proposal: str = "", active: bool = True) -> Candidate:
    return Candidate(key, QBO, Keys(first, second, proposal), active)


def paired(*candidates: Candidate) -> Matches:
    return pair_up(candidates, "name")


def codes(found: Matches) -> dict[int, HoldCode]:
    return {key: hold.code for key, (hold, _) in found.holds.items()}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ACME, Inc.", "Acme Inc"),
        ("Café  Zürich", "cafe zurich"),
        ("INV-001", "inv 001"),
        ("O'Brien & Sons", "OBrien Sons"),
        ("2024/05-A", "2024-05 a"),
        ("Straße", "STRASSE"),
        ("***", " *** "),
    ],
)
def test_names_are_one_whatever_their_case_accents_spaces_and_punctuation(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1-23", "12-3"), ("Unit 1 12", "Unit 11 2"), ("***", "###"), ("Acme", "Acme 2"), ("1.5 in", "15 in")],
)
def test_what_differs_in_more_is_never_one(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@given(st.text())
def test_nothing_that_has_a_sign_has_an_empty_key(text: str) -> None:
    """A record without a key would never be found again after a lost answer."""
    if any(not char.isspace() and normalise(char) for char in text):
        assert normalise(text)
    assert normalise(normalise(text)) == normalise(text)


def test_it_links_what_is_exact_and_unique() -> None:
    found = paired(ours(1, "acme"), theirs(2, "acme"), ours(3, "zeta"), theirs(4, "other"))
    assert found.links == [(1, 2)]
    assert found.holds == {}


def test_without_a_key_nothing_is_linked() -> None:
    assert paired(ours(1), theirs(2)) == Matches()


def test_several_of_a_name_are_held_with_their_candidates() -> None:
    found = paired(ours(1, "acme"), theirs(2, "acme"), theirs(3, "acme"))
    assert found.links == []
    assert codes(found) == dict.fromkeys((1, 2, 3), HoldCode.AMBIGUOUS_MATCH)
    assert found.holds[1][1] == (2, 3)
    assert found.holds[2][1] == (1,)
    assert "name" in found.holds[1][0].describe()


def test_several_on_one_side_alone_are_nobodys_matter() -> None:
    assert paired(ours(1, "acme"), ours(2, "acme")) == Matches()


def test_the_active_ones_belong_together_where_inactive_namesakes_are_about() -> None:
    found = paired(ours(1, "acme"), ours(2, "acme", active=False), theirs(3, "acme"), theirs(4, "acme", active=False))
    assert found.links == [(1, 3)]
    assert found.holds == {}


def test_an_inactive_one_belongs_to_the_only_one_of_its_name() -> None:
    """QuickBooks never gives the name away again."""
    assert paired(ours(1, "acme", active=False), theirs(2, "acme")).links == [(1, 2)]


def test_the_second_key_counts_where_the_first_found_nothing() -> None:
    found = paired(
        ours(1, "#6000/rent", second="/rent"), theirs(2, "/rent", second="/rent"), theirs(3, "x", second="x")
    )
    assert found.links == [(1, 2)]


def test_the_first_key_goes_before_the_second() -> None:
    found = paired(ours(1, "a", second="s"), theirs(2, "a", second="t"), theirs(3, "b", second="s"))
    assert found.links == [(1, 2)]
    assert found.holds == {}


def test_what_is_ambiguous_is_not_guessed_by_a_weaker_key() -> None:
    found = paired(ours(1, "a", second="s"), theirs(2, "a"), theirs(3, "a"), theirs(4, "b", second="s"))
    assert found.links == []
    assert 4 not in found.holds


def test_what_is_only_alike_is_proposed_and_never_linked() -> None:
    found = paired(ours(1, "acme", proposal="a@b.c"), theirs(2, "acme ltd", proposal="a@b.c"))
    assert found.links == []
    assert codes(found) == dict.fromkeys((1, 2), HoldCode.PROPOSED_MATCH)
    assert found.holds[1][1] == (2,)


def test_what_is_like_one_that_is_gone_waits_for_a_person_and_the_gone_one_for_nobody() -> None:
    gone = Candidate(1, BILLCOM, Keys(proposal="like"), active=False, gone=True)
    found = paired(gone, theirs(2, proposal="like"))
    assert (found.links, codes(found)) == ([], {2: HoldCode.PROPOSED_MATCH})
    hold, candidates = found.holds[2]
    assert candidates == (1,)
    assert "deleted, archived or voided in BILL" in hold.describe() and "They are different" in hold.fix()


def test_what_has_the_number_of_one_that_is_gone_waits_for_a_person_too() -> None:
    gone = Candidate(1, BILLCOM, Keys(first="v/7"), active=False, gone=True)
    assert codes(paired(gone, theirs(2, "v/7"))) == {2: HoldCode.PROPOSED_MATCH}
    assert paired(gone, ours(3, "v/7"), theirs(2, "v/7")).links == [(3, 2)]


def test_a_living_candidate_is_offered_beside_one_that_is_gone() -> None:
    gone = Candidate(1, BILLCOM, Keys(proposal="like"), active=False, gone=True)
    found = paired(gone, ours(3, "", proposal="like"), theirs(2, proposal="like"))
    hold, candidates = found.holds[2]
    assert candidates == (1, 3)
    assert "Link the two" in hold.fix()


def test_what_was_linked_is_proposed_to_nobody() -> None:
    found = paired(ours(1, "acme", proposal="p"), theirs(2, "acme", proposal="p"), theirs(3, "beta", proposal="p"))
    assert found.links == [(1, 2)]
    assert found.holds == {}


def told_apart(candidate: Candidate) -> Candidate:
    return Candidate(candidate.key, candidate.side, candidate.keys, candidate.active, told_apart=True)


@pytest.mark.parametrize("keys", [Keys("same"), Keys(second="same"), Keys(proposal="same")])
def test_what_a_person_told_apart_is_neither_held_nor_linked(keys: Keys) -> None:
    assert paired(told_apart(Candidate(1, BILLCOM, keys)), Candidate(2, QBO, keys)) == Matches()


def test_told_apart_one_leaves_the_others_unambiguous() -> None:
    found = paired(told_apart(ours(1, "acme")), ours(2, "acme"), theirs(3, "acme"))
    assert found.links == [(2, 3)]
    assert found.holds == {}


def test_it_names_at_most_twenty_candidates() -> None:
    found = paired(ours(1, "acme"), *(theirs(key, "acme") for key in range(2, 40)))
    assert len(found.holds[1][1]) == 20


names = st.sampled_from(["", "a", "b", "c"])
candidates = st.lists(
    st.tuples(st.sampled_from([BILLCOM, QBO]), names, names, names, st.booleans(), st.booleans()), max_size=12
)


@given(candidates)
def test_nobody_is_linked_twice_or_both_linked_and_held(rows: list[tuple[object, ...]]) -> None:
    found = pair_up(
        [Candidate(key, row[0], Keys(*row[1:4]), row[4], row[5]) for key, row in enumerate(rows)],  # type: ignore[arg-type]
        "name",
    )
    linked = [key for link in found.links for key in link]
    assert len(linked) == len(set(linked))
    assert not set(linked) & set(found.holds)
    assert all(rows[one][0] is BILLCOM and rows[other][0] is QBO for one, other in found.links)
    assert not any(rows[key][5] for key in {*linked, *found.holds})
    assert all(rows[other][0] is not rows[key][0] for key, (_, others) in found.holds.items() for other in others)


@given(candidates, st.randoms(use_true_random=False))
def test_the_order_of_records_decides_nothing(rows: list[tuple[object, ...]], random: object) -> None:
    made = [Candidate(key, row[0], Keys(*row[1:4]), row[4], row[5]) for key, row in enumerate(rows)]  # type: ignore[arg-type]
    shuffled = list(made)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = pair_up(made, "name"), pair_up(shuffled, "name")
    assert sorted(one.links) == sorted(other.links)
    assert codes(one) == codes(other)


@pytest.mark.parametrize(
    ("there", "alike"),
    [
        (("2026-11-20", "99.00"), True),
        (("2026-11-25", "77.00"), True),
        (("2026-11-25", "99.00"), False),
        ((), True),
    ],
)
def test_one_key_alone_is_not_enough_where_nothing_else_is_the_same(there: tuple[str, ...], alike: bool) -> None:
    one = Candidate(1, BILLCOM, Keys("7/dup1"), details=("2026-11-20", "77.00"))
    other = Candidate(2, QBO, Keys("7/dup1"), details=there)

    found = pair_up([one, other], "vendor and number")

    assert found.links == ([(1, 2)] if alike else [])
    assert codes(found) == ({} if alike else {1: HoldCode.PROPOSED_MATCH, 2: HoldCode.PROPOSED_MATCH})
    if not alike:
        hold, candidates = found.holds[1]
        assert candidates == (2,)
        assert "here it is 2026-11-20, 77.00, there 2026-11-25, 99.00" in hold.describe()
