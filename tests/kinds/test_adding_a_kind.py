"""A kind is one file: dropped into a folder it is found, put in order, read and decided on. Nothing else is touched."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from syncapp.core.codec import decode, encode
from syncapp.core.planning import decide
from syncapp.core.records import Outcome, Seen, View, WriteVerb
from syncapp.core.schema import Draft, Lookup
from syncapp.core.sides import Side
from syncapp.kinds import discover
from tests.kinds.support import TERMS

CONTRIBUTING = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"
TERM = """
    from __future__ import annotations

    from syncapp.core.schema import BillcomShape, Field, Keys, Kind, QboShape, Type
    from syncapp.kinds._shared import ACTIVE, name_keys, read_list

    KIND = Kind(
        name="term",
        label="Term",
        plural="Terms",
        billcom=BillcomShape(path="payment-terms"),
        qbo=QboShape(entity="Term"),
        fields={
            "name": Field(billcom="name", qbo="Name", label="Name"),
            "days": Field(billcom="daysDue", qbo="DueDays", type=Type.NUMBER, label="Days due"),
            "active": ACTIVE,
        },
        keys=name_keys,
        read=read_list,
    )
"""
BRANCH = """
    from __future__ import annotations

    from syncapp.core.schema import BillcomShape, Field, Kind, QboShape, Type

    KIND = Kind(
        name="branch",
        label="Branch",
        plural="Branches",
        billcom=BillcomShape(path="branches"),
        qbo=QboShape(entity="Branch"),
        fields={"terms": Field(billcom="termId", qbo="TermRef.value", type=Type.REF, ref="term", label="Terms")},
    )
"""


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty package of its own for each test, so that Python remembers no other."""
    found = tmp_path / f"kinds_of_{request.node.name.partition('[')[0]}_{tmp_path.name}".replace("-", "_")
    found.mkdir()
    (found / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return found


def put(folder: Path, name: str, source: str) -> None:
    (folder / f"{name}.py").write_text(dedent(source), encoding="utf-8")


def test_a_file_in_the_folder_is_a_kind(folder: Path) -> None:
    put(folder, "term", TERM)
    put(folder, "_pieces", "nothing = 1")
    assert list(discover([str(folder)], folder.name)) == ["term"]


def test_the_example_for_contributors_is_a_kind(folder: Path) -> None:
    section = CONTRIBUTING.read_text(encoding="utf-8").partition("## Add a kind")[2].partition("\n## ")[0]
    code = [line for line in section.splitlines() if not line or line.startswith("    ")]
    put(folder, "employee", "\n".join(code))
    kind = discover([str(folder)], folder.name)["employee"]
    assert decode(kind, {"Id": "55", "DisplayName": "Ada Bright"}, Side.QBO) == {"name": "Ada Bright", "active": True}


def test_what_it_refers_to_comes_before_it(folder: Path) -> None:
    put(folder, "branch", BRANCH)
    put(folder, "term", TERM)
    assert list(discover([str(folder)], folder.name)) == ["term", "branch"]


def test_it_is_read_and_brought_over(folder: Path) -> None:
    put(folder, "term", TERM)
    kind = discover([str(folder)], folder.name)["term"]
    values = decode(kind, {"Id": "3", "Name": "Net 30", "DueDays": 30}, Side.QBO)
    decision = decide(kind, Seen(1, None, View("3", values)), TERMS, Lookup())
    (write,) = decision.writes
    assert (decision.outcome, write.side, write.verb) == (Outcome.WRITE, Side.BILLCOM, WriteVerb.CREATE)
    draft = Draft(write.side, write.values, write.changed, None, TERMS, Lookup())
    assert encode(kind, draft, creating=True) == {"name": "Net 30", "daysDue": 30, "archived": False}


@pytest.mark.parametrize(
    ("name", "source"),
    [("term", "KIND = None"), ("term", "nothing = 1"), ("other", TERM)],
    ids=["no-kind", "nothing", "another-name"],
)
def test_a_file_without_its_kind_is_a_mistake_that_says_so(folder: Path, name: str, source: str) -> None:
    put(folder, name, source)
    with pytest.raises(ValueError, match=f"kinds/{name}.py must declare KIND"):
        discover([str(folder)], folder.name)


def test_a_reference_to_no_kind_is_a_mistake_that_says_so(folder: Path) -> None:
    put(folder, "branch", BRANCH)
    with pytest.raises(ValueError, match="branch refers to term, which is no kind"):
        discover([str(folder)], folder.name)


def test_kinds_in_a_circle_are_a_mistake_that_says_so(folder: Path) -> None:
    put(folder, "branch", BRANCH)
    put(folder, "term", BRANCH.replace("branch", "term").replace('ref="term"', 'ref="branch"'))
    with pytest.raises(ValueError, match="in a circle: branch, term"):
        discover([str(folder)], folder.name)
