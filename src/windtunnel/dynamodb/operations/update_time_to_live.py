"""UpdateTimeToLive.

Messages: ack-api-quirks (DDB-TABLE-442), recorded. AWS refuses a second change within 30 minutes to an hour ("Time to
live has been modified multiple times within a fixed interval"); windtunnel takes it at once, as tests want it.
"""

from __future__ import annotations

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import validation
from windtunnel.dynamodb.operations.tables import require_idle, settled_table


def update_time_to_live(call: Call) -> Answer:
    wanted = call.parameters["TimeToLiveSpecification"]
    name, enabled = wanted["AttributeName"], wanted["Enabled"]
    table = settled_table(call)
    require_idle(table)
    now = table.document.get("TimeToLive") or {}
    on = now.get("TimeToLiveStatus") == "ENABLED"
    if enabled and on:
        if now["AttributeName"] != name:
            current = now["AttributeName"]
            raise validation(f"TimeToLive is active on a different AttributeName: current AttributeName is {current}")
        raise validation("TimeToLive is already enabled")
    if not enabled:
        if not on:
            raise validation("TimeToLive is already disabled")
        if now["AttributeName"] != name:
            current = now["AttributeName"]
            raise validation(f"TimeToLive is active on a different AttributeName: current AttributeName is {current}")
    told = {"TimeToLiveStatus": "ENABLED", "AttributeName": name} if enabled else {"TimeToLiveStatus": "DISABLED"}
    with call.store.transaction():
        call.store.update_table(table, {**table.document, "TimeToLive": told})
    return {"TimeToLiveSpecification": {"AttributeName": name, "Enabled": enabled}}
