from __future__ import annotations

import re
from string import Formatter

import pytest

from syncapp.core.holds import TEXTS, TRIED, Hold, HoldCode


@pytest.mark.parametrize("code", HoldCode)
def test_every_code_has_words_that_say_what_and_what_to_do(code: HoldCode) -> None:
    text = TEXTS[code]
    assert all((text.title, text.meaning, text.fix))
    assert len(text.title) < 40
    assert text.meaning.endswith((".", "}")) and text.fix.endswith(".")


def test_every_code_is_spelled_for_screens_and_exports() -> None:
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code) for code in HoldCode)
    assert set(TEXTS) == set(HoldCode)


@pytest.mark.parametrize("code", HoldCode)
def test_facts_are_filled_in_and_a_missing_one_breaks_nothing(code: HoldCode) -> None:
    places = {
        name for text in (TEXTS[code].meaning, TEXTS[code].fix) for _, name, _, _ in Formatter().parse(text) if name
    }
    whole = Hold(code, {place: f"<{place}>" for place in places})
    assert all(f"<{place}>" in whole.describe() + whole.fix() for place in places)
    bare = Hold(code)
    assert "{" not in bare.describe() + bare.fix()
    assert ("…" in bare.describe() + bare.fix()) == bool(places) or "…" in TEXTS[code].meaning


def test_words_of_a_remote_may_hold_braces() -> None:
    hold = Hold(HoldCode.REJECTED, {"side": "BILL", "code": "BDC_1", "words": "{vendor} {0}"})
    assert 'with the words "{vendor} {0}" (BDC_1)' in hold.describe()


def test_a_refusal_says_what_was_tried_and_three_ways_out() -> None:
    facts = {"side": "BILL", "code": "BDC_1143", "words": "A bill with payments can't be archived."}
    hold = Hold(HoldCode.REJECTED, {**facts, "tried": TRIED["retire"]})
    said = 'BILL refused it with the words "A bill with payments can\'t be archived." (BDC_1143).'
    assert hold.describe() == f"The sync tried to take it away in BILL, and {said}"
    assert all(way in hold.fix() for way in ("Remove in BILL", "in the other product", "Or exclude the record"))
    assert "tried to write it in BILL" in Hold(HoldCode.REJECTED, facts).describe()


def test_a_hold_can_name_what_it_waits_for() -> None:
    hold = Hold(HoldCode.WAITS_FOR, {"target": "vendor Acme"}, waits_for=7)
    assert hold.waits_for == 7
    assert "vendor Acme" in hold.describe() and "vendor Acme" in hold.fix()
