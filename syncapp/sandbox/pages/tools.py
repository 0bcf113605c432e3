"""Companies, and the machinery: faults, the clock, switches, calls made, the trial balance."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from syncapp.sandbox import faults, loading
from syncapp.sandbox.http import Request, Response
from syncapp.sandbox.pages import layout
from syncapp.sandbox.pages.books import Books
from syncapp.sandbox.pages.markup import Safe, button, choice, entry, folded, form, joined, link, table, tag

if TYPE_CHECKING:
    from syncapp.sandbox.world import Sandbox

LAST = 200
_SIDES = [("", "Both"), *layout.PRODUCTS.items()]


# --- companies -------------------------------------------------------------------------------------------------------


def home(world: Sandbox, request: Request) -> Response:
    if request.method == "POST":
        name = request.form().get("load", "").strip()
        try:
            company = loading.into(world, loading.checked(loading.named(name)))
        except ValueError as error:
            return _home_page(world, wrong=str(error))
        return layout.there("/", f"{company.name} is loaded.")
    return _home_page(world, said=request.query.get("said", ""))


def _home_page(world: Sandbox, *, said: str = "", wrong: str = "") -> Response:
    rows = [
        (
            company.name,
            link(f"/ui/qbo/{company.qbo['realm_id']}", "QuickBooks Online"),
            link(f"/ui/billcom/{company.billcom['organization_id']}", "BILL"),
            "console" if company.console else "direct",
            company.signed_up_on,
            _sign_in(company.qbo, company.billcom),
        )
        for company in world.companies.values()
    ]
    known = sorted(file.stem for file in loading.FIXTURES.glob("*.json"))
    samples = joined(
        form(tag("input", type="hidden", name="load", value=name), button(f"Load {name}")) for name in known
    )
    other = form(
        entry("load", "Another", hint=f"a path to raw QuickBooks JSON, or {loading.GENERATED}seed=7,bills=500"),
        button("Load"),
        class_="row",
    )
    return layout.page(
        "Companies",
        tag("p", "Both products as their users see them. What you do here is a person's edit, not the API's."),
        table(("Company", "Books", "Payables", "Client", "Signed up", "Credentials"), rows),
        tag("h2", "Load a sample"),
        tag("div", samples, class_="row"),
        other,
        said=said,
        wrong=wrong,
        status=400 if wrong else 200,
    )


def _sign_in(qbo: dict[str, Any], billcom: dict[str, Any]) -> Safe:
    """All of it made up; there is nothing to be kept secret."""
    people = joined(tag("li", f"{user['email']} ({user['role']})") for user in qbo.get("users", []))
    names = ["username", "password", "sync_token_name", "sync_token_value", "organization_id", "developer_key"]
    if billcom.get("console_email"):
        names += ["console_email", "console_api_token"]
    rows = [(name.replace("_", " "), tag("code", billcom.get(name, ""))) for name in names]
    return folded(
        "Show",
        tag("p", "QuickBooks, password ", tag("code", qbo.get("password", ""))),
        tag("ul", people),
        table(("BILL", "Value"), rows),
    )


# --- faults, clock, switches -----------------------------------------------------------------------------------------


def tools(world: Sandbox, request: Request) -> Response:
    if request.method == "POST":
        typed = request.form()
        act = _ACTS.get(typed.get("do", ""))
        try:
            if act is None:
                raise ValueError("Nobody can do that here.")
            said = act(world, typed)
        except ValueError as error:
            return _tools_page(world, wrong=str(error))
        return layout.there("/tools", said)
    return _tools_page(world, said=request.query.get("said", ""))


def _tools_page(world: Sandbox, *, said: str = "", wrong: str = "") -> Response:
    return layout.page(
        "Faults and clock",
        _faults(world),
        _clock(world),
        _switches(world),
        said=said,
        wrong=wrong,
        status=400 if wrong else 200,
    )


def _faults(world: Sandbox) -> Safe:
    rows = [
        (
            faults.MEANINGS[fault.kind],
            fault.side or "both",
            f"{fault.method} {fault.path_contains}".strip() or "any call",
            fault.times,
            fault.hits,
        )
        for fault in world.faults.waiting
    ]
    kinds = [(kind.value, f"{kind.value}: {faults.MEANINGS[kind]}") for kind in faults.FaultKind]
    add = form(
        choice("kind", "What goes wrong", kinds),
        choice("side", "In", _SIDES),
        entry("path_contains", "Path contains"),
        choice("method", "Method", [("", "any"), *((each, each) for each in ("GET", "POST", "PATCH", "PUT"))]),
        entry("times", "How often", 1, "number", min=1),
        entry("skip", "After how many fitting calls", 0, "number", min=0),
        entry("seconds", "Seconds, where it takes any", 40, "number", min=0, step="any"),
        button("Let it go wrong", "add-fault"),
        class_="row",
    )
    waiting = table(("Fault", "In", "Calls", "To come", "So far"), rows, caption="Faults asked for", numbers=(3, 4))
    forget = form(button("Forget all faults", "forget-faults", plain=True))
    return tag("section", tag("h2", "Faults"), waiting, add, forget)


def _clock(world: Sandbox) -> Safe:
    now = world.clock.now()
    moves = (("An hour on", 3600), ("A day on", 86_400), ("A week on", 604_800), ("31 days on", 2_678_400))
    steps = [
        form(tag("input", type="hidden", name="seconds", value=seconds), button(words, "advance"))
        for words, seconds in moves
    ]
    stand = form(
        entry("now", "Stand still at (UTC)", f"{now:%Y-%m-%dT%H:%M}", "datetime-local"),
        button("Set", "set"),
        class_="row",
    )
    state = "it stands until it is moved" if world.clock.virtual else "it runs"
    return tag(
        "section",
        tag("h2", "Clock"),
        tag("p", f"It is {now:%Y-%m-%d %H:%M:%S} UTC; {state}."),
        tag("div", *steps, class_="row"),
        stand,
        form(button("Back to the real time", "real", plain=True)),
    )


def _switches(world: Sandbox) -> Safe:
    known = dataclasses.fields(world.switches)
    rows = [_turned(each.name, getattr(world.switches, each.name), each.default) for each in known]
    return tag(
        "section",
        tag("h2", "Switches"),
        tag("p", "What isn't known of the real products. true and false, a number, or a word.", class_="quiet"),
        folded("Show all", tag("div", *rows, class_="switches")),
    )


def _turned(name: str, current: Any, usual: Any) -> Safe:
    """One switch to be set; what it usually is where that differs."""
    hint = "" if current == usual else f"usually {str(usual).lower()}"
    if isinstance(usual, bool):
        control = choice(name, name, [("true", "true"), ("false", "false")], str(current).lower(), hint=hint)
    else:
        control = entry(name, name, current, hint=hint)
    return form(control, button("Set", "switch", plain=True), class_="row")


def _add_fault(world: Sandbox, typed: dict[str, str]) -> str:
    wanted: dict[str, Any] = {name: typed.get(name, "") for name in ("kind", "side", "path_contains", "method")}
    wanted |= {name: int(typed.get(name) or default) for name, default in (("times", 1), ("skip", 0))}
    fault = faults.read({**wanted, "seconds": float(typed.get("seconds") or 40)})
    world.faults.waiting.append(fault)
    return f"The next fitting call: {faults.MEANINGS[fault.kind]}."


def _forget_faults(world: Sandbox, typed: dict[str, str]) -> str:
    world.faults.waiting.clear()
    return "No call goes wrong any more."


def _advance(world: Sandbox, typed: dict[str, str]) -> str:
    world.clock.advance(float(typed.get("seconds") or 0))
    return "The clock was moved on."


def _set(world: Sandbox, typed: dict[str, str]) -> str:
    world.clock.set(datetime.fromisoformat(typed.get("now", "")).replace(tzinfo=UTC))
    return "The clock stands."


def _real(world: Sandbox, typed: dict[str, str]) -> str:
    world.clock.real()
    return "The clock runs with the real time."


def _switch(world: Sandbox, typed: dict[str, str]) -> str:
    """The one switch of the form, in the type that it has."""
    types = typing.get_type_hints(type(world.switches))
    for name, text in typed.items():
        if name in types:
            world.switches.set({name: _read(types[name], text)})
            return f"{name} is now {text}."
    raise ValueError("There is no such switch.")


def _read(kind: type, text: str) -> Any:
    if kind is bool and text not in ("true", "false"):
        raise ValueError("It is true or false.")
    return text == "true" if kind is bool else kind(text)


_ACTS: dict[str, Callable[[Sandbox, dict[str, str]], str]] = {
    "add-fault": _add_fault,
    "forget-faults": _forget_faults,
    "advance": _advance,
    "set": _set,
    "real": _real,
    "switch": _switch,
}


# --- calls, balances -------------------------------------------------------------------------------------------------


def calls(world: Sandbox, request: Request) -> Response:
    if request.method == "POST":
        world.calls.clear()
        return layout.there("/tools/calls", "Counted from now on.")
    side, part = request.query.get("side", ""), request.query.get("path", "")
    fitting = [call for call in world.calls if side in ("", call["side"]) and part.lower() in call["path"].lower()]
    purses = sorted(world.counts().items())
    counts = table(("Kind of call", "How many"), purses, caption="Since they were last forgotten", numbers=(1,))
    rows = [
        (call["at"][:19], call["side"], call["method"], call["path"], call["status"] or "no answer", call["purse"])
        for call in reversed(fitting[-LAST:])
    ]
    search = form(
        choice("side", "Of", _SIDES, side),
        entry("path", "Path contains", part, "search"),
        button("Show"),
        method="get",
        class_="row",
    )
    return layout.page(
        "Calls made",
        counts,
        search,
        table(("When (UTC)", "To", "Method", "Path", "Status", "Counts as"), rows, caption=f"The last {LAST} at most"),
        form(button("Forget all calls", plain=True)),
        said=request.query.get("said", ""),
    )


def trial_balance(books: Books) -> Response:
    balances = books.world.qbo.trial_balance(books.company)
    rows = [(row["name"], row["type"], row["debit"] or "", row["credit"] or "") for row in balances]
    total = [tag("strong", sum(row[name] or 0 for row in balances)) for name in ("debit", "credit")]
    return layout.page(
        "Trial balance",
        table(("Account", "Type", "Debit", "Credit"), [*rows, ("Total", "", *total)], numbers=(2, 3)),
        side="qbo",
        path=[(books.address, books.name)],
    )
