"""Declarations: one file = one kind. Dropping a file in here is all that a new kind takes.

Modules whose name starts with an underscore are shared pieces, not kinds.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from syncapp.core.schema import Kind, in_order


def discover(paths: list[str], package: str) -> dict[str, Kind]:
    """Every kind declared in a folder, in dependency order. A file without its KIND is a mistake and says so."""
    found = []
    for module in pkgutil.iter_modules(paths):
        if module.name.startswith("_"):
            continue
        kind = getattr(import_module(f"{package}.{module.name}"), "KIND", None)
        if not isinstance(kind, Kind) or kind.name != module.name:
            raise ValueError(f"kinds/{module.name}.py must declare KIND with the name {module.name!r}")
        found.append(kind)
    return {kind.name: kind for kind in in_order(found)}


_declared = discover(list(__path__), __name__)
KINDS: Mapping[str, Kind] = MappingProxyType(_declared)
