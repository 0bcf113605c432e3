"""A year of a company's life by its first seed; ``make year SEED=n`` plays any other."""

from __future__ import annotations

import re
from decimal import Decimal

from tests.simulation.test_simulation import own_database, simulate


@own_database
def test_after_a_year_both_products_agree_to_the_cent_but_for_what_is_held() -> None:
    played = simulate("--year", "--seed", "1")
    assert played.returncode == 0, played.stdout + played.stderr
    assert "Both sides tie out, vendor by vendor and customer by customer" in played.stdout
    done = {name: int(number) for number, name in re.findall(r"(\d+) (\w+)", played.stdout)}
    assert "one more sync wrote nothing" in played.stdout
    assert _bridged(played.stdout) and _bridged(played.stdout) == _named(played.stdout)
    assert done["new_bill"] >= 200 and done["new_invoice"] >= 150 and done["months"] >= 12


def _bridged(text: str) -> list[tuple[str, Decimal]]:
    """What the bridges say is held, reason by reason."""
    return [(reason.strip(), _money(amount)) for reason, amount in re.findall(r"^  held: (.+?) +(\S+)$", text, re.M)]


def _named(text: str) -> list[tuple[str, Decimal]]:
    """The same, added up from the records that are named, each with its reason, and from those that are left over."""
    groups = re.findall(r"^\w+, held: (.+): \d+ records?, \S+\n((?: +\S+  \S.*\n)+)", text, re.M)
    return [(reason, sum((_money(line.split()[0]) for line in _records(lines)), Decimal())) for reason, lines in groups]


def _records(lines: str) -> list[str]:
    records = lines.splitlines()
    assert len(records) <= 11 and all(re.search(r", .+: \S|in \d+ more$", each) for each in records), records
    return records


def _money(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))
