"""ListTagsOfResource: in one page, there are 50 at most."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.resource_arn import table_of_arn
from windtunnel.dynamodb.tags import told_tags


def list_tags_of_resource(call: Call) -> Answer:
    table = table_of_arn(call, call.parameters["ResourceArn"])
    return {"Tags": told_tags(table.document.get("Tags") or {})}
