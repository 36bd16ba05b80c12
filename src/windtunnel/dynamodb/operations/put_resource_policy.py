"""PutResourcePolicy."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.resource_arn import table_of_arn
from windtunnel.dynamodb.resource_policy import check_policy, new_revision, require_revision


def put_resource_policy(call: Call) -> Answer:
    table = table_of_arn(call, call.parameters["ResourceArn"])
    policy = call.parameters["Policy"]
    check_policy(policy)
    require_revision(table, call.parameters.get("ExpectedRevisionId"))
    kept = {"Policy": policy, "RevisionId": new_revision(call.now)}
    with call.store.transaction():
        call.store.update_table(table, {**table.document, "ResourcePolicy": kept})
    return {"RevisionId": kept["RevisionId"]}
