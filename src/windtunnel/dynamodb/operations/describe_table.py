"""DescribeTable."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.operations.tables import settled_table
from windtunnel.dynamodb.table_document import describe


def describe_table(call: Call) -> Answer:
    return {"Table": describe(call.store, settled_table(call), warm=True)}
