"""Backups and point-in-time recovery: what their operations have in common.

Codes and messages: ack-api-quirks (DDB-TABLE-100, DDB-TABLE-442), recorded from AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.dynamodb.call import Call
from windtunnel.dynamodb.errors import DynamoDBError, validation
from windtunnel.dynamodb.lifecycle import settle
from windtunnel.dynamodb.store import Store
from windtunnel.dynamodb.table import Table
from windtunnel.dynamodb.table_document import describe, moment

type Document = dict[str, Any]


def table_of(call: Call, name: str) -> Table:
    """The table by its name or ARN. Raises TableNotFoundException, as only these operations do."""
    table = call.find_table(name)
    if table is not None:
        with call.store.transaction():
            table = settle(call.store, table, call.now)
    if table is None:
        raise DynamoDBError("TableNotFoundException", f"Table not found: {name.rpartition('/')[2]}")
    return table


def continuous_backups(call: Call, table: Table) -> Document:
    """ContinuousBackupsDescription. On AWS the latest restorable time is five minutes ago; here it is now."""
    there = (table.document.get("ContinuousBackups") or {}).get("PointInTimeRecoveryDescription") or {}
    recovery = {"PointInTimeRecoveryStatus": "DISABLED", **there}
    if table.history:
        recovery["EarliestRestorableDateTime"] = moment(earliest_restorable(table, call.now))
        recovery["LatestRestorableDateTime"] = moment(call.now)
    return {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}


def earliest_restorable(table: Table, now: float) -> float:
    """The time from which on a table with point-in-time recovery can be restored: since it is on, 35 days at most."""
    kept = table.document["ContinuousBackups"]
    days: int = kept["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"]
    return max(float(kept["Since"]), now - days * 24 * 3600)


def find_backup(call: Call) -> Mapping[str, Any]:
    """The backup that the request names. Raises ValidationException, BackupNotFoundException."""
    arn = call.parameters["BackupArn"]
    if not arn.startswith("arn:") or "/backup/" not in arn:
        raise validation("Invalid Backup ARN")
    document = call.store.find_backup(arn)
    if document is None:
        raise DynamoDBError("BackupNotFoundException", f"Backup not found: {arn}")
    return document


def told_backup(document: Mapping[str, Any]) -> Document:
    """BackupDescription."""
    names = ("BackupDetails", "SourceTableDetails", "SourceTableFeatureDetails")
    return {name: document[name] for name in names}


def source_of(store: Store, table: Table) -> Document:
    """SourceTableDetails."""
    told = describe(store, table)
    details = {
        name: told[name] for name in ("TableName", "TableId", "TableArn", "TableSizeBytes", "KeySchema", "ItemCount")
    }
    units = told["ProvisionedThroughput"]
    details["TableCreationDateTime"] = told["CreationDateTime"]
    details["ProvisionedThroughput"] = {name: units[name] for name in ("ReadCapacityUnits", "WriteCapacityUnits")}
    details["BillingMode"] = "PAY_PER_REQUEST" if table.on_demand else "PROVISIONED"
    return details


def features_of(table: Table) -> Document:
    """SourceTableFeatureDetails: what a restore takes over, and what it does not."""
    told = table.document["Table"]
    features: Document = {}
    shared = ("IndexName", "KeySchema", "Projection")
    if told.get("LocalSecondaryIndexes"):
        features["LocalSecondaryIndexes"] = [
            {name: index[name] for name in shared} for index in told["LocalSecondaryIndexes"]
        ]
    if told.get("GlobalSecondaryIndexes"):
        features["GlobalSecondaryIndexes"] = [
            {
                **{name: index[name] for name in shared},
                "ProvisionedThroughput": {
                    name: index["ProvisionedThroughput"][name] for name in ("ReadCapacityUnits", "WriteCapacityUnits")
                },
            }
            for index in told["GlobalSecondaryIndexes"]
        ]
    if told.get("StreamSpecification"):
        features["StreamDescription"] = told["StreamSpecification"]
    if table.document.get("TimeToLive"):
        features["TimeToLiveDescription"] = table.document["TimeToLive"]
    if told.get("SSEDescription"):
        features["SSEDescription"] = told["SSEDescription"]
    return features
