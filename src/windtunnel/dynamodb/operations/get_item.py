"""GetItem: the item of a key, if there is one. Without a projection its JSON goes out as it is kept."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.capacity import read_units
from windtunnel.dynamodb.consumed import READ, wanted
from windtunnel.dynamodb.expressions.placeholders import of_request
from windtunnel.dynamodb.item_key import read_key
from windtunnel.dynamodb.item_read import read_item, read_projection
from windtunnel.dynamodb.key_paths import check_paths
from windtunnel.dynamodb.row import dumps
from windtunnel.dynamodb.values import check_item


def get_item(call: Call) -> Answer:
    parameters = call.parameters
    placeholders = of_request(parameters, expressions=("ProjectionExpression",), legacy=("AttributesToGet",))
    asked = check_item(parameters["Key"])
    projection = read_projection(parameters, placeholders)
    placeholders.check_all_used()
    table = call.table()
    check_paths(table, projection)
    key = read_key(table, asked)
    consistent = bool(parameters.get("ConsistentRead"))
    row = read_item(call, table, key, consistent=consistent)
    parts: list[bytes] = []
    if row is not None:
        text = row.text if projection is None else dumps(projection.apply(row.item))
        parts.append(b'"Item":' + text)
    consumed = call.bill.open(table, READ)
    consumed.add(read_units(row.size if row else 0, consistent))
    form = parameters.get("ReturnConsumedCapacity")
    if wanted(form):
        parts.append(b'"ConsumedCapacity":' + dumps(consumed.told(form)))
    return b"{" + b",".join(parts) + b"}"
