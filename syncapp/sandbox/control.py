"""The control surface for programs: /control/…, JSON in and out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from syncapp.sandbox import faults, loading
from syncapp.sandbox.http import Request, Response, json_response

if TYPE_CHECKING:
    from syncapp.sandbox.billcom import Billcom
    from syncapp.sandbox.qbo import Qbo
    from syncapp.sandbox.world import Company, Sandbox

Parts = list[str]


class Wrong(ValueError):
    """The control call itself is wrong; its text says how."""


class NotThere(Wrong):
    """It names something that there is not."""


def handle(world: Sandbox, request: Request) -> Response:
    parts = [part for part in request.path.removeprefix("/control/").split("/") if part]
    found = _ROUTES.get((request.method, parts[0] if parts else ""))
    if found is None:
        return json_response(404, {"error": f"no control call {request.method} {request.path}"})
    try:
        answer = found(world, parts[1:], request)
    except NotThere as error:
        return json_response(404, {"error": str(error)})
    except ValueError as error:
        return json_response(400, {"error": str(error)})
    world.changed = world.changed or request.method != "GET"
    return json_response(200, answer)


def _body(request: Request) -> dict[str, Any]:
    body = request.json() if request.body else {}
    if not isinstance(body, dict):
        raise Wrong("the body must be a JSON object")
    return body


def _named(parts: Parts, *names: str) -> Parts:
    """The parts of the path after the call's name, as many as it needs."""
    if len(parts) != len(names):
        raise Wrong(f"the path goes on with {'/'.join(f'{{{name}}}' for name in names)}")
    return parts


# --- companies -------------------------------------------------------------------------------------------------------


def shown(world: Sandbox, company: Company) -> dict[str, Any]:
    return {
        "id": company.id,
        "name": company.name,
        "console": company.console,
        "signed_up_on": company.signed_up_on,
        "qbo": {**company.qbo, "base_url": f"{world.base_url}/qbo"},
        "billcom": {**company.billcom, "base_url": f"{world.base_url}/billcom"},
    }


def load(world: Sandbox, parts: Parts, request: Request) -> Any:
    body = _body(request)
    if ("data" in body) == ("load" in body):
        raise Wrong('either {"load": a name} or {"data": a company in the shape of a fixture}')
    data = body["data"] if "data" in body else loading.named(str(body["load"]))
    return shown(world, loading.into(world, loading.checked(data)))


def companies(world: Sandbox, parts: Parts, request: Request) -> Any:
    return [shown(world, company) for company in world.companies.values()]


def _side(world: Sandbox, side: str, company: str) -> Qbo | Billcom:
    """The product, if the company is one of its."""
    if side not in faults.SIDES:
        raise Wrong(f"the side is one of {', '.join(faults.SIDES)}")
    product: Qbo | Billcom = world.qbo if side == "qbo" else world.billcom
    if company not in dict(product.companies()):
        raise NotThere(f"{side} has no company {company}")
    return product


def books(world: Sandbox, parts: Parts, request: Request) -> Any:
    side, company = _named(parts, "side", "company")
    return _side(world, side, company).books(company)


def trial_balance(world: Sandbox, parts: Parts, request: Request) -> Any:
    (realm,) = _named(parts, "realm")
    _side(world, "qbo", realm)
    return world.qbo.trial_balance(realm)


# --- people ----------------------------------------------------------------------------------------------------------


def person(world: Sandbox, parts: Parts, request: Request) -> Any:
    """A person at the other product: GET looks, POST saves or does …/void, /restore, /approve, DELETE ends a record.

    POST …/attach with {"name", "content" in base64} adds a file.
    POST …/merge with {"into": id} makes one of two QuickBooks vendors or customers.
    POST …/obstruct with {"obstacle": name} keeps a QuickBooks record from being changed or taken away by the API.

    With an id in the path that one record, else all of them (GET) or a new one (POST).
    """
    if len(parts) not in (3, 4, 5):
        raise Wrong(
            "the path goes on with {side}/{company}/{entity}[/{id}[/void|restore|approve|obstruct|merge|attach]]"
        )
    side, company, entity, *rest = parts
    product: Any = _side(world, side, company)
    try:
        return _by_person(product, side, request, (company, entity, *rest))
    except LookupError as error:
        raise NotThere(f"{entity} {' '.join(rest)}: {error}") from None


def _by_person(product: Any, side: str, request: Request, named: tuple[str, ...]) -> Any:
    if len(named) == 4:
        act = _acts(product, side, request).get(named[3])
        if request.method != "POST" or act is None:
            raise Wrong(f"nobody can {named[3]} a {named[1]} there")
        return act(*named[:3])
    if request.method == "GET":
        return product.person_get(*named) if len(named) == 3 else product.person_list(*named)
    if request.method == "DELETE":
        return product.person_delete(*_named(list(named), "company", "entity", "id"))
    identified = {"Id" if side == "qbo" else "id": named[2]} if len(named) == 3 else {}
    return product.person_save(named[0], named[1], {**_body(request), **identified})


