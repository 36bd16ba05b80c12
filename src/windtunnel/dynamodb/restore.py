"""The table that a restore makes: the source's keys and indexes, with the overrides of the request.

Tags, streams, TTL, PITR and the resource policy are not taken over (Developer Guide, "Restoring a DynamoDB table").
Messages: ack-api-quirks (DDB-TABLE-100, 280, 442), recorded.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from windtunnel.dynamodb.call import Call
from windtunnel.dynamodb.errors import DynamoDBError, validation
from windtunnel.dynamodb.lifecycle import begin, settle
from windtunnel.dynamodb.table import ACTIVE, Table
from windtunnel.dynamodb.table_document import (
    Document,
    describe,
    encryption_description,
    moment,
    prune_definitions,
    table_arn,
    throughput,
)
from windtunnel.dynamodb.table_rules import ON_DEMAND

DROPPED = ("LatestStreamArn", "LatestStreamLabel", "StreamSpecification", "RestoreSummary", "TableClassSummary")


def free_target(call: Call) -> str:
    """The name of the table to be made. Raises TableAlreadyExistsException."""
    name: str = call.parameters["TargetTableName"]
    there = call.store.find_table(call.account, call.region, name)
    if there is not None:
        with call.store.transaction():
            there = settle(call.store, there, call.now)
    if there is not None:
        raise DynamoDBError("TableAlreadyExistsException", f"Table already exists: {name}")
    return name


def restored_table(
    call: Call, source: Mapping[str, Any], name: str, summary: Mapping[str, Any], time: float | None = None
) -> Document:
    """The document of the new table. `source` is the description of the table as it was, `time` what it is of."""
    told = copy.deepcopy(dict(source))
    for member in DROPPED:
        told.pop(member, None)
    arn = table_arn(call.account, call.region, name)
    told.update(
        TableName=name,
        TableArn=arn,
        TableId=str(uuid.uuid4()),
        TableStatus=ACTIVE,
        CreationDateTime=moment(call.now),
        DeletionProtectionEnabled=False,
        RestoreSummary={
            **summary,
            "RestoreDateTime": moment(call.now if time is None else time),
            "RestoreInProgress": False,
        },
    )
    _override_billing(told, call.parameters, call.now)
    for member, override in (
        ("LocalSecondaryIndexes", "LocalSecondaryIndexOverride"),
        ("GlobalSecondaryIndexes", "GlobalSecondaryIndexOverride"),
    ):
        _override_indexes(told, member, call.parameters.get(override))
        for index in told.get(member) or ():
            index["IndexArn"] = f"{arn}/index/{index['IndexName']}"
            index.pop("Backfilling", None)
            if "IndexStatus" in index:
                index["IndexStatus"] = ACTIVE
    prune_definitions(told)
    encryption = call.parameters.get("SSESpecificationOverride")
    if encryption is not None:
        told.pop("SSEDescription", None)
        description = encryption_description(encryption, call.account, call.region)
        if description:
            told["SSEDescription"] = description
    document: Document = {"Table": told}
    if call.delays.create:
        told["TableStatus"] = "CREATING"
        told["RestoreSummary"]["RestoreInProgress"] = True
        begin(document, "active", call.now + call.delays.create)
    return document


def told_restore(call: Call, table: Table) -> Document:
    """TableDescription of a restore that just began: so it is told, even where all is there already."""
    told = describe(call.store, table)
    told["TableStatus"] = "CREATING"
    told["RestoreSummary"]["RestoreInProgress"] = True
    return told


def _override_billing(told: Document, parameters: Mapping[str, Any], now: float) -> None:
    mode, units = parameters.get("BillingModeOverride"), parameters.get("ProvisionedThroughputOverride")
    if mode == ON_DEMAND and units:
        raise validation(
            "Invalid Request: Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST"
        )
    before = (told.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    if mode == "PROVISIONED" and before == ON_DEMAND and not units:
        raise validation(
            "Invalid Request: Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED"
        )
    if (mode or before) == ON_DEMAND and units:
        raise validation("Invalid Request: Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED")
    if mode == ON_DEMAND:
        told["BillingModeSummary"] = {"BillingMode": ON_DEMAND, "LastUpdateToPayPerRequestDateTime": moment(now)}
        for billed in (told, *(told.get("GlobalSecondaryIndexes") or ())):
            billed["ProvisionedThroughput"] = throughput(None)
    elif mode == "PROVISIONED":
        told.pop("BillingModeSummary", None)
    if units:
        told["ProvisionedThroughput"] = throughput(units)


def _override_indexes(told: Document, member: str, wanted: Sequence[Mapping[str, Any]] | None) -> None:
    """Only indexes that the source had, by keys and projection, may be named; those that are not named go."""
    if wanted is None:
        return
    kept = []
    for index in wanted:
        match = next((there for there in told.get(member) or () if _same(there, index)), None)
        if match is None:
            raise validation(
                f"Invalid Request: Index {index['IndexName']} does not match a secondary index that existed in the "
                "source table and cannot be created during the restore operation"
            )
        new = {**match, "IndexName": index["IndexName"]}
        if index.get("ProvisionedThroughput"):
            new["ProvisionedThroughput"] = throughput(index["ProvisionedThroughput"])
        kept.append(new)
    if kept:
        told[member] = kept
    else:
        told.pop(member, None)


def _same(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    projection = wanted["Projection"]
    return (
        [dict(element) for element in there["KeySchema"]] == [dict(element) for element in wanted["KeySchema"]]
        and there["Projection"]["ProjectionType"] == projection.get("ProjectionType")
        and sorted(there["Projection"].get("NonKeyAttributes") or ())
        == sorted(projection.get("NonKeyAttributes") or ())
    )
