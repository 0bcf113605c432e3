"""What holds for every test."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.browser import NO_CHROMIUM, chromium_path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if chromium_path() is not None:
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=NO_CHROMIUM))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What did not run is said where nobody can miss it."""
    reasons = Counter(reason(report) for report in terminalreporter.stats.get("skipped", []))
    for why, count in sorted(reasons.items()):
        terminalreporter.write_line(f"!!! NOT RUN: {count} test{'s' if count > 1 else ''}. {why}", red=True, bold=True)


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)
