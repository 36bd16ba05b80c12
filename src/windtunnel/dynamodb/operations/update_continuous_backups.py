"""UpdateContinuousBackups: point-in-time recovery on and off."""

from __future__ import annotations

from typing import Any

from windtunnel.dynamodb.backups import continuous_backups, table_of
from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import validation

DAYS = 35


def update_continuous_backups(call: Call) -> Answer:
    wanted = call.parameters["PointInTimeRecoverySpecification"]
    table = table_of(call, call.parameters["TableName"])
    enabled, days = wanted["PointInTimeRecoveryEnabled"], wanted.get("RecoveryPeriodInDays")
    if not enabled and days is not None:
        raise validation("Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.")
    recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": "ENABLED" if enabled else "DISABLED"}
    kept: dict[str, Any] = {"PointInTimeRecoveryDescription": recovery}
    if enabled:
        recovery["RecoveryPeriodInDays"] = days or DAYS
        kept["Since"] = (table.document.get("ContinuousBackups") or {}).get("Since", call.now)
    document = {**table.document, "ContinuousBackups": kept}
    with call.store.transaction():
        table = call.store.update_table(table, document)
    return {"ContinuousBackupsDescription": continuous_backups(call, table)}
