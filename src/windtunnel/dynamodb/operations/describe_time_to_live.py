"""DescribeTimeToLive."""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import validation
from windtunnel.dynamodb.operations.tables import settled_table


def describe_time_to_live(call: Call) -> Answer:
    table = settled_table(call)
    if table.status in ("CREATING", "DELETING"):
        # recorded: ack-api-quirks, DDB-TABLE-442
        raise validation(
            f"Cannot describe time to live while table is in {table.status} state: "
            f"Current table state is {table.status}"
        )
    return {"TimeToLiveDescription": table.document.get("TimeToLive") or {"TimeToLiveStatus": "DISABLED"}}