def _acts(product: Any, side: str, request: Request) -> dict[str, Callable[..., Any]]:
    """What a person can do with a record besides saving and deleting it."""

    def attach(company: str, entity: str, id: str) -> Any:
        body = _body(request)
        content = base64.b64decode(str(body.get("content", "")))
        return product.person_attaches(company, entity, id, str(body.get("name", "")), content)

    if side == "qbo":
        return {**_in_qbo(product, request), "attach": attach}

    def approve(company: str, entity: str, id: str) -> Any:
        return product.person_approve(company, id, str(_body(request).get("state", "APPROVED")))

    return {"void": product.person_void, "restore": product.person_restore, "approve": approve, "attach": attach}


def _in_qbo(product: Any, request: Request) -> dict[str, Callable[..., Any]]:
    def obstruct(company: str, entity: str, id: str) -> Any:
        return product.person_obstructs(company, entity, id, str(_body(request).get("obstacle", "")))

    def merge(company: str, entity: str, id: str) -> Any:
        return product.person_merges(company, entity, id, str(_body(request).get("into", "")))

    return {"void": product.person_void, "obstruct": obstruct, "merge": merge}


# --- calls -----------------------------------------------------------------------------------------------------------


def calls(world: Sandbox, parts: Parts, request: Request) -> Any:
    """``since`` (a time) and ``company`` narrow the list; a call of no company in particular is always in it."""
    since, company = _since(request.query.get("since", "")), request.query.get("company", "")
    return [call for call in world.calls if call["at"] >= since and (not company or call["company"] in ("", company))]


def _since(text: str) -> str:
    """As the calls are stamped. A plus sign that was not escaped arrives as a blank."""
    return _moment(text.replace(" ", "+")).astimezone(UTC).isoformat() if text else ""


def _moment(text: Any) -> datetime:
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise Wrong(f"{text} needs an offset")
    return moment


def forget_calls(world: Sandbox, parts: Parts, request: Request) -> Any:
    world.calls.clear()
    return {}


# --- faults, clock, switches, hooks ----------------------------------------------------------------------------------


def add_fault(world: Sandbox, parts: Parts, request: Request) -> Any:
    fault = faults.read(_body(request))
    world.faults.waiting.append(fault)
    return fault.shown()


def list_faults(world: Sandbox, parts: Parts, request: Request) -> Any:
    return [fault.shown() for fault in world.faults.waiting]


def forget_faults(world: Sandbox, parts: Parts, request: Request) -> Any:
    world.faults.waiting.clear()
    return {}


def clock(world: Sandbox, parts: Parts, request: Request) -> Any:
    body = _body(request)
    if "now" in body:
        world.clock.set(_moment(body["now"]))
    elif "advance" in body:
        world.clock.advance(_seconds(body["advance"]))
    elif body.get("real"):
        world.clock.real()
    elif body:
        raise Wrong('{"now": a time}, {"advance": seconds} or {"real": true}')
    return {"now": world.clock.now().isoformat(), "virtual": world.clock.virtual}


def _seconds(value: Any) -> float:
    try:
        return float(value)
    except TypeError:
        raise Wrong("advance takes seconds") from None


def set_switches(world: Sandbox, parts: Parts, request: Request) -> Any:
    world.switches.set(_body(request))
    return world.switches.shown()


def show_switches(world: Sandbox, parts: Parts, request: Request) -> Any:
    return world.switches.shown()


def set_webhooks(world: Sandbox, parts: Parts, request: Request) -> Any:
    body = _body(request)
    if not body or not set(body) <= {"qbo", "billcom"} or not all(isinstance(each, dict) for each in body.values()):
        raise Wrong('{"qbo": {"url", "verifier_token", "format"}, "billcom": {"url"}}, or one of the two')
    if qbo := body.get("qbo"):
        form = str(qbo.get("format") or "cloudevents")
        world.webhooks.ask_qbo(str(qbo.get("url", "")), str(qbo.get("verifier_token") or ""), form)
    if billcom := body.get("billcom"):
        world.webhooks.ask_billcom(str(billcom.get("url", "")))
    return world.webhooks.shown()


def show_webhooks(world: Sandbox, parts: Parts, request: Request) -> Any:
    return world.webhooks.shown()


def forget_webhooks(world: Sandbox, parts: Parts, request: Request) -> Any:
    world.webhooks.forget()
    return {}


def reset(world: Sandbox, parts: Parts, request: Request) -> Any:
    world.reset()
    return {}


Call = Callable[["Sandbox", Parts, Request], Any]
_ROUTES: dict[tuple[str, str], Call] = {
    ("POST", "companies"): load,
    ("GET", "companies"): companies,
    ("GET", "books"): books,
    ("GET", "trial_balance"): trial_balance,
    ("GET", "person"): person,
    ("POST", "person"): person,
    ("DELETE", "person"): person,
    ("GET", "calls"): calls,
    ("DELETE", "calls"): forget_calls,
    ("POST", "faults"): add_fault,
    ("GET", "faults"): list_faults,
    ("DELETE", "faults"): forget_faults,
    ("POST", "clock"): clock,
    ("GET", "clock"): clock,
    ("POST", "switches"): set_switches,
    ("GET", "switches"): show_switches,
    ("POST", "webhooks"): set_webhooks,
    ("GET", "webhooks"): show_webhooks,
    ("DELETE", "webhooks"): forget_webhooks,
    ("POST", "reset"): reset,
}
