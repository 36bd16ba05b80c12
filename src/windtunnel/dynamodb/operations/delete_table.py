"""DeleteTable."""

from __future__ import annotations

import copy

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import resource_in_use, validation
from windtunnel.dynamodb.lifecycle import begin, busy_indexes
from windtunnel.dynamodb.operations.tables import IN_USE, require_idle, settled_table
from windtunnel.dynamodb.table_document import describe
from windtunnel.dynamodb.table_streams import close_stream

UNTOLD = ("AttributeDefinitions", "KeySchema", "CreationDateTime", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")
"""What the answer leaves out of the description."""


def delete_table(call: Call) -> Answer:
    table = settled_table(call)
    require_idle(table)
    told = table.document["Table"]
    if told.get("DeletionProtectionEnabled"):
        # recorded: ack-api-quirks, DDB-TABLE-442
        raise validation(
            "Resource cannot be deleted as it is currently protected against deletion. "
            "Disable deletion protection first."
        )
    if busy_indexes(told, "CREATING", "UPDATING", "DELETING"):
        raise resource_in_use(f"{IN_USE}Cannot delete table while indexes are being created, updated, or deleted.")
    answer = describe(call.store, table)
    for name in UNTOLD:
        answer.pop(name, None)
    answer["TableStatus"] = "DELETING"
    with call.store.transaction():
        if table.stream is not None:
            close_stream(call.store, table.stream.arn, call.now)
        if call.delays.delete:
            document = copy.deepcopy(dict(table.document))
            document["Table"]["TableStatus"] = "DELETING"
            begin(document, "gone", call.now + call.delays.delete)
            call.store.update_table(table, document)
        else:
            call.store.delete_table(table)
    return {"TableDescription": answer}
