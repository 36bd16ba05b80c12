"""CreateTable."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import resource_in_use
from windtunnel.dynamodb.lifecycle import begin, settle
from windtunnel.dynamodb.table_document import Document, describe, new_table
from windtunnel.dynamodb.table_rules import check_definition
from windtunnel.dynamodb.table_streams import enable_stream
from windtunnel.dynamodb.tags import read_tags, with_tags


def create_table(call: Call) -> Answer:
    parameters = call.parameters
    check_definition(parameters)
    tags = with_tags({}, read_tags(parameters.get("Tags") or ()))
    name = parameters["TableName"]
    there = call.store.find_table(call.account, call.region, name)
    with call.store.transaction():
        if there is not None and settle(call.store, there, call.now) is not None:
            raise resource_in_use(f"Table already exists: {name}")
        told = new_table(parameters, call.account, call.region, call.now)
        document: Document = {"Table": told}
        if tags:
            document["Tags"] = tags
        if parameters.get("ResourcePolicy"):
            document["ResourcePolicy"] = {"Policy": parameters["ResourcePolicy"], "RevisionId": str(int(call.now))}
        stream = parameters.get("StreamSpecification") or {}
        if stream.get("StreamEnabled"):
            enable_stream(call.store, told, call.account, call.region, stream["StreamViewType"], call.now)
        if call.delays.create:
            told["TableStatus"] = "CREATING"
            for index in told.get("GlobalSecondaryIndexes") or ():
                index["IndexStatus"] = "CREATING"
            begin(document, "active", call.now + call.delays.create)
        table = call.store.create_table(call.account, call.region, document)
    return {"TableDescription": describe(call.store, table)}
