"""ListBackups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import invalid_parameter

PAGE = 100


def list_backups(call: Call) -> Answer:
    parameters = call.parameters
    lower, upper = parameters.get("TimeRangeLowerBound"), parameters.get("TimeRangeUpperBound")
    if lower is not None and upper is not None and lower > upper:
        raise invalid_parameter("Time range lower bound must be less than or equal to upper bound")
    limit = parameters.get("Limit") or PAGE
    found = [_summary(document) for _, document in call.store.backups(call.account, call.region)]
    found = [summary for summary in found if _wanted(summary, parameters)]
    after = parameters.get("ExclusiveStartBackupArn")
    if after:
        arns = [summary["BackupArn"] for summary in found]
        found = found[arns.index(after) + 1 :] if after in arns else []
    answer: dict[str, Any] = {"BackupSummaries": found[:limit]}
    if len(found) > limit:
        answer["LastEvaluatedBackupArn"] = found[limit - 1]["BackupArn"]
    return answer


def _wanted(summary: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
    name = parameters.get("TableName")
    if name and name.rpartition("/")[2] != summary["TableName"]:
        return False
    if parameters.get("BackupType") not in (None, "ALL", "USER"):
        return False
    made = summary["BackupCreationDateTime"]
    lower, upper = parameters.get("TimeRangeLowerBound"), parameters.get("TimeRangeUpperBound")
    return (lower is None or made >= lower) and (upper is None or made < upper)


def _summary(document: Mapping[str, Any]) -> dict[str, Any]:
    source = document["SourceTableDetails"]
    table = {name: source[name] for name in ("TableName", "TableId", "TableArn")}
    return {**table, **document["BackupDetails"]}
