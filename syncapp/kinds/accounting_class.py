"""Classes: both ways, only where Use Classes is on."""

from __future__ import annotations

from syncapp.core.schema import BillcomShape, Draft, Field, Kind, QboShape, Raw, Type
from syncapp.core.sides import Side
from syncapp.kinds._shared import ACTIVE, needs_switch, nested_keys, read_list, spelled_otherwise


def write(payload: Raw, draft: Draft) -> Raw:
    if draft.side is Side.QBO and "ParentRef" in payload:
        payload["SubClass"] = payload["ParentRef"] is not None
    return payload


KIND = Kind(
    name="accounting_class",
    label="Class",
    plural="Classes",
    billcom=BillcomShape(path="classifications/accounting-classes", bulk=50),
    qbo=QboShape(entity="Class", always=("name", "parent")),
    fields={
        "name": Field(billcom="name", qbo="Name", label="Name", limits={Side.QBO: 100}),
        "parent": Field(
            billcom="parentId", qbo="ParentRef.value", type=Type.REF, ref="accounting_class", label="Sub-class of"
        ),
        "active": ACTIVE,
        "description": Field(billcom="description", fact=True, label="Description"),
    },
    flow=needs_switch("classes", "Use Classes"),
    keys=nested_keys("accounting_class"),
    key_refs=("parent",),
    booked_otherwise=spelled_otherwise,
    read=read_list,
    write=write,
)
