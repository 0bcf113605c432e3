"""Files: uploaded in a form of several parts, described by an Attachable, fetched by an address that lives shortly.

Reference: https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/attachable"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from syncapp.sandbox.http import Request, Response, decode, whole
from syncapp.sandbox.qbo import bodies, writing
from syncapp.sandbox.qbo.entities import ATTACHABLE
from syncapp.sandbox.qbo.store import Record
from syncapp.sandbox.qbo.work import Work

# Reference: Intuit docs, attachments: these types, and at most 100 MB.
TYPES = ("ai", "csv", "doc", "docx", "eps", "gif", "jpeg", "jpg", "ods", "pdf", "png", "rtf", "tif", "txt", "xls",
         "xlsx", "xml")  # fmt: skip
LARGEST = 100 * 1024 * 1024
ADDRESS_SECONDS = 15 * 60
_NAME = re.compile(r'name="([^"]*)"')
_FILEADDRESS_SECONDS = 15 * 60
_FILE_NAME = re.compile(r'filename="([^"]*)"')


def parts(request: Request) -> dict[str, tuple[dict[str, str], bytes]]:
    """The named parts of a multipart body: their headers and their bytes. Raises Fault."""
    found = re.search(r'boundary="?([^";]+)"?', request.headers.get("content-type", ""))
    if found is None:
        raise bodies.unsupported("An upload is multipart/form-data")
    pieces = {}
    for piece in request.body.split(b"--" + found.group(1).encode()):
        head, blank, body = piece.lstrip(b"\r\n").partition(_blank_line(piece))
        headers = _headers(head)
        name = _NAME.search(headers.get("content-disposition", ""))
        if blank and name:
            pieces[name.group(1)] = (headers, _trimmed(body))
    return pieces


def _blank_line(piece: bytes) -> bytes:
    return b"\r\n\r\n" if b"\r\n\r\n" in piece else b"\n\n"


def _trimmed(body: bytes) -> bytes:
    """Without the line break that belongs to the boundary."""
    return body[:-2] if body.endswith(b"\r\n") else body.removesuffix(b"\n")


def _headers(head: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in head.decode("utf-8", "replace").splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def upload(work: Work, request: Request) -> list[dict[str, Any]]:
    """The AttachableResponse: one outcome for each file."""
    if len(request.body) > LARGEST:
        raise bodies.business("An upload has at most 100 MB")
    pieces = parts(request)
    files = [name for name in pieces if name.startswith("file_content")]
    if not files:
        raise bodies.required("file_content_0")
    return [_outcome(work, pieces, name) for name in files]


def _outcome(work: Work, pieces: dict[str, tuple[dict[str, str], bytes]], name: str) -> dict[str, Any]:
    try:
        return {"Attachable": _store(work, pieces, name)}
    except bodies.Fault as fault:
        return {"Fault": fault.fault()}


def _store(work: Work, pieces: dict[str, tuple[dict[str, str], bytes]], name: str) -> Record:
    headers, body = pieces[name]
    described = pieces.get(name.replace("content", "metadata"))
    try:
        meta = decode(described[1]) if described else {}
    except ValueError:
        raise bodies.unreadable("file_metadata", "", "JSON") from None
    given = _FILE_NAME.search(headers.get("content-disposition", ""))
    file_name = str(meta.get("FileName") or (given.group(1) if given else "file.txt"))
    if file_name.rpartition(".")[2].lower() not in TYPES:
        detail = f"{file_name}: files of this type are not taken"
        raise bodies.Fault("6041", "Invalid uploaded file", detail, element="FileName")
    content = _content(headers, body)
    record = writing.write(work, ATTACHABLE, {**meta, "FileName": file_name})
    return _with_file(work, record, content, headers.get("content-type", ""))


def attach(work: Work, entity: str, id: str, name: str, content: bytes) -> Record:
    """What a person does at QuickBooks' own page. Raises Fault."""
    meta = {"FileName": name, "AttachableRef": [{"EntityRef": {"type": entity, "value": id}}]}
    return _with_file(work, writing.write(work, ATTACHABLE, meta), content, "")


def _content(headers: dict[str, str], body: bytes) -> bytes:
    if headers.get("content-transfer-encoding", "").lower() != "base64":
        return body
    try:
        return base64.b64decode(body)
    except binascii.Error:
        raise bodies.Fault("6041", "Invalid uploaded file", "The file is not the base64 it says it is") from None


def _with_file(work: Work, record: Record, content: bytes, content_type: str) -> Record:
    id = record["Id"]
    kept = {
        **record,
        "ContentType": record.get("ContentType") or content_type or "application/octet-stream",
        "Size": len(content),
        "FileAccessUri": f"/v3/company/{work.realm.id}/download/{id}",
    }
    work.realm.files[id] = content
    work.realm.table("Attachable").swap(kept)
    return kept


def address(work: Work, id: str, host: str) -> Response:
    """What /download answers: not the file but where it is for a while."""
    record = work.realm.get("Attachable", id)
    if record is None or id not in work.realm.files:
        raise bodies.not_found("Attachable", id)
    uri = f"http://{host}/qbo/files/{work.realm.id}/{id}?until={work.second + ADDRESS_SECONDS}"
    return Response(200, uri.encode(), {"content-type": "text/plain;charset=UTF-8"})


def fetch(work: Work, id: str, until: str) -> Response:
    content = work.realm.files.get(id)
    if content is None or (whole(until) or 0) < work.second:
        return Response(403, b"The address is over.", {"content-type": "text/plain"})
    kind = str((work.realm.get("Attachable", id) or {}).get("ContentType") or "application/octet-stream")
    return Response(200, content, {"content-type": kind})
