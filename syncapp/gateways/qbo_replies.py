"""QuickBooks' answers, taken apart. What is indexed into is looked at first; what isn't as promised is a BadAnswer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from syncapp.gateways.errors import GatewayError, Rejected
from syncapp.gateways.http import Answer, decode_records, is_id
from syncapp.gateways.qbo_faults import error_for, error_in, fault_in
from syncapp.gateways.qbo_values import Json, Page, Write


class BatchItem(msgspec.Struct):
    """One answer of a batch of queries, its rows not yet decoded."""

    bId: str
    QueryResponse: msgspec.Raw = msgspec.Raw()
    Fault: msgspec.Raw = msgspec.Raw()


class BatchReply(msgspec.Struct):
    BatchItemResponse: list[BatchItem]
    time: str = ""


_batch_decoder = msgspec.json.Decoder(BatchReply)


def read_batch(answer: Answer) -> BatchReply:
    try:
        return _batch_decoder.decode(answer.body)
    except (ValueError, RecursionError):
        pass
    # A batch may be refused as a whole, with status 200; the rows are decoded for this one question only.
    raise error_in(answer) or answer.bad("the answer to a batch has no readable BatchItemResponse")


def each_page(answer: Answer, pages: Sequence[Page], reply: BatchReply) -> Iterator[tuple[Page, list[Json]]]:
    """In the order asked, whatever the order answered; the first page's fault is raised when its turn comes."""
    for page, found in page_outcomes(answer, pages, reply):
        if isinstance(found, GatewayError):
            raise found
        yield page, found


def page_outcomes(
    answer: Answer, pages: Sequence[Page], reply: BatchReply
) -> Iterator[tuple[Page, list[Json] | GatewayError]]:
    """The same, with each page's own fault in its place."""
    items = {item.bId: item for item in reply.BatchItemResponse}
    for number, page in enumerate(pages):
        yield page, _page_outcome(answer, items.pop(str(number), None), page)


def _page_outcome(answer: Answer, item: BatchItem | None, page: Page) -> list[Json] | GatewayError:
    if item is None:
        return answer.bad(f"the answer to a batch leaves out the page of {page.entity} from {page.start}")
    try:
        return _page_rows(answer, item, page)
    except GatewayError as error:
        return error


def _page_rows(answer: Answer, item: BatchItem, page: Page) -> list[Json]:
    fault = fault_in({"Fault": _raw(answer, item.Fault)}) if bytes(item.Fault) else None
    if fault is not None:
        raise error_for(fault, answer)
    if not bytes(item.QueryResponse):
        raise answer.bad(f"the answer to a batch has no QueryResponse for {page.entity}")
    return rows_in(answer, _raw(answer, item.QueryResponse), page.entity)


def _raw(answer: Answer, raw: msgspec.Raw) -> Any:
    try:
        return decode_records(bytes(raw))
    except ValueError:
        pass
    raise answer.bad("a part of the answer to a batch is not JSON")


def rows_in(answer: Answer, response: object, entity: str) -> list[Json]:
    """The rows of a QueryResponse; one without rows does not name the entity at all."""
    if not isinstance(response, dict):
        raise answer.bad("the answer to a query has no QueryResponse")
    return _rows(answer, response.get(entity, []), entity)


def _rows(answer: Answer, rows: object, entity: str) -> list[Json]:
    if not isinstance(rows, list) or not all(_is_record(row) for row in rows):
        raise answer.bad(f"the {entity} list is not a list of objects with an Id")
    return rows


def _is_record(found: object) -> bool:
    return isinstance(found, dict) and is_id(found.get("Id"))


def record_in(answer: Answer, body: Json, entity: str) -> Json:
    found = body.get(entity)
    if not isinstance(found, dict) or not _is_record(found):
        raise answer.bad(f"the answer has no {entity} with an Id")
    return found


def item_outcome(answer: Answer, item: Json | None, write: Write) -> Json | GatewayError:
    """What became of one write of a batch."""
    if item is None:
        return answer.bad(f"the answer to a batch leaves out item {write.item_id}")
    fault = fault_in(item)
    if fault is not None:
        return error_for(fault, answer)
    found = item.get(write.entity)
    if not isinstance(found, dict) or not _is_record(found):
        return answer.bad(f"item {write.item_id} of the answer to a batch has no {write.entity} with an Id")
    return found


def batch_items(answer: Answer, body: Json) -> Mapping[str, Json]:
    listed = body.get("BatchItemResponse")
    if not isinstance(listed, list):
        raise answer.bad("the answer to a batch has no BatchItemResponse")
    return {str(item.get("bId")): item for item in listed if isinstance(item, dict)}


def change_lists(answer: Answer, body: Json) -> Iterator[tuple[str, list[Json]]]:
    """(entity, rows) of a change-data-capture answer; an entity may come more than once."""
    for response in _dicts(answer, body.get("CDCResponse")):
        if fault := fault_in(response):
            raise error_for(fault, answer)
        for part in _dicts(answer, response.get("QueryResponse", [])):
            for entity, rows in part.items():
                # The rest are startPosition, maxResults and totalCount.
                if isinstance(rows, list):
                    yield entity, _rows(answer, rows, entity)


def _dicts(answer: Answer, found: object) -> list[Json]:
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise answer.bad("the answer to a question for changes has no CDCResponse with QueryResponses")
    return found


def says_too_old(error: Rejected) -> bool:
    """Which code it has for a moment too long ago is documented nowhere; it must name the parameter or the 30 days."""
    words = f"{error.message} {error.detail} {error.element}".lower()
    return "changedsince" in words or "30 days" in words
