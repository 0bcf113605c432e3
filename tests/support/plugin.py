"""Chooses the tests' database before Django reads its settings. Loaded by `-p`, ahead of every conftest.

TIEOUT_TEST_DB=sqlite (as when unset) or postgres; the server is started here and ended with the run.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from tests.support.postgres import NoPostgres, postgres_server


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    # The workers of pytest-xdist are children: they find what the first process has made.
    if "TIEOUT_TEST_DIR" not in os.environ:
        stack = ExitStack()
        early_config.add_cleanup(stack.close)
        _make_folder(stack)
        _make_database(stack)
    return (yield)


def _make_folder(stack: ExitStack) -> None:
    folder = tempfile.mkdtemp(prefix="tieout-tests-")
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    _set(stack, "TIEOUT_TEST_DIR", folder)


def _make_database(stack: ExitStack) -> None:
    wanted = os.environ.get("TIEOUT_TEST_DB", "sqlite")
    if wanted == "sqlite":
        return
    if wanted != "postgres":
        raise pytest.UsageError(f"TIEOUT_TEST_DB is sqlite or postgres, not {wanted!r}.")
    try:
        _set(stack, "TIEOUT_TEST_DATABASE_URL", stack.enter_context(postgres_server()))
    except NoPostgres as error:
        raise pytest.UsageError(f"TIEOUT_TEST_DB=postgres: {error}") from error


def _set(stack: ExitStack, name: str, value: str) -> None:
    os.environ[name] = value
    stack.callback(os.environ.pop, name, None)
