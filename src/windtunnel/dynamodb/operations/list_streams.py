"""ListStreams."""

from __future__ import annotations

from typing import Any

from windtunnel.dynamodb.call import Answer, Call

PAGE = 100


def list_streams(call: Call) -> Answer:
    name, after = call.parameters.get("TableName"), call.parameters.get("ExclusiveStartStreamArn") or ""
    if name and name.startswith("arn:"):
        name = name.rpartition("/")[2]
    limit = min(call.parameters.get("Limit") or PAGE, PAGE)
    found = [
        {"StreamArn": arn, "StreamLabel": document["StreamLabel"], "TableName": document["TableName"]}
        for arn, document in call.store.streams(call.account, call.region)
        if arn > after and name in (None, document["TableName"])
    ]
    answer: dict[str, Any] = {"Streams": found[:limit]}
    if len(found) > limit:
        answer["LastEvaluatedStreamArn"] = found[limit - 1]["StreamArn"]
    return answer
