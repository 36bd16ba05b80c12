"""What UpdateTable may be asked to do: first by the request alone, then by the table as it is. Pure.

Messages and order: the ack-api-quirks catalogue of October 2026 (DDB-TABLE-015, 152, 159, 160, 162, 164, 169, 174, 359,
442) and dynalite's test/updateTable.js, all recorded from AWS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from windtunnel.dynamodb.errors import invalid_parameter, limit_exceeded, resource_not_found, validation
from windtunnel.dynamodb.lifecycle import busy_indexes
from windtunnel.dynamodb.table import Table
from windtunnel.dynamodb.table_rules import (
    MAX_GLOBAL,
    ON_DEMAND,
    check_bounds,
    check_encryption,
    check_key_schema,
    check_projection,
    check_table_class,
)

type Parameters = Mapping[str, Any]

CHANGES = (
    "ProvisionedThroughput", "BillingMode", "StreamSpecification", "GlobalSecondaryIndexUpdates", "SSESpecification",
    "ReplicaUpdates", "MultiRegionConsistency", "DeletionProtectionEnabled", "OnDemandThroughput", "WarmThroughput",
    "TableClass", "GlobalTableWitnessUpdates", "GlobalTableSettingsReplicationMode", "VectorIndexUpdates",
)  # fmt: skip
NOT_THERE = (
    "ReplicaUpdates", "MultiRegionConsistency", "GlobalTableWitnessUpdates", "GlobalTableSettingsReplicationMode",
    "VectorIndexUpdates",
)  # fmt: skip
NOTHING = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
    "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, "
    "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required"
)
ALONE = {
    "SSESpecification": "Server-Side Encryption modification",
    "TableClass": "TableClass modification",
    "DeletionProtectionEnabled": "DeletionProtection modification",
}
ACTIONS = ("Update", "Create", "Delete")
ONE_AT_A_TIME = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"


def check_update(parameters: Parameters) -> None:
    """The rules that need no look at the table."""
    asked = [name for name in CHANGES if parameters.get(name) is not None]
    if not [name for name in asked if parameters[name] != []]:
        raise validation(NOTHING)
    for name in NOT_THERE:
        if name in asked:
            raise validation(f"windtunnel does not support {name} yet: a table is in one region")
    updates = parameters.get("GlobalSecondaryIndexUpdates")
    if updates == []:
        raise invalid_parameter("List of GlobalSecondaryIndexUpdates is empty")
    for name, words in ALONE.items():
        if name in asked and len(asked) > 1:
            raise invalid_parameter(f"{words} must be the only operation in the request")
    check_table_class(parameters.get("TableClass"))
    check_encryption(parameters.get("SSESpecification"))
    _check_stream(parameters)
    _check_together(parameters, updates or ())
    _check_entries(updates or ())
    if parameters.get("ProvisionedThroughput"):
        check_bounds(parameters["ProvisionedThroughput"])


def _check_stream(parameters: Parameters) -> None:
    stream = parameters.get("StreamSpecification")
    if stream is None:
        return
    if stream["StreamEnabled"] and stream.get("StreamViewType") is None:
        raise invalid_parameter("If stream is being enabled then UpdateViewType is required")
    if not stream["StreamEnabled"] and stream.get("StreamViewType") is not None:
        raise invalid_parameter("If stream is being disabled, then UpdateViewType must not be specified")


def _check_together(parameters: Parameters, updates: Sequence[Mapping[str, Any]]) -> None:
    indexes = any(update.get("Create") or update.get("Delete") for update in updates)
    units, stream = parameters.get("ProvisionedThroughput"), parameters.get("StreamSpecification")
    if indexes and units:
        raise invalid_parameter("You cannot create or delete index while updating table IOPS")
    if indexes and stream:
        raise invalid_parameter("You cannot create or delete index while changing stream status")
    if units and stream:
        raise invalid_parameter("You cannot modify stream status while updating table IOPS")
    if parameters.get("WarmThroughput") and any(update.get("Create") for update in updates):
        raise invalid_parameter("Create global secondary index cannot be specified when updating WarmThroughput")


def _check_entries(updates: Sequence[Mapping[str, Any]]) -> None:
    seen = set()
    for update in updates:
        actions = [action for action in ACTIONS if update.get(action)]
        if not actions:
            raise invalid_parameter(
                "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                "GlobalSecondaryIndexUpdate.Delete must not be null"
            )
        if len(actions) > 1:
            raise invalid_parameter(
                "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object"
            )
        name = update[actions[0]]["IndexName"]
        if name in seen:
            raise invalid_parameter(
                f"Only one global secondary index update per index is allowed simultaneously. Index: {name}"
            )
        seen.add(name)


# --- by the table -----------------------------------------------------------------------------------------------


def check_billing(table: Table, parameters: Parameters) -> None:
    """BillingMode and ProvisionedThroughput beside what the table has."""
    mode, units = parameters.get("BillingMode"), parameters.get("ProvisionedThroughput")
    if mode == ON_DEMAND and units:
        raise invalid_parameter("ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST")
    if mode == "PROVISIONED" and not units:
        raise invalid_parameter("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
    if mode is None and table.on_demand and units:
        raise invalid_parameter(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
        )
    if mode == "PROVISIONED" and table.on_demand:
        given = {
            update["Update"]["IndexName"]
            for update in parameters.get("GlobalSecondaryIndexUpdates") or ()
            if (update.get("Update") or {}).get("ProvisionedThroughput")
        }
        for index in table.indexes.values():
            if index.is_global and index.name not in given:
                raise invalid_parameter(f"ProvisionedThroughput must be specified for index: {index.name}")
    elif units:
        _require_change(units, table.document["Table"]["ProvisionedThroughput"], "table", "table")


def _require_change(wanted: Mapping[str, int], now: Mapping[str, int], what: str, of: str) -> None:
    if all(wanted[name] == now[name] for name in ("ReadCapacityUnits", "WriteCapacityUnits")):
        for_what = f"for the {of}" if of == "table" else f"for {of}"
        raise validation(
            f"The provisioned throughput for the {what} will not change. The requested value equals the current "
            f"value. Current ReadCapacityUnits provisioned {for_what}: {now['ReadCapacityUnits']}. "
            f"Requested ReadCapacityUnits: {wanted['ReadCapacityUnits']}. "
            f"Current WriteCapacityUnits provisioned {for_what}: {now['WriteCapacityUnits']}. "
            f"Requested WriteCapacityUnits: {wanted['WriteCapacityUnits']}. "
            "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
        )


def check_index_updates(table: Table, parameters: Parameters) -> None:
    """GlobalSecondaryIndexUpdates beside the indexes that there are."""
    updates = parameters.get("GlobalSecondaryIndexUpdates") or ()
    told = table.document["Table"]
    changing = [update for update in updates if update.get("Create") or update.get("Delete")]
    busy = set(busy_indexes(told, "CREATING", "DELETING"))
    busy -= {update["Delete"]["IndexName"] for update in changing if update.get("Delete")}
    if len(changing) > 1 or (changing and busy):
        raise limit_exceeded(ONE_AT_A_TIME)
    mode = parameters.get("BillingMode")
    on_demand = mode == ON_DEMAND if mode else table.on_demand
    for update in updates:
        if update.get("Create"):
            _check_new(table, update["Create"], parameters.get("AttributeDefinitions") or (), on_demand)
        elif update.get("Delete"):
            _require_global(table, update["Delete"]["IndexName"], "delete")
        else:
            _check_change(table, update["Update"], on_demand)


def _require_global(table: Table, name: str, action: str) -> None:
    index = table.indexes.get(name)
    if index is None:
        raise resource_not_found(f"Requested resource not found: Index {name} for table {table.name}")
    if not index.is_global:
        raise validation(f"Cannot {action} an index that is not a GlobalSecondaryIndex: {name}")


def _check_new(
    table: Table, wanted: Mapping[str, Any], definitions: Sequence[Mapping[str, str]], on_demand: bool
) -> None:
    name, key_schema = wanted["IndexName"], wanted["KeySchema"]
    if not definitions:
        raise invalid_parameter(f"AttributeDefinitions is not specified for index: {name}")
    if len(key_schema) > 2 or [key["KeyType"] for key in key_schema] == ["HASH", "HASH"]:
        raise validation("windtunnel does not support index keys of several HASH or RANGE attributes yet")
    keys = [element["AttributeName"] for element in key_schema]
    known = [entry["AttributeName"] for entry in (*table.document["Table"]["AttributeDefinitions"], *definitions)]
    if not set(keys) <= set(known):
        raise invalid_parameter(
            "Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(keys)}], AttributeDefinitions: [{', '.join(dict.fromkeys(known))}]"
        )
    check_key_schema(key_schema)
    check_projection(wanted["Projection"])
    units = wanted.get("ProvisionedThroughput")
    if on_demand and units:
        raise invalid_parameter(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: "
            f"{name} when BillingMode is PAY_PER_REQUEST"
        )
    if not on_demand:
        if not units:
            raise invalid_parameter(
                f"Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: {name}"
            )
        check_bounds(units)
    if name in table.indexes:
        raise validation("Attempting to create an index which already exists")
    if sum(index.is_global for index in table.indexes.values()) >= MAX_GLOBAL:
        raise limit_exceeded(
            f"Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of {MAX_GLOBAL}"
        )


def _check_change(table: Table, wanted: Mapping[str, Any], on_demand: bool) -> None:
    name, units = wanted["IndexName"], wanted.get("ProvisionedThroughput")
    _require_global(table, name, "update")
    if units is None:
        return
    if on_demand:
        raise invalid_parameter(
            f"The only Updates for index: {name} when TableThroughputMode is PAY_PER_REQUEST can be to "
            "OnDemandThroughput, WarmThroughput"
        )
    check_bounds(units)
    if not table.on_demand:
        told = next(index for index in table.document["Table"]["GlobalSecondaryIndexes"] if index["IndexName"] == name)
        _require_change(units, told["ProvisionedThroughput"], f"index {name}", f"index {name}")
