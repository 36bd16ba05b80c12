"""What LocalStack 4.14.0 loses of a DynamoDB stream on its way to a function."""

from __future__ import annotations

import functools
from typing import Any

from windtunnel.plugin.localstack import DynamoDBPoller


def mend_streams() -> None:
    """A record that is the service's own doing says so: `userIdentity`, by which functions tell expired items.

    Developer Guide, "DynamoDB Streams and Time to Live"; filters see it as well.
    """
    unmended = DynamoDBPoller.transform_into_events

    @functools.wraps(unmended)
    def transform_into_events(self: Any, records: list[dict[str, Any]], shard_id: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = unmended(self, records, shard_id)
        for event, record in zip(events, records, strict=True):
            if identity := record.get("userIdentity"):
                event["userIdentity"] = {"principalId": identity["PrincipalId"], "type": identity["Type"]}
        return events

    DynamoDBPoller.transform_into_events = transform_into_events
