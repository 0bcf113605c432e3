"""The control surface for programs: /control/…, JSON in and out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from syncapp.sandbox import faults, loading
from syncapp.sandbox.http import Request, Response, json_response

if TYPE_CHECKING:
    from syncapp.sandbox.world import Company, Sandbox


class Wrong(Exception):
    """The control call itself is wrong; its text says how."""


def handle(world: Sandbox, request: Request) -> Response:
    parts = [part for part in request.path.removeprefix("/control/").split("/") if part]
    found = _ROUTES.get((request.method, parts[0] if parts else ""))
    if found is None:
        return json_response(404, {"error": f"no control call {request.method} {request.path}"})
    try:
        answer = found(world, parts[1:], request)
    except (Wrong, ValueError, KeyError, TypeError) as error:
        return json_response(400, {"error": f"{type(error).__name__}: {error}"})
    world.changed = True
    return json_response(200, answer)


def _body(request: Request) -> dict[str, Any]:
    body = request.json() if request.body else {}
    if not isinstance(body, dict):
        raise Wrong("the body must be a JSON object")
    return body


def shown(world: Sandbox, company: Company) -> dict[str, Any]:
    qbo = {**company.qbo, "base_url": f"{world.base_url}/qbo"}
    billcom = {**company.billcom, "base_url": f"{world.base_url}/billcom"}
    return {
        "id": company.id,
        "name": company.name,
        "console": company.console,
        "signed_up_on": company.signed_up_on,
        "qbo": qbo,
        "billcom": billcom,
    }


def load(world: Sandbox, parts: list[str], request: Request) -> Any:
    body = _body(request)
    data = body.get("data") if "data" in body else loading.named(str(body["load"]))
    return shown(world, loading.into(world, loading.checked(data)))


def companies(world: Sandbox, parts: list[str], request: Request) -> Any:
    return [shown(world, company) for company in world.companies.values()]


def _side(world: Sandbox, name: str) -> Any:
    if name not in ("qbo", "billcom"):
        raise Wrong("the side is qbo or billcom")
    return getattr(world, name)


def books(world: Sandbox, parts: list[str], request: Request) -> Any:
    side, company = parts
    return _side(world, side).books(company)


def trial_balance(world: Sandbox, parts: list[str], request: Request) -> Any:
    return world.qbo.trial_balance(parts[0])


def calls(world: Sandbox, parts: list[str], request: Request) -> Any:
    since, company = request.query.get("since", ""), request.query.get("company", "")
    return [call for call in world.calls if call["at"] >= since and (not company or call["company"] in ("", company))]


def forget_calls(world: Sandbox, parts: list[str], request: Request) -> Any:
    world.calls.clear()
    return {}


def add_fault(world: Sandbox, parts: list[str], request: Request) -> Any:
    fault = faults.read(request.json())
    world.faults.waiting.append(fault)
    return fault.shown()


def list_faults(world: Sandbox, parts: list[str], request: Request) -> Any:
    return [fault.shown() for fault in world.faults.waiting]


def forget_faults(world: Sandbox, parts: list[str], request: Request) -> Any:
    world.faults.waiting.clear()
    return {}


def clock(world: Sandbox, parts: list[str], request: Request) -> Any:
    body = _body(request)
    if "now" in body:
        moment = datetime.fromisoformat(body["now"])
        if moment.tzinfo is None:
            raise Wrong("now needs an offset")
        world.clock.set(moment)
    elif "advance" in body:
        world.clock.advance(float(body["advance"]))
    elif body.get("real"):
        world.clock.real()
    return {"now": world.clock.now().isoformat(), "virtual": world.clock.virtual}


def set_switches(world: Sandbox, parts: list[str], request: Request) -> Any:
    world.switches.set(_body(request))
    return world.switches.shown()


def show_switches(world: Sandbox, parts: list[str], request: Request) -> Any:
    return world.switches.shown()


def reset(world: Sandbox, parts: list[str], request: Request) -> Any:
    world.reset_products()
    world.faults.waiting.clear()
    world.calls.clear()
    world.clock.real()
    return {}


def person(world: Sandbox, parts: list[str], request: Request) -> Any:
    """A person at the other product: POST saves, DELETE deletes; …/void voids."""
    side, company, entity, *rest = parts
    product = _side(world, side)
    if request.method == "DELETE":
        return product.person_delete(company, entity, rest[0])
    if len(rest) == 2 and rest[1] == "void":
        return product.person_void(company, entity, rest[0])
    body = _body(request)
    if rest:
        body = {**body, "Id" if side == "qbo" else "id": rest[0]}
    return product.person_save(company, entity, body)


Call = Callable[["Sandbox", list[str], Request], Any]
_ROUTES: dict[tuple[str, str], Call] = {
    ("POST", "companies"): load,
    ("GET", "companies"): companies,
    ("GET", "books"): books,
    ("GET", "trial_balance"): trial_balance,
    ("GET", "calls"): calls,
    ("DELETE", "calls"): forget_calls,
    ("POST", "faults"): add_fault,
    ("GET", "faults"): list_faults,
    ("DELETE", "faults"): forget_faults,
    ("POST", "clock"): clock,
    ("GET", "clock"): clock,
    ("POST", "switches"): set_switches,
    ("GET", "switches"): show_switches,
    ("POST", "reset"): reset,
    ("POST", "person"): person,
    ("DELETE", "person"): person,
}
