from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("lock", ["runtime.txt", "dev.txt"])
def test_it_locks_every_package_by_hash_and_names_no_address(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert pins
    assert "://" not in text
    assert not any(line.startswith("-") for line in pins)
    assert all("==" in line and line.endswith("\\") for line in pins)


@pytest.mark.django_db
def test_it_has_a_migration_for_every_change_of_the_models() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
