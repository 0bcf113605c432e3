"""HTML made by functions: whatever is not marked safe is escaped, so that nothing has to be thought of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

_EMPTY = {"input", "link", "meta", "br"}


class Safe(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: Any) -> Safe:
    return value if isinstance(value, Safe) else Safe(escape("" if value is None else str(value)))


def joined(parts: Iterable[Any]) -> Safe:
    return Safe("".join(text(part) for part in parts))


def tag(name: str, /, *children: Any, **attributes: Any) -> Safe:
    """``for_`` and ``aria_label`` stand for ``for`` and ``aria-label``; False and None leave an attribute out."""
    shown = "".join(
        f" {_name(key)}" if value is True else f' {_name(key)}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _EMPTY:
        return Safe(f"<{name}{shown}>")
    return Safe(f"<{name}{shown}>{joined(children)}</{name}>")


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def link(address: str, words: Any, **attributes: Any) -> Safe:
    return tag("a", words, href=address, **attributes)


def table(
    heads: Sequence[str], rows: Iterable[Sequence[Any]], *, caption: str = "", numbers: Sequence[int] = ()
) -> Safe:
    """``numbers``: the columns whose figures stand right."""

    def cell(kind: str, position: int, value: Any) -> Safe:
        scope = "col" if kind == "th" else None
        return tag(kind, value, class_="number" if position in numbers else None, scope=scope)

    head = tag("tr", joined(cell("th", position, each) for position, each in enumerate(heads)))
    body = joined(tag("tr", joined(cell("td", at, each) for at, each in enumerate(row))) for row in rows)
    if not body:
        body = tag("tr", tag("td", "Nothing here.", colspan=len(heads), class_="quiet"))
    said = tag("caption", caption) if caption else ""
    return tag("div", tag("table", said, tag("thead", head), tag("tbody", body)), class_="scroll")


def field(name: str, label: str, control: Safe, *, hint: str = "") -> Safe:
    help_ = tag("small", hint, id=f"{name}-hint") if hint else ""
    return tag("p", tag("label", label, for_=name), control, help_, class_="field")


def entry(name: str, label: str, value: Any = "", kind: str = "text", **attributes: Any) -> Safe:
    hint = attributes.pop("hint", "")
    described = f"{name}-hint" if hint else None
    shown = "" if value is None else value
    control = tag("input", id=name, name=name, type=kind, value=shown, aria_describedby=described, **attributes)
    return field(name, label, control, hint=hint)


def choice(name: str, label: str, options: Iterable[tuple[str, str]], chosen: str = "", *, hint: str = "") -> Safe:
    shown = joined(tag("option", words, value=value, selected=value == chosen) for value, words in options)
    described = f"{name}-hint" if hint else None
    return field(name, label, tag("select", shown, id=name, name=name, aria_describedby=described), hint=hint)


def button(words: str, do: str = "", *, plain: bool = False) -> Safe:
    """``do`` says which of a page's acts is meant."""
    named = {"name": "do", "value": do} if do else {}
    return tag("button", words, type="submit", class_="plain" if plain else None, **named)


def form(*parts: Any, action: str | None = None, method: str = "post", **attributes: str) -> Safe:
    return tag("form", *parts, action=action, method=method, **attributes)


def folded(title: str, *parts: Any) -> Safe:
    return tag("details", tag("summary", title), *parts)
