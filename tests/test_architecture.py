"""Who may import whom. X -> Y: X may import Y; what is not listed may not be imported."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "syncapp"

#: Every part of the program, and the parts it may import besides itself.
ARROWS: dict[str, set[str]] = {
    "core": set(),
    "kinds": {"core"},
    "gateways": {"core"},
    "models": {"core", "kinds"},
    "services": {"core", "kinds", "gateways", "models"},
    "tasks": {"services"},
    "admin": {"tasks", "services", "models", "kinds", "core"},
    "views": {"tasks", "services", "models", "kinds", "core"},
    "management": {"tasks", "services", "models", "kinds", "core"},
    "sandbox": set(),
    # The glue that Django looks for by name.
    "apps": {"checks"},
    "checks": {"services"},
    "migrations": {"models"},
    "urls": {"views"},
}

#: Parts that may import only this of what others have written; the rest take what they need.
OUTSIDE: dict[str, set[str]] = {
    "core": set(),
    "kinds": set(),
    "gateways": {"requests", "urllib3", "msgspec"},
    "sandbox": {"uvicorn", "uvloop", "httptools", "msgspec"},
}

#: Libraries that one part alone may import.
ONLY: dict[str, str] = {"requests": "gateways", "urllib3": "gateways", "django_q": "tasks"}


def part_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def files() -> list[Path]:
    return sorted(file for file in PACKAGE.rglob("*.py") if file != PACKAGE / "__init__.py")


def imports(tree: ast.AST, package: str) -> Iterator[str]:
    """The dotted names a module imports, wherever in it; `from a import b` counts as `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            base = ".".join(filter(None, [above, node.module]))
            yield from (f"{base}.{name.name}" for name in node.names)


def imports_of(file: Path) -> set[str]:
    package = ".".join(file.relative_to(ROOT).parent.parts)
    return set(imports(ast.parse(file.read_text(encoding="utf-8")), package))


def wrong(part: str, imported: str) -> str | None:
    """Why this part may not import that, or None."""
    top, *rest = imported.split(".")
    if top == "syncapp":
        target = rest[0] if rest else ""
        return None if target in {part, *ARROWS[part]} else f"{part} may not import {imported}"
    if top in {"config", "tests"}:
        return f"{part} may not import {imported}"
    if top in sys.stdlib_module_names:
        return None
    if ONLY.get(top, part) != part:
        return f"only {ONLY[top]} may import {top}"
    return None if part not in OUTSIDE or top in OUTSIDE[part] else f"{part} may not import {top}"


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_it_imports_only_along_the_arrows(file: Path) -> None:
    part = part_of(file)
    assert part in ARROWS, f"{part} is no part of the program: where does it belong?"
    assert [why for name in sorted(imports_of(file)) if (why := wrong(part, name))] == []


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("core", "import django"),
        ("core", "from syncapp.models import Company"),
        ("kinds", "from syncapp.gateways.qbo import QboGateway"),
        ("models", "import requests"),
        ("gateways", "from django.conf import settings"),
        ("services", "from syncapp import tasks"),
        ("services", "from .. import tasks"),
        ("views", "def late():\n    from django_q.tasks import async_task"),
        ("views", "from syncapp.gateways import errors"),
        ("sandbox", "from syncapp.kinds import KINDS"),
        ("sandbox", "import django"),
        ("tasks", "from tests.support import postgres"),
    ],
)
def test_it_catches_a_forbidden_import(part: str, source: str) -> None:
    assert any(wrong(part, name) for name in imports(ast.parse(source), f"syncapp.{part}"))


def test_it_lets_allowed_imports_pass() -> None:
    source = "from syncapp import tasks\nfrom ..services import runs\nimport json\nfrom django.http import HttpRequest"
    assert not any(wrong("views", name) for name in imports(ast.parse(source), "syncapp.views"))


def test_it_has_no_circle() -> None:
    order: list[str] = []
    while len(order) < len(ARROWS):
        free = [part for part, targets in ARROWS.items() if part not in order and targets <= set(order)]
        assert free, f"In a circle: {sorted(set(ARROWS) - set(order))}"
        order += free
