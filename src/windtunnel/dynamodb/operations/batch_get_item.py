"""BatchGetItem: up to 100 items of any tables, 16 MB of them; what is beyond that is told as unprocessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.capacity import read_units
from windtunnel.dynamodb.consumed import READ, ConsumedByTable, wanted
from windtunnel.dynamodb.errors import DynamoDBError, validation
from windtunnel.dynamodb.expressions.placeholders import of_request
from windtunnel.dynamodb.expressions.projection import Projection
from windtunnel.dynamodb.item_key import read_key
from windtunnel.dynamodb.item_read import read_item, read_projection
from windtunnel.dynamodb.key_paths import check_paths
from windtunnel.dynamodb.row import Key, dumps
from windtunnel.dynamodb.table import Table
from windtunnel.dynamodb.values import check_item

MOST_KEYS = 100
CHOOSING = ("ProjectionExpression", "AttributesToGet")
MOST_BYTES = 16 * 1024 * 1024
"""API Reference, BatchGetItem: 16 MB and 100 items at most."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of one table."""

    name: str
    table: Table
    keys: list[tuple[Key, dict[str, Any]]]
    projection: Projection | None
    consistent: bool
    request: Mapping[str, Any]


def batch_get_item(call: Call) -> Answer:
    requests = call.parameters["RequestItems"]
    if sum(len(request["Keys"]) for request in requests.values()) > MOST_KEYS:
        raise validation("Too many items requested for the BatchGetItem call")
    # what cannot stand together cannot in two tables' requests either: DynamoDB Local, and dynoxide as AWS confirmed it
    chosen = {name: of for request in requests.values() for name, of in request.items() if name in CHOOSING}
    of_request(chosen, expressions=CHOOSING[:1], legacy=CHOOSING[1:])
    checked = [(name, request, *_checked(request)) for name, request in requests.items()]
    asked = [_asked(call, *entry) for entry in checked]
    responses: dict[str, list[bytes]] = {each.name: [] for each in asked}
    unprocessed: dict[str, Any] = {}
    consumed, size = ConsumedByTable(call.bill, READ), 0
    throttled: DynamoDBError | None = None
    for each in asked:
        left: list[dict[str, Any]] = []
        for key, given in each.keys:
            row = None
            if size <= MOST_BYTES:
                try:
                    row = read_item(call, each.table, key, consistent=each.consistent)
                except DynamoDBError as error:  # throttled: the others may go through
                    throttled = error
                    left.append(given)
                    continue
                size += row.size if row else 0
            if size > MOST_BYTES:
                left.append(given)
                continue
            consumed.of(each.table).add(read_units(row.size if row else 0, each.consistent))
            if row is not None:
                text = row.text if each.projection is None else dumps(each.projection.apply(row.item))
                responses[each.name].append(text)
        if left:
            unprocessed[each.name] = {**each.request, "Keys": left}
    if throttled and sum(len(entry["Keys"]) for entry in unprocessed.values()) == sum(len(a.keys) for a in asked):
        raise throttled
    parts = [
        b'"Responses":{%b}'
        % b",".join(dumps(name) + b":[" + b",".join(texts) + b"]" for name, texts in responses.items()),
        b'"UnprocessedKeys":' + dumps(unprocessed),
    ]
    form = call.parameters.get("ReturnConsumedCapacity")
    if wanted(form):
        parts.append(b'"ConsumedCapacity":' + dumps(consumed.told(form)))
    return b"{" + b",".join(parts) + b"}"


def _checked(request: Mapping[str, Any]) -> tuple[list[dict[str, Any]], Projection | None]:
    placeholders = of_request(request, expressions=("ProjectionExpression",), legacy=("AttributesToGet",))
    keys = [check_item(key) for key in request["Keys"]]
    for position, key in enumerate(keys):
        if key in keys[:position]:
            raise validation("Provided list of item keys contains duplicates")
    projection = read_projection(request, placeholders)
    placeholders.check_all_used()
    return keys, projection


def _asked(
    call: Call, name: str, request: Mapping[str, Any], keys: list[dict[str, Any]], projection: Projection | None
) -> _Asked:
    table = call.table(name)
    check_paths(table, projection)
    return _Asked(
        name,
        table,
        [(read_key(table, key), key) for key in keys],
        projection,
        bool(request.get("ConsistentRead")),
        request,
    )
