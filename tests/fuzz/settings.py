"""How much is tried: little in the suite, as much as TIEOUT_FUZZ says otherwise."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("TIEOUT_FUZZ", "15"))
bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    # The rows made once stand for all examples; each of them is told apart by what it adds.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# Lone surrogates too: JSON may carry them escaped, and no database stores them.
odd_text = st.one_of(
    st.text(st.characters(), max_size=20),
    st.sampled_from(["", "\0", "\ud800", "a" * 10_000, "9" * 5_000, "-1", "NaN", "0001-01-01T00:00:00+14:00"]),
)
odd_value = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), odd_text),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(odd_text, inner, max_size=4)),
    max_leaves=10,
)
