"""BatchWriteItem: up to 25 puts and deletes of any tables, each by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.consumed import WRITE, ConsumedByTable, wanted
from windtunnel.dynamodb.errors import DynamoDBError, validation
from windtunnel.dynamodb.item_key import key_of_item, read_key
from windtunnel.dynamodb.item_write import ItemWrite, Outcome, write_item
from windtunnel.dynamodb.row import Row
from windtunnel.dynamodb.sizes import check_item_size
from windtunnel.dynamodb.table import Table
from windtunnel.dynamodb.values import check_item
from windtunnel.dynamodb.write_request import collection_metrics

MOST_WRITES = 25
RETRIED = frozenset({"ProvisionedThroughputExceededException", "TransactionConflictException"})


def batch_write_item(call: Call) -> Answer:
    requests = call.parameters["RequestItems"]
    if sum(map(len, requests.values())) > MOST_WRITES:
        raise validation("Too many items requested for the BatchWriteItem call")
    checked = {name: [_checked(request) for request in entries] for name, entries in requests.items()}
    tables = {name: call.table(name) for name in requests}
    writes = {name: [_write(tables[name], item, size) for item, size in entries] for name, entries in checked.items()}
    for entries in writes.values():
        if len({write.key for write in entries}) < len(entries):
            raise validation("Provided list of item keys contains duplicates")
    return _write_all(call, writes)


def _write_all(call: Call, writes: Mapping[str, list[ItemWrite]]) -> Answer:
    requests = call.parameters["RequestItems"]
    consumed = ConsumedByTable(call.bill, WRITE)
    unprocessed: dict[str, list[Any]] = {}
    metrics: dict[str, list[Any]] = {}
    refused: DynamoDBError | None = None
    done = 0
    for name, entries in writes.items():
        for position, write in enumerate(entries):
            try:
                outcome: Outcome = write_item(call, write, consumed.of(write.table))
            except DynamoDBError as error:  # the others may go through
                if error.code not in RETRIED:
                    raise
                refused = error
                unprocessed.setdefault(name, []).append(requests[name][position])
                continue
            done += 1
            if (one := collection_metrics(call, outcome)) and one not in metrics.setdefault(name, []):
                metrics[name].append(one)
    if refused and not done:
        raise refused
    answer: dict[str, Any] = {"UnprocessedItems": unprocessed}
    form = call.parameters.get("ReturnConsumedCapacity")
    if wanted(form):
        answer["ConsumedCapacity"] = consumed.told(form)
    if metrics:
        answer["ItemCollectionMetrics"] = metrics
    return answer


def _checked(request: Mapping[str, Any]) -> tuple[dict[str, Any], int | None]:
    """The item to put and its size, or the key to delete and None."""
    put, delete = request.get("PutRequest"), request.get("DeleteRequest")
    if (put is None) == (delete is None):
        raise validation(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
            "datatypes"
        )
    if put is not None:
        item = check_item(put["Item"])
        return item, check_item_size(item)
    assert delete is not None
    return check_item(delete["Key"]), None


def _write(table: Table, item: dict[str, Any], size: int | None) -> ItemWrite:
    if size is None:
        return ItemWrite(table, read_key(table, item), item, delete=True)
    # the table's keys first, in the words for a key
    read_key(table, {name: item[name] for name in table.key.names if name in item})
    return ItemWrite(table, key_of_item(table, item), item, row=Row.sized(item, size))
