"""What became of one scenario; plain values, so that it goes from process to process."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

# What the codes before a violation stand for; the order is the design's.
INVARIANTS = {
    "I1": "nothing is there twice",
    "I2": "both sides come to agree, or something says why not",
    "I3": "a sync with nothing to do writes nothing",
    "I4": "no edit is lost, but for a conflict that is on record",
    "I5": "nothing goes against the directions that are chosen",
    "I6": "the money agrees: payables and clearing",
    "I9": "what was turned on for ever stays on",
    "I10": "every write is in the journal, with the outcome it had",
    "I11": "no limit of a product is passed",
    "I12": "no secret is in a log or a table",
}


@dataclass
class Report:
    seed: int
    steps: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
