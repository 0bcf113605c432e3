"""What holds for every test."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.support.browser import NO_CHROMIUM, chromium_path

TESTS = Path(__file__).parent
# What of these uses no database runs alike on every one.
PURE = ("core", "gateways", "kinds", "sandbox")
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--with-database", action="store_true", help="leave out what was run and uses no database")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("with_database"):
        pure = [item for item in items if uses_no_database(item)]
        items[:] = [item for item in items if not uses_no_database(item)]
        config.hook.pytest_deselected(items=pure)
    if chromium_path() is not None:
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=NO_CHROMIUM))


def uses_no_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    marked = item.get_closest_marker("django_db") is not None
    return item.path.relative_to(TESTS).parts[0] in PURE and not marked and not fixtures & DATABASE_FIXTURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What did not run is said where nobody can miss it."""
    reasons = Counter(reason(report) for report in terminalreporter.stats.get("skipped", []))
    for why, count in sorted(reasons.items()):
        terminalreporter.write_line(f"!!! NOT RUN: {count} test{'s' if count > 1 else ''}. {why}", red=True, bold=True)


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)
