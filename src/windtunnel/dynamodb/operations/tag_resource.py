"""TagResource."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import validation
from windtunnel.dynamodb.resource_arn import table_of_arn
from windtunnel.dynamodb.tags import read_tags, with_tags


def tag_resource(call: Call) -> Answer:
    if not call.parameters["Tags"]:
        raise validation("Atleast one Tag needs to be provided as Input.")
    table = table_of_arn(call, call.parameters["ResourceArn"])
    tags = with_tags(table.document.get("Tags") or {}, read_tags(call.parameters["Tags"]))
    with call.store.transaction():
        call.store.update_table(table, {**table.document, "Tags": tags})
    return b""
