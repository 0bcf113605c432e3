"""Companies to load: a fixture by name, a file or folder of raw QuickBooks JSON, or one made by the generator."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncapp.sandbox import generate
from syncapp.sandbox.http import decode

if TYPE_CHECKING:
    from syncapp.sandbox.world import Sandbox

FIXTURES = Path(__file__).resolve().parent.parent.parent / "fixtures"
GENERATED = "generated:"
# What every BILL organization that pays anything has.
BANK = {
    "bankName": "First Sample Bank",
    "nameOnAccount": "Operating",
    "routingNumber": "121000358",
    "accountNumber": "000123456789",
    "type": "CHECKING",
    "ownerType": "BUSINESS",
}


@dataclass
class Company:
    """One client: a QuickBooks company and a BILL organization."""

    id: str
    name: str
    console: bool
    signed_up_on: str
    qbo: dict[str, Any] = field(default_factory=dict)
    billcom: dict[str, Any] = field(default_factory=dict)


def named(name: str) -> dict[str, Any]:
    """The company called so. Raises ValueError with what there is."""
    try:
        return _found(name)
    except OSError as error:
        raise ValueError(f"{name[:100]} can't be read: {error.strerror}") from None


def _found(name: str) -> dict[str, Any]:
    if name.startswith(GENERATED):
        return generate.from_text(name.removeprefix(GENERATED))
    fixture = FIXTURES / f"{name}.json"
    if "/" not in name and fixture.is_file():
        return _fixture(fixture)
    path = Path(name)
    if name and path.is_dir():
        return _folder(path)
    if name and path.is_file():
        found = decode(path.read_bytes())
        if not isinstance(found, dict):
            raise ValueError(f"{path.name} must hold an object of lists")
        return found if "qbo" in found else raw(found, path.stem)
    known = ", ".join(sorted(file.stem for file in FIXTURES.glob("*.json")))
    raise ValueError(
        f"no company {name or 'without a name'}; there are {known}, a path, or {GENERATED}seed=7,bills=100"
    )


def _folder(path: Path) -> dict[str, Any]:
    files = sorted(path.glob("*.json"))
    if not files:
        raise ValueError(f"the folder {path.name} has no JSON in it")
    return raw({file.stem: _list(file) for file in files}, path.name)


def _fixture(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = decode(file.read_bytes())
    return found


def _list(file: Path) -> list[dict[str, Any]]:
    found = decode(file.read_bytes())
    if isinstance(found, dict):
        found = found.get("QueryResponse", found).get(file.stem, [])
    if not isinstance(found, list):
        raise ValueError(f"{file.name} must hold a list of {file.stem}")
    return found


def raw(entities: dict[str, Any], name: str) -> dict[str, Any]:
    """Raw QuickBooks JSON, with a BILL organization that has a bank account and an administrator and nothing else."""
    lists = {entity: rows for entity, rows in entities.items() if isinstance(rows, list)}
    info = (lists.get("CompanyInfo") or [{}])[0]
    return {
        "name": str(info.get("CompanyName") or name),
        "console": True,
        "signed_up_on": "2020-01-01",
        "qbo": lists,
        "billcom": {"banks": [dict(BANK)]},
    }


def checked(data: Any) -> dict[str, Any]:
    """The shape of a fixture. Raises ValueError."""
    if not isinstance(data, dict) or not isinstance(data.get("qbo"), dict) or not isinstance(data.get("billcom"), dict):
        raise ValueError("a company has name, console, signed_up_on, qbo and billcom")
    for name, rows in [*data["qbo"].items(), *data["billcom"].items()]:
        if name != "organization" and (not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows)):
            raise ValueError(f"{name} must be a list of records")
    return {"name": "Company", "console": True, "signed_up_on": "2020-01-01", **data}


def into(world: Sandbox, data: dict[str, Any]) -> Company:
    """Make both sides of a company. Raises ValueError where its records can't be books."""
    name = str(data["name"])
    company = Company(
        id=str(len(world.companies) + 1),
        name=name,
        console=bool(data["console"]),
        signed_up_on=str(data["signed_up_on"]),
        qbo=world.qbo.load(data["qbo"], name),
        billcom=world.billcom.load(data["billcom"], name, console=bool(data["console"])),
    )
    world.companies[company.id] = company
    world.webhooks.subscribe(company.billcom["organization_id"])
    world.changed = True
    return company
