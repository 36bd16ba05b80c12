"""DeleteResourcePolicy: of a table that has none it is no error."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.resource_arn import table_of_arn
from windtunnel.dynamodb.resource_policy import require_revision


def delete_resource_policy(call: Call) -> Answer:
    table = table_of_arn(call, call.parameters["ResourceArn"])
    there = table.document.get("ResourcePolicy")
    if there is None:
        return {}
    require_revision(table, call.parameters.get("ExpectedRevisionId"))
    document = {name: value for name, value in table.document.items() if name != "ResourcePolicy"}
    with call.store.transaction():
        call.store.update_table(table, document)
    return {"RevisionId": there["RevisionId"]}
