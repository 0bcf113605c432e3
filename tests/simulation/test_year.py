"""A year of a company's life by its first seed; ``make year SEED=n`` plays any other."""

from __future__ import annotations

import re

from tests.simulation.test_simulation import own_database, simulate


@own_database
def test_after_a_year_both_products_agree_to_the_cent_but_for_what_is_held() -> None:
    played = simulate("--year", "--seed", "1")
    assert played.returncode == 0, played.stdout + played.stderr
    assert "Both sides tie out, vendor by vendor and customer by customer" in played.stdout
    done = {name: int(number) for number, name in re.findall(r"(\d+) (\w+)", played.stdout)}
    assert done["new_bill"] >= 200 and done["new_invoice"] >= 120 and done["months"] >= 12
