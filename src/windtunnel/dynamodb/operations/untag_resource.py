"""UntagResource."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import validation
from windtunnel.dynamodb.resource_arn import table_of_arn


def untag_resource(call: Call) -> Answer:
    if not call.parameters["TagKeys"]:
        raise validation("Atleast one Tag Key needs to be provided as Input.")
    table = table_of_arn(call, call.parameters["ResourceArn"])
    gone = set(call.parameters["TagKeys"])
    tags = {key: value for key, value in (table.document.get("Tags") or {}).items() if key not in gone}
    with call.store.transaction():
        call.store.update_table(table, {**table.document, "Tags": tags})
    return b""
