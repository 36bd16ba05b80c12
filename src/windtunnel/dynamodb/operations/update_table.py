"""UpdateTable."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from windtunnel.dynamodb.call import Answer, Call
from windtunnel.dynamodb.errors import invalid_parameter, validation
from windtunnel.dynamodb.lifecycle import begin, drop_index
from windtunnel.dynamodb.operations.tables import require_idle, settled_table
from windtunnel.dynamodb.table import Table
from windtunnel.dynamodb.table_document import (
    Document,
    describe,
    encryption_description,
    global_index,
    moment,
    sorted_definitions,
)
from windtunnel.dynamodb.table_rules import ON_DEMAND
from windtunnel.dynamodb.table_streams import disable_stream, enable_stream
from windtunnel.dynamodb.update_rules import check_billing, check_index_updates, check_update


def update_table(call: Call) -> Answer:
    parameters = call.parameters
    check_update(parameters)
    table = settled_table(call)
    if parameters.get("DeletionProtectionEnabled") is None:
        require_idle(table)
    check_billing(table, parameters)
    check_index_updates(table, parameters)
    _check_stream(table, parameters.get("StreamSpecification"))
    document = copy.deepcopy(dict(table.document))
    told = document["Table"]
    with call.store.transaction():
        _bill(told, parameters, call.now)
        for update in parameters.get("GlobalSecondaryIndexUpdates") or ():
            _change_index(call, document, update)
        _change_stream(call, told, parameters.get("StreamSpecification"))
        _encrypt(call, told, parameters.get("SSESpecification"))
        _set_others(told, parameters, call.now)
        if call.delays.update and parameters.get("DeletionProtectionEnabled") is None:
            told["TableStatus"] = "UPDATING"
            begin(document, "active", call.now + call.delays.update)
        table = call.store.update_table(table, document)
    return {"TableDescription": describe(call.store, table)}


def _check_stream(table: Table, wanted: Mapping[str, Any] | None) -> None:
    if wanted is None:
        return
    if wanted["StreamEnabled"] and table.stream is not None:
        raise validation(f"Table already has an enabled stream: TableName: {table.name}")
    if not wanted["StreamEnabled"] and table.stream is None:
        raise validation(f"Table has no stream to disable: TableName: {table.name}")


def _change_stream(call: Call, told: Document, wanted: Mapping[str, Any] | None) -> None:
    if wanted is None:
        return
    if wanted["StreamEnabled"]:
        enable_stream(call.store, told, call.account, call.region, wanted["StreamViewType"], call.now)
    else:
        disable_stream(call.store, told, call.now)


def _bill(told: Document, parameters: Mapping[str, Any], now: float) -> None:
    mode, units = parameters.get("BillingMode"), parameters.get("ProvisionedThroughput")
    before = (told.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    if mode and mode != before:
        summary = dict(told.get("BillingModeSummary") or {})
        summary["BillingMode"] = mode
        if mode == ON_DEMAND:
            summary["LastUpdateToPayPerRequestDateTime"] = moment(now)
            for billed in (told, *(told.get("GlobalSecondaryIndexes") or ())):
                _set_units(billed, {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}, None)
        for billed in (told, *(told.get("GlobalSecondaryIndexes") or ())):
            # a switch drops the caps of the other mode
            billed.pop("OnDemandThroughput", None)
        told["BillingModeSummary"] = summary
    if units:
        _set_units(told, units, now)


def _set_units(billed: Document, units: Mapping[str, int], now: float | None) -> None:
    """Set a table's or an index's throughput; `now` notes when it went up or down."""
    there = billed["ProvisionedThroughput"]
    names = ("ReadCapacityUnits", "WriteCapacityUnits")
    if now is not None:
        if any(units[name] > there[name] for name in names):
            there["LastIncreaseDateTime"] = moment(now)
        if any(units[name] < there[name] for name in names):
            same_day = _day(there.get("LastDecreaseDateTime", 0.0)) == _day(now)
            there["NumberOfDecreasesToday"] = (there["NumberOfDecreasesToday"] if same_day else 0) + 1
            there["LastDecreaseDateTime"] = moment(now)
    for name in names:
        there[name] = units[name]


def _day(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).date().isoformat()


def _change_index(call: Call, document: Document, update: Mapping[str, Any]) -> None:
    told = document["Table"]
    if update.get("Create"):
        index = global_index(update["Create"], told["TableArn"])
        if call.delays.index:
            index.update(IndexStatus="CREATING", Backfilling=True)
            begin(document, f"index:{index['IndexName']}", call.now + call.delays.index)
        told["GlobalSecondaryIndexes"] = [*(told.get("GlobalSecondaryIndexes") or ()), index]
        known = {entry["AttributeName"] for entry in told["AttributeDefinitions"]}
        used = {element["AttributeName"] for element in index["KeySchema"]}
        new = {
            entry["AttributeName"]: entry
            for entry in call.parameters["AttributeDefinitions"]
            if entry["AttributeName"] in used - known
        }
        told["AttributeDefinitions"] = sorted_definitions([*told["AttributeDefinitions"], *new.values()])
    elif update.get("Delete"):
        _delete_index(call, document, update["Delete"]["IndexName"])
    else:
        wanted = update["Update"]
        index = next(index for index in told["GlobalSecondaryIndexes"] if index["IndexName"] == wanted["IndexName"])
        if wanted.get("ProvisionedThroughput"):
            _set_units(index, wanted["ProvisionedThroughput"], call.now)
        for limit in ("OnDemandThroughput", "WarmThroughput"):
            if wanted.get(limit):
                index[limit] = {**(index.get(limit) or {}), **wanted[limit]}


def _delete_index(call: Call, document: Document, name: str) -> None:
    told = document["Table"]
    document["Pending"] = [step for step in document.get("Pending") or () if step["Step"] != f"index:{name}"]
    if not call.delays.index:
        drop_index(told, name)
        return
    for index in told["GlobalSecondaryIndexes"]:
        if index["IndexName"] == name:
            index["IndexStatus"] = "DELETING"
            index.pop("Backfilling", None)
    begin(document, f"dropped:{name}", call.now + call.delays.update)


def _encrypt(call: Call, told: Document, wanted: Mapping[str, Any] | None) -> None:
    if wanted is None:
        return
    description = encryption_description(wanted, call.account, call.region)
    if description is None and "SSEDescription" not in told:
        raise invalid_parameter("Table is already encrypted by default")
    if description is None:
        del told["SSEDescription"]
        return
    there = told.get("SSEDescription")
    if there and wanted.get("KMSMasterKeyId") and there["KMSMasterKeyArn"] == description["KMSMasterKeyArn"]:
        raise invalid_parameter(
            "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to "
            "change Master Key"
        )
    told["SSEDescription"] = description


def _set_others(told: Document, parameters: Mapping[str, Any], now: float) -> None:
    if parameters.get("DeletionProtectionEnabled") is not None:
        told["DeletionProtectionEnabled"] = parameters["DeletionProtectionEnabled"]
    if parameters.get("TableClass"):
        told["TableClassSummary"] = {"TableClass": parameters["TableClass"], "LastUpdateDateTime": moment(now)}
    for limit in ("OnDemandThroughput", "WarmThroughput"):
        if parameters.get(limit):
            told[limit] = {**(told.get(limit) or {}), **parameters[limit]}
